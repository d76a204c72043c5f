"""Pictures hold the data they claim to show, leave pyplot alone, and refuse what they cannot draw."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import leefraster as lr
from leefraster.colours import QUADRANTS, SPOTS
from leefraster.errors import InputError, UsageError
from naive import raster

NB = lr.Neighbourhood.queen()


def field(seed=0, shape=(12, 15), missing=0.2):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape).cumsum(axis=0).cumsum(axis=1)
    array[rng.random(shape) < missing] = np.nan
    return raster(array).rename("score")


def squares(ny=4, nx=5):
    import geopandas
    import shapely

    places = [(r, c) for r in range(ny) for c in range(nx)]
    return geopandas.GeoDataFrame(
        {"code": [f"A{r}{c}" for r, c in places]},
        geometry=[shapely.box(c, r, c + 1, r + 1) for r, c in places],
    )


def areas_result(frame):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(frame.set_index("code"), rook=False)
    values = xr.DataArray(
        np.arange(len(frame)) // 5 * 1.0, dims="area", coords={"area": frame["code"].to_numpy()}
    )
    return values, graph


def saved(axes, tmp_path):
    path = tmp_path / "picture.png"
    axes.figure.savefig(path)
    return path.stat().st_size


def points_of(axes):
    """Return all points of the scatter, and the hex colour of each."""
    clouds = [line for line in axes.lines if line.get_linestyle() == "None"]
    offsets = np.concatenate([line.get_xydata() for line in clouds])
    return offsets, [to_hex(line.get_color()) for line in clouds for _ in line.get_xdata()]


@pytest.mark.parametrize("as_cells", [False, True])
def test_the_scatter_slope_is_global_moran_and_least_squares_through_the_points(as_cells, tmp_path):
    given = lr.from_raster(field()) if as_cells else field()
    axes = lr.plot.moran_scatter(given, NB)
    points, colours = points_of(axes)
    slope = float(lr.moran(given, NB)["I"])
    assert (points[:, 0] @ points[:, 1]) / (points[:, 0] @ points[:, 0]) == pytest.approx(slope, rel=1e-9)
    line = next(one for one in axes.lines if one.get_label().startswith("slope"))
    rise = np.diff(line.get_ydata()) / np.diff(line.get_xdata())
    assert rise[0] == pytest.approx(slope, rel=1e-12)
    assert points[:, 0].mean() == pytest.approx(0, abs=1e-12)
    assert points[:, 0].std() == pytest.approx(1)
    result = lr.local_moran(given, NB)
    quadrants = result["quadrant"].values[result["quadrant"].values > 0]
    for code in (1, 2, 3, 4):
        assert colours.count(QUADRANTS.colours[code]) == (quadrants == code).sum()
    for (x, y), colour in zip(points, colours, strict=True):
        assert (
            colour
            == QUADRANTS.colours[
                {(True, True): 1, (False, True): 2, (False, False): 3}.get((x > 0, y > 0), 4)
            ]
        )
    assert saved(axes, tmp_path) > 5000


def test_a_large_scatter_is_drawn_as_a_picture_without_warnings(tmp_path):
    axes = lr.plot.moran_scatter(field(1, (90, 90), 0.1), NB)
    assert axes.lines[0].get_rasterized()
    assert saved(axes, tmp_path) > 5000


def test_scatter_leaves_islands_out_as_global_moran_does():
    array = np.full((6, 8), np.nan)
    array[:2, :4] = np.random.default_rng(0).normal(size=(2, 4))
    array[5, 7] = 50.0
    axes = lr.plot.moran_scatter(raster(array), NB)
    points, _ = points_of(axes)
    assert len(points) == 8
    slope = (points[:, 0] @ points[:, 1]) / (points[:, 0] @ points[:, 0])
    assert slope == pytest.approx(float(lr.moran(raster(array), NB)["I"]), rel=1e-9)


def test_scatter_labels_the_strongest_outliers_by_code_or_name():
    given = lr.from_raster(field(3))
    axes = lr.plot.moran_scatter(given, NB, label=3)
    assert len(axes.texts) == 3
    points, _ = points_of(axes)
    outlying = sorted(-(x * y) for x, y in points if x * y < 0)
    shown = sorted(-float(text.xy[0] * text.xy[1]) for text in axes.texts)
    np.testing.assert_allclose(shown, outlying[-3:])
    codes = set(lr.grid_of(given).code_from_cell(given["cell"].values).tolist())
    assert {text.get_text() for text in axes.texts} <= codes
    values, graph = areas_result(squares())
    values = values.copy(data=np.random.default_rng(1).normal(size=values.size))
    named = lr.plot.moran_scatter(values, graph, label=1)
    assert named.texts[0].get_text() in values["area"].values


@pytest.mark.parametrize(("variable", "scale"), [("cluster", QUADRANTS), ("spot", SPOTS)])
@pytest.mark.parametrize("as_cells", [False, True])
def test_the_map_has_every_cell_in_its_colour_and_counts_them(variable, scale, as_cells, tmp_path):
    given = lr.from_raster(field(1)) if as_cells else field(1)
    compute = lr.local_moran if variable == "cluster" else lr.getis_ord
    result = compute(given, NB)
    axes = lr.plot.cluster_map(result)
    image = axes.images[0]
    shown = image.to_rgba(image.get_array(), norm=True)
    assert image.get_extent() == [0, 1500, 0, 1200]
    full = lr.to_raster(result) if as_cells else result
    tested = full["p"].notnull().values
    for (r, c), code in np.ndenumerate(full[variable].values):
        if tested[r, c]:
            wanted = scale.colours[code if variable == "cluster" else code + 3]
            assert to_hex(shown[r, c]) == wanted
        elif np.isnan(field(1).values[r, c]):
            assert shown[r, c, 3] == 0
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    for i, label in enumerate(scale.labels):
        code = i if variable == "cluster" else i - 3
        count = int((full[variable].values[tested] == code).sum())
        assert labels[i] == f"{label} ({count:,})"
    assert saved(axes, tmp_path) > 5000


def test_the_map_marks_islands_among_cells():
    array = np.full((5, 5), np.nan)
    array[:2, :3] = np.arange(6.0).reshape(2, 3)
    array[4, 4] = 9.0
    axes = lr.plot.cluster_map(lr.local_moran(lr.from_raster(raster(array)), NB))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[-1] == f"{QUADRANTS.missing_label} (1)"


def test_the_map_of_areas_matches_polygons_by_label():
    frame = squares()
    values, graph = areas_result(frame)
    result = lr.local_moran(values, graph, alpha=0.3)
    shuffled = frame.sample(frac=1, random_state=1)
    for polygons in (frame, shuffled, shuffled.set_index("code")):
        axes = lr.plot.cluster_map(result, polygons=polygons)
        patches = axes.collections[0]
        for path, colour in zip(patches.get_paths(), patches.get_facecolor(), strict=True):
            c, r = path.vertices.min(axis=0).astype(int)
            code = int(result["cluster"].sel(area=f"A{r}{c}"))
            assert to_hex(colour) == QUADRANTS.colours[code]
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_holes_and_parts_of_polygons_are_drawn_as_they_are():
    import geopandas
    import shapely

    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    parts = shapely.union_all([shapely.box(10, 0, 12, 2), shapely.box(14, 0, 16, 2)])
    shapes = [ring, shapely.box(3, 3, 6, 6), parts, shapely.box(12, 0, 14, 2)]
    frame = geopandas.GeoDataFrame(geometry=shapes)
    from libpysal.graph import Graph

    values = xr.DataArray([1.0, 4.0, 2.0, 3.0], dims="area")
    result = lr.local_moran(values, Graph.build_contiguity(frame, rook=False))
    axes = lr.plot.cluster_map(result, polygons=frame)
    paths = axes.collections[0].get_paths()
    assert [len(path.vertices) for path in paths] == [10, 5, 10, 5]
    axes.figure.canvas.draw()
    assert axes.get_xlim()[0] <= 0
    assert axes.get_xlim()[1] >= 16


def test_correlogram_draws_the_values_and_fills_the_significant(tmp_path):
    result = lr.correlogram(field(2, (20, 20), 0), [100, 200, 400, 800])
    axes = lr.plot.correlogram(result)
    line = axes.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [100, 200, 400, 800])
    np.testing.assert_array_equal(line.get_ydata(), result["I"].values)
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), result["expected"].values)
    filled = axes.collections[0].get_offsets()
    assert len(filled) == int((result["p"] <= 0.05).sum())
    band = axes.collections[2].get_paths()[0].vertices
    spread = 1.959964 * np.sqrt(result["variance"].values)
    assert band[:, 1].max() == pytest.approx(float((result["expected"] + spread).max()))
    assert saved(axes, tmp_path) > 5000
    years = xr.concat([field(2, missing=0), field(3, missing=0)], dim="year").assign_coords(year=[2012, 2014])
    two = lr.plot.correlogram(lr.correlogram(years, [100, 300]))
    assert [text.get_text() for text in two.get_legend().get_texts()] == ["year 2012", "year 2014"]


@pytest.mark.parametrize("log", [False, True])
def test_null_distribution_bars_and_tails(log, tmp_path):
    given = field(4).round(0)
    null = lr.null_distribution(raster(np.arange(1.0, 10).reshape(3, 3)), lr.Neighbourhood.rook(), 0)
    axes = lr.plot.null_distribution(null, log=log)
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, null["probability"])
    dark = [
        to_hex(bar.get_facecolor()) != to_hex(axes.patches[len(heights) // 2].get_facecolor())
        for bar in axes.patches
    ]
    total = float(null["probability"].values[dark].sum())
    assert total == pytest.approx(float(null["p"]), rel=1e-9)
    assert axes.lines[0].get_xdata()[0] == float(null["observed"])
    assert saved(axes, tmp_path) > 3000
    cell = int(lr.from_raster(given)["cell"][20])
    curve = lr.plot.null_distribution(lr.null_distribution(field(4), NB, cell), log=log)
    assert not curve.patches
    assert len(curve.lines) == 3
    assert saved(curve, tmp_path) > 3000


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_a_one_sided_p_is_one_tail(alternative):
    given = raster(np.arange(1.0, 10).reshape(3, 3))
    for place in (0, 8):
        null = lr.null_distribution(given, lr.Neighbourhood.rook(), place, alternative=alternative)
        axes = lr.plot.null_distribution(null)
        colours = [to_hex(bar.get_facecolor()) for bar in axes.patches]
        dark = np.array(colours) == "#d55e00"
        assert float(null["probability"].values[dark].sum()) == pytest.approx(float(null["p"]), rel=1e-9)


def test_given_axes_are_drawn_on_and_returned():
    axes = Figure().subplots(2, 2).ravel()
    given, result = field(), lr.local_moran(field(), NB)
    assert lr.plot.moran_scatter(given, NB, ax=axes[0]) is axes[0]
    assert lr.plot.cluster_map(result, ax=axes[1]) is axes[1]
    null = lr.null_distribution(lr.from_raster(given), NB, int(lr.from_raster(given)["cell"][9]))
    assert lr.plot.null_distribution(null, ax=axes[2]) is axes[2]
    assert lr.plot.correlogram(lr.correlogram(given, [100, 200]), ax=axes[3]) is axes[3]


def test_pyplot_stays_unloaded_and_the_package_loads_no_matplotlib():
    code = (
        "import sys, numpy as np, leefraster as lr; lr.plot.cluster_map; assert 'matplotlib' not in sys.modules\n"
        "import xarray as xr\n"
        "f = xr.DataArray(np.arange(9.0).reshape(3, 3), dims=('y', 'x'), coords={'y': [250., 150, 50],"
        " 'x': [50., 150, 250]})\n"
        "lr.plot.moran_scatter(f, lr.Neighbourhood.rook())\n"
        "lr.plot.cluster_map(lr.getis_ord(f, lr.Neighbourhood.rook()))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: lr.plot.moran_scatter(field(), NB, label=-1), UsageError, "label is -1"),
        (lambda: lr.plot.moran_scatter(field(), NB, ax="axes"), UsageError, "ax is a str"),
        (lambda: lr.plot.moran_scatter(field().values, NB), UsageError, "field is a ndarray"),
        (lambda: lr.plot.moran_scatter(raster(np.ones((3, 3))), NB), InputError, "no variance"),
        (
            lambda: lr.plot.moran_scatter(raster(np.arange(18.0).reshape(2, 3, 3)), NB),
            UsageError,
            r"draws one field, this has 2 along 'year'; choose one, as by .isel\(year=0\)",
        ),
        (lambda: lr.plot.cluster_map(field()), UsageError, "the result is a DataArray"),
        (lambda: lr.plot.cluster_map(lr.moran(field(), NB)), UsageError, "neither cluster nor spot"),
        (
            lambda: lr.plot.cluster_map(lr.local_moran(*areas_result(squares()))),
            UsageError,
            "give polygons=, a GeoDataFrame",
        ),
        (
            lambda: lr.plot.cluster_map(
                lr.local_moran(*areas_result(squares())), polygons=squares().iloc[:7]
            ),
            UsageError,
            "polygons lacks 13 of 20 areas",
        ),
        (
            lambda: lr.plot.cluster_map(lr.local_moran(*areas_result(squares())), polygons=[1]),
            UsageError,
            "polygons is a list",
        ),
        (lambda: lr.plot.correlogram(lr.moran(field(), NB)), UsageError, "lacks distance; it must be what"),
        (lambda: lr.plot.null_distribution(lr.moran(field(), NB)), UsageError, "lacks probability, upper"),
    ],
)
def test_what_is_refused(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
