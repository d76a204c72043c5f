"""Functions for other processes; on this computer, their large arrays lie in files that all of these map."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FROM = 1 << 16  # bytes of an array from which it lies in a file


@dataclass(frozen=True, slots=True)
class ByFile:
    """An object that is pickled, but for large arrays that were written to files.

    Attributes
    ----------
    pickled : bytes
        All but the large arrays.
    files : tuple of str
        The files, in the order in which the arrays are asked for.
    """

    pickled: bytes
    files: tuple[str, ...]

    def loaded(self) -> Any:
        """Return the object. Its large arrays are mapped: what is written into them stays with this process."""
        return pickle.loads(
            self.pickled, buffers=[np.memmap(file, np.uint8, mode="c") for file in self.files]
        )


def by_file(something: Any, folder: Path | None) -> ByFile:
    """Write the large contiguous arrays of an object to files, each once, and return what finds them there.

    Parameters
    ----------
    something : object
        Can be pickled.
    folder : Path or None
        Where the files are written; they must stay until all have loaded the object. None keeps arrays in it.
    """
    files: list[str] = []

    def inside(buffer: pickle.PickleBuffer) -> bool:
        with buffer.raw() as raw:
            if folder is None or raw.nbytes < FROM:
                return True
            path = folder / str(len(files))
            path.write_bytes(raw)
        files.append(str(path))
        return False

    pickled = pickle.dumps(something, protocol=5, buffer_callback=inside)
    return ByFile(pickled, tuple(files))
