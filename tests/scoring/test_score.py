"""Scores of a model against plain loops, laws, reproducibility, and what is refused."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.errors import InputError, LeefrasterWarning, MissingWeightWarning, UsageError
from leefraster.kernels import jit
from leefraster.scoring import engine
from naive_scoring import scores as naive_scores

GRID = lr.Grid(1000, 9000, 40, 30)
YEARS = [2020, 2022, 2024]
HEAD = """
name = "small"
version = "1"
provenance = "invented for a test"
licence = "CC0-1.0"
dimensions = { won = "housing", onv = "nuisance" }
reference = { year = 2024, level = 4.1 }
missing = { then = "score missing", most = 1, beyond = "warn" }
norms.round = { year = 2020, provenance = "invented", mean = { rent = 3 }, deviation = { rent = 2 } }
"""
INDICATORS = [
    'name = "rent", unit = "%", dimension = "won", coefficient = -0.03, '
    'transform = { kind = "z-score", reference = "round" }',
    'name = "age", unit = "year", dimension = "won", coefficient = 0.002, '
    'transform = { kind = "clip", lower = 1, upper = 6 }',
    'name = "crime", unit = "per 1000", dimension = "onv", coefficient = -0.5, transform = "log1p"',
    'name = "noise", unit = "dB", dimension = "onv", coefficient = -0.2, transform = ["sqrt"], '
    'missing = { then = "national mean", most = 1 }',
]
FUNCTIONS = [
    ("age", "won", 0.002, lambda v: min(max(v, 1), 6), True),
    ("crime", "onv", -0.5, math.log1p, True),
    ("noise", "onv", -0.2, math.sqrt, False),
    ("rent", "won", -0.03, lambda v: (v - 3) / 2, True),
]


def model(indicators=INDICATORS, head: str = HEAD) -> lr.Model:
    return lr.Model.parse(head + "indicators = [" + ", ".join(f"{{ {i} }}" for i in indicators) + "]")


def layers(seed: int, cells: int = 60, years=YEARS, missing: float = 0.05, dtype=float) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, cells, replace=False))
    data = {}
    for name in ("age", "crime", "noise", "rent"):
        values = rng.gamma(2, 2, (len(years), cells)).astype(dtype)
        values[rng.random(values.shape) < missing] = np.nan
        data[name] = (("year", "cell"), values)
    data["dwellings"] = (
        "cell",
        np.where(rng.random(cells) < 0.2, 0.0, rng.integers(1, 90, cells)).astype(float),
    )
    return xr.Dataset(data, coords={"year": list(years), **cell_coordinates(GRID, ids)})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.4]), st.sampled_from([2, 7, 60, 700]))
def test_scores_equal_a_naive_loop(seed, missing, cells):
    data = layers(seed, cells, missing=missing)
    data["dwellings"][0] = 3.0
    names = [name for name, *_ in FUNCTIONS]
    for year in YEARS:  # a year in which nothing counts is tried elsewhere
        data["age"].loc[{"year": year}][0] = data["crime"].loc[{"year": year}][0] = 2.0
        data["rent"].loc[{"year": year}][0] = data["noise"].loc[{"year": year}][0] = 2.0
    found = lr.score(data, model(), explain=True)
    for year in YEARS:
        measures = {name: data[name].sel(year=year).values for name in names}
        expected, means = naive_scores(measures, data["dwellings"].values, FUNCTIONS, ["won", "onv"])
        one = found.sel(year=year)
        np.testing.assert_allclose(one["score"], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one["mean"], [means[name] for name in names], rtol=1e-12)
        np.testing.assert_allclose(one["total"], expected.sum(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(one["replaced"], np.isnan(measures["noise"]))
        np.testing.assert_array_equal(one["missing"], [np.isnan(measures[name]).sum() for name in names])
    totals = found["contribution"].sum("indicator", skipna=False)
    np.testing.assert_allclose(totals, found["total"], rtol=0, atol=1e-9)
    by_dimension = found["contribution"].groupby("indicator_dimension").sum(skipna=False)
    for code in ("won", "onv"):
        parts = by_dimension.sel(indicator_dimension=code)
        np.testing.assert_allclose(parts, found["score"].sel(dimension=code), rtol=0, atol=1e-9)


def test_the_dwelling_weighted_mean_of_totals_and_scores_is_zero():
    found = lr.score(layers(1, 900), model())
    counted = found["total"].notnull()
    weights = found["dwellings"]
    np.testing.assert_allclose((found["total"] * weights).sum("cell"), 0, atol=1e-9)
    in_score = found["score"].where(counted)
    np.testing.assert_allclose((in_score * weights).sum("cell"), 0, atol=1e-9)


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_order_of_indicators_dimensions_layers_and_threads_leaves_the_bytes(order, monkeypatch):
    data, straight = layers(2, 1200), model()
    expected = lr.score(data, straight, explain=True)
    turned = HEAD.replace('won = "housing", onv = "nuisance"', 'onv = "nuisance", won = "housing"')
    mixed = model([INDICATORS[i] for i in order], turned)
    monkeypatch.setattr(jit, "_threads", 1)
    found = lr.score(data[list(reversed(list(data.data_vars)))], mixed, explain=True)
    assert found["dimension"].values.tolist() == ["onv", "won"]
    found = found.sel(dimension=["won", "onv"])
    for name in ("score", "total", "level", "mean", "contribution", "reference", "replaced"):
        assert np.ascontiguousarray(found[name].values).tobytes() == expected[name].values.tobytes(), name


def test_tiles_and_order_of_cells_change_nothing_that_counts(monkeypatch):
    data = layers(3, 1100)
    expected = lr.score(data, model(), explain=True)
    shuffled = data.isel(cell=np.random.default_rng(0).permutation(1100))
    xr.testing.assert_identical(lr.score(shuffled, model(), explain=True), expected)
    monkeypatch.setattr(engine, "TILE", 2 * engine.BLOCK)
    xr.testing.assert_identical(lr.score(data, model(), explain=True), expected)


def test_level_and_reference_follow_the_reference_year():
    found = lr.score(layers(4, missing=0), model())
    assert float(found["reference"].sel(year=2024)) == 4.1
    np.testing.assert_allclose(found["level"], found["total"] + found["reference"])
    coefficients = found["coefficient"]
    change = ((found["mean"] - found["mean"].sel(year=2024)) * coefficients).sum("indicator")
    np.testing.assert_allclose(found["reference"], 4.1 + change, rtol=1e-12)


def test_a_constant_gives_levels_that_are_the_plain_sum():
    constant = model(head=HEAD.replace("level = 4.1", "constant = 2.5"))
    data = layers(5, missing=0)
    found = lr.score(data, constant)
    age = np.clip(data["age"], 1, 6) * 0.002
    plain = (
        2.5
        + age
        + np.log1p(data["crime"]) * -0.5
        + np.sqrt(data["noise"]) * -0.2
        + (data["rent"] - 3) / 2 * -0.03
    )
    np.testing.assert_allclose(found["level"], plain.transpose("year", "cell"), rtol=1e-12)
    years = lr.score(data.sel(year=[2020, 2022]), constant)  # no reference year is needed
    np.testing.assert_allclose(years["level"], found["level"].sel(year=[2020, 2022]), rtol=1e-13)


def test_deviations_from_the_reference_year():
    fixed = model(head=HEAD.replace("level = 4.1", 'level = 4.1, deviations = "reference year"'))
    data = layers(6, missing=0)
    found, own = lr.score(data, fixed), lr.score(data, model())
    assert (found["reference"] == 4.1).all()
    np.testing.assert_allclose(found["level"], own["level"], rtol=1e-12)
    weights = found["dwellings"]
    assert abs(float((found["total"].sel(year=2024) * weights).sum())) < 1e-9
    assert abs(float((found["total"].sel(year=2020) * weights).sum())) > 1e-6


def test_means_of_cells_need_no_dwellings():
    plain = model(head=HEAD.replace("level = 4.1", 'rule = "national mean of cells"'))
    found = lr.score(layers(7).drop_vars("dwellings"), plain)
    np.testing.assert_allclose(found["total"].mean("cell"), 0, atol=1e-12)
    assert "level" not in found
    assert "dwellings" not in found


def test_layers_without_years_serve_all_and_alone_give_scores_without_a_year():
    data = layers(8)
    data["age"] = data["age"].sel(year=2024, drop=True)
    repeated = data.assign(age=data["age"].expand_dims(year=YEARS))
    xr.testing.assert_identical(lr.score(data, model()), lr.score(repeated, model()))
    one = data.sel(year=2024)
    found = lr.score(one, model())
    assert found["total"].dims == ("cell",)
    assert int(found["year"]) == 2024
    np.testing.assert_array_equal(found["total"], lr.score(data, model())["total"].sel(year=2024))
    undated = lr.score(one.drop_vars("year"), model())
    np.testing.assert_array_equal(undated["level"], found["level"])


def test_single_precision_layers_and_lazy_ones_give_the_same():
    data = layers(9, dtype=np.float32)
    wide = data.map(lambda v: v.astype(float))
    xr.testing.assert_identical(lr.score(data, model()), lr.score(wide, model()))
    xr.testing.assert_identical(
        lr.score(data.chunk({"year": 1, "cell": 17}), model())["total"], lr.score(data, model())["total"]
    )


def test_rasters_and_mappings_are_taken_too():
    data = layers(10)
    found = lr.score(data, model())
    flat = lr.to_raster(data)
    by_raster = lr.score(flat, model())
    assert by_raster["score"].dims == ("year", "dimension", "y", "x")
    np.testing.assert_array_equal(
        lr.from_raster(by_raster["total"]).sel(
            cell=found["cell"][found["total"].notnull().any("year").values]
        ),
        found["total"].isel(cell=found["total"].notnull().any("year").values),
    )
    mapped = lr.score({name: data[name] for name in data.data_vars}, model())
    np.testing.assert_array_equal(mapped["total"], found["total"])
    rasters = lr.score({name: flat[name] for name in flat.data_vars}, model())
    np.testing.assert_array_equal(rasters["total"], by_raster["total"])


def test_measures_of_a_model_are_the_public_functions():
    data = layers(11, 500, missing=0.1)
    data["shops"] = (data["age"] > 6).astype(float)
    measures = {
        "cell": data["age"],
        '{ kind = "focal_mean", radius = 300 }': lr.focal_mean(data["age"], 300),
        '{ kind = "focal_mean", radius = 300, weights = "dwellings" }': lr.focal_mean(
            data["age"], 300, data["dwellings"]
        ),
        '{ kind = "focal_sum", radius = 470 }': lr.focal_sum(data["age"], 470),
        '{ kind = "density", radius = 470 }': lr.density(data["age"], 470),
        '{ kind = "decay", bandwidth = 250, kernel = "exponential", cutoff = 900 }': lr.decay_sum(
            data["age"], 250, "exponential", 900
        ),
        '{ kind = "distance", cap = 800 }': lr.distance_to(data["shops"], cap=800),
    }
    for measure, expected in measures.items():
        layer = "shops" if "distance" in measure else "age"
        text = measure if measure.startswith("{") else f'"{measure}"'
        one = model(
            [
                f'name = "a", layer = "{layer}", unit = "1", dimension = "won", coefficient = 1, measure = {text}'
            ],
            HEAD.replace(', onv = "nuisance"', "")
            .replace("level = 4.1", "constant = 0")
            .replace("norms.round", "norms.other"),
        )
        np.testing.assert_allclose(
            lr.score(data, one)["level"], expected, rtol=1e-9, atol=1e-11, err_msg=measure
        )


def test_results_say_what_they_are():
    found = lr.score(layers(12), model())
    assert found.attrs["official"] == 0
    assert "not official" in found.attrs["title"]
    assert found["total"].coords["version"].values.tolist() == ["1", "1", "1"]
    assert found["dimension_name"].values.tolist() == ["housing", "nuisance"]
    for name in ("score", "total", "level"):
        assert found[name].attrs["units"] == "score"
        assert found[name].dtype == np.float64
    assert lr.grid_of(found) == GRID


def test_input_is_left_alone_and_unnamed_layers_do_not_matter():
    data = layers(13)
    before = data.copy(deep=True)
    found = lr.score(data, model(), explain=True)
    xr.testing.assert_identical(data, before)
    more = data.assign(other=("cell", np.full(60, np.inf)), name=("cell", np.array(["a"] * 60)))
    xr.testing.assert_identical(lr.score(more, model(), explain=True), found)


def test_dwellings_are_matched_by_cell_and_year():
    data = layers(14)
    weights = data["dwellings"]
    expected = lr.score(data, model())
    wider = xr.concat(
        [weights.isel(cell=slice(None, None, -1)), weights.isel(cell=[0]).assign_coords(cell=[5])], "cell"
    )
    wider = wider.isel(cell=~wider.get_index("cell").duplicated())
    found = lr.score(data.drop_vars("dwellings"), model(), dwellings=wider.drop_vars(["x", "y"]))
    np.testing.assert_array_equal(found["total"], expected["total"])
    by_year = weights.expand_dims(year=[2018, *YEARS]) * xr.DataArray(
        [9, 1, 2, 3], dims="year", coords={"year": [2018, *YEARS]}
    )
    found = lr.score(data.drop_vars("dwellings"), model(), dwellings=by_year)
    np.testing.assert_allclose(found["total"], expected["total"], rtol=1e-9, atol=1e-13)
    with pytest.raises(InputError, match="dwellings lack the years 2022, 2024"):
        lr.score(data.drop_vars("dwellings"), model(), dwellings=by_year.sel(year=[2018, 2020]))


# what is refused, or warned about


def test_layers_and_units_that_are_not_there_are_told():
    data = layers(15)
    with pytest.raises(
        UsageError,
        match=r"indicator 'crime' of model 'small': there is no layer 'crime'; there are age, dwellings",
    ):
        lr.score(data.drop_vars("crime"), model())
    with pytest.raises(UsageError, match=r"there is no layer 'crime'; did you mean crimes\? There are age"):
        lr.score(data.rename(crime="crimes"), model())
    data["noise"].attrs["units"] = "percent"
    with pytest.raises(InputError, match="layer 'noise' is in 'percent', the model wants 'dB'"):
        lr.score(data, model())
    data["noise"].attrs["units"] = "dB"
    data["rent"].attrs["units"] = "percent"  # another name of %
    lr.score(data, model())


def test_dwellings_that_are_absent_negative_or_missing():
    data = layers(16)
    with pytest.raises(UsageError, match="takes the dwelling-weighted national mean; give dwellings"):
        lr.score(data.drop_vars("dwellings"), model())
    with pytest.raises(InputError, match="dwellings: 60 of 60 are negative or infinite"):
        lr.score(data.assign(dwellings=data["dwellings"] * 0 - 1), model())
    with pytest.raises(InputError, match="no cell of the layers has any"):
        lr.score(data.assign(dwellings=data["dwellings"] * 0), model())
    some = data["dwellings"].where(data["cell"] != data["cell"][7])
    with pytest.warns(MissingWeightWarning, match="dwellings: 1 of 60 are missing; these cells get scores"):
        found = lr.score(data.assign(dwellings=some), model())
    zero = lr.score(data.assign(dwellings=some.fillna(0)), model())
    np.testing.assert_array_equal(found["total"], zero["total"])


def test_logarithms_and_roots_of_negatives_and_infinities():
    data = layers(17, missing=0)
    data["crime"][1, 5] = -0.25
    with pytest.raises(
        InputError, match=r"indicator 'crime' in 2022: log1p of 1 negative values \(smallest measure -0.25\)"
    ):
        lr.score(data, model())
    data["crime"][1, 5], data["noise"][2, 3:5] = 1.0, -4.0
    with pytest.raises(InputError, match="indicator 'noise' in 2024: sqrt of 2 negative values"):
        lr.score(data, model())
    data["noise"][2, 3:5] = np.inf
    with pytest.raises(InputError, match="layer 'noise' in 2024 has 2 infinite values"):
        lr.score(data, model())


def test_reference_year_that_is_not_there():
    data = layers(18, years=[2018, 2020])
    with pytest.raises(
        InputError,
        match="measures levels from its reference year 2024, which the layers do not have; they have 2018, 2020",
    ):
        lr.score(data, model())
    fixed = model(head=HEAD.replace("level = 4.1", 'deviations = "reference year"'))
    with pytest.raises(InputError, match="measures deviations from its reference year 2024"):
        lr.score(data, fixed)
    free = model(head=HEAD.replace(", level = 4.1", ""))
    assert "level" not in lr.score(data, free)


def test_layers_on_other_grids_cells_or_dimensions():
    data = layers(19)
    parts = {name: data[name] for name in data.data_vars}
    elsewhere = data["crime"].assign_coords(
        cell_coordinates(lr.Grid(1100, 9000, 40, 30), data["cell"].values)
    )
    with pytest.raises(InputError, match="layer 'crime' lies on another grid than 'age'"):
        lr.score({**parts, "crime": elsewhere}, model())
    with pytest.raises(InputError, match="layer 'crime' has 59 cells, not the 60 of 'age'; align them"):
        lr.score({**parts, "crime": data["crime"].isel(cell=slice(1, None))}, model())
    flat = {name: lr.to_raster(data[name]) for name in data.data_vars}
    shifted = flat["crime"].assign_coords(x=flat["crime"]["x"] + 100)
    with pytest.raises(InputError, match="layer 'crime' lies on another grid"):
        lr.score({**flat, "crime": shifted}, model())
    with pytest.raises(InputError, match="convert one of them"):
        lr.score({**parts, "crime": flat["crime"]}, model())
    with pytest.raises(UsageError, match=r"layer 'age' has dimensions .*allowed are 'year' and 'cell'"):
        lr.score(data.assign(age=data["age"].expand_dims(layer=[1])), model())
    with pytest.raises(UsageError, match="layers is a list"):
        lr.score([data], model())
    with pytest.raises(UsageError, match="layers is empty"):
        lr.score({}, model())
    with pytest.raises(UsageError, match="model is a int"):
        lr.score(data, 3)
    twice = data.isel(cell=[0, 0, 1])
    with pytest.raises(InputError, match="layers hold 1 cells twice"):
        lr.score(twice, model())
    with pytest.raises(InputError, match="years must ascend, each once"):
        lr.score(data.isel(year=[1, 0]), model())
    with pytest.raises(InputError, match="layer 'age' holds no numbers by cell"):
        lr.score(data.assign(age=("cell", np.array(["x"] * 60))), model())


def test_an_indicator_missing_on_too_many_cells_is_refused_or_counted():
    data = layers(20, missing=0)
    data["age"][0, :20] = np.nan
    strict = model(
        head=HEAD.replace("most = 1", "most = 0.25").replace('beyond = "warn"', 'beyond = "refuse"')
    )
    with pytest.raises(InputError, match=r"age on 20 of 60 cells \(33.3% in 2020; at most 25.0%\)"):
        lr.score(data, strict)
    loud = model(head=HEAD.replace("most = 1", "most = 0.25"))
    with pytest.warns(
        LeefrasterWarning, match=r"missing on more cells than their rule: age on 20 of 60 cells"
    ) as caught:
        found = lr.score(data, loud)
    assert len(caught) == 1
    assert int(found["total"].sel(year=2020).isnull().sum()) == 20
    assert found["missing"].sel(year=2020, indicator="age") == 20


def test_a_missing_indicator_is_never_silently_zero():
    data = layers(21, missing=0)
    data["noise"][2, 4] = np.nan  # counts at the mean
    data["crime"][2, 5] = np.nan  # makes the score missing
    found = lr.score(data, model(), explain=True).sel(year=2024)
    assert np.isnan(found["total"][5])
    assert np.isnan(found["score"].sel(dimension="onv")[5])
    assert np.isfinite(found["score"].sel(dimension="won")[5])
    assert found["replaced"].values.tolist() == [0] * 4 + [1] + [0] * 55
    assert float(found["contribution"].sel(indicator="noise")[4]) == 0
    assert np.isnan(found["contribution"].sel(indicator="crime")[5])


def test_an_indicator_without_any_value_has_no_mean_to_stand_in():
    data = layers(22, missing=0)
    data["noise"][1] = np.nan
    with pytest.raises(InputError, match="indicator 'noise' in 2022 has no value on any cell that counts"):
        lr.score(data, model())
    data["noise"][1], data["age"][1] = 1.0, np.nan
    found = lr.score(data, model())
    assert np.isnan(found["total"].sel(year=2022)).all()
    assert np.isnan(found["reference"].sel(year=2022))
    assert (
        np.isfinite(found["score"].sel(year=2022, dimension="onv")).sum() == 0
    )  # no cell counts in its means


def test_infinite_layers_are_refused_by_name():
    data = layers(0, missing=0.0)
    measured = 'name = "age", measure = { kind = "focal_mean", radius = 300 }'
    around = [one.replace('name = "age"', measured) for one in INDICATORS]
    data["age"][1, 3] = np.inf  # measured around cells, it would pass for missing
    with pytest.raises(InputError, match="layer 'age' in 2022 has 1 infinite values"):
        lr.score(data, model(around))


def test_values_too_large_for_a_mean_are_refused():
    data = layers(0, missing=0.0)
    data["rent"][:] = np.random.default_rng(1).choice([-1e308, 1e308], data["rent"].shape)
    with pytest.raises(
        InputError, match=r"layer 'rent'.*: values of indicator 'rent' are so large .*\(1.8e\+308\)"
    ):
        lr.score(data, model())


LARGE = 'name = "{}", unit = "%", dimension = "won", coefficient = {}'
FEWER = HEAD.replace(', onv = "nuisance"', "")


@pytest.mark.parametrize(
    ("indicators", "head", "size", "message"),
    [
        (
            [LARGE.format("rent", "1e308")], FEWER, 100.0,
            r"model 'small': 4 scores of dimension 'won' in 2024 go beyond 1e\+300, .* indicator 'rent': "
            r"coefficient 1e\+308, value 100\. Give a smaller coefficient, correct the layer, or state",
        ),  # each product is infinite
        (
            [LARGE.format("rent", "1e308"), LARGE.format("age", "-9e307")], FEWER, 100.0,
            "4 scores of dimension 'won' in 2024 go beyond .* indicator 'rent': coefficient 1e\\+308, value 100",
        ),  # plus infinity, minus infinity: no number, as where a value is missing
        (
            [LARGE.format("rent", "9e305"), LARGE.format("age", "9e305")], FEWER, 100.0,
            "4 scores of dimension 'won' in 2024 go beyond",
        ),  # products are finite, their sum is not
        (
            [LARGE.format("rent", "1e306"), LARGE.format("age", "-1e306")], FEWER, 100.0,
            "sums of coefficient x national mean in 2024 go beyond .* coefficient -1e\\+306, value 100",
        ),  # they cancel in every place
        ([LARGE.format("rent", "1e-300")], FEWER, 1e305, "national means in 2024 go beyond .* value 1e\\+305"),
        (
            INDICATORS[:2],
            FEWER.replace("deviation = { rent = 2 }", "deviation = { rent = 1e-308 }"), 100.0,
            r"values of indicator 'rent' are so large .* after transform z-score\(round\); correct",
        ),
        (
            [LARGE.format("rent", "1e-9") + ', measure = { kind = "focal_sum", radius = 300 }'], FEWER, 1e160,
            r"layer 'rent' holds values up to 1e\+160 .* indicator 'rent' sums over cells .* at most 1e\+150",
        ),
        (
            [LARGE.format("age", "1e-9") + ', measure = { kind = "focal_mean", radius = 300, weights = "rent" }'],
            FEWER, 1e160, r"layer 'rent' holds values up to 1e\+160 .* indicator 'age' sums over cells",
        ),
    ],
)  # fmt: skip
def test_finite_input_whose_scores_would_not_be_finite_is_refused(indicators, head, size, message):
    data = layers(0, 4, missing=0.0)
    data["dwellings"][:] = 1.0
    for name in ("rent", "age"):
        data[name][:] = 100.0
    data["rent"][:] = size
    with pytest.raises(InputError, match=message):
        lr.score(data, model(indicators, head))
    usual = [
        one.replace("1e308", "3").replace("-9e307", "2").replace("e305", "").replace("e306", "")
        for one in indicators
    ]
    data["rent"][:] = 5.0
    found = lr.score(data, model(usual, FEWER))
    np.testing.assert_allclose(found["total"], 0, atol=1e-9)


def test_scores_as_large_as_may_be_have_finite_totals_and_levels():
    data = layers(0, 3, years=[2024], missing=0.0)
    data["dwellings"][:] = 1.0
    for name, values in (("rent", [1e300, -1e300, 0.0]), ("noise", [1e300, -1e300, 0.0])):
        data[name][:] = values
    pair = [LARGE.format("rent", "0.5"), LARGE.format("noise", "0.5").replace("won", "onv")]
    level = HEAD.replace("level = 4.1", "level = 1e300")
    found = lr.score(data, model(pair, level), explain=True)
    np.testing.assert_allclose(found["total"], [[1e300, -1e300, 0.0]])
    np.testing.assert_allclose(found["level"], [[2e300, 0.0, 1e300]], atol=1e290)
    assert np.isfinite(found["contribution"]).all()
    with pytest.raises(UsageError, match=r"level is 1e\+301: input should be less than or equal to"):
        model(pair, HEAD.replace("level = 4.1", "level = 1e301"))


def test_contributions_that_cancel_in_the_score_are_refused_where_they_are_asked_for():
    data = layers(0, 2, years=[2024], missing=0.0)
    data["dwellings"][:] = 1.0
    data["rent"][:] = data["noise"][:] = [3.0, -3.0]
    pair = [LARGE.format("rent", "1e300"), LARGE.format("noise", "-1e300")]
    assert (lr.score(data, model(pair, FEWER))["total"] == 0).all()
    with pytest.raises(
        InputError, match=r"contributions go beyond .* 'noise': coefficient -1e\+300, value 3\."
    ):
        lr.score(data, model(pair, FEWER), explain=True)


def test_dwellings_without_a_sum_are_refused():
    data = layers(0, 3, missing=0.0)
    data["dwellings"][:] = 1e308
    with pytest.raises(
        InputError, match=r"dwellings in 2024 are so many that their sum goes beyond .*1.8e\+308"
    ):
        lr.score(data, model())
