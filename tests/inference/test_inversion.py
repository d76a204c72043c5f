"""Inversion of weighted sums: against enumeration, against quantiles of many stored draws, and its laws."""

import csv
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from weighted_draws import DISTRIBUTIONS, KERNELS, N, draw, values_of, weights_of

import leefraster as lr
from leefraster.fields import read_fields
from leefraster.inference.dwarfing import Dwarfing
from leefraster.inference.inversion import inversion_tails
from leefraster.inference.inversion_lines import Sample
from leefraster.inference.numbers import as_numbers, totals
from leefraster.inference.weighted_population import Points
from leefraster.kernels.jit import set_threads, threads
from leefraster.neighbours import neighbours_among
from leefraster.neighbours.patterns import RowPatterns
from naive import raster


def patterns(rows):
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    weights = np.concatenate([np.sort(row) for row in rows]).astype(float)
    totals_of = np.array([np.sum(row) for row in rows], dtype=float)
    squares = np.array([np.sum(np.square(row)) for row in rows], dtype=float)
    return RowPatterns(np.diff(starts), totals_of, squares, float(weights.max()), starts, weights)


def tails(values, rows, observed, own_fixed=False):
    numbers = as_numbers(values, 2 * max(map(len, rows)) + 2)
    shift = np.array([np.sum(row) for row in rows]) * numbers.origin
    return inversion_tails(
        patterns(rows),
        lambda make: (observed - shift) / numbers.step,
        numbers,
        totals(numbers.integers),
        own_fixed=own_fixed,
    )


def inverted(weights, observed, numbers, sums, own_fixed):
    return inversion_tails(
        weights.patterns(own_fixed),
        lambda make: weights.as_given(observed),
        numbers,
        sums,
        own_fixed=own_fixed,
    )


@pytest.mark.parametrize("own_fixed", [True, False])
@pytest.mark.parametrize("values", [[3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0], [0, 1, 1, 0, 1, 0, 0]])
def test_few_arrangements_are_counted(values, own_fixed):
    values = np.array(values, dtype=float)
    rows = [[0.5], [1.0, 0.25], [2.0, 1.0, 0.5], [], [0.3, 0.3], [1.0], [0.1, 0.2, 0.7, 0.9]]
    rng = np.random.default_rng(2)
    observed = np.array(
        [(rng.permutation(np.delete(values, i))[: len(r)] * np.sort(r)).sum() for i, r in enumerate(rows)]
    )
    upper, lower, error = tails(values, rows, observed, own_fixed)
    assert error == 0.0
    for i, row in enumerate(rows):
        if not row:
            assert np.isnan(upper[i])
            assert np.isnan(lower[i])
            continue
        others = np.delete(values, i) if own_fixed else values
        drawn = np.array([np.dot(p, np.sort(row)) for p in permutations(others, len(row))])
        np.testing.assert_allclose(upper[i], (drawn >= observed[i] - 1e-9).mean(), rtol=1e-12)
        np.testing.assert_allclose(lower[i], (drawn <= observed[i] + 1e-9).mean(), rtol=1e-12)


