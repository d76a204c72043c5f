"""The weighted sum over the neighbourhood of every place, with its moments and tails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.inference.conditional import dominating, variance_of_drawn
from leefraster.inference.inversion import Inversion, inversion_tails
from leefraster.inference.numbers import Numbers, Totals, deviations
from leefraster.inference.permutation import DrawnFrom, IntegerTerms, permuted_tails
from leefraster.inference.tails import normal_tails
from leefraster.inference.weighted_places import Places
from leefraster.kernels.local_sums import means_of_weighted_sums, standardise
from leefraster.neighbours import BandNeighbours
from leefraster.statistics.centre import Centred
from leefraster.statistics.plan import Test

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Make = Callable[[Ints], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class WeightedSums:
    """Sums of values whose weights differ.

    Attributes
    ----------
    numbers, drawn : Numbers, Totals
        The values that are summed and drawn, and their totals.
    own_fixed : bool
        Whether the place itself is neither in the sum nor among the draws.
    weights : Weights
        Of the neighbours, and of places for themselves (`neighbours.Weights`).
    counts : ndarray of int64, shape (n,)
        Values in each sum; 0 for islands.
    totals : ndarray of float64, shape (n,)
        The sum of the weights, with the place's own unless `own_fixed`.
    spread, z : ndarray of float64, shape (n,)
        The variance of the sum in steps squared, and its standardised value.
    band : BandNeighbours or None
        The places as a band of a field; else they are all of it.
    drawn_from : DrawnFrom or None
        What permutations draw from, where the places are a band of a field.
    inversion : Inversion or None
        The null distributions of all places, where these are a band of a field; else made when tails are asked.
    """

    numbers: Numbers
    drawn: Totals
    own_fixed: bool
    weights: Any
    counts: Ints
    totals: Floats
    spread: Floats
    z: Floats
    band: BandNeighbours | None = None
    drawn_from: DrawnFrom | None = None
    inversion: Inversion | None = None

    @classmethod
    def of(
        cls, numbers: Numbers, drawn: Totals, weights: Any, counts: Ints, own_fixed: bool, *,
        band: BandNeighbours | None = None, drawn_from: DrawnFrom | None = None, inversion: Inversion | None = None,
    ) -> WeightedSums:  # fmt: skip
        """Sum the values over the neighbours of every place, or with the place itself unless `own_fixed`."""
        totals, squares = weights.totals, weights.squares
        if not own_fixed:
            own = np.where(counts > 0, weights.own, 0.0)
            totals, squares, counts = totals + own, squares + np.square(own), counts + (counts > 0)
        spread, z = np.empty(counts.size), np.empty(counts.size)
        deviation = _deviations(numbers, drawn, weights, totals, own_fixed)
        variance = variance_of_drawn(numbers, drawn, own_fixed)
        standardise(deviation, totals, squares, variance, drawn.n - own_fixed, spread, z)
        return cls(numbers, drawn, own_fixed, weights, counts, totals, spread, z, band, drawn_from, inversion)

    @property
    def observed(self) -> Ints:
        """No sums of integers without weights: there are only weighted ones."""
        return np.empty(0, np.int64)

    def lags(self, centred: Centred) -> Floats:
        """Return the weighted sum of the values less the centre, in steps; NaN for islands."""
        lag = (
            _lags(self.numbers, self.weights, centred.whole, self.own_fixed) - centred.fraction * self.totals
        )
        lag[self.counts == 0] = np.nan
        return lag

    def means(self, out: Floats) -> Floats:
        """Fill the weighted means of the values in the sums, in the field's unit; NaN for islands."""
        lags = _lags(self.numbers, self.weights, 0, self.own_fixed)
        means_of_weighted_sums(lags, self.totals, self.numbers.origin, self.numbers.step, out)
        return out

    def beside(self, centred: Centred) -> tuple[Bools, Bools]:
        """Return where the weighted mean of the values lies above and where it lies below a centre."""
        lag = self.lags(centred)
        return lag > 0, lag < 0

    def tails(self, test: Test, places: Ints) -> tuple[Floats, Floats, float]:
        """Return the upper and lower tail of every sum, and the reported error.

        Raises
        ------
        UsageError
            When inversion is asked for where only the place itself has another weight.
        """
        if test.inference == "normal":
            return normal_tails(self.z)
        if test.inference == "permutation":
            upper, lower = self._permuted(test, places)
            return upper, lower, float("nan")
        if self.weights.equal:
            raise UsageError(
                "the neighbours have one weight and the place itself another, for which there is no inversion; "
                "use inference='permutation' or 'normal', or weighting='binary'"
            )
        patterns = self.weights.patterns(self.own_fixed)
        sums_of = partial(given_sums, self.numbers, self.weights, self.own_fixed)
        if self.inversion is not None:
            return self.inversion.tails(Places.of(patterns, sums_of, self.numbers, self.inversion.population))
        return inversion_tails(patterns, sums_of, self.numbers, self.drawn, own_fixed=self.own_fixed)

    def _permuted(self, test: Test, places: Ints) -> tuple[Floats, Floats]:
        """Compare sums as integers, weights and values both in fixed point, so that ties are exact."""
        starts, neighbours, weights = self._rows()
        around = self.numbers.integers if self.band is None else self.band.around
        every, before, longest = around, 0, None
        if self.drawn_from is not None:
            every, before = self.drawn_from.values, self.drawn_from.before
            longest = self.drawn_from.most + (not self.own_fixed)
        terms = IntegerTerms.of(weights, starts, self.numbers, longest)
        products = terms.weights * (around >> terms.dropped)[neighbours]
        sums = np.concatenate([[0], np.cumsum(products)])  # modulo 2^64
        return permuted_tails(
            every >> terms.dropped, sums[starts[1:]] - sums[starts[:-1]], self.counts, own_fixed=self.own_fixed,
            permutations=test.permutations, seed=test.seed, places=places, weights=terms.weights,
            slack=terms.slack, before=before,
        )  # fmt: skip

    def _rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows, in G* the place itself the last of its row."""
        starts, neighbours, weights = self.weights.rows()
        if self.own_fixed:
            return starts, neighbours, weights
        linked = np.flatnonzero(np.diff(starts))
        ends = starts[linked + 1]
        own: Floats = self.weights.own[linked]
        with_own = np.concatenate([[0], np.cumsum(self.counts)])
        first = 0 if self.band is None else self.band.core.start
        return with_own, np.insert(neighbours, ends, linked + first), np.insert(weights, ends, own)


def _lags(numbers: Numbers, weights: Any, whole: int, own_fixed: bool) -> Floats:
    """Return the weighted sums of the integers less a whole number, with the place's own unless `own_fixed`."""
    return _lags_of(numbers, weights, own_fixed, partial(_less, whole))


