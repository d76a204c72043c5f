"""Inversion of weighted sums: against enumeration, against quantiles of many stored draws, and its laws."""

import csv
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from weighted_draws import DISTRIBUTIONS, KERNELS, N, draw, values_of, weights_of

import leefraster as lr
from leefraster.fields import read_fields
from leefraster.inference.inversion import inversion_tails
from leefraster.inference.numbers import as_numbers, totals
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
