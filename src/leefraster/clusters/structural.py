"""Structurally weak clusters: where liveability has stayed behind, year after year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import ndtr

from leefraster.cells import CELL, cell_coordinates, from_raster, grid_of
from leefraster.changes.years import with_years
from leefraster.clusters.connect import connect, keep_large
from leefraster.clusters.course import Course, course_of
from leefraster.clusters.eligible import Eligible
from leefraster.clusters.names import cluster_names, names_by_code
from leefraster.clusters.national import National
from leefraster.clusters.panel import Panel, panel_of
from leefraster.clusters.polygons import cluster_polygons
from leefraster.clusters.pressure import Pressure, structural_pressure, weak_cut
from leefraster.clusters.rule import StructuralRule, require_radius, require_rule
from leefraster.clusters.table import cluster_table
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed
from leefraster.scoring.cuts import Cuts, as_cuts

if TYPE_CHECKING:
    import geopandas

    from leefraster.clusters.sensitivity import Sensitivity

DEFAULT_RULE = StructuralRule()
CAVEAT = (
    "Clusters are selected for being weak in these very years, so their gaps are biased by selection: part "
    "of a gap, and of its later narrowing, is regression to the mean."
)


@dataclass(frozen=True, eq=False)
class StructuralClusters:
    """The clusters that a rule selects.

    Attributes
    ----------
    labels : DataArray of int32, (cell,)
        Number of the cluster that a cell belongs to, bridges included; 0 for none. Clusters are numbered in
        the order of their first structural cell, from the north-west, row by row.
    table : DataFrame
        One row a cluster, the most severe first:

        * ``cluster`` its number in `labels`; ``rank`` by severity, 1 the worst; ``code`` the code of its
          first structural cell, which stays while that cell does; ``name`` of the neighbourhood and
          municipality with most of its dwellings ("" without areas).
        * ``cells``, ``bridge_cells``; ``dwellings`` of the latest year; ``weak_share`` of them in cells of
          the weak class or lower themselves. Bridges count in all of these.
        * ``weak_years``, ``time_share``: mean over its structural cells of the years under pressure, and of
          the share of the time covered.
        * ``level``, ``gap`` to the country, ``gap_urbanity`` to the same urbanity class, in the latest
          year, and ``slope`` of the gap per year with its limits of 95 % (``slope_low``, ``slope_high``),
          all on fixed cells; ``fixed_share``: the share of dwellings in them.
        * ``state`` against the country: ``"ahead"`` (the latest gap is not below 0), ``"diverging"`` (the slope's
          upper limit lies below 0), ``"catching up"`` (the fitted gap closes within the horizon), ``"lagging"``
          (none of these), ``"unknown"`` (no latest gap); ``years_to_close``: fitted latest gap over slope, NaN
          where it does not narrow, there is no gap, or the fit has none though the latest gap is below 0.
        * ``slope_urbanity``, ``slope_urbanity_low``, ``slope_urbanity_high``, ``state_urbanity``,
          ``years_to_close_urbanity``: the same of ``gap_urbanity``; NaN and "" where urbanity is not known.
        * ``weakest_dimension``, ``second_dimension``: those whose contribution lies furthest below the
          country's in the latest year ("" where none lies below), and ``gap_<dimension>`` for each, on the fixed
          cells, as ``gap``.
        * ``severity``: sum over its cells of dwellings x (upper level of the weak class - level), where
          below it, in the latest year; dwellings x level points.
        * ``cold_share``: share of its cells in a significantly cold spot, NaN where not given; reported,
          never selecting.
        * ``municipality`` with most of its dwellings, and all ``neighbourhoods`` that it touches, as codes, those
          with most dwellings first ("" without areas).
        * ``x``, ``y``: dwelling-weighted centre, m.
        * after `with_sensitivity`: ``reappears`` and ``hangs_on``, as `lr.structural_sensitivity` found them.
    cells : Dataset, (cell,)
        ``label`` int32, ``bridge`` bool, ``structural`` bool, ``weak_years`` int16 and ``time_share``
        float64 of every cell, in a cluster or not; where the scores carry errors, ``weak_probability``: how
        probable it is that the cell's own latest level is of the weak class or lower (normal errors).
    course : DataFrame
        One row a cluster and measurement year: ``cluster year level country gap gap_urbanity weak_share
        dwellings``; levels on fixed cells with the weights of the latest year, dwellings of that year.
    rule : StructuralRule
        The rule that selected them.
    """

    labels: xr.DataArray
    table: pd.DataFrame
    cells: xr.Dataset
    course: pd.DataFrame
    rule: StructuralRule

    def __repr__(self) -> str:
        """Return a few lines: how many, how large, in which states, and the worst."""
        states = ", ".join(f"{name} {count}" for name, count in self.table["state"].value_counts().items())
        worst = "".join(
            f"\n  {row['rank']}. {row['name'] or row['code']}: {row['dwellings']:,.0f} dwellings, "
            f"gap {row['gap']:.3f}, {row['state']}"
            for row in self.table.head(3).to_dict("records")
        )
        return (
            f"StructuralClusters: {len(self.table)} clusters, {self.table['cells'].sum():,} of "
            f"{self.labels.size:,} cells, {self.table['dwellings'].sum():,.0f} dwellings "
            f"({states or 'none found'}){worst}"
        )

    @cached_property
    def polygons(self) -> geopandas.GeoDataFrame:
        """The table with exactly the squares of each cluster's cells as geometry, in the grid's CRS."""
        return cluster_polygons(
            grid_of(self.labels), self.labels[CELL].values, self.labels.values, self.table
        )

    def with_sensitivity(self, sensitivity: Sensitivity) -> StructuralClusters:
        """Return the clusters with two more columns in the table: how often each reappears, and what it hangs on.

        Raises
        ------
        UsageError
            When the sensitivity is that of other clusters, or is none.
        """
        from leefraster.clusters.sensitivity import Sensitivity

        if not isinstance(sensitivity, Sensitivity):
            raise UsageError(
                f"sensitivity is a {type(sensitivity).__name__}; it must be what lr.structural_sensitivity returns"
            )
        found = sensitivity.clusters.set_index("cluster")
        alike = sorted(found.index) == sorted(self.table["cluster"]) and np.allclose(
            found["dwellings"].reindex(self.table["cluster"]), self.table["dwellings"]
        )
        if not alike:
            raise UsageError(
                f"sensitivity is that of other clusters ({len(found)}, these are {len(self.table)}); compute it "
                "from the same scores and the same rule"
            )
        columns = {name: self.table["cluster"].map(found[name]) for name in ("reappears", "hangs_on")}
        columns["reappears"] = columns["reappears"].astype(np.float64)
        columns["hangs_on"] = columns["hangs_on"].astype("str")
        table = self.table.assign(**columns)
        table.attrs = self.table.attrs | sensitivity.clusters.attrs
        return replace(self, table=table)


@computed
def structural_clusters(
    scores: xr.Dataset,
    rule: StructuralRule = DEFAULT_RULE,
    *,
    spot: xr.DataArray | None = None,
    names: Mapping[str, str] | pd.DataFrame | None = None,
    cuts: Cuts | Sequence[float] | None = None,
) -> StructuralClusters:
    """Find the clusters of cells where liveability is weak year after year.

    A cell is under *pressure* in a year when the dwelling-weighted mean level within `radius` (the cell
    itself included; cells with a level and dwellings count) is of `weak_class` or lower. It is *structural*
    when that holds in at least `share_of_years` of the measurement years in which it has a level (three at
    least), in each of the `latest_years`, and its own latest class is at most one above the weak class.
    *Clusters* are structural cells between whose squares the gap is at most `bridge` metres; an inhabited
    cell in the rectangle between two of them that do not touch directly or through others is a *bridge*: in
    the cluster, marked. Clusters need `minimum_dwellings` in structural cells, and `minimum_weak_share` of
    all their dwellings, bridges included, in cells that are weak themselves. None is dropped for its course:
    that is judged afterwards, by its state.

    Parameters
    ----------
    scores : Dataset
        Over `year` (three at least) and `cell`, or `y` and `x`: ``level`` (or ``total`` and
        ``reference(year)``), ``dwellings`` ([year,] cell), and where known ``score`` (year, dimension,
        cell), ``urbanity`` ([year,] cell), ``neighbourhood`` and ``municipality`` codes (cell), and
        ``level_error`` ([year,] cell), the standard error of a cell's level. A missing level does not
        count; missing dwellings count as none.
    rule : StructuralRule
        Thresholds.
    spot : DataArray of int8 or None
        Hot and cold spots over ([year,] cell), below 0 where significantly cold: reported in
        ``cold_share`` of the latest year, never selecting.
    names : mapping, DataFrame or None
        Names of areas by code: a mapping, or a table with columns ``code`` and ``name``. Codes without a
        name are shown as they are.
    cuts : Cuts, sequence of float or None
        Upper levels of the classes; None takes those of 2024, which are not official.

    Returns
    -------
    StructuralClusters
        ``.labels``, ``.table``, ``.polygons``, ``.cells``, ``.course``. For maps: ``lr.to_raster(.labels)``.

    Raises
    ------
    UsageError
        When the scores are no Dataset, have fewer than three years, no levels (nor total and reference) or no
        dwellings; or the rule is none, asks for more years or classes than there are, or for a radius below a cell.
    InputError
        When years or cells repeat, years are no whole numbers or lie in the future, levels or scores are infinite,
        dwellings negative, urbanity is none of the classes 1 to 5, a level, a number of dwellings, an error or a
        score is larger than 1e100 in size, or `spot` lacks cells.

    Warns
    -----
    LeefrasterWarning
        When the rule can select nothing whatever the levels are, with the numbers: too few cells have levels in
        the years that count, all together have fewer dwellings than one cluster needs, or dwellings are known in
        fewer years than a cell must be weak in; and when levels of
        several versions of the model are compared.

    Notes
    -----
    Gaps of selected clusters are biased by selection; see ``.table.attrs["caveat"]``. Sums over discs are
    taken in fixed point and over clusters in the order of cells: the result is the same to the last bit
    whatever the number of threads and the order of rows.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from leefraster import Grid
    >>> from leefraster.cells import cell_coordinates
    >>> grid = Grid(0, 1000, 10, 10)
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = 3.7
    >>> scores = xr.Dataset(
    ...     {"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...     coords={"year": [2020, 2022, 2024], **cell_coordinates(grid, np.arange(100))},
    ... )
    >>> structural_clusters(scores).table[["cluster", "cells", "dwellings", "state"]].values.tolist()
    [[1, 40, 800.0, 'lagging']]
    """
    require_rule(rule)
    bounds = as_cuts(cuts)
    cut = weak_cut(rule, bounds)
    panel = panel_of(scores)
    require_radius(rule, panel.grid.cell)
    pressure = structural_pressure(panel, rule, bounds)
    Eligible.of(panel, rule).warn(rule)
    labels, bridges = connect(panel.grid, panel.cells, pressure.structural, rule.bridge)
    labels, bridges = keep_large(labels, bridges, panel, rule, cut)
    chosen = None if spot is None else spot_on(panel, spot)
    return described(panel, labels, bridges, pressure, National.of(panel), rule, cut, names, chosen)


def described(
    panel: Panel,
    labels: npt.NDArray[np.int32],
    bridges: npt.NDArray[np.bool_],
    pressure: Pressure,
    national: National,
    rule: StructuralRule,
    cut: float,
    names: Mapping[str, str] | pd.DataFrame | None,
    spot: npt.NDArray[np.int8] | None,
) -> StructuralClusters:
    """Return all that is said of clusters; the panel may lack cells that are in none."""
    course = course_of(panel, labels, cut, national)
    called = cluster_names(panel, labels, names_by_code(names))
    table = cluster_table(
        panel, labels, bridges, pressure, course, national, cut=cut, horizon=rule.horizon, names=called, spot=spot
    )  # fmt: skip
    table.attrs = {"caveat": CAVEAT, "rule": asdict(rule), "cut": cut}
    cells = _cells(panel, labels, bridges, pressure, rule, cut)
    return StructuralClusters(cells["label"], table, cells, _course_table(panel, course), rule)


def spot_on(panel: Panel, spot: xr.DataArray) -> npt.NDArray[np.int8]:
    """Return the spots of the latest year on the panel's cells."""
    if not isinstance(spot, xr.DataArray) or spot.dtype.kind not in "iufb":
        what = f"of type {spot.dtype}" if isinstance(spot, xr.DataArray) else f"a {type(spot).__name__}"
        raise UsageError(f"spot is {what}; it must be a DataArray of codes, below 0 where significantly cold")
    latest = with_years(spot, "spot").isel(year=-1) if "year" in spot.dims else spot
    given = latest if CELL in latest.dims else from_raster(latest)
    lacking = int((~np.isin(panel.cells, given[CELL].values)).sum())
    if given.dims != (CELL,) or lacking:
        raise InputError(
            f"spot: must lie over the cells of the scores; {lacking} of {panel.cells.size} are lacking, "
            f"dimensions are {tuple(spot.dims)}"
        )
    return np.asarray(given.sel({CELL: panel.cells}).values, dtype=np.int8)


def _cells(
    panel: Panel,
    labels: npt.NDArray[np.int32],
    bridges: npt.NDArray[np.bool_],
    pressure: Pressure,
    rule: StructuralRule,
    cut: float,
) -> xr.Dataset:
    method: dict[str, Any] = {"method": "structural_clusters", "weak_level": cut, "caveat": CAVEAT}
    method |= {f"rule_{name}": value for name, value in asdict(rule).items()}
    texts = {
        "label": (labels, "structurally weak cluster, 0 for none", "1"),
        "bridge": (bridges, "bridge between structural cells of a cluster", "1"),
        "structural": (pressure.structural, "structurally weak cell", "1"),
        "weak_years": (pressure.weak_years, "measurement years under pressure", "years"),
        "time_share": (pressure.time_share, "share of the time covered under pressure", "1"),
    }
    if panel.error is not None:
        probability = weak_probability(panel, cut)
        texts["weak_probability"] = (probability, f"probability of class {rule.weak_class} or lower", "1")
    return xr.Dataset(
        {
            name: (CELL, values, {"long_name": text, "units": unit, **method})
            for name, (values, text, unit) in texts.items()
        },
        coords=cell_coordinates(panel.grid, panel.cells),
    )


def weak_probability(panel: Panel, cut: float) -> npt.NDArray[np.float64]:
    """Return P(level <= cut) per cell in the latest year, with a normal error; 0 or 1 where the error is 0."""
    assert panel.error is not None
    level, error = panel.level[-1], panel.error[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ndtr((cut - level) / error)
    certain = error == 0
    found[certain] = np.where(np.isfinite(level[certain]), level[certain] <= cut, np.nan)
    return np.asarray(found)


def _course_table(panel: Panel, course: Course) -> pd.DataFrame:
    count, years = course.level.shape
    table = pd.DataFrame(
        {
            "cluster": np.repeat(np.arange(1, count + 1, dtype=np.int32), years),
            "year": np.tile(panel.years, count),
            "level": course.level.ravel(),
            "country": np.tile(course.country, count),
            "gap": course.gap.ravel(),
            "gap_urbanity": course.gap_urbanity.ravel(),
            "weak_share": course.weak_share.ravel(),
            "dwellings": course.dwellings.ravel(),
        }
    )
    table.attrs = {"caveat": CAVEAT}
    return table
