"""Figures over time and by dimension: the country beside its structural clusters; global Moran's I."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.colours import category
from leefraster.record import RunRecord
from leefraster.report import charts
from leefraster.report.charts import Series
from leefraster.report.clusters import name_of
from leefraster.report.picture import Picture
from leefraster.report.view import TOTAL, View
from leefraster.report.wording import layer_name, number, probability, whole

CLUSTERS, COUNTRY = "#8c510a", "#555555"
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture (or none) with the table of its figures, and what is left out of them."""

    picture: Picture | None
    headings: tuple[str, ...]
    rows: Rows
    note: str = ""


def over_time(record: RunRecord, view: View, *, figures: bool) -> Shown | None:
    """Return the level of the country and of the clusters by year, None when no level by year is known."""
    country = _country(record, view)
    if country is None or len(view.years) < 2:
        return None
    clusters = _clusters_mean(record, view)
    rows = [("country", *(number(v, 3) for v in country))]
    series = [Series("country", country, COUNTRY, "6 3")]
    if clusters is not None:
        rows.append(("structural clusters", *(number(v, 3) for v in clusters)))
        rows.append(("gap", *(number(c - n, 3) for c, n in zip(clusters, country, strict=True))))
        series = [*_each_cluster(record, view), *series, Series("structural clusters", clusters, CLUSTERS)]
    title = "Level of the country and of the structural clusters, by measurement year"
    note = "Thin lines are the clusters one by one; means are weighted by dwellings." if clusters else ""
    unit = "level of the score (lbm)"
    picture = charts.lines(view.years, series, title=title, unit=unit, note=note) if figures else None
    return Shown(picture, ("", *map(str, view.years)), tuple(rows), _withheld(record))


def moran(view: View, *, figures: bool) -> Shown | None:
    """Return global Moran's I by year and layer, None when the run has none."""
    if not view.has("moran_I"):
        return None
    layers = [str(layer) for layer in view.dataset["moran_I"]["layer"].values]
    values = {layer: [_one(view, "moran_I", year, layer) for year in view.years] for layer in layers}
    series = charts.series_of([layer_name(layer) for layer in layers], list(values.values()))
    picture = None
    if figures:
        title = "Global Moran's I by measurement year"
        unit = "Moran's I: 1 = neighbours alike, about 0 = no pattern"
        picture = (
            charts.lines(view.years, series, title=title, unit=unit, zero=True)
            if len(view.years) > 1
            else charts.bars(
                [s.name for s in series],
                [Series("I", [s.values[0] for s in series], category(0))],
                title=f"Global Moran's I, {view.years[0]}" if view.years else title,
                unit=unit,
            )
        )
    rows = tuple(_moran_row(view, layer, values[layer]) for layer in layers)
    return Shown(picture, ("", *map(str, view.years), "z", "p", "n", "islands"), rows)


def by_dimension(view: View, *, figures: bool) -> Shown | None:
    """Return the latest mean contribution of each dimension, in the country and in the clusters."""
    codes = [layer for layer in view.layers if layer != TOTAL]
    year = view.latest(codes[0]) if view.scores and codes else None
    weights = None if year is None else view.values("dwellings", year=year)
    labels = view.values("structural_label")
    if year is None or weights is None or labels is None or not (labels > 0).any():
        return None
    groups = {"structural clusters": labels > 0, "country": np.ones(labels.shape, dtype=bool)}
    means = {
        name: [_mean(view.base(c, year), weights, where) for c in codes] for name, where in groups.items()
    }
    series = [
        Series(name, means[name], colour) for name, colour in zip(groups, (CLUSTERS, "#9a9a9a"), strict=True)
    ]
    title = f"Score by dimension, {year}: structural clusters beside the country"
    unit = "mean contribution to the score, weighted by dwellings"
    names = [layer_name(code, dutch=True) for code in codes]
    picture = charts.bars(names, series, title=title, unit=unit) if figures else None
    rows = tuple(
        (name, number(own, 3), number(all_, 3), number(own - all_, 3))
        for name, own, all_ in zip(names, *means.values(), strict=True)
    )
    return Shown(picture, ("dimension", "structural clusters", "country", "difference"), rows)


def gaps(record: RunRecord) -> Shown | None:
    """Return each cluster's gap to the country by dimension, None when the table does not hold them."""
    if record.structural is None or len(record.structural.table) == 0:
        return None
    table = record.structural.table.sort_values("rank", kind="stable")
    columns = [str(c) for c in table.columns if str(c).startswith("gap_") and c != "gap_urbanity"]
    if not columns:
        return None
    rows = tuple(
        (f"{row['rank']}. {name_of(row)}", *(number(row[column], 3) for column in columns))
        for row in table.to_dict("records")
    )
    return Shown(None, ("cluster", *(layer_name(c.removeprefix("gap_")) for c in columns)), rows)


def _country(record: RunRecord, view: View) -> list[float] | None:
    if view.has("reference"):
        found = [float(v) for v in view.dataset["reference"].values]
        if np.isfinite(found).any():
            return found
    if record.structural is None or len(record.structural.course) == 0:
        return None
    first = record.structural.course.groupby("year")["country"].first()
    return [float(first.get(year, np.nan)) for year in view.years]


def _clusters_mean(record: RunRecord, view: View) -> list[float] | None:
    if record.structural is None or len(record.structural.course) == 0:
        return None
    if _withheld(record):
        return None
    course = record.structural.course
    out = []
    for year in view.years:
        part = course[course["year"] == year]
        known = np.isfinite(part["level"].to_numpy(float)) & (part["dwellings"].to_numpy(float) > 0)
        part = part[known]
        out.append(float(np.average(part["level"], weights=part["dwellings"])) if len(part) else float("nan"))
    return out


def _withheld(record: RunRecord) -> str:
    """Return why the clusters have no mean; "" where none of their figures is withheld."""
    if record.structural is None:
        return ""
    course = record.structural.course
    hidden = course.loc[course["dwellings"].isna(), "cluster"].nunique()
    if hidden == 0:
        return ""
    return (
        f"The mean of the structural clusters is left out: figures of {hidden} of {course['cluster'].nunique()} "
        "are withheld."
    )


def _each_cluster(record: RunRecord, view: View) -> list[Series]:
    if record.structural is None:
        return []
    wide = record.structural.course.pivot_table(index="year", columns="cluster", values="level")
    wide = wide.reindex(list(view.years))
    return [Series("", list(wide[c]), "#d8bb93", "", 0.8, labelled=False) for c in wide.columns]


def _mean(values: Any, weights: npt.NDArray[Any], where: npt.NDArray[np.bool_]) -> float:
    if values is None:
        return float("nan")
    use = where & np.isfinite(values) & (weights > 0)
    if not use.any():
        return float("nan")
    return float(np.average(values[use].astype(float), weights=weights[use]))


def _one(view: View, name: str, year: int, layer: str) -> float:
    found = view.values(name, year=year, layer=layer)
    return float("nan") if found is None else float(found)


def _moran_row(view: View, layer: str, values: list[float]) -> tuple[str, ...]:
    known = [year for year, value in zip(view.years, values, strict=True) if np.isfinite(value)]
    cells = [number(value, 3) for value in values]
    name = layer_name(layer, dutch=view.scores)
    if not known:
        return (name, *cells, "–", "–", "–", "–")
    last = [_one(view, f"moran_{part}", known[-1], layer) for part in ("z", "p", "n", "islands")]
    return (name, *cells, number(last[0], 1), probability(last[1]), whole(last[2]), whole(last[3]))
