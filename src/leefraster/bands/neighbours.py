"""The cells of a band that hold a value, as integers, and their neighbours in band and halo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.source import BandedField
from leefraster.fields import valid_mask
from leefraster.inference.numbers import Representation
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import BandDecayNeighbours, BandNeighbours


@dataclass(frozen=True, slots=True, eq=False)
class Offsets:
    """Which cells around one are its neighbours, and with what weight.

    Attributes
    ----------
    runs : ndarray of int64, shape (r, 3)
        Row runs (dy, lo, hi).
    covers_self : bool
        Whether these cover the cell itself.
    table : ndarray of float64 or None
        The weights of the offsets (+-dy, +-dx), where they differ.
    """

    runs: npt.NDArray[np.int64]
    covers_self: bool
    table: npt.NDArray[np.float64] | None

    @classmethod
    def of(cls, neighbourhood: Neighbourhood, cell: float) -> Offsets:
        """Return those of a neighbourhood for cells of `cell` metres."""
        table = neighbourhood.table(cell) if neighbourhood.kind == "decay" else None
        return cls(neighbourhood.runs(cell), neighbourhood.includes_self, table)

    def differ(self, weighting: str) -> bool:
        """Return whether weights differ within a row."""
        return self.table is not None and weighting != "binary"

    @property
    def most(self) -> int:
        """The most neighbours that a cell can have, the cell itself included."""
        return int((self.runs[:, 2] - self.runs[:, 1] + 1).sum())


def around(
    source: BandedField, how: Representation, offsets: Offsets, band: Band
) -> tuple[npt.NDArray[np.bool_], BandNeighbours]:
    """Return which of a band's own cells hold a value, and the neighbours of these."""
    ids, values = source.around(band)
    valid = valid_mask(values)
    first_row = int(np.searchsorted(source.starts, band.first, side="right")) - 1 - band.top
    last_row = int(np.searchsorted(source.starts, band.last - 1, side="right")) - band.top
    cells = ids[valid] - band.top * source.grid.nx, source.grid.nx, band.rows, offsets.runs
    part = core_of(band, valid), (first_row, last_row), how.integers(values[valid])
    if offsets.table is None:
        return valid[band.core], BandNeighbours(*cells, offsets.covers_self, *part)
    return valid[band.core], BandDecayNeighbours(*cells, *part, offsets.table)


def core_of(band: Band, valid: npt.NDArray[np.bool_]) -> slice:
    """Return where a band's own cells are among the valid ones of band and halo."""
    before = int(valid[: band.core.start].sum())
    return slice(before, before + int(valid[band.core].sum()))
