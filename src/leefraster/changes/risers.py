"""Which places rose and which fell between two years, by the class they started in, and what pulled them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leefraster.changes.change import CUTS, NO_CHANGE, change
from leefraster.changes.risers_input import codes_of, level_and_scores, units_of, weights_of
from leefraster.changes.risers_parts import Parts, leading_of, parts_of
from leefraster.changes.risers_table import Groups, areas_of, table_of
from leefraster.changes.years import two_years, year_of
from leefraster.lazy import computed
from leefraster.scoring.classify import classify
from leefraster.scoring.cuts import Cuts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class RisersAndFallers:
    """What rose and what fell between two years.

    Attributes
    ----------
    table : DataFrame
        One row for each class in the first year, 1 to 9 (index `class`). ``units`` and ``dwellings`` in it;
        ``risen``, ``unchanged``, ``fallen``: shares by class of change (5 to 7, 4, 1 to 3); ``class_up``,
        ``class_same``, ``class_down``: shares by steps between the nine classes; ``mean_change`` of the level.
        For the risers, and likewise for the fallers: ``risen_change`` (mean change of the level), which is the sum
        of ``risen_<dimension>`` (mean change of each contribution), ``risen_national`` (shift of the national mean)
        and ``risen_rest`` (rounding of the published figures); ``risen_leading`` is the dimension that pulls most.
    overall : Series
        The same columns over all classes together.
    units : Dataset
        Per unit: ``direction`` (1 risen, -1 fallen, 0 unchanged or without a value), ``change_class`` (as
        `lr.change`), ``start_class``, ``end_class`` (0 missing), ``steps`` (end less start, 0 where one is
        missing), ``level_change`` and, with dimensions, ``leading`` (which pulls most; attributes list codes).
    counts : dict of str to int
        Units ``compared``, with a value ``only_before``, ``only_after`` or in ``neither`` year; of those compared
        ``without_dwellings`` (left out of shares and means) and ``without_dimensions`` (left out of contributions).
    dimensions : tuple of str
        The dimensions told apart; empty when there are none.
    period : str
        The years, the gap between them, and the measurements that were passed over.
    weighting : str
        ``"dwellings"`` or ``"units"``: what shares and means count.
    note : str
        Why there are no dimensions, or "".
    areas : DataFrame or None
        The same columns, one row an area (index `area`, by code), of the units that have a code; None without
        codes.
    """

    table: pd.DataFrame
    overall: pd.Series[Any]
    units: xr.Dataset
    counts: dict[str, int]
    dimensions: tuple[str, ...]
    period: str
    weighting: str
    note: str
    areas: pd.DataFrame | None = None


@computed
def risers_and_fallers(
    level: xr.DataArray | xr.Dataset,
    start: int,
    end: int,
    *,
    dwellings: xr.DataArray | None = None,
    cuts: Cuts | Sequence[float] | None = None,
    change_cuts: Sequence[float] = CUTS,
    across_versions: bool = False,
    by: xr.DataArray | None = None,
) -> RisersAndFallers:
    """Tell by starting class how many places rose and fell between two years, and what pulled them.

    A place *rose* when its level did by more than the published "no change" (class of change 5 to 7, as `lr.change`
    gives it), and *fell* likewise. Steps between the nine classes are given beside it: a place near a bound takes
    one with a change that is none. Level is total plus national mean, the total the sum of the dimensions; so ::

        change of the level = sum of changes of contributions + shift of the national mean

    holds for every place and for every mean. A contribution is relative to the country: a dimension that improves
    everywhere shows in the shift of the national mean. The dimension that pulls most is the one whose contribution
    changed most in the direction of the place; "national" where none changed that way.

    Parameters
    ----------
    level : DataArray or Dataset
        Absolute levels over `year` and `cell` or `area`; or scores: ``level`` (or ``total`` and ``reference``), and
        where known ``score(year, dimension, unit)``, ``reference(year)``, ``version(year)`` and ``dwellings``. NaN
        is missing; a place without a level in either year is counted apart.
    start, end : int
        Two measured years, the earlier first.
    dwellings : DataArray or None
        Weights over ([`year`,] unit), in place of those of the Dataset; of the first year where there are several.
        Without any, every place counts as one.
    cuts : Cuts, sequence of float or None
        Bounds of the nine classes, as in `lr.classify`.
    change_cuts : sequence of six numbers
        Bounds of the classes of change, as in `lr.change`.
    across_versions : bool
        Allow years that were measured by different versions of the model.
    by : DataArray of str or None
        Code of the area of each unit over (unit,), "" for none: municipalities, say, for a table by area.

    Returns
    -------
    RisersAndFallers
        ``.table``, ``.overall``, ``.units``, ``.counts`` and, with `by`, ``.areas``. Shares are of dwellings where
        they are known.

    Raises
    ------
    UsageError
        When there is no level (deviations do not tell whether a place rose), a year was not measured, the earlier
        is not first, there is neither `cell` nor `area`, or `by` does not lie over it.
    InputError
        When the two years are of different versions, a year or unit occurs twice, a value is infinite, or dwellings
        are negative.

    Warns
    -----
    LeefrasterWarning
        When levels and dimensions do not add up, so that the rest is more than rounding.

    Notes
    -----
    Risers are more frequent among the lowest classes, and fallers among the highest, for one reason that is no
    policy: regression to the mean. Docs: ``docs/time.md``.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> level = xr.DataArray([[3.9, 3.9, 4.1], [4.0, 3.92, 4.0]], dims=("year", "area"), name="level",
    ...                      coords={"year": [2018, 2024], "area": ["A", "B", "C"]})
    >>> found = lr.risers_and_fallers(level, 2018, 2024)
    >>> found.table.loc[4, ["units", "risen", "unchanged"]].tolist(), found.period
    ([2.0, 0.5, 0.5], '2018-2024, 6 years')
    >>> found.note
    'no dimensions: the levels came without score(year, dimension, area)'
    """
    start, end = two_years(start, end, ("start", "end"))
    data, note = level_and_scores(level)
    unit = units_of(data)
    for role, year in (("start", start), ("end", end)):
        year_of(data, year, role)
    changed = change(data, start, end, cuts=change_cuts, across_versions=across_versions)
    weights, weighting = weights_of(data, dwellings, unit, start)
    codes = None if by is None else codes_of(by, data, unit)
    classed = classify(data["level"].sel(year=[start, end]), cuts).transpose("year", unit)
    parts = parts_of(data, changed, start, end, unit)
    held = changed["level_change"].notnull().values
    direction = np.where(held, np.sign(changed["change_class"].values - NO_CHANGE), 0).astype(np.int8)
    groups = Groups(data[unit].values, classed.values[0], classed.values[1], direction, weights, held)
    table, overall = table_of(groups, parts, len(classed.attrs["cuts"]) + 1)
    return RisersAndFallers(
        table=table,
        overall=overall,
        units=_units(data, changed, groups, parts, unit),
        counts=_counts(data["level"].sel(year=[start, end]).transpose("year", unit).values, groups, parts),
        dimensions=parts.dimensions,
        period=str(changed.attrs["period"]),
        weighting=weighting,
        note=note,
        areas=None if codes is None else areas_of(groups, parts, codes),
    )


def _units(data: xr.Dataset, changed: xr.Dataset, groups: Groups, parts: Parts, unit: str) -> xr.Dataset:
    """Return what each unit did, in the order in which the units came."""
    both = groups.held
    names = ["none", *parts.dimensions, "national"]
    columns: dict[str, tuple[Any, dict[str, Any]]] = {
        "direction": (groups.direction, {"long_name": "1 risen, -1 fallen, 0 unchanged or no value"}),
        "change_class": (changed["change_class"].values, changed["change_class"].attrs),
        "start_class": (groups.start, {"long_name": "class in the first year, 0 missing"}),
        "end_class": (groups.end, {"long_name": "class in the last year, 0 missing"}),
        "steps": (
            np.where(both, groups.end - groups.start, 0).astype(np.int8),
            {"long_name": "classes risen, negative fallen; 0 where a value is missing"},
        ),
    }
    if parts.dimensions:
        flags = {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}
        columns["leading"] = (
            leading_of(parts, groups.direction),
            {"long_name": "dimension that pulls most", **flags},
        )
    found = {name: (unit, values, {"units": "1"} | attrs) for name, (values, attrs) in columns.items()} | {
        "level_change": changed["level_change"]
    }
    coords = {name: c for name, c in data.coords.items() if c.dims == (unit,) or str(name) == "spatial_ref"}
    kept = ("from_year", "to_year", "years_between", "passed_over", "period")
    return xr.Dataset(found, coords=coords, attrs={name: changed.attrs[name] for name in kept})


def _counts(levels: Any, groups: Groups, parts: Parts) -> dict[str, int]:
    before, after = ~np.isnan(levels)
    held = before & after
    lacking = held & ~parts.known if parts.dimensions else np.zeros_like(held)
    return {
        "compared": int(held.sum()),
        "only_before": int((before & ~after).sum()),
        "only_after": int((after & ~before).sum()),
        "neither": int((~before & ~after).sum()),
        "without_dwellings": int((held & np.isnan(groups.weights)).sum()),
        "without_dimensions": int(lacking.sum()),
    }
