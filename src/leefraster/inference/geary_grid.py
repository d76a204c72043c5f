"""Tails of local Geary's C read from quantiles, which are made once a field for a grid of own values and draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from leefraster.inference.draws import newton_weights
from leefraster.inference.geary_tables import NORMAL, others_of, quantiles
from leefraster.inference.numbers import Totals
from leefraster.kernels.geary_null import look_up

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEP = 0.4  # between own values of tables, in units of asinh
LOGIT, LOGIT_STEP = 5.0, 1.2  # and of the logit of the rank, up to this one
SCALE_POINTS = 2000
CLOSEST = 12  # numbers of draws up to here have tables of their own
APART = 1.15  # ratio of the numbers beyond that do


@dataclass(frozen=True, slots=True, eq=False)
class GearyGrid:
    """Quantiles of the sum of squared differences with drawn values.

    Attributes
    ----------
    n : int
        How many values the field has.
    mean, sd : float
        Their mean and standard deviation, in steps.
    draws : ndarray of int64
        The numbers of draws that have tables, rising.
    own : ndarray of float64
        The own values that have tables, in standard units, rising.
    table : ndarray of float64, shape (draws, own, deviates)
        The logarithm of the quantile, per draw, at each normal deviate.
    """

    n: int
    mean: float
    sd: float
    draws: Ints
    own: Floats
    table: Floats

    @classmethod
    def of(cls, ordered: Ints, sums: Totals, counts: Ints) -> GearyGrid:
        """Make the quantiles for a field's sorted integers, and the numbers of neighbours that occur."""
        mean, sd = float(sums.mean), math.sqrt(float(sums.squares / sums.n))
        draws = tabled_draws(np.minimum(counts, sums.n - 1 - counts))
        table, own = tables(ordered, mean, sd, draws)
        return cls(sums.n, mean, sd, draws, own, table)

    def tails(self, own: Ints, total: Floats, numerator: Floats, counts: Ints) -> tuple[Floats, Floats]:
        """Return P(D >= d) and P(D <= d) of some places, of which these are the own integers.

        `total` is the sum of squared differences with all others, `numerator` the observed sum, in steps squared.
        """
        turned = 2 * counts > self.n - 1  # of most of the others, the rest is drawn
        k = np.where(turned, self.n - 1 - counts, counts)
        observed = np.where(turned, total - numerator, numerator) / (self.sd * self.sd)
        rows, shares = self._between(k)
        deviate = np.empty(counts.size)
        logarithms = np.log(np.maximum(observed / k, 1e-300))
        at = (own - self.mean) / self.sd
        look_up(at, logarithms, rows, shares, self.own, NORMAL, self.table, deviate)
        deviate = np.where(turned, -deviate, deviate)
        certain = np.isin(at, self.own[(self.table == self.table[..., :1]).all(axis=(0, 2))])
        return np.where(certain, 1.0, ndtr(-deviate)), np.where(certain, 1.0, ndtr(deviate))

    def _between(self, k: Ints) -> tuple[Ints, Floats]:
        """Return the row of the number of draws before each, and how near it lies to the one after."""
        ks = self.draws
        rows = np.minimum(np.searchsorted(ks, k, side="right") - 1, ks.size - 1)
        following = np.minimum(rows + 1, ks.size - 1)
        distance = 1 / np.sqrt(ks[rows]) - 1 / np.sqrt(ks[following])
        shares = np.where(
            k > ks[rows], (1 / np.sqrt(ks[rows]) - 1 / np.sqrt(k)) / np.where(distance, distance, 1), 0.0
        )
        return rows, shares


def tabled_draws(k: Ints) -> Ints:
    """Return the numbers of draws that get tables: all few ones, and of the others one every 15 %."""
    present = np.flatnonzero(np.bincount(k))
    few, many = present[present <= CLOSEST], present[present > CLOSEST]
    if many.size <= CLOSEST:
        return present
    steps = max(math.ceil(math.log(many[-1] / many[0]) / math.log(APART)), 2)
    spaced = np.rint(np.geomspace(many[0], many[-1], steps + 1)).astype(np.int64)
    return np.unique(np.concatenate([few, spaced]))


def tables(ordered: Ints, mean: float, sd: float, ks: Ints) -> tuple[Floats, Floats]:
    """Return table[k, own value, deviate] of the quantiles' logarithms, and the own values in standard units."""
    standard = (ordered.astype(np.float64) - mean) / sd
    places = own_places(standard)
    running = np.concatenate([[0.0], np.cumsum(standard)])
    others = ordered.size - 1
    newton = newton_weights(others, int(ks.max()))
    table = np.empty((ks.size, places.size, NORMAL.size))
    for column, place in enumerate(places):
        table[:, column] = quantiles(others_of(standard, running, int(place)), others, ks, newton)
    return table, standard[places]


def own_places(standard: Floats) -> Ints:
    """Return the places, among sorted values, of the own values to make tables for.

    All different values where they are few. Else values a constant step apart on a scale that is linear in the
    values within the interquartile range and logarithmic beyond, stretched by the logit of their rank, since
    at a sharp end of the distribution quantiles change within a few per cent of the values.
    """
    first = np.flatnonzero(np.concatenate([[True], np.diff(standard) > 0]))
    held = first[np.unique(np.linspace(0, first.size - 1, min(first.size, SCALE_POINTS)).astype(np.int64))]
    quarters = standard[[standard.size // 4, standard.size // 2, (3 * standard.size) // 4]]
    width = max(quarters[2] - quarters[0], 0.05) / 1.35
    rank = (held + np.append(held[1:], standard.size)) / 2
    logit = LOGIT * np.tanh(np.log(rank / (standard.size - rank)) / LOGIT)
    scale = np.arcsinh((standard[held] - quarters[1]) / width) / STEP + logit / LOGIT_STEP
    steps = math.ceil(float(scale[-1] - scale[0])) + 1
    if first.size <= steps:
        return first
    wanted = np.interp(np.linspace(scale[0], scale[-1], steps), scale, standard[held])
    right = np.clip(np.searchsorted(standard[first], wanted), 1, first.size - 1)
    nearer = np.abs(standard[first][right - 1] - wanted) < np.abs(standard[first][right] - wanted)
    return np.asarray(first[np.unique(np.where(nearer, right - 1, right))])
