"""Where something is planted: compact, contiguous places within settlements, far enough from one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from leefraster.errors import UsageError
from leefraster.sources.synthetic.geography import Geography
from leefraster.sources.synthetic.window import Discs

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_REACH = 24  # cells from a seed to the edge of the window in which a place grows
_RIM = 6  # cells around a place over which its surroundings fade into the rest
_APART = 1_000.0  # metres of ordinary city between two places
_FEWEST_TOWNS = 8
_DISC = 29  # cells whose centre lies within 300 m
_ENOUGH = 0.85  # of the wanted dwellings
_MORE = (1.0, 1.1, 1.2, 1.3)  # times the wanted dwellings, to make up for corners
_NEAR = (np.hypot(*np.mgrid[-2:3, -2:3]) <= 2.5).astype(np.float64)  # cells whose centre lies within 250 m


@dataclass(frozen=True, slots=True)
class Site:
    """A place: positions of its cells, of the cells around it, and how strongly those belong to its rim (0..1)."""

    cells: Ints
    rim: Ints
    nearness: Floats
    x: float
    y: float
    reach: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What places are wanted: how many, of how many dwellings and cells, how built-up and how deep in town.

    `towns` is the part of the settlements, the largest ones, in which they may lie; `own` the part of those living
    within 250 m of a cell that at least live in the place itself.
    """

    count: int
    dwellings: tuple[float, float]
    cells: tuple[int, int]
    filled: float
    depth: tuple[float, float]
    towns: float
    own: float


class Sites:
    """Chooses places one after the other; none comes near another.

    Parameters
    ----------
    geography : Geography
        The country.
    discs : Discs
        Disc sums over its cells.
    """

    def __init__(self, geography: Geography, discs: Discs) -> None:
        self._geography = geography
        self._place = np.full(geography.grid.size, -1, dtype=np.int32)
        self._place[geography.cells] = np.arange(geography.cells.size, dtype=np.int32)
        self._density = discs.sum(geography.dwellings, 300.0) / discs.sum(
            np.ones(geography.cells.size), 300.0
        )
        self._filled = discs.sum(np.ones(geography.cells.size), 300.0) / _DISC
        self._taken: list[Site] = []

    def choose(self, wanted: Wanted, random: np.random.Generator, what: str) -> list[Site]:
        """Return the wanted places.

        Raises
        ------
        UsageError
            When there is no room for so many.
        """
        found: list[Site] = []
        used = np.zeros(self._geography.settlements.cells.size)
        for _ in range(wanted.count):
            site = self._choose_one(wanted, random, used)
            if site is None:
                raise UsageError(
                    f"synthetic.country: {wanted.count} {what} of {wanted.dwellings[0]:g} to "
                    f"{wanted.dwellings[1]:g} dwellings do not fit into {self._geography.cells.size:,} cells "
                    f"(room for {len(found)}); plant fewer or smaller ones, or ask for more cells"
                )
            used[self._geography.settlement[site.cells[0]]] += 1
            found.append(site)
            self._taken.append(site)
        return found

    def _choose_one(self, wanted: Wanted, random: np.random.Generator, used: Floats) -> Site | None:
        target = float(np.exp(random.uniform(*np.log(wanted.dwellings))))
        owner, depth = self._geography.settlement, self._geography.depth
        size = target / self._density
        towns = max(_FEWEST_TOWNS, wanted.towns * used.size)
        possible = (owner >= 0) & (owner < towns) & (self._filled >= wanted.filled)
        possible &= (depth >= wanted.depth[0]) & (depth <= wanted.depth[1])
        possible &= (size >= wanted.cells[0]) & (size <= wanted.cells[1])
        seeds = np.flatnonzero(possible)
        if seeds.size == 0:
            return None
        chance = self._geography.settlements.cells[owner[seeds]] ** -0.5 * 0.2 ** used[owner[seeds]]
        for seed in random.choice(seeds, size=400, p=chance / chance.sum()):
            site = self._grow(int(seed), target, wanted.own, random)
            if site is not None and wanted.cells[0] <= site.cells.size and self._free(site):
                return site
        return None

    def _free(self, site: Site) -> bool:
        return all(
            np.hypot(site.x - other.x, site.y - other.y) > site.reach + other.reach + _APART
            for other in self._taken
        )

    def _grow(self, seed: int, target: float, own: float, random: np.random.Generator) -> Site | None:
        """Grow an irregular, contiguous blob of `target` dwellings around a seed; None where the town ends."""
        grid, dwellings = self._geography.grid, self._geography.dwellings
        row, column = (int(part) for part in divmod(int(self._geography.cells[seed]), grid.nx))
        if not (_REACH <= row < grid.ny - _REACH and _REACH <= column < grid.nx - _REACH):
            return None
        rows, columns = (
            np.arange(row - _REACH, row + _REACH + 1),
            np.arange(column - _REACH, column + _REACH + 1),
        )
        window = self._place[rows[:, None] * grid.nx + columns[None, :]]
        order = np.argsort(_warped(random)[window >= 0], kind="stable")
        people = np.where(window >= 0, dwellings[window], 0.0)
        mask = _blob(np.flatnonzero(window >= 0)[order], people, target, own)
        if mask is None or _touches_border(mask):
            return None
        return self._site(np.sort(window[mask]).astype(np.int64), mask, window)

    def _site(self, cells: Ints, mask: Bools, window: npt.NDArray[np.int32]) -> Site:
        away = ndimage.distance_transform_edt(~mask)
        around = (window >= 0) & ~mask & (away < _RIM)
        nearness = np.clip((_RIM - away[around]) / (_RIM / 2), 0.0, 1.0)
        x, y = self._geography.x[cells], self._geography.y[cells]
        centre = float(x.mean()), float(y.mean())
        reach = float(np.hypot(x - centre[0], y - centre[1]).max())
        return Site(cells, window[around].astype(np.int64), nearness, *centre, reach)


