"""`from_table`: from a long table (one row a cell, or a cell and year) to cell-indexed data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.table.arrange import DType, arrange, placed_dims, store_as, year_coordinate
from leefraster.table.columns import arrow_table, find_column, numbers, years_of
from leefraster.table.place import cell_namer, cells_of

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

    from leefraster.grid import Grid, Position


def from_table(
    table: Any,
    grid: Grid,
    *,
    code: str | None = None,
    x: str = "x",
    y: str = "y",
    year: str | int | None = None,
    values: Sequence[str] = (),
    position: Position = "inside",
    dtype: DType = "float64",
    drop_outside: bool = False,
    source: str = "table",
) -> xr.Dataset:
    """Build cell-indexed data from a pandas, polars or arrow table with one row a cell (and year).

    Parameters
    ----------
    table : DataFrame, Table or mapping of columns
        A pandas or polars frame, an arrow table, or anything that offers the arrow C stream or the
        dataframe interchange protocol.
    grid : Grid
        The grid that the rows belong to.
    code : str or None
        Column of cell codes (``E0974N4514``); without it `x` and `y` are used.
    x, y : str
        Columns of coordinates in the unit of the grid's CRS (metres).
    year : str, int or None
        Column of measurement years, or the one year that all rows are of. None: data without years.
    values : sequence of str
        Numeric columns to take; empty takes all numeric columns that are not keys.
    position : {"inside", "centre", "corner"}
        What a point is: any point of its cell, the centre, or the lower-left corner.
    dtype : {"float64", "float32"}
        Type of the result.
    drop_outside : bool
        Leave out rows outside the grid, which are refused otherwise.
    source : str
        Name used in messages.

    Returns
    -------
    Dataset
        One variable a column over (`year`, `cell`), or (`cell`,) without `year`; cells are the union over
        the years, sorted by id. Null and NaN are missing (NaN), as are cells without a row in a year.

    Raises
    ------
    UsageError
        When the table is of no known kind, or an option is not one of those allowed.
    InputError
        When a column is absent or not numeric, a key is missing, a value infinite, a year not a whole
        number or in the future, a (cell, year) occurs twice, or a row lies outside the grid.

    Warns
    -----
    PrecisionWarning
        When ``dtype="float32"`` cannot hold whole numbers beyond 2**24 exactly.

    Examples
    --------
    >>> import leefraster as lr
    >>> rows = {"cell": ["E0974N4514", "E0975N4514"], "jaar": [2024, 2024], "score": [0.1, None]}
    >>> data = lr.from_table(rows, lr.Grid.netherlands(), code="cell", year="jaar", values=["score"])
    >>> data["score"].values.tolist()
    [[0.1, nan]]
    """
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    keys = [code] if code is not None else [x, y]
    keys += [year] if isinstance(year, str) else []
    columns = arrow_table(table, [*keys, *values] if values else None, source)
    names = columns.column_names
    taken = list(values) or _numeric_columns(columns, [find_column(names, key, source) for key in keys])
    cells, inside = cells_of(columns, grid, code, x, y, position, drop_outside, source)
    years = years_of(columns, year, source)
    placed = arrange(cells, None if years is None else years[inside], cell_namer(grid), source)
    variables = {}
    for name in taken:
        number = numbers(columns[find_column(names, name, source)], name, source)[inside]
        spread = placed.spread(number, np.nan)
        variables[name] = (placed_dims(placed, CELL), store_as(spread, dtype, name, source))
    coords = cell_coordinates(grid, placed.units)
    return xr.Dataset(variables, coords={**year_coordinate(placed), **coords})


def _numeric_columns(columns: pa.Table, keys: Sequence[str]) -> list[str]:
    import pyarrow as pa

    return [
        field.name
        for field in columns.schema
        if field.name not in keys and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]
