"""The cells of a band that hold a value, as integers, and their neighbours in band and halo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.source import BandedField
from leefraster.fields import valid_mask
from leefraster.inference.numbers import Representation
from leefraster.neighbours import BandNeighbours


def around(
    source: BandedField, how: Representation, runs: npt.NDArray[np.int64], covers_self: bool, band: Band
) -> tuple[npt.NDArray[np.bool_], BandNeighbours]:
    """Return which of a band's own cells hold a value, and the neighbours of these."""
    ids, values = source.around(band)
    valid = valid_mask(values)
    first_row = int(np.searchsorted(source.starts, band.first, side="right")) - 1 - band.top
    last_row = int(np.searchsorted(source.starts, band.last - 1, side="right")) - band.top
    neighbours = BandNeighbours(
        ids[valid] - band.top * source.grid.nx, source.grid.nx, band.rows, runs, covers_self,
        core_of(band, valid), (first_row, last_row), how.integers(values[valid]),
    )  # fmt: skip
    return valid[band.core], neighbours


def core_of(band: Band, valid: npt.NDArray[np.bool_]) -> slice:
    """Return where a band's own cells are among the valid ones of band and halo."""
    before = int(valid[: band.core.start].sum())
    return slice(before, before + int(valid[band.core].sum()))
