"""Draws without replacement: by their definition, uniform, and the same singly and in blocks."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leefraster.kernels.permutation import (
    BLOCK,
    draw_block,
    draw_without_replacement,
    rejected_below,
    scratch_for,
)
from leefraster.kernels.random_stream import key_of
from naive_local import drawn_positions


def draws(seed, place, permutation, k, n, excluded):
    out = np.empty(k, np.int64)
    draw_without_replacement(seed, place, permutation, k, n, excluded, out)
    return out.tolist()


@st.composite
def settings_of_draws(draw):
    n = draw(st.sampled_from([3, 7, 40, 1_000, 100_000, 3_000_000_000]))
    excluded = draw(st.sampled_from([-1, 0, n // 2, n - 1]))
    candidates = n - 1 if excluded >= 0 else n
    k = draw(st.integers(1, min(candidates, 130)))
    return draw(st.integers(0, 2**40)), draw(st.integers(0, 2**40)), k, n, excluded


@settings(max_examples=200, deadline=None)
@given(settings_of_draws(), st.integers(0, 10**6))
def test_draws_are_as_defined_different_and_without_the_excluded(made, permutation):
    seed, place, k, n, excluded = made
    found = draws(seed, place, permutation, k, n, excluded)
    assert len(set(found)) == k
    assert excluded not in found
    assert 0 <= min(found) <= max(found) < n
    if 2 * k <= n - (excluded >= 0):
        assert found == drawn_positions(seed, place, permutation, k, n, excluded)


@settings(max_examples=100, deadline=None)
@given(settings_of_draws(), st.integers(0, 10**6))
def test_a_block_holds_the_draws_of_its_permutations(made, first):
    seed, place, k, n, excluded = made
    positions = np.empty((k + 1) * BLOCK, np.uint32)
    base = np.uint64(key_of(seed, place))
    draw_block(base, first, k, n, excluded, rejected_below(n), scratch_for(k), positions)
    block = positions.reshape(k + 1, BLOCK)[:k]
    for b in (0, 1, 17, BLOCK - 1):
        assert block[:, b].tolist() == draws(seed, place, first + b, k, n, excluded)


@pytest.mark.parametrize(
    ("n", "k", "excluded"),
    [(6, 3, 2), (6, 2, -1), (5, 4, 0), (5, 5, -1), (90, 2, 89)],
    ids=["half", "few", "most", "all", "in blocks"],
)
def test_all_orders_are_equally_likely(n, k, excluded):
    cells = math.perm(n - (excluded >= 0), k)
    repeats = 40 * cells // BLOCK * BLOCK
    positions = np.empty((k + 1) * BLOCK, np.uint32)
    seen = Counter()
    for first in range(0, repeats, BLOCK):
        draw_block(
            np.uint64(key_of(3, 11)), first, k, n, excluded, rejected_below(n), scratch_for(k), positions
        )
        seen.update(map(tuple, positions.reshape(k + 1, BLOCK)[:k].T.tolist()))
    expected = repeats / cells
    chi2 = sum((count - expected) ** 2 for count in seen.values()) / expected + (cells - len(seen)) * expected
    assert abs(chi2 - (cells - 1)) < 4 * math.sqrt(2 * (cells - 1))


def test_seeds_places_and_permutations_have_draws_of_their_own():
    base = draws(1, 2, 3, 8, 10_000, -1)
    assert base == draws(1, 2, 3, 8, 10_000, -1)
    others = [draws(*key, 8, 10_000, -1) for key in ((2, 2, 3), (1, 3, 3), (1, 2, 4), (2, 1, 3), (1, 2, 2))]
    assert all(len(set(base) & set(other)) <= 1 for other in others)
