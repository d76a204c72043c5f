"""The question whether more amenities go with more nuisance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.blocks import Blocks, block_numbers, default_blocks
from leefraster.questions.by_unit import (
    in_order,
    require_year,
    unit_dimension,
    unit_field,
    urbanity_at,
    weights_at,
    years_of,
)
from leefraster.questions.jackknife import critical_value
from leefraster.questions.options import require_between, require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.tradeoff_words import QUESTION, caveats, columns, sentence
from leefraster.questions.weighted import varies
from leefraster.questions.wording import LANGUAGES, Language, dimension_name, listed
from leefraster.scoring.urbanity_classes import URBANITY_CLASSES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALL = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data."""

    scores: xr.Dataset
    unit: str
    year: int
    one: str
    other: str
    weights: str | None
    least: float
    confidence: float
    blocks: Blocks
    block_side: float
    minimum_units: int

    def named(self, language: Language) -> str:
        """Return both dimensions in words."""
        joint = {"nl": "met", "en": "with"}[language]
        return f"{dimension_name(self.one, language)} {joint} {dimension_name(self.other, language)}"

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "year", "one", "other", "weights", "least", "confidence", "blocks", "minimum_units")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Relation:
    """The correlation of two dimensions among some units, with its limits."""

    group: str
    units: int
    correlation: float
    low: float
    high: float

    def opposes(self, least: float) -> bool | None:
        """Return whether one is high where the other is low: yes, no, or None where the limits leave it open."""
        if not np.isfinite(self.correlation):
            return None
        if self.high <= 0 and self.correlation <= -least:
            return True
        return False if self.low > -least else None


@computed
def tradeoff(
    scores: xr.Dataset,
    *,
    one: str = "vrz",
    other: str = "onv",
    year: int | None = None,
    weights: str | None = "dwellings",
    least: float = 0.1,
    confidence: float = 0.95,
    blocks: Blocks | None = None,
    block_side: float = 10_000.0,
    minimum_units: int = 30,
    neighbourhood: Any = None,
) -> Answer:
    """Answer whether a high score on one dimension goes with a low score on another.

    A low score on nuisance and insecurity (`onv`) is more nuisance. The weighted correlation of the two scores is
    taken over all units and within each urbanity class, with limits by leaving out one municipality (or square of
    10 km) at a time.

    Parameters
    ----------
    scores : Dataset
        `score` ([year,] dimension, unit), and `urbanity` ([year,] unit), 1 to 5, where known.
    one, other : str
        Codes of the dimensions.
    year : int or None
        Measurement year; the latest when None.
    weights : str or None
        Variable by which units are weighted; None counts every unit once.
    least : float
        Correlation below minus this that counts as going together.
    confidence : float
        Of the limits.
    blocks : {"municipality", "squares"} or None
        What is left out at a time; municipalities where most units have a code, when None.
    block_side : float
        Side of the squares, in metres.
    minimum_units : int
        Least number of units of an urbanity class.
    neighbourhood : Neighbourhood, libpysal Graph or None
        When given, `details` counts the places where one is significantly high and the other low around them
        (bivariate local Moran's I).

    Returns
    -------
    Answer
        `table` has a row for all units and one for each urbanity class; `details` holds "dimensions", the
        correlations of all pairs, and with a `neighbourhood` "local". `map` is 1 where the first dimension is above
        and the second below its mean, -1 the reverse, 0 else. "Cannot be said" names what is missing.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, `year` was not measured, or a number is out of range.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, or a weight is negative or infinite.

    Notes
    -----
    A correlation is no cause: both follow from how dense and how central a place is. Docs: ``docs/questions.md``.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> x = np.linspace(-.2, .2, 60)
    >>> towns = xr.Dataset(
    ...     {"score": (("year", "dimension", "area"), [[x, -x]]), "dwellings": ("area", np.ones(60)),
    ...      "municipality": ("area", np.repeat(list("ABCDEF"), 10))},
    ...     coords={"year": [2024], "dimension": ["vrz", "onv"], "area": [f"a{i:02d}" for i in range(60)]})
    >>> lr.questions.tradeoff(towns).verdict
    'holds'
    """
    scores = in_order(scores)
    require_between(0, 1, confidence=confidence)
    require_from(0, least=least, minimum_units=minimum_units)
    chosen = years_of(scores)[-1] if year is None else require_year(scores, year)
    asked = Asked(
        scores, unit_dimension(scores), chosen, one, other, weights, least, confidence,
        default_blocks(scores) if blocks is None else blocks, block_side, minimum_units,
    )  # fmt: skip
    try:
        return _answer(asked, neighbourhood)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _answer(asked: Asked, neighbourhood: Any) -> Answer:
    values = _dimensions(asked)
    weight = weights_at(asked.scores, asked.weights, asked.year)
    block, n_blocks = block_numbers(asked.scores, asked.blocks, asked.block_side)
    relations = _relations(asked, values, weight, block, n_blocks)
    details = {"dimensions": _pairs(values, weight)}
    if neighbourhood is not None:
        details["local"] = _local(asked, neighbourhood)
    return QUESTION.answer(
        _verdict(asked, relations),
        sentence(asked, relations),
        caveats(asked, relations),
        table=_table(relations),
        map=_map(asked, values, weight),
        figure={
            "kind": "bars", "x": "group", "y": ["correlation"], "unit": "correlation",
            "title": f"Correlation of {asked.named('en')}, {asked.year}",
            "title_nl": f"Samenhang van {asked.named('nl')}, {asked.year}",
        },
        inputs=asked.inputs(),
        details=details,
        columns=columns(),
    )  # fmt: skip


