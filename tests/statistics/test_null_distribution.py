"""The null distribution of one place against enumeration, the statistics' own p, and what it refuses."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, UsageError
from naive import decimal, neighbour_lists, queen, raster, rook
from naive_referee import enumerated_means

NEAR = {"queen": (lr.Neighbourhood.queen(), queen), "rook": (lr.Neighbourhood.rook(), rook)}
KINDS = {
    "local_moran": {"statistic": "local_moran"},
    "G": {"statistic": "getis_ord", "star": False},
    "G*": {"statistic": "getis_ord", "star": True},
}


@st.composite
def small(draw):
    ny, nx = draw(st.sampled_from([(2, 4), (3, 3), (3, 4), (2, 6)]))
    values = draw(st.lists(st.integers(-20, 20).map(lambda v: v / 10), min_size=ny * nx, max_size=ny * nx))
    array = np.array(values, dtype=float).reshape(ny, nx)
    array.ravel()[draw(st.lists(st.integers(1, ny * nx - 1), max_size=3, unique=True))] = np.nan
    return array


def p_of_the_statistic(field, neighbourhood, kind, alternative):
    if kind == "local_moran":
        return lr.local_moran(field, neighbourhood, alternative=alternative)["p"]
    return lr.getis_ord(field, neighbourhood, star=kind == "G*", alternative=alternative)["p"]


@settings(max_examples=50, deadline=None)
@given(
    small().filter(lambda a: np.unique(a[~np.isnan(a)]).size > 1),
    st.sampled_from(sorted(NEAR)),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_equals_enumeration_and_the_statistics_own_p(array, name, kind, alternative):
    neighbourhood, near = NEAR[name]
    field, valid = raster(array), ~np.isnan(array)
    lists = neighbour_lists(valid, near)
    if not lists[0]:
        return
    star = kind == "G*"
    null = lr.null_distribution(field, neighbourhood, 0, alternative=alternative, **KINDS[kind])
    drawn = len(lists[0]) + star
    oracle = enumerated_means(array[valid], drawn, None if star else 0)
    mass = np.zeros(null.sizes["value"])
    for mean, probability in oracle.items():
        mass[np.argmin(np.abs(null["value"].values - float(mean)))] += float(probability)
    np.testing.assert_allclose(null["probability"], mass, atol=1e-12)
    for at, value in enumerate(null["value"].values):
        above = sum(float(p) for mean, p in oracle.items() if float(mean) >= value - 1e-9)
        below = sum(float(p) for mean, p in oracle.items() if float(mean) <= value + 1e-9)
        assert float(null["upper"][at]) == pytest.approx(above, abs=1e-12)
        assert float(null["lower"][at]) == pytest.approx(below, abs=1e-12)
    chosen = [decimal(array[valid][j]) for j in lists[0]] + ([decimal(array[valid][0])] if star else [])
    assert float(null["observed"]) == pytest.approx(float(sum(chosen) / drawn), abs=1e-12)
    own = float(p_of_the_statistic(field, neighbourhood, kind, alternative)[0, 0])
    assert float(null["p"]) == own
    moments = [float(sum(p * mean**m for mean, p in oracle.items())) for m in (1, 2)]
    assert float(null["expected"]) == pytest.approx(moments[0], abs=1e-12)
    assert float(null["sd"]) ** 2 == pytest.approx(moments[1] - moments[0] ** 2, abs=1e-10)


def made(kind, seed=2):
    rng = np.random.default_rng(seed)
    array = {
        "normal": lambda: rng.normal(size=(30, 30)),
        "lognormal": lambda: rng.lognormal(0, 1.5, size=(30, 30)),
        "counts": lambda: rng.poisson(3, size=(30, 30)).astype(float),
        "zeros": lambda: np.maximum(rng.normal(size=(30, 30)) - 0.5, 0),
    }[kind]()
    array[rng.random(array.shape) < 0.2] = np.nan
    return lr.from_raster(raster(array))


@pytest.mark.parametrize("values", ["normal", "lognormal", "counts", "zeros"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_p_agrees_with_the_statistic_and_probabilities_with_the_moments(values, kind):
    field, nb = made(values), lr.Neighbourhood.queen()
    result = (
        lr.getis_ord(field, nb, star=kind == "G*") if kind != "local_moran" else lr.local_moran(field, nb)
    )
    order = np.argsort(result["p"].values)
    for at in order[[0, 50, 300]]:
        null = lr.null_distribution(field, nb, int(field["cell"][at]), **KINDS[kind])
        assert float(null["p"]) == float(result["p"][at])
        observed = np.interp(float(null["observed"]), null["value"], null["upper"])
        assert observed == pytest.approx(float(null["p_upper"]), rel=0.05, abs=1e-8)
        assert float(null["probability"].sum()) == pytest.approx(1, abs=1e-3)
        mean = float((null["probability"] * null["value"]).sum())
        assert mean == pytest.approx(float(null["expected"]), abs=0.01 * float(null["sd"]))
        assert (np.diff(null["upper"]) <= 1e-4).all()
        assert (np.diff(null["value"]) > 0).all()


def test_the_upper_tail_agrees_with_random_draws():
    field = made("lognormal")
    at = 100
    null = lr.null_distribution(field, lr.Neighbourhood.queen(), int(field["cell"][at]), points=100)
    rng, k, draws = np.random.default_rng(0), int(null["drawn"]), 20_000
    others = np.delete(field.values, at)
    means = np.array([others[rng.choice(others.size, k, replace=False)].mean() for _ in range(draws)])
    for i in np.flatnonzero((null["upper"] > 0.01) & (null["upper"] < 0.99))[::7]:
        p = float(null["upper"][i])
        assert abs((means >= float(null["value"][i])).mean() - p) < 5 * np.sqrt(p * (1 - p) / draws)


def test_a_place_is_found_by_id_code_and_label():
    array = np.arange(12.0).reshape(3, 4)
    field = lr.from_raster(raster(array))
    nb = lr.Neighbourhood.rook()
    code = lr.grid_of(field).code_from_cell([5])[0]
    by_id, by_code = lr.null_distribution(field, nb, 5), lr.null_distribution(field, nb, str(code))
    xr.testing.assert_identical(by_id, by_code)
    xr.testing.assert_allclose(by_id, lr.null_distribution(raster(array), nb, 5))
    graph = nb.graph(field)
    areas = xr.DataArray(field.values, dims="area", coords={"area": field["cell"].values})
    xr.testing.assert_allclose(by_id, lr.null_distribution(areas, graph, 5), rtol=1e-12)


def test_it_does_not_change_with_the_order_of_cells_nor_with_a_shift():
    field = made("counts")
    nb, at = lr.Neighbourhood.queen(), 77
    cell = int(field["cell"][at])
    null = lr.null_distribution(field, nb, cell)
    shuffled = field.isel(cell=np.random.default_rng(0).permutation(field.size))
    xr.testing.assert_identical(null, lr.null_distribution(shuffled, nb, cell))
    moved = lr.null_distribution(field + 10, nb, cell)
    np.testing.assert_array_equal(moved["probability"], null["probability"])
    np.testing.assert_allclose(moved["value"], null["value"] + 10)


def test_a_place_apart_among_equal_others_is_certain():
    null = lr.null_distribution(raster([[5.0, 1.0, 1.0, 1.0]]), lr.Neighbourhood.rook(), 0)
    assert null["value"].values.tolist() == [1.0]
    assert null["probability"].values.tolist() == [1.0]
    assert float(null["p"]) == 1.0


def test_labels_and_units_travel():
    field = made("counts").rename("score").assign_attrs(units="points", long_name="score of a cell")
    null = lr.null_distribution(field, lr.Neighbourhood.queen(), int(field["cell"][3]))
    assert null["value"].attrs["units"] == "points"
    assert null["observed"].attrs["units"] == "points"
    assert "local Moran" in null.attrs["statistic"]
    assert int(null["place"]) == int(field["cell"][3])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            ([[1.0, 2.0, 4.0]], 1),
            {"statistic": "geary"},
            UsageError,
            "allowed are 'local_moran', 'getis_ord'",
        ),
        (([[1.0, 2.0, 4.0]], 1), {"alternative": "both"}, UsageError, "allowed are 'two-sided'"),
        (
            ([[1.0, 2.0, 4.0]], 1),
            {"points": 3},
            UsageError,
            "points is 3; it must be a whole number of at least 10",
        ),
        (([[1.0, 2.0, 4.0]], 7), {}, UsageError, "not among the 3 places"),
        (([[1.0, 2.0, 4.0]], 1.5), {}, UsageError, "must be a cell id, a code"),
        (([[1.0, np.nan, 4.0, 5.0, 6.0]], 1), {}, InputError, "holds no value"),
        (([[1.0, np.nan, 4.0, 5.0]], 0), {}, UsageError, "has no neighbour"),
        (([[1.0, 1.0, 1.0, 1.0]], 0), {}, InputError, "no variance"),
        (([[1.0, 2.0]], 0), {}, InputError, "fewer than 3"),
        (([[[1.0, 2.0, 3.0]], [[1.0, 2.0, 4.0]]], 0), {}, UsageError, "needs one field"),
    ],
)
def test_what_it_refuses(arguments, options, error, message):
    values, place = arguments
    with pytest.raises(error, match=message):
        lr.null_distribution(raster(values), lr.Neighbourhood.rook(), place, **options)


def test_weights_that_differ_are_refused():
    field = made("counts")
    with pytest.raises(UsageError, match="neighbours' weights differ"):
        lr.null_distribution(field, lr.Neighbourhood.decay(200, cutoff=400), int(field["cell"][0]))
