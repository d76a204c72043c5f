"""Values, weights and stored draws that inversion is held against.

Run as a script, it draws sums of weighted values without replacement and writes quantiles of them, with the
share of all draws beyond, to weighted_draws.csv: ``python tests/inference/weighted_draws.py [draws]``.
"""

import csv
import sys
from pathlib import Path

import numba
import numpy as np

N = 2000
KERNELS = ("gaussian", "exponential", "inverse")
DISTRIBUTIONS = ("normal", "lognormal", "pareto 2.5", "pareto 1.5")
SHARES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1)


def weights_of(kernel):
    """Return the weights of the offsets within five cells."""
    reach = np.arange(-5, 6)
    d2 = (reach[:, None] ** 2 + reach**2).ravel()
    d = np.sqrt(d2[(d2 > 0) & (d2 <= 25)])
    found = {"gaussian": np.exp(-d * d / 8), "exponential": np.exp(-d / 1.5), "inverse": 1 / d}
    return np.sort(found[kernel])


def values_of(distribution):
    """Return N values."""
    rng = np.random.default_rng(DISTRIBUTIONS.index(distribution))
    if distribution == "normal":
        return rng.normal(size=N)
    if distribution == "lognormal":
        return rng.lognormal(size=N)
    return rng.pareto(float(distribution.split()[1]), size=N)


@numba.njit
def draw(values, weights, draws, seed):
    """Return sums of weights times values drawn without replacement."""
    np.random.seed(seed)  # noqa: NPY002
    values = values.copy()
    sums = np.empty(draws)
    for r in range(draws):
        total = 0.0
        for j in range(weights.size):
            i = j + np.random.randint(values.size - j)  # noqa: NPY002
            values[i], values[j] = values[j], values[i]
            total += weights[j] * values[j]
        sums[r] = total
    return sums


def main(draws):
    """Write the file."""
    with Path(__file__).with_suffix(".csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["kernel", "distribution", "side", "p", "quantile", "draws"])
        for kernel in KERNELS:
            for distribution in DISTRIBUTIONS:
                sums = np.sort(draw(values_of(distribution), weights_of(kernel), draws, 1))
                for share in SHARES:
                    k = max(int(share * draws), 1)
                    table.writerow(
                        [kernel, distribution, "lower", k / draws, repr(float(sums[k - 1])), draws]
                    )
                    table.writerow([kernel, distribution, "upper", k / draws, repr(float(sums[-k])), draws])


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000)
