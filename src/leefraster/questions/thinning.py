"""The question whether sparsely populated places far from any centre lose amenities."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.blocks import Blocks, block_numbers, default_blocks
from leefraster.questions.by_unit import (
    in_order,
    level_at,
    require_one_version,
    require_year,
    unit_dimension,
    unit_field,
    weights_at,
    years_of,
)
from leefraster.questions.jackknife import Interval, block_means, covariance, critical_value, interval
from leefraster.questions.options import require_between, require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.thinning_places import Found, ThinPlaces, find_places
from leefraster.questions.thinning_regions import Regions, regions_of
from leefraster.questions.thinning_words import (
    QUESTION,
    caveats,
    columns,
    names,
    nowhere,
    open_question,
    sentence,
)
from leefraster.questions.weighted import weighted_mean
from leefraster.questions.wording import dimension_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.areas.areas import Areas

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
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
    units = _units(asked, found, start, end)
    _require_thin(asked, found, units, centres is not None)
    block, n_blocks = block_numbers(asked.scores, asked.blocks, asked.block_side)
    table, against = _tables(asked, units, block, n_blocks)
    details = {"against": against, "definitions": _definitions(asked, found, units)}
    by_region = None if regions is None else _regions(asked, units, regions, block, n_blocks)
    if by_region is not None:
        details["regions"] = by_region
    levels = _levels(asked, units, block, n_blocks)
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


def _units(asked: Asked, found: Found, start: Floats, end: Floats) -> Units:
    weight = weights_at(asked.scores, asked.weights, asked.start)
    kept = np.isfinite(start) & np.isfinite(end) & (weight > 0) & found.known
    return Units(start, end, np.where(kept, weight, 0.0), _groups(asked.places, found, kept))


def _groups(rule: ThinPlaces, found: Found, kept: Bools) -> dict[str, Bools]:
    far = found.distance > rule.far
    thin = kept & found.sparse & far
    return {
        THIN: thin,
        REST: kept & ~thin,
        NEAR: kept & found.sparse & ~far,
        DENSE: kept & ~found.sparse,
    }


def _require_thin(asked: Asked, found: Found, units: Units, given: bool) -> None:
    """Refuse where there is no centre, or hardly a thin place or hardly anything else."""
    if found.centres == 0:
        raise Unanswerable(*nowhere(asked, given).values())
    for group in (THIN, REST):
        n, weight = int(units.member[group].sum()), float(units.weight[units.member[group]].sum())
        if n < max(asked.minimum_units, 1) or weight < asked.minimum_weight:
            raise Unanswerable(*nowhere(asked, given, group, n, weight).values())


def _tables(asked: Asked, units: Units, block: Ints, n_blocks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the change of every group, and the change in thin places less that of every other group."""
    import pandas as pd

    weights = [np.where(units.member[group], units.weight, 0.0) for group in GROUPS]
    means = block_means([(units.change, weight) for weight in weights], block, n_blocks)
    for column, group in enumerate(GROUPS[:2]):
        if means.blocks[column] < max(asked.minimum_blocks, 2) or np.isnan(means.without[:, column]).any():
            raise Unanswerable(*nowhere(asked, False, group, blocks=int(means.blocks[column])).values())
    rows, pairs = [], []
    for column, group in enumerate(GROUPS):
        inside = units.member[group]
        if not inside.any():
            continue
        limits = _limits(
            asked, means.means[column], means.without[:, [column]], float(means.effective[column])
        )
        begin = weighted_mean(units.start, units.weight, inside)
        rows.append(
            {"group": group}
            | names(group)
            | _counts(units, inside)
            | _row(asked, begin, limits, int(means.blocks[column]))
        )
        if column:
            apart = means.without[:, [0]] - means.without[:, [column]]
            effective = float(min(means.effective[0], means.effective[column]))
            limits = _limits(asked, means.means[0] - means.means[column], apart, effective)
            named = {"difference": limits.estimate, "low": limits.low, "high": limits.high}
            pairs.append({"against": group} | named | {"course": course(limits, asked.minimum_change)})
    return pd.DataFrame(rows), pd.DataFrame(pairs)


def _limits(asked: Asked, estimate: float, without: Floats, effective: float, tests: int = 1) -> Interval:
    """Return an estimate with limits; NaN where a block cannot be left out. `tests` hold together."""
    if np.isnan(without).any():
        return Interval(float(estimate), float("nan"), float("nan"))
    critical = critical_value(effective, 1 - (1 - asked.confidence) / tests)
    return interval(float(estimate), float(covariance(without)[0, 0]), critical)


