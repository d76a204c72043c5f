"""Scores from indicators: the contributions of the dimensions, their total, and where they come from."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, to_raster
from leefraster.errors import INSIDE, InputError, LeefrasterWarning
from leefraster.lazy import between_series, lazily
from leefraster.scoring.engine import Engine, OneYear, Part, require_model
from leefraster.scoring.layers import YEAR, Layers, read_layers
from leefraster.scoring.model import Model
from leefraster.scoring.tally import Tally
from leefraster.scoring.weights import WeightCounts, dwellings_of

Floats = npt.NDArray[np.float64]


def _over_cells(arguments: dict[str, Any]) -> Callable[[Any], Any]:
    """Bring lazy layers onto sorted cells; return what brings scores back to the raster they came from."""
    raster = _is_raster(arguments["layers"])
    arguments["model"] = require_model(arguments["model"])
    arguments["layers"] = read_layers(arguments["layers"]).dataset
    return to_raster if raster else lambda scores: scores


def _named_by(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return (*arguments["model"].layers, "dwellings")


@lazily(
    between_series,
    together=True,
    prepare=_over_cells,
    reads=_named_by,
    constant=("dimension_name", "indicator_dimension", "coefficient"),
)
def score(
    layers: xr.Dataset | Mapping[str, xr.DataArray],
    model: Model | str | Path,
    *,
    dwellings: xr.DataArray | None = None,
    explain: bool = False,
) -> xr.Dataset:
    """Apply a model to its layers: contributions of the dimensions, total, and level where it is known.

    The contribution of indicator k in a year is ``coefficient_k x (value_k - mean_k)``: value is the measure
    after its transform, mean the national mean of the value by the model's rule. A dimension's score is the sum
    over its indicators, the total the sum of the dimensions: a deviation from the national mean.

    Parameters
    ----------
    layers : Dataset, or mapping of str to DataArray
        One variable a layer, over ([`year`,] `cell`) or ([`year`,] `y`, `x`); a layer without `year` serves all
        years. NaN is missing. Variables that the model does not name are left alone. With dask arrays the scores
        are lazy, and take one task over all years.
    model : Model or path
        The model, or its TOML file.
    dwellings : DataArray or None
        Dwellings per cell, ([`year`,] `cell`), matched by label; None takes the layer ``dwellings``. Cells
        without dwellings are scored, but do not count in the means.
    explain : bool
        Whether to return the contribution of every indicator to every cell as well: one field of 8 bytes a
        cell, year and indicator.

    Returns
    -------
    Dataset
        `score` ([year,] dimension, cell), `total` ([year,] cell), float64, in units of the score; where the model
        gives a level or constant `level` ([year,] cell) and `reference` ([year]), the national mean level;
        `replaced` ([year,] cell), the number of missing indicators that count at their mean; `mean` ([year,]
        indicator), the mean that each indicator's deviation is taken from; `missing` ([year,] indicator), cells
        without it; `dwellings` as given; with `explain` `contribution` ([year,] indicator, cell). Indicators are
        sorted by name.

    Raises
    ------
    UsageError
        When the model names a layer that is not there, dwellings are wanted and absent, or the reference year is
        not among the years and is needed.
    InputError
        When layers lie on different grids, a unit is not the model's, a value is infinite, negative where a
        logarithm or root is taken, or so large that the sum of all is beyond the largest float; when a sum of
        coefficient x value, of coefficient x mean, a mean or (with `explain`) a contribution is beyond 1e300, or a
        value that is summed over cells beyond 1e150; when an indicator is missing on more cells than its rule
        allows.

    Warns
    -----
    LeefrasterWarning
        Once, with counts: indicators missing on more cells than their rule allows, where it says "warn".
    MissingWeightWarning
        Once: cells with layers but no dwellings.

    Notes
    -----
    The means are taken over the cells that have a total, so that its weighted mean is 0 in every year (in the
    reference year, when the model measures deviations from there). Indicators are added in order of their names
    and in blocks of fixed size: a model with its indicators in another order, or another number of threads, gives
    the same bytes. The total is the sum of its contributions to about 1e-12.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from leefraster.scoring.model import Model
    >>> model = Model.parse('''
    ... name = "example"
    ... version = "1"
    ... provenance = "invented"
    ... licence = "CC0-1.0"
    ... reference = { year = 2024, level = 4.1 }
    ... dimensions = { onv = "nuisance" }
    ... indicators = [{ name = "noise", unit = "dB", dimension = "onv", coefficient = -0.01 }]
    ... ''')
    >>> noise = xr.DataArray([[50.0, 60.0]], dims=("y", "x"), coords={"y": [50.0], "x": [50.0, 150.0]})
    >>> scores = score({"noise": noise}, model, dwellings=noise * 0 + [[30, 10]])
    >>> scores["total"].values.round(3).tolist(), scores["level"].values.round(3).tolist()
    ([[0.025, -0.075]], [[4.125, 4.025]])
    """
    return Scoring.of(layers, model, dwellings).dataset(explain)


@dataclass(eq=False)
class Scoring:
    """A model, its layers and weights, checked; years are worked on one at a time."""

    engine: Engine
    weights: xr.DataArray | None
    raster: bool
    tallies: Sequence[Tally] | None = None
    _short: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, layers: Any, model: Any, dwellings: xr.DataArray | None) -> Scoring:
        """Check what `score` is given."""
        checked, found = require_model(model), read_layers(layers)
        engine = Engine(checked, found)
        weights = dwellings_of(dwellings, found, checked)
        if weights is not None:
            WeightCounts.of(weights).judge()
        made = cls(engine, weights, _is_raster(layers))
        made.reference_position()
        return made

    @classmethod
    def of_band(
        cls, layers: xr.Dataset, model: Model, part: Part, tallies: Sequence[Tally] | None = None
    ) -> Scoring:
        """Check the layers of a band and its halo; dwellings and what is missing are judged for all bands at once.

        Parameters
        ----------
        layers, model
            As for `score`, the layers over cells.
        part : Part
            Which cells are the band's own.
        tallies : sequence of Tally or None
            By year, that of all bands; without, there is no more than a pass.
        """
        found = read_layers(layers)
        weights = dwellings_of(None, found, model)
        own = None if weights is None else weights.isel({CELL: part.core})
        made = cls(Engine(model, found, part), own, raster=False, tallies=tallies)
        made.reference_position()
        return made

    @property
    def model(self) -> Model:
        """The model."""
        return self.engine.model

    @property
    def layers(self) -> Layers:
        """Its layers."""
        return self.engine.layers

    def reference_position(self) -> int | None:
        """Return the position of the reference year, None where it is not needed.

        Raises
        ------
        InputError
            When it is needed and the layers do not have it.
        """
        rule, years = self.model.reference, self.layers.years
        if rule.deviations == "own year" and rule.level is None:
            return None
        if years == (None,):
            return 0
        if rule.year not in years:
            wanted = "deviations" if rule.deviations == "reference year" else "levels"
            raise InputError(
                f"model {self.model.name!r} measures {wanted} from its reference year {rule.year}, which the "
                f"layers do not have; they have {', '.join(map(str, years))}. Add that year to the layers"
            )
        return years.index(rule.year)

    def weights_of(self, year: int) -> Floats:
        """Return the weights of the cells in the means; 0 for none."""
        if self.weights is None:
            return np.ones(self.engine.cells)
        one = self.weights.isel({YEAR: year}) if YEAR in self.weights.dims else self.weights
        return np.nan_to_num(np.asarray(one.values, dtype=np.float64))

    def one_year(self, year: int) -> OneYear:
        """Run the model over a year, and see to what is missing."""
        if self.tallies is not None:
            return self.engine.one_year(year, self.weights_of(year), self.tallies[year])
        one = self.engine.one_year(year, self.weights_of(year))
        self._judge_missing(one.means, one.missing, year)
        return one

    def judge(self, tally: Tally, year: int) -> None:
        """Refuse what a year's tally says, or take it down for a warning.

        Raises
        ------
        InputError
            As `score` does.
        """
        self.engine.refuse(tally, year)
        self._judge_missing(tally.means, tally.missing, year)

    def _judge_missing(self, means: Floats, missing: npt.NDArray[np.int64], year: int) -> None:
        cells = max(self.engine.part.cells, 1)
        label = self.layers.years[year]
        when = "" if label is None else f" in {label}"
        for k, indicator in enumerate(self.model.canonical):
            rule, share = self.model.rule_for(indicator), missing[k] / cells
            if share > rule.most:
                said = (
                    f"{indicator.name} on {missing[k]} of {cells} cells ({share:.1%}{when}; "
                    f"at most {rule.most:.1%})"
                )
                if rule.beyond == "refuse":
                    raise InputError(
                        f"model {self.model.name!r}: indicator missing on more cells than its rule allows: {said}. "
                        "Complete the layer, or change the indicator's missing rule in the model"
                    )
                self._short.setdefault(indicator.name, []).append(said)
            counted = not np.isnan(
                means
            ).all()  # else no cell has a total: all is missing, by other indicators
            if counted and np.isnan(means[k]) and rule.then == "national mean":
                raise InputError(
                    f"indicator {indicator.name!r}{when} has no value on any cell that counts, so it has no "
                    "national mean to take its place; complete the layer, or let it make the score missing"
                )

    def warn(self) -> None:
        """Give the warnings that were gathered, one for all."""
        if self._short:
            said = [line for lines in self._short.values() for line in lines]
            shown = "; ".join(said[:6]) + (f"; and {len(said) - 6} more" if len(said) > 6 else "")
            warnings.warn(
                f"indicators missing on more cells than their rule: {shown}",
                LeefrasterWarning,
                skip_file_prefixes=INSIDE,
            )

    def dataset(self, explain: bool) -> xr.Dataset:
        """Work through the years, and put the results on their labels."""
        results, position = _Results(self, explain), self.reference_position()
        own = self.model.reference.deviations == "own year"
        centre: Floats | None = None
        # the reference year comes first, and no year is held longer than it takes
        for year in sorted(range(len(self.layers.years)), key=lambda y: y != position):
            one = self.one_year(year)
            centre = one.means if own or centre is None else centre
            results.put(year, one, centre)
            del one
        self.warn()
        made = results.dataset(None if position is None else results.mean[position])
        return to_raster(made) if self.raster else made


class _Results:
    """The result variables of all years."""

    def __init__(self, scoring: Scoring, explain: bool) -> None:
        self._scoring = scoring
        model, layers = scoring.model, scoring.layers
        years, cells = len(layers.years), scoring.engine.cells
        self.score = np.empty((years, len(model.dimensions), cells))
        self.total = np.empty((years, cells))
        self.replaced = np.empty((years, cells), np.int16)
        self.mean = np.empty((years, len(model.indicators)))
        self.missing = np.empty(self.mean.shape, np.int64)
        self.contribution = np.empty((years, len(model.indicators), cells)) if explain else None

    def put(self, year: int, one: OneYear, centre: Floats) -> None:
        """Keep a year."""
        self._scoring.engine.take_off(one, centre)
        self.score[year] = one.scores
        self.total[year] = self._total(self.score[year])
        self.replaced[year], self.missing[year] = one.gaps, one.missing
        self.mean[year] = centre
        if self.contribution is not None:
            step = 65_536
            for begin in range(0, self.total.shape[1], step):
                part = slice(begin, begin + step)
                self.contribution[year][:, part] = self._scoring.engine.contributions(one, centre, part)

    def _total(self, scores: Floats) -> Floats:
        """Add the dimensions in order of their codes, so that the model's order of them does not matter."""
        order = np.argsort(np.array(list(self._scoring.model.dimensions)))
        total: Floats = scores[order[0]].copy()
        for d in order[1:]:
            total += scores[d]
        return total

    def reference(self, reference_means: Floats | None) -> Floats | None:
        """Return the national mean level of each year, None where the model gives no level."""
        rule, coefficients = self._scoring.model.reference, self._scoring.engine.program.coefficients
        if rule.constant is not None:
            return rule.constant + np.array([np.add.reduce(m * coefficients) for m in self.mean])
        if rule.level is None or reference_means is None:
            return None
        return rule.level + np.array([np.add.reduce((m - reference_means) * coefficients) for m in self.mean])

    def dataset(self, reference_means: Floats | None) -> xr.Dataset:
        """Return everything on labels."""
        model, layers = self._scoring.model, self._scoring.layers
        data: dict[str, Any] = {
            "score": (
                (YEAR, "dimension", CELL),
                self.score,
                _said("contribution of the dimension to the total", "score"),
            ),
            "total": ((YEAR, CELL), self.total, _said("deviation from the national mean", "score")),
            "replaced": ((YEAR, CELL), self.replaced, _said("missing indicators counted at their mean", "1")),
            "mean": (
                (YEAR, "indicator"),
                self.mean,
                _said("mean that deviations of the indicator are taken from", ""),
            ),
            "missing": ((YEAR, "indicator"), self.missing, _said("cells without the indicator", "1")),
        }
        reference = self.reference(reference_means)
        if reference is not None:
            level = self.total + reference[:, None]
            data["reference"] = ((YEAR,), reference, _said("national mean level", "score"))
            data["level"] = ((YEAR, CELL), level, _said("absolute level", "score"))
        if self.contribution is not None:
            data["contribution"] = (
                (YEAR, "indicator", CELL),
                self.contribution,
                _said("contribution of the indicator to the total", "score"),
            )
        made = xr.Dataset(data, coords=self._coords(), attrs=_about(model))
        if not layers.dated:
            made = made.isel({YEAR: 0})
        if self._scoring.weights is not None:
            made["dwellings"] = self._scoring.weights.variable
        return made

    def _coords(self) -> dict[str, Any]:
        model, layers = self._scoring.model, self._scoring.layers
        years = {YEAR: list(layers.years)} if layers.years != (None,) else {}
        core = {CELL: self._scoring.engine.part.core}
        places = {name: v.isel(core, missing_dims="ignore") for name, v in layers.places.items()}
        version = np.array([model.version] * len(layers.years))
        return {
            **places,
            **years,
            "version": ((YEAR,), version, _said("version of the model", "")),
            "dimension": list(model.dimensions),
            "dimension_name": ("dimension", list(model.dimensions.values())),
            "indicator": [i.name for i in model.canonical],
            "indicator_dimension": ("indicator", [i.dimension for i in model.canonical]),
            "coefficient": ("indicator", self._scoring.engine.program.coefficients),
        }


def _is_raster(layers: xr.Dataset | Mapping[str, xr.DataArray]) -> bool:
    if isinstance(layers, xr.Dataset):
        return CELL not in layers.dims
    return all(CELL not in layer.dims for layer in layers.values())


def _said(long_name: str, units: str) -> dict[str, str]:
    return {"long_name": long_name, **({"units": units} if units else {})}


def _about(model: Model) -> dict[str, Any]:
    from importlib.metadata import version

    rule = model.reference
    return {
        "title": f"Scores by the model {model.name}, version {model.version}"
        + ("" if model.official else "; not official"),
        "model": model.name,
        "model_version": model.version,
        "official": int(model.official),
        "provenance": model.provenance,
        "licence": model.licence,
        "reference_year": rule.year,
        "reference_rule": rule.rule,
        "deviations": rule.deviations,
        "leefraster_version": version("leefraster"),
    }
