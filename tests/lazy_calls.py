"""Calls of every public function that takes a field, each with its fields in memory or made lazy by `lazy`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import geopandas
import numpy as np
import shapely
import xarray as xr
from libpysal.graph import Graph

import leefraster as lr
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 1400.0, 15, 14, 100.0, "EPSG:28992")
YEARS = [2016, 2018, 2020, 2022, 2024]
QUEEN = lr.Neighbourhood.queen()
Lazy = Callable[[Any], Any]


def cells(seed: int = 0, *, binary: bool = False, years: list[int] = YEARS) -> xr.DataArray:
    """Return a ragged field over (year, cell), with holes that differ by year."""
    rng = np.random.default_rng(seed)
    ids = np.sort(np.random.default_rng(1).choice(GRID.size, 170, replace=False))
    values = (
        rng.integers(0, 2, (len(years), 170)).astype(float) if binary else rng.normal(0, 1, (len(years), 170))
    )
    values[rng.random(values.shape) < 0.04] = np.nan
    coords = {"year": years, **cell_coordinates(GRID, ids)}
    return xr.DataArray(values, dims=("year", "cell"), coords=coords, name="level", attrs={"units": "score"})


def raster(seed: int = 0) -> xr.DataArray:
    """Return the same as a raster whose rows ascend."""
    return lr.to_raster(cells(seed)).isel(y=slice(None, None, -1))


def small_areas(seed: int = 0) -> xr.DataArray:
    """Return a field over (year, area), in another order than the graph."""
    values = np.random.default_rng(seed).normal(size=(len(YEARS), 30))
    labels = [f"BU{number:04d}" for number in range(30)][::-1]
    return xr.DataArray(values, dims=("year", "area"), coords={"year": YEARS, "area": labels}, name="level")


def ring_graph() -> Graph:
    labels = [f"BU{number:04d}" for number in range(30)]
    around = {label: [labels[i - 1], labels[(i + 1) % 30]] for i, label in enumerate(labels)}
    return Graph.from_dicts(around)


FIELD, OTHER, BINARY, RASTER, AREAS = cells(0), cells(5), cells(7, binary=True), raster(), small_areas()
WEIGHTS = abs(OTHER).fillna(1.0)
GRAPH = ring_graph()


def scores() -> xr.Dataset:
    """Return scores with all that questions and clusters ask for: a weak block, urbanity, codes."""
    rng = np.random.default_rng(3)
    n, years = 400, len(YEARS)
    grid = lr.Grid(0.0, 2000.0, 20, 20, 100.0, "EPSG:28992")
    level = np.full((20, 20), 4.2)
    level[2:11, 2:11] = 3.4
    level = np.broadcast_to(level, (years, 20, 20)).reshape(years, n) + rng.normal(0, 0.02, (years, n))
    reference = level.mean(axis=1)
    total = level - reference[:, None]
    score = np.stack([total * share for share in (0.1, 0.2, 0.3, 0.25, 0.15)], axis=1)
    column, row = np.arange(n) % 20, np.arange(n) // 20
    codes = {
        "municipality": np.array([f"GM{c // 10:04d}" for c in column]),
        "district": np.array([f"WK{c // 10:04d}{r // 10:02d}" for c, r in zip(column, row, strict=True)]),
        "neighbourhood": np.array([f"BU{c // 5:04d}{r // 5:04d}" for c, r in zip(column, row, strict=True)]),
    }
    return xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score),
            "total": (("year", "cell"), total),
            "level": (("year", "cell"), level),
            "reference": ("year", reference),
            "version": ("year", np.array(["3.0"] * years)),
            "dwellings": ("cell", rng.integers(10, 40, n).astype(float)),
            "inhabitants": ("cell", rng.integers(20, 90, n).astype(float)),
            "urbanity": ("cell", np.where(column < 10, 1.0, 4.0)),
            **{name: ("cell", code) for name, code in codes.items()},
        },
        coords={
            "year": YEARS, "dimension": ["won", "fys", "vrz", "soc", "onv"], **cell_coordinates(grid, np.arange(n)),
        },
    )  # fmt: skip


def polygons(size: float = 700.0) -> lr.Areas:
    boxes = {"W": (0, 0, size, 2 * size), "E": (size, 0, 2 * size, 2 * size)}
    frame = geopandas.GeoDataFrame(
        {"code": list(boxes), "name": [f"Area {code}" for code in boxes]},
        geometry=[shapely.box(*box) for box in boxes.values()], crs="EPSG:28992",
    )  # fmt: skip
    return lr.Areas.from_geopandas(frame, code="code", name="name", level="focus")


MODEL = lr.Model.parse(
    """
