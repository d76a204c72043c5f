"""The natural course of the five dimensions: their spread, correlation, smoothness and drift; nothing planted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from leefraster.sources.synthetic.geography import Geography
from leefraster.sources.synthetic.noise import Smooth, mixture
from leefraster.sources.synthetic.streams import stream
from leefraster.sources.synthetic.window import Discs

Floats = npt.NDArray[np.floating]

DIMENSIONS = ("won", "fys", "vrz", "soc", "onv")
YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
REFERENCE = (4.066, 4.072, 4.079, 4.081, 4.085, 4.090, 4.095, 4.098, 4.102)  # national mean, rising slowly
WEAK_CUT = REFERENCE[-1] - 0.1640  # level: upper cut of class 4, as measured on the publication of 2024
CLASS_WIDTH = 0.1175  # level: width of class 4

# Measured on the published neighbourhoods of 2024, in the order of DIMENSIONS.
DEVIATIONS = np.array([0.053, 0.045, 0.132, 0.060, 0.079])
CORRELATIONS = np.array(
    [
        [1.00, 0.02, -0.54, 0.76, 0.70],
        [0.02, 1.00, -0.12, 0.03, 0.11],
        [-0.54, -0.12, 1.00, -0.72, -0.70],
        [0.76, 0.03, -0.72, 1.00, 0.81],
        [0.70, 0.11, -0.70, 0.81, 1.00],
    ]
)
# Keeping neighbourhoods above the floor costs correlation between what is lifted; this much is aimed higher for it.
_LOST = np.array(
    [
        [0.00, 0.04, 0.00, 0.05, 0.06],
        [0.04, 0.00, 0.00, 0.02, 0.04],
        [0.00, 0.00, 0.00, 0.00, 0.00],
        [0.05, 0.02, 0.00, 0.00, 0.05],
        [0.06, 0.04, 0.00, 0.05, 0.00],
    ]
)
_ORDER = [2, 3, 4, 0, 1]  # amenities first: they follow urbanity, and the others follow them
_LOCAL = np.array(
    [0.32, 0.36, 0.05, 0.26, 0.27]
)  # part of the variance that lies within a few hundred metres
_LOCAL_TOGETHER = 0.65  # correlation of that part between housing, cohesion and nuisance
_DRIFT = 0.04  # part of the variance that changes over the years
_SCALES, _SHARES = (14_000.0, 4_500.0, 1_500.0), [0.25, 0.35, 0.40]
_AMENITIES = ([1.0, 4.6, 5.8, 6.6, 7.2, 8.0, 9.2], [-0.22, -0.17, -0.12, -0.07, -0.045, 0.12, 0.55])
_FLOOR = -0.094  # deviation that no neighbourhood of 250 m stays below by nature; only planting goes there
_LIFT = np.array([0.30, 0.0, 0.0, 0.25, 0.45])  # dimensions that keep it above
_SOUND_YEARS = 3  # measurements at least in which nature leaves every neighbourhood of 250 m above WEAK_CUT
_SOUND_BY = 0.01  # level points above it then; more than the national mean moves once places are planted
_URBAN_TREND = np.array([0.004, 0.002, 0.004, 0.004, 0.010])  # of cities relative to villages, 2002 to 2024


def natural_course(seed: int, geography: Geography, discs: Discs, density: Floats) -> Iterator[Floats]:
    """Yield for every year the scores by nature, (dimension, cell): weak for long is what is planted only.

    Slow change carries some neighbourhoods below the cut of class 4 for years on end. Those that it would leave
    above in fewer than `_SOUND_YEARS` of the measurements are lifted, by the same amount in every year, so that
    the truth about what is planted is all the truth: no neighbourhood of 250 m is weak by nature in more than six
    of the nine years, and the national rule asks for seven.
    """
    base = base_scores(seed, geography, discs, density)
    change = [_centred(drift, geography.dwellings) for drift in drifts(seed, geography, density)]
    base += _LIFT[:, None] * _lift_to_sound(base, change, discs, geography.dwellings)
    base = _centred(base, geography.dwellings)
    return (base + drift for drift in change)


def _lift_to_sound(base: Floats, change: list[Floats], discs: Discs, weights: Floats) -> Floats:
    """Return by how much each cell's total rises: nothing but near what would be weak for too many years."""
    total = base.sum(axis=0)
    above = [
        discs.mean(total + drift.sum(axis=0), 250.0, weights) + reference - WEAK_CUT
        for drift, reference in zip(change, REFERENCE, strict=True)
    ]
    ordered = np.sort(above, axis=0)[-_SOUND_YEARS]
    return discs.largest(np.maximum(0.0, _SOUND_BY - ordered), 250.0)


