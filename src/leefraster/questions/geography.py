"""The question how much differences follow place, by scale, and whether that grows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import NoNeighboursWarning, NoVarianceWarning, UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.blocks import Blocks, block_numbers, default_blocks
from leefraster.questions.by_unit import (
    in_order,
    require_one_version,
    require_year,
    unit_dimension,
    unit_field,
    values_at,
    weights_at,
    years_of,
)
from leefraster.questions.direction import direction_of_change
from leefraster.questions.geography_shares import Division, Kind, Nest, Shares, default_kind, nested_areas
from leefraster.questions.geography_words import (
    QUESTION,
    caveats,
    columns,
    names,
    one_year,
    open_question,
    sentence,
)
from leefraster.questions.jackknife import Interval, covariance, critical_value, interval
from leefraster.questions.options import require_between, require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.weighted import group_means, varies

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from libpysal.graph import Graph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOTAL = "total"
RINGS = (2.0, 5.0, 10.0, 20.0, 50.0)  # outer limits by default, in sides of a cell


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data."""

    scores: xr.Dataset
    unit: str
    start: int
    end: int
    weights: str | None
    areas: Kind
    sides: tuple[float, ...]
    distances: tuple[float, ...] | None
    least_share: float
    minimum_change: float
    confidence: float
    blocks: Blocks
    block_side: float
    minimum_blocks: int

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "start", "end", "weights", "areas", "least_share", "minimum_change", "confidence")
        more = ("blocks", "block_side", "minimum_blocks")
        lists = {
            "sides": list(self.sides), "distances": None if self.distances is None else list(self.distances)
        }  # fmt: skip
        return {name: getattr(self, name) for name in names + more} | lists

    @property
    def years(self) -> list[int]:
        """The years that are looked at: the end, and the start where it is another."""
        return sorted({self.start, self.end})


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One measure's shares in each year, over the units that have it in all of them."""

    shares: list[Shares]
    over: Division


@computed
def geography(
    scores: xr.Dataset,
    *,
    start: int | None = None,
    end: int | None = None,
    weights: str | None = "dwellings",
    areas: Kind | None = None,
    sides: Sequence[float] = (10_000.0, 2_000.0, 500.0),
    distances: Sequence[float] | None = None,
    graph: Graph | None = None,
    least_share: float = 0.25,
    minimum_change: float = 0.01,
    confidence: float = 0.95,
    blocks: Blocks | None = None,
    block_side: float = 10_000.0,
    minimum_blocks: int = 10,
) -> Answer:
    """Answer whether differences follow place, at which scale, and whether that grows.

    Of the weighted variance of the score, the share that lies between the areas of each scale (municipalities,
    districts, neighbourhoods; or squares) is taken in `start` and `end`, over the units with a score in both, by
    the weights of the start. Its change has limits by leaving out one municipality (or square) at a time. The
    correlogram, Moran's I over distance, stands beside it.

    Parameters
    ----------
    scores : Dataset
        `total` or `level` ([year,] unit), where known `score` (year, dimension, unit); the weights ([year,]
        unit); codes `municipality`, `district`, `neighbourhood` (unit) where known, or coordinates `x` and `y` in
        metres. The unit is `cell` or `area`.
    start, end : int or None
        Measurement years. By default 2014 where measured, else the first; and the latest.
    weights : str or None
        Variable by which units are weighted; None counts every unit once.
    areas : {"codes", "squares"} or None
        Areas between which differences lie. By default codes where at least half of the units have a municipality.
    sides : sequence of float
        Sides of the squares in metres, falling, each a whole number of times the next.
    distances : sequence of float or None
        Outer limits of the correlogram's rings in metres; 2, 5, 10, 20 and 50 cells when None. For cells only.
    graph : libpysal Graph or None
        Who is whose neighbour among areas, for Moran's I there.
    least_share : float
        Share of the variance between the smallest areas from which differences follow place.
    minimum_change : float
        Change of a share below which it is none, however sure.
    confidence : float
        Of the limits; those of the changes hold for all rows of a table together.
    blocks : {"municipality", "squares"} or None
        What is left out at a time; by default municipalities where at least half of the units have a code.
    block_side : float
        Side of these squares, in metres.
    minimum_blocks : int
        Least number of blocks.

    Returns
    -------
    Answer
        `table` has a row a scale: share of the variance of the total score between its areas in both years,
        change with limits, course, and the standard deviations between and within areas. `details` holds
        "dimensions" (the same for each dimension), "correlogram" (cells), "moran" (with a graph). `map` is the
        mean of the smallest area that a unit lies in, less the country's: what follows place. "Cannot be said"
        names what is missing, or that the change cannot be told from none; with one year it still has the shares.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, a year is not among its years, `start` is not before
        `end`, a share or the confidence is out of range, or sides or distances are not allowed.
    InputError
        When a year occurs twice, or a weight is negative or infinite.

    Notes
    -----
    The shares are those of `spread`, added up from the largest areas down. A share grows when areas move apart,
    and also when differences within them shrink: the standard deviations tell which. Chance differences within
    small areas make their share larger, in both years. Docs: ``docs/questions.md``.

    References
    ----------
    Efron & Stein (1981), The jackknife estimate of variance, Annals of Statistics 9, 586-596.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> place = np.repeat(np.linspace(-1, 1, 20), 30)
    >>> own = np.tile(np.linspace(-1, 1, 30), 20)
    >>> towns = xr.Dataset(
    ...     {"total": (("year", "area"), [0.6 * place + own, place + own]), "dwellings": ("area", np.ones(600)),
    ...      "municipality": ("area", np.repeat([f"GM{i:02d}" for i in range(20)], 30))},
    ...     coords={"year": [2014, 2024], "area": np.arange(600)})
    >>> answer = lr.questions.geography(towns)
    >>> answer.verdict, round(float(answer.table["share_end"][0]), 2)
    ('holds', 0.51)
    """
    scores = in_order(scores)
    require_between(0, 1, confidence=confidence)
    require_between(0, 1, ends=True, least_share=least_share, minimum_change=minimum_change)
    require_from(0, minimum_blocks=minimum_blocks)
    first, last = _years(scores, start, end)
    asked = Asked(
        scores, unit_dimension(scores), first, last, weights, areas or default_kind(scores), tuple(sides),
        None if distances is None else tuple(distances), least_share, minimum_change, confidence,
        blocks or default_blocks(scores), block_side, minimum_blocks,
    )  # fmt: skip
    try:
        return _answer(asked, graph)
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