def _less(whole: int, integers: Ints) -> Ints:
    return integers - whole


def _lags_of(numbers: Numbers, weights: Any, own_fixed: bool, make: Make) -> Floats:
    """Return the weighted sums of what is made of the integers, with the place's own unless `own_fixed`."""
    lags: Floats = weights.lags_of(numbers.integers, make)
    return lags if own_fixed else lags + weights.own * make(numbers.integers)


def given_sums(numbers: Numbers, weights: Any, own_fixed: bool, make: Make) -> Floats:
    """Return the sums of what is made of integers under the given weights, with the own unless `own_fixed`."""
    found: Floats = weights.as_given(_lags_of(numbers, weights, own_fixed, make))
    return found


def _deviations(numbers: Numbers, drawn: Totals, weights: Any, totals: Floats, own_fixed: bool) -> Floats:
    """Return the weighted sums less their expectation, in steps.

    Where one place holds most of the variance, the mean of the others lies far from that of all: its sum is
    taken from the former, so that no digits are lost.
    """
    n = drawn.n
    whole, rest = divmod(drawn.total, n)
    found = _lags(numbers, weights, whole, own_fixed) - (rest / n) * totals
    if not own_fixed:
        return found
    found += deviations(numbers, drawn) / (n - 1) * totals
    for i in dominating(numbers, drawn).tolist():
        near, left = divmod(drawn.total - int(numbers.integers[i]), n - 1)
        found[i] = _lags(numbers, weights, near, True)[i] - left / (n - 1) * totals[i]
    return found
