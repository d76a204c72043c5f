"""Whether a structural rule could select anything of given scores, whatever their levels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.clusters.panel import MINIMUM_YEARS
from leefraster.questions.by_unit import level_at, unit_dimension, values_at, weights_at
from leefraster.questions.question import Unanswerable
from leefraster.questions.wording import LANGUAGES, number

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.clusters.rule import StructuralRule


def require_selectable(scores: xr.Dataset, years: list[int], rule: StructuralRule) -> None:
    """Refuse to speak of no clusters where there could be none.

    A unit can be structurally weak when it has a level in three years at least, and in each of the rule's latest
    years, with an error there where levels have errors; a cluster takes `minimum_dwellings` in units with levels.

    Raises
    ------
    Unanswerable
        When all units with levels together have fewer, or none has an error.
    """
    dwellings, latest = weights_at(scores, "dwellings", years[-1]), max(rule.latest_years, 1)
    measured = np.stack([_measured(scores, year) for year in years])
    enough = (measured.sum(axis=0) >= MINIMUM_YEARS) & measured[-latest:].all(axis=0)
    if enough.any() and not (enough & _sure(scores, years[-latest:])).any():
        raise Unanswerable(
            f"volgens de regel kan er geen cluster zijn: geen eenheid met een niveau in {MINIMUM_YEARS} meetjaren "
            f"en in de laatste {latest} heeft daar een fout (level_error)",
            f"by the rule there can be no cluster: no unit with a level in {MINIMUM_YEARS} measurement years and "
            f"in the latest {latest} has an error (level_error) there",
        )
    within = float(dwellings[enough].sum())
    if within > 0 and within >= rule.minimum_dwellings:
        return
    (least_nl, held_nl, all_nl), (least_en, held_en, all_en) = (
        [number(value, 0, language) for value in (rule.minimum_dwellings, within, float(dwellings.sum()))]
        for language in LANGUAGES
    )
    raise Unanswerable(
        f"volgens de regel kan er geen cluster zijn: een cluster telt ten minste {least_nl} woningen, en "
        f"eenheden met een niveau in {MINIMUM_YEARS} meetjaren en in de laatste {latest} tellen samen {held_nl} "
        f"woningen (van {all_nl} woningen in het land)",
        f"by the rule there can be no cluster: one has at least {least_en} dwellings, and units with a level in "
        f"{MINIMUM_YEARS} measurement years and in the latest {latest} have {held_en} dwellings together (of "
        f"{all_en} dwellings in the country)",
    )


def _measured(scores: xr.Dataset, year: int) -> npt.NDArray[np.bool_]:
    """Return which units have a level in a year."""
    try:
        return np.isfinite(level_at(scores, year))
    except Unanswerable:
        return np.zeros(scores.sizes[unit_dimension(scores)], dtype=bool)


def _sure(scores: xr.Dataset, years: list[int]) -> npt.NDArray[np.bool_]:
    """Return which units have an error of the level in each of these years; all where levels have no errors."""
    errors = [values_at(scores, "level_error", year) for year in years]
    known = [np.isfinite(error) for error in errors if error is not None]
    return np.all(known, axis=0) if known else np.ones(scores.sizes[unit_dimension(scores)], dtype=bool)
