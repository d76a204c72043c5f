"""Rows on global statistics: one value a field each, over the cells that have a neighbour."""

from __future__ import annotations

import numpy as np

from leefraster.statistics.crosscheck.rows import Row, of_esda, timed, value_row
from leefraster.statistics.crosscheck.window import Window
from leefraster.statistics.geary import geary
from leefraster.statistics.getis_ord_general import getis_ord_general
from leefraster.statistics.join_count import join_count
from leefraster.statistics.moran import moran

PAIRS_OF = 2_000  # cells: esda's G makes a table of all pairs


def global_moran(window: Window) -> list[Row]:
    """Compare Moran's I and its variance under randomisation."""
    from esda import Moran

    linked = window.without_islands()
    ours, mine = timed(lambda: moran(window.field, window.neighbourhood))
    theirs, other = of_esda(
        lambda: Moran(linked.field.values, linked.graph, transformation="r", permutations=0)
    )
    return [
        value_row("global Moran's I", ours["I"], theirs.I, (mine, other)),
        value_row("variance of global Moran's I", ours["variance"], theirs.VI_rand, (mine, other)),
    ]


def bivariate_moran(window: Window) -> list[Row]:
    """Compare the bivariate Moran's I, where there is another field."""
    from esda import Moran_BV

    if window.other is None:
        return []
    linked = window.without_islands()
    values, others = linked.field.values, linked.other.values if linked.other is not None else None
    ours, mine = timed(lambda: moran(linked.field, window.neighbourhood, other=linked.other))
    theirs, other = of_esda(lambda: Moran_BV(values, others, linked.graph, "r", permutations=0))
    return [value_row("bivariate Moran's I", ours["I"], theirs.I, (mine, other))]


def global_geary(window: Window) -> list[Row]:
    """Compare Geary's C and its variance under randomisation."""
    from esda import Geary

    linked = window.without_islands()
    ours, mine = timed(lambda: geary(window.field, window.neighbourhood))
    theirs, other = of_esda(
        lambda: Geary(linked.field.values, linked.graph, transformation="r", permutations=0)
    )
    return [
        value_row("global Geary's C", ours["C"], theirs.C, (mine, other)),
        value_row("variance of global Geary's C", ours["variance"], theirs.VC_rand, (mine, other)),
    ]


def general_g(window: Window) -> list[Row]:
    """Compare the general G of fewer cells; it needs positive values, so that they are shifted to a least of 1."""
    from esda import G

    part = window.without_islands().smaller(PAIRS_OF)
    positive = part.field - part.field.min() + 1.0
    ours, mine = timed(lambda: getis_ord_general(positive, part.neighbourhood, weighting="binary"))
    theirs, other = of_esda(lambda: G(positive.values, part.graph, permutations=0))
    name = "general G (values shifted to be positive)"
    rows = [
        value_row(name, ours["G"], theirs.G, (mine, other)),
        value_row("variance of general G", ours["variance"], theirs.VG, (mine, other)),
    ]
    return [row | {"cells": part.field.size} for row in rows]


def join_counts(window: Window) -> list[Row]:
    """Compare the join counts of the field made 0 and 1 at its median."""
    from esda import Join_Counts

    linked = window.without_islands()
    high = linked.high
    ours, mine = timed(lambda: join_count(high, window.neighbourhood, weighting="binary"))
    theirs, other = of_esda(lambda: Join_Counts(high.values, linked.graph, permutations=0))
    both = np.array([float(ours[name]) for name in ("BB", "WW", "BW")]), [theirs.bb, theirs.ww, theirs.bw]
    return [value_row("join counts (above the median or not)", *both, (mine, other))]
