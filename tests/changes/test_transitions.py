"""Transitions between cluster types and classes: against giddy, and by hand."""

import warnings

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.changes.steps import count_steps, homogeneity, probabilities

YEARS = list(range(2010, 2026, 2))


@pytest.fixture(scope="module")
def walk():
    """Return values that drift over eight measurements, on a raster without holes."""
    rng = np.random.default_rng(11)
    values = np.cumsum(rng.normal(size=(8, 12, 10)), axis=0)
    coords = {"year": YEARS, "y": 100.0 * np.arange(12)[::-1] + 50, "x": 100.0 * np.arange(10) + 50}
    return xr.DataArray(values, dims=("year", "y", "x"), coords=coords)


def weights(field):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lr.Neighbourhood.rook().graph(field.isel(year=0)).transform("r").to_W()


def test_types_move_as_giddys_do(walk):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from giddy.markov import LISA_Markov

        values = walk.values.reshape(8, -1).T
        theirs = LISA_Markov(values, weights(walk))
    found = lr.lisa_transitions(walk, lr.Neighbourhood.rook())
    np.testing.assert_array_equal(found["count"], theirs.transitions)
    np.testing.assert_allclose(found["probability"], theirs.p, atol=1e-12)
    assert found.attrs["interval"] == 2
    assert found.attrs["stayed"] == np.trace(theirs.transitions)


def test_classes_move_by_neighbourhood_as_giddys_do(walk):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from giddy.markov import Spatial_Markov

        theirs = Spatial_Markov(walk.values.reshape(8, -1).T, weights(walk), fixed=True, k=4, m=4)
    found = lr.spatial_markov(walk, lr.Neighbourhood.rook(), classes=4)
    np.testing.assert_array_equal(found["count"], theirs.T)
    np.testing.assert_allclose(found["pooled_probability"], theirs.p, atol=1e-12)
    assert float(found["pearson"]) == pytest.approx(theirs.Q, rel=1e-10)
    assert float(found["pearson_p"]) == pytest.approx(theirs.Q_p_value, rel=1e-8)
    assert float(found["likelihood_ratio"]) == pytest.approx(theirs.LR, rel=1e-10)
    assert int(found["degrees_of_freedom"]) == theirs.dof_hom


def test_steps_by_hand():
    states = np.array([[0, 1, 1], [1, 1, 0], [1, 0, 0]])
    known = np.ones_like(states, dtype=bool)
    assert count_steps(states, known, 2).tolist() == [[1, 1], [2, 2]]
    known[1, 0] = False
    assert count_steps(states, known, 2).tolist() == [[1, 0], [2, 1]]
    assert probabilities(np.array([[0, 0], [1, 3]])).tolist()[1] == [0.25, 0.75]
    assert np.isnan(probabilities(np.array([[0, 0], [1, 3]]))[0]).all()


def test_groups_that_step_alike_are_not_told_apart():
    same = np.array([[[30, 10], [5, 15]]] * 3)
    found = homogeneity(same)
    assert (found.pearson, found.likelihood_ratio) == (pytest.approx(0), pytest.approx(0))
    assert found.degrees_of_freedom == 4
    unlike = np.array([[[30, 10], [5, 15]], [[10, 30], [15, 5]]])
    assert homogeneity(unlike).pearson_p < 1e-4


def test_missing_places_take_no_step(walk):
    gone = walk.copy()
    gone[3, 4, 4] = np.nan
    whole, less = (lr.lisa_transitions(f, lr.Neighbourhood.queen()) for f in (walk, gone))
    assert int(whole["count"].sum()) - int(less["count"].sum()) == 2
    clusters = lr.lisa_transitions(gone, lr.Neighbourhood.queen(), types="cluster")
    assert clusters["count"].shape == (5, 5)
    assert int(clusters["count"].sum()) == int(less["count"].sum())


def test_unequal_intervals_are_refused_with_years_that_would_do(walk):
    years = [2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022]
    uneven = walk.assign_coords(year=years)
    for function in (lr.lisa_transitions, lr.spatial_markov):
        with pytest.raises(lr.UsageError, match=r"lie 6, 4, 2, 2, 2, 2, 2 years apart.*slice\(2012, 2022\)"):
            function(uneven, lr.Neighbourhood.queen())
    chosen = uneven.sel(year=slice(2012, 2022))
    assert lr.lisa_transitions(chosen, lr.Neighbourhood.queen()).attrs["years"] == years[2:]


def test_own_cuts_make_the_classes(walk):
    found = lr.spatial_markov(walk, lr.Neighbourhood.rook(), cuts=[0.0])
    high = walk.values > 0
    assert int(found["count"].sel(from_class=2).sum()) == int(high[:-1].sum())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda f: lr.lisa_transitions(f, lr.Neighbourhood.rook(), types="both"),
            "types is 'both'; allowed are",
        ),
        (lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), classes=1), "classes is 1"),
        (lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), cuts=[1, 0]), "finite numbers that ascend"),
        (lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), cuts=[]), r"cuts are \[\]; .*at least one"),
        (lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), cuts=3), "cuts are 3; they must be"),
        (lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), cuts=[np.nan]), "they must be finite"),
        (
            lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), classes=2.5),
            r"classes is 2\.5; it must be a",
        ),
        (
            lambda f: lr.spatial_markov(f, lr.Neighbourhood.rook(), classes="x"),
            "classes is 'x'; it must be a",
        ),
        (lambda f: lr.lisa_transitions(f, lr.Neighbourhood.rook(), alpha="x"), "alpha is 'x'; it must lie"),
        (lambda f: lr.lisa_transitions(f.values, lr.Neighbourhood.rook()), "field is a ndarray; it must be"),
        (lambda f: lr.lisa_transitions(f.expand_dims("layer"), lr.Neighbourhood.rook()), "needs one field"),
        (lambda f: lr.lisa_transitions(f.isel(year=[0]), lr.Neighbourhood.rook()), "at least two years"),
    ],
)
def test_wrong_questions_are_refused(walk, call, message):
    with pytest.raises(lr.UsageError, match=message):
        call(walk)
