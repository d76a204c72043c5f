"""One area for every cell: who has it, with a word about areas that overlap and areas that hold nothing."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from leefraster.areas.areas import Areas
from leefraster.areas.membership import Membership, by_centre
from leefraster.errors import INSIDE, EmptyAreaWarning, InputError, OverlapWarning, RepairedAreaWarning
from leefraster.grid import Grid

Ints = npt.NDArray[np.int64]


def placed(areas: Areas, grid: Grid, cells: Ints) -> Membership:
    """Return which cells lie in which areas, by their centres.

    Warns
    -----
    RepairedAreaWarning
        When polygons had invalid rings.
    OverlapWarning
        When cells lie in two areas of a level; the area whose code comes first has them.
    EmptyAreaWarning
        When areas hold no cell: they lie outside the data, or are smaller than a cell.

    Raises
    ------
    InputError
        When no cell lies in any area, the areas are in another CRS, or they overlap so much that borders of two
        years seem to be mixed.
    """
    member = by_centre(areas, grid, cells)
    if member.cell.size == 0:
        raise InputError(
            f"{areas.source}: none of the {cells.size} cells lies in any of the {len(areas)} areas; are they of "
            "the same country?"
        )
    if areas.repaired:
        warnings.warn(
            f"{areas.source}: {areas.repaired} areas had invalid rings (crossing themselves) and were repaired; "
            "look whether they are what was meant",
            RepairedAreaWarning,
            skip_file_prefixes=INSIDE,
        )
    if member.doubly:
        warnings.warn(
            f"{areas.source}: {member.doubly} cells lie in two areas; the area whose code comes first has them",
            OverlapWarning,
            skip_file_prefixes=INSIDE,
        )
    empty = np.setdiff1d(np.arange(len(areas)), member.area)
    if empty.size:
        codes = ", ".join(str(code) for code in areas.codes[empty[:10]])
        warnings.warn(
            f"{areas.source}: {empty.size} of {len(areas)} areas hold no cell, and nothing is known of them: "
            + codes,
            EmptyAreaWarning,
            skip_file_prefixes=INSIDE,
        )
    return member


def labels_of(member: Membership) -> tuple[npt.NDArray[np.int32], Ints]:
    """Return the number of the area of each cell (0 for none), and the positions of the areas that hold one.

    Areas are numbered from 1 in their order; of two levels, a cell belongs to the first.
    """
    held, number = np.unique(member.area, return_inverse=True)
    labels = np.zeros(member.cells, np.int32)
    labels[member.cell[::-1]] = number[::-1] + 1
    return labels, held.astype(np.int64)
