"""Which unit of a table is part of which: neighbourhoods of districts of municipalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Units with the unit that each is part of.

    Attributes
    ----------
    names : list of str
        The units.
    parent : ndarray of int64
        Position of the unit that each is part of, -1 for those at the top.
    """

    names: list[str]
    parent: Ints

    @classmethod
    def of(cls, names: Sequence[str], parents: Sequence[str] | None = None) -> Tree:
        """Build from names; a parent of "" (or no parents at all) is the top.

        Raises
        ------
        InputError
            When a name occurs twice, a parent is not among the names, or units are part of each other.
        """
        listed = [str(name) for name in names]
        place = {name: i for i, name in enumerate(listed)}
        if len(place) != len(listed):
            twice = sorted({name for name in listed if listed.count(name) > 1})
            raise InputError(f"{len(twice)} units occur more than once, first: {twice[:10]}")
        above = [""] * len(listed) if parents is None else [str(parent) for parent in parents]
        unknown = sorted({one for one in above if one and one not in place})
        if unknown:
            raise InputError(
                f"{len(unknown)} parents are not among the units, first: {unknown[:10]}; a whole needs a row of "
                "its own, or leave parent= out"
            )
        tree = cls(listed, np.array([place[one] if one else -1 for one in above], dtype=np.int64))
        if tree.from_the_top().size != len(listed):
            raise InputError("units are part of each other in a ring")
        return tree

    def parts(self, whole: int) -> Ints:
        """Return the units directly in one; -1 gives the top."""
        return np.flatnonzero(self.parent == whole)

    def from_the_top(self) -> Ints:
        """Return all units, every one after the unit that it is part of."""
        order: list[int] = []
        level = self.parts(-1)
        while level.size:
            order += level.tolist()
            level = np.flatnonzero(np.isin(self.parent, level))
            if len(order) > len(self.names):
                break
        return np.array(order, dtype=np.int64)
