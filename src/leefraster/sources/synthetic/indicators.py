"""Indicator layers of the country, made so that a given model scores them as the country is scored.

This is a construction, and turns the real order of things round: in the country the scores came first. Most
layers are invented from geography and noise. In every dimension a few layers that the model takes as they are,
cell by cell, then carry what those leave of the dimension's score, each a share and noise that cancels, and the
slow rise of the national mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.scoring.measures import CellValue, DistanceTo
from leefraster.scoring.transforms import Clip, Identity, Log1p, Sqrt, ZScore
from leefraster.sources.synthetic.geography import Geography
from leefraster.sources.synthetic.noise import Smooth
from leefraster.sources.synthetic.recipes import Recipe, recipe_for
from leefraster.sources.synthetic.streams import stream

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.scoring.model import Indicator, Model

Floats = npt.NDArray[np.floating]

_ADDRESSES = 1.06  # as for urbanity
_ALIKE = 0.6  # correlation of an invented layer with what it is to explain
_NOISE = 0.35  # of the spread of a layer, that cancels against another
_SCALES = (600.0, 2_500.0)


def indicator_layers(seed: int, geography: Geography, scores: xr.Dataset, model: Model) -> xr.Dataset:
    """Return layers that `model` scores as `scores`: one variable a layer, over (`cell`,) or (`year`, `cell`).

    Parameters
    ----------
    seed : int
        Seed of the country.
    geography : Geography
        Its cells and dwellings.
    scores : Dataset
        Its scores, deviations from each year's dwelling-weighted mean.
    model : Model
        The model; its deviations must be those from the own year's dwelling-weighted mean.

    Raises
    ------
    UsageError
        When the model has other dimensions than the country, measures deviations otherwise, or has a dimension
        without an indicator of a cell's own value that can be inverted.
    """
    import xarray as xr

    closing = _closing(model, [str(code) for code in scores["dimension"].values])
    carriers = {indicator.name for group in closing.values() for indicator in group}
    free = [indicator for indicator in model.canonical if indicator.name not in carriers]
    smooth = tuple(Smooth(geography.x, geography.y, scale) for scale in _SCALES)
    here = _Place(seed, geography, scores, smooth)
    variables: dict[str, Any] = {}
    for indicator in free:
        if indicator.layer not in variables:
            values = here.invented(indicator, float(np.sign(model.coefficient(indicator))))
            variables[indicator.layer] = ("cell", values.astype(np.float32), _attrs(indicator))
    for name in model.layers:
        if name not in variables and name not in {i.layer for i in model.indicators}:
            weight = geography.dwellings.astype(np.float32)
            variables[name] = ("cell", weight, {"long_name": name, "units": "1"})
    static = xr.Dataset(variables, coords=scores.drop_dims("year").coords)
    explained = _explained(static, free, scores, model)
    risen = scores["reference"].values - scores["reference"].values[-1]
    for dimension, group in closing.items():
        left = scores["score"].sel(dimension=dimension).values.astype(np.float64)
        left += risen[:, None] / len(closing)
        left -= explained.get(dimension, 0.0)
        for indicator, values in _carried(group, left, model, here):
            variables[indicator.layer] = (("year", "cell"), values, _attrs(indicator))
    coords = {name: scores.coords[name] for name in ("year", "cell", "x", "y", "spatial_ref")}
    title = "Invented layers, made backwards from scores; no place in them exists"
    return xr.Dataset(dict(sorted(variables.items())), coords=coords, attrs={"title": title})


def _attrs(indicator: Indicator) -> dict[str, str]:
    return {"long_name": indicator.layer.replace("_", " "), "units": indicator.unit}


def _closing(model: Model, dimensions: Sequence[str]) -> dict[str, list[Indicator]]:
    """Return by dimension the indicators that can carry what the others leave, bounded ones first."""
    if set(model.dimensions) != set(dimensions):
        raise UsageError(
            f"synthetic.country: model {model.name!r} has dimensions {', '.join(model.dimensions)}, the country "
            f"has {', '.join(dimensions)}"
        )
    if model.reference.deviations != "own year" or not model.reference.weighted:
        raise UsageError(
            f"synthetic.country: the country's scores are deviations from the own year's dwelling-weighted mean; "
            f"model {model.name!r} takes {model.reference.deviations!r}, {model.reference.rule!r}"
        )
    layers = [indicator.layer for indicator in model.indicators]
    found: dict[str, list[Indicator]] = {code: [] for code in dimensions}
    for indicator in model.canonical:
        if (
            isinstance(indicator.measure, CellValue)
            and layers.count(indicator.layer) == 1
            and model.coefficient(indicator) != 0
        ):
            found[indicator.dimension].append(indicator)
    for code, group in found.items():
        plain = [i for i in group if not any(isinstance(step, Clip) for step in i.transform)]
        found[code] = group = sorted(plain or group, key=_freedom)
        if not group:
            raise UsageError(
                f"synthetic.country: dimension {code!r} of model {model.name!r} has no indicator of a cell's own "
                "value, from which the country's scores could be made"
            )
    return found


def _freedom(indicator: Indicator) -> tuple[float, str]:
    """Return how much room an indicator's bounds leave, in spreads."""
    recipe = recipe_for(indicator)
    room = min(recipe.middle - recipe.low, recipe.high - recipe.middle) / recipe.spread
    return float(room), indicator.name


