"""A run's Dataset and tables as checksummed Zarr arrays, written year by year."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from leefraster.store.plain import digest, plain
from leefraster.store.strings import encode_text, is_text

if TYPE_CHECKING:
    import pandas as pd

YEAR = "year"
UNITS = ("cell", "area")
UNITS_PER_CHUNK = 65_536
LABELS = "__labels"
TABLES = "tables"

Progress = Callable[[int, int], None]


def compressors() -> list[Any]:
    """Return the codecs of every chunk; the checksum comes last, over the bytes as they lie on disk.

    Level 1 is the fastest zstd and, on permutation p-values, as small as level 9.
    """
    return [ZstdCodec(level=1), Crc32cCodec()]


def chunk_shape(dims: tuple[str, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a chunk: one year, all dimensions and layers, 65,536 cells."""
    largest = {YEAR: 1, **dict.fromkeys(UNITS, UNITS_PER_CHUNK)}
    return tuple(max(1, min(size, largest.get(dim, size))) for dim, size in zip(dims, shape, strict=True))


def estimated_bytes(dataset: xr.Dataset) -> int:
    """Return the bytes that a run takes on disk, estimated on the high side.

    Floats are taken to compress to four fifths (measured: .67 on independent values), codes to a quarter.
    """
    total = 2_000_000.0
    for variable in dataset.variables.values():
        total += (
            variable.size
            * (4 if is_text(variable.data) else variable.dtype.itemsize)
            * (0.8 if variable.dtype.kind == "f" else 0.25)
        )
    return int(total)


def write_dataset(group: zarr.Group, dataset: xr.Dataset, progress: Progress | None = None) -> None:
    """Write a Dataset into an empty group: what has no year first, then year after year."""
    names = [str(name) for name in dataset.variables]
    yearly = {str(name): v for name, v in dataset.variables.items() if YEAR in v.dims and v.ndim > 1}
    years = dataset.sizes.get(YEAR, 0) if yearly else 0
    arrays = {name: _created(group, name, dataset.variables[name]) for name in yearly}
    for name in names:
        if name not in yearly:
            _write_whole(group, name, dataset.variables[name])
    for done in range(years):
        for name, variable in yearly.items():
            at = tuple(done if dim == YEAR else slice(None) for dim in variable.dims)
            arrays[name][at] = np.asarray(variable[at].values)
        if progress:
            progress(done + 1, years)
    group.attrs.update(
        {
            "coordinates": " ".join(str(name) for name in dataset.coords if name not in dataset.dims),
            "leefraster_variables": names,
            "leefraster_coordinates": [str(name) for name in dataset.coords],
            "leefraster_attributes": plain(dataset.attrs),
        }
    )


def write_tables(group: zarr.Group, tables: dict[str, pd.DataFrame]) -> None:
    """Write tables into a subgroup, each as the bytes of a Parquet file."""
    home = group.create_group(TABLES)
    for number, (name, table) in enumerate(tables.items()):
        data = np.frombuffer(_parquet(table), dtype=np.uint8)
        _stored(home, f"table{number:03d}", ("byte",), data, {"name": name, "format": "parquet"})


def structure(group: zarr.Group) -> str:
    """Return the SHA-256 of the names, shapes, types and attributes of all arrays of a run."""
    described = {name: _described(array) for name, array in _members(group)}
    return digest({"attributes": plain(dict(group.attrs)), "arrays": described})


def _members(group: zarr.Group) -> Iterator[tuple[str, zarr.Array]]:
    for name, member in sorted(group.members(max_depth=None)):
        if isinstance(member, zarr.Array):
            yield name, member


def _described(array: zarr.Array) -> list[Any]:
    dims = list(getattr(array.metadata, "dimension_names", None) or [])
    return [dims, list(array.shape), list(array.chunks), str(array.dtype), plain(dict(array.attrs))]


def _write_whole(group: zarr.Group, name: str, variable: xr.Variable) -> None:
    values = np.asarray(variable.values)
    dims = tuple(str(dim) for dim in variable.dims)
    attributes = plain(variable.attrs)
    if is_text(values):
        index, labels = encode_text(values)
        label_dims = (f"{name}{LABELS}_number", f"{name}{LABELS}_byte")
        _stored(group, f"{name}{LABELS}", label_dims, labels, {})
        _stored(group, name, dims, index, {**attributes, "leefraster_text": f"{name}{LABELS}"})
    else:
        _stored(group, name, dims, values, attributes)


def _created(group: zarr.Group, name: str, variable: xr.Variable) -> zarr.Array:
    dims = tuple(str(dim) for dim in variable.dims)
    return _array(group, name, dims, variable.shape, variable.dtype, plain(variable.attrs))


def _stored(
    group: zarr.Group, name: str, dims: tuple[str, ...], values: npt.NDArray[Any], attributes: dict[str, Any]
) -> None:
    _array(group, name, dims, values.shape, values.dtype, attributes)[...] = values


def _array(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    attributes: dict[str, Any],
) -> zarr.Array:
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunk_shape(dims, shape),
        compressors=compressors(),
        dimension_names=dims,
        attributes=attributes,
        fill_value=np.nan if dtype.kind == "f" else dtype.type(0),
        config={"write_empty_chunks": True},  # so that a chunk that is not there is a loss, never a default
    )


def _parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    _storable(table).to_parquet(sink, index=False, compression="zstd")
    return sink.getvalue()


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without geometry, its index as columns where it has a name, and no mixed columns."""
    import pandas as pd

    named = [name for name in table.index.names if name is not None]
    flat = table.reset_index() if named else table.reset_index(drop=True)
    columns = {}
    for name, column in flat.items():
        if str(column.dtype) == "geometry":
            continue
        if column.dtype == object and not column.dropna().map(lambda item: isinstance(item, str)).all():
            column = column.map(str)
        columns[str(name)] = column.to_numpy() if column.dtype == object else column
    return pd.DataFrame(columns)