def _answer(asked: Asked, graph: Any) -> Answer:
    require_one_version(asked.scores, asked.years)
    measures = _measures(asked)
    weight = weights_at(asked.scores, asked.weights, asked.start)
    counting = np.isfinite(measures[TOTAL]).all(axis=0) & (weight > 0)
    nest = nested_areas(asked.scores, asked.areas, asked.sides, counting)
    block, _ = block_numbers(asked.scores, asked.blocks, asked.block_side)
    found = _measured(asked, measures, weight, nest, block)
    total = found.pop(TOTAL)
    table = _table(asked, nest, total)
    details = {"dimensions": _dimensions(asked, nest, found)} if found else {}
    details |= _moran(asked, measures, graph)
    parts: dict[str, Any] = {
        "table": table,
        "map": _map(asked, measures[TOTAL][-1], weight, nest),
        "figure": _figure(asked),
        "inputs": asked.inputs() | {"scales": list(nest.scales), "number_of_blocks": total.over.blocks},
        "details": details,
        "columns": columns(asked),
    }
    return _judged(asked, nest, table, details, parts, int((~(counting & nest.whole)).sum()))


def _judged(
    asked: Asked,
    nest: Nest,
    table: pd.DataFrame,
    details: dict[str, pd.DataFrame],
    parts: dict[str, Any],
    lost: int,
) -> Answer:
    if len(asked.years) == 1:
        return QUESTION.cannot_say(one_year(asked, table), **parts)
    dimensions, rings = details.get("dimensions"), details.get("correlogram")
    verdict = _verdict(asked, table, dimensions)
    unsaid = verdict == "cannot be said"
    said = (open_question if unsaid else sentence)(asked, table, dimensions, rings)
    return QUESTION.answer(verdict, said, caveats(asked, nest, lost), **parts)


