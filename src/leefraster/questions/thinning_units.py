"""What `thinning` is asked, of which units, and in which groups of places these are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.questions.blocks import Blocks
from leefraster.questions.by_unit import require_one_version, weights_at
from leefraster.questions.question import Unanswerable
from leefraster.questions.thinning_places import Found, ThinPlaces

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

THIN, NEAR, DENSE, REST = "thin", "sparse, near", "not sparse", "rest"
GROUPS = (THIN, REST, NEAR, DENSE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data."""

    scores: xr.Dataset
    unit: str
    start: int
    end: int
    places: ThinPlaces
    dimension: str
    weights: str | None
    confidence: float
    blocks: Blocks
    block_side: float
    minimum_change: float
    minimum_units: int
    minimum_weight: float
    minimum_blocks: int

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "start", "end", "dimension", "weights", "confidence", "blocks", "block_side")
        more = ("minimum_change", "minimum_units", "minimum_weight", "minimum_blocks")
        rule = asdict(self.places) | {"measure": self.places.measured(self.scores)}
        return {name: getattr(self, name) for name in names + more} | {
            f"places_{k}": v for k, v in rule.items()
        }


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The amenities of the units at both ends, their weight at the start, and their group.

    Attributes
    ----------
    start, end : ndarray, shape (units,)
        Contribution of the dimension.
    weight : ndarray, shape (units,)
        Weight at the start; 0 where a unit does not take part.
    member : dict of str to ndarray of bool
        The units of every group.
    """

    start: Floats
    end: Floats
    weight: Floats
    member: dict[str, Bools]

    @property
    def change(self) -> Floats:
        """The change of the contribution."""
        return self.end - self.start


def contributions(scores: xr.Dataset, dimension: str, start: int, end: int) -> tuple[Floats, Floats]:
    """Return the contribution of a dimension at both ends.

    Raises
    ------
    Unanswerable
        When there are no scores by dimension, not this one, only one year, or two versions of the model.
    """
    if start >= end:
        raise Unanswerable(
            f"er is één meetjaar ({end}); voor een verandering zijn er twee nodig",
            f"there is one measurement year ({end}); a change takes two",
        )
    if "score" not in scores or "year" not in scores["score"].dims:
        raise Unanswerable(
            "de scores per dimensie en jaar (score) ontbreken",
            "the scores by dimension and year (score) are missing",
        )
    codes = [str(code) for code in np.atleast_1d(scores["dimension"].values)]
    if dimension not in codes:
        raise Unanswerable(
            f"dimensie {dimension} ontbreekt; gegeven: {', '.join(codes)}",
            f"dimension {dimension} is missing; given: {', '.join(codes)}",
        )
    require_one_version(scores, [start, end])
    score = scores["score"].sel(dimension=dimension)
    first, last = (np.asarray(score.sel(year=year).values, dtype=np.float64) for year in (start, end))
    return first, last


def units_of(asked: Asked, found: Found, start: Floats, end: Floats) -> Units:
    """Return the units with a weight, a contribution at both ends and a known group."""
    weight = weights_at(asked.scores, asked.weights, asked.start)
    kept = np.isfinite(start) & np.isfinite(end) & (weight > 0) & found.known
    return Units(start, end, np.where(kept, weight, 0.0), groups_of(asked.places, found, kept))


def groups_of(rule: ThinPlaces, found: Found, kept: Bools) -> dict[str, Bools]:
    """Return which of the units that are kept each of `GROUPS` holds, by a rule of what is far."""
    far = found.distance > rule.far
    thin = kept & found.sparse & far
    return {
        THIN: thin,
        REST: kept & ~thin,
        NEAR: kept & found.sparse & ~far,
        DENSE: kept & ~found.sparse,
    }
