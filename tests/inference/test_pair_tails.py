"""Sums of two values: small tails are counted, as a loop over all pairs counts them."""

from itertools import combinations

import numpy as np
import pytest

from leefraster.inference import draws
from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import as_numbers, totals


@pytest.mark.parametrize("own_fixed", [True, False])
@pytest.mark.parametrize("name", ["normal", "lognormal"])
def test_small_tails_of_pairs_equal_a_loop(name, own_fixed, monkeypatch):
    monkeypatch.setattr(draws, "ENUMERABLE", 1)
    values = getattr(np.random.default_rng(3), name)(size=300)
    numbers = as_numbers(values, 3)
    sums = totals(numbers.integers)
    ints = numbers.integers
    order = np.argsort(ints)
    pairs = [(order[-1], order[-2]), (order[-1], order[-30]), (order[0], order[1]), (order[5], order[9])]
    observed = np.full(ints.size, int(np.median(ints)) * 2)
    places = np.array([order[150], order[298], order[150], order[7]])
    for place, (a, b) in zip(places, pairs, strict=True):
        observed[place] = ints[a] + ints[b]
    upper, lower, _ = exact_tails(numbers, sums, observed, np.full(ints.size, 2), own_fixed=own_fixed)
    for place in np.unique(places):
        others = np.delete(ints, place) if own_fixed else ints
        made = np.array([a + b for a, b in combinations(others.tolist(), 2)])
        for tail, share in (
            (upper, (made >= observed[place]).mean()),
            (lower, (made <= observed[place]).mean()),
        ):
            if 0 < share < 1000 / made.size:
                assert tail[place] == pytest.approx(share, rel=1e-12)
