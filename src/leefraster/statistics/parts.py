"""A field in parts of its places: each goes through all steps of a statistic on one thread, in its cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from leefraster.inference.drawn import drawn_of
from leefraster.inference.exact import Null, summary_beside
from leefraster.inference.numbers import Numbers
from leefraster.kernels.in_threads import in_threads
from leefraster.kernels.jit import threads
from leefraster.kernels.occurrences import occurrences
from leefraster.neighbours import BandNeighbours, KnownSums, RunNeighbours
from leefraster.statistics.plan import OneField, Test

Ints = npt.NDArray[np.int64]
FEWEST = 1 << 14  # values of a field that is worth the threads
PART = 1 << 17  # places: small enough for a processor's cache, many enough to pay for going through the steps
ARRAYS = 8  # of 8 bytes a value that a part takes in between, at most: seven, and a little for the tables
CUT = ("exact", "normal")  # inferences of a place that need nothing of the other places but totals and tables


def by_part(one: OneField, test: Test, *, own_fixed: bool, fill: Callable[[OneField], None]) -> None:
    """Compute a local statistic of a field or band, in parts where every place needs little of the others.

    Parameters
    ----------
    one : OneField
        The field, or the band.
    test : Test
        How it is tested; draws need the whole field.
    own_fixed : bool
        Whether the null distribution holds the place itself fixed.
    fill : callable
        Computes the statistic of a field, a band or a part of these.
    """
    alone = one.other is None and type(one.neighbours) in (RunNeighbours, BandNeighbours)
    if not alone or test.inference not in CUT or one.numbers.integers.size < FEWEST:
        fill(one)
        return
    integers = one.numbers.integers
    null: Null | None
    if test.inference == "exact" and one.null is None:
        observed, null = _sums_and_null(one, own_fixed)
    else:
        observed, null = one.neighbours.sums(integers), None if one.null is None else one.null.shared()
    counts = one.neighbours.counts
    make = partial(_part, one, observed, counts, null, one.numbers.largest)
    pieces = _cuts(one.valid, integers.size)
    room = 8 * ARRAYS * max(last.stop - last.start for *_, last in pieces)
    in_threads(lambda piece: fill(make(*piece)), pieces, room)


def _cuts(valid: npt.NDArray[np.bool_], values: int) -> list[tuple[int, int, slice]]:
    """Return which places each part has, from one to before another, and which of the field's values these are.

    There are two parts a thread, or more where these would be large. Every part has values: missing places go with
    the value before them, those at the front with the first.
    """
    size = min(PART, -(-values // (2 * threads())))
    firsts = np.arange(0, values, size)
    begins = firsts if valid.size == values else np.flatnonzero(valid)[firsts]
    ends = [*begins[1:].tolist(), valid.size]
    starts = [0, *begins[1:].tolist()]
    return [
        (start, end, slice(first, min(first + size, values)))
        for start, end, first in zip(starts, ends, firsts.tolist(), strict=True)
    ]


def _sums_and_null(one: OneField, own_fixed: bool) -> tuple[Ints, Null]:
    """Return the sums over the neighbours of all places and, summarised beside them, their null distribution."""
    drawn = drawn_of(one.numbers)
    if drawn.largest == 1:  # nothing to summarise
        summary, (observed, occurring) = None, _sums_and_occurring(one)
    else:
        summary, (observed, occurring) = summary_beside(drawn, one.sums, partial(_sums_and_occurring, one))
    if not own_fixed:  # an island has no sum, even with itself
        occurring = np.concatenate([occurring[:1], [0], occurring[1:]])
    null = Null.of(drawn, one.sums, occurring, own_fixed=own_fixed, summary=summary)
    return observed, null.shared()


def _sums_and_occurring(one: OneField) -> tuple[Ints, Ints]:
    """Return the sums over the neighbours, and how many places have 0, 1, 2, ... of them."""
    observed, counts = one.neighbours.sums(one.numbers.integers), one.neighbours.counts
    return observed, np.trim_zeros(occurrences(counts, one.neighbours.most), "b")


def _part(
    one: OneField, observed: Ints, counts: Ints, null: Null | None, largest: int, a: int, b: int, here: slice
) -> OneField:
    """Return the places a..b-1 of a field, of which those with a value are `here` among its values."""
    whole = one.numbers
    own = whole.integers[here]
    neighbours = KnownSums(observed[here], counts[here], own, one.neighbours.most)
    numbers = Numbers(own, whole.origin, whole.step, whole.natural, largest)
    return OneField(
        one.row, one.valid[a:b], numbers, one.sums, neighbours, null=null, first=a, whole=one.whole
    )