name = "example"
version = "1"
provenance = "invented"
licence = "CC0-1.0"
reference = { year = 2020, level = 4.1 }
dimensions = { onv = "nuisance", vrz = "amenities" }
missing = { then = "score missing", most = 1, beyond = "warn" }
indicators = [
  { name = "noise", unit = "dB", dimension = "onv", coefficient = -0.01, transform = "log1p" },
  { name = "shops", unit = "1", dimension = "vrz", coefficient = 0.02, measure = MEASURE },
]
""".replace("MEASURE", '{ kind = "focal_sum", radius = 300 }')
)


def layers() -> xr.Dataset:
    """Return layers over (year, cell), one that the model does not name, and dwellings."""
    data = {"noise": cells(11) ** 2, "shops": abs(cells(12)).fillna(0.0), "unnamed": cells(13)}
    found = xr.Dataset({name: field.drop_attrs(deep=False) for name, field in data.items()})
    return found.assign(dwellings=("cell", np.arange(170) % 7 + 1.0))


SCORES, POLYGONS, LAYERS = scores(), polygons(), layers()
CODES = xr.DataArray(
    np.where(np.arange(170) % 3, "one", "two"), dims="cell", coords=FIELD.coords["cell"].coords
)
POINTS = np.array([[150.0, 250.0], [700.0, 900.0], [710.0, 930.0]])


@cache
def clusters() -> lr.StructuralClusters:
    """Return the structural clusters of the scores: found when first asked for, not when tests are collected."""
    return lr.structural_clusters(SCORES, lr.StructuralRule(radius=100))


LAZY: dict[str, list[Callable[[Lazy], Any]]] = {
    "moran": [
        lambda z: lr.moran(z(FIELD), QUEEN),
        lambda z: lr.moran(z(FIELD), QUEEN, other=z(OTHER), inference="permutation", permutations=19, seed=2),
        lambda z: lr.moran(z(AREAS), GRAPH),
    ],
    "geary": [lambda z: lr.geary(z(FIELD), lr.Neighbourhood.rook())],
    "getis_ord_general": [lambda z: lr.getis_ord_general(z(abs(FIELD)), QUEEN)],
    "join_count": [lambda z: lr.join_count(z(BINARY), QUEEN)],
    "correlogram": [
        lambda z: lr.correlogram(z(FIELD), [200.0, 400.0]),
        lambda z: lr.correlogram(z(FIELD.isel(year=0)), [200.0, 400.0]),
    ],
    "local_moran": [
        lambda z: lr.local_moran(z(FIELD), QUEEN),
        lambda z: lr.local_moran(z(RASTER), QUEEN, other=z(OTHER_RASTER), inference="normal"),
        lambda z: lr.local_moran(
            z(FIELD), QUEEN, weights=z(WEIGHTS.isel(year=0, drop=True)), inference="normal"
        ),
        lambda z: lr.local_moran(FIELD, QUEEN, weights=z(WEIGHTS), family="all", inference="normal"),
        lambda z: lr.local_moran(z(AREAS), GRAPH.to_W()),
        lambda z: lr.local_moran(z(FIELD), QUEEN, inference="permutation", permutations=19, seed=4),
        lambda z: lr.local_moran(z(FIELD.isel(year=1).drop_vars("year")), QUEEN),
        lambda z: lr.local_moran(z(FIELD.T.isel(cell=slice(None, None, -1))), QUEEN, inference="normal"),
    ],
    "getis_ord": [
        lambda z: lr.getis_ord(z(FIELD[:2]), QUEEN, star=False),
        lambda z: lr.getis_ord(z(AREAS), GRAPH, family="all"),
    ],
    "local_geary": [lambda z: lr.local_geary(z(FIELD[:2, :60]), QUEEN)],
    "local_join_count": [lambda z: lr.local_join_count(z(BINARY), QUEEN)],
    "neighbourhood_share": [
        lambda z: lr.neighbourhood_share(z(FIELD), lr.Neighbourhood.decay(300.0, cutoff=500.0))
    ],
    "focal_sum": [lambda z: lr.focal_sum(z(FIELD), 300.0), lambda z: lr.focal_sum(z(RASTER), 300.0)],
    "focal_mean": [lambda z: lr.focal_mean(z(FIELD), 300.0, z(WEIGHTS.isel(year=slice(None, None, -1))))],
    "density": [lambda z: lr.density(z(abs(FIELD)), 300.0)],
    "decay_sum": [lambda z: lr.decay_sum(z(FIELD), 200.0)],
    "distance_to": [
        lambda z: lr.distance_to(z(BINARY), cap=500.0),
        lambda z: lr.distance_to(z(BINARY), like=z(FIELD.isel(year=0, cell=slice(10, 60)))),
    ],
    "urbanity": [lambda z: lr.urbanity(z(abs(FIELD)))],
    "classify": [lambda z: lr.classify(z(FIELD + 4.1))],
    "score": [
        lambda z: lr.score(z(LAYERS), MODEL),
        lambda z: lr.score(
            z(LAYERS).isel(cell=slice(None, None, -1)), MODEL, dwellings=LAYERS["dwellings"], explain=True
        ),
        lambda z: lr.score({name: z(layer) for name, layer in LAYERS.data_vars.items()}, MODEL),
    ],
    "trend": [lambda z: lr.trend(z(FIELD)), lambda z: lr.trend(z(RASTER.isel(year=[2, 0, 1, 3])))],
    "change": [
        lambda z: lr.change(z(FIELD), 2018, 2024),
        lambda z: lr.change(z(SCORES), 2016, 2024),
    ],
    "emerging_hotspots": [lambda z: lr.emerging_hotspots(z(FIELD[:3]), QUEEN)],
    "lisa_transitions": [lambda z: lr.lisa_transitions(z(FIELD[:2]), QUEEN)],
    "spatial_markov": [lambda z: lr.spatial_markov(z(FIELD), QUEEN, classes=3)],
    "aggregate": [
        lambda z: lr.aggregate(z(FIELD), POLYGONS),
        lambda z: lr.aggregate(
            z(FIELD), CODES, weight=z(WEIGHTS.where(WEIGHTS > 0.1)), how="quantile", q=[0.2, 0.8]
        ),
        lambda z: lr.aggregate(z(LAYERS), POLYGONS, weight="dwellings", method="coverage"),
    ],
    "to_raster": [lambda z: lr.to_raster(z(FIELD)), lambda z: lr.to_raster(z(SCORES), crop=True)],
}
"""Functions whose results are lazy, and no value is read before they are computed."""

OTHER_RASTER = raster(5)

PLACES_COMPUTED: dict[str, list[Callable[[Lazy], Any]]] = {
    "from_raster": [
        lambda z: lr.from_raster(z(RASTER)),
        lambda z: lr.from_raster(z(lr.to_raster(SCORES[["level", "dwellings"]]))),
    ],
    "score": [lambda z: lr.score(z(lr.to_raster(LAYERS)), MODEL)],
    "aggregate": [
        lambda z: lr.aggregate(z(RASTER), POLYGONS),
        lambda z: lr.aggregate(z(FIELD), z(CODES)),
        lambda z: lr.aggregate(z(SCORES), "municipality", weight="dwellings"),
        lambda z: lr.aggregate(z(FIELD.assign_coords(group=CODES)), "group"),
    ],
}
"""Results that are lazy once it is known which places there are: this is computed, in one go."""

COMPUTED: dict[str, list[Callable[[Lazy], Any]]] = {
    "crosscheck": [],  # esda takes its time to compile: tested beside its other tests
    "null_distribution": [
        lambda z: lr.null_distribution(z(FIELD.isel(year=0)), QUEEN, int(FIELD["cell"][5]))
    ],
    "scale_sensitivity": [lambda z: lr.scale_sensitivity(z(FIELD.isel(year=0)), cells=[100.0, 200.0])],
    "risers_and_fallers": [lambda z: lr.risers_and_fallers(z(SCORES), 2016, 2024)],
    "compare_areas": [lambda z: lr.compare_areas(clusters(), polygons(1000.0), z(SCORES["dwellings"]))],
    "focus_progress": [lambda z: lr.focus_progress(z(SCORES), polygons(1000.0), start=2018)],
    "structural_clusters": [lambda z: lr.structural_clusters(z(SCORES), lr.StructuralRule(radius=100))],
    "structural_sensitivity": [lambda z: lr.structural_sensitivity(z(SCORES), recomputations=2)],
    "track_clusters": [
        lambda z: lr.track_clusters(
            {year: z(clusters().labels) for year in YEARS[-2:]}, z(SCORES["dwellings"])
        ),
    ],
    "detection": [
        lambda z: lr.detection(z(clusters().labels), z(clusters().labels > 0), z(SCORES["dwellings"])),
    ],
    "plot.cluster_map": [lambda z: drawn(lr.plot.cluster_map(z(lr.local_moran(RASTER.isel(year=0), QUEEN))))],
    "plot.correlogram": [
        lambda z: drawn(lr.plot.correlogram(z(lr.correlogram(FIELD.isel(year=0), [200.0, 400.0]))))
    ],
    "plot.moran_scatter": [lambda z: drawn(lr.plot.moran_scatter(z(FIELD.isel(year=0)), QUEEN))],
    "plot.null_distribution": [
        lambda z: drawn(
            lr.plot.null_distribution(
                z(lr.null_distribution(FIELD.isel(year=0), QUEEN, int(FIELD["cell"][5])))
            )
        )
    ],
    "questions.catch_up": [lambda z: lr.questions.catch_up(z(SCORES))],
    "questions.focus_areas": [
        lambda z: lr.questions.focus_areas(z(SCORES), polygons(1000.0), clusters(), start=2018)
    ],
    "questions.geography": [lambda z: lr.questions.geography(z(SCORES), sides=(1000.0, 500.0))],
    "questions.hard_core": [lambda z: lr.questions.hard_core(z(SCORES), clusters())],
    "questions.spread": [lambda z: lr.questions.spread(z(SCORES))],
    "questions.thinning": [lambda z: lr.questions.thinning(z(SCORES))],
    "questions.tradeoff": [lambda z: lr.questions.tradeoff(z(SCORES))],
    "questions.urbanity": [lambda z: lr.questions.urbanity(z(SCORES))],
}
"""Functions whose results are tables, drawings or answers: their fields are computed, in one go."""

AS_NEEDED: dict[str, list[Callable[[Lazy], Any]]] = {
    "explain_cell": [lambda z: lr.explain_cell(z(LAYERS), MODEL, cell=int(LAYERS["cell"][3]), year=2020)],
    "grid_of": [lambda z: lr.grid_of(z(FIELD))],
    "count_within": [lambda z: lr.count_within(POINTS, 300.0, like=z(FIELD.drop_vars(["x", "y"])))],
    "export": [],  # writes files: a test of its own
    "Neighbourhood": [lambda z: QUEEN.graph(z(FIELD.isel(year=0))).adjacency.to_frame()],
    "Areas": [lambda z: lr.Areas.from_codes(z(CODES)).to_geopandas()],
}
"""Functions that read what they need of a lazy field themselves, if they need any."""

WITHOUT_FIELD = {
    "Answer", "DisclosureRule", "EnvironmentFault", "FieldStore", "Grid", "InputError", "LeefrasterError", "Model",
    "ScoreError", "Store", "StructuralClusters", "StructuralRule", "UsageError", "__version__", "bands",
    "change_by_band", "differencing", "emerging_hotspots_by_band", "from_table", "plot", "plot.lineage", "protect",
    "questions", "questions.Answer", "questions.ThinPlaces", "score_by_band", "set_threads", "sources",
    "structural_clusters_by_band", "trend_by_band",
}  # fmt: skip
"""Public names that take no field."""


def drawn(axes: Any) -> np.ndarray:
    """Return a drawing as pixels."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba()).copy()
    plt.close("all")
    return pixels
