"""CBS squares of 100 m and 500 m."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leefraster.errors import InputError
from leefraster.sources import geofile
from leefraster.sources.cbs.columns import chosen_columns, code_column, described
from leefraster.sources.files import FileOptions, existing
from leefraster.sources.longtable import Keys, read_long, table_columns
from leefraster.sources.tables import place
from leefraster.table.columns import texts
from leefraster.table.place import cell_namer

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid
    from leefraster.table.arrange import DType

MISSING = {"-99997": "suppressed", "-99995": "not available"}


def read_squares(
    path: str | Path,
    *,
    grid: Grid | None = None,
    columns: Sequence[str] | Mapping[str, str] | Literal["main", "all"] = "main",
    year: int | None = None,
    code: str | None = None,
    missing: Mapping[str, str] | None = None,
    drop_outside: bool = False,
    dtype: DType = "float32",
    quality: bool = True,
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
) -> xr.Dataset:
    r"""Read a file of CBS squares of 100 m or 500 m, of any generation of column names.

    CBS publishes a square with at least 5 inhabitants or 5 dwellings. Counts are rounded to 5 and percentages
    to 10, so that parts need not add up to their whole, and a count of a few squares is off by up to 2.5 each;
    the step stands in the attrs (`rounded_to`) of the variables it was found in.

    Parameters
    ----------
    path : path
        GeoPackage, CSV (also zipped) or Parquet.
    grid : Grid or None
        The grid; None is the Dutch grid with cells as large as the name of the code column says.
    columns : "main", "all", sequence of str, or mapping
        "main" reads `dwellings households inhabitants urbanity address_density`, as far as the file has them;
        "all" every column. Others by their English name (``"aged_0_14"``) or that of the file
        (``"aantal_inwoners_0_tot_15_jaar"``, ``"INW_014"``), or as ``{"new name": "name"}``.
    year : int or None
        The year that the squares are of: adds a dimension `year`.
    code : str or None
        Column of square codes; None finds ``crs28992res100m``, ``c28992r500`` and the like.
    missing : mapping or None
        What further codes stand for, or codes that mean something else than usual. ``-99997`` is "suppressed"
        and ``-99995`` "not available"; an empty place is "missing", unless ``{"null": "suppressed"}``.
    drop_outside : bool
        Leave out squares outside the grid, which are refused otherwise.
    dtype : {"float32", "float64"}
        Type of the values; float32 holds whole numbers up to 2**24 exactly, and warns beyond.
    quality : bool
        Also return ``<name>_quality`` (int8) for every column: 0 value, 1 suppressed, 2 not available, 3 missing.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How the file is read and what it must be, as in `leefraster.sources.tables.read_table`.

    Returns
    -------
    Dataset
        One variable a column over ([`year`,] `cell`), NaN where there is no value, zero only where the file says
        zero. Attrs of a variable: `column` (its name in the file), `long_name`, `units`, `rounded_to`, and the
        counts `values suppressed not_available missing`.

    Raises
    ------
    UsageError
        When an option is not one of those allowed.
    InputError
        When the file is absent, damaged or cut off; a column is absent (the nearest is told) or text; codes are
        of another resolution than the grid, malformed, outside it or repeated; a negative value is not mapped;
        or the squares of a GeoPackage lie elsewhere than their codes say, or in another CRS.

    Warns
    -----
    LeefrasterWarning
        When a column holds no value at all.
    PrecisionWarning
        When float32 does not hold a whole number exactly.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "squares.csv"
    >>> _ = file.write_text("C28992R100;INWONER;WONING\nE0974N4514;40;20\nE0975N4514;5;-99997\n")
    >>> squares = read_squares(file)
    >>> squares["dwellings"].values.tolist(), squares["dwellings_quality"].values.tolist()
    ([20.0, nan], [0, 1])
    >>> squares["inhabitants"].attrs["column"], squares["inhabitants"].attrs["rounded_to"]
    ('INWONER', 5.0)
    """
    file, options = (
        existing(path),
        FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256),
    )
    present = table_columns(file, options)
    key, side = code_column(present, code, str(file))
    own = _grid(grid, side, key, str(file))
    named = chosen_columns([name for name in present if name != key], columns, str(file))
    keys = Keys(code=key, year=year)
    codes = {**MISSING, **(missing or {})}
    long = read_long(file, keys, named, grid=own, missing=codes, options=options)
    if file.suffix.lower() in geofile.SUFFIXES:
        _require_codes_where_they_lie(file, key, own, options, drop_outside)
    data = place(long, keys, own, drop_outside=drop_outside, dtype=dtype, quality=quality)
    for name, column in named.items():
        data[name].attrs = _described(column, data[name])
    return data


def _grid(grid: Grid | None, side: float | None, key: str, source: str) -> Grid:
    from leefraster.grid import Grid

    if grid is None:
        return Grid.netherlands(100.0 if side is None else side)
    if side is not None and side != grid.cell:
        raise InputError(
            f"{source}: column {key!r} holds codes of {side:g} m squares, the grid has {grid.cell:g} m cells"
        )
    return grid


def _described(column: str, values: xr.DataArray) -> dict[str, Any]:
    """Return the attrs of a variable; the step of rounding only where all values are multiples of it."""
    known = described(column)
    attrs = {"column": column, "long_name": known.long_name, "units": known.units, **values.attrs}
    held = values.values[np.isfinite(values.values)].astype(np.float64)
    steps = held / (known.rounded_to or 1.0)
    if known.rounded_to and held.size and np.abs(steps - np.rint(steps)).max() < 1e-4:
        attrs["rounded_to"] = known.rounded_to
    return attrs


def _require_codes_where_they_lie(
    file: Path, key: str, grid: Grid, options: FileOptions, drop_outside: bool
) -> None:
    """Refuse a file whose geometries do not lie in the squares that their codes name."""
    table = geofile.read_geofile(file, [key], grid, None, options)
    words = texts(table.column(key), key, str(file))
    x, y = (table.column(name).to_numpy() for name in (geofile.X, geofile.Y))
    inside = grid.contains_xy(x, y)
    if drop_outside:
        held = np.append(grid.codes_inside(words.vocabulary[:-1], source=str(file)), False)[words.place]
        inside = inside & held
    cells = grid.cell_from_code(np.strings.upper(words.each()[inside]), source=str(file))
    centre = grid.xy_from_cell(cells)
    off = np.stack([x[inside] - centre[0], y[inside] - centre[1]])
    wrong = np.abs(off).max(axis=0) >= grid.cell / 2
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{file}: {int(wrong.sum())} of {wrong.size} squares do not lie where their code says; first "
            f"{cell_namer(grid)(cells[first : first + 1])[0]}, off by ({off[0, first]:+g}, {off[1, first]:+g}) m. "
            "Codes and geometries are of different files, or the grid is shifted"
        )
