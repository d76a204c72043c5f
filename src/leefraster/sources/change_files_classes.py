"""Classes and classes of change as version 2.0 published them: one column a year, one a pair of years."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.sources.change_files_columns import assumed_key, unit_of
from leefraster.sources.change_files_periods import Periods
from leefraster.sources.change_files_place import place_by_period
from leefraster.sources.files import FileOptions, existing
from leefraster.sources.longtable import Keys, as_paths, read_long, table_columns
from leefraster.table.columns import find_column

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from leefraster.grid import Grid

_CHANGE = re.compile(r"VKL(\d\d)(\d\d)", re.IGNORECASE)
_CLASS = re.compile(r"KL(\d\d)", re.IGNORECASE)
CENTURY = 2000
MOST = {"change_class": 7, "class": 9}
LONG = {
    "change_class": "published class of change, 1 strong fall, 4 none, 7 strong rise, 0 missing",
    "class": "published class, 1 lowest, 9 highest, 0 missing",
}


def read_change_classes(
    path: str | Path,
    *,
    key: str | None = None,
    unit: Literal["cell", "area"] | None = None,
    grid: Grid | None = None,
    drop_outside: bool = False,
    separator: str | None = None,
    encoding: str = "utf-8",
    missing: Mapping[str, str] | None = None,
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
) -> xr.Dataset:
    r"""Read the classes of version 2.0: `KL02` to `KL18` (1 to 9) and `VKL0216` and the like (1 to 7, 4 no change).

    Parameters
    ----------
    path : path
        CSV (also zipped), Parquet or GeoPackage with one row a cell or area; other columns are not read.
    key : str or None
        Column of codes; None takes `gridcode`, `grid_id`, `bu_code`, `wk_code`, `gm_code` or `PC4`.
    unit : {"cell", "area"} or None
        What the key is a key of; needed only when it is called otherwise.
    grid, drop_outside, separator, encoding, missing, final_newline, layer, rows, sha256
        As in `read_changes`.

    Returns
    -------
    Dataset
        ``change_class(period, unit)``, ``class(year, unit)``, as far as they are there: int8, 0 is missing.

    Raises
    ------
    InputError
        For all that `read_table` refuses; when there is no such column, a class is out of range, a pair of years
        does not run forward, or a key occurs twice.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import leefraster as lr
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "classes.csv"
    >>> _ = file.write_text("wk_code,KL02,KL16,VKL0216\nWK000300,6,6,4\nWK000500,7,8,5\n")
    >>> found = lr.sources.change_files.read_change_classes(file)
    >>> found["change_class"].sel(period="2002-2016").values.tolist()
    [4, 5]
    """
    options = FileOptions(separator, encoding, ".", final_newline, layer, rows, sha256)
    file = existing(as_paths(path)[0])
    present = table_columns(file, options)
    code = find_column(present, key, str(file)) if key else assumed_key(present, str(file))
    found_unit = unit_of(code, unit, str(file))
    pairs, years = _named(present, str(file))
    keys = Keys(code=code)
    long = read_long(
        file, keys, [*pairs.values(), *years.values()], grid=grid, missing=missing, options=options
    )
    one = Periods(np.zeros((1, 2), np.int64), np.zeros(long.table.num_rows, np.int64), "names of columns")
    placed = place_by_period(long, keys, one, found_unit, grid, drop_outside)
    columns = {name: placed.spread(values)[0] for name, values in long.values.items()}
    data, coords = _variables(columns, pairs, years, found_unit, long.source)
    import xarray as xr

    return xr.Dataset(data, coords=coords | placed.coords, attrs={"source": long.source, "rows": placed.rows})


def _named(present: list[str], source: str) -> tuple[dict[tuple[int, int], str], dict[int, str]]:
    """Return the columns of pairs of years and those of years."""
    pairs, years = {}, {}
    for name in present:
        if found := _CHANGE.fullmatch(name.strip()):
            pair = CENTURY + int(found[1]), CENTURY + int(found[2])
            if pair[0] >= pair[1]:
                raise InputError(
                    f"{source}: column {name!r} runs from {pair[0]} to {pair[1]}; the earlier comes first"
                )
            pairs[pair] = name
        elif found := _CLASS.fullmatch(name.strip()):
            years[CENTURY + int(found[1])] = name
    if not pairs and not years:
        raise InputError(
            f"{source}: has no column of classes such as 'KL16' or 'VKL0216'. Columns: {', '.join(present)}"
        )
    return dict(sorted(pairs.items())), dict(sorted(years.items()))


def _variables(
    columns: dict[str, npt.NDArray[np.float32]],
    pairs: dict[tuple[int, int], str],
    years: dict[int, str],
    unit: str,
    source: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    data: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for variable, dim, names in (
        ("change_class", "period", pairs.values()),
        ("class", "year", years.values()),
    ):
        if names:
            stacked = np.stack([_classes(columns[name], name, MOST[variable], source) for name in names])
            data[variable] = ((dim, unit), stacked, {"long_name": LONG[variable], "units": "1"})
    if pairs:
        ends = np.array(list(pairs), dtype=np.int64)
        coords |= Periods(ends, np.empty(0, np.int64), "names of columns").coordinates()
    if years:
        coords["year"] = ("year", list(years), {"long_name": "measurement year"})
    return data, coords


def _classes(values: npt.NDArray[np.float32], name: str, most: int, source: str) -> npt.NDArray[np.int8]:
    held = ~np.isnan(values)
    wrong = held & ~np.isin(values, range(1, most + 1))
    if wrong.any():
        raise InputError(
            f"{source}: column {name!r} holds {values[wrong][0]:g} ({int(wrong.sum())} rows); classes are 1 to "
            f"{most}, missing is empty"
        )
    return np.where(held, values, 0).astype(np.int8)
