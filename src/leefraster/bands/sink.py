"""Where results go, band by band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Sink(Protocol):
    """Somewhere that takes the parts of result variables; parts of different bands never overlap."""

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        ...


class Arrays:
    """A sink of arrays that take slices: of numpy, on disk, or of zarr; variables without an array are dropped."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = dict(arrays)

    @property
    def names(self) -> list[str]:
        """The variables that are kept."""
        return list(self._arrays)

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        array = self._arrays.get(name)
        if array is not None:
            array[first : first + values.size] = np.asarray(values).astype(array.dtype, copy=False)
