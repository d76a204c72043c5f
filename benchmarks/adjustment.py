"""Adjustment of p-values at scale: seconds and peak memory above input and output, each size in its own process.

.venv/bin/python benchmarks/adjustment.py [sizes in millions ...]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

from leefraster.inference.multiple_testing import adjusted

SIZES = (1, 4, 16, 64)  # millions
WARM_UP = 100_000
SHARE_FOUND = 0.2  # of tests whose p is far from even


def made_p(n: int, seed: int = 0) -> np.ndarray:
    """Return p-values of which four fifths are even and the rest small, made without spare memory."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    found = p[: int(n * SHARE_FOUND)]
    np.power(found, 6, out=found)
    np.clip(p, 1e-300, 1.0, out=p)
    return p


def peak() -> float:
    """Return the largest memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(millions: float) -> None:
    """Adjust once compiled code is warm, and print one row."""
    adjusted(made_p(WARM_UP), "benjamini-hochberg")
    n = int(millions * 1e6)
    before = peak()
    p = made_p(n)
    held = max(peak(), before + n * 8 / 2**20)
    start = time.perf_counter()
    q = adjusted(p, "benjamini-hochberg")
    seconds = time.perf_counter() - start
    above = max(peak() - held - q.nbytes / 2**20, 0.0)
    share = np.count_nonzero(q <= 0.05) / n
    print(f"| {n:,} | {seconds:.2f} | {seconds / n * 1e9:.0f} | {above:.0f} | {share:.4f} |", flush=True)


def main(sizes: tuple[str, ...]) -> None:
    """Print a table; each size runs in a process of its own, so that its peak is its own."""
    print(
        "| p-values | seconds | ns each | MB above input and output | share q <= .05 |\n|---|---|---|---|---|"
    )
    for size in sizes or tuple(map(str, SIZES)):
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(float(sys.argv[2]))
    else:
        main(tuple(sys.argv[1:]))
