"""The question whether a hard core of neighbourhoods stays behind while the country moves forward."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.areas.given import require_clusters
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.by_unit import (
    in_order,
    level_at,
    require_one_version,
    unit_dimension,
    values_at,
    weights_at,
    years_of,
)
from leefraster.questions.hard_core_words import QUESTION, STATES, caveats, columns, sentence
from leefraster.questions.options import require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.selectable import require_selectable
from leefraster.questions.weighted import weighted_mean
from leefraster.scoring.urbanity_classes import known_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr

    from leefraster.clusters.rule import StructuralRule
    from leefraster.clusters.structural import StructuralClusters
    from leefraster.scoring.cuts import Cuts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM_YEARS = 3
COUNTED = ("dwellings", "households", "inhabitants")
_CLUSTER_COLUMNS = (
    "rank", "cluster", "name", "cells", "dwellings", "weak_share", "level", "gap", "gap_urbanity", "slope",
    "state", "state_urbanity", "years_to_close", "weakest_dimension",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data: the parameters of one call."""

    scores: xr.Dataset
    unit: str
    years: list[int]
    clusters: StructuralClusters
    rule: StructuralRule
    cuts: Cuts | Sequence[float] | None
    minimum_rise: float

    @property
    def latest(self) -> int:
        """The latest measurement year."""
        return self.years[-1]

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        return {
            "unit": self.unit,
            "years": list(self.years),
            "weights": "dwellings",
            "minimum_rise": self.minimum_rise,
            "rule": asdict(self.rule),
        }


@computed
def hard_core(
    scores: xr.Dataset,
    clusters: StructuralClusters | None,
    *,
    cuts: Cuts | Sequence[float] | None = None,
    minimum_rise: float = 0.001,
) -> Answer:
    """Answer whether a hard core of (parts of) neighbourhoods stays behind a country that moves forward.

    The hard core are the structural clusters: counted, with their share of dwellings, households and
    inhabitants, by state (diverging, lagging, catching up, ahead). The country's level is the mean over all units,
    weighted by the dwellings of each year. The previous measurement is the same rule applied to the years up
    to the one before the latest.

    Parameters
    ----------
    scores : Dataset
        The scores that the clusters were found in: `level` (year, unit), or `total` with `reference` (year);
        `dwellings`, and where known `households` and `inhabitants` ([year,] unit), and `urbanity`.
    clusters : StructuralClusters or None
        What ``lr.structural_clusters`` found; None when it could not be run.
    cuts : Cuts, sequence of float or None
        The cuts that the clusters were found with, used again for the previous measurement.
    minimum_rise : float
        Rise of the country's level, from the first year to the latest, below which it did not rise.

    Returns
    -------
    Answer
        `table` has a row a state (of "ahead" only where there are any), and one for all clusters. `details`
        holds "measurements" (latest and previous), "country" (its level by year) and "clusters". `map` is the
        rank of the cluster, by which the table numbers it. "Cannot be said" names what is missing, or why the
        rule could select nothing whatever the levels.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, or the clusters are something else, or lie on units that
        it does not have.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, or dwellings, households or inhabitants are negative or
        infinite.

    Notes
    -----
    Bridges (satisfactory cells between weak ones) count in a cluster, as in its table; `bridge_dwellings`
    shows how many dwellings that are. Without a fourth year there is no previous measurement, since three
    are needed for a structural cluster.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> from leefraster.cells import cell_coordinates
    >>> level = np.full((3, 100), 4.1) + np.array([[0.0], [0.01], [0.02]])
    >>> level[:, :40] = 3.7
    >>> scores = xr.Dataset(
    ...     {"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...     coords={"year": [2020, 2022, 2024], **cell_coordinates(lr.Grid(0, 1000, 10, 10), np.arange(100))})
    >>> answer = hard_core(scores, lr.structural_clusters(scores))
    >>> answer.verdict, float(answer.table["dwelling_share"].iloc[-1])
    ('holds', 0.4)
    """
    scores = in_order(scores)
    years = years_of(scores)
    require_from(-np.inf, minimum_rise=minimum_rise)
    if clusters is not None:
        require_clusters(clusters)
    if "urbanity" in scores:
        known_classes(scores["urbanity"].values)
    try:
        _require_input(scores, years, clusters)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, {"years": years, "minimum_rise": minimum_rise})
    assert clusters is not None
    asked = Asked(scores, unit_dimension(scores), years, clusters, clusters.rule, cuts, minimum_rise)
    try:
        return _answer(asked)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _require_input(scores: xr.Dataset, years: list[int], clusters: StructuralClusters | None) -> None:
    if len(years) < MINIMUM_YEARS:
        raise Unanswerable(
            f"er zijn {len(years)} meetjaren; voor structurele clusters zijn er {MINIMUM_YEARS} nodig",
            f"there are {len(years)} measurement years; structural clusters take {MINIMUM_YEARS}",
        )
    for year in (years[0], years[-1]):
        level_at(scores, year)
        weights_at(scores, "dwellings", year)
    require_one_version(scores, years)
    if clusters is None:
        raise Unanswerable(
            "de structurele clusters ontbreken (lr.structural_clusters)",
            "the structural clusters are missing (lr.structural_clusters)",
        )


