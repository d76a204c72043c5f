"""The dwellings that national means are weighted by: laid on the cells of the layers, and judged."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr

from leefraster.cells import CELL
from leefraster.errors import INSIDE, InputError, MissingWeightWarning, UsageError
from leefraster.scoring.layers import YEAR, Layers, read_layers
from leefraster.scoring.model import Model


def dwellings_of(given: xr.DataArray | None, layers: Layers, model: Model) -> xr.DataArray | None:
    """Return dwellings over ([year,] cell) of the layers, None where the model does not weigh.

    Raises
    ------
    UsageError
        When the model wants dwellings and there are none.
    InputError
        When they lack a year of the layers.
    """
    if not model.reference.weighted and given is None and "dwellings" not in layers.dataset:
        return None
    if given is None and "dwellings" not in layers.dataset:
        raise UsageError(
            f"model {model.name!r} takes the dwelling-weighted national mean; give dwellings (dwellings=..., or a "
            "layer 'dwellings')"
        )
    if given is None:
        laid = layers.dataset["dwellings"]
    else:
        laid = read_layers({"dwellings": given}).dataset["dwellings"].reindex({CELL: layers.dataset[CELL]})
        if YEAR in laid.dims:
            laid = _years_of(laid, layers)
    return laid


@dataclass(frozen=True, slots=True)
class WeightCounts:
    """How many dwellings are negative or infinite, missing, above 0, and how many there are; parts add up."""

    bad: int
    unknown: int
    positive: int
    all: int

    @classmethod
    def of(cls, weights: xr.DataArray) -> WeightCounts:
        """Count the dwellings of some cells."""
        values = np.asarray(weights.values, dtype=np.float64)
        bad = int((values < 0).sum() + np.isinf(values).sum())
        return cls(bad, int(np.isnan(values).sum()), int((values > 0).sum()), values.size)

    def __add__(self, other: WeightCounts) -> WeightCounts:
        """Return the counts of two parts together."""
        return WeightCounts(
            self.bad + other.bad,
            self.unknown + other.unknown,
            self.positive + other.positive,
            self.all + other.all,
        )

    def judge(self) -> None:
        """Refuse dwellings that cannot be, and warn of those that are not known.

        Raises
        ------
        InputError
            When some are negative or infinite, or there are none.
        """
        if self.bad:
            raise InputError(
                f"dwellings: {self.bad} of {self.all} are negative or infinite; missing ones are NaN"
            )
        if not self.positive:
            raise InputError(
                "dwellings: no cell of the layers has any, so there is no dwelling-weighted mean"
            )
        if self.unknown:
            warnings.warn(
                f"dwellings: {self.unknown} of {self.all} are missing; these cells get scores, but do not count in "
                "the national means",
                MissingWeightWarning,
                skip_file_prefixes=INSIDE,
            )


def _years_of(laid: xr.DataArray, layers: Layers) -> xr.DataArray:
    lacking = [year for year in layers.years if year not in laid[YEAR].values]
    if lacking:
        raise InputError(f"dwellings lack the years {', '.join(map(str, lacking))} of the layers")
    return laid.sel({YEAR: list(layers.years)})