def _dimensions(asked: Asked) -> dict[str, Floats]:
    """Return the values of every dimension in the asked year."""
    if "score" not in asked.scores:
        raise Unanswerable(
            "de scores per dimensie (score) ontbreken", "the scores by dimension (score) are missing"
        )
    score = asked.scores["score"]
    score = (score.sel(year=asked.year) if "year" in score.dims else score).transpose("dimension", asked.unit)
    codes = [str(code) for code in score["dimension"].values]
    absent = [code for code in (asked.one, asked.other) if code not in codes]
    if absent:
        raise Unanswerable(
            f"dimensie {absent[0]} ontbreekt; gegeven: {', '.join(codes)}",
            f"dimension {absent[0]} is missing; given: {', '.join(codes)}",
        )
    return dict(zip(codes, np.asarray(score.values, dtype=np.float64), strict=True))


def _relations(
    asked: Asked, values: dict[str, Floats], weight: Floats, block: Ints, n_blocks: int
) -> list[Relation]:
    x, y = values[asked.one], values[asked.other]
    kept = np.isfinite(x) & np.isfinite(y) & (weight > 0)
    _require_units(asked, values, int(kept.sum()))
    found = [_relation(asked, ALL, x, y, np.where(kept, weight, 0.0), block, n_blocks)]
    pair = (asked.one, asked.other)
    alike = [code for code in pair if not varies(values[code][kept])]
    if alike or not np.isfinite(found[0].correlation):
        alike = alike or list(pair)
        nl, en = (
            listed([dimension_name(code, language) for code in alike], language) for language in LANGUAGES
        )
        raise Unanswerable(
            f"de scores op {nl} verschillen niet tussen de {found[0].units} eenheden",
            f"the scores on {en} do not vary between the {found[0].units} units",
        )
    try:
        urbanity = urbanity_at(asked.scores, asked.year)
    except Unanswerable:
        return found
    for number in URBANITY_CLASSES:
        inside = kept & (urbanity == number)
        if inside.sum() >= max(asked.minimum_units, 1):
            found.append(_relation(asked, str(number), x, y, np.where(inside, weight, 0.0), block, n_blocks))
    return found


def _require_units(asked: Asked, values: dict[str, Floats], units: int) -> None:
    """Refuse to say anything where a dimension has no score at all, or too few units have both."""
    for code in (asked.one, asked.other):
        if not np.isfinite(values[code]).any():
            raise Unanswerable(
                f"de score op {dimension_name(code, 'nl')} ({code}) ontbreekt in {asked.year} overal",
                f"the score on {dimension_name(code, 'en')} ({code}) is missing everywhere in {asked.year}",
            )
    needed = max(asked.minimum_units, 1)
    if units < needed:
        raise Unanswerable(
            f"er zijn {units} eenheden met beide scores en een gewicht; nodig zijn er {needed}",
            f"there are {units} units with both scores and a weight; needed are {needed}",
        )


def _relation(
    asked: Asked, group: str, x: Floats, y: Floats, weight: Floats, block: Ints, n_blocks: int
) -> Relation:
    """Return the weighted correlation, with limits on Fisher's scale by leaving out one block at a time."""
    kept = weight > 0
    u, v, w = x[kept], y[kept], weight[kept]
    centre = np.average(u, weights=w), np.average(v, weights=w)
    u, v = u - centre[0], v - centre[1]
    terms = np.stack([w, w * u, w * v, w * u * u, w * v * v, w * u * v])
    sums = np.stack([np.bincount(block[kept], weights=term, minlength=n_blocks) for term in terms], axis=1)
    whole = _correlation(sums.sum(axis=0)[None, :])[0]
    filled = sums[:, 0] > 0
    without = np.arctanh(np.clip(_correlation(sums.sum(axis=0) - sums[filled]), -1 + 1e-12, 1 - 1e-12))
    count = int(filled.sum())
    if count < 2 or not np.isfinite(without).all():
        return Relation(group, int(kept.sum()), float(whole), float("nan"), float("nan"))
    effective = float(sums[:, 0].sum() ** 2 / np.square(sums[:, 0]).sum())
    error = np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    reach = critical_value(effective, asked.confidence) * error
    middle = np.arctanh(np.clip(whole, -1 + 1e-12, 1 - 1e-12))
    return Relation(
        group, int(kept.sum()), float(whole), float(np.tanh(middle - reach)), float(np.tanh(middle + reach))
    )