def _answer(asked: Asked) -> Answer:
    labels = _labels_on(asked, asked.clusters.labels)
    if not (labels > 0).any():
        require_selectable(asked.scores, asked.years, asked.rule)
    table = _states_table(asked, labels)
    country = _country_table(asked)
    measurements = _measurements_table(asked, labels)
    verdict = _verdict(asked, table, country)
    return QUESTION.answer(
        verdict,
        sentence(asked, table, country, measurements),
        caveats(asked, measurements),
        table=table,
        map=_ranks(asked.clusters),
        figure={
            "kind": "bars", "x": "state", "y": ["dwelling_share"], "unit": "share (0-1)",
            "title": f"Share of dwellings in structurally weak clusters, {asked.latest}",
            "title_nl": f"Aandeel van de woningen in structureel zwakke clusters, {asked.latest}",
        },
        inputs=asked.inputs(),
        details={"measurements": measurements, "country": country, "clusters": _clusters_table(asked)},
        columns=columns(),
    )  # fmt: skip


def _ranks(clusters: StructuralClusters) -> xr.DataArray:
    """Return the rank by severity of each unit's cluster, by which the table numbers them; 0 for none."""
    table, labels = clusters.table, np.asarray(clusters.labels.values, dtype=np.int64)
    rank = np.zeros(labels.max(initial=0) + 1, dtype=np.int32)
    rank[table["cluster"].to_numpy(dtype=np.int64)] = table["rank"].to_numpy(dtype=np.int32)
    field = clusters.labels.copy(data=rank[labels]).rename("rank")
    return field.assign_attrs(long_name="structurally weak clusters by rank of severity", units="1")


def _labels_on(asked: Asked, labels: xr.DataArray) -> Ints:
    """Return labels in the order of the scores' units, 0 where there is none."""
    import pandas as pd

    wanted, given = pd.Index(asked.scores[asked.unit].values), pd.Index(labels[asked.unit].values)
    if wanted.equals(given):
        return np.asarray(labels.values, dtype=np.int64)
    lost = int((~given.isin(wanted) & (labels.values > 0)).sum())
    if lost:
        raise UsageError(
            f"clusters: {lost} of their units are not among those of the scores; give the scores that the "
            "clusters were found in"
        )
    found = np.zeros(wanted.size, dtype=np.int64)
    position = given.get_indexer(wanted)
    found[position >= 0] = labels.values[position[position >= 0]]
    return found


def _counts(asked: Asked, name: str, year: int) -> Floats | None:
    """Return a count per unit, 0 where unknown, or None when it is not known at all."""
    values = values_at(asked.scores, name, year)
    if values is None:
        return None
    wrong = values[(values < 0) | np.isinf(values)]
    if wrong.size:
        raise InputError(
            f"{name} holds {wrong[0]:g} in {year} ({wrong.size} of {values.size} values); counts are finite and "
            "not negative, missing and suppressed ones are NaN"
        )
    if not (values > 0).any():
        return None
    return np.where(np.isfinite(values), values, 0.0)