def _measures(asked: Asked) -> dict[str, Floats]:
    """Return total and dimensions over (year, unit)."""
    found: dict[str, Floats] = {}
    for name in ("total", "level"):
        rows = [values_at(asked.scores, name, year) for year in asked.years]
        if TOTAL not in found and all(row is not None and np.isfinite(row).any() for row in rows):
            found[TOTAL] = np.array(rows, dtype=np.float64)
    if TOTAL not in found:
        raise Unanswerable(
            f"voor {' of '.join(map(str, asked.years))} ontbreekt de score (total of level)",
            f"the score of {' or '.join(map(str, asked.years))} (total or level) is missing",
        )
    if "score" in asked.scores and "year" in asked.scores["score"].dims:
        score = asked.scores["score"].sel(year=asked.years).transpose("dimension", "year", asked.unit)
        codes = [str(code) for code in score["dimension"].values]
        found |= dict(zip(codes, np.asarray(score.values, dtype=np.float64), strict=True))
    return found


def _measured(
    asked: Asked, measures: dict[str, Floats], weight: Floats, nest: Nest, block: Ints
) -> dict[str, Measured]:
    """Return the shares of every measure; one that does not vary, or in too few blocks, has none."""
    found: dict[str, Measured] = {}
    over: Division | None = None
    for name, values in measures.items():
        kept = np.isfinite(values).all(axis=0) & (weight > 0) & nest.whole
        if over is None or not np.array_equal(kept, over.kept):
            over = Division.of(kept, weight, nest, block)
        differ = all(varies(row[kept]) for row in values)
        if differ and over.blocks >= max(asked.minimum_blocks, 2):
            found[name] = Measured([over.shares(row) for row in values], over)
        elif name == TOTAL:
            raise _unmeasured(asked, over.blocks, differ)
    return found


def _unmeasured(asked: Asked, blocks: int, differ: bool) -> Unanswerable:
    """Return why the total has no shares."""
    if blocks and not differ:
        return Unanswerable("alle scores zijn gelijk", "all scores are the same")
    kind = {"municipality": ("gemeenten", "municipalities"), "squares": ("vierkanten", "squares")}[
        asked.blocks
    ]
    return Unanswerable(
        f"er zijn scores en gewichten in {blocks} {kind[0]}; nodig zijn er {max(asked.minimum_blocks, 2)}",
        f"there are scores and weights in {blocks} {kind[1]}; needed are {max(asked.minimum_blocks, 2)}",
    )


def _limits(asked: Asked, estimate: float, without: Floats, effective: float, together: int = 1) -> Interval:
    if not np.isfinite(without).all():
        return Interval(estimate, float("nan"), float("nan"))
    critical = critical_value(effective, 1 - (1 - asked.confidence) / together)
    return interval(estimate, float(covariance(without[:, None])[0, 0]), critical)


def _changes(asked: Asked, measured: Measured, together: int) -> list[dict[str, Any]]:
    """Return a row a scale: the shares, and with two years their change with limits that hold together."""
    rows = []
    last = measured.shares[-1]
    for k, share in enumerate(last.between):
        row: dict[str, Any] = {}
        if len(measured.shares) > 1:
            first = measured.shares[0]
            without = last.without[:, k] - first.without[:, k]
            moved = float(share - first.between[k])
            change = _limits(asked, moved, without, measured.over.effective, together)
            row = {"share_start": float(first.between[k]), "share_end": float(share), "change": moved}
            row |= {"low": change.low, "high": change.high}
            row["course"] = direction_of_change(change, asked.minimum_change, "growth")
        rows.append(row or {"share_end": float(share)})
    return rows


def _table(asked: Asked, nest: Nest, total: Measured) -> pd.DataFrame:
    import pandas as pd

    last, rows = total.shares[-1], []
    for k, row in enumerate(_changes(asked, total, len(nest.scales))):
        sure = _limits(asked, float(last.between[k]), last.without[:, k], total.over.effective)
        spreads = {}
        for year, one in zip(("start", "end")[-len(total.shares) :], total.shares, strict=True):
            spreads[f"between_{year}"] = one.deviation * float(np.sqrt(one.between[k]))
            spreads[f"within_{year}"] = one.deviation * float(np.sqrt(max(1 - one.between[k], 0.0)))
        limits = {"share_end_low": sure.low, "share_end_high": sure.high}
        rows.append(
            {"scale": nest.scales[k]}
            | names(nest.scales[k])
            | {"areas": total.over.areas[k]}
            | row
            | limits
            | spreads
        )
    return pd.DataFrame(rows)


