"""How much structural clusters hang on the error of scores and on the thresholds of their rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.cells import cell_coordinates
from leefraster.changes.years import require_whole
from leefraster.clusters.connect import Labels, connect, keep_large
from leefraster.clusters.eligible import Eligible
from leefraster.clusters.panel import Floats, Panel, panel_of
from leefraster.clusters.pressure import LocalMeans, structural_cells, weak_cut
from leefraster.clusters.rule import StructuralRule, require_radius, require_rule
from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.scoring.cuts import Cuts, as_cuts
from leefraster.scoring.focal import Disc

OVERLAP = 0.5  # share of a cluster's dwellings that must be in clusters again for it to reappear
STEPS: dict[str, tuple[float, float]] = {
    "radius": (0.5, 2.0),
    "share_of_years": (0.85, 1.15),
    "minimum_dwellings": (0.5, 2.0),
    "minimum_weak_share": (0.5, 1.5),
    "bridge": (0.0, 2.0),
}
YEAR_STEPS = (-1, 1)  # latest years under pressure that are asked for
PROBABILITIES = (0.7, 0.9)  # tried where levels have errors
LEVEL_STEP = 0.02  # level points by which the cut of the weak class is moved

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoreError:
    """How scores may be off: nobody publishes it, so these are assumptions to vary.

    Attributes
    ----------
    size : float
        Standard deviation of the error of a cell's level.
    spatial_range : float
        Metres of the disc within which errors go together.
    persistence : float
        Correlation of the errors of one cell two years apart.
    """

    size: float = 0.05
    spatial_range: float = 300.0
    persistence: float = 0.7

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, Real):
                raise UsageError(f"ScoreError: {name} is {value!r}; it must be a number")
        for name, holds, wanted in (
            ("size", isfinite(self.size) and self.size >= 0, "at least 0 (level points)"),
            (
                "spatial_range",
                isfinite(self.spatial_range) and self.spatial_range >= 0,
                "at least 0 (metres)",
            ),
            ("persistence", 0 <= self.persistence < 1, "at least 0 and below 1"),
        ):
            if not holds:
                raise UsageError(f"ScoreError: {name} is {getattr(self, name)}; it must be {wanted}")


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """What recomputations showed.

    Attributes
    ----------
    clusters : DataFrame
        One row a cluster, by its number: ``dwellings``, ``reappears`` (share of the recomputations in which at
        least half of its dwellings are in a cluster again), ``hangs_on`` (the thresholds of which a step either way
        loses it, "" for none).
    thresholds : DataFrame
        One row a threshold and step: ``threshold``, ``value``, ``clusters``, ``dwellings``, ``jaccard`` with the
        set as it stands (dwellings in both over dwellings in either), ``lost`` (clusters that do not reappear).
        Moved are `radius`, `share_of_years`, `latest_years`, `minimum_dwellings`, `minimum_weak_share`, `bridge`,
        the upper level of the weak class (``weak_level``) and, where levels have errors, `probability`.
    cells : Dataset
        Over `cell`: ``weak_share`` (share of the recomputations in which the cell's own latest level is of the weak
        class or lower; NaN where that level is missing) and ``cluster_share`` (in which it lies in a cluster).
    weak_dwellings : float
        Share of all dwellings in cells of the weak class or lower, averaged over the recomputations.
    """

    clusters: pd.DataFrame
    thresholds: pd.DataFrame
    cells: xr.Dataset
    weak_dwellings: float

    def __repr__(self) -> str:
        """Return a few lines: how many clusters come back how often, and how many hang on a threshold."""
        back, hang = self.clusters["reappears"], self.clusters["hangs_on"]
        count = self.clusters.attrs.get("recomputations", "some")
        said = f", median of reappears {back.median():.2f}, smallest {back.min():.2f}" if len(back) else ""
        return (
            f"Sensitivity of {len(back)} clusters, {count} recomputations{said}\n"
            f"  {int((back > 0.9).sum())} reappear in over .9, {int((back < 0.5).sum())} in under .5; "
            f"{int((hang != '').sum())} hang on a threshold\n"
            f"  dwellings in weak cells: {100 * self.weak_dwellings:.1f} %"
        )


@computed
def structural_sensitivity(
    scores: xr.Dataset,
    rule: StructuralRule | None = None,
    *,
    error: ScoreError | None = None,
    recomputations: int = 200,
    seed: int = 0,
    cuts: Cuts | Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Find the clusters again under perturbed scores, and under moved thresholds.

    Errors of size `error.size` are added to the levels: alike within `spatial_range`, and from one measurement to
    the next by `persistence` (to the power of half the years between). The search is then repeated.

    Parameters
    ----------
    scores : Dataset
        As for `lr.structural_clusters`.
    rule : StructuralRule or None
        The rule; None takes its defaults.
    error : ScoreError or None
        The assumed error; None takes its defaults, which are assumptions and not published.
    recomputations : int
        How many; at least 200 for a share that is sure to about .03.
    seed : int
        Of the errors; recomputation i of a seed is always the same.
    cuts : Cuts, sequence of float or None
        Upper levels of the classes; None takes those of 2024, which are not official.
    progress : callable, optional
        Called as ``progress(done, all)``.

    Returns
    -------
    Sensitivity
        ``.clusters``, ``.thresholds``, ``.cells``, ``.weak_dwellings``.

    Raises
    ------
    UsageError
        When `recomputations` is below 1, `seed` no whole number of at least 0, `error` no ScoreError, or the rule
        or the scores are none that `lr.structural_clusters` takes.

    Warns
    -----
    LeefrasterWarning
        As `lr.structural_clusters` does.

    Notes
    -----
    The observed scores hold their own error already; perturbing them counts noise twice. ``reappears`` therefore is
    a measure of sensitivity and no confidence level.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> from leefraster.cells import cell_coordinates
    >>> grid = lr.Grid(0, 1000, 10, 10)
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = 3.7
    >>> scores = xr.Dataset({"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...                     coords={"year": [2020, 2022, 2024], **cell_coordinates(grid, np.arange(100))})
    >>> lr.structural_sensitivity(scores, recomputations=20).clusters["reappears"].tolist()
    [1.0]
    """
    require_whole("recomputations", recomputations, 1)
    require_whole("seed", seed, 0)
    rule = StructuralRule() if rule is None else rule
    error = ScoreError() if error is None else error
    require_rule(rule)
    if not isinstance(error, ScoreError):
        raise UsageError(f"error is {error!r}; it must be a ScoreError, as lr.ScoreError(size=0.05)")
    bounds = as_cuts(cuts)
    panel = panel_of(scores)
    require_radius(rule, panel.grid.cell)
    base = _labels(panel, rule, bounds)
    Eligible.of(panel, rule).warn(rule)
    tally = _Tally(panel, base, weak_cut(rule, bounds))
    errors = _Errors(panel, error)
    means = LocalMeans(panel, rule.radius)
    moved = _moves(rule, bounds, panel)
    whole = int(recomputations) + len(moved)
    for i in range(int(recomputations)):
        perturbed = replace(panel, level=panel.level + errors.draw(seed, i))
        tally.add(perturbed, _labels(perturbed, rule, bounds, means))
        if progress:
            progress(i + 1, whole)
    thresholds, lost = _thresholds(panel, base, moved)
    if progress:
        progress(whole, whole)
    return tally.result(thresholds, lost, error)