def _blob(nearest: Ints, people: Floats, target: float, own: float) -> Bools | None:
    """Return which of the nearest places of a window hold about `target` dwellings; None where too few do.

    What corners take is made up for by growing further.
    """
    counted = np.cumsum(people.flat[nearest])
    for more in _MORE:
        needed = int(np.searchsorted(counted, target * more)) + 1
        if needed > nearest.size:
            break
        mask = np.zeros(people.shape, dtype=bool)
        mask.flat[nearest[:needed]] = True
        mask = _solid(mask, people, own)
        if people[mask].sum() >= _ENOUGH * target:
            return mask
    return None


def _solid(mask: Bools, people: Floats, own: float) -> Bools:
    """Return the piece round the centre without its corners: cells round which too few live in the place itself.

    Liveability is judged by the mean of those who live within 250 m. A corner whose people nearly all have their
    neighbours elsewhere is judged by those, however weak its own few cells are: it is no part of a weak place.
    Where people live decides, and nothing that is scored or found.
    """
    everybody = ndimage.convolve(people, _NEAR, mode="constant")
    while True:
        labels, _ = ndimage.label(mask)
        piece = mask & (labels == labels[_REACH, _REACH])
        inside = ndimage.convolve(np.where(piece, people, 0.0), _NEAR, mode="constant")
        kept: Bools = piece & (inside >= own * everybody)
        if (kept == mask).all():
            return kept
        mask = kept


def _warped(random: np.random.Generator) -> Floats:
    """Return the distance to the window's centre, stretched unevenly by direction."""
    across, down = np.meshgrid(np.arange(-_REACH, _REACH + 1), np.arange(-_REACH, _REACH + 1))
    angle, turn = np.arctan2(down, across), random.uniform(0, 2 * np.pi, size=2)
    stretch = 1 + 0.16 * np.cos(2 * angle - turn[0]) + 0.10 * np.cos(3 * angle - turn[1])
    return np.asarray(np.hypot(across, down) * stretch)


def _touches_border(mask: Bools) -> bool:
    edge = mask.copy()
    edge[_RIM:-_RIM, _RIM:-_RIM] = False
    return bool(edge.any())