@dataclass(frozen=True, slots=True)
class _Place:
    """The country as far as layers depend on it."""

    seed: int
    geography: Geography
    scores: xr.Dataset
    smooth: tuple[Smooth, ...]

    def noise(self, name: str) -> Floats:
        """Return noise of its own for a layer: partly smooth, standardised."""
        random = stream(self.seed, f"layer {name}")
        parts = [smooth.field(random) for smooth in self.smooth]
        return _standard(sum(parts, random.standard_normal(self.geography.x.size)))

    def invented(self, indicator: Indicator, sign: float) -> Floats:
        """Return a layer that somewhat resembles the dimension it is to explain."""
        recipe = recipe_for(indicator)
        if recipe.kind == "dwellings":
            return np.rint(self.geography.dwellings * (_ADDRESSES if "address" in indicator.layer else 1.0))
        lasting: Floats = self.scores["score"].sel(dimension=indicator.dimension).isel(year=-1).values
        sign = -sign if isinstance(indicator.measure, DistanceTo) else sign
        mixed = sign * _ALIKE * _standard(lasting) + np.sqrt(1 - _ALIKE**2) * self.noise(indicator.layer)
        if recipe.kind == "field":
            return _shaped(mixed, recipe)
        if recipe.kind == "line":
            return self._along_lines(indicator.layer, recipe.middle)
        return self._facilities(indicator.layer, recipe, mixed)

    def _along_lines(self, name: str, share: float) -> Floats:
        """Return 1 in the cells that winding lines cross, a given share of all, and 0 elsewhere."""
        where = self.geography
        height = np.abs(Smooth(where.x, where.y, 6_000.0).field(stream(self.seed, f"lines {name}")))
        return np.asarray((height <= np.quantile(height, share)).astype(float))

    def _facilities(self, name: str, recipe: Recipe, pull: Floats) -> Floats:
        """Return where facilities are, or how many: more where many live, and where the pull is high."""
        random = stream(self.seed, f"facilities {name}")
        wish = self.geography.dwellings**0.8 * np.exp(0.5 * pull)
        if recipe.kind == "count":
            return random.poisson(recipe.middle * wish / wish.mean()).astype(float)
        count = max(3, round(recipe.middle * wish.size))
        values = np.zeros(wish.size)
        values[random.choice(wish.size, size=count, replace=False, p=wish / wish.sum())] = 1.0
        return values


