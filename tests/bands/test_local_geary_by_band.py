"""Local Geary's C in bands: the same bytes as in memory, however its tails are found, and what is refused."""

import warnings
from functools import cache

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedField, InTurn, local_geary_by_band
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning
from leefraster.inference import geary_grid

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
QUEEN, DISC = lr.Neighbourhood.queen(), lr.Neighbourhood.disc(6000)
DECAY = lr.Neighbourhood.decay(200, cutoff=400)
NEIGHBOURHOODS = (QUEEN, lr.Neighbourhood.rook(2), lr.Neighbourhood.ring(200, 300), DISC)
KINDS = {
    "continuous": lambda rng, n: rng.normal(size=n),
    "ties": lambda rng, n: np.round(rng.normal(size=n), 1),
    "few values": lambda rng, n: rng.integers(0, 4, n) * 1.0,
    "zeros and a tail": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, rng.lognormal(0, 2, n)),
    "outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
    "constant": lambda rng, n: np.full(n, 3.0),
}
TABLES = geary_grid.tables
KEPT = {}


@pytest.fixture(autouse=True)
def tables_once(monkeypatch):
    """Bands and memory make the same tables of the same values in order; a field's are made once here."""

    def once(ordered, mean, sd, draws):
        key = (ordered.tobytes(), mean, sd, draws.tobytes())
        if key not in KEPT:
            KEPT[key] = TABLES(ordered, mean, sd, draws)
        return KEPT[key]

    monkeypatch.setattr(geary_grid, "tables", once)


def made(kind, n):
    rng = np.random.default_rng(n)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = KINDS[kind](rng, n)
    values[rng.random(n) < 0.1] = np.nan
    return ids, values


@cache
def in_memory(kind, n, neighbourhood, **options):
    ids, values = made(kind, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        return lr.local_geary(
            xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids)), neighbourhood, **options
        )


def assert_same_bytes(kind, n, neighbourhood, cells, multiple=1, runner=None, **options):
    wanted = in_memory(kind, n, neighbourhood, **options)
    arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        figures = local_geary_by_band(
            BandedField.of(*made(kind, n), GRID), neighbourhood, Arrays(arrays),
            cells=cells, multiple=multiple, runner=runner, **options,
        )  # fmt: skip
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    assert (figures.n, figures.islands) == (int(wanted["n"]), int(wanted["islands"]))
    np.testing.assert_equal(
        (figures.reference, figures.p_error), (float(wanted["reference"]), float(wanted["p_error"]))
    )


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(sorted(KINDS)), st.sampled_from([3, 12, 60]), st.sampled_from(NEIGHBOURHOODS),
    st.integers(1, 40), st.sampled_from([1, 7]),
    st.sampled_from([{}, {"weighting": "binary", "alternative": "less"}, {"inference": "normal"},
                     {"inference": "permutation", "permutations": 19, "seed": 4}]),
)  # fmt: skip
def test_small_fields_have_the_bytes_of_local_geary(kind, n, neighbourhood, cells, multiple, options):
    """Their sets of neighbours are gone through, or counted where all but one of the others are neighbours."""
    assert_same_bytes(kind, n, neighbourhood, cells, multiple, **options)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["continuous", "ties", "few values"]), st.integers(1, 500), st.sampled_from([1, 64]))
def test_tables_and_counts_of_few_values_have_the_bytes_of_local_geary(kind, cells, multiple):
    assert_same_bytes(kind, 900, QUEEN, cells, multiple)


class Elsewhere(InTurn):
    elsewhere = True


def test_bands_that_are_worked_on_elsewhere_have_the_same_bytes():
    assert_same_bytes("continuous", 900, QUEEN, 200, runner=Elsewhere())
    options = {"inference": "permutation", "permutations": 19}
    assert_same_bytes("ties", 60, QUEEN, 17, runner=Elsewhere(), **options)


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(sorted(KINDS)), st.sampled_from([3, 60, 300]), st.integers(1, 200), st.sampled_from([1, 7]),
    st.sampled_from([
        {"inference": "normal"}, {"inference": "normal", "weighting": "given", "alternative": "less"},
        {"inference": "permutation", "permutations": 19}, {"inference": "normal", "weighting": "binary"},
    ]),
)  # fmt: skip
def test_weights_that_decay_have_the_bytes_of_local_geary(kind, n, cells, multiple, options):
    assert_same_bytes(kind, n, DECAY, cells, multiple, **options)


def test_wrong_options_are_refused():
    field = BandedField.of(*made("continuous", 60), GRID)
    with pytest.raises(lr.UsageError, match="inference is 'exact'; allowed are 'saddlepoint', 'normal'"):
        local_geary_by_band(field, QUEEN, Arrays({}), inference="exact")
    with pytest.raises(lr.UsageError, match="weighting is 'equal'; allowed are 'row', 'binary', 'given'"):
        local_geary_by_band(field, QUEEN, Arrays({}), weighting="equal")
    with pytest.raises(lr.UsageError, match="alpha is 2; it must lie between 0 and 1"):
        local_geary_by_band(field, QUEEN, Arrays({}), alpha=2)
    with pytest.raises(lr.UsageError, match="permutations is 0; it must be a whole number of at least 1"):
        local_geary_by_band(field, QUEEN, Arrays({}), inference="permutation", permutations=0)
    with pytest.raises(lr.UsageError, match="inference is 'saddlepoint', but the weights differ"):
        local_geary_by_band(field, DECAY, Arrays({}))
