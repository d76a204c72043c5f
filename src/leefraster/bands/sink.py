"""Where results go, band by band."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        When `arrays` is no mapping of names to arrays; by the function that is given the sink, when an array is
        not as long as the field or of a name that the function does not make; and while results are written, when
        the type of an array cannot hold them (p in whole numbers, 400 groups in int8).

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
            _refuse_what_does_not_hold(name, array, found)
            array[..., slice(first, first + found.shape[-1])] = found.astype(array.dtype, copy=False)

    def copy(self) -> Collected:
        """Return a sink that keeps what it gets, to be handed back here."""
        return Collected(self.names)

    def refuse_other_lengths(self, n: int) -> None:
        """Refuse arrays that are not as long as a field of n cells.

        Raises
        ------
        UsageError
            When the last dimension of one has another length.
        """
        for name, array in self._arrays.items():
            if tuple(array.shape[-1:]) != (n,):
                raise UsageError(
                    f"the array for {name} has shape {tuple(array.shape)}; its last dimension must be the "
                    f"{n} cells of the field"
                )

    def refuse_other_names(self, made: Iterable[str]) -> None:
        """Refuse arrays for variables that are not made: they would never be filled.

        Raises
        ------
        UsageError
            When there is one; the message lists what is made.
        """
        known = list(made)
        for name in self._arrays:
            if name not in known:
                raise UsageError(
                    f"there is an array for {name!r}, which is not made; made are {', '.join(known)}"
                )

    def written(self) -> Any:
        """Return nothing: the arrays are filled."""
        return None

    def take(self, written: list[tuple[str, int, npt.NDArray[Any]]]) -> None:
        """Fill the arrays with what a copy got."""
        for name, first, values in written:
            self.write(name, first, values)


def _refuse_what_does_not_hold(name: str, array: Any, values: npt.NDArray[Any]) -> None:
    """Refuse an array of a type that cannot hold the values."""
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


def refuse_other_sinks(sink: object, n: int, made: Iterable[str] | None = None) -> None:
    """Refuse what is no sink, and arrays that do not fit results.

    Parameters
    ----------
    sink : object
        What was given as a sink.
    n : int
        Cells of the field.
    made : iterable of str, optional
        The variables that are made; None where they are not known yet.

    Raises
    ------
    UsageError
        When `sink` takes no results, or has an array of another length, or for another variable.
    """
    if not callable(getattr(sink, "write", None)) or not callable(getattr(sink, "take", None)):
        raise UsageError(
            f"the sink is a {type(sink).__name__}; it must be lr.bands.Arrays({{name: array}}) with an array for "
            "each variable that is kept, or results of a FieldStore"
        )
    if isinstance(sink, Arrays):
        sink.refuse_other_lengths(n)
        if made is not None:
            sink.refuse_other_names(made)


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