def stored():
    with (Path(__file__).parent / "weighted_draws.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_tails_equal_many_draws(kernel, distribution):
    """Within 2 % or 3 Monte Carlo errors above 1e-3, within 10 % or 3 errors above 1e-5."""
    cases = [c for c in stored() if c["kernel"] == kernel and c["distribution"] == distribution]
    assert len(cases) >= 8
    weights, values = weights_of(kernel), values_of(distribution)
    observed = np.array([float(case["quantile"]) for case in cases])
    rows = [weights] * len(cases) + [[]] * (N - len(cases))
    padded = np.concatenate([observed, np.zeros(N - len(cases))])
    upper, lower, error = tails(values, rows, padded)
    assert error < 1e-2
    for i, case in enumerate(cases):
        p, draws = float(case["p"]), float(case["draws"])
        got = upper[i] if case["side"] == "upper" else lower[i]
        allowed = max(0.02 if p >= 1e-3 else 0.10, 3 / np.sqrt(draws * p))
        assert abs(got / p - 1) <= allowed, (case, got)


def test_far_tails_of_normal_values_are_normal():
    """Far out, of ten thousand normal values, the tails stay near those of a normal sum, and fall."""
    values = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    weights = np.exp(-np.arange(1.0, 40) / 20)
    sd = np.sqrt((weights**2).sum() - weights.sum() ** 2 / values.size)
    z = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 8.0])
    rows = [weights] * (2 * z.size) + [[]] * (values.size - 2 * z.size)
    observed = np.concatenate([z * sd, -z * sd, np.zeros(values.size - 2 * z.size)])
    upper, lower, _ = tails(values, rows, observed)
    np.testing.assert_allclose(upper[:4], norm.sf(z[:4]), rtol=0.08)
    assert (np.diff(upper[: z.size]) < 0).all()
    assert norm.logsf(8) * 1.3 < np.log(upper[5]) < norm.logsf(8) * 0.9
    np.testing.assert_allclose(lower[z.size : 2 * z.size], upper[: z.size], rtol=1e-6)


def test_laws():
    rng = np.random.default_rng(4)
    n = 400
    values = rng.gamma(2.0, size=n)
    rows = [np.sort(rng.uniform(0.2, 1.0, size=rng.integers(12, 40))) for _ in range(n)]
    observed = np.array([(rng.choice(values, len(r), replace=False) * r).sum() for r in rows])
    upper, lower, _ = tails(values, rows, observed, own_fixed=True)
    assert (upper > 0).all()
    assert (lower > 0).all()
    np.testing.assert_allclose(upper + lower, 1.0, rtol=1e-9)
    total = np.array([r.sum() for r in rows])
    other = tails(7.0 - 2.0 * values, rows, 7.0 * total - 2.0 * observed, own_fixed=True)
    # bins and outliers of mirrored values are not quite mirrored
    np.testing.assert_allclose(other[0], lower, rtol=5e-3)
    scaled = tails(values, [5.0 * r for r in rows], 5.0 * observed, own_fixed=True)
    np.testing.assert_allclose(scaled[0], upper, rtol=1e-6)
    order = rng.permutation(n)
    moved = tails(values[order], [rows[i] for i in order], observed[order], own_fixed=True)
    np.testing.assert_array_equal(moved[0], upper[order])
    held = threads()
    try:
        set_threads(1)
        np.testing.assert_array_equal(tails(values, rows, observed, own_fixed=True)[0], upper)
    finally:
        set_threads(held)


def test_sums_that_cannot_vary_are_certain():
    values = np.array([2.0, 2.0, 2.0, 5.0, 2.0])
    upper, lower, _ = tails(values, [[1.0]] * 5, np.full(5, 2.0), own_fixed=True)
    assert upper[3] == lower[3] == 1.0