def _states_table(asked: Asked, labels: Ints) -> pd.DataFrame:
    """Return one row a state and one for all clusters."""
    import pandas as pd

    table = asked.clusters.table
    counts = {name: _counts(asked, name, asked.latest) for name in COUNTED}
    bridge = _labels_on(asked, asked.clusters.cells["bridge"]) > 0
    rows = []
    for state, names in STATES.items():
        chosen = table if state == "all" else table[table["state"] == state]
        if state == "ahead" and chosen.empty:
            continue
        inside = np.isin(labels, chosen["cluster"].to_numpy())
        row: dict[str, Any] = {"state": state, "name_nl": names["nl"], "name_en": names["en"]}
        row |= {"clusters": len(chosen), "cells": int(inside.sum())}
        for name, count in counts.items():
            row |= _count_and_share(name, count, inside)
        assert counts["dwellings"] is not None
        row["bridge_dwellings"] = float(counts["dwellings"][inside & bridge].sum())
        weights = chosen["dwellings"].to_numpy(dtype=float)
        for name in ("gap", "gap_urbanity"):
            row[name] = weighted_mean(chosen[name].to_numpy(dtype=float), weights)
        rows.append(row)
    return pd.DataFrame(rows)


def _count_and_share(name: str, count: Floats | None, inside: npt.NDArray[np.bool_]) -> dict[str, float]:
    within, whole = (np.nan, np.nan) if count is None else (float(count[inside].sum()), float(count.sum()))
    return {name: within, f"{name[:-1]}_share": within / whole}


def _country_table(asked: Asked) -> pd.DataFrame:
    """Return the country's mean level by year, weighted by the dwellings of the year."""
    import pandas as pd

    levels = []
    for year in asked.years:
        try:
            weights = weights_at(asked.scores, "dwellings", year)
            levels.append(weighted_mean(level_at(asked.scores, year), weights))
        except Unanswerable:
            levels.append(np.nan)
    return pd.DataFrame({"year": asked.years, "level": levels})


def _measurements_table(asked: Asked, labels: Ints) -> pd.DataFrame:
    """Return the size of the core at the latest measurement, and at the previous one where it has a rule."""
    import pandas as pd

    rows = [_measurement(asked, labels, asked.years)]
    before = asked.years[:-1]
    if len(before) >= MINIMUM_YEARS and asked.unit == "cell":
        earlier = _previous_labels(asked, before)
        rows.insert(0, _measurement(asked, earlier, before))
        rows[1]["stayed_dwellings"] = _dwellings_in(asked, (labels > 0) & (earlier > 0), asked.latest)
    return pd.DataFrame(rows)


def _previous_labels(asked: Asked, years: list[int]) -> Ints:
    """Return the labels that the same rule gives on the years up to the previous measurement."""
    from leefraster.clusters.structural import structural_clusters

    needed = ("level", "total", "reference", "dwellings", "level_error")
    held = [name for name in needed if name in asked.scores]
    earlier = structural_clusters(asked.scores[held].sel(year=years), asked.rule, cuts=asked.cuts)
    return _labels_on(asked, earlier.labels)


def _dwellings_in(asked: Asked, inside: npt.NDArray[np.bool_], year: int) -> float:
    dwellings = _counts(asked, "dwellings", year)
    return float("nan") if dwellings is None else float(dwellings[inside].sum())


def _measurement(asked: Asked, labels: Ints, years: list[int]) -> dict[str, Any]:
    within = _dwellings_in(asked, labels > 0, years[-1])
    return {
        "year": years[-1],
        "years_measured": len(years),
        "years_needed": asked.rule.years_needed(len(years)),
        "clusters": int(np.unique(labels[labels > 0]).size),
        "cells": int((labels > 0).sum()),
        "dwellings": within,
        "dwelling_share": within / _dwellings_in(asked, np.ones(labels.size, dtype=bool), years[-1]),
        "stayed_dwellings": np.nan,
    }


def _clusters_table(asked: Asked) -> pd.DataFrame:
    table = asked.clusters.table
    return table[[name for name in _CLUSTER_COLUMNS if name in table]].reset_index(drop=True)


def _verdict(asked: Asked, table: pd.DataFrame, country: pd.DataFrame) -> Verdict:
    clusters = dict(zip(table["state"], table["clusters"], strict=True))
    dwellings = dict(zip(table["state"], table["dwellings"], strict=True))
    if clusters["all"] == 0:
        return "does not hold"
    behind = dwellings["diverging"] + dwellings["lagging"]
    mostly_behind = behind > 0 and behind >= dwellings["all"] - behind
    return "holds" if mostly_behind and _rose(asked, country) else "mixed"


def _rose(asked: Asked, country: pd.DataFrame) -> bool:
    """Tell whether the country's level rose from the first year to the latest."""
    return bool(country["level"].iloc[-1] - country["level"].iloc[0] >= asked.minimum_rise)
