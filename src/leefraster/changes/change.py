"""What changed between two measurement years: differences, the gap between them, and classes of change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from leefraster.changes.years import VERSION, YEAR, ascending, refuse_versions, two_years, with_years, year_of
from leefraster.errors import InputError, UsageError
from leefraster.lazy import between_series, lazily

NO_CHANGE = 4
CUTS = (-0.1568, -0.0784, -0.0392, 0.0392, 0.0784, 0.1568)
"""Bounds of the classes of change, from the class cuts of 2024 (.25, .5 and 1 times .1568): not official.

A change on a bound belongs to the class below it, as a level on a cut does: -.0392 is class 3, .0392 class 4.
"""

MEASURES = ("score", "total", "level")
SIX = "six ascending numbers, all finite"


@lazily(between_series, reads=lambda _: (*MEASURES, VERSION))
def change(
    scores: xr.DataArray | xr.Dataset,
    from_year: int,
    to_year: int,
    *,
    cuts: Sequence[float] = CUTS,
    across_versions: bool = False,
) -> xr.Dataset:
    """Return the difference of every place between two measurement years.

    Parameters
    ----------
    scores : Dataset or DataArray
        Over `year`; of a Dataset `score`, `total` (deviations from the national mean) and `level` (absolute) are
        taken, as far as it has them, and ``version(year)``, which of a DataArray is a coordinate. NaN is missing.
    from_year, to_year : int
        Two measured years, the earlier first.
    cuts : sequence of six numbers
        Bounds between the seven classes of change, ascending; the fourth class is "no change". A change on a bound
        belongs to the class below it. The default was measured from the class cuts of 2024 and is not official.
    across_versions : bool
        Allow years that were measured by different versions of the model.

    Returns
    -------
    Dataset
        ``<name>_change`` (to less from; float64 of whole numbers and bool) of each measure, without `year`;
        ``change_class`` (int8, 1 to 7, 4 no change, 0 missing) of the level where there is one, else of the single
        field or total, which the attribute ``change_class_of`` names. Attributes say the years, how many lie
        between, and which measured years were passed over.

    Raises
    ------
    UsageError
        When `scores` are no DataArray or Dataset, a year was not measured, the earlier is not first, or `cuts`
        are not six ascending numbers.
    InputError
        When a year occurs twice, a value is infinite, or the two are of different versions and
        `across_versions` is false.

    Notes
    -----
    A change of the deviation is relative to the country, which changes too; whether a place improved is a
    question about its level. The two are kept apart.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> level = xr.DataArray([[4.0, 4.1], [4.1, 4.1]], dims=("year", "cell"), name="level",
    ...                      coords={"year": [2018, 2024]})
    >>> found = lr.change(level, 2018, 2024)
    >>> found["level_change"].values.round(3).tolist(), found["change_class"].values.tolist()
    ([0.1, 0.0], [6, 4])
    """
    bounds = ascending(cuts, SIX)
    if bounds.size != 6:
        raise UsageError(f"cuts are {list(cuts)}; they must be {SIX}")
    from_year, to_year = two_years(from_year, to_year, ("from_year", "to_year"))
    data = scores.to_dataset(name=str(scores.name or "value")) if isinstance(scores, xr.DataArray) else scores
    ordered = with_years(data, "scores")
    before, after = year_of(ordered, from_year, "from_year"), year_of(ordered, to_year, "to_year")
    refuse_versions(ordered, (from_year, to_year), across=across_versions)
    names = _measures(ordered, isinstance(scores, xr.DataArray))
    before, after = (_in_floats(year, names) for year in (before, after))
    spans = _between(ordered, from_year, to_year)
    for name in names:
        infinite = sum(int(np.isinf(year[name].values).sum()) for year in (before, after))
        if infinite:
            raise InputError(
                f"{name} has {infinite} infinite values in {from_year} and {to_year}; missing is NaN"
            )
    out = {
        f"{name}_change": (_timeless(after[name]) - _timeless(before[name])).assign_attrs(
            ordered[name].attrs | {"long_name": f"change of {name}, {from_year} to {to_year}"}
        )
        for name in names
    }
    classed = "level" if "level" in names else ("total" if "total" in names else names[0])
    out["change_class"] = change_classes(out[f"{classed}_change"], bounds)
    return xr.Dataset(out, attrs={**spans, "change_class_of": classed})


def change_classes(difference: xr.DataArray, cuts: Any = CUTS) -> xr.DataArray:
    """Return classes 1 (strong fall) to 7 (strong rise), 4 no change, 0 missing."""
    bounds = np.asarray(cuts, dtype=float)
    values = difference.values.astype(np.float64)
    lower = np.searchsorted(bounds[:3], values, side="left")
    upper = np.searchsorted(bounds[3:], values, side="left")
    codes = np.where(np.isnan(values), 0, 1 + lower + upper).astype(np.int8)
    attrs = {
        "long_name": "class of change, 1 strong fall, 4 none, 7 strong rise, 0 missing",
        "units": "1",
        "cuts": bounds.tolist(),
    }
    return xr.DataArray(codes, dims=difference.dims, coords=difference.coords, attrs=attrs)


def _measures(data: xr.Dataset, single: bool) -> list[str]:
    if single:
        return [str(name) for name in data.data_vars]
    names = [name for name in MEASURES if name in data]
    if not names:
        raise UsageError(
            f"scores has none of {', '.join(MEASURES)}; it has {', '.join(map(str, data.data_vars))}"
        )
    return names


def _in_floats(data: xr.Dataset, names: list[str]) -> xr.Dataset:
    """Return the measures as floats: whole numbers could wrap around, and bool has no difference."""
    whole = {name: data[name].astype(np.float64) for name in names if data[name].dtype.kind in "bui"}
    return data.assign(whole)


def _timeless(values: xr.DataArray) -> xr.DataArray:
    return values.drop_vars([name for name in (YEAR, VERSION) if name in values.coords])


def _between(data: xr.Dataset, first: int, last: int) -> dict[str, Any]:
    passed = [int(year) for year in data[YEAR].values if first < year < last]
    label = f"{first}-{last}, {last - first} years"
    if passed:
        label += f", passing over {', '.join(map(str, passed))}"
    return {
        "from_year": first,
        "to_year": last,
        "years_between": last - first,
        "passed_over": passed,
        "period": label,
    }
