"""What a pass over cells adds up: sums for the means, what is missing, and what is too large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.kernels.score import MISSING

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What a pass over cells adds up, block by block; that of bands is joined in their order.

    Attributes
    ----------
    sums : ndarray, (block, indicator, 2)
        Weight x value and weight, over the cells that have a total.
    counts : ndarray of int64, (indicator, 3)
        Cells without a value, with a negative one where none may be, and with an infinite one.
    smallest : ndarray, (indicator,)
        The smallest measure where some were negative, NaN elsewhere.
    beyond : ndarray of int64, (dimension,)
        Scores that go beyond the largest they may be.
    terms : ndarray, (indicator, 2)
        Where some do: the logarithm of the largest size of coefficient x value, and that value; -inf and 0
        elsewhere.
    """

    sums: Floats
    counts: npt.NDArray[np.int64]
    smallest: Floats
    beyond: npt.NDArray[np.int64]
    terms: Floats

    @classmethod
    def joined(cls, parts: Sequence[Tally]) -> Tally:
        """Return the tally of parts that follow on each other, each but the last of whole blocks."""
        return cls(
            np.concatenate([part.sums for part in parts]),
            np.sum([part.counts for part in parts], axis=0),
            np.fmin.reduce([part.smallest for part in parts]),
            np.sum([part.beyond for part in parts], axis=0),
            largest_terms([part.terms for part in parts]),
        )

    @property
    def totals(self) -> tuple[Floats, Floats]:
        """Weight x value of each indicator, added up, and weight; infinite or NaN beyond the largest float."""
        with np.errstate(over="ignore", invalid="ignore"):
            total, whole = np.moveaxis(self.sums.sum(axis=0), -1, 0)
        return total, whole

    @property
    def means(self) -> Floats:
        """Reference means, NaN where nothing counts."""
        total, whole = self.totals
        means: Floats = np.full(total.size, np.nan)
        np.divide(total, whole, out=means, where=whole > 0)
        return means

    @property
    def missing(self) -> npt.NDArray[np.int64]:
        """Cells without each indicator."""
        return self.counts[:, MISSING]

    @property
    def added_up(self) -> Tally:
        """The same with its sums added up: less to hand on."""
        sums = np.stack(self.totals, axis=-1)[None]
        return Tally(sums, self.counts, self.smallest, self.beyond, self.terms)


def largest_terms(parts: Sequence[Floats]) -> Floats:
    """Return of every indicator the row (logarithm of the size of the term, value) with the largest term."""
    every = np.stack(parts)
    indicators = np.arange(every.shape[1])
    found: Floats = every[every[:, :, 0].argmax(axis=0), indicators]
    return found
