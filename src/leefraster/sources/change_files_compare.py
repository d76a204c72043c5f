"""Published changes against ours: where they point the same way, and where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from leefraster.changes.change import NO_CHANGE, change_classes
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = npt.NDArray[np.float64]
Kind = Literal["class", "difference"]
UNITS = ("cell", "area")


def compare(published: xr.Dataset, ours: xr.Dataset | xr.DataArray, *, kind: Kind = "class") -> pd.DataFrame:
    """Count where published changes and ours point the same way, and where not.

    A direction is a rise, no change (published class 4) or a fall. Where the publication says "no change", a change
    of ours is not against it: a place may cross the bound of a class within the published "no change".

    Parameters
    ----------
    published : Dataset
        What `read_changes` or `read_change_classes` returns: ``change_class`` (period, unit), else
        ``level_change``, of which the classes are taken as `lr.change` takes them.
    ours : Dataset or DataArray
        What `lr.change` returns, or the ``.units`` of `lr.risers_and_fallers`; or a DataArray over (`period`,
        unit), or over the unit when `published` has one period.
    kind : {"class", "difference"}
        What a DataArray holds: classes of change (1 to 7, 0 missing), or differences of levels or of class numbers,
        whose sign is the direction (NaN missing).

    Returns
    -------
    DataFrame
        One row a period that both have: ``units`` (with a value in both), of which ``agree`` (same direction),
        ``within_no_change`` (we say it moved, the publication "no change"), ``only_published`` (the reverse) and
        ``opposite``; ``same_class`` (missing for differences); ``only_one`` (units with a value in one of both).

    Raises
    ------
    UsageError
        When the two have no period or no unit in common, or a parameter cannot be used.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> areas = {"area": ["A", "B", "C"]}
    >>> published = xr.Dataset({"change_class": (("period", "area"), [[4, 5, 3]])},
    ...                        coords={"period": ["2002-2016"], **areas})
    >>> steps = xr.DataArray([[1, 1, 1]], dims=("period", "area"), coords={"period": ["2002-2016"], **areas})
    >>> lr.sources.change_files.compare(published, steps, kind="difference")[
    ...     ["agree", "within_no_change", "opposite"]].values.tolist()
    [[1, 1, 1]]
    """
    import pandas as pd

    if kind not in get_args(Kind):
        raise UsageError(f"kind is {kind!r}; allowed are {', '.join(map(repr, get_args(Kind)))}")
    theirs = _published(published)
    unit = _unit(theirs)
    mine, is_class = _ours(ours, theirs, unit, kind)
    shared = [label for label in theirs["period"].values.tolist() if label in mine["period"].values]
    if not shared:
        raise UsageError(
            f"published has periods {', '.join(theirs['period'].values.tolist())}, ours "
            f"{', '.join(mine['period'].values.tolist())}; none is in both"
        )
    labels = np.union1d(theirs[unit].values, mine[unit].values)
    if not np.isin(theirs[unit].values, mine[unit].values).any():
        raise UsageError(f"published and ours have no {unit} in common")
    one, other = (_over(values, shared, labels, unit) for values in (theirs, mine))
    rows = [_row(a, b, is_class) for a, b in zip(one, other, strict=True)]
    return pd.DataFrame(rows, index=pd.Index(shared, name="period"))


def _published(published: xr.Dataset) -> xr.DataArray:
    """Return published classes of change as numbers, NaN where missing."""
    if "change_class" in published:
        classes = published["change_class"]
    elif "level_change" in published:
        classes = change_classes(published["level_change"])
    else:
        raise UsageError(
            f"published has neither change_class nor level_change; it has {list(published.data_vars)}"
        )
    if "period" not in classes.dims or "period" not in classes.coords:
        raise UsageError(
            "published needs a dimension 'period', as read_changes and read_change_classes give it"
        )
    return classes.where(classes > 0)


def _ours(
    ours: xr.Dataset | xr.DataArray, theirs: xr.DataArray, unit: str, kind: Kind
) -> tuple[xr.DataArray, bool]:
    """Return our changes over (period, unit), and whether they are classes."""
    import xarray as xr

    periods = theirs["period"].values.tolist()
    is_class = kind == "class" or isinstance(ours, xr.Dataset)
    if isinstance(ours, xr.Dataset):
        if "change_class" not in ours:
            raise UsageError(f"ours has no change_class; it has {list(ours.data_vars)}")
        if "from_year" in ours.attrs:
            periods = [f"{ours.attrs['from_year']}-{ours.attrs['to_year']}"]
        ours = ours["change_class"]
    if unit not in ours.dims or set(ours.dims) - {"period", unit}:
        raise UsageError(f"ours lies over {ours.dims}; it must lie over 'period' and {unit!r}")
    if "period" not in ours.dims:
        if len(periods) > 1:
            raise UsageError(
                f"published has {len(periods)} periods, ours does not say which it is; choose with .sel"
            )
        ours = ours.expand_dims(period=periods)
    return (ours.where(ours > 0) if is_class else ours), is_class


def _unit(classes: xr.DataArray) -> str:
    for name in UNITS:
        if name in classes.dims:
            return name
    raise UsageError(f"published lies over {classes.dims}; it must lie over 'period' and 'cell' or 'area'")


def _over(values: xr.DataArray, periods: list[str], labels: npt.NDArray[Any], unit: str) -> Floats:
    placed = values.sel(period=periods).reindex({unit: labels}).transpose("period", unit)
    return np.asarray(placed.values, dtype=np.float64)


def _row(theirs: Floats, mine: Floats, is_class: bool) -> dict[str, Any]:
    held = ~np.isnan(theirs) & ~np.isnan(mine)
    their_sign = np.sign(theirs[held] - NO_CHANGE)
    my_sign = np.sign(mine[held] - (NO_CHANGE if is_class else 0))
    return {
        "units": int(held.sum()),
        "agree": int((their_sign == my_sign).sum()),
        "within_no_change": int(((their_sign == 0) & (my_sign != 0)).sum()),
        "only_published": int(((their_sign != 0) & (my_sign == 0)).sum()),
        "opposite": int((their_sign * my_sign < 0).sum()),
        "same_class": int((theirs[held] == mine[held]).sum()) if is_class else None,
        "only_one": int((np.isnan(theirs) != np.isnan(mine)).sum()),
    }