@pytest.mark.parametrize("distribution", ["normal", "lognormal", "pareto"])
@pytest.mark.parametrize("own_fixed", [True, False])
def test_kinds_of_offsets_equal_rows_and_draws(distribution, own_fixed):
    """On a grid the sums come by kind of offset, in a graph by row; both against draws around three cells."""
    rng = np.random.default_rng(8)
    values = {"normal": rng.normal, "lognormal": rng.lognormal, "pareto": lambda size: rng.pareto(2.5, size)}
    array = values[distribution](size=(36, 40))
    array[4:9, 3:17] = np.nan
    array[20, :] = np.nan
    cells = lr.from_raster(raster(array))
    fields, graphs = read_fields(cells), read_fields(cells, areas=True)
    valid = np.ones(cells.size, dtype=bool)
    decay = lr.Neighbourhood.decay(300, "exponential", cutoff=700)
    grid = neighbours_among(decay, fields, valid).weights("row")
    graph = neighbours_among(decay.graph(cells), graphs, valid).weights("row")
    numbers = as_numbers(cells.values, 200)
    sums = totals(numbers.integers)
    own = np.zeros(cells.size) if own_fixed else grid.own
    if not own_fixed:
        graph = grid
    observed = grid.lags(numbers.integers) + own * numbers.integers
    upper, lower, _ = inverted(grid, observed, numbers, sums, own_fixed)
    others = inverted(graph, observed, numbers, sums, own_fixed)
    np.testing.assert_allclose(others[0], upper, rtol=1e-2)
    np.testing.assert_allclose(others[1], lower, rtol=1e-2)
    starts, _, weights = grid.rows()
    largest = int(np.argmax(cells.values))
    for cell in (largest, 100, 900):
        row = np.append(weights[starts[cell] : starts[cell + 1]], [] if own_fixed else own[cell])
        pool = np.delete(numbers.integers, cell) if own_fixed else numbers.integers
        draws = draw(pool.astype(float), row, 200_000, cell)
        for tail, share in (
            (upper, (draws >= observed[cell]).mean()),
            (lower, (draws <= observed[cell]).mean()),
        ):
            error = np.sqrt(share * (1 - share) / draws.size)
            assert abs(tail[cell] - share) < 4 * error + 0.02 * share + 1e-5


def around(values, weights, observed_sets, rng):
    """Return p of sums over sets of values: by inversion, and by draws."""
    n = values.size
    numbers = as_numbers(values, 2 * weights.size + 2)
    rows = [weights] * len(observed_sets) + [[]] * (n - len(observed_sets))

    def sums_of(make):
        integers = make(numbers.integers)
        sums = [integers[chosen] @ np.sort(weights) for chosen in observed_sets]
        return np.array(sums + [0.0] * (n - len(sums)))

    upper, _, error = inversion_tails(
        patterns(rows), sums_of, numbers, totals(numbers.integers), own_fixed=False
    )
    draws = draw(values, np.sort(weights), 150_000, rng)
    observed = [values[chosen] @ np.sort(weights) for chosen in observed_sets]
    return upper[: len(observed_sets)], np.array([(draws >= s).mean() for s in observed]), draws.size, error


