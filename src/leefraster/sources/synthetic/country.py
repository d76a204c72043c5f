"""The demonstration country as a whole: scores, areas, and the truth about what was planted."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.sources.synthetic.administration import LEVELS, Administration, make_administration, polygons
from leefraster.sources.synthetic.focus import focus_areas
from leefraster.sources.synthetic.geography import FULL, Geography, make_geography
from leefraster.sources.synthetic.planting import Effect, empty_parks, plan, plant
from leefraster.sources.synthetic.scores import (
    DIMENSIONS,
    REFERENCE,
    YEARS,
    natural_course,
)
from leefraster.sources.synthetic.streams import stream
from leefraster.sources.synthetic.urbanity import address_density, urbanity_class
from leefraster.sources.synthetic.window import Discs

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from leefraster.scoring.model import Model

Floats = npt.NDArray[np.floating]

VERSION = "3.0 demonstration"
_PLANTED = 20  # structural clusters in a country of full size
_SMALLEST, _LARGEST = 5_000, 600_000


@dataclass(frozen=True)
class Country:
    """An invented country whose weak places are known.

    Attributes
    ----------
    scores : Dataset
        score(year, dimension, cell) and total(year, cell), float32 deviations from the national mean;
        level(year, cell), reference(year), version(year); dwellings, households, inhabitants, urbanity(cell);
        neighbourhood, district, municipality(cell), codes.
    planted : DataArray of int32
        Label of the planted structural cluster of every cell, 0 = none.
    decoys : DataArray of int32
        Label of the decoy of every cell, 0 = none.
    decoy_table : DataFrame
        label, kind: "transient" (weak in three or four years), "recovered" (weak in the first six or seven
        years), "business park" (very low, nearly no dwellings), "cold but satisfactory" (class 5 or 6 on
        the whole, well below its surroundings).
    """

    scores: xr.Dataset
    planted: xr.DataArray
    decoys: xr.DataArray
    decoy_table: pd.DataFrame
    _seed: int = field(repr=False)
    _geography: Geography = field(repr=False)
    _administration: Administration = field(repr=False)
    _effects: list[Effect] = field(repr=False)

    def layers(self, model: Model | None = None) -> xr.Dataset:
        """Return invented indicator layers that a model scores as the country is scored; made when asked for.

        Most layers are made from geography and noise; a few in each dimension, which the model takes cell by cell,
        carry what those leave of the score, so that the scores come out as `scores` to about 1e-6 (less where a
        carrier meets its bounds).

        Parameters
        ----------
        model : Model or None
            The model; None takes the shipped illustrative one.

        Returns
        -------
        Dataset
            One variable a layer, over (`cell`,) or (`year`, `cell`), float32, with `units`.

        Raises
        ------
        UsageError
            When the model's dimensions or reference rule are not the country's, or a dimension has no indicator of
            a cell's own value.
        """
        from leefraster.scoring.model import Model
        from leefraster.sources.synthetic.indicators import indicator_layers

        return indicator_layers(self._seed, self._geography, self.scores, model or Model.shipped())

    @cached_property
    def areas(self) -> gpd.GeoDataFrame:
        """Polygons of all areas: code, name, level, geometry; each level partitions the land.

        Drawn when first asked for.
        """
        return polygons(self._administration, self._geography)

    @cached_property
    def focus_areas(self) -> gpd.GeoDataFrame:
        """Given programme areas: code, name, geometry; most overlap a planted cluster, some do not."""
        return focus_areas(self._seed, self._geography, self._effects)


def country(
    seed: int = 0,
    *,
    cells: int = FULL,
    n_planted: int | None = None,
    planted_gap: float = 0.15,
    planted_dwellings: tuple[float, float] = (450.0, 6_000.0),
    planted_years: int = len(YEARS),
) -> Country:
    """Generate an invented country with planted structural clusters; the same arguments give the same bytes.

    Parameters
    ----------
    seed : int
        Which country; at least 0.
    cells : int
        Number of inhabited cells of 100 m. Fewer make a smaller country of the same make.
    n_planted : int, optional
        Number of structurally weak clusters; by default 20 in 380,000 cells, and in proportion (at least 2).
    planted_gap : float
        How far a cluster's dwelling-weighted mean level lies below the upper cut of class 4 in its best
        year. One class is 0.1175 wide.
    planted_dwellings : tuple of float
        Smallest and largest size of a cluster, in dwellings; sizes are drawn evenly on a logarithmic scale.
    planted_years : int
        In how many measurements a cluster is weak: the latest ones, 1 to 9. Before, its mean total is about
        -.03, a level of .1 to .13 above that cut.

    Returns
    -------
    Country
        Scores, areas and the truth.

    Raises
    ------
    UsageError
        When an argument is out of range, or the clusters do not fit into the country.

    Notes
    -----
    Standard deviations and correlations of the dimensions are those measured on the published
    neighbourhoods of 2024. Geography, names, codes and every single score are invented.

    Examples
    --------
    >>> from leefraster.sources import synthetic
    >>> small = synthetic.country(seed=1, cells=20_000)
    >>> small.scores.sizes["cell"], small.scores.sizes["year"], int(small.planted.max())
    (20000, 9, 2)
    """
    _check(seed, cells, n_planted, planted_gap, planted_dwellings, planted_years)
    count = n_planted if n_planted is not None else max(2, round(_PLANTED * cells / FULL))
    geography = make_geography(seed, cells)
    discs = Discs(geography.grid, geography.cells)
    effects = plan(seed, geography, discs, count, planted_gap, planted_dwellings, planted_years)
    empty_parks(effects, geography.dwellings, seed)
    administration = make_administration(seed, geography)
    scores = _scores(seed, geography, administration, discs, effects)
    planted = [effect for effect in effects if effect.kind == "structural"]
    decoys = [effect for effect in effects if effect.kind != "structural"]
    return Country(
        scores=scores,
        planted=_labels(scores, planted, "planted", "label of the planted structural cluster, 0 = none"),
        decoys=_labels(scores, decoys, "decoys", "label of the decoy, 0 = none"),
        decoy_table=_decoy_table(decoys),
        _seed=seed,
        _geography=geography,
        _administration=administration,
        _effects=effects,
    )


def _check(
    seed: int, cells: int, n_planted: int | None, gap: float, dwellings: tuple[float, float], years: int
) -> None:
    """Refuse arguments out of range."""
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise UsageError(f"synthetic.country: seed is {seed!r}, it must be a whole number of at least 0")
    if not _SMALLEST <= cells <= _LARGEST:
        raise UsageError(f"synthetic.country: cells is {cells}, it must lie in {_SMALLEST:,} to {_LARGEST:,}")
    if n_planted is not None and n_planted < 0:
        raise UsageError(f"synthetic.country: n_planted is {n_planted}, it must be at least 0")
    if not -0.2 <= gap <= 0.5:
        raise UsageError(f"synthetic.country: planted_gap is {gap}, it must lie in -0.2 to 0.5 (level)")
    if not 20 <= dwellings[0] <= dwellings[1]:
        raise UsageError(
            f"synthetic.country: planted_dwellings is {dwellings}, it must be (smallest, largest), at least 20"
        )
    if not isinstance(years, numbers.Integral) or not 1 <= years <= len(YEARS):
        raise UsageError(
            f"synthetic.country: planted_years is {years!r}, it must be a whole number of 1 to {len(YEARS)} "
            "measurements"
        )


def _scores(
    seed: int, geography: Geography, administration: Administration, discs: Discs, effects: list[Effect]
) -> xr.Dataset:
    """Return the Scores Dataset."""
    import xarray as xr

    from leefraster.cells import cell_coordinates

    density = address_density(discs, geography.dwellings)
    score = _score(seed, geography, discs, density, effects)
    total = score.sum(axis=1, dtype=np.float64).astype(np.float32)
    level = (total.astype(np.float64) + np.array(REFERENCE)[:, None]).astype(np.float32)
    fields: dict[str, Any] = {
        "score": (("year", "dimension", "cell"), score, _said("contribution to the total", "1")),
        "total": (("year", "cell"), total, _said("deviation from the national mean", "1")),
        "level": (("year", "cell"), level, _said("absolute level", "1")),
        "reference": ("year", np.array(REFERENCE), _said("national mean, weighted by dwellings", "1")),
        "urbanity": (
            "cell",
            urbanity_class(density).astype(np.float32),
            _said("urbanity, 1 (2,500 addresses per km2 or more) to 5 (fewer than 500)", "class"),
        ),
        **_people(seed, geography.dwellings),
        **{
            level: ("cell", administration.cell_codes(level), _said(f"code of the {level}", ""))
            for level in LEVELS
        },
    }
    coords = {
        "year": np.array(YEARS, dtype=np.int64),
        "dimension": np.array(DIMENSIONS),
        "version": ("year", np.array([VERSION] * len(YEARS)), _said("version of the model", "")),
        **cell_coordinates(geography.grid, geography.cells),
    }
    title = "Invented demonstration country; not official, no place in it exists"
    return xr.Dataset(fields, coords=coords, attrs={"title": title, "seed": int(seed)})


def _score(
    seed: int, geography: Geography, discs: Discs, density: Floats, effects: list[Effect]
) -> npt.NDArray[np.float32]:
    """Return the scores (year, dimension, cell): natural course, then what is planted."""
    score = np.empty((len(YEARS), len(DIMENSIONS), geography.cells.size), dtype=np.float32)
    for year, now in enumerate(natural_course(seed, geography, discs, density)):
        plant(effects, now, geography.dwellings, year)
        score[year] = now
    return score


def _people(seed: int, dwellings: Floats) -> dict[str, Any]:
    """Return dwellings, households and inhabitants per cell."""
    random = stream(seed, "people")
    households = np.maximum(1.0, np.rint(dwellings * random.uniform(0.92, 1.0, dwellings.size)))
    inhabitants = np.maximum(households, np.rint(households * random.gamma(22, 0.1, dwellings.size)))
    return {
        "dwellings": ("cell", dwellings.copy(), _said("dwellings", "count")),
        "households": ("cell", households, _said("households", "count")),
        "inhabitants": ("cell", inhabitants, _said("inhabitants", "count")),
    }


def _labels(scores: xr.Dataset, effects: list[Effect], name: str, said: str) -> xr.DataArray:
    import xarray as xr

    labels = np.zeros(scores.sizes["cell"], dtype=np.int32)
    for label, effect in enumerate(effects, start=1):
        labels[effect.site.cells] = label
    coords = {key: scores.coords[key] for key in ("cell", "x", "y", "spatial_ref")}
    return xr.DataArray(labels, dims="cell", coords=coords, name=name, attrs=_said(said, ""))


def _decoy_table(decoys: list[Effect]) -> pd.DataFrame:
    import pandas as pd

    labels = np.arange(1, len(decoys) + 1, dtype=np.int32)
    return pd.DataFrame({"label": labels, "kind": [effect.kind for effect in decoys]})


def _said(long_name: str, units: str) -> dict[str, str]:
    return {"long_name": long_name, "units": units}
