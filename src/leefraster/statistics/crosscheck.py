"""Our values beside esda's on a window of the same field, so that a user can check us."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, from_raster, grid_of
from leefraster.errors import UsageError
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.getis_ord import getis_ord
from leefraster.statistics.local_moran import local_moran
from leefraster.statistics.moran import moran

if TYPE_CHECKING:
    import pandas as pd

PERMUTATIONS = 999
FEWEST = 10  # cells with a neighbour in the window


def crosscheck(field: xr.DataArray, neighbourhood: Neighbourhood, *, cells: int = 10_000) -> pd.DataFrame:
    """Compare our statistics with esda's on a window of one field.

    The window is the densest band of whole rows around the field's middle that holds about `cells` cells;
    esda's weights come from ``neighbourhood.graph(window)``.

    Parameters
    ----------
    field : DataArray
        One field over `cell`, or (`y`, `x`), without leading dimensions.
    neighbourhood : Neighbourhood
        Who is whose neighbour.
    cells : int
        About how many cells are compared, at least 10.

    Returns
    -------
    DataFrame
        One row a statistic: `statistic`, `ours` and `esda` (the value, or that of the cell with the largest
        difference), `largest_difference`, `share_within` (p-values only: the share of cells whose p lies within
        three binomial standard errors of esda's from 999 permutations), `seconds_ours`, `seconds_esda` (its
        weights and compilation not counted), `cells`, `esda_version`.

    Raises
    ------
    UsageError
        When the field has leading dimensions, the window holds fewer than 10 cells with a neighbour, or the
        values in it are all the same.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.random.default_rng(0).normal(size=(20, 20)), dims=("y", "x"),
    ...                       coords={"y": np.arange(1950.0, -50, -100), "x": np.arange(50.0, 2050, 100)})
    >>> table = lr.crosscheck(raster, lr.Neighbourhood.queen())
    >>> bool(table["largest_difference"].iloc[:5].max() < 1e-10)
    True
    """
    window = _window(field, cells)
    graph = neighbourhood.graph(window)
    held = window[window.notnull()].astype(np.float64)
    linked = graph.cardinalities.to_numpy() > 0
    if linked.sum() < FEWEST or held.values.min() == held.values.max():
        raise UsageError(
            f"crosscheck: in the window of {held.size} cells {int(linked.sum())} have a neighbour, and the values "
            f"{'vary' if held.values.min() < held.values.max() else 'are all the same'}; at least {FEWEST} "
            "linked cells with values that vary are needed"
        )
    rows = [_global_moran(held, neighbourhood, graph), *_local_moran(held, neighbourhood, graph, linked)]
    rows.append(_getis_ord(held, neighbourhood, graph, linked))
    import esda
    import pandas as pd

    table = pd.DataFrame(rows)
    table["cells"] = int(linked.size)
    table["esda_version"] = esda.__version__
    return table


def _window(field: xr.DataArray, cells: int) -> xr.DataArray:
    flat = field if CELL in field.dims else from_raster(field)
    if flat.ndim != 1:
        raise UsageError(f"crosscheck: needs one field, this has dimensions {tuple(field.dims)}")
    flat = flat[flat.notnull().values]
    if flat.size > cells:
        grid = grid_of(flat)
        rows = flat[CELL].values // grid.nx
        counts = np.bincount(rows, minlength=grid.ny)
        below = np.concatenate([[0], np.cumsum(counts)])
        lengths = np.searchsorted(below, below[:-1] + cells, side="left") - np.arange(grid.ny)
        whole = below[-1] - below[:-1] >= cells
        top = int(np.argmin(np.where(whole, lengths, grid.ny + 1)))
        flat = flat[(rows >= top) & (rows < top + int(lengths[top]))]
    if flat.size < 10:
        raise UsageError(f"crosscheck: the window holds {flat.size} cells with a value, it needs at least 10")
    return flat


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


def _row(
    statistic: str, ours: npt.ArrayLike, esda: npt.ArrayLike, seconds: tuple[float, float]
) -> dict[str, Any]:
    mine, theirs = np.atleast_1d(ours), np.atleast_1d(esda)
    worst = int(np.nanargmax(np.abs(mine - theirs)))
    return {
        "statistic": statistic,
        "ours": float(mine[worst]),
        "esda": float(theirs[worst]),
        "largest_difference": float(abs(mine[worst] - theirs[worst])),
        "share_within": np.nan,
        "seconds_ours": seconds[0],
        "seconds_esda": seconds[1],
    }


def _global_moran(field: xr.DataArray, neighbourhood: Neighbourhood, graph: Any) -> dict[str, Any]:
    from esda import Moran

    linked = graph.cardinalities.to_numpy() > 0
    sub = graph.subgraph(graph.unique_ids[linked]) if not linked.all() else graph
    ours, mine = _timed(lambda: moran(field, neighbourhood))
    values = field.values[linked]
    theirs, other = _timed(lambda: Moran(values, sub, transformation="r", permutations=0))
    return _row("global Moran's I", float(ours["I"]), theirs.I, (mine, other))


def _keep_compiled() -> None:
    """Let numba keep esda's compiled functions on disk: esda compiles anew in every process, for 17 s.

    All but one: a function that takes functions is never found again, and would add a file every time.
    """
    from esda import crand, moran

    for module in (crand, moran):
        for name, function in vars(module).items():
            if hasattr(function, "enable_caching") and name != "compute_chunk":
                function.enable_caching()


def _local_moran(
    field: xr.DataArray, neighbourhood: Neighbourhood, graph: Any, linked: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    from esda import Moran_Local

    def of_esda(permutations: int) -> Any:
        return Moran_Local(
            field.values, graph, transformation="r", permutations=permutations, seed=0,
            alternative="two-sided", keep_simulations=False,
        )  # fmt: skip

    _keep_compiled()
    of_esda(1)  # compiles, so that the times compare computing with computing
    ours, mine = _timed(lambda: local_moran(field, neighbourhood))
    theirs, other = _timed(lambda: of_esda(PERMUTATIONS))
    n = field.size
    rows = [
        _row("local Moran's I", ours["I"].values[linked], theirs.Is[linked], (mine, other)),
        _row(
            "expected local Moran's I", ours["expected"].values[linked],
            theirs.EIc[linked] * (n - 1) / n, (mine, other),
        ),
        _row(
            "variance of local Moran's I", ours["variance"].values[linked],
            theirs.VIc[linked] * ((n - 1) / n) ** 2, (mine, other),
        ),
        _row("quadrant", ours["quadrant"].values[linked], theirs.q[linked], (mine, other)),
    ]  # fmt: skip
    p, sampled = ours["p"].values[linked], theirs.p_sim[linked]
    row = _row("p of local Moran's I", p, sampled, (mine, other))
    # twice a one-sided share of R draws, plus what (1 + r) / (1 + R) and ties in discrete draws may add
    half = np.clip(p / 2, 1 / (PERMUTATIONS + 1), None)
    error = 2 * np.sqrt(half * (1 - half) / PERMUTATIONS)
    row["share_within"] = float(np.mean(np.abs(sampled - p) <= 3 * error + 4 / (PERMUTATIONS + 1)))
    return [*rows, row]


def _getis_ord(
    field: xr.DataArray, neighbourhood: Neighbourhood, graph: Any, linked: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    from esda import G_Local

    ours, mine = _timed(lambda: getis_ord(field, neighbourhood))
    # esda's G* needs positive values; z does not change with a shift. Its analytical z is right for binary
    # weights only (with row standardisation it takes sum w for sum w^2).
    shifted = field.values - field.values.min() + 1.0
    theirs, other = _timed(lambda: G_Local(shifted, graph, transform="B", star=True, permutations=0))
    return _row("z of Getis-Ord G*", ours["z"].values[linked], np.asarray(theirs.Zs)[linked], (mine, other))
