"""A second field beside one in bands: over the same cells, and each is missing where the other one is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.bands.source import PIECE, BandedField, Sliced, finite
from leefraster.errors import UsageError
from leefraster.fields import valid_mask


@dataclass(frozen=True, slots=True, eq=False)
class WhereBoth:
    """The values of a field at cells where another one has a value too, and NaN elsewhere.

    Attributes
    ----------
    values, beside : array
        Its own values and those of the other one.
    names : tuple of str
        What to call the two in messages.
    """

    values: Sliced
    beside: Sliced
    names: tuple[str, str]

    @property
    def shape(self) -> tuple[int, ...]:
        """One value a cell."""
        return self.values.shape

    @property
    def dtype(self) -> Any:
        """Their own type, unless that knows no NaN."""
        whole = np.dtype(self.values.dtype).kind != "f" and np.dtype(self.beside.dtype).kind == "f"
        return np.dtype(np.float64) if whole else np.dtype(self.values.dtype)

    def __getitem__(self, key: slice) -> npt.NDArray[Any]:
        """Return the values of a run of cells."""
        both = (self.values, self.beside)
        own, beside = (
            finite(np.asarray(array[key]), name) for array, name in zip(both, self.names, strict=True)
        )
        held = valid_mask(beside)
        return own if held.all() else np.where(held, own, np.array(np.nan, self.dtype))


def where_both(source: BandedField, other: BandedField) -> tuple[BandedField, BandedField]:
    """Return two fields over the same cells, each missing where the other one is."""
    names = "field", "other"
    return (
        replace(source, values=WhereBoth(source.values, other.values, names)),
        replace(other, values=WhereBoth(other.values, source.values, names[::-1])),
    )


def refuse_other_cells(source: BandedField, other: object, name: str) -> None:
    """Refuse what is no field over the same cells; ids are compared piece by piece.

    Raises
    ------
    UsageError
        When it is no BandedField, or lies on another grid or on other cells.
    """
    if not isinstance(other, BandedField):
        raise UsageError(
            f"{name} is a {type(other).__name__}; it must be a BandedField over the cells of the field: "
            "lr.bands.BandedField.of(ids, values, grid), or BandedPanel.field(name, year)"
        )
    if other.grid != source.grid:
        raise UsageError(f"{name} lies on {other.grid}, the field on {source.grid}; they must be the same")
    if other.n != source.n:
        raise UsageError(
            f"{name} has {other.n} cells, the field {source.n}; both must be over the same cells"
        )
    if other.ids is source.ids:
        return
    for first in range(0, source.n, PIECE):
        here = slice(first, first + PIECE)
        ours, theirs = np.asarray(source.ids[here]), np.asarray(other.ids[here])
        unlike = np.flatnonzero(ours != theirs)
        if unlike.size:
            at = int(unlike[0])
            raise UsageError(
                f"{name} has other cells than the field: at position {first + at} cell {int(theirs[at])}, where "
                f"the field has {int(ours[at])}; both must be over the same cells"
            )