@pytest.mark.parametrize("times", [8.0, 1e3, 1e9])
def test_places_near_a_value_far_from_all_others(times):
    """One value of 20,000 is far from the others, or dwarfs them; near it the largest sums lie very far out."""
    rng = np.random.default_rng(5)
    values = rng.lognormal(sigma=1.2, size=20_000)
    largest = int(values.argmax())
    values[largest] *= times
    weights = np.exp(-np.arange(1.0, 60) / 20)
    sets = []
    for number in range(40):
        chosen = rng.choice(np.delete(np.arange(values.size), largest), weights.size, replace=False)
        if number % 2:
            chosen[rng.integers(weights.size)] = largest
        sets.append(chosen)
    found, share, draws, error = around(values, weights, sets, 6)
    assert error < 0.05
    allowed = 4.5 * np.sqrt(share * (1 - share) / draws) + 0.05 * share + 1e-5
    assert (np.abs(found - share) < allowed).all(), (found, share)


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(20, 400), st.floats(3.5, 12))
@settings(deadline=None, max_examples=50)
def test_values_that_dwarf_the_others_are_found(seed, few, n, powers):
    rng = np.random.default_rng(seed)
    integers = rng.integers(1000, 2000, n)
    count = min(few, n // 10)
    far = np.sort(rng.choice(n, count, replace=False))
    sizes = 400 * 10 ** rng.uniform(powers, powers + 1, count)
    integers[far] = rng.choice([-1, 1], count) * sizes.astype(np.int64)
    integers -= integers.min()
    ordered = np.sort(integers)
    found = Dwarfing.of(ordered, totals(ordered))
    others = np.delete(integers, far)
    np.testing.assert_array_equal(np.flatnonzero(found.among(integers)), far)
    np.testing.assert_array_equal(found.others(ordered), np.sort(others))
    np.testing.assert_array_equal(np.flatnonzero(found.which(integers) >= 0), far)
    np.testing.assert_allclose(found.values[found.which(integers[far])], integers[far] - others.mean())
    np.testing.assert_allclose(found.without(integers) + found.alone(integers), integers, rtol=1e-12)


def test_nothing_is_found_where_nothing_dwarfs_the_others():
    rng = np.random.default_rng(1)
    for integers in (rng.poisson(3, 500), rng.integers(0, 2, 300), np.append(np.zeros(8, int), 10**9)):
        ordered = np.sort(integers.astype(np.int64))
        assert Dwarfing.of(ordered, totals(ordered)) is None


@pytest.mark.parametrize("own_fixed", [True, False])
@pytest.mark.parametrize(
    "far", [[1e5], [1e5, 1e9], [1e5, -1e7], [400.0, 1e3, -1e4], [1e6, 1e6, 1e6], "one", "three ones"]
)
def test_sums_near_few_values_that_dwarf_the_others_equal_draws(far, own_fixed):
    """Weights from 1 to a fiftieth, so that some of what lands is hardly felt; ones among zeros tie."""
    rng = np.random.default_rng(7)
    shape = (14, 16)
    array = rng.normal(size=shape)
    if isinstance(far, str):
        array = np.zeros(shape)
        far = [1.0] * {"one": 1, "three ones": 3}[far]
    middle = [(6, 7), (6, 9), (8, 7)][: len(far)]
    for at, value in zip(middle, far, strict=True):
        array[at] = value
    cells = lr.from_raster(raster(array))
    decay = lr.Neighbourhood.decay(100, "gaussian", cutoff=280)
    grid = neighbours_among(decay, read_fields(cells), np.ones(cells.size, dtype=bool)).weights("row")
    numbers = as_numbers(cells.values, 60)
    own = np.zeros(cells.size) if own_fixed else grid.own

    def sums_of(make):
        made = make(numbers.integers)
        return grid.as_given(grid.lags(made) + own * made)

    upper, lower, error = inversion_tails(
        grid.patterns(own_fixed), sums_of, numbers, totals(numbers.integers), own_fixed=own_fixed
    )
    three = 1e-3 if len(far) == 3 else 0.0  # the chance that all three land counts on either side
    assert error < (1.0 if three else 0.05)
    starts, _, weights = grid.rows()
    observed = grid.lags(numbers.integers) + own * numbers.integers
    there = np.zeros(shape)
    for at in middle:
        there[at] = 1.0
    steps = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if dy or dx or not own_fixed]
    near = [np.roll(there, step, (0, 1)) for step in steps if step[0] ** 2 + step[1] ** 2 < 8]
    present = np.sum(near, axis=0).ravel()
    for cell in (6 * 16 + 7, 6 * 16 + 8, 7 * 16 + 7, 5 * 16 + 5, 8 * 16 + 9, 3, 100):
        row = np.append(weights[starts[cell] : starts[cell + 1]], [] if own_fixed else own[cell])
        pool = np.delete(numbers.integers, cell) if own_fixed else numbers.integers
        draws = draw(pool.astype(float), row, 60_000, cell)
        tie = 1e-9 * np.abs(observed[cell])
        for tail, share in (
            (upper, (draws >= observed[cell] - tie).mean()),
            (lower, (draws <= observed[cell] + tie).mean()),
        ):
            off = np.sqrt(share * (1 - share) / draws.size)
            if present[cell] == 3:  # p is bounded from above
                assert -4.5 * off - 0.03 * share < tail[cell] - share < 0.005 + 0.03 * share
                continue
            assert abs(tail[cell] - share) < 4.5 * off + 0.1 * share + 2e-4 + three, (cell, tail[cell], share)


def test_sums_of_much_of_the_field_are_said_to_be_uncertain():
    values = np.random.default_rng(1).normal(size=40)
    for size, certain in ((13, True), (14, False)):
        rows = [np.linspace(0.5, 1.0, size)] + [[]] * 39
        error = tails(values, rows, np.r_[0.1, np.zeros(39)])[2]
        assert (error < 0.1) == certain


