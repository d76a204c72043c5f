"""The question whether sparsely populated places far from any centre lose amenities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.blocks import Blocks, block_numbers, default_blocks
from leefraster.questions.by_unit import (
    in_order,
    require_year,
    unit_dimension,
    unit_field,
    years_of,
)
from leefraster.questions.options import require_between, require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.thinning_places import Found, ThinPlaces, find_places
from leefraster.questions.thinning_regions import Regions, regions_of
from leefraster.questions.thinning_tables import (
    change_by_definition,
    change_by_group,
    change_by_region,
    level_by_group,
)
from leefraster.questions.thinning_units import REST, THIN, Asked, Units, contributions, units_of
from leefraster.questions.thinning_words import (
    QUESTION,
    caveats,
    columns,
    nowhere,
    open_question,
    sentence,
)
from leefraster.questions.wording import dimension_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.areas.areas import Areas

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@computed
def thinning(
    scores: xr.Dataset,
    *,
    places: ThinPlaces | None = None,
    centres: Any = None,
    regions: Areas | str | None = None,
    start: int | None = None,
    end: int | None = None,
    dimension: str = "vrz",
    weights: str | None = "dwellings",
    confidence: float = 0.95,
    blocks: Blocks | None = None,
    block_side: float = 10_000.0,
    minimum_change: float = 0.001,
    minimum_units: int = 30,
    minimum_weight: float = 1000.0,
    minimum_blocks: int = 5,
) -> Answer:
    """Answer whether amenities fall in sparsely populated places far from any centre.

    *Thin* places are sparse and far by the rule `places`, at the start year. Over the units that have a score in
    both years, with the weights of the start year, the mean contribution of amenities to the score is followed from
    `start` to `end`: in thin places by themselves, and against the rest of the country, which is the sparse places
    near a centre and all that is not sparse.

    Parameters
    ----------
    scores : Dataset
        `score` (year, dimension, unit); coordinates `x` and `y` (unit) in metres; the counted variable ([year,]
        cell) or `urbanity` ([year,] unit) by which places are sparse; the weights ([year,] unit); `municipality`
        (unit) where known. The unit is `cell` or `area`.
    places : ThinPlaces or None
        What sparse, centre and far mean; the defaults of `ThinPlaces` when None.
    centres : Areas, table, GeoDataFrame, array or None
        Centres as polygons, or as points (columns x and y, or an (n, 2) array) in metres; found from the data by
        the rule when None.
    regions : Areas, str or None
        Regions for a table of their own, as COROP or Regio Deals: polygons of one level (a unit belongs to the one
        that holds its midpoint), or the name of a variable with codes.
    start, end : int or None
        Measurement years. By default 2014 where measured, else the first; and the latest.
    dimension : str
        Code of the dimension that falls or not.
    weights : str or None
        Variable by which units are weighted; None counts every unit once.
    confidence : float
        Confidence of the intervals, between 0 and 1. Those of regions hold for all regions together.
    blocks : {"municipality", "squares"} or None
        Places left out together by the jackknife; by default municipalities where at least half of the units have a
        code, else squares.
    block_side : float
        Side of the squares, in metres.
    minimum_change : float
        Change of a mean contribution below which it is none, however sure.
    minimum_units, minimum_weight, minimum_blocks : int, float, int
        Least number of units, sum of weights and number of blocks of the thin places, and of a region's.

    Returns
    -------
    Answer
        `table` has a row for thin places, the rest, and the two parts of the rest: contribution at both ends,
        change with its interval, course. `details` holds "against" (the change in thin places less that
        elsewhere), "regions" where given, "level" (the level of the total score, where known) and "definitions"
        (the same change by half and double the thresholds). `map` is the change in thin places. "Cannot be said"
        names what is missing, or that the intervals leave it open.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, a year is not among its years, `start` is not before `end`,
        `confidence` is not between 0 and 1, `places` is no ThinPlaces, `regions` no Areas of one level and no
        variable, or `centres` neither points nor areas.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, a count or weight is negative, or regions or centres are
        in another CRS.

    Notes
    -----
    A contribution is measured against the national mean of its year: it falls too where amenities stay and grow
    elsewhere. Intervals are those of `catch_up`: delete-one-block jackknife, Student's critical value at the
    effective number of blocks less one. Docs: ``docs/questions.md``.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> x = np.arange(200) * 1000.0
    >>> city = x < 60_000
    >>> change = np.where(x > 69_000, -0.02, 0.0)
    >>> towns = xr.Dataset(
    ...     {"score": (("year", "dimension", "area"), [[np.zeros(200)], [change]]),
    ...      "urbanity": ("area", np.where(city, 1, 5)), "dwellings": ("area", np.full(200, 100.0)),
    ...      "inhabitants": ("area", np.full(200, 5000.0))},
    ...     coords={"year": [2014, 2024], "dimension": ["vrz"], "area": np.arange(200), "x": ("area", x),
    ...             "y": ("area", np.zeros(200))})
    >>> lr.questions.thinning(towns).verdict
    'holds'
    """
    scores = in_order(scores)
    require_between(0, 1, confidence=confidence)
    require_from(
        0, minimum_change=minimum_change, minimum_units=minimum_units, minimum_weight=minimum_weight,
        minimum_blocks=minimum_blocks,
    )  # fmt: skip
    if places is not None and not isinstance(places, ThinPlaces):
        raise UsageError(f"places is a {type(places).__name__}; it must be an lr.questions.ThinPlaces")
    first, last = _years(scores, start, end)
    asked = Asked(
        scores, unit_dimension(scores), first, last, places or ThinPlaces(), dimension, weights, confidence,
        blocks or default_blocks(scores), block_side, minimum_change, minimum_units, minimum_weight,
        minimum_blocks,
    )  # fmt: skip
    named = None if regions is None else regions_of(scores, regions)
    try:
        return _answer(asked, centres, named)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _years(scores: xr.Dataset, start: int | None, end: int | None) -> tuple[int, int]:
    years = years_of(scores)
    last = years[-1] if end is None else require_year(scores, end, "end")
    default = 2014 if 2014 in years and last > 2014 else years[0]
    first = default if start is None else require_year(scores, start, "start")
    if first >= last and (start is not None or end is not None):
        raise UsageError(f"start is {first} and end {last}; start must come before end")
    return first, last


def _answer(asked: Asked, centres: Any, regions: Regions | None) -> Answer:
    start, end = contributions(asked.scores, asked.dimension, asked.start, asked.end)
    found = find_places(asked.scores, asked.places, asked.start, centres)
    units = units_of(asked, found, start, end)
    _require_thin(asked, found, units, centres is not None)
    block, n_blocks = block_numbers(asked.scores, asked.blocks, asked.block_side)
    table, against = change_by_group(asked, units, block, n_blocks)
    details = {"against": against, "definitions": change_by_definition(asked, found, units)}
    by_region = None if regions is None else change_by_region(asked, units, regions, block, n_blocks)
    if by_region is not None:
        details["regions"] = by_region
    levels = level_by_group(asked, units, block, n_blocks)
    if levels is not None:
        details["level"] = levels
    period = f"{asked.start}-{asked.end}"
    parts: dict[str, Any] = {
        "table": table,
        "map": _map(asked, units),
        "figure": {
            "kind": "bars", "x": "name_en", "y": ["change"], "unit": "contribution",
            "title": f"Change of the contribution of {dimension_name(asked.dimension, 'en')}, {period}",
            "title_nl": f"Verandering van de bijdrage van {dimension_name(asked.dimension, 'nl')}, {period}",
        },
        "details": details,
        "columns": columns(asked),
    }  # fmt: skip
    inputs = asked.inputs() | {"number_of_centres": found.centres, "centres_given": centres is not None}
    verdict = _verdict(table, against, by_region)
    said = sentence(asked, found, table, against, by_region)
    if verdict == "cannot be said":
        said = open_question(asked, table, against)
    notes = caveats(asked, found, int((units.weight > 0).sum()), regions)
    return QUESTION.answer(verdict, said, notes, inputs=inputs, **parts)


def _require_thin(asked: Asked, found: Found, units: Units, given: bool) -> None:
    """Refuse where there is no centre, or hardly a thin place or hardly anything else."""
    if found.centres == 0:
        raise Unanswerable(*nowhere(asked, given).values())
    for group in (THIN, REST):
        n, weight = int(units.member[group].sum()), float(units.weight[units.member[group]].sum())
        if n < max(asked.minimum_units, 1) or weight < asked.minimum_weight:
            raise Unanswerable(*nowhere(asked, given, group, n, weight).values())


def _verdict(table: pd.DataFrame, against: pd.DataFrame, regions: pd.DataFrame | None) -> Verdict:
    courses = [table["course"].iloc[0], against["course"].iloc[0]]
    region = [] if regions is None else regions["course"].tolist()
    if all(one == "fell" for one in courses):
        return "mixed" if "rose" in region else "holds"
    if "fell" in courses or "fell" in region:
        return "mixed"
    return "cannot be said" if "open" in courses else "does not hold"


def _map(asked: Asked, units: Units) -> xr.DataArray:
    change = np.where(units.member[THIN], units.change, np.nan).astype(np.float32)
    name = dimension_name(asked.dimension, "en")
    text = f"change of the contribution of {name} in thin places, {asked.start} to {asked.end}"
    return unit_field(asked.scores, change, "thinning", text, "1")
