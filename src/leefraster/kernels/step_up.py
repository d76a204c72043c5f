"""Step-up adjustment of p-values in groups: near one another in value, then sorted where they fit in a cache.

A p-value of at least 2^-4 falls into one of the buckets of width 2^-16, one of at least 2^-26 into one of 2,048
buckets an octave, a smaller one into one of 16 an octave: small p-values are many where values are alike. A group
is 2^coarse buckets in a row; one that holds too many is split by the bits of the floats in it, which rise with
their values.

All passes over the p-values go through them in the same order, part by part, so that each knows where in its group
a p-value was put without being told. Loops that make numbers of groups read slices and index without a sign: only
then does the compiler know that no index counts from the end, and uses vectors.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.ranking import starts_of

EVEN, MIDDLE = 2.0**-4, 2.0**-26
OCTAVE_BITS = 48  # bits of a float below those that number the 16 buckets of an octave
MIDDLE_BITS = 41  # and below those that number 2,048
FIRST_MIDDLE = (1023 - 26) << 4  # the bucket of 2^-26
BEFORE_MIDDLE = ((1023 - 26) << 11) - FIRST_MIDDLE
FIRST_EVEN = FIRST_MIDDLE + (22 << 11)  # the bucket of 2^-4
BEFORE_EVEN = (1 << 12) - FIRST_EVEN
BUCKETS = (1 << 16) - BEFORE_EVEN + 1
WHOLE = -1  # the shift that stands for these buckets
COARSE = 8  # a group of few p-values is 2^8 buckets
SPLIT_BITS = 10  # a group that holds too many is split into at most 2^10
PARTS = 16
BLOCK = 1024
PIECES = 64
FEW = 24  # p-values that are sorted by moving each to its place
MOST_ENDS = 20  # bits of the numbers of subgroups
COUNT, PLACE, PUT_BACK = range(3)  # what a pass does
NOTHING = np.empty(0)


def coarse_of(n):
    """Return how many buckets make a group of n p-values, as a power of 2: some thousands of p-values a group."""
    return min(max(COARSE + 21 - int(n).bit_length(), 0), COARSE)


def bounds_of_group(group, coarse):
    """Return the bits of the least float of a group of the whole of [0, 1], and those after its largest."""
    edges = []
    for b in (group << coarse, min((group + 1) << coarse, BUCKETS)):
        if b < FIRST_MIDDLE:
            edges.append(b << OCTAVE_BITS)
        elif b < FIRST_EVEN:
            edges.append((b + BEFORE_MIDDLE) << MIDDLE_BITS)
        else:
            edges.append(int(np.array([(b + BEFORE_EVEN) / 65536.0]).view(np.int64)[0]))
    return edges[0], min(edges[1], int(np.array([1.0]).view(np.int64)[0]) + 1)


@jit
def _number(p, bits, low, shift, coarse, groups, numbers):
    """Fill the numbers of groups: `groups` for what is outside [0, 1], the next for NaN and what a split lacks."""
    for i in range(p.size):
        value, positive = p[i], max(bits[i], 0)  # the bits of -0.0 are negative
        if shift < 0:
            even, middle = np.int64(value * 65536.0) - BEFORE_EVEN, (positive >> MIDDLE_BITS) - BEFORE_MIDDLE
            group = even if value >= EVEN else middle
            group = positive >> OCTAVE_BITS if value < MIDDLE else group
            group >>= coarse
        else:
            group = (positive - low) >> shift
            group = group if 0 <= group < groups else groups + 1
        group = group if value <= 1.0 else groups
        group = group if value >= 0.0 else groups
        numbers[i] = group if value == value else groups + 1


@jit
def _count(numbers, row):
    for i in range(numbers.size):
        row[numbers[i]] += 1


@jit
def _place(numbers, first, row, p, placed):
    """Put the p-values of the groups from `first` on where `row` says, which is moved on."""
    width = np.uint32(row.size)
    for i in range(numbers.size):
        group = numbers[i] - np.uint32(first)
        if group < width:
            at = row[group]
            placed[np.uint64(at)] = p[i] + 0.0  # so -0.0 is 0.0
            row[group] = at + 1


@jit
def _put_back(numbers, first, row, placed, above, q):
    """Fill q from where `_place` has put the p-values: at most what the groups above have as their least."""
    width = np.uint32(row.size)
    for i in range(numbers.size):
        group = numbers[i] - np.uint32(first)
        if group < width:
            at = row[group]
            q[i] = min(placed[np.uint64(at)], above[group])
            row[group] = at + 1


@parallel_jit
def _pass(what, p, bits, low, shift, coarse, groups, first, counts, placed, above, q):
    """Go through the p-values part by part, each in blocks; what is not needed of the last three may be empty."""
    n = p.size
    for part in prange(PARTS):
        numbers, row = np.empty(BLOCK, np.uint32), counts[part]
        stop = (part + 1) * n // PARTS
        for a in range(part * n // PARTS, stop, BLOCK):
            b = min(a + BLOCK, stop)
            here, its = p[a:b], numbers[: b - a]
            _number(here, bits[a:b], low, shift, coarse, groups, its)
            if what == COUNT:
                _count(its, row)
            elif what == PLACE:
                _place(its, first, row, here, placed)
            else:
                _put_back(its, first, row, placed, above, q[a:b])


def group_counts(p, bits, low, shift, coarse, counts):
    """Count p-values per part and group; the last columns are those outside [0, 1], and those left out.

    `bits` are the floats' bits. NaN is left out; of a split (`shift` of at least 0) also what is in no group of it.
    """
    groups = counts.shape[1] - 2
    _pass(COUNT, p, bits, low, shift, coarse, groups, 0, counts, NOTHING, NOTHING, NOTHING)


@jit
def _bit_length(value):
    length = 0
    while value > 0:
        length += 1
        value >>= 1
    return length


@jit
def _sort(values, bits, ordered, origins, ends):
    """Sort at least one number that is not negative into `ordered`, with where each comes from in `origins`.

    They go to subgroups of about one each, and from there to their places; a crowded subgroup is sorted by itself.
    """
    size = values.size
    least = largest = bits[0]
    for i in range(size):
        least, largest = min(least, bits[i]), max(largest, bits[i])
    wide = min(_bit_length(size) + 1, MOST_ENDS)
    shift = max(_bit_length(largest - least) - wide, 0)
    subgroups = ((largest - least) >> shift) + 1
    ends[: subgroups + 1] = 0
    first, by = np.uint64(least), np.uint64(shift)
    for i in range(size):
        ends[((np.uint64(bits[i]) - first) >> by) + np.uint64(1)] += 1
    most = end = np.int32(0)
    for i in range(1, subgroups + 1):
        most = max(most, ends[i])
        end += ends[i]
        ends[i] = end
    for i in range(size):
        subgroup = (np.uint64(bits[i]) - first) >> by
        at = np.uint32(ends[subgroup])
        ends[subgroup] = at + 1
        ordered[at], origins[at] = values[i], i
    if most > FEW:
        _sort_crowded(ordered, origins, ends, subgroups)
    before = ordered[0]
    for i in range(1, size):
        value = ordered[i]
        if value >= before:
            before = value
            continue
        origin, to = origins[i], np.uint64(i)
        while to > 0 and ordered[to - np.uint64(1)] > value:
            ordered[to], origins[to] = ordered[to - np.uint64(1)], origins[to - np.uint64(1)]
            to -= np.uint64(1)
        ordered[to], origins[to] = value, origin


@jit
def _sort_crowded(ordered, origins, ends, subgroups):
    begin = 0
    for subgroup in range(subgroups):
        end = ends[subgroup]
        if end - begin > FEW:
            here, sources = ordered[begin:end], origins[begin:end]
            if here.min() < here.max():
                order = np.argsort(here)
                here[:], sources[:] = here[order], sources[order]
        begin = end


@jit
def _step_up_group(values, bits, below, scale, ordered, origins, ends):
    """Replace the p-values of a group by their step-up adjustment as if none were larger; return the least."""
    size = values.size
    _sort(values, bits, ordered, origins, ends)
    for i in range(size):
        ordered[i] *= scale / (below + i + 1)  # so rounded, never below p itself
    least = np.inf
    for i in range(size - 1, -1, -1):
        adjusted = ordered[np.uint64(i)]
        least = adjusted if adjusted < least else least
        values[np.uint64(origins[np.uint64(i)])] = least
    return least


@parallel_jit
def _step_up_groups(placed, bits, starts, below, scale, least):
    groups = starts.size - 1
    for piece in prange(PIECES):  # each has as many p-values as the others, up to a group
        first = np.searchsorted(starts[:groups], piece * placed.size // PIECES)
        last = groups
        if piece < PIECES - 1:
            last = np.searchsorted(starts[:groups], (piece + 1) * placed.size // PIECES)
        most = 0
        for group in range(first, last):
            most = max(most, starts[group + 1] - starts[group])
        ordered, origins = np.empty(most), np.empty(most, np.int32)
        ends = np.empty(min(4 * most, 1 << MOST_ENDS) + 2, np.int32)
        for group in range(first, last):
            a, b = starts[group], starts[group + 1]
            if b > a:
                least[group] = _step_up_group(
                    placed[a:b], bits[a:b], below + a, scale, ordered, origins, ends
                )


def step_up(p, bits, low, shift, coarse, groups, first, counts, below, scale, least, q):
    """Fill q of the p-values in some groups with their step-up adjustment, and return the least so far.

    It is the least of scale p_j / rank_j over those that are as large or larger; `below` p-values rank lower than
    these groups, and `least` is the least adjusted value above them. `counts` holds one column for each of these
    groups, from `first` on, as `group_counts` fills them.
    """
    begins = counts.copy()
    starts = starts_of(begins)
    placed = np.empty(int(starts[-1]))
    span = p, bits, low, shift, coarse, groups, first
    _pass(PLACE, *span, begins.copy(), placed, NOTHING, NOTHING)
    lowest = np.full(starts.size, np.inf)
    lowest[-1] = least
    _step_up_groups(placed, placed.view(np.int64), starts, below, scale, lowest)
    lowest = np.minimum.accumulate(lowest[::-1])[::-1]
    _pass(PUT_BACK, *span, begins, placed, lowest[1:].copy(), q)
    return float(lowest[0])


@parallel_jit
def fill_equal(p, value, filling, out):
    """Fill `out` where p equals the value."""
    for i in prange(p.size):
        if p[i] == value:
            out[i] = filling


@parallel_jit
def count_tests(p):
    """Return how many p-values are not NaN."""
    held = 0
    for i in prange(p.size):
        held += p[i] == p[i]
    return held
