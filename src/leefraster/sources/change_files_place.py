"""Rows of a change file in their places: over periods, and cells or areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.sources.change_files_columns import Unit
from leefraster.sources.change_files_periods import Periods
from leefraster.sources.joins import area_codes, area_namer
from leefraster.sources.longtable import Keys, LongTable
from leefraster.sources.tables import locate
from leefraster.table.arrange import arrange, sorted_unique
from leefraster.table.place import cell_namer

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where each row that is kept goes.

    Attributes
    ----------
    unit : str
        ``"cell"`` or ``"area"``.
    coords : dict
        Coordinates of the units.
    shape : tuple of int
        (periods, units).
    kept : ndarray of bool, shape (rows,)
        Which rows of the file.
    position : ndarray of int
        Place of each kept row in (periods, units), flat.
    """

    unit: str
    coords: dict[str, Any]
    shape: tuple[int, int]
    kept: npt.NDArray[np.bool_]
    position: npt.NDArray[np.int64]

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return int(self.kept.size)

    @property
    def dropped(self) -> int:
        """How many were left out, since their cells lie outside the grid."""
        return int((~self.kept).sum())

    def spread(self, values: npt.NDArray[np.float64]) -> Floats32:
        """Put one value a row in its place, NaN elsewhere."""
        out = np.full(self.shape, np.nan, np.float32)
        out.reshape(-1)[self.position] = values[self.kept]
        return out


def place_by_period(
    long: LongTable, keys: Keys, periods: Periods, unit: Unit, grid: Grid | None, drop_outside: bool
) -> Placed:
    """Place rows over periods and units.

    Raises
    ------
    InputError
        When a key is missing, lies outside the grid, or occurs twice in a period.
    """
    kept = np.ones(periods.row.size, dtype=bool)
    units: npt.NDArray[Any]
    if unit == "cell":
        grid = grid or Grid.netherlands()
        units, kept = locate(long, keys, grid, drop_outside)
        namer: Any = cell_namer(grid)
    else:
        units, namer = area_codes(long, str(keys.code)), area_namer
    of = periods.row[kept]
    for at, label in enumerate(periods.labels):
        if (of == at).any():
            arrange(units[of == at], None, namer, f"{long.source}, period {label}")
    known = sorted_unique(units)
    position = of * known.size + np.searchsorted(known, units)
    shape = (len(periods.labels), known.size)
    return Placed(unit, _coordinates(known, unit, grid), shape, kept, position)


def _coordinates(units: npt.NDArray[Any], unit: Unit, grid: Grid | None) -> dict[str, Any]:
    if unit == "cell" and grid is not None:
        from leefraster.cells import cell_coordinates

        return dict(cell_coordinates(grid, units))
    return {"area": ("area", units, {"long_name": "area code"})}