def _dimensions(asked: Asked, nest: Nest, found: dict[str, Measured]) -> pd.DataFrame:
    import pandas as pd

    together = len(found) * len(nest.scales)
    rows = [
        {"dimension": name, "scale": scale} | row
        for name, measured in found.items()
        for scale, row in zip(nest.scales, _changes(asked, measured, together), strict=True)
    ]
    return pd.DataFrame(rows)


def _verdict(asked: Asked, table: pd.DataFrame, dimensions: pd.DataFrame | None) -> Verdict:
    smallest = table.iloc[-1]
    if smallest["share_end_high"] < asked.least_share:
        return "does not hold"
    if not smallest["share_end_low"] >= asked.least_share:
        return "cannot be said"
    courses, others = table["course"].tolist(), [] if dimensions is None else dimensions["course"].tolist()
    if all(one == "grew" for one in courses):
        return "mixed" if "shrank" in others else "holds"
    if "grew" in courses or "grew" in others:
        return "mixed"
    return "cannot be said" if "open" in courses else "does not hold"


def _moran(asked: Asked, measures: dict[str, Floats], graph: Any) -> dict[str, pd.DataFrame]:
    """Return Moran's I of every measure and year: over distance for cells, by the graph for areas."""
    import xarray as xr

    from leefraster.statistics.correlogram import correlogram
    from leefraster.statistics.moran import moran

    on_grid = asked.unit == "cell" and "spatial_ref" in asked.scores.coords
    if graph is None and not on_grid:
        return {}
    common = {
        name: np.where(np.isfinite(values).all(axis=0), values, np.nan) for name, values in measures.items()
    }
    field = xr.DataArray(
        np.stack(list(common.values())),
        dims=("measure", "year", asked.unit),
        coords={"measure": list(common), "year": asked.years}
        | {key: c for key, c in asked.scores.coords.items() if c.dims in ((asked.unit,), ())},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoVarianceWarning)
        warnings.simplefilter("ignore", NoNeighboursWarning)
        found = {}
        if on_grid:
            found["correlogram"] = _rings(correlogram(field, _distances(asked)), "outer")
        if graph is not None:
            found["moran"] = _rings(moran(field, graph), None)
    return found


def _distances(asked: Asked) -> tuple[float, ...]:
    from leefraster.cells import grid_of

    if asked.distances is not None:
        return asked.distances
    return tuple(side * grid_of(asked.scores).cell for side in RINGS)


def _rings(found: xr.Dataset, along: str | None) -> pd.DataFrame:
    """Return a row a measure (and ring): I in each year and its change."""
    import pandas as pd

    rings = [None] if along is None else list(range(found.sizes["distance"]))
    rows = []
    for measure in found["measure"].values:
        for ring in rings:
            here = (
                found.sel(measure=measure) if ring is None else found.sel(measure=measure).isel(distance=ring)
            )
            values = here["I"].values
            row: dict[str, Any] = {"measure": str(measure)}
            if ring is not None:
                row |= {"inner": float(here["inner"]), "outer": float(here["outer"])}
            if values.size > 1:
                row |= {
                    "I_start": float(values[0]),
                    "I_end": float(values[1]),
                    "I_change": float(values[1] - values[0]),
                }
            else:
                row["I_end"] = float(values[0])
            rows.append(row)
    return pd.DataFrame(rows)


def _figure(asked: Asked) -> dict[str, Any]:
    years = "-".join(map(str, asked.years))
    return {
        "kind": "bars", "x": "name_en", "y": ["share_start", "share_end"][-len(asked.years) :],
        "unit": "share of the variance", "title": f"Differences in the total score between areas, {years}",
        "title_nl": f"Verschillen in totaalscore tussen gebieden, {years}",
    }  # fmt: skip


def _map(asked: Asked, values: Floats, weight: Floats, nest: Nest) -> xr.DataArray:
    """Return for every unit the mean of its smallest area, less the mean of all units."""
    kept = np.isfinite(values) & (weight > 0) & nest.whole
    number = nest.number[-1]
    mean, _ = group_means(values, weight, number, int(number.max(initial=0)) + 1, kept)
    middle = float(np.average(values[kept], weights=weight[kept]))
    field = np.where(number >= 0, mean[np.maximum(number, 0)] - middle, np.nan).astype(np.float32)
    text = f"mean of the smallest area less that of the country, {asked.end}"
    return unit_field(asked.scores, field, "geography", text, "1")
