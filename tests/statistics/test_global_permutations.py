"""Permutations of global statistics: each has the value that its definition gives of the values in that order."""

from functools import partial

import numpy as np
import pytest

import leefraster as lr
import naive_global
from leefraster.kernels.shuffle import shuffled
from naive import moran_by_definition, neighbour_lists, raster, rook, weights_matrix
from summed_permutations import summed_permutations

PERMUTATIONS, SEED = 7, 12
DEFINITIONS = {
    "moran": (lr.moran, moran_by_definition, "row"),
    "moran, binary": (lr.moran, moran_by_definition, "binary"),
    "geary": (lr.geary, naive_global.geary, "row"),
    "general G": (lr.getis_ord_general, naive_global.general, "binary"),
    "join counts": (lr.join_count, naive_global.joins, "binary"),
    "bivariate": (lr.moran, None, "row"),
}


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("mean", [3.0, 1e6])
def test_the_sums_of_a_permutation_are_those_of_its_definition(name, mean):
    function, definition, weighting = DEFINITIONS[name]
    rng = np.random.default_rng(4)
    held = rng.random((7, 8)) < 0.8
    values = (
        rng.integers(0, 2, held.shape) * 1.0
        if name == "join counts"
        else mean + rng.integers(0, 50, held.shape)
    )
    field, options = raster(np.where(held, values, np.nan)), {}
    matrix = weights_matrix(neighbour_lists(held, rook), "binary")
    linked = matrix.any(axis=0)
    assert not linked.all(), "an island must be left out"
    weights = matrix[linked][:, linked]
    if weighting == "row":
        weights /= weights.sum(axis=1, keepdims=True)
    drawn = values[held][linked]
    if name == "bivariate":
        others = rng.integers(0, 9, held.shape) * 1.0
        options["other"] = raster(np.where(held, others, np.nan))
        definition, drawn = partial(naive_global.bivariate, drawn), others[held][linked]
    calls = []
    with summed_permutations(calls):
        function(
            field, lr.Neighbourhood.rook(), weighting=weighting, inference="permutation",
            permutations=PERMUTATIONS, seed=SEED, **options,
        )  # fmt: skip
    ((forms, observed, permuted),) = calls
    orders = np.empty((PERMUTATIONS, drawn.size), np.int64)
    shuffled(np.arange(drawn.size), SEED, 0, orders)
    found = np.array([form.of(*np.vstack([observed, permuted]).T) for form in forms])
    every = np.vstack([drawn, drawn[orders]])
    wanted = np.array([definition(each, weights) for each in every]).reshape(1 + PERMUTATIONS, -1).T
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)