def base_scores(seed: int, geography: Geography, discs: Discs, density: Floats) -> Floats:
    """Return the lasting part of the scores, (dimension, cell): deviations from the national mean.

    Spread and correlations between dimensions are those of DEVIATIONS and CORRELATIONS; amenities fall
    from urban to rural. The dwelling-weighted mean of 250 m does not lie far below `_FLOOR` anywhere.
    """
    urban = _standard(np.interp(np.log(density), *_AMENITIES))
    covariance = (CORRELATIONS + _LOST) * np.outer(DEVIATIONS, DEVIATIONS)
    local = _local_covariance()
    wide = _coloured(_wide_fields(seed, geography, urban), covariance - local)
    near = _coloured(_near_fields(seed, geography, discs), local)
    base: Floats = wide + near
    base -= base.mean(axis=1, keepdims=True)
    weights = geography.dwellings
    for _ in range(3):
        base *= (DEVIATIONS * np.sqrt(1 - _DRIFT) / base.std(axis=1))[:, None]
        base = _centred(base, weights)
        _above_floor(base, discs, weights)
    _above_floor(base, discs, weights)
    return _centred(base, weights)


def drifts(seed: int, geography: Geography, density: Floats) -> list[Floats]:
    """Return for every year the slow change around the lasting part, (dimension, cell)."""
    random, place = stream(seed, "drift"), Smooth(geography.x, geography.y, 1_600.0)
    urban = _standard(np.clip(np.log(density), 5.0, 8.5))
    size = DEVIATIONS * np.sqrt(_DRIFT)
    state = [place.lattice(random) for _ in DIMENSIONS]
    found = []
    for index, year in enumerate(YEARS):
        if index:
            kept = np.float32(0.9 ** (year - YEARS[index - 1]))
            state = [kept * old + np.sqrt(1 - kept**2) * place.lattice(random) for old in state]
        since = (year - 2013) / 22
        moved = np.stack([place.at(lattice) for lattice in state]) * size[:, None]
        found.append(moved + _URBAN_TREND[:, None] * since * urban)
    return found


def _local_covariance() -> Floats:
    together = np.eye(5)
    for a in (0, 3, 4):
        for b in (0, 3, 4):
            together[a, b] = 1.0 if a == b else _LOCAL_TOGETHER
    size = DEVIATIONS * np.sqrt(_LOCAL)
    return np.asarray(together * np.outer(size, size))


def _wide_fields(seed: int, geography: Geography, urban: Floats) -> Floats:
    """Return five uncorrelated smooth fields, the first led by urbanity, the next against it."""
    random = stream(seed, "wide")
    smooth = [Smooth(geography.x, geography.y, scale) for scale in _SCALES]
    fields = np.stack([mixture([s.field(random) for s in smooth], list(_SHARES)) for _ in DIMENSIONS])
    amenity = fields[0] - (fields[0] * urban).mean() * urban
    amenity = _standard(amenity)
    fields[0] = 0.88 * urban + np.sqrt(1 - 0.88**2) * amenity
    against = np.sqrt(1 - 0.88**2) * urban - 0.88 * amenity
    fields[1] = -0.45 * against + np.sqrt(1 - 0.45**2) * _standard(fields[1])
    return _uncorrelated(fields)


def _near_fields(seed: int, geography: Geography, discs: Discs) -> Floats:
    """Return five uncorrelated fields that change within a few hundred metres, cell by cell to a part."""
    random = stream(seed, "near")
    found = []
    for _ in DIMENSIONS:
        blocks = 2.0 - random.gamma(
            2.0, size=geography.cells.size
        )  # mostly a bit better, now and then much worse
        around = discs.sum(blocks, 150.0) / np.sqrt(discs.sum(np.ones(blocks.size), 150.0))
        found.append(0.75 * blocks + 0.66 * around)
    return _uncorrelated(np.stack(found))


def _uncorrelated(fields: Floats) -> Floats:
    """Return the fields made standard and uncorrelated, one after the other, so that the first keeps its sense."""
    found: list[Floats] = []
    for field in fields:
        rest = field - field.mean()
        for other in found:
            rest = rest - (rest * other).mean() * other
        found.append(_standard(rest))
    return np.stack(found)


def _coloured(fields: Floats, covariance: Floats) -> Floats:
    """Return combinations of uncorrelated fields with the given covariance, in the order of DIMENSIONS."""
    factor = np.linalg.cholesky(covariance[np.ix_(_ORDER, _ORDER)])
    found = np.zeros_like(fields)
    for row, dimension in enumerate(_ORDER):
        for column in range(row + 1):
            found[dimension] += factor[row, column] * fields[column]
    return found


def _above_floor(base: Floats, discs: Discs, weights: Floats) -> None:
    """Lift, in place, the surroundings whose mean total lies below the floor."""
    for _ in range(3):
        total = base.sum(axis=0)
        lacking = np.maximum(0.0, _FLOOR - discs.mean(total, 250.0, weights))
        base += _LIFT[:, None] * (1.2 * discs.mean(lacking, 250.0, np.ones(weights.size)))


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / values.std())


def _centred(scores: Floats, weights: Floats) -> Floats:
    return np.asarray(scores - ((scores * weights).sum(axis=1) / weights.sum())[:, None])