def _labels(
    panel: Panel, rule: StructuralRule, bounds: tuple[float, ...], means: LocalMeans | None = None
) -> Labels:
    """Return the clusters of a panel, as `lr.structural_clusters` finds them."""
    structural = structural_cells(panel, rule, bounds, means)
    labels, bridges = connect(panel.grid, panel.cells, structural, rule.bridge)
    return keep_large(labels, bridges, panel, rule, weak_cut(rule, bounds))[0]


class _Errors:
    """Errors that go together in space and time, drawn anew for every recomputation."""

    def __init__(self, panel: Panel, error: ScoreError) -> None:
        self._shape, self._error = panel.level.shape, error
        gaps = np.diff(panel.years).astype(np.float64)
        self._kept = error.persistence ** (gaps / 2) if error.persistence > 0 else np.zeros(gaps.size)
        self._disc: Disc | None = None
        self._scale = np.ones(panel.cells.size)
        if error.spatial_range >= panel.grid.cell:
            self._disc = Disc.around(panel.grid, panel.cells, error.spatial_range)
            _, counts = self._disc.sums(np.ones(panel.cells.size))
            self._scale = 1 / np.sqrt(np.maximum(counts, 1))

    def draw(self, seed: int, number: int) -> Floats:
        """Return the errors of one recomputation, (year, cell); every cell's has the stated size."""
        generator = np.random.default_rng([seed, number])
        out = np.empty(self._shape)
        for year in range(self._shape[0]):
            fresh = self._field(generator)
            if year == 0:
                out[0] = fresh
            else:
                kept = self._kept[year - 1]
                out[year] = kept * out[year - 1] + np.sqrt(1 - kept * kept) * fresh
        return out * self._error.size

    def _field(self, generator: np.random.Generator) -> Floats:
        noise: Floats = np.asarray(generator.standard_normal(self._shape[1]))
        return noise if self._disc is None else self._disc.sums(noise, counting=False)[0] * self._scale


