"""All that `leefraster warmup` calls so that kernels are compiled, in one place.

Kernels are compiled for the types that they are called with, so the surest way is to call what users call, on a
small invented country. A new kernel needs a call here when nothing here reaches it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from leefraster.areas.aggregate import aggregate
from leefraster.areas.areas import Areas
from leefraster.cells import from_raster
from leefraster.changes.change import change
from leefraster.changes.emerging import emerging_hotspots
from leefraster.changes.transitions import lisa_transitions, spatial_markov
from leefraster.changes.trend import trend
from leefraster.clusters.track import track_clusters
from leefraster.neighbourhood import Neighbourhood
from leefraster.scoring.decay import decay_sum
from leefraster.scoring.focal import density, focal_mean, focal_sum
from leefraster.scoring.model import Model
from leefraster.scoring.reach import count_within, distance_to
from leefraster.scoring.urbanity import urbanity
from leefraster.statistics.correlogram import correlogram
from leefraster.statistics.geary import geary
from leefraster.statistics.getis_ord import getis_ord
from leefraster.statistics.getis_ord_general import getis_ord_general
from leefraster.statistics.join_count import join_count
from leefraster.statistics.local_geary import local_geary
from leefraster.statistics.local_join_count import local_join_count
from leefraster.statistics.local_moran import local_moran
from leefraster.statistics.moran import moran
from leefraster.statistics.neighbourhood_share import neighbourhood_share
from leefraster.statistics.null_distribution import null_distribution
from leefraster.statistics.scale_sensitivity import scale_sensitivity

if TYPE_CHECKING:
    import xarray as xr
    from libpysal.graph import Graph

    from leefraster.inference.tails import Inference
    from leefraster.sources.synthetic.country import Country

_CELLS = 5_000
_IN_FIELD = 120
_FEW = 19  # permutations
_ALPHA = 0.2

Call = Callable[["Made"], object]


class Made:
    """A small invented country, made when first asked for, and fields of it."""

    @cached_property
    def country(self) -> Country:
        """The country."""
        from leefraster.sources import synthetic

        return synthetic.country(cells=_CELLS)

    @cached_property
    def series(self) -> xr.DataArray:
        """Level of all years in a few cells, since inversion takes its time."""
        return self.country.scores["level"].isel(cell=slice(0, _IN_FIELD))

    @cached_property
    def field(self) -> xr.DataArray:
        """Level of the latest year."""
        return self.series.isel(year=-1, drop=True)

    @cached_property
    def other(self) -> xr.DataArray:
        """Level of the first year, for bivariate statistics."""
        return self.series.isel(year=0, drop=True)

    @cached_property
    def marked(self) -> xr.DataArray:
        """1 for the lower half of the cells, else 0."""
        return (self.field < self.field.median()).astype(float)

    @cached_property
    def dwellings(self) -> xr.DataArray:
        """Dwellings."""
        return self.country.scores["dwellings"].isel(cell=slice(0, _IN_FIELD))

    @cached_property
    def areas(self) -> Areas:
        """Neighbourhoods, as areas."""
        return Areas.from_geopandas(self.country.areas, code="code", name="name", level="level").at(
            "neighbourhood"
        )

    @cached_property
    def graph(self) -> Graph:
        """Who is whose neighbour among them."""
        return self.areas.graph("queen")

    @cached_property
    def values(self) -> xr.DataArray:
        """Mean level of each."""
        return self.area_values["level"]

    @cached_property
    def marked_areas(self) -> xr.DataArray:
        """1 for the lower half of them, else 0."""
        return (self.values < self.values.median()).astype(float)

    @cached_property
    def area_values(self) -> xr.Dataset:
        """Mean levels of areas."""
        latest = self.country.scores[["level", "total", "dwellings"]].isel(year=-1, drop=True)
        found: xr.Dataset = aggregate(latest, self.areas, weight="dwellings")
        return found


def _run_of_scores(made: Made) -> None:
    from leefraster.pipeline.work import Work

    work = Work(_configuration(with_model=False))
    work.data, work.planted = made.country.scores, made.country.planted
    _steps(work)


def _run_of_indicators(made: Made) -> None:
    from leefraster.pipeline.work import Work

    found = _indicators(made)
    work = Work(_configuration(with_model=True))
    work.data, work.read, work.model, work.focus = found.dataset, found, found.model, found.focus
    work.planted = made.country.planted
    _steps(work, but="cross-check with esda")


def _score(made: Made) -> None:
    from leefraster.sources.assemble import with_scores

    with_scores(_indicators(made), _configuration(with_model=True))


def _configuration(*, with_model: bool) -> Any:
    from leefraster.config import Configuration

    made = Configuration.demonstration()
    few = made.structural.model_copy(update={"recomputations": 2})
    return made.model_copy(update={"structural": few} | ({} if with_model else {"model": None}))


def _indicators(made: Made) -> Any:
    from leefraster.sources.assemble import Assembled

    model = Model.shipped()
    scores = made.country.scores
    focus = Areas.from_geopandas(made.country.focus_areas, code="code", name="name", level="focus area")
    joined = scores.drop_vars(["score", "total", "level", "version"]).drop_dims("dimension")
    return Assembled(joined, layers=made.country.layers(model), model=model, focus=focus)


def _steps(work: Any, *, but: str = "") -> None:
    """Take all steps of a run between reading and writing, but one."""
    from leefraster.pipeline.analysis import steps
    from leefraster.pipeline.work import Skipped

    for name, step in steps(work.configuration)[1:]:
        if name != but:
            with contextlib.suppress(Skipped):
                step(work)


def _analyse_areas(made: Made) -> None:
    from leefraster.areas.analysis import analyse_areas

    analyse_areas(made.area_values[["level"]], made.graph)


def _neighbourhoods(inference: str = "normal") -> list[Neighbourhood]:
    """Return one neighbourhood of each kind that an inference allows."""
    of = Neighbourhood
    equal = [of.queen(), of.disc(300.0)]
    return equal if inference in ("exact", "saddlepoint") else [*equal, of.decay(200.0, cutoff=300.0)]


def _local(made: Made, function: Callable[..., object], *inferences: str, **options: Any) -> None:
    """Call a local statistic with every kind of neighbourhood and inference, of cells and of areas."""
    fields = (made.marked, made.marked_areas) if function is local_join_count else (made.field, made.values)
    for inference in inferences:
        for neighbourhood in _neighbourhoods(inference):
            function(fields[0], neighbourhood, inference=inference, permutations=_FEW, **options)
        function(fields[1], made.graph, inference=inference, permutations=_FEW)


def _local_moran(made: Made) -> None:
    _local(made, local_moran, "exact", "inversion", "normal", "permutation")
    of = Neighbourhood
    queen, decay = of.queen(), of.decay(200.0, cutoff=300.0)
    inferences: tuple[Inference, ...] = ("inversion", "normal", "permutation")
    for inference, neighbourhood in product(inferences, (queen, decay)):
        local_moran(made.field, neighbourhood, other=made.other, inference=inference, permutations=_FEW)
    local_moran(made.field, queen, other=made.other, alternative="less")
    local_moran(made.field, queen, weights=made.dwellings, weighting="binary")
    local_moran(made.series, queen, family="all")


def _getis_ord(made: Made) -> None:
    _local(made, getis_ord, "exact", "inversion", "normal", "permutation")
    getis_ord(made.field, Neighbourhood.queen(), star=False, weights=made.dwellings, weighting="binary")


def _local_geary(made: Made) -> None:
    _local(made, local_geary, "saddlepoint", "normal", "permutation")


def _local_join_count(made: Made) -> None:
    _local(made, local_join_count, "exact", "inversion", "normal", "permutation")


def _global(function: Callable[..., object], field: str, **options: Any) -> Call:
    """Return a call of a global statistic, of cells and of areas."""

    def call(made: Made) -> None:
        of_cells, of_areas = getattr(made, field), made.marked_areas if field == "marked" else made.values
        for inference in ("normal", "permutation"):
            for neighbourhood in _neighbourhoods():
                function(of_cells, neighbourhood, inference=inference, permutations=_FEW, **options)
            function(of_areas, made.graph, inference=inference, permutations=_FEW)

    return call


def _bivariate(made: Made) -> None:
    for inference in ("normal", "permutation"):
        moran(made.field, Neighbourhood.queen(), other=made.other, inference=inference, permutations=_FEW)


def _correlogram(made: Made) -> None:
    correlogram(made.field, [500.0, 1_000.0])


def _null_distribution(made: Made) -> None:
    around = focal_sum(made.dwellings * 0 + 1, 300.0)
    cell = int(around["cell"].values[around.values.argmax()])
    for statistic in ("local_moran", "getis_ord"):
        null_distribution(made.field, Neighbourhood.disc(300.0), cell, statistic=statistic, points=10)


def _neighbourhood_share(made: Made) -> None:
    for neighbourhood in _neighbourhoods():
        neighbourhood_share(made.marked, neighbourhood)


def _scale_sensitivity(made: Made) -> None:
    for statistic in ("moran", "geary", "local_moran", "getis_ord"):
        scale_sensitivity(made.field, statistic=statistic, weights=made.dwellings, offsets=False)


def _around(made: Made) -> None:
    for field in (made.series, made.dwellings):
        focal_sum(field, 500.0)
        focal_mean(field, 500.0, made.dwellings)
        focal_mean(field, 500.0)
        density(field, 500.0)
        decay_sum(field, 300.0, "bisquare")
    points = _points(made)
    count_within(points, 1_000.0, like=made.field)
    distance_to(points, like=made.field)
    distance_to(made.marked)
    urbanity(made.dwellings)
    urbanity(points, like=made.field)


def _points(made: Made) -> Any:
    import numpy as np

    return np.column_stack([made.field["x"], made.field["y"]])


def _in_parts(_: Made) -> None:
    """Compute fields so large that threads share their places: these use the builds for one thread."""
    import numpy as np
    import xarray as xr

    axis = (np.arange(160) + 0.5) * 100.0
    values = np.add.outer(axis, axis) + np.random.default_rng(0).normal(size=(160, 160))
    values[::7, ::3] = np.nan
    field = xr.DataArray(values, {"y": axis[::-1], "x": axis}, ("y", "x"))
    for one in (field, field.clip(min=9_000.0)):  # also with many values at a bound
        local_moran(one, Neighbourhood.queen())
        getis_ord(one, Neighbourhood.queen())
        getis_ord(one, Neighbourhood.queen(), star=False)


def _special(_: Made) -> None:
    """Reach what only fields of a certain make need: full, tiny or with few values, and given or wide weights."""
    import numpy as np
    import xarray as xr

    of = Neighbourhood
    axis = (np.arange(24) + 0.5) * 100.0
    full = xr.DataArray(
        np.random.default_rng(0).normal(size=(24, 24)), {"y": axis[::-1], "x": axis}, ("y", "x")
    )
    focal_sum(full, 300.0)
    local_geary((full > 0).astype(float), of.queen())
    tiny = full[:3, :4]
    local_geary(tiny, of.queen())
    local_moran(tiny, of.decay(100.0, cutoff=150.0), inference="inversion")
    cells = from_raster(full - full.min())
    graph = of.decay(200.0, cutoff=300.0).graph(cells)
    for given in (moran, geary, getis_ord_general):
        given(cells, graph, weighting="given")
    local_moran(cells, graph, weighting="given", inference="normal")
    getis_ord(full, of.decay(500.0, cutoff=1_000.0), inference="inversion")


def _time(made: Made) -> None:
    trend(made.series)
    change(made.country.scores, 2014, 2024)
    emerging_hotspots(made.series, Neighbourhood.queen())
    even = made.series.sel(year=slice(2012, None))
    lisa_transitions(even, Neighbourhood.queen(), types="cluster", alpha=_ALPHA)
    spatial_markov(even, Neighbourhood.queen())
    track_clusters((made.series < 4.0).astype(int))


def _bands(made: Made) -> None:
    """Work through fields and panels band by band, as through those larger than memory; rows of a continent."""
    from leefraster.bands import (
        Arrays,
        BandedField,
        BandedPanel,
        components_by_band,
        getis_ord_by_band,
        local_moran_by_band,
    )
    from leefraster.cells import grid_of
    from leefraster.changes.by_band import trend_by_band
    from leefraster.changes.emerging_by_band import emerging_hotspots_by_band
    from leefraster.clusters.by_band import structural_clusters_by_band
    from leefraster.sources.synthetic import continent

    nothing, queen, few = Arrays({}), Neighbourhood.queen(), _IN_FIELD // 3
    land = continent(_CELLS)
    ids, values = land.rows(0, land.grid.ny)
    for field in (
        BandedField.of(ids, values, land.grid),
        BandedField.of(ids, values.astype(float), land.grid),
    ):
        local_moran_by_band(field, queen, nothing, cells=ids.size // 3)
        getis_ord_by_band(field, queen, nothing, cells=ids.size // 3)
        getis_ord_by_band(field, queen, nothing, star=False, cells=ids.size // 3)
    components_by_band(BandedField.of(ids, (values > 0).astype("i1"), land.grid), queen, nothing)
    scores = made.country.scores
    variables = {name: scores[name].values for name in ("level", "dwellings")}
    cells = scores["cell"].values
    years = [int(year) for year in scores["year"].values]
    panel = BandedPanel.of(cells, variables, grid_of(scores), years=years)
    structural_clusters_by_band(panel, nothing)
    small = {"level": made.series.values}
    panel = BandedPanel.of(made.series["cell"].values, small, grid_of(scores), years=years)
    trend_by_band(panel, "level", nothing, cells=few)
    emerging_hotspots_by_band(panel, "level", queen, nothing, cells=few)


def _many_equal(_: Made) -> None:
    """Adjust p-values of which more are equal than are sorted together, as in fields of many millions."""
    import numpy as np

    from leefraster.inference.multiple_testing import adjusted

    adjusted(np.repeat([0.25, 0.5], 8), "benjamini-hochberg", piece=4)


WITHOUT_A_CALL: dict[str, str] = {
    "leefraster.kernels.permutation.draw_without_replacement": "a draw by itself, for tests of the draws in blocks",
}
"""Kernels that nothing here leads to, each with the reason."""

CALLS: dict[str, tuple[tuple[str, Call], ...]] = {
    "run": (
        ("the demonstration country", lambda made: made.country),
        ("a run from scores", _run_of_scores),
        ("a run from indicators", _run_of_indicators),
        ("fields in parts", _in_parts),
    ),
    "score": (("scores from indicators", _score),),
    "areas": (("statistics of areas", _analyse_areas),),
    "functions": (
        ("lr.moran", _global(moran, "field")),
        ("lr.moran, bivariate", _bivariate),
        ("lr.geary", _global(geary, "field")),
        ("lr.getis_ord_general", _global(getis_ord_general, "field")),
        ("lr.join_count", _global(join_count, "marked")),
        ("lr.correlogram", _correlogram),
        ("lr.local_moran", _local_moran),
        ("lr.getis_ord", _getis_ord),
        ("lr.local_geary", _local_geary),
        ("lr.local_join_count", _local_join_count),
        ("lr.null_distribution", _null_distribution),
        ("lr.neighbourhood_share", _neighbourhood_share),
        ("lr.scale_sensitivity", _scale_sensitivity),
        ("sums and distances around cells", _around),
        ("changes over time", _time),
        ("local statistics in parts", _in_parts),
        ("fields of a special make", _special),
        ("fields and panels by band", _bands),
        ("many equal p-values", _many_equal),
    ),
}
"""Named calls by the command that needs them; ``functions`` are those of ``import leefraster as lr``."""