def _correlation(sums: Floats) -> Floats:
    """Return correlations from rows of sums w, wu, wv, wuu, wvv, wuv."""
    w, u, v, uu, vv, uv = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_u, mean_v = u / w, v / w
        spread = np.sqrt(np.maximum(uu / w - mean_u**2, 0) * np.maximum(vv / w - mean_v**2, 0))
        return np.asarray(np.where(spread > 0, (uv / w - mean_u * mean_v) / spread, np.nan))


def _verdict(asked: Asked, relations: list[Relation]) -> Verdict:
    whole = relations[0].opposes(asked.least)
    if whole is None:
        raise Unanswerable(
            f"de samenhang ({relations[0].correlation:.2f}) is te onzeker "
            f"(van {relations[0].low:.2f} tot {relations[0].high:.2f})".replace(".", ","),
            f"the correlation ({relations[0].correlation:.2f}) is too uncertain "
            f"(from {relations[0].low:.2f} to {relations[0].high:.2f})",
        )
    if not whole:
        return "does not hold"
    return "holds" if all(one.opposes(asked.least) for one in relations[1:]) else "mixed"


def _table(relations: list[Relation]) -> pd.DataFrame:
    import pandas as pd

    rows = [(one.group, one.units, one.correlation, one.low, one.high) for one in relations]
    return pd.DataFrame(rows, columns=["group", "units", "correlation", "low", "high"])


def _pairs(values: dict[str, Floats], weight: Floats) -> pd.DataFrame:
    """Return the weighted correlations of all pairs of dimensions."""
    import pandas as pd

    codes, rows = list(values), []
    for i, first in enumerate(codes):
        for second in codes[i + 1 :]:
            x, y = values[first], values[second]
            kept = np.isfinite(x) & np.isfinite(y) & (weight > 0)
            if kept.sum() < 3:
                continue
            u, v, w = x[kept], y[kept], weight[kept]
            u, v = u - np.average(u, weights=w), v - np.average(v, weights=w)
            terms = [w, w * u, w * v, w * u * u, w * v * v, w * u * v]
            rows.append((first, second, float(_correlation(np.array([[term.sum() for term in terms]]))[0])))
    return pd.DataFrame(rows, columns=["one", "other", "correlation"])


def _local(asked: Asked, neighbourhood: Any) -> pd.DataFrame:
    """Count the places by cluster of the first dimension with the second around them."""
    import pandas as pd

    from leefraster.statistics.local_moran import local_moran

    score = asked.scores["score"]
    score = score.sel(year=asked.year) if "year" in score.dims else score
    one, other = (score.sel(dimension=code, drop=True) for code in (asked.one, asked.other))
    found = local_moran(one, neighbourhood, other=other)["cluster"].values
    names = ["not significant", "high-high", "low-high", "low-low", "high-low"]
    counts = np.bincount(found.ravel(), minlength=5)
    return pd.DataFrame({"cluster": names, "units": counts, "share": counts / max(int(counts.sum()), 1)})


def _map(asked: Asked, values: dict[str, Floats], weight: Floats) -> xr.DataArray:
    x, y = values[asked.one], values[asked.other]
    kept = np.isfinite(x) & np.isfinite(y) & (weight > 0)
    high = [one > float(np.average(one[kept], weights=weight[kept])) for one in (x, y)]
    sides = np.where(high[0] & ~high[1], 1.0, np.where(~high[0] & high[1], -1.0, 0.0))
    one, other = (dimension_name(code, "en") for code in (asked.one, asked.other))
    text = f"{one}, and {other}, beside their means"
    drawn = unit_field(asked.scores, np.where(kept, sides, np.nan).astype(np.float32), "tradeoff", text, "1")
    meanings = [f"{other} above, {one} below", "both alike", f"{one} above, {other} below"]
    return drawn.assign_attrs(
        flag_values=[-1, 0, 1], flag_meanings=" ".join(meaning.replace(" ", "_") for meaning in meanings)
    )
