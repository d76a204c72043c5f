"""A stored run as a Dataset again: read when used, checked when read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
import zarr
from xarray.backends import BackendArray
from xarray.core import indexing

from leefraster.errors import EnvironmentFault
from leefraster.store.encoding import TABLES
from leefraster.store.strings import decode_text

if TYPE_CHECKING:
    import pandas as pd


class StoredArray(BackendArray):
    """One array of a run, read part by part; a damaged chunk raises and never passes as numbers."""

    def __init__(self, array: zarr.Array, where: str, labels: Any = None) -> None:
        self._array, self._where, self._labels = array, where, labels
        self.shape = array.shape
        self.dtype = array.dtype if labels is None else decode_text(np.array([-1]), labels).dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        values = checked(lambda: self._array.oindex[key], f"{self._where}, {self._array.basename!r}")
        return values if self._labels is None else decode_text(values, self._labels)


def checked(read: Callable[[], Any], where: str) -> Any:
    """Return what `read` returns.

    Raises
    ------
    EnvironmentFault
        When a chunk is missing, does not decompress or fails its checksum.
    """
    import icechunk

    try:
        return read()
    except (ValueError, RuntimeError, KeyError, OSError, icechunk.IcechunkError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EnvironmentFault(
            f"{where}: stored data is damaged ({reason}). Read another run, or run again with the same inputs"
        ) from error


def read_dataset(group: zarr.Group, where: str) -> xr.Dataset:
    """Return a run's Dataset; arrays are read when used."""
    attributes: dict[str, Any] = dict(group.attrs)
    coordinates = set(attributes["leefraster_coordinates"])
    variables = {name: _variable(group, name, where) for name in attributes["leefraster_variables"]}
    return xr.Dataset(
        {name: variable for name, variable in variables.items() if name not in coordinates},
        coords={name: variable for name, variable in variables.items() if name in coordinates},
        attrs=attributes["leefraster_attributes"],
    )


def read_tables(group: zarr.Group, where: str) -> dict[str, pd.DataFrame]:
    """Return a run's tables by name, in the order in which they were written."""
    import pandas as pd

    tables = {}
    home = group[TABLES]
    assert isinstance(home, zarr.Group)
    for name in sorted(home.array_keys()):
        array = _array(home, name)
        data = _whole(array, f"{where}, table {array.attrs['name']!r}")
        tables[str(array.attrs["name"])] = pd.read_parquet(io.BytesIO(data.tobytes()))
    return tables


def _variable(group: zarr.Group, name: str, where: str) -> xr.Variable:
    array = _array(group, name)
    attributes: dict[str, Any] = dict(array.attrs)
    labels_name = attributes.pop("leefraster_text", None)
    labels = None
    if labels_name is not None:
        labels = _whole(_array(group, labels_name), f"{where}, {labels_name!r}")
    lazy = indexing.LazilyIndexedArray(StoredArray(array, where, labels))
    dims = getattr(array.metadata, "dimension_names", None) or ()
    return xr.Variable(dims, lazy, attributes)


def _whole(array: zarr.Array, where: str) -> Any:
    return checked(lambda: array[...], where)


def _array(group: zarr.Group, name: str) -> zarr.Array:
    member = group[name]
    assert isinstance(member, zarr.Array)
    return _strict(member)


def _strict(array: zarr.Array) -> zarr.Array:
    """Return the array such that a chunk that is not there raises: every chunk was written."""
    return array.with_config({"read_missing_chunks": False})
