"""From cells to areas: against plain loops, exactextract's own fractions, and laws."""

import json

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_areas import GRID, areas, blocks, field

import leefraster as lr
from leefraster.areas.membership import by_centre, by_coverage
from leefraster.errors import EmptyAreaWarning, MissingWeightWarning

CELLS = np.arange(GRID.size)


def star(rng):
    """Return a random star-shaped polygon within the grid."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
    reach = rng.uniform(50, 400, 9)
    x, y = rng.uniform(200, 800, 2)
    return shapely.make_valid(shapely.Polygon(np.c_[x + reach * np.cos(angle), y + reach * np.sin(angle)]))


def of(shapes):
    codes = [f"S{i:02d}" for i in range(len(shapes))]
    return geopandas.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:28992")


@pytest.mark.parametrize("seed", range(5))
def test_cells_go_to_the_area_that_holds_their_centre(seed):
    rng = np.random.default_rng(seed)
    chosen = lr.Areas.from_geopandas(of([star(rng)]), code="code")
    x, y = GRID.xy_from_cell(CELLS)
    inside = shapely.contains_xy(chosen.frame.geometry[0], x, y)
    assert by_centre(chosen, GRID, CELLS).cell.tolist() == np.flatnonzero(inside).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_covered_parts_are_the_exact_intersections(seed):
    rng = np.random.default_rng(seed)
    shapes = [star(rng), star(rng)]
    member = by_coverage(lr.Areas.from_geopandas(of(shapes), code="code"), GRID, CELLS)
    x, y = GRID.xy_from_cell(CELLS)
    squares = shapely.box(x - 50, y - 50, x + 50, y + 50)
    expected = np.array([shapely.area(shapely.intersection(squares, shape)) / 1e4 for shape in shapes])
    found = np.zeros((2, GRID.size))
    found[member.area, member.cell] = member.share
    np.testing.assert_allclose(found, expected, atol=1e-6)  # exactextract returns float32


def test_in_two_areas_the_first_code_has_the_cell_and_it_is_counted():
    over = of([shapely.box(0, 0, 1000, 1000), shapely.box(0, 0, 200, 100)])
    both = lr.Areas.from_geopandas(over, code="code")
    with pytest.warns(EmptyAreaWarning, match="1 of 2 areas hold no cell"):
        found = lr.aggregate(field(np.ones(GRID.size)), both)
    assert found["cells"].values.tolist() == [100, 0]
    assert found.attrs["cells_in_two_areas"] == 2
    assert found.attrs["areas_without_cells"] == "S01"


def test_borders_of_two_years_are_refused():
    twice = pd.concat([blocks(), blocks(250).assign(code=[f"N{i}" for i in range(16)])])
    mixed = lr.Areas.from_geopandas(twice, code="code", level="neighbourhood")
    with pytest.raises(lr.InputError, match=r"\d\d of 100 cells lie in two areas of level 'neighbourhood'"):
        lr.aggregate(field(np.ones(GRID.size)), mixed)


def naive(values, weights, inside, how, classes=None, q=None):
    """Return the measure over the cells of one area, by its definition."""
    pairs = [
        (v, w) for v, w in zip(values[inside], weights[inside], strict=True) if not np.isnan(v) and w > 0
    ]
    if how == "count":
        return len(pairs)
    if not pairs:
        return np.nan
    v, w = np.array(pairs).T
    if how == "sum":
        return (w * v).sum()
    if how == "share":
        return w[np.isin(v, classes)].sum() / w.sum()
    if how == "quantile":
        return np.quantile(v, q, weights=w, method="inverted_cdf")
    mean = (w * v).sum() / w.sum()
    return mean if how == "mean" else np.sqrt((w * (v - mean) ** 2).sum() / w.sum())


@pytest.mark.parametrize(
    ("how", "options"),
    [
        ("mean", {}), ("sum", {}), ("spread", {}), ("count", {}), ("share", {"classes": (1, 3)}),
        ("quantile", {"q": 0.3}),
    ],
)  # fmt: skip
@given(seed=st.integers(0, 2**20))
@settings(max_examples=25, deadline=None)
def test_measures_are_what_a_loop_gives(how, options, seed):
    rng = np.random.default_rng(seed)
    cells = np.flatnonzero(rng.random(GRID.size) < 0.7)
    values = rng.integers(0, 6, (2, cells.size)).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    weights = rng.integers(0, 9, cells.size).astype(float)
    chosen = areas()
    found = lr.aggregate(
        field(values, cells, ("year", "cell"), year=[2020, 2024]), chosen, how=how,
        weight=field(weights, cells), **options,
    )  # fmt: skip
    x, y = GRID.xy_from_cell(cells)
    for a, shape in enumerate(chosen.frame.geometry):
        inside = shapely.contains_xy(shape, x, y)
        for row in range(2):
            expected = naive(values[row], weights, inside, how, **options)
            np.testing.assert_allclose(found.values[row, a], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore::leefraster.errors.EmptyAreaWarning")
@given(seed=st.integers(0, 2**20))
@settings(max_examples=25, deadline=None)
def test_large_areas_from_cells_are_large_areas_from_small_ones(seed):
    rng = np.random.default_rng(seed)
    cells = np.flatnonzero(rng.random(GRID.size) < 0.6)
    value, dwellings = (
        field(rng.normal(size=cells.size), cells),
        field(rng.integers(1, 40, cells.size) * 1.0, cells),
    )
    small, large = areas(250), areas(500)
    data = xr.Dataset({"value": value, "dwellings": dwellings})
    below = lr.aggregate(data, small, weight="dwellings")
    parent = {"A": "A", "B": "A", "C": "B", "D": "B"}
    codes = xr.DataArray(
        [parent[c[0]] + ("1" if int(c[1]) <= 2 else "2") for c in below["area"].values],
        dims="area", coords={"area": below["area"]},
    )  # fmt: skip
    rolled, direct = (
        lr.aggregate(below, codes, weight="dwellings"),
        lr.aggregate(data, large, weight="dwellings"),
    )
    np.testing.assert_allclose(rolled["value"], direct["value"], rtol=1e-12)
    np.testing.assert_array_equal(rolled["dwellings"], direct["dwellings"])


@given(seed=st.integers(0, 2**20))
@settings(max_examples=15, deadline=None)
def test_neither_the_order_of_cells_nor_the_scale_of_weights_matters(seed):
    rng = np.random.default_rng(seed)
    value, weight = field(rng.normal(size=GRID.size)), field(rng.random(GRID.size))
    plain = lr.aggregate(value, areas(), weight=weight)
    shuffled = rng.permutation(GRID.size)
    assert lr.aggregate(value[shuffled], areas(), weight=weight).identical(plain)
    np.testing.assert_allclose(
        lr.aggregate(value, areas(), weight=weight * 8).values, plain.values, rtol=1e-12
    )


def test_parts_of_cells_weigh_by_their_part():
    half = lr.Areas.from_geopandas(of([shapely.box(0, 900, 150, 1000)]), code="code")
    value = field(np.arange(100.0))
    assert lr.aggregate(value, half, method="coverage").item() == pytest.approx((0 + 0.5) / 1.5)
    assert lr.aggregate(value, half, method="coverage", how="sum").item() == pytest.approx(0.5)
    assert lr.aggregate(value, half, method="coverage", how="count").item() == pytest.approx(1.5)


def test_an_area_smaller_than_a_cell_is_missing_and_the_way_out_told():
    tiny = lr.Areas.from_geopandas(of([shapely.box(10, 910, 20, 920)]), code="code")
    with pytest.warns(EmptyAreaWarning, match="smaller than a cell are reached by method='coverage'"):
        assert np.isnan(lr.aggregate(field(np.ones(100)), tiny).item())
    assert lr.aggregate(field(np.full(100, 7.0)), tiny, method="coverage").item() == pytest.approx(7)


def test_rasters_give_what_cells_give():
    value = field(np.random.default_rng(2).normal(size=GRID.size))
    np.testing.assert_array_equal(lr.aggregate(lr.to_raster(value), areas()), lr.aggregate(value, areas()))


def test_datasets_keep_what_is_not_per_cell_and_say_what_is_left_out():
    data = xr.Dataset({
        "value": field(np.arange(100.0)), "name": field(np.full(100, "x")), "reference": ((), 4.1),
        "dwellings": field(np.full(100, 2.0)),
    })  # fmt: skip
    found = lr.aggregate(data, areas(), weight="dwellings")
    assert found["reference"].item() == 4.1
    assert found["dwellings"].values.tolist() == [50.0] * 4
    assert found.attrs["left_out"] == "name"
    assert "name" not in found
    assert found["area_name"].values.tolist() == found["area"].values.tolist()


def test_a_level_of_scores_is_not_taken_for_the_level_of_areas():
    data = xr.Dataset({"level": field(np.full(100, 4.1))})
    found = lr.aggregate(data, areas())
    assert found["level"].values == pytest.approx([4.1] * 4)
    assert found["area_level"].values.tolist() == ["block"] * 4
    assert areas().to_geopandas(found)["level"].tolist() == pytest.approx([4.1] * 4)


def test_codes_in_the_data_serve_as_areas():
    codes = np.where(np.arange(100) < 50, "N", "S")
    codes[:10] = ""
    data = xr.Dataset({"value": field(np.arange(100.0)), "district": field(codes)})
    found = lr.aggregate(data, "district")
    assert dict(zip(found["area"].values, found["value"].values, strict=True)) == {"N": 29.5, "S": 74.5}
    with pytest.raises(lr.UsageError, match="areas is 'region', which obj does not hold"):
        lr.aggregate(data, "region")


def test_several_quantiles_make_a_dimension():
    found = lr.aggregate(field(np.arange(100.0)), areas(), how="quantile", q=[0.0, 0.5, 1.0])
    assert found.dims == ("quantile", "area")
    assert found.sel(quantile=1.0).max() == 99


def test_areas_with_too_few_values_are_missing():
    values = np.arange(100.0)
    values[:4] = np.nan  # of area A2 (north-west, 25 cells)
    assert not lr.aggregate(field(values), areas(), minimum_share=0.84).isnull().any()
    found = lr.aggregate(field(values), areas(), minimum_share=0.85)
    assert found["area"].values[found.isnull().values].tolist() == ["A2"]


def test_cells_without_a_weight_are_left_out_and_counted():
    weights = np.ones(100)
    weights[:3] = np.nan
    with pytest.warns(MissingWeightWarning, match="3 cells of value hold a value but no weight"):
        found = lr.aggregate(field(np.arange(100.0)), areas(), weight=field(weights))
    assert found.attrs["cells_without_weight"] == 3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"how": "median"}, lr.UsageError, "how is 'median'; allowed are 'mean', 'sum'"),
        ({"how": "share"}, lr.UsageError, "how='share' needs classes="),
        ({"classes": (1,)}, lr.UsageError, "no other measure takes them"),
        ({"how": "quantile", "q": 1.5}, lr.UsageError, "q is 1.5; quantiles lie between 0 and 1"),
        ({"method": "touch"}, lr.UsageError, "method is 'touch'; allowed are 'centre', 'coverage'"),
        ({"minimum_share": 2}, lr.UsageError, "minimum_share is 2"),
        ({"weight": "dwellings"}, lr.UsageError, "weight is 'dwellings', which obj does not hold"),
        ({"weight": field(-np.ones(100))}, lr.InputError, "weight has 100 negative or infinite values"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        lr.aggregate(field(np.ones(100)), areas(), **options)


def test_infinite_values_are_refused():
    with pytest.raises(lr.InputError, match="value has 1 infinite values; missing values are NaN"):
        lr.aggregate(field(np.r_[np.inf, np.ones(99)]), areas())


def test_areas_in_another_crs_are_refused():
    degrees = lr.Areas.from_geopandas(blocks(), code="code", to_crs="EPSG:4326")
    with pytest.raises(lr.InputError, match=r"EPSG:4326.*wanted EPSG:28992"):
        lr.aggregate(field(np.ones(100)), degrees)


@pytest.mark.real_data
def test_buurten_come_back_from_the_grid_as_they_were_published(shared_data):
    """12,147 buurten rasterised by centre (2,951,114 cells, 1,011 in two) and aggregated back."""
    folder = shared_data / "lbm_buurten_2024"
    frame = pd.concat([geopandas.read_file(file) for file in sorted(folder.glob("[23]*.geojson"))])
    buurten = lr.Areas.from_geopandas(frame, code="code", name="naam", level="buurt", to_crs="EPSG:28992")
    table = pd.read_csv(folder / "buurten_2024.csv").set_index("bu_code").loc[buurten.codes]
    grid = lr.Grid.netherlands()
    member = by_centre(buurten, grid, np.arange(grid.size))
    assert (member.cell.size, member.doubly) == (2_951_114, 1_011)
    order = np.argsort(member.cell)
    published = table["afw"].to_numpy(np.float32)
    from leefraster.cells import cell_coordinates

    cells = xr.DataArray(
        published[member.area[order]], dims="cell", coords=cell_coordinates(grid, member.cell[order])
    )
    np.testing.assert_array_equal(lr.aggregate(cells, buurten).values.astype(np.float32), published)

    points = geopandas.GeoDataFrame(
        {"code": buurten.codes},
        geometry=geopandas.points_from_xy(table["rd_x"], table["rd_y"]),
        crs="EPSG:28992",
    )
    from libpysal.graph import Graph

    graph = Graph.build_knn(points.set_index("code"), k=8)
    known = {"afw": 0.490, "won": 0.485, "fys": 0.385, "vrz": 0.936, "soc": 0.581, "onv": 0.726}
    for name, value in known.items():
        scores = xr.DataArray(table[name].to_numpy(), dims="area", coords={"area": buurten.codes.astype(str)})
        assert round(float(lr.moran(scores, graph)["I"]), 3) == value


@pytest.mark.real_data
def test_municipalities_from_buurten_by_dwellings_meet_the_official_ones(shared_data):
    folder = shared_data / "lbm_buurten_2024"
    scores = pd.read_csv(folder / "buurten_2024.csv").set_index("bu_code")
    stock = pd.read_parquet(shared_data / "cbs_100m_rijnmond_2024" / "buurt_2024_stats.parquet")
    stock = stock.set_index("buurtcode")["woningvoorraad"]
    both = scores.join(stock[stock >= 0], how="inner")
    official = geopandas.read_file(folder / "gemeenten.geojson").set_index("naam")["raw"]
    data = xr.Dataset(
        {"afw": ("area", both["afw"]), "dwellings": ("area", both["woningvoorraad"].astype(float))},
        coords={"area": both.index.to_numpy(str), "municipality": ("area", both["gm_naam"].to_numpy(str))},
    )
    found = lr.aggregate(data, "municipality", weight="dwellings")
    whole = [name for name, group in scores.groupby("gm_naam") if group.index.isin(both.index).mean() > 0.9]
    assert len(whole) >= 12
    for name in whole:
        published = official[name]
        value = published["afw"] if isinstance(published, dict) else json.loads(published)["afw"]
        assert abs(float(found["afw"].sel(area=name)) - value) < 0.002, name
