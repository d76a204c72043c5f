"""Rows on local statistics: the value of the cell that differs most, and p beside random permutations."""

from __future__ import annotations

from typing import Any

import numpy as np

from leefraster.statistics.crosscheck.compiled import keep_compiled
from leefraster.statistics.crosscheck.rows import Row, of_esda, p_row, timed, value_row
from leefraster.statistics.crosscheck.window import Window
from leefraster.statistics.getis_ord import getis_ord
from leefraster.statistics.local_geary import local_geary
from leefraster.statistics.local_join_count import local_join_count
from leefraster.statistics.local_moran import local_moran

PERMUTATIONS = 999  # of local Moran
FEWER = 199  # of the others, which share its machinery: a run pays for them
SAMPLED: dict[str, Any] = {"seed": 0, "alternative": "two-sided", "keep_simulations": False, "n_jobs": 1}


def local_moran_rows(window: Window) -> list[Row]:
    """Compare local Moran's I, its conditional moments, quadrants and p."""
    from esda import Moran_Local

    def esdas(permutations: int) -> Any:
        return Moran_Local(
            window.field.values, window.graph, transformation="r", permutations=permutations, **SAMPLED
        )

    ours, theirs, seconds = _both(lambda: _ours(local_moran, window), esdas, PERMUTATIONS)
    n, at = window.field.size, window.linked
    factor = (n - 1) / n  # esda's moments are those of spdep's I
    return [
        value_row("local Moran's I", ours["I"].values[at], theirs.Is[at], seconds),
        value_row("expected local Moran's I", ours["expected"].values[at], theirs.EIc[at] * factor, seconds),
        value_row(
            "variance of local Moran's I", ours["variance"].values[at], theirs.VIc[at] * factor**2, seconds
        ),
        value_row("quadrant", ours["quadrant"].values[at], theirs.q[at], seconds),
        p_row("p of local Moran's I", ours["p"].values[at], theirs.p_sim[at], seconds, PERMUTATIONS),
    ]


def bivariate_local_moran_rows(window: Window, every_p: bool) -> list[Row]:
    """Compare the bivariate local Moran's I, where there is another field."""
    from esda import Moran_Local_BV

    if window.other is None:
        return []
    values, others = window.field.values, window.other.values

    def esdas(permutations: int) -> Any:
        return Moran_Local_BV(
            values, others, window.graph, transformation="r", permutations=permutations, **SAMPLED
        )

    draws = FEWER if every_p else 0
    ours, theirs, seconds = _both(lambda: _ours(local_moran, window, other=window.other), esdas, draws)
    at = window.linked
    rows = [value_row("bivariate local Moran's I", ours["I"].values[at], theirs.Is[at], seconds)]
    if draws:
        p = ours["p"].values[at]
        rows.append(p_row("p of bivariate local Moran's I", p, theirs.p_sim[at], seconds, draws))
    return rows


def getis_ord_rows(window: Window, every_p: bool, *, star: bool) -> list[Row]:
    """Compare z and p of G or G*.

    esda's needs positive values; z does not change with a shift. Its analytical z is right for binary weights
    only (with row standardisation it takes sum w for sum w^2).
    """
    from esda import G_Local

    name = "Getis-Ord G*" if star else "Getis-Ord G"
    positive = window.field.values - window.field.values.min() + 1.0

    def esdas(permutations: int) -> Any:
        return G_Local(positive, window.graph, transform="B", star=star, permutations=permutations, **SAMPLED)

    # esda holds the cell's own value fixed for G* too, which answers another question
    draws = FEWER if every_p and not star else 0
    ours, theirs, seconds = _both(
        lambda: getis_ord(window.field, window.neighbourhood, star=star, weighting="binary"), esdas, draws
    )
    at = window.linked
    rows = [value_row(f"z of {name}", ours["z"].values[at], np.asarray(theirs.Zs)[at], seconds)]
    if draws:
        rows.append(p_row(f"p of {name}", ours["p"].values[at], theirs.p_sim[at], seconds, draws))
    return rows


def local_geary_rows(window: Window, every_p: bool) -> list[Row]:
    """Compare local Geary's C and its p."""
    from esda import Geary_Local

    def esdas(permutations: int) -> Any:
        fitted = Geary_Local(
            connectivity=window.graph, drop_islands=False, permutations=permutations, **SAMPLED
        )
        return fitted.fit(window.field.values)

    draws = FEWER if every_p else 0
    inference: Any = "saddlepoint" if draws else "normal"
    ours, theirs, seconds = _both(
        lambda: local_geary(window.field, window.neighbourhood, inference=inference), esdas, draws
    )
    at, found = window.linked, np.asarray(theirs.localG)[window.linked]
    rows = [value_row("local Geary's C", ours["C"].values[at], found, seconds)]
    if draws:
        p = ours["p"].values[at]
        rows.append(p_row("p of local Geary's C", p, theirs.p_sim[at], seconds, draws))
    return rows


def local_join_count_rows(window: Window, every_p: bool) -> list[Row]:
    """Compare local join counts of the field made 0 and 1 at its median, and p where esda has one."""
    from esda import Join_Counts_Local

    high = window.high
    draws = FEWER if every_p else 0
    sampled = SAMPLED | {"alternative": "greater"}  # esda's two-sided p counts ties on both sides

    def esdas(permutations: int) -> Any:
        fitted = Join_Counts_Local(
            connectivity=window.graph, drop_islands=False, permutations=permutations, **sampled
        )
        return fitted.fit(high.values, permutations=permutations)

    ours, theirs, seconds = _both(
        lambda: local_join_count(high, window.neighbourhood, alternative="greater"), esdas, draws
    )
    at, found = window.linked, np.asarray(theirs.LJC)[window.linked]
    rows = [value_row("local join counts (above the median)", ours["BB"].values[at], found, seconds)]
    if draws:
        tested = at & np.isfinite(theirs.p_sim)
        p, p_sim = ours["p"].values[tested], theirs.p_sim[tested]
        row = p_row("p of local join counts (greater)", p, p_sim, seconds, draws, sides=1)
        rows.append(row | {"cells": int(tested.sum())})
    return rows


def _ours(function: Any, window: Window, **options: Any) -> Any:
    return function(window.field, window.neighbourhood, inference=window.exact, **options)


def _both(ours: Any, esdas: Any, permutations: int) -> tuple[Any, Any, tuple[float, float]]:
    """Return both results and seconds; esda is called once before, so that compiling is not timed."""
    if permutations:
        keep_compiled()
        of_esda(lambda: esdas(1))
    mine, seconds = timed(ours)
    theirs, other = of_esda(lambda: esdas(permutations))
    return mine, theirs, (seconds, other)