@given(st.integers(0, 10**6), st.integers(1, 80), st.integers(1, 12), st.integers(0, 80))
def test_a_sample_is_the_same_however_places_are_cut(seed, n, different, cut):
    rng = np.random.default_rng(seed)
    sums, own = rng.choice(rng.normal(size=different * 4), n), np.arange(n)
    bases = rng.normal(size=(n, 3))
    whole = Sample.of(bases, sums, own)
    cut = min(cut, n)
    slices = [part for part in (slice(cut), slice(cut, n)) if own[part].size]
    parts = [Sample.of(bases[part], sums[part], own[part]) for part in slices]
    joined = parts[0] if len(parts) == 1 else parts[0] | parts[1]
    np.testing.assert_array_equal(joined.own, whole.own)
    np.testing.assert_array_equal(joined.bases, whole.bases)
    assert {sums.min(), sums.max()} <= set(whole.sums.tolist())
    assert all(np.flatnonzero(sums == s)[0] == i for s, i in zip(whole.sums, whole.own, strict=True))


@given(st.integers(0, 10**6), st.integers(10, 3000), st.sampled_from(["counts", "gamma", "far"]))
@settings(deadline=None)
def test_points_keep_number_mean_and_variance(seed, n, kind):
    rng = np.random.default_rng(seed)
    integers = {
        "counts": lambda: rng.poisson(2, n), "gamma": lambda: (1000 * rng.gamma(1.0, size=n)).astype(int),
        "far": lambda: np.append(rng.poisson(30, n - 1), 30 + 5 * n),
    }[kind]().astype(np.int64)  # fmt: skip
    ordered = np.sort(integers - integers.min())
    assume(ordered[-1] > 0)
    sums = totals(ordered)
    points = Points.of(ordered, sums)
    z = (ordered - ordered.mean()) / ordered.std()
    inner = n - points.numbers.sum()
    values, outliers = points.values + points.middle, points.outliers + points.middle
    moments = [
        inner * (points.shares * values**k).sum() + (points.numbers * outliers**k).sum() for k in (0, 1, 2)
    ]
    np.testing.assert_allclose(moments[:2], [n, 0.0], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(
        moments[2], (z**2).sum(), rtol=2e-2
    )  # outliers that stand for several lose a little
    outlying = np.abs(z) >= points.edge * (1 - 1e-12)
    assert outlying.sum() >= points.numbers.sum()  # more where some of equal values are among the most


@pytest.mark.parametrize("own", [0.0, 0.7])
def test_polynomials_by_kind_of_offset_are_those_of_rows_and_of_numpy(own):
    rng = np.random.default_rng(2)
    array = rng.normal(size=(12, 15))
    array[3:5, 2:9] = np.nan
    cells = lr.from_raster(raster(array))
    decay = lr.Neighbourhood.decay(200, "gaussian", cutoff=420)
    grid = neighbours_among(decay, read_fields(cells), np.ones(cells.size, dtype=bool))
    by_kind = grid.patterns(grid.decayed_ones(), grid.decayed_ones(np.square), own)
    starts, weights = by_kind.rows(np.arange(cells.size))
    by_row = RowPatterns(by_kind.counts, by_kind.totals, by_kind.squares, by_kind.largest, starts, weights)
    piece = slice(20, 131)
    found = by_kind.chebyshev(piece, 9, 0.0, by_kind.largest)
    np.testing.assert_allclose(by_row.chebyshev(piece, 9, 0.0, by_kind.largest), found, rtol=0, atol=1e-12)
    for row in (0, 50, 110):
        held = weights[starts[20 + row] : starts[21 + row]]
        y = 2 * held / by_kind.largest - 1
        wanted = np.polynomial.chebyshev.chebvander(y, 8).sum(axis=0)
        np.testing.assert_allclose(found[row], wanted, rtol=0, atol=1e-12)
