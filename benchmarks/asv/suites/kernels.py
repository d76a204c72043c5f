"""Times of the compiled kernels beneath the statistics; everything is compiled and loaded in `setup`."""

from __future__ import annotations

import numpy as np

import leefraster as lr
from leefraster.inference.multiple_testing import adjusted
from leefraster.inference.numbers import as_numbers, totals
from leefraster.kernels.ranking import bucketed_integers
from leefraster.kernels.rowruns import prefix_sum
from leefraster.neighbours import neighbours_among

from .fields import made_field, read


class Neighbours:
    """Sums over neighbourhoods by row runs."""

    param_names = ("cells", "radius")
    params = ([100_000, 1_000_000], [150, 1_000])

    def setup(self, cells: int, radius: float) -> None:
        """Make the neighbours, and sum once."""
        fields, valid, values = read(made_field(cells))
        self.neighbours = neighbours_among(lr.Neighbourhood.disc(radius), fields, valid)
        self.integers = as_numbers(values, self.neighbours.most).integers
        self.time_sums()

    def time_sums(self, *_: float) -> None:
        """Sum over the neighbours of every cell, and count them."""
        self.neighbours.sums(self.integers)


class Numbers:
    """Kernels that go once over the values."""

    param_names = ("cells",)
    params = ([100_000, 1_000_000],)

    def setup(self, cells: int) -> None:
        """Make values, integers and p-values; run each once."""
        self.values = read(made_field(cells))[2]
        self.numbers = as_numbers(self.values, 8)
        self.p = np.random.default_rng(1).random(self.values.size) ** 3
        for work in (
            self.time_as_numbers,
            self.time_totals,
            self.time_prefix_sum,
            self.time_buckets,
            self.time_q,
        ):
            work()

    def time_as_numbers(self, *_: int) -> None:
        """Turn values into integers."""
        as_numbers(self.values, 8)

    def time_totals(self, *_: int) -> None:
        """Take exact totals."""
        totals(self.numbers.integers)

    def time_prefix_sum(self, *_: int) -> None:
        """Take the prefix sum."""
        prefix_sum(self.numbers.integers)

    def time_buckets(self, *_: int) -> None:
        """Put the integers in buckets."""
        bucketed_integers(self.numbers.integers, self.numbers.bits)

    def time_q(self, *_: int) -> None:
        """Adjust p-values for the false-discovery rate."""
        adjusted(self.p, "benjamini-hochberg")