class _Tally:
    """Counts of what came back."""

    def __init__(self, panel: Panel, base: Labels, cut: float) -> None:
        self._panel, self._base, self._cut = panel, base, cut
        self._back = np.zeros(int(base.max(initial=0)), np.int64)
        self._weak = np.zeros(panel.cells.size, np.int64)
        self._in = np.zeros(panel.cells.size, np.int64)
        self._share = 0.0
        self._runs = 0

    def add(self, perturbed: Panel, labels: Labels) -> None:
        """Count one recomputation."""
        weak = perturbed.level[-1] <= self._cut  # never where the level is missing
        weights = self._panel.weights
        known = np.isfinite(perturbed.level[-1])
        self._back += reappears(self._base, labels, weights)
        self._weak += weak
        self._in += labels > 0
        self._share += float(weights[weak & known].sum() / max(weights[known].sum(), 1e-300))
        self._runs += 1

    def result(self, thresholds: pd.DataFrame, lost: dict[int, list[str]], error: ScoreError) -> Sensitivity:
        """Return the shares."""
        count = self._back.size
        numbers = np.arange(1, count + 1, dtype=np.int32)
        dwellings = np.bincount(self._base, self._panel.weights, minlength=count + 1)[1:]
        clusters = pd.DataFrame(
            {
                "cluster": numbers,
                "dwellings": dwellings,
                "reappears": self._back / self._runs,
                "hangs_on": [", ".join(lost.get(int(number), [])) for number in numbers],
            }
        )
        about = {str(name): value for name, value in asdict(error).items()} | {"recomputations": self._runs}
        clusters.attrs.update(about)
        measured = np.isfinite(self._panel.level[-1])
        weak = np.where(measured, self._weak / self._runs, np.nan)
        cells = xr.Dataset(
            {
                "weak_share": ("cell", weak, {"long_name": "share of runs in which it is weak"}),
                "cluster_share": ("cell", self._in / self._runs, {"long_name": "share of runs in a cluster"}),
            },
            coords=cell_coordinates(self._panel.grid, self._panel.cells),
            attrs=about,
        )
        return Sensitivity(clusters, thresholds, cells, self._share / self._runs)


def reappears(base: Labels, labels: Labels, weights: Floats) -> npt.NDArray[np.bool_]:
    """Return for each cluster of `base` whether at least half of its dwellings are in a cluster of `labels`."""
    count = int(base.max(initial=0)) + 1
    whole = np.bincount(base, weights, minlength=count)[1:]
    again = np.bincount(base, weights * (labels > 0), minlength=count)[1:]
    return np.asarray(again >= OVERLAP * whole) & (whole > 0)


@dataclass(frozen=True, slots=True)
class _Move:
    """One threshold at another value."""

    threshold: str
    value: float
    rule: StructuralRule
    bounds: tuple[float, ...]


def _moves(rule: StructuralRule, bounds: tuple[float, ...], panel: Panel) -> list[_Move]:
    """Return the rule with each threshold that chooses clusters of this panel moved either way."""
    moves = []
    for name, factors in STEPS.items():
        for factor in factors:
            value = getattr(rule, name) * factor
            value = min(value, 1.0) if name in ("share_of_years", "minimum_weak_share") else value
            if value != getattr(rule, name) and not (name == "radius" and value < panel.grid.cell):
                moves.append(_Move(name, value, replace(rule, **{name: value}), bounds))
    latest = [rule.latest_years + step for step in YEAR_STEPS]
    others: dict[str, list[Any]] = {"latest_years": [n for n in latest if 0 <= n <= panel.years.size]}
    if panel.error is not None:
        others["probability"] = [value for value in PROBABILITIES if value != rule.probability]
    for name, values in others.items():
        moves += [_Move(name, value, replace(rule, **{name: value}), bounds) for value in values]
    for step in (-LEVEL_STEP, LEVEL_STEP):
        shifted = tuple(bound + step for bound in bounds)
        moves.append(_Move("weak_level", shifted[rule.weak_class - 1], rule, shifted))
    return moves


def _thresholds(panel: Panel, base: Labels, moves: list[_Move]) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Return what each move does to the set, and which thresholds each cluster hangs on."""
    rows, lost = [], dict[int, list[str]]()
    weights = panel.weights
    for move in moves:
        labels = _labels(panel, move.rule, move.bounds)
        back = reappears(base, labels, weights)
        for number in (np.flatnonzero(~back) + 1).tolist():
            named = lost.setdefault(number, [])
            if move.threshold not in named:
                named.append(move.threshold)
        both = float(weights[(base > 0) & (labels > 0)].sum())
        either = float(weights[(base > 0) | (labels > 0)].sum())
        rows.append(
            {
                "threshold": move.threshold,
                "value": move.value,
                "clusters": int(labels.max(initial=0)),
                "dwellings": float(weights[labels > 0].sum()),
                "jaccard": both / either if either > 0 else float("nan"),
                "lost": int((~back).sum()),
            }
        )
    return pd.DataFrame(rows), lost
