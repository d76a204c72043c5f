"""Scores in bands: the bytes of those in memory, with every measure, whatever the bands, years and gaps."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedPanel
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning, MissingWeightWarning

GRID = lr.Grid(1000, 9000, 60, 50)
YEARS = [2020, 2022, 2024]
HEAD = """
name = "small"
version = "1"
provenance = "invented for a test"
licence = "CC0-1.0"
dimensions = { won = "housing", onv = "nuisance" }
missing = { then = "score missing", most = 1, beyond = "warn" }
"""
MEASURES = [
    '"cell"',
    '{ kind = "focal_mean", radius = 300 }',
    '{ kind = "focal_mean", radius = 250, weights = "dwellings" }',
    '{ kind = "focal_sum", radius = 400 }',
    '{ kind = "density", radius = 200 }',
    '{ kind = "decay", bandwidth = 200, kernel = "exponential", cutoff = 350 }',
    '{ kind = "distance", cap = 730 }',
]
REFERENCES = ["{ year = 2024, level = 4.1 }", '{ year = 2020, level = 4.1, deviations = "reference year" }']
NOISE = (
    'name = "noise", unit = "dB", dimension = "onv", coefficient = -0.2, transform = ["sqrt"], '
    'missing = { then = "national mean", most = 1 }'
)


class Backwards:
    """Works through the bands from the last to the first; results come back in their order."""

    elsewhere = False
    workers = 1

    def map(self, function, bands):
        found = [function(band) for band in reversed(list(bands))]
        return iter(found[::-1])


def model(measures, reference="{ year = 2024, level = 4.1 }", noise=NOISE):
    rows = [
        f'{{ name = "v{i}", unit = "1", dimension = "won", coefficient = 0.{i + 1}, layer = "age", measure = {m} }}'
        for i, m in enumerate(measures)
    ]
    return lr.Model.parse(
        HEAD + f"reference = {reference}\nindicators = [{', '.join([*rows, f'{{ {noise} }}'])}]"
    )


def made(seed, cells=1300, missing=0.1):
    """Return layers: `age` over years, `noise` over cells alone, dwellings that are often 0."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, cells, replace=False))
    age = rng.gamma(2, 2, (3, cells)) * (rng.random((3, cells)) < 0.7)
    noise = rng.gamma(2, 20, cells)
    age[rng.random(age.shape) < missing] = np.nan
    noise[rng.random(cells) < missing] = np.nan
    dwellings = np.where(rng.random((3, cells)) < 0.3, 0.0, rng.integers(1, 90, (3, cells)))
    return ids, {"age": age, "noise": noise, "dwellings": dwellings}


def in_memory(ids, variables):
    data = {n: (("year", "cell") if v.ndim == 2 else ("cell",), v) for n, v in variables.items()}
    return xr.Dataset(data, coords={"year": YEARS, **cell_coordinates(GRID, ids)})


def compare(ids, variables, asked, **options):
    explain = options.pop("explain", False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.score(in_memory(ids, variables), asked, explain=explain)
    over_cells = {str(n): v for n, v in wanted.data_vars.items() if "cell" in v.dims and n != "dwellings"}
    arrays = {name: np.full(v.shape, 77, v.dtype) for name, v in over_cells.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        rest = lr.score_by_band(
            BandedPanel.of(ids, variables, GRID, years=YEARS),
            asked,
            Arrays(arrays),
            explain=explain,
            **options,
        )
    for name, values in over_cells.items():
        assert arrays[name].tobytes() == values.values.tobytes(), name
    others = wanted.drop_dims("cell").drop_vars([*wanted[["x", "y"]].coords], errors="ignore")
    for name in rest.data_vars:
        assert rest[name].values.tobytes() == others[name].values.tobytes(), name
    assert set(rest.data_vars) == set(others.data_vars)
    assert rest.attrs == wanted.attrs
    assert len(arrays) == 4 + explain


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 10**6), st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3), st.integers(30, 1500),
    st.sampled_from([1, 64]), st.booleans(),
    st.sampled_from(REFERENCES),
)  # fmt: skip
def test_scores_by_band_have_the_bytes_of_scores(seed, measures, cells, multiple, explain, reference):
    ids, variables = made(seed)
    compare(ids, variables, model(measures, reference), cells=cells, multiple=multiple, explain=explain)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_reaches_over_seams(measure):
    ids, variables = made(5)
    variables["age"][:, 700] = 1e7  # one large value sets the scale of all sums over discs
    if "distance" in measure:
        variables["age"][:, np.arange(1300) % 90 > 0] = 0  # few targets, so that far ones count
    compare(ids, variables, model([measure]), cells=100, runner=Backwards())