def course(limits: Interval, minimum: float) -> str:
    """Name what a change did.

    Returns
    -------
    str
        "fell" ("rose") when it is at least the minimum and its interval lies below (above) zero; "no fall" when the
        interval holds no fall of the minimum or more; else "open".

    Examples
    --------
    >>> course(Interval(-0.02, -0.03, -0.01), 0.001), course(Interval(0.0, -0.01, 0.01), 0.001)
    ('fell', 'open')
    """
    if limits.high < 0 and limits.estimate <= -minimum:
        return "fell"
    if limits.low > 0 and limits.estimate >= minimum:
        return "rose"
    return "no fall" if limits.low > -minimum else "open"


def _counts(units: Units, inside: Bools) -> dict[str, float]:
    return {"units": int(inside.sum()), "weight": float(units.weight[inside].sum())}


def _row(asked: Asked, begin: float, limits: Interval, blocks: int) -> dict[str, Any]:
    return {
        "contribution_start": begin,
        "contribution_end": begin + limits.estimate,
        "change": limits.estimate,
        "low": limits.low,
        "high": limits.high,
        "course": course(limits, asked.minimum_change),
        "blocks": blocks,
    }


def _regions(asked: Asked, units: Units, regions: Regions, block: Ints, n_blocks: int) -> pd.DataFrame:
    """Return the change of every region's thin places, the deepest fall first; limits hold together."""
    import pandas as pd

    rows = []
    inside = [units.member[THIN] & (regions.number == place) for place in range(len(regions.codes))]
    enough = [_is_enough(asked, units, members, block) for members in inside]
    for place, members in enumerate(inside):
        row: dict[str, Any] = {"region": regions.codes[place], "name": regions.names[place]}
        row |= _counts(units, members)
        weight = np.where(members, units.weight, 0.0)
        begin = weighted_mean(units.start, units.weight, members)
        if not members.any():
            continue
        means = block_means([(units.change, weight)], block, n_blocks)
        limits = Interval(float(means.means[0]), float("nan"), float("nan"))
        if enough[place]:
            effective = float(means.effective[0])
            limits = _limits(asked, means.means[0], means.without[:, [0]], effective, sum(enough))
        row |= _row(asked, begin, limits, int(means.blocks[0]))
        rows.append(row if enough[place] else row | {"course": "too few"})
    names = ["region", "name", "units", "weight", *_row(asked, 0.0, Interval(0, 0, 0), 0)]
    table = pd.DataFrame(rows, columns=names)
    few = (table["course"] == "too few").rename("few")
    order = (
        pd.concat([few, table[["change", "region"]]], axis=1).sort_values(["few", "change", "region"]).index
    )
    return table.loc[order].reset_index(drop=True)


def _is_enough(asked: Asked, units: Units, members: Bools, block: Ints) -> bool:
    return (
        int(members.sum()) >= max(asked.minimum_units, 1)
        and float(units.weight[members].sum()) >= asked.minimum_weight
        and np.unique(block[members]).size >= max(asked.minimum_blocks, 2)
    )


def _levels(asked: Asked, units: Units, block: Ints, n_blocks: int) -> pd.DataFrame | None:
    """Return the level of the total score by group, over units with a level in both years; None without levels."""
    import pandas as pd

    try:
        begin, finish = level_at(asked.scores, asked.start), level_at(asked.scores, asked.end)
    except Unanswerable:
        return None
    kept = np.isfinite(begin) & np.isfinite(finish)
    rows = []
    for group in GROUPS:
        weight = np.where(units.member[group] & kept, units.weight, 0.0)
        if not (weight > 0).any():
            continue
        means = block_means([(begin, weight), (finish - begin, weight)], block, n_blocks)
        limits = _limits(asked, means.means[1], means.without[:, [1]], float(means.effective[1]))
        ends = {"level_start": float(means.means[0]), "level_end": float(means.means[0]) + limits.estimate}
        rows.append(
            {"group": group} | ends | {"change": limits.estimate, "low": limits.low, "high": limits.high}
        )
    return pd.DataFrame(rows)


def _definitions(asked: Asked, found: Found, units: Units) -> pd.DataFrame:
    """Return the change in thin places, and against the rest, by other thresholds than the asked ones."""
    import pandas as pd

    rule, rows = asked.places, []
    kept = units.weight > 0
    for low, reach in ((1.0, 1.0), (1.0, 0.5), (1.0, 2.0), (0.5, 1.0), (2.0, 1.0)):
        if found.density is None and low != 1.0:
            continue
        below = min(rule.sparse_below * low, rule.centre_from)
        other = replace(rule, sparse_below=below, far=rule.far * reach)
        sparse = found.sparse if found.density is None else found.density < below
        groups = _groups(other, replace(found, sparse=sparse), kept)
        changes = [weighted_mean(units.change, units.weight, groups[group]) for group in (THIN, REST)]
        row = {"sparse_below": below if found.density is not None else float("nan"), "far": other.far}
        rows.append(
            row | _counts(units, groups[THIN]) | {"change": changes[0], "difference": changes[0] - changes[1]}
        )
    return pd.DataFrame(rows)


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
