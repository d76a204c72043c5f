"""Published change files of the Leefbaarometer: differences between two years, and version 2.0's classes of change.

No published change file was at hand: which columns they have is assumed (`ASSUMED`), after the published scores,
and every name can be mapped. What is read, and that it was assumed, stands in the attributes of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.sources.change_files_classes import read_change_classes
from leefraster.sources.change_files_columns import ASSUMED, ChangeColumns, chosen_columns
from leefraster.sources.change_files_compare import compare
from leefraster.sources.change_files_periods import Periods, periods_of
from leefraster.sources.change_files_place import Placed, place_by_period
from leefraster.sources.files import FileOptions, existing
from leefraster.sources.longtable import Keys, LongTable, as_paths, read_long, table_columns
from leefraster.sources.scores import DIMENSION_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from leefraster.grid import Grid

__all__ = ["ASSUMED", "compare", "read_change_classes", "read_changes"]

CLASSES = range(1, 8)
_UNITS = {"units": "score"}
_CLASS = {
    "long_name": "published class of change, 1 strong fall, 4 none, 7 strong rise, 0 missing",
    "units": "1",
}


def read_changes(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: Literal["cell", "area"] | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    grid: Grid | None = None,
    drop_outside: bool = False,
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    missing: Mapping[str, str] | None = None,
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
    strict: bool = False,
) -> xr.Dataset:
    r"""Read a published file of changes ("Leefbaarometer-ontwikkeling ..."), per cell or area.

    No such file was at hand: its columns are not known. Assumed, without regard to case, are one key (`grid_id`,
    `gridcode`, `bu_code`, `wk_code`, `gm_code` or `PC4`); the years in `jaar_van` and `jaar_tot`, or in `periode`
    ("2018-2024"); and the changes in `lbm` (level), `afw` (deviation) and `won fys vrz soc onv`, as far as they are
    there. Name what is called otherwise in `columns`.

    Parameters
    ----------
    path : path
        CSV (also zipped), Parquet or GeoPackage.
    columns : mapping or None
        Names of columns by role: ``key``, ``from_year`` and ``to_year``, or ``period``; ``level``, ``total``,
        ``won``, ``fys``, ``vrz``, ``soc``, ``onv``; ``class`` (class of change, 1 to 7); ``version``.
    unit : {"cell", "area"} or None
        What the key is a key of; needed only when `columns` names another key than the assumed ones.
    from_year, to_year : int or None
        The years of all rows, for a file without columns of years. Without these, two years in the file's name are
        taken; the name of a file with several periods gives the first and the last year only, and then a key that
        occurs more than once is refused.
    grid : Grid or None
        For cells; None is ``Grid.netherlands()``.
    drop_outside : bool
        Leave out cells outside the grid, which are refused otherwise.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How files are read and what they must be, as in `leefraster.sources.tables.read_table`.
    missing : mapping or None
        What missing codes stand for, as in `read_table`.
    strict : bool
        Refuse columns that are not known, about which a warning is given otherwise.

    Returns
    -------
    Dataset
        As far as the file has them: ``level_change``, ``total_change`` (period, unit), ``score_change`` (period,
        dimension, unit), all float32, NaN is missing; ``change_class`` (int8, 0 missing); ``version(period)``.
        Periods are called "2018-2024"; coordinates ``from_year`` and ``to_year``. The attribute ``columns`` says
        which column served as what, ``assumed`` which of these were assumed.

    Raises
    ------
    UsageError
        When `columns` has a role that does not exist, the unit of a key is not known, or no years are found, or
        they are given twice.
    InputError
        For all that `read_table` refuses; when a column is absent, only some of the dimensions are there, a period
        does not run forward, a class is not 1 to 7, or a key occurs twice in a period.

    Warns
    -----
    LeefrasterWarning
        When columns are unknown (they are named), or the years were taken from the file's name.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import leefraster as lr
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "changes.csv"
    >>> _ = file.write_text("bu_code;periode;lbm\nBU00140000;2018-2024;.06\nBU00140001;2018-2024;-.02\n")
    >>> found = lr.sources.change_files.read_changes(file)
    >>> found["level_change"].sel(period="2018-2024").values.astype(float).round(3).tolist()
    [0.06, -0.02]
    """
    options = FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256)
    file = existing(as_paths(path)[0])
    found = chosen_columns(table_columns(file, options), columns, unit, str(file), strict=strict)
    keys = Keys(code=found.key)
    words = found.words()
    long = read_long(file, keys, found.values(), grid=grid, words=words, missing=missing, options=options)
    periods = periods_of(long, file, from_year, to_year)
    placed = place_by_period(long, keys, periods, found.unit, grid, drop_outside)
    return _dataset(long, placed, periods, found)


def _dataset(long: LongTable, placed: Placed, periods: Periods, columns: ChangeColumns) -> xr.Dataset:
    import xarray as xr

    dims = ("period", placed.unit)
    data: dict[str, Any] = {
        f"{name}_change": (
            dims,
            placed.spread(long.values[name]),
            {"long_name": f"change of {name}", **_UNITS},
        )
        for name in ("level", "total")
        if name in long.values
    }
    codes = [code for code in DIMENSION_NAMES if code in long.values]
    if codes:
        stacked = np.stack([placed.spread(long.values[code]) for code in codes], axis=1)
        attrs = {"long_name": "change of the contribution of a dimension", **_UNITS}
        data["score_change"] = (("period", "dimension", placed.unit), stacked, attrs)
    if "class" in long.values:
        data["change_class"] = (
            dims,
            _classes(placed.spread(long.values["class"]), columns, long.source),
            _CLASS,
        )
    if "version" in long.words:
        data["version"] = ("period", _versions(long, periods), {"long_name": "version of the model"})
    coords = {**periods.coordinates(), **placed.coords, **({"dimension": codes} if codes else {})}
    counts = {"source": long.source, "rows": placed.rows, "dropped_outside": placed.dropped}
    return xr.Dataset(data, coords=coords, attrs={**counts, **columns.attrs(), "years_from": periods.told_by})


def _classes(values: npt.NDArray[np.float32], columns: ChangeColumns, source: str) -> npt.NDArray[np.int8]:
    held = ~np.isnan(values)
    wrong = held & ~np.isin(values, CLASSES)
    if wrong.any():
        raise InputError(
            f"{source}: column {columns.roles['class']!r} holds {values[wrong][0]:g} ({int(wrong.sum())} rows); "
            "classes of change are 1 to 7, missing is empty"
        )
    return np.where(held, values, 0).astype(np.int8)


def _versions(long: LongTable, periods: Periods) -> list[str]:
    words, found = long.words["version"].each(), []
    for label, at in zip(periods.labels, range(len(periods.labels)), strict=True):
        held = sorted(set(words[periods.row == at].tolist()) - {""})
        if len(held) > 1:
            raise InputError(
                f"{long.source}: period {label} mixes versions {', '.join(held)}; read one at a time"
            )
        found.append(held[0] if held else "")
    return found
