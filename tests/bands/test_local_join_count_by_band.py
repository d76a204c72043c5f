"""Local join counts in bands: the same bytes as in memory, and what is refused."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedField, local_join_count_by_band
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
QUEEN = lr.Neighbourhood.queen()
NEIGHBOURHOODS = (
    QUEEN,
    lr.Neighbourhood.rook(2),
    lr.Neighbourhood.disc(400),
    lr.Neighbourhood.ring(200, 500),
)


def made(seed, n, share):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = (rng.random(n) < share).astype(float)
    values[rng.random(n) < 0.1] = np.nan
    return ids, values


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6), st.integers(1, 900), st.sampled_from([0.02, 0.3, 0.9, 1.0]),
    st.sampled_from(NEIGHBOURHOODS), st.integers(1, 400), st.sampled_from([1, 7, 64]),
    st.sampled_from([
        {}, {"weighting": "row", "alternative": "greater"}, {"adjustment": "bonferroni"},
        {"inference": "normal", "weighting": "given"}, {"inference": "permutation", "permutations": 19},
    ]),
)  # fmt: skip
def test_it_has_the_bytes_of_local_join_count(seed, n, share, neighbourhood, cells, multiple, options):
    ids, values = made(seed, n, share)
    field = xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.local_join_count(field, neighbourhood, **options)
        arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
        figures = local_join_count_by_band(
            BandedField.of(ids, values, GRID),
            neighbourhood,
            Arrays(arrays),
            cells=cells,
            multiple=multiple,
            **options,
        )
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    assert (figures.n, figures.islands) == (int(wanted["n"]), int(wanted["islands"]))
    np.testing.assert_equal(
        (figures.reference, figures.p_error), (float(wanted["reference"]), float(wanted["p_error"]))
    )


def test_bool_is_taken_and_other_values_are_refused_before_anything_is_written():
    ids, values = made(1, 300, 0.5)
    ones = values == 1
    arrays = {name: {"BB": np.full(300, 77.0)} for name in ("bool", "float", "refused")}
    local_join_count_by_band(BandedField.of(ids, ones, GRID), QUEEN, Arrays(arrays["bool"]), cells=70)
    local_join_count_by_band(BandedField.of(ids, ones * 1.0, GRID), QUEEN, Arrays(arrays["float"]), cells=90)
    assert arrays["bool"]["BB"].tobytes() == arrays["float"]["BB"].tobytes()
    values[[200, 250]] = 2, 0.5
    with pytest.raises(
        lr.InputError, match=r"field holds 2 values that are neither 0 nor 1, the first is 2\.0"
    ):
        local_join_count_by_band(
            BandedField.of(ids, values, GRID), QUEEN, Arrays(arrays["refused"]), cells=50
        )
    assert (arrays["refused"]["BB"] == 77).all()


def test_wrong_options_are_refused():
    ids, values = made(1, 300, 0.5)
    with pytest.raises(lr.UsageError, match="weighting is 'equal'; allowed are 'row', 'binary', 'given'"):
        local_join_count_by_band(BandedField.of(ids, values, GRID), QUEEN, Arrays({}), weighting="equal")
