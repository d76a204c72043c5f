"""What the cells of an area add up to: one function a measure, over all areas at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.areas.membership import Membership

Floats = npt.NDArray[np.float64]


def summed(member: Membership, terms: Floats) -> Floats:
    """Return per area the sum of one term a pair, in the order of the pairs."""
    return np.bincount(member.area, weights=terms, minlength=member.areas)


def _held(values: npt.NDArray[Any], weights: Floats, member: Membership) -> tuple[Floats, Floats]:
    """Return value and weight of each pair; the weight is 0 where the value is missing."""
    pairs = values[member.cell].astype(np.float64)
    weight = weights[member.cell]
    if member.share is not None:
        weight = weight * member.share
    missing = np.isnan(pairs)
    if missing.any():
        pairs, weight = np.where(missing, 0.0, pairs), np.where(missing, 0.0, weight)
    return pairs, weight


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio = np.full(below.size, np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def weighted_sum(values: npt.NDArray[Any], weights: Floats, member: Membership) -> Floats:
    """Return sum w v per area; NaN where no cell with a value and a positive weight lies in it."""
    pairs, weight = _held(values, weights, member)
    total = summed(member, pairs * weight)
    return np.where(summed(member, (weight > 0).astype(np.float64)) > 0, total, np.nan)


def weighted_mean(values: npt.NDArray[Any], weights: Floats, member: Membership) -> Floats:
    """Return sum w v / sum w per area."""
    pairs, weight = _held(values, weights, member)
    return _ratio(summed(member, pairs * weight), summed(member, weight))


def weighted_spread(values: npt.NDArray[Any], weights: Floats, member: Membership) -> Floats:
    """Return the standard deviation within each area: sqrt(sum w (v - mean)^2 / sum w)."""
    pairs, weight = _held(values, weights, member)
    whole = summed(member, weight)
    mean = _ratio(summed(member, pairs * weight), whole)
    deviation = pairs - mean[member.area]
    squares = np.where(weight > 0, weight * deviation * deviation, 0.0)
    return np.sqrt(_ratio(summed(member, squares), whole))


def share_in(
    values: npt.NDArray[Any], weights: Floats, member: Membership, classes: Sequence[float]
) -> Floats:
    """Return the share of the weight whose value is one of `classes`."""
    pairs, weight = _held(values, weights, member)
    inside = np.isin(pairs, np.asarray(classes, dtype=np.float64)) & (weight > 0)
    return _ratio(summed(member, np.where(inside, weight, 0.0)), summed(member, weight))


def weighted_quantile(values: npt.NDArray[Any], weights: Floats, member: Membership, q: float) -> Floats:
    """Return per area the smallest value at or below which at least the share `q` of the weight lies."""
    pairs, weight = _held(values, weights, member)
    kept = np.flatnonzero(weight > 0)
    order = kept[np.lexsort((pairs[kept], member.area[kept]))]
    area, weight, pairs = member.area[order], weight[order], pairs[order]
    out = np.full(member.areas, np.nan)
    if order.size == 0:
        return out
    first = np.flatnonzero(np.diff(area, prepend=-1))
    sizes = np.diff(np.append(first, area.size))
    for start, size in zip(first.tolist(), sizes.tolist(), strict=True):
        running = np.cumsum(weight[start : start + size])
        place = np.searchsorted(running, q * running[-1], side="left")
        out[area[start]] = pairs[start + min(int(place), size - 1)]
    return out


def counted(values: npt.NDArray[Any], weights: Floats, member: Membership) -> Floats:
    """Return how many cells with a value and a positive weight each area holds (parts of cells count as parts)."""
    pairs, weight = _held(values, weights, member)
    one = np.ones(pairs.size) if member.share is None else member.share
    return summed(member, np.where(weight > 0, one, 0.0))


def present(values: npt.NDArray[Any], weights: Floats, member: Membership) -> Floats:
    """Return the share of each area's weight that holds a value; NaN where there is no weight."""
    _, weight = _held(values, weights, member)
    _, whole = _held(np.zeros(values.size), weights, member)
    return _ratio(summed(member, weight), summed(member, whole))
