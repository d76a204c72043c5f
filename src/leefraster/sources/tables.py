"""The general reader: one or several long tables (CSV, Parquet, GeoPackage) to cell-indexed data."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.crs import require_crs
from leefraster.errors import InputError, LeefrasterWarning
from leefraster.sources import geofile
from leefraster.sources.files import FileOptions
from leefraster.sources.longtable import Keys, LongTable, Paths, read_long
from leefraster.sources.missing import Quality, counts
from leefraster.table.arrange import Arranged, DType, arrange, placed_dims, store_as, year_coordinate
from leefraster.table.columns import years_of
from leefraster.table.place import cell_namer, cells_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.grid import Grid, Position


_CODE_COLUMN = re.compile(r"^crs(\d{4,5})res(\d+)m$", re.IGNORECASE)


def read_table(
    paths: Paths,
    *,
    grid: Grid,
    values: Sequence[str] | Mapping[str, str],
    code: str | None = None,
    x: str | None = None,
    y: str | None = None,
    position: Position = "centre",
    crs: str | None = None,
    year: str | int | None = None,
    where: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
    signed: Sequence[str] = (),
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
    drop_outside: bool = False,
    dtype: DType = "float32",
    quality: bool = False,
) -> xr.Dataset:
    r"""Read long tables, one row a cell (and year), into cell-indexed data.

    Parameters
    ----------
    paths : path or sequence of paths
        CSV (also zipped), Parquet or GeoPackage files with the same columns; their rows are put together.
    grid : Grid
        The grid that the cells belong to.
    values : sequence of str, or mapping
        Numeric columns to take, or ``{"new name": "column"}``.
    code : str or None
        Column of cell codes (``E0974N4514``; lower case, blanks and CBS prefixes are accepted).
    x, y : str or None
        Columns of coordinates, used where there is no `code`. Without either, the geometries of a GeoPackage
        are snapped down to their cells.
    position : {"centre", "corner", "inside"}
        What the points are; the first two are checked.
    crs : str or None
        CRS of the coordinates where the file states none; must equal the grid's.
    year : str, int or None
        Column of measurement years, or the year that all rows are of.
    where : mapping or None
        Keep only rows in which these columns hold these words (``{"water": "NEE"}``).
    missing : mapping or None
        What codes stand for: ``{"-99997": "suppressed", "-99995": "not available", "null": "missing"}``.
        ``"null"`` says what an empty place means (missing).
    signed : sequence of str
        Columns (new names) in which negative whole numbers are meant; elsewhere unmapped ones are refused.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How files are read and what they must be; see `FileOptions`.
    drop_outside : bool
        Leave out rows outside the grid, which are refused otherwise.
    dtype : {"float32", "float64"}
        Type of the result.
    quality : bool
        Also return ``<name>_quality`` (int8): 0 value, 1 suppressed, 2 not available, 3 missing or no row.

    Returns
    -------
    Dataset
        One variable a column over (`year`, `cell`), or (`cell`,) without `year`. NaN where there is no value;
        the attrs `values`, `suppressed`, `not_available` and `missing` of each variable count the places.
        Dataset attrs `source`, `rows` and `dropped_outside`.

    Raises
    ------
    UsageError
        When an option is not one of those allowed, or neither code nor coordinates are given.
    InputError
        When a file is absent, damaged or cut off, a column is absent or not numeric, a key is missing, an
        unmapped negative value or an infinite one occurs, or a (cell, year) occurs twice or off the grid.

    Warns
    -----
    LeefrasterWarning
        When a column, or a year of it, holds no value at all.
    PrecisionWarning
        When float32 does not hold whole numbers beyond 2**24 exactly.

    Examples
    --------
    >>> import tempfile, pathlib, leefraster as lr
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "squares.csv"
    >>> _ = file.write_text("cell,homes\nE0974N4514,20\nE0975N4514,-99997\n")
    >>> data = read_table(file, grid=lr.Grid.netherlands(), code="cell", values=["homes"],
    ...                   missing={"-99997": "suppressed"})
    >>> data["homes"].values.tolist(), data["homes"].attrs["suppressed"]
    ([20.0, nan], 1)
    """
    keys = Keys(code, x, y, year, position, crs)
    options = FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256)
    long = read_long(
        paths, keys, values, grid=grid, where=where, missing=missing, signed=signed, options=options
    )
    return place(long, keys, grid, drop_outside=drop_outside, dtype=dtype, quality=quality)


def place(
    long: LongTable,
    keys: Keys,
    grid: Grid,
    *,
    drop_outside: bool = False,
    dtype: DType = "float32",
    quality: bool = False,
) -> xr.Dataset:
    """Place the rows of a long table on a grid; see `read_table`."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    cells, inside = locate(long, keys, grid, drop_outside)
    years = years_of(long.table, keys.year, long.source)
    placed = arrange(cells, None if years is None else years[inside], cell_namer(grid), long.source)
    variables = spread(long.rows(inside), placed, CELL, dtype=dtype, quality=quality)
    for name in long.values:
        _warn_empty(variables[name][1], placed, name, long.source)
    attrs = {"source": long.source, "rows": int(inside.size), "dropped_outside": int((~inside).sum())}
    coords = {**year_coordinate(placed), **cell_coordinates(grid, placed.units)}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def locate(
    long: LongTable, keys: Keys, grid: Grid, drop_outside: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the cells of the rows inside the grid, and which those are: by code, x and y, or geometry."""
    _require_code_resolution(keys.code, grid, long.source)
    position: Position = keys.position
    x, y = keys.x or "x", keys.y or "y"
    if keys.code is None and keys.x is None:
        x, y, position = geofile.X, geofile.Y, "inside"
    return cells_of(long.table, grid, keys.code, x, y, position, drop_outside, long.source)


def spread(
    long: LongTable, placed: Arranged, unit: str, *, dtype: DType = "float32", quality: bool = False
) -> dict[str, Any]:
    """Return the variables of a long table in their places, with counts of what is missing in attrs."""
    dims = placed_dims(placed, unit)
    variables: dict[str, Any] = {}
    for name, values in long.values.items():
        state = placed.spread(long.quality[name], np.int8(Quality.MISSING))
        kept = store_as(placed.spread(values, np.nan), dtype, name, long.source)
        variables[name] = (dims, kept, counts(state))
        if quality:
            meaning = {"flag_values": [0, 1, 2, 3], "flag_meanings": "value suppressed not_available missing"}
            variables[f"{name}_quality"] = (dims, state, meaning)
    return variables


def _warn_empty(values: npt.NDArray[np.floating[Any]], placed: Arranged, name: str, source: str) -> None:
    """Warn about a column, or years of it, without a single value."""
    empty = ~np.isfinite(np.atleast_2d(values)).any(axis=1)
    if not empty.any():
        return
    when = "" if placed.years is None or empty.all() else f" in {', '.join(map(str, placed.years[empty]))}"
    warnings.warn(f"{source}: column {name!r} holds no value{when}", LeefrasterWarning, stacklevel=3)


def quality_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Return, per variable read, how many places hold a value, are suppressed, not available or missing.

    Parameters
    ----------
    dataset : Dataset
        As `read_table` returns it.

    Returns
    -------
    DataFrame
        Index the variables; columns `values suppressed not_available missing`.
    """
    import pandas as pd

    names = ("values", "suppressed", "not_available", "missing")
    found = {
        str(name): [variable.attrs[key] for key in names]
        for name, variable in dataset.data_vars.items()
        if all(key in variable.attrs for key in names)
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=list(names))


def _require_code_resolution(code: str | None, grid: Grid, source: str) -> None:
    """Refuse a column named after another resolution or CRS, such as crs28992res500m in a 100 m grid."""
    named = _CODE_COLUMN.match(code or "")
    if not named:
        return
    epsg, resolution = named[1], float(named[2])
    if resolution != grid.cell:
        raise InputError(
            f"{source}: column {code!r} holds codes of {resolution:g} m squares, "
            f"the grid has {grid.cell:g} m cells"
        )
    if grid.crs is not None:
        require_crs(f"EPSG:{epsg}", grid.crs, f"{source}: column {code!r}")
