"""The labelled objects among the arguments of a call, taken apart into labels and lazy values."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

FIELD = "__field__"
NUMBERS = "fiub"


def is_lazy(value: Any) -> bool:
    """Return whether a DataArray, a Dataset or a DataArray in a mapping has values that are dask arrays."""
    if isinstance(value, xr.DataArray):
        return value.chunks is not None
    if isinstance(value, xr.Dataset):
        return any(variable.chunks is not None for variable in value.data_vars.values())
    if isinstance(value, Mapping):
        return any(isinstance(one, xr.DataArray) and is_lazy(one) for one in value.values())
    return False


def labelled(arguments: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], xr.DataArray | xr.Dataset]]:
    """Yield the DataArrays and Datasets among the arguments, those in mappings too, and where they stand."""
    for name, value in arguments.items():
        if isinstance(value, xr.DataArray | xr.Dataset):
            yield (name,), value
        elif isinstance(value, Mapping):
            found = ((key, one) for key, one in value.items() if isinstance(one, xr.DataArray))
            yield from (((name, key), one) for key, one in found)


def put(arguments: dict[str, Any], where: tuple[str, ...], value: Any) -> None:
    """Put a value where `labelled` found one."""
    if len(where) == 1:
        arguments[where[0]] = value
    else:
        arguments[where[0]] = {**arguments[where[0]], where[1]: value}


@dataclass(frozen=True, slots=True)
class Wanting:
    """A variable whose values come later."""

    name: Hashable
    dims: tuple[Hashable, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attrs: dict[Hashable, Any]

    @classmethod
    def of(cls, name: Hashable, variable: xr.Variable) -> Wanting:
        """Return what is known of a variable without its values."""
        return cls(name, variable.dims, variable.shape, variable.dtype, dict(variable.attrs))

    def filled(self, values: npt.NDArray[Any]) -> xr.Variable:
        """Return the variable with its values."""
        return xr.Variable(self.dims, values, self.attrs)

    def made(self) -> xr.Variable:
        """Return the variable with 1 everywhere, in no memory; empty text where it holds no numbers."""
        one = np.array("" if self.dtype.kind in "OUST" else 1).astype(self.dtype)
        return self.filled(np.broadcast_to(one, self.shape))


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """One labelled object without its lazy values: what a task can hold of it.

    Attributes
    ----------
    frame : Dataset
        Everything that is in memory.
    variables : tuple
        Names of the data variables, in order.
    wanting : tuple of Wanting
        What is not in memory, and comes with a block.
    unread : tuple of Wanting
        What is not in memory, and is not needed.
    single : bool
        Whether the object is a DataArray, and its name.
    """

    frame: xr.Dataset
    variables: tuple[Hashable, ...]
    wanting: tuple[Wanting, ...]
    unread: tuple[Wanting, ...]
    single: bool
    name: Hashable | None

    @classmethod
    def of(cls, value: xr.DataArray | xr.Dataset, read: frozenset[str] | None) -> tuple[Given, list[Any]]:
        """Take an object apart; also return the dask arrays of `wanting`.

        Parameters
        ----------
        value : DataArray or Dataset
            The object.
        read : frozenset of str or None
            The data variables that the function reads; None for all.
        """
        data = value.to_dataset(name=FIELD) if isinstance(value, xr.DataArray) else value
        wanting, unread, arrays = [], [], []
        for name, variable in data.variables.items():
            if variable.chunks is None:
                continue
            one = Wanting.of(name, variable)
            if read is not None and name in data.data_vars and name not in read:
                unread.append(one)
            else:
                wanting.append(one)
                arrays.append(variable.data)
        frame = data.drop_vars([one.name for one in (*wanting, *unread)])
        single = isinstance(value, xr.DataArray)
        name = value.name if isinstance(value, xr.DataArray) else None
        return cls(frame, tuple(data.data_vars), tuple(wanting), tuple(unread), single, name), arrays

    @property
    def sizes(self) -> dict[Hashable, int]:
        """Length of every dimension."""
        sizes: dict[Hashable, int] = dict(self.frame.sizes)
        for one in (*self.wanting, *self.unread):
            sizes |= zip(one.dims, one.shape, strict=True)
        return sizes

    def filled(self, part: Mapping[Hashable, slice], values: list[npt.NDArray[Any]]) -> Any:
        """Return the object, or a part of it, with values that have come."""
        ready = {one.name: one.filled(v) for one, v in zip(self.wanting, values, strict=True)}
        return self._whole(self.frame.isel(part, missing_dims="ignore"), ready, part)

    def made(self, part: Mapping[Hashable, slice]) -> Any:
        """Return the object, or a part of it, with 1 for all numbers that are no labels."""
        ready = {one.name: one.made() for one in self.wanting}
        for name, variable in self.frame.data_vars.items():
            if variable.dtype.kind in NUMBERS:
                ready[name] = Wanting.of(name, variable.variable).made()
        parts = {name: variable.isel(part, missing_dims="ignore") for name, variable in ready.items()}
        return self._whole(self.frame.isel(part, missing_dims="ignore"), parts, part)

    def _whole(
        self, frame: xr.Dataset, ready: dict[Hashable, xr.Variable], part: Mapping[Hashable, slice]
    ) -> Any:
        unread = {one.name: one.made().isel(part, missing_dims="ignore") for one in self.unread}
        data = {name: v for name, v in ready.items() if name in self.variables} | unread
        coords = {name: v for name, v in ready.items() if name not in self.variables}
        whole = frame.assign(data).assign_coords(coords)[list(self.variables)]
        missing = {name: v for name, v in {**frame.coords, **coords}.items() if name not in whole.coords}
        whole = whole.assign_coords(missing)
        if not self.single:
            return whole
        found = whole[FIELD]
        found.name = self.name
        return found
