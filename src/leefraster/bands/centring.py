"""Weights of the cells of a field in bands, and the weighted mean that high and low are measured from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.runner import Runner
from leefraster.bands.source import BandedField
from leefraster.fields import valid_mask
from leefraster.inference.numbers import Representation
from leefraster.statistics.centre import largest_weight, products, weighted_means
from leefraster.statistics.partner import refuse_missing_weights, refuse_negative_weights

FIRST = 5  # cells without a weight that a message names


def refuse_other_weights(
    source: BandedField, weights: BandedField, bands: list[Band], runner: Runner
) -> None:
    """Refuse weights that are negative, or missing where the field has a value.

    Raises
    ------
    InputError
        When one is; the message counts all of them.
    """
    found = list(runner.map(partial(_wrong, source, weights), bands))
    refuse_negative_weights(sum(negative for negative, _, _ in found))
    first = [cell for _, _, cells in found for cell in cells][:FIRST]
    refuse_missing_weights(sum(missing for _, missing, _ in found), first)


def _wrong(source: BandedField, weights: BandedField, band: Band) -> tuple[int, int, list[int]]:
    given = weights.own(band, "weights")
    missing = np.flatnonzero(valid_mask(source.own(band)) & ~valid_mask(given))
    cells = np.asarray(source.ids[slice(band.first, band.last)])[missing[:FIRST]]
    return int((given < 0).sum()), missing.size, cells.tolist()


def centres_of(
    fields: Sequence[tuple[BandedField, Representation]],
    weights: BandedField,
    bands: list[Band],
    runner: Runner,
) -> tuple[Fraction, ...]:
    """Return the weighted means of fields that hold values at the same cells, exact, in their integers.

    Raises
    ------
    InputError
        When all weights are 0.
    """
    most = max(runner.map(partial(_largest, fields, weights), bands))
    parts = runner.map(partial(_products, fields, weights, most), bands)
    return weighted_means([sum(each) for each in zip(*parts, strict=True)])


def _largest(fields: Sequence[tuple[BandedField, Representation]], weights: BandedField, band: Band) -> float:
    return largest_weight(_held(fields[0][0], weights, band))


def _products(
    fields: Sequence[tuple[BandedField, Representation]], weights: BandedField, most: float, band: Band
) -> list[int]:
    several = []
    for source, how in fields:
        values = source.own(band)
        several.append(how.integers(values[valid_mask(values)]))
    return products(several, _held(fields[0][0], weights, band), most)


def _held(source: BandedField, weights: BandedField, band: Band) -> npt.NDArray[Any]:
    """Return the weights of a band's cells that hold a value."""
    return weights.own(band, "weights")[valid_mask(source.own(band))]