def _shaped(mixed: Floats, recipe: Recipe) -> Floats:
    """Return standard values in the middle, spread and bounds of a recipe."""
    if recipe.skewed:
        width = np.sqrt(np.log1p((recipe.spread / recipe.middle) ** 2))
        values = recipe.middle * np.exp(width * mixed - width**2 / 2)
    else:
        values = recipe.middle + recipe.spread * mixed
    return np.asarray(np.clip(values, recipe.low, recipe.high))


def _explained(
    layers: xr.Dataset, free: Sequence[Indicator], scores: xr.Dataset, model: Model
) -> dict[str, Floats]:
    """Return by dimension what the invented layers explain of the scores, by the model itself."""
    from leefraster.scoring.score import score

    if not free:
        return {}
    codes = {indicator.dimension for indicator in free}
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    named = {code: name for code, name in model.dimensions.items() if code in codes}
    part = type(model)(**{**fields, "dimensions": named, "indicators": tuple(free)})
    first = layers[free[0].layer].expand_dims(year=[model.reference.year])
    dated = layers.assign({free[0].layer: first})
    found = score(dated, part, dwellings=scores["dwellings"])["score"].isel(year=0)
    return {code: found.sel(dimension=code).values.astype(np.float64) for code in codes}


def _carried(
    group: Sequence[Indicator], left: Floats, model: Model, here: _Place
) -> list[tuple[Indicator, npt.NDArray[np.float32]]]:
    """Share what is left of a dimension's score among its carriers; the last takes what bounds leave."""
    bounds = [_transformed(indicator, recipe_for(indicator), model) for indicator in group]
    reach = np.array(
        [abs(model.coefficient(i)) * b.spread for i, b in zip(group, bounds, strict=True)], dtype=float
    )
    found = []
    for k, (indicator, bound) in enumerate(zip(group, bounds, strict=True)):
        coefficient = model.coefficient(indicator)
        part = left * (reach[k] / reach[k:].sum())
        if k + 1 < len(group):
            part += _NOISE * reach[k] * here.noise(indicator.layer)
            value = np.clip(bound.middle + part / coefficient, bound.low, bound.high)
        else:
            value = bound.middle + part / coefficient
        layer = _inverse(value, indicator, model).astype(np.float32)
        left = left - coefficient * (_forward(layer.astype(np.float64), indicator, model) - bound.middle)
        found.append((indicator, layer))
    return found


def _transformed(indicator: Indicator, recipe: Recipe, model: Model) -> Recipe:
    """Return a recipe in the scale that the coefficient applies to."""
    low, high = recipe.low, recipe.high
    for step in indicator.transform:
        if isinstance(step, Log1p | Sqrt):
            low = max(low, 0.0)
    ends = [_forward(np.array([end]), indicator, model)[0] for end in (low, recipe.middle, high)]
    beside = _forward(np.array([recipe.middle + recipe.spread]), indicator, model)[0]
    return Recipe(float(ends[1]), float(beside - ends[1]), float(ends[0]), float(ends[2]))


def _forward(values: Floats, indicator: Indicator, model: Model) -> Floats:
    """Return the values after the indicator's transform."""
    for step in indicator.transform:
        match step:
            case Log1p():
                values = np.log1p(values)
            case Sqrt():
                values = np.sqrt(values)
            case Clip(lower=lower, upper=upper):
                values = np.clip(values, lower, upper)
            case ZScore(reference=name):
                norm = model.norms[name]
                values = (values - norm.mean[indicator.name]) / norm.deviation[indicator.name]
            case Identity():
                pass
    return values


def _inverse(values: Floats, indicator: Indicator, model: Model) -> Floats:
    """Return the layer whose transform has these values."""
    for step in reversed(indicator.transform):
        match step:
            case Log1p():
                values = np.expm1(values)
            case Sqrt():
                values = np.maximum(values, 0.0) ** 2
            case ZScore(reference=name):
                norm = model.norms[name]
                values = values * norm.deviation[indicator.name] + norm.mean[indicator.name]
            case Clip() | Identity():
                pass
    return values


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / values.std())
