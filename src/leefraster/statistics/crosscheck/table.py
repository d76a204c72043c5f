"""Our values beside esda's on a window of the same field, so that a user can check us."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import xarray as xr

from leefraster.lazy import computed
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.crosscheck.global_rows import (
    bivariate_moran,
    general_g,
    global_geary,
    global_moran,
    join_counts,
)
from leefraster.statistics.crosscheck.local_rows import (
    bivariate_local_moran_rows,
    getis_ord_rows,
    local_geary_rows,
    local_join_count_rows,
    local_moran_rows,
)
from leefraster.statistics.crosscheck.rows import Row
from leefraster.statistics.crosscheck.window import Window, made

if TYPE_CHECKING:
    import pandas as pd

# every statistic that esda has and we have
ALWAYS: tuple[Callable[[Window], list[Row]], ...] = (
    global_moran,
    bivariate_moran,
    global_geary,
    general_g,
    join_counts,
    local_moran_rows,
)
SAMPLED_ON_REQUEST: tuple[Callable[[Window, bool], list[Row]], ...] = (
    bivariate_local_moran_rows,
    partial(getis_ord_rows, star=True),
    partial(getis_ord_rows, star=False),
    local_geary_rows,
    local_join_count_rows,
)


@computed
def crosscheck(
    field: xr.DataArray,
    neighbourhood: Neighbourhood,
    *,
    other: xr.DataArray | None = None,
    cells: int = 10_000,
    every_p: bool = True,
) -> pd.DataFrame:
    """Compare our statistics with esda's on a window of one field.

    The window is the densest band of whole rows around the field's middle that holds about `cells` cells;
    esda's weights come from ``neighbourhood.graph(window)``.

    Parameters
    ----------
    field : DataArray
        One field over `cell`, or (`y`, `x`), without leading dimensions.
    neighbourhood : Neighbourhood
        Who is whose neighbour.
    other : DataArray, optional
        A second field on the same cells, for the bivariate statistics; without it these are left out.
    cells : int
        About how many cells are compared, at least 10.
    every_p : bool
        Whether p of every local statistic is held against esda's permutations, or that of local Moran only:
        esda compiles anew for each statistic in every process, for seconds.

    Returns
    -------
    DataFrame
        One row a statistic: `statistic`, `ours` and `esda` (the value, or that of the cell with the largest
        difference), `largest_difference`, `share_within` (p-values only: the share of cells whose p lies within
        three binomial standard errors of esda's from its permutations), `seconds_ours`, `seconds_esda` (its
        weights and compilation not counted), `cells` (that were compared), `esda_version`.

    Raises
    ------
    UsageError
        When a field has leading dimensions, the window holds fewer than 10 cells with a neighbour, or the
        values in it are all the same.

    Notes
    -----
    Join counts are those of the field made 0 and 1 at the median of the window, 1 above it. General G is that of
    values shifted so that the least is 1, on about 2,000 cells, since esda makes a table of all pairs. p of local
    Moran is held against 999 permutations, that of other local statistics against 199. p of G* is not, since
    esda keeps the cell's own value fixed, which answers another question. p of local join counts is one-sided,
    where esda has one: its two-sided p counts ties on both sides.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.random.default_rng(0).normal(size=(20, 20)), dims=("y", "x"),
    ...                       coords={"y": np.arange(1950.0, -50, -100), "x": np.arange(50.0, 2050, 100)})
    >>> table = lr.crosscheck(raster, lr.Neighbourhood.queen(), every_p=False)
    >>> values = table[table["share_within"].isna()]
    >>> bool(values["largest_difference"].max() < 1e-10)
    True
    """
    window = made(field, other, neighbourhood, cells)
    rows = [row for statistic in ALWAYS for row in statistic(window)]
    rows += [row for statistic in SAMPLED_ON_REQUEST for row in statistic(window, every_p)]
    import esda
    import pandas as pd

    table = pd.DataFrame([{"cells": window.field.size, **row} for row in rows])
    table = table[[*(name for name in table if name != "cells"), "cells"]]
    table["esda_version"] = esda.__version__
    return table
