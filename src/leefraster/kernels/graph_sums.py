"""Compressed rows of a graph: reading them in the order of places, and sums over neighbours."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

BELOW_ZERO, TO_ITSELF = 1, 2  # what can be wrong with weights


@jit
def rows_among(starts, ids, weights, row_of, place_of):
    """Return compressed rows among chosen places, weights of 0 left out, the weights to themselves, and faults.

    `row_of` holds the graph's row of each place, `place_of` the place of each of the graph's ids, -1 where it has
    none. Within a row, weights rise. Faults are flags.
    """
    n = row_of.size
    filled = np.zeros(n + 1, np.int64)
    own = np.zeros(n)
    faults = 0
    for i in range(n):
        row = row_of[i]
        for at in range(starts[row], starts[row + 1]):
            w = weights[at]
            if not (w >= 0.0 and w < np.inf):
                faults |= BELOW_ZERO
            elif w > 0.0 and ids[at] == row:
                faults |= TO_ITSELF
                own[i] = w
            elif w > 0.0 and place_of[ids[at]] >= 0:
                filled[i + 1] += 1
    for i in range(n):
        filled[i + 1] += filled[i]
    neighbours = np.empty(filled[n], np.int64)
    kept = np.empty(filled[n])
    for i in range(n):
        row = row_of[i]
        k = filled[i]
        uneven = False
        for at in range(starts[row], starts[row + 1]):
            place = place_of[ids[at]]
            if weights[at] > 0.0 and ids[at] != row and place >= 0:
                neighbours[k] = place
                kept[k] = weights[at]
                uneven = uneven or kept[k] != kept[filled[i]]
                k += 1
        if uneven:
            here, rising = neighbours[filled[i] : k], kept[filled[i] : k]
            order = np.argsort(rising, kind="mergesort")
            here[:] = here[order]
            rising[:] = rising[order]
    return filled, neighbours, kept, own, faults


@parallel_jit
def graph_sums(starts, neighbours, values, sums):
    """Fill for each place the sum of int64 values over its neighbours."""
    for i in prange(starts.size - 1):
        total = 0
        for j in range(starts[i], starts[i + 1]):
            total += values[neighbours[j]]
        sums[i] = total


@parallel_jit
def weighted_graph_sums(starts, neighbours, weights, values, scale, sums):
    """Fill for each place the sum over its neighbours of weight x value, in integers of 1 / scale."""
    for i in prange(starts.size - 1):
        total = 0
        for j in range(starts[i], starts[i + 1]):
            total += np.int64(np.rint(weights[j] * values[neighbours[j]] * scale))
        sums[i] = total


@jit
def turned(starts, neighbours):
    """Return the transposed compressed rows: starts, neighbours, and where each entry stood."""
    n = starts.size - 1
    begins = np.zeros(n + 1, np.int64)
    for j in neighbours:
        begins[j + 1] += 1
    for i in range(n):
        begins[i + 1] += begins[i]
    ends = begins.copy()
    heads = np.empty(neighbours.size, np.int64)
    entries = np.empty(neighbours.size, np.int64)
    for i in range(n):
        for at in range(starts[i], starts[i + 1]):
            j = neighbours[at]
            heads[ends[j]] = i
            entries[ends[j]] = at
            ends[j] += 1
    return begins, heads, entries


@jit
def products_both_ways(starts, neighbours, weights, begins, heads, entries):
    """Return for each place the sum over j of w_ij w_ji; transposed rows as of `turned`, all rows by place."""
    n = starts.size - 1
    products = np.zeros(neighbours.size)
    back = np.zeros(n)
    for i in range(n):
        for at in range(begins[i], begins[i + 1]):
            back[heads[at]] = weights[entries[at]]
        for at in range(starts[i], starts[i + 1]):
            products[at] = weights[at] * back[neighbours[at]]
        for at in range(begins[i], begins[i + 1]):
            back[heads[at]] = 0.0
    return products
