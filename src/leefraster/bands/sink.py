"""Where results go, band by band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError


class Sink(Protocol):
    """Somewhere that takes the parts of result variables; parts of different bands never overlap.

    The last dimension of a part is that of cells.
    """

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        ...

    def copy(self) -> Sink:
        """Return a sink for one band, which may be in another process."""
        ...

    def written(self) -> Any:
        """Return what this copy took, to be handed to `take`; None where it needs no handing back."""
        ...

    def take(self, written: Any) -> None:
        """Take what a copy took."""
        ...


class Arrays:
    """A sink of arrays that take slices: of numpy, on disk, or of zarr; variables without an array are dropped.

    Parameters
    ----------
    arrays : mapping of str to array
        An array over (..., `cell`) for each variable that is kept, as long as the field; values take its type.

    Raises
    ------
    UsageError
        When `arrays` is no mapping of names to arrays; and while results are written, when the type of an array
        cannot hold them (p in whole numbers, 400 groups in int8), or it is shorter than the field.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> field = lr.bands.BandedField.of(np.arange(9), np.arange(9.0), lr.Grid(0, 300, 3, 3))
    >>> p = np.zeros(9, np.float32)  # or np.memmap("p", np.float32, "w+", shape=9), or a zarr array
    >>> sink = lr.bands.Arrays({"p": p})
    >>> figures = lr.bands.local_moran_by_band(field, lr.Neighbourhood.queen(), sink, cells=4)
    >>> sink.names, bool((p > 0).all())
    (['p'], True)
    """

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        if not isinstance(arrays, Mapping):
            raise UsageError(
                f"arrays is a {type(arrays).__name__}; it must give an array by name of variable"
            )
        for name, array in arrays.items():
            if not (hasattr(array, "shape") and hasattr(array, "dtype")):
                raise UsageError(f"{name} is a {type(array).__name__}; it must be an array that takes slices")
        self._arrays = dict(arrays)

    @property
    def names(self) -> list[str]:
        """The variables that are kept."""
        return list(self._arrays)

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        array = self._arrays.get(name)
        if array is not None:
            found = np.asarray(values)
            _refuse_what_does_not_hold(name, array, first, found)
            array[..., slice(first, first + found.shape[-1])] = found.astype(array.dtype, copy=False)

    def copy(self) -> Collected:
        """Return a sink that keeps what it gets, to be handed back here."""
        return Collected(self.names)

    def written(self) -> Any:
        """Return nothing: the arrays are filled."""
        return None

    def take(self, written: list[tuple[str, int, npt.NDArray[Any]]]) -> None:
        """Fill the arrays with what a copy got."""
        for name, first, values in written:
            self.write(name, first, values)


def _refuse_what_does_not_hold(name: str, array: Any, first: int, values: npt.NDArray[Any]) -> None:
    """Refuse an array that is too short for values, or of a type that cannot hold them."""
    last, size = first + values.shape[-1], int(array.shape[-1])
    if last > size:
        raise UsageError(f"the array for {name} has {size} cells; the field has at least {last}")
    into = np.dtype(array.dtype)
    if not np.can_cast(values.dtype, into, "same_kind"):
        raise UsageError(
            f"the array for {name} has dtype {into}; {name} is {values.dtype}, which it cannot hold"
        )
    if into.kind in "iu" and values.size and not np.can_cast(values.dtype, into, "safe"):
        allowed, least, most = np.iinfo(into), int(values.min()), int(values.max())
        if least < allowed.min or most > allowed.max:
            beyond = least if least < allowed.min else most
            raise UsageError(
                f"the array for {name} has dtype {into}; {name} is {beyond} somewhere, which it cannot hold; "
                f"give it {values.dtype}"
            )


class Collected:
    """A sink that keeps what it gets in memory, for another one."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._parts: list[tuple[str, int, npt.NDArray[Any]]] = []

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        if name in self._names:
            self._parts.append((name, first, values))

    def copy(self) -> Collected:
        """Return an empty one."""
        return Collected(self._names)

    def written(self) -> list[tuple[str, int, npt.NDArray[Any]]]:
        """Return what it got."""
        return self._parts

    def take(self, written: list[tuple[str, int, npt.NDArray[Any]]]) -> None:
        """Add what another one got."""
        self._parts += written


class Several:
    """A sink that hands everything on to several others."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on."""
        for sink in self._sinks:
            sink.write(name, first, values)

    def copy(self) -> Several:
        """Return copies of all."""
        return Several(*(sink.copy() for sink in self._sinks))

    def written(self) -> list[Any]:
        """Return what each took."""
        return [sink.written() for sink in self._sinks]

    def take(self, written: list[Any]) -> None:
        """Hand to each what its copy took."""
        for sink, part in zip(self._sinks, written, strict=True):
            sink.take(part)