def test_a_panel_without_years():
    ids, variables = made(2)
    variables = {name: values[-1] if values.ndim == 2 else values for name, values in variables.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.score(in_memory(ids, variables).drop_vars("year"), model(MEASURES[:2]))
        found = np.zeros(ids.size)
        lr.score_by_band(
            BandedPanel.of(ids, variables, GRID), model(MEASURES[:2]), Arrays({"total": found}), cells=300
        )
    assert found.tobytes() == wanted["total"].values.tobytes()


def by_band(ids, variables, asked, **panel):
    given = {"years": YEARS} | panel
    return lr.score_by_band(BandedPanel.of(ids, variables, GRID, **given), asked, Arrays({}), cells=200)


def test_warnings_are_given_once_for_the_whole_panel():
    ids, variables = made(3, missing=0)
    variables["dwellings"][:, :5] = np.nan
    variables["noise"][[1, 900]] = np.nan
    strict = NOISE.replace("most = 1", 'most = 0.001, beyond = "warn"')
    with pytest.warns() as given_warnings:
        by_band(ids, variables, model(MEASURES[:1], noise=strict))
    said = [(one.category, str(one.message)) for one in given_warnings]
    assert [kind for kind, _ in said] == [MissingWeightWarning, LeefrasterWarning]
    assert "dwellings: 15 of 3900 are missing" in said[0][1]
    assert "noise on 2 of 1300 cells" in said[1][1]


def test_what_is_wrong_anywhere_is_refused_with_the_words_of_the_whole():
    ids, variables = made(4, missing=0)
    with pytest.raises(lr.UsageError, match="there is no layer 'noise'"):
        by_band(ids, {"age": variables["age"], "dwellings": variables["dwellings"]}, model(MEASURES[:1]))
    with pytest.raises(lr.InputError, match="is in 'km', the model wants 'dB'"):
        by_band(ids, variables, model(MEASURES[:1]), attrs={"noise": {"units": "km"}})
    with pytest.raises(lr.UsageError, match="takes the dwelling-weighted national mean"):
        by_band(ids, {"noise": variables["noise"], "age": variables["age"]}, model(MEASURES[:1]))
    with pytest.raises(lr.InputError, match="reference year 2018"):
        by_band(ids, variables, model(MEASURES[:1], "{ year = 2018, level = 4.1 }"))
    wrong = variables["noise"].copy()
    wrong[[3, 1200]] = -1.5, -2.5
    with pytest.raises(lr.InputError, match=r"sqrt of 2 negative values \(smallest measure -2.5\)"):
        by_band(ids, variables | {"noise": wrong}, model(MEASURES[:1]))
    wrong[3] = np.inf
    with pytest.raises(lr.InputError, match="layer 'noise' in 2020 has 1 infinite values"):
        by_band(ids, variables | {"noise": wrong}, model(MEASURES[:1]))
    with pytest.raises(lr.InputError, match=r"layer 'age'.*are so large that their sum"):
        by_band(ids, variables | {"age": np.full(ids.size, 1e308)}, model(MEASURES[:1]))
    steep = model(['"cell"'], noise=NOISE.replace("-0.2", "1e305"))
    many = variables["noise"].copy()
    many[1250], many[3] = 2.5e9, 9e8
    with pytest.raises(
        lr.InputError, match=r"1300 scores of .*'onv' in 2024 .* coefficient 1e\+305, value 50000"
    ):
        by_band(ids, variables | {"noise": many}, steep)
    few = variables["dwellings"].copy()
    few[0, [2, 1100]] = -1
    with pytest.raises(lr.InputError, match="dwellings: 2 of 3900 are negative"):
        by_band(ids, variables | {"dwellings": few}, model(MEASURES[:1]))
    gone = np.full(ids.size, np.nan)
    gone[1] = 3.0
    strict = NOISE.replace("most = 1", 'most = 0.5, beyond = "refuse"')
    with pytest.raises(lr.InputError, match=r"noise on 1299 of 1300 cells \(99.9% in 2024"):
        by_band(ids, variables | {"noise": gone}, model(MEASURES[:1], noise=strict))


def test_scores_go_to_a_field_store_and_come_back_as_a_panel(tmp_path):
    ids, variables = made(6)
    asked = model(MEASURES[:2])
    store = lr.FieldStore.create(tmp_path / "store", GRID, chunk=256)
    store.write_field([(ids, variables["noise"])])
    panel = BandedPanel.of(ids, variables, GRID, years=YEARS)
    kinds = {"total": ("float64", (3,)), "score": ("float32", (3, 2)), "replaced": ("int16", 3)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.score(in_memory(ids, variables), asked)
        with store.results("scores", kinds) as sink:
            lr.score_by_band(panel, asked, sink, multiple=store.chunk, cells=1)
    assert store.read("scores", "total")[...].tobytes() == wanted["total"].values.tobytes()
    assert store.read("scores", "replaced")[...].tobytes() == wanted["replaced"].values.tobytes()
    np.testing.assert_allclose(store.read("scores", "score")[...], wanted["score"].values, rtol=1e-6)
    scored = BandedPanel.of(store.field().ids, {"total": store.read("scores", "total")}, GRID, years=YEARS)
    slope = np.zeros(ids.size)
    lr.trend_by_band(scored, "total", Arrays({"slope": slope}), cells=500)
    assert slope.tobytes() == lr.trend(wanted["total"])["slope"].values.tobytes()
    with store.results("levels", {"level": "float64"}) as sink:
        with pytest.raises(
            lr.UsageError, match=r"keep level over \('cells',\), and were given \(3, 'cells'\)"
        ):
            sink.write("level", 0, wanted["level"].values)
        sink.write("level", 0, wanted["level"].values[0])
    assert store.read("scores", "total").shape == (3, ids.size)
