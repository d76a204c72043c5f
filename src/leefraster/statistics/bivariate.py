"""What the bivariate Moran's I is made of: a linear form in the values of the other variable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.inference.global_moments import Form, Powers, linear_form
from leefraster.inference.numbers import Numbers, Totals, deviations, exact_sum, totals
from leefraster.statistics.global_plan import Tested
from leefraster.statistics.linked import Linked, LinkedSums, centre_of, centred
from leefraster.statistics.links import Floats, Links
from leefraster.statistics.plan import FEWEST, OneField


def bivariate_moran(one: OneField, links: Links) -> Tested | None:
    """Return the bivariate I of a field and another one; None where fewer than three linked places, or all equal.

    I is ``n / S0 T / sqrt(sum z^2 sum y^2)``, with ``T = sum_j c_j y_j`` and ``c_j = sum_i w_ij z_i``.
    """
    assert one.other is not None
    drawn = one.other[0]
    own, beside = links.chosen(one.numbers.integers), links.chosen(drawn.integers)
    if own.size < FEWEST or own.min() == own.max() or beside.min() == beside.max():
        return None
    sums, drawn_sums = totals(own), totals(beside)
    every = links.weights.received(centred(one.numbers.integers, links, centre_of(sums)))
    received: Floats = links.chosen(every)
    apart = squares_apart(received, _sum(received), sums.n)
    linear = _sum(received * deviations(Numbers(beside, drawn.origin, drawn.step, drawn.natural), drawn_sums))
    unit, powers = (drawn.origin, drawn.step), drawn_powers(drawn_sums)
    of = Linked(*unit, drawn_sums, links.sums, powers, 0.0, linear, 0.0, links, drawn.integers)
    mean = one.numbers.origin + one.numbers.step * float(sums.mean)
    return Tested([bivariate_form(sums, of, _sum(apart))], of, every, reference=mean)


def drawn_powers(sums: Totals) -> Powers:
    """Return what is needed of the powers of the other variable."""
    return Powers(sums.n, float(sums.squares), 0.0, 0.0)


def squares_apart(received: Floats, total: float, n: int) -> Floats:
    """Return the squares of c_j less their mean, given their sum over all n places."""
    found: Floats = np.square(received - total / n)
    return found


def bivariate_form(sums: Totals, of: LinkedSums, apart: float) -> Form:
    """Return the bivariate I as a form: of a field with these totals, and `of` the other one.

    `apart` is the sum of `squares_apart`.
    """
    factor = sums.n / of.weights.s0 * (float(sums.squares) * of.powers.second) ** -0.5
    return linear_form(apart, of.powers, factor)


def _sum(terms: npt.NDArray[np.float64]) -> float:
    """Return the sum of terms, the same whatever their order."""
    return exact_sum(terms, float(np.abs(terms).max(initial=0.0)))
