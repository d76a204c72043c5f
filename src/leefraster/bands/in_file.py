"""Values of cells in a file, which processes of this computer fill together, each for cells of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class InFile:
    """An array in a file; it can go to another process, which finds the same values.

    Attributes
    ----------
    path : Path
        The file.
    dtype : dtype
        Of its values.
    """

    path: Path
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, path: Path, dtype: npt.DTypeLike, size: int) -> InFile:
        """Make a file of zeros."""
        made = cls(path.absolute(), np.dtype(dtype))
        with made.path.open("wb") as file:
            file.truncate(size * made.dtype.itemsize)
        return made

    def write(self, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        if values.size == 0:
            return
        left = memoryview(np.ascontiguousarray(values, self.dtype)).cast("B")
        with self.path.open("r+b", buffering=0) as file:
            file.seek(first * self.dtype.itemsize)
            while left.nbytes:
                left = left[file.write(left) :]

    def read(self, here: slice) -> npt.NDArray[Any]:
        """Return the values of a run of cells, which are mapped: they take no memory of their own."""
        if here.stop == here.start:
            return np.empty(0, self.dtype)
        offset, size = here.start * self.dtype.itemsize, here.stop - here.start
        return np.asarray(np.memmap(self.path, self.dtype, "r+", offset, (size,)))
