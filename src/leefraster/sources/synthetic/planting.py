"""What is planted: structurally weak clusters, and decoys that only look like them; and how scores follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.sources.synthetic.geography import FULL, Geography
from leefraster.sources.synthetic.scores import DIMENSIONS, REFERENCE, WEAK_CUT, YEARS
from leefraster.sources.synthetic.sites import Site, Sites, Wanted
from leefraster.sources.synthetic.streams import stream
from leefraster.sources.synthetic.window import Discs

Floats = npt.NDArray[np.floating]

TRANSIENT, RECOVERED = "transient", "recovered"
PARK, COLD = "business park", "cold but satisfactory"
_DECOYS = {TRANSIENT: 8, RECOVERED: 8, PARK: 10, COLD: 10}  # in a country of full size

_PULL = np.array([0.32, 0.08, 0.0, 0.20, 0.40])  # dimensions that a weak place is weak by
_MODEST, _GOOD = (
    (-0.055, -0.045),
    (0.06, 0.3),
)  # totals: between which the mean of the surroundings is brought
_SOUND = -0.03  # mean total of a place in the years in which it is not weak
_ANY = (-np.inf, np.inf)
_EVENED = 0.5  # part of the variation between cells that the surroundings lose
_OWN = 0.45  # part of those living within 250 m of each cell that live in the place: with a place .15 below the cut
# and surroundings .12 above (`_MODEST`), the mean of both lies above it where fewer do
_KEPT = 0.6  # part of the variation between cells that a planted place keeps


@dataclass(frozen=True, slots=True)
class Effect:
    """A place and the course planted there: its dwelling-weighted mean total in every year.

    Attributes
    ----------
    kind : str
        "structural" or the kind of decoy.
    site : Site
        Its cells and surroundings.
    total : ndarray of float
        Mean total by year.
    pull : ndarray of float
        Part of the change that each dimension takes; sums to 1.
    around : tuple of float
        Lowest and highest mean total of the surroundings.
    """

    kind: str
    site: Site
    total: Floats
    pull: Floats
    around: tuple[float, float]


def plan(
    seed: int,
    geography: Geography,
    discs: Discs,
    count: int,
    gap: float,
    dwellings: tuple[float, float],
    years: int = len(YEARS),
) -> list[Effect]:
    """Choose all places and their courses: first the structural clusters, then the decoys by kind.

    Parameters
    ----------
    count : int
        Number of structural clusters.
    gap : float
        How far the mean level of a cluster lies below the upper cut of class 4 in its best year.
    dwellings : tuple of float
        Smallest and largest number of dwellings of a cluster.
    years : int
        In how many measurements, the latest ones, the clusters are weak.

    Raises
    ------
    UsageError
        When so many places do not fit into the country.
    """
    sites, random = Sites(geography, discs), stream(seed, "planting")
    smallest, own = (36, _OWN) if dwellings[0] >= 400 else (4, 0.0)
    wanted = Wanted(count, dwellings, (smallest, 170), 0.85, (0.12, 1.0), 0.05, own)
    effects = [
        Effect("structural", site, _lasting(random, gap, years), _pull(random), _MODEST)
        for site in sites.choose(wanted, random, "structural clusters")
    ]
    makers = {TRANSIENT: _transient, RECOVERED: _recovered, PARK: _park, COLD: _cold}
    for kind, number in _DECOYS.items():
        scaled = max(1, round(number * min(1.0, geography.cells.size / FULL)))
        around = {COLD: _GOOD, PARK: _ANY}.get(kind, _MODEST)
        effects += [
            Effect(kind, site, makers[kind](random), _pull(random), around)
            for site in sites.choose(_wanted_decoys(kind, scaled), random, f"decoys ({kind})")
        ]
    return effects


def empty_parks(effects: list[Effect], dwellings: Floats, seed: int) -> None:
    """Take nearly all dwellings, in place, from the business parks."""
    random = stream(seed, "parks")
    for effect in effects:
        if effect.kind == PARK:
            dwellings[effect.site.cells] = random.integers(1, 4, size=effect.site.cells.size)


def plant(effects: list[Effect], scores: Floats, dwellings: Floats, year: int) -> None:
    """Give every place its course, in place, in the scores (dimension, cell) of one year (by position)."""
    for effect in effects:
        _set_mean(scores, effect, dwellings, year)
        _set_rim(scores, effect, dwellings)
    unplanted = np.ones(dwellings.size, dtype=bool)
    for effect in effects:
        if effect.kind == "structural":
            unplanted[effect.site.cells] = False
    # The national mean stays 0: the rest of the country takes up what the clusters have lost.
    lost = (scores * dwellings).sum(axis=1) / dwellings[unplanted].sum()
    scores[:, unplanted] -= lost[:, None]


def _set_mean(scores: Floats, effect: Effect, dwellings: Floats, year: int) -> None:
    cells = effect.site.cells
    total = scores[:, cells].sum(axis=0)
    mean = (total * dwellings[cells]).sum() / dwellings[cells].sum()
    kept = _KEPT if effect.kind != COLD else 0.4
    change = effect.total[year] + kept * (total - mean) - total
    scores[:, cells] += effect.pull[:, None] * change


def _set_rim(scores: Floats, effect: Effect, dwellings: Floats) -> None:
    rim, near = effect.site.rim, effect.site.nearness
    weights = dwellings[rim] * near
    if weights.sum() > 0 and effect.around != _ANY:
        total = scores[:, rim].sum(axis=0)
        mean = (total * weights).sum() / weights.sum()
        change = np.clip(mean, *effect.around) - mean - _EVENED * (total - mean)
        scores[:, rim] += effect.pull[:, None] * (change * near)


def _wanted_decoys(kind: str, count: int) -> Wanted:
    if kind == PARK:
        return Wanted(count, (350.0, 900.0), (15, 45), 0.6, (0.0, 0.3), 0.2, 0.0)
    if kind == COLD:
        return Wanted(count, (900.0, 4_000.0), (45, 170), 0.8, (0.1, 1.0), 0.2, _OWN)
    return Wanted(count, (400.0, 3_000.0), (25, 120), 0.85, (0.12, 1.0), 0.2, _OWN)


def _pull(random: np.random.Generator) -> Floats:
    """Return how much of a change each dimension takes: nuisance and housing most, amenities nothing."""
    pull = _PULL * random.uniform(0.75, 1.25, size=len(DIMENSIONS))
    return np.asarray(pull / pull.sum())


def _lasting(random: np.random.Generator, gap: float, years: int) -> Floats:
    """Return a course below the cut in the latest years: falling behind, keeping its distance, or catching up."""
    slope = random.choice([-0.003, 0.0, 0.003]) + random.uniform(-0.0007, 0.0007)
    course = slope * (np.array(YEARS) - 2024) + random.normal(0, 0.005, size=len(YEARS))
    before = len(YEARS) - years
    best = (course + np.array(REFERENCE))[before:].max()
    course += WEAK_CUT - gap - best
    if before:
        course[:before] = _SOUND + random.normal(0, 0.008, size=before)
    return np.asarray(course)


def _transient(random: np.random.Generator) -> Floats:
    """Return a course that is weak in three or four successive measurements only."""
    number = int(random.integers(3, 5))
    first = int(random.integers(0, len(YEARS) - number + 1))
    weak = np.arange(first, first + number)
    return _weak_in(random, weak)


def _recovered(random: np.random.Generator) -> Floats:
    """Return a course that is weak in the first six or seven measurements and not in the last two."""
    return _weak_in(random, np.arange(int(random.integers(6, 8))))


def _weak_in(random: np.random.Generator, weak: npt.NDArray[np.int64]) -> Floats:
    course = _SOUND + random.normal(0, 0.008, size=len(YEARS))
    course[weak] = WEAK_CUT - 0.12 - np.array(REFERENCE)[weak] + random.normal(0, 0.01, size=weak.size)
    return course


def _park(random: np.random.Generator) -> Floats:
    return np.asarray(random.uniform(-0.46, -0.34) + random.normal(0, 0.006, size=len(YEARS)))


def _cold(random: np.random.Generator) -> Floats:
    """Return a course in class 5 or 6: well below the surroundings, and satisfactory."""
    return np.asarray(random.uniform(-0.095, -0.075) + random.normal(0, 0.004, size=len(YEARS)))
