"""Results of a run that lie in files while it lasts, where memory is short."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


class Scratch:
    """Makes arrays: in memory, or in files of a folder that is removed with the run.

    Parameters
    ----------
    folder : Path or None
        Where the files go; None keeps arrays in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._maps: list[np.memmap[Any, Any]] = []

    def array(self, shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
        """Return a new array, to be filled."""
        if self._folder is None or 0 in shape:
            return np.empty(shape, dtype)
        made: np.memmap[Any, Any] = np.memmap(
            self._folder / f"array{len(self._maps)}", dtype=dtype, mode="w+", shape=shape
        )
        self._maps.append(made)
        return np.asarray(made)

    def let_go(self) -> None:
        """Let the system take back the memory in which the files' contents are at hand; they stay in the files."""
        for made in self._maps:
            made.flush()
            mapped: Any = made._mmap  # type: ignore[attr-defined]
            if hasattr(mapped, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)
