"""From cells to areas: weighted means, sums, shares, quantiles, spread and counts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.measures import (
    counted,
    present,
    share_in,
    weighted_mean,
    weighted_quantile,
    weighted_spread,
    weighted_sum,
)
from leefraster.areas.membership import Membership, by_centre, by_coverage
from leefraster.cells import CELL, from_raster, grid_of
from leefraster.errors import INSIDE, EmptyAreaWarning, InputError, MissingWeightWarning, UsageError
from leefraster.lazy import lazily, nowhere

HOWS = ("mean", "sum", "share", "quantile", "spread", "count")
METHODS = ("centre", "coverage")
Floats = npt.NDArray[np.float64]
Measure = Callable[[npt.NDArray[Any], Floats, Membership], Floats]


@dataclass(frozen=True, slots=True)
class Target:
    """The areas that cells go to: their labels, what is known of them, and who belongs to them."""

    coords: dict[str, Any]
    member: Membership
    method: str


def _know_areas(arguments: dict[str, Any]) -> Any:
    """Make known which places there are and which area each is in, before all else is left for later."""
    obj, areas = arguments["obj"], arguments["areas"]
    if {"y", "x"} <= set(obj.dims):
        arguments["obj"] = obj = from_raster(obj)
    if isinstance(areas, str) and areas in obj.coords:
        arguments["obj"] = obj.assign_coords({areas: obj.coords[areas].compute()})
    elif isinstance(areas, str) and isinstance(obj, xr.Dataset) and areas in obj:
        arguments["obj"] = obj.assign({areas: obj[areas].compute()})
    elif isinstance(areas, xr.DataArray):
        arguments["areas"] = areas.compute()
    return lambda result: result


@lazily(
    nowhere,
    prepare=_know_areas,
    constant=("cells", "area_name", "area_level"),
    left_out=("cells_without_weight",),
)
def aggregate(
    obj: xr.DataArray | xr.Dataset,
    areas: Areas | xr.DataArray | str,
    *,
    weight: str | xr.DataArray | None = None,
    how: Literal["mean", "sum", "share", "quantile", "spread", "count"] = "mean",
    classes: Sequence[float] | None = None,
    q: float | Sequence[float] = 0.5,
    minimum_share: float = 0.0,
    method: Literal["centre", "coverage"] = "centre",
) -> Any:
    """Aggregate cells to areas.

    Each area's result is taken over the cells in it that hold a value v and a positive weight w.

    Parameters
    ----------
    obj : DataArray or Dataset
        Values over (..., `cell`), (..., `y`, `x`), or (..., `area`) to go from small areas to large ones. All
        leading dimensions are kept; NaN is missing. In a Dataset, variables without the unit's dimension stay
        as they are, and text is left out (attribute ``left_out`` names it).
    areas : Areas, DataArray or str
        The polygons; or a code per cell or area as text ("" is none), or the name of such a variable in `obj`.
    weight : str, DataArray or None
        A variable of `obj`, or a field over the same cells (dwellings, say); None weighs every cell the same.
        Of a Dataset's own weight variable the sum is returned.
    how : {"mean", "sum", "share", "quantile", "spread", "count"}
        ``sum w v / sum w``; ``sum w v``; the share of the weight whose value is one of `classes`; the smallest
        value at or below which the share `q` of the weight lies; ``sqrt(sum w (v - mean)^2 / sum w)``; the
        number of cells.
    classes : sequence of numbers
        For "share": ``(1, 2, 3, 4)`` is class 4 or lower.
    q : float or sequence of float
        For "quantile"; a sequence adds the dimension `quantile`.
    minimum_share : float
        Share of an area's weight that must hold a value, else its result is NaN.
    method : {"centre", "coverage"}
        A cell belongs to the area that holds its centre, or to every area by the exact part that it covers
        (for areas of a few cells).

    Returns
    -------
    DataArray or Dataset
        The same with dimension `area` (codes) in place of `cell`; coordinates `area_name` and `area_level`
        (from polygons) and `cells`, the number of cells in each. Areas without a cell are NaN.

    Raises
    ------
    UsageError
        When an option is not allowed, `obj` has no cells, or a name is not there.
    InputError
        When the areas are in another CRS than the grid, a value is infinite, a weight is negative or infinite,
        or more than 5 % of the cells lie in two areas of one level.

    Warns
    -----
    EmptyAreaWarning
        When areas hold no cell; attribute ``areas_without_cells`` lists them all.
    MissingWeightWarning
        When cells hold a value but no weight: they are left out and counted.

    Notes
    -----
    Borders change every year: aggregate every year to one set of borders. A mean of means is the mean when the
    weights go along: aggregate to neighbourhoods with the sum of weights, then on to municipalities.

    Examples
    --------
    >>> import geopandas, numpy as np, shapely, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray([[1.0, 2.0], [3.0, np.nan]], dims=("y", "x"),
    ...                       coords={"y": [150.0, 50], "x": [50.0, 150]})
    >>> frame = geopandas.GeoDataFrame({"code": ["west", "east"]},
    ...                                geometry=[shapely.box(0, 0, 100, 200), shapely.box(100, 0, 200, 200)])
    >>> result = lr.aggregate(raster, lr.Areas.from_geopandas(frame, code="code"))
    >>> dict(zip(result["area"].values.tolist(), result.values.tolist()))
    {'east': 2.0, 'west': 2.0}
    """
    measures = _measures(how, classes, q)
    if method not in METHODS:
        raise UsageError(f"method is {method!r}; allowed are {', '.join(map(repr, METHODS))}")
    if not 0 <= minimum_share <= 1:
        raise UsageError(f"minimum_share is {minimum_share}; it must lie between 0 and 1")
    obj, unit = _over_units(obj)
    target = _target(obj, unit, areas, method)
    weights = _weights(obj, weight, unit)
    out: Any
    if isinstance(obj, xr.DataArray):
        out = _one(obj, unit, target, weights, measures, minimum_share)
    else:
        out = _all(obj, unit, target, weights, weight, measures, minimum_share)
    if not np.isscalar(q) and how == "quantile":
        out = out.assign_coords(quantile=[float(one) for one in np.asarray(q)])
    else:
        out = out.isel(quantile=0)
    return _labelled(out, target, how, weight)


def _measures(how: str, classes: Sequence[float] | None, q: float | Sequence[float]) -> list[Measure]:
    """Return one function for each result: several only for several quantiles."""
    if how not in HOWS:
        raise UsageError(f"how is {how!r}; allowed are {', '.join(map(repr, HOWS))}")
    if (how == "share") != (classes is not None):
        raise UsageError("how='share' needs classes=, the values that count; no other measure takes them")
    if how == "quantile":
        shares = [float(one) for one in np.atleast_1d(np.asarray(q, dtype=float))]
        if not all(0 <= one <= 1 for one in shares):
            raise UsageError(f"q is {q}; quantiles lie between 0 and 1")
        return [_quantile_at(one) for one in shares]
    if classes is not None:
        wanted = tuple(classes)
        return [lambda values, weights, member: share_in(values, weights, member, wanted)]
    plain: dict[str, Measure] = {
        "mean": weighted_mean, "sum": weighted_sum, "spread": weighted_spread, "count": counted
    }  # fmt: skip
    return [plain[how]]


def _quantile_at(q: float) -> Measure:
    return lambda values, weights, member: weighted_quantile(values, weights, member, q)


def _over_units(obj: xr.DataArray | xr.Dataset) -> tuple[xr.DataArray | xr.Dataset, str]:
    """Return the object over sorted cells or areas, and the name of that dimension."""
    if not isinstance(obj, xr.DataArray | xr.Dataset):
        raise UsageError(f"obj is a {type(obj).__name__}; it must be an xarray DataArray or Dataset")
    if {"y", "x"} <= set(obj.dims):
        cells: xr.DataArray | xr.Dataset = from_raster(obj)  # type: ignore[type-var]
        return cells, CELL
    for unit in (CELL, "area"):
        if unit in obj.dims:
            if unit not in obj.coords:
                raise InputError(f"obj has no coordinate {unit!r} that labels its dimension")
            labels = obj[unit].values
            return (obj if (labels[1:] >= labels[:-1]).all() else obj.sortby(unit)), unit
    raise UsageError(f"obj has dimensions {tuple(obj.dims)}; it must have 'cell', 'y' and 'x', or 'area'")


def _target(obj: xr.DataArray | xr.Dataset, unit: str, areas: Any, method: str) -> Target:
    if isinstance(areas, Areas):
        if unit != CELL:
            raise UsageError("areas are polygons, but obj is over areas already; give a code per area")
        assign = by_centre if method == "centre" else by_coverage
        member = assign(areas, grid_of(obj), np.asarray(obj[CELL].values, dtype=np.int64))
        frame = areas.frame
        known = {
            f"area_{name}": ("area", frame[name].to_numpy().astype(str)) for name in ("name", "level")
        }  # scores have a level, too
        return Target({"area": frame["code"].to_numpy().astype(str), **known}, member, method)
    if method != "centre":
        raise UsageError("method='coverage' needs polygons; codes tell only whole cells")
    codes = _codes(obj, unit, areas)
    names, position = np.unique(codes, return_inverse=True)
    offset = int(names.size > 0 and names[0] == "")
    held = np.flatnonzero(codes != "")
    order = held[np.argsort(position[held], kind="stable")]
    member = Membership(position[order] - offset, order, None, names.size - offset, codes.size)
    return Target({"area": names[offset:]}, member, "codes")


def _codes(obj: xr.DataArray | xr.Dataset, unit: str, areas: Any) -> npt.NDArray[np.str_]:
    if isinstance(areas, str):
        held = set(obj.variables if isinstance(obj, xr.Dataset) else obj.coords)
        if areas not in held:
            raise UsageError(f"areas is {areas!r}, which obj does not hold; it has {sorted(map(str, held))}")
        areas = obj[areas]
    if not isinstance(areas, xr.DataArray):
        raise UsageError(
            f"areas is a {type(areas).__name__}; it must be lr.Areas, codes per cell, or their name"
        )
    if areas.dims != (unit,):
        raise UsageError(
            f"codes have dimensions {areas.dims}, wanted ({unit!r},): choose the borders of one year"
        )
    return np.asarray(areas.reindex({unit: obj[unit]}, fill_value="").values).astype(str)


def _weights(obj: xr.DataArray | xr.Dataset, weight: Any, unit: str) -> Any:
    if weight is None:
        return None
    if isinstance(weight, str):
        held = obj.variables if isinstance(obj, xr.Dataset) else obj.coords
        if weight not in held:
            raise UsageError(
                f"weight is {weight!r}, which obj does not hold; it has {sorted(map(str, held))}"
            )
        weight = obj[weight]
    if not isinstance(weight, xr.DataArray):
        raise UsageError(f"weight is a {type(weight).__name__}; it must be a name in obj or a DataArray")
    if {"y", "x"} <= set(weight.dims):
        weight = from_raster(weight)
    if unit not in weight.dims:
        raise UsageError(f"weight has dimensions {weight.dims}; it must have {unit!r}")
    if not np.array_equal(weight[unit].values, obj[unit].values):
        weight = weight.reindex({unit: obj[unit]})
    values = weight.values
    if np.isinf(values).any() or (values < 0).any():
        raise InputError(
            f"weight has {int((np.isinf(values) | (values < 0)).sum())} negative or infinite values; weights are "
            "counts or shares of at least 0, missing is NaN"
        )
    return weight


def _one(
    field: xr.DataArray,
    unit: str,
    target: Target,
    weights: xr.DataArray | None,
    measures: list[Measure],
    minimum_share: float,
) -> xr.DataArray:
    """Return one variable over (`quantile`, leading dimensions, `area`)."""
    if field.dtype.kind not in "fiub":
        raise UsageError(f"{field.name or 'field'} has dtype {field.dtype}; it must hold real numbers")
    if field.dtype.kind == "f" and np.isinf(field.values).any():
        infinite = int(np.isinf(field.values).sum())
        raise InputError(f"{field.name or 'field'} has {infinite} infinite values; missing values are NaN")
    flat = field.transpose(..., unit)
    if weights is not None:
        extra = set(weights.dims) - set(flat.dims)
        if extra:
            raise UsageError(
                f"weight has dimensions {sorted(map(str, extra))} that {field.name or 'obj'} lacks"
            )
        weigh = weights.broadcast_like(flat).transpose(*flat.dims).values
    lead = flat.shape[:-1]
    out = np.full((len(measures), *lead, target.member.areas), np.nan)
    ones = np.ones(flat.sizes[unit])
    without = 0
    for place in np.ndindex(*lead):
        values = flat.values[place]
        if weights is None:
            weight = ones
        else:
            given = weigh[place].astype(np.float64)
            lacking = np.isnan(given)
            without += int((lacking & ~np.isnan(values.astype(np.float64))).sum()) if lacking.any() else 0
            weight = np.where(lacking, 0.0, given)
        for i, measure in enumerate(measures):
            found = measure(values, weight, target.member)
            if minimum_share > 0:
                found = np.where(present(values, weight, target.member) >= minimum_share, found, np.nan)
            out[(i, *place)] = found
    attrs = dict(field.attrs)
    if without:
        attrs["cells_without_weight"] = without
        warnings.warn(
            f"aggregate: {without} cells of {field.name or 'the field'} hold a value but no weight; left out",
            MissingWeightWarning,
            skip_file_prefixes=INSIDE,
        )
    kept = {
        name: c.variable for name, c in flat.coords.items() if unit not in c.dims and name != "spatial_ref"
    }
    return xr.DataArray(
        out, dims=("quantile", *flat.dims[:-1], "area"), coords=kept, name=field.name, attrs=attrs
    )


def _all(
    dataset: xr.Dataset,
    unit: str,
    target: Target,
    weights: xr.DataArray | None,
    weight: Any,
    measures: list[Measure],
    minimum_share: float,
) -> xr.Dataset:
    out: dict[str, xr.DataArray] = {}
    left_out: list[str] = []
    for name, variable in dataset.data_vars.items():
        if unit not in variable.dims:
            out[str(name)] = variable
        elif variable.dtype.kind not in "fiub":
            left_out.append(str(name))
        elif name == weight:
            out[str(name)] = _one(variable, unit, target, None, [weighted_sum], 0.0).isel(
                quantile=0, drop=True
            )
        else:
            out[str(name)] = _one(variable, unit, target, weights, measures, minimum_share)
    result = xr.Dataset(out, attrs=dict(dataset.attrs))
    if "quantile" not in result.dims:  # nothing but the weight itself
        result = result.expand_dims(quantile=1)
    if left_out:
        result.attrs["left_out"] = ", ".join(sorted(left_out))
    return result


def _labelled(out: Any, target: Target, how: str, weight: Any) -> Any:
    cells = np.bincount(target.member.area, minlength=target.member.areas)
    label = target.coords["area"]
    known = {name: value for name, value in target.coords.items() if name != "area"}
    out = out.assign_coords(
        area=("area", label), cells=("area", cells, {"long_name": "cells in the area"}), **known
    )
    said = (
        weight
        if isinstance(weight, str)
        else (getattr(weight, "name", None) or "given")
        if weight is not None
        else "none"
    )
    out.attrs.update(aggregated=how, weight=str(said), assignment=target.method)
    if target.member.doubly:
        out.attrs["cells_in_two_areas"] = target.member.doubly
    empty = label[cells == 0].tolist()
    if empty:
        out.attrs["areas_without_cells"] = ", ".join(empty)
        warnings.warn(
            f"aggregate: {len(empty)} of {len(label)} areas hold no cell and are NaN, first: {empty[:5]}"
            + (
                "; areas smaller than a cell are reached by method='coverage'"
                if target.method == "centre"
                else ""
            ),
            EmptyAreaWarning,
            skip_file_prefixes=INSIDE,
        )
    return out
