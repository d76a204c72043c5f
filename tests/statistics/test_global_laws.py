"""Laws of every global statistic: where cells lie, how they are stored and who computes does not matter."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
import naive_global
from leefraster.errors import InputError, NoNeighboursWarning, NoVarianceWarning, UsageError
from naive import moran_by_definition, raster


def bivariate(field, near, **options):
    return lr.moran(field, near, other=(field - 3) ** 2, **options)


def joins(field, near, **options):
    return lr.join_count((field > 4).where(field.notnull()), near, **options)


# how each is called, and the variable that holds it
STATISTICS = {
    "moran": (lr.moran, "I"),
    "bivariate": (bivariate, "I"),
    "geary": (lr.geary, "C"),
    "getis_ord_general": (lr.getis_ord_general, "G"),
    "join_count": (joins, "BB"),
}
EVERY = pytest.mark.parametrize("name", STATISTICS)
TESTED = ("expected", "variance", "z", "p")
TURNS = {
    "transpose": np.transpose,
    "flip": np.flipud,
    "mirror": np.fliplr,
    "pad": lambda a: np.pad(a, 3, constant_values=np.nan),
}


def counts(seed, shape=(9, 11), share=0.3):
    """Return whole numbers of at least 0 with holes."""
    rng = np.random.default_rng(seed)
    array = rng.poisson(4, shape).astype(float)
    array[rng.random(shape) < share] = np.nan
    return array


def same(ours, others, symbol, exact=True):
    for name in (symbol, *TESTED):
        if exact:
            np.testing.assert_array_equal(ours[name], others[name], err_msg=name)
        else:
            np.testing.assert_allclose(ours[name], others[name], rtol=1e-9, atol=1e-12, err_msg=name)


@EVERY
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 9999),
    turn=st.sampled_from(sorted(TURNS)),
    weighting=st.sampled_from(["row", "binary"]),
)
def test_reflection_transposition_and_missing_surroundings_change_nothing(name, seed, turn, weighting):
    statistic, symbol = STATISTICS[name]
    array = counts(seed)
    base = statistic(raster(array), lr.Neighbourhood.disc(200), weighting=weighting)
    turned = statistic(raster(TURNS[turn](array)), lr.Neighbourhood.disc(200), weighting=weighting)
    same(turned, base, symbol)


@EVERY
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 9999))
def test_relabelling_areas_changes_nothing(name, seed):
    from libpysal.graph import Graph

    statistic, symbol = STATISTICS[name]
    rng = np.random.default_rng(seed)
    graph = Graph.build_distance_band(rng.random((60, 2)), 0.25)
    field = xr.DataArray(rng.poisson(4, 60).astype(float), dims="area", coords={"area": np.arange(60)})
    base = statistic(field, graph)
    same(statistic(field[rng.permutation(60)], graph), base, symbol)


@EVERY
@pytest.mark.parametrize("kind", ["int64", "uint8", "float32", "float64"])
def test_integers_and_floats_give_the_same(name, kind):
    statistic, symbol = STATISTICS[name]
    array = np.random.default_rng(1).poisson(4, (8, 9))
    base = statistic(raster(array.astype(float)), lr.Neighbourhood.queen())
    if name == "bivariate":
        kind = "int64" if kind == "uint8" else kind
    same(statistic(raster(array.astype(kind)), lr.Neighbourhood.queen()), base, symbol)


@pytest.mark.parametrize("name", ["moran", "geary"])
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 9999),
    scale=st.sampled_from([1.0, -1.0, 1000.0, 0.3]),
    shift=st.sampled_from([0.0, 3.0, -1e6]),
)
def test_shift_and_scale_change_nothing(name, seed, scale, shift):
    statistic, symbol = STATISTICS[name]
    array = counts(seed)
    base = statistic(raster(array), lr.Neighbourhood.queen())
    moved = statistic(raster(array * scale + shift), lr.Neighbourhood.queen())
    for variable in (symbol, *TESTED):
        np.testing.assert_allclose(moved[variable], base[variable], rtol=1e-7, atol=1e-9, err_msg=variable)


@EVERY
@pytest.mark.parametrize("inference", ["normal", "permutation"])
def test_leading_dimensions_are_mapped_and_equal_a_loop(name, inference):
    statistic, symbol = STATISTICS[name]
    arrays = np.stack([counts(seed, (6, 7)) for seed in range(4)]).reshape(2, 2, 6, 7)
    coords = {**raster(arrays[0, 0]).coords, "year": [2012, 2014]}
    field = xr.DataArray(arrays, dims=("year", "layer", "y", "x"), coords=coords)
    options = {"inference": inference, "permutations": 19}
    together = statistic(field, lr.Neighbourhood.queen(), **options)
    assert together[symbol].dims == together["n"].dims == ("year", "layer")
    for i in range(2):
        for j in range(2):
            alone = statistic(raster(arrays[i, j]), lr.Neighbourhood.queen(), **options)
            for variable in (symbol, *TESTED, "n", "islands", "reference"):
                np.testing.assert_array_equal(together[variable][i, j], alone[variable], err_msg=variable)


@EVERY
@pytest.mark.parametrize("inference", ["normal", "permutation"])
@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_bit_identical_for_any_threads_and_order_of_cells(name, inference, weighting):
    statistic, symbol = STATISTICS[name]
    field = lr.from_raster(raster(counts(2, (300, 260))))
    options = {"inference": inference, "permutations": 5, "weighting": weighting}
    found = []
    try:
        for threads in (1, 2):
            lr.set_threads(threads)
            found.append(statistic(field, lr.Neighbourhood.disc(300), **options))
    finally:
        lr.set_threads(2)
    order = np.random.default_rng(4).permutation(field.size)
    found.append(statistic(field.isel(cell=order), lr.Neighbourhood.disc(300), **options))
    for variable in (symbol, *TESTED, "reference"):
        assert len({result[variable].values.tobytes() for result in found}) == 1, variable


@EVERY
@pytest.mark.parametrize(
    "array", [np.full((3, 3), 5.0), np.full((3, 3), np.nan), np.array([[3.0]]), np.array([[1.0, 6.0]])],
    ids=["constant", "missing", "one cell", "two cells"],
)  # fmt: skip
def test_fields_without_variance_give_missing_and_one_named_warning(name, array):
    statistic, symbol = STATISTICS[name]
    with pytest.warns(
        NoVarianceWarning, match=r"\w+: 1 of 1 fields have no variance or fewer than 3"
    ) as caught:
        result = statistic(raster(array), lr.Neighbourhood.queen())
    assert len(caught) == 1
    for variable in (symbol, *TESTED):
        assert np.isnan(result[variable]).all(), variable


@EVERY
def test_islands_only_give_missing_and_one_named_warning(name):
    statistic, symbol = STATISTICS[name]
    array = np.full((5, 5), np.nan)
    array[::2, ::2] = np.arange(9.0).reshape(3, 3)
    with pytest.warns(
        NoNeighboursWarning, match=r"\w+: 1 of 1 fields have no place with a neighbour"
    ) as caught:
        result = statistic(raster(array), lr.Neighbourhood.queen())
    assert len(caught) == 1
    for variable in (symbol, *TESTED):
        assert np.isnan(result[variable]).all(), variable
    assert int(result["islands"]) == 9


@EVERY
def test_an_island_changes_nothing_but_its_count(name):
    statistic, symbol = STATISTICS[name]
    array = np.pad(counts(5, (8, 8), 0.1), 3, constant_values=np.nan)
    base = statistic(raster(array), lr.Neighbourhood.queen())
    array[0, 0] = 900.0
    more = statistic(raster(array), lr.Neighbourhood.queen())
    same(more, base, symbol, exact=False)
    assert int(more["islands"]) == int(base["islands"]) + 1
    assert int(more["n"]) == int(base["n"])
    drawn = [
        statistic(raster(a), lr.Neighbourhood.queen(), inference="permutation", permutations=49)
        for a in (np.where(array == 900, np.nan, array), array)
    ]
    np.testing.assert_array_equal(drawn[0]["p"], drawn[1]["p"])


@EVERY
def test_cells_rasters_and_graphs_agree(name):
    statistic, symbol = STATISTICS[name]
    cells = lr.from_raster(raster(counts(7, (10, 12))))
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    base = statistic(cells, lr.Neighbourhood.queen())
    same(statistic(lr.to_raster(cells), lr.Neighbourhood.queen()), base, symbol)
    for weighting in ("row", "binary"):
        base = statistic(cells, lr.Neighbourhood.queen(), weighting=weighting)
        graph = lr.Neighbourhood.queen().graph(cells)
        same(statistic(areas, graph, weighting=weighting), base, symbol, exact=False)


@EVERY
@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_permutation_p_and_normal_p_are_alike(name, alternative):
    statistic, _ = STATISTICS[name]
    field = raster(counts(11, (16, 16), 0.1))
    normal, drawn = (
        statistic(field, lr.Neighbourhood.queen(), alternative=alternative, inference=inference)
        for inference in ("normal", "permutation")
    )
    np.testing.assert_allclose(drawn["p"], normal["p"], atol=0.08)
    for variable in ("expected", "variance", "z"):  # the analytical ones
        np.testing.assert_array_equal(drawn[variable], normal[variable])
    assert drawn.attrs["permutations"] == 999
    assert drawn.attrs["seed"] == 0
    assert "seed" not in normal.attrs


@EVERY
def test_three_places_have_a_statistic_and_no_variance_under_randomisation(name):
    statistic, symbol = STATISTICS[name]
    result = statistic(raster([[1.0, 5.0, 6.0]]), lr.Neighbourhood.rook())
    assert np.isfinite(result[symbol])
    assert np.isfinite(result["expected"]).all()
    assert (np.isfinite(result["variance"]) == (name == "bivariate")).all()  # it needs no fourth place
    drawn = statistic(raster([[1.0, 5.0, 6.0]]), lr.Neighbourhood.rook(), inference="permutation")
    assert (drawn["p"] >= 1 / 3).all()


@EVERY
def test_a_million_links_overflow_nothing(name):
    # trap: int64 sums of weights overflow from about 4,900 cells with many neighbours
    statistic, _ = STATISTICS[name]
    field = raster(np.random.default_rng(0).poisson(4, (120, 120)).astype(float))
    result = statistic(field, lr.Neighbourhood.disc(1000), weighting="binary")
    assert (result["variance"] > 0).all()
    assert (np.abs(result["z"]) < 6).all()


@EVERY
def test_wrong_options_and_infinity_are_refused(name):
    statistic, _ = STATISTICS[name]
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="weighting is 'W'; allowed are 'row', 'binary'"):
        statistic(field, near, weighting="W")
    with pytest.raises(
        UsageError, match="alternative is 'lesser'; allowed are 'two-sided', 'greater', 'less'"
    ):
        statistic(field, near, alternative="lesser")
    with pytest.raises(UsageError, match="inference is 'exact'; allowed are 'normal', 'permutation'"):
        statistic(field, near, inference="exact")
    with pytest.raises(UsageError, match="neighbourhood is a list"):
        statistic(field, [1])
    if name != "join_count":  # there infinity is neither 0 nor 1
        with pytest.raises(InputError, match="infinite values"):
            statistic(field.where(field > 0, np.inf), near)


@EVERY
@pytest.mark.parametrize("weighting", ["row", "binary", "given"])
def test_unequal_directed_weights_equal_the_definition_and_all_permutations(name, weighting):
    from libpysal.graph import Graph

    statistic, symbol = STATISTICS[name]
    rng = np.random.default_rng(4)
    given = np.where(rng.random((6, 6)) < 0.5, rng.integers(1, 9, (6, 6)) / 8, 0.0)
    np.fill_diagonal(given, 0.0)
    given[np.arange(6), np.roll(np.arange(6), 1)] = 1.5
    w = {"row": given / given.sum(axis=1, keepdims=True), "binary": (given > 0) * 1.0, "given": given}[
        weighting
    ]
    values = np.array([3.0, 1.0, 4.0, 0.0, 5.0, 9.0])
    definition, permuted = {
        "moran": (moran_by_definition, values),
        "bivariate": (lambda y, w: naive_global.bivariate(values, y, w), (values - 3) ** 2),
        "geary": (naive_global.geary, values),
        "getis_ord_general": (naive_global.general, values),
        "join_count": (lambda x, w: naive_global.joins(x, w)[..., 0], (values > 4) * 1.0),
    }[name]
    focal, near = np.nonzero(given)
    field = xr.DataArray(values, dims="area", coords={"area": np.arange(6)})
    result = statistic(field, Graph.from_arrays(focal, near, given[focal, near]), weighting=weighting)
    if name == "join_count":
        result = result.sel(join="BB")
    expected, variance = naive_global.over_all_permutations(definition, permuted, w)
    assert float(result[symbol]) == pytest.approx(definition(permuted, w), abs=1e-12)
    assert float(result["expected"]) == pytest.approx(expected, abs=1e-12)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-12)
