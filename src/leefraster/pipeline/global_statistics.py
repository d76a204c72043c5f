"""The step that measures global autocorrelation: Moran's I of every field of every year."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.pipeline.fields import layers_of, year_fields
from leefraster.pipeline.neighbourhoods import described, local_neighbourhood
from leefraster.pipeline.work import Work
from leefraster.statistics.moran import moran

_VARIABLES = {
    "I": ("moran_I", "Moran's I"),
    "expected": ("moran_expected", "expected value of Moran's I under randomisation"),
    "variance": ("moran_variance", "variance of Moran's I under randomisation"),
    "z": ("moran_z", "standardised Moran's I"),
    "p": ("moran_p", "two-sided p of Moran's I, normal approximation"),
    "n": ("moran_n", "places with a value and a neighbour"),
    "islands": ("moran_islands", "places with a value and no neighbour"),
}
_COUNTS = ("n", "islands")


def measure_global(work: Work) -> None:
    """Add ``moran_I`` and its company over (`year`, `layer`) to the data."""
    neighbourhood = local_neighbourhood(work)
    years, layers = work.data.sizes["year"], layers_of(work.data)
    found: dict[str, npt.NDArray[Any]] = {
        name: np.zeros((years, len(layers)), _type(name)) for name in _VARIABLES
    }
    for position in range(years):
        result = moran(year_fields(work.data, position), neighbourhood)
        for name, values in found.items():
            values[position] = result[name].values
        work.progress.advanced("global statistics", position + 1, years)
    flat = _without_variance(work, found["I"], layers)
    if flat:
        work.notes.append(
            f"No statistics for {flat}: the field is constant, all missing, or has fewer than three values."
        )
    how = described(neighbourhood, work.configuration.statistics.nearest)
    work.data = work.data.assign_coords(layer=layers).assign(
        {
            target: (
                ("year", "layer"),
                found[name],
                {"long_name": long, "units": "1", "method": "lr.moran, row weights", "neighbourhood": how},
            )
            for name, (target, long) in _VARIABLES.items()
        }
    )


def _type(name: str) -> type:
    return np.int64 if name in _COUNTS else np.float64


def _without_variance(work: Work, values: npt.NDArray[Any], layers: list[str]) -> str:
    """Return which fields have no result, in words."""
    years = work.data["year"].values
    return ", ".join(
        f"{layers[layer]} {years[year]}" for year, layer in zip(*np.nonzero(np.isnan(values)), strict=True)
    )
