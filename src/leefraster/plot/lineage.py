"""The flow of clusters through the years: what was born, grew, shrank, split, merged and ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from leefraster.clusters.track import (
    BORN,
    ENDED,
    GROWN,
    MERGED,
    SHRUNK,
    SPLIT,
    START,
    STEADY,
    ClusterTracks,
)
from leefraster.colours import CATEGORIES, CLASSES, round_step
from leefraster.errors import InputError, UsageError
from leefraster.plot.canvas import INK, QUIET, axes_for
from leefraster.plot.lineage_layout import Bar, Flow, flow_of
from leefraster.plot.lineage_words import CLUSTER, EVENTS, NOTE, SIZE, TITLE, Language, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Size = Literal["dwellings", "cells"]
Points = npt.NDArray[np.float64]

COLOURS = {
    START: "#555555",
    BORN: CLASSES.colours[0],
    GROWN: CLASSES.colours[2],
    STEADY: QUIET,
    SHRUNK: CLASSES.colours[6],
    SPLIT: CATEGORIES[0],
    MERGED: CATEGORIES[6],
    ENDED: CLASSES.colours[8],
}
SIGNS = {GROWN: "+", SHRUNK: "_", SPLIT: "<", MERGED: ">"}
LEAST_SIGN = 0.012  # of the height of the picture, for a bar to hold a sign
NAMED, OTHER = "#bdbdbd", "#dedede"
CURVE = 24  # points along the edge of a band


def lineage(
    tracks: ClusterTracks,
    *,
    size: Size = "dwellings",
    largest: int = 8,
    names: Mapping[int, str] | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Axes:
    """Draw the clusters of `lr.track_clusters`: a bar a cluster and year, and bands of what they share in between.

    Bars and bands are as thick as their dwellings. Colours and signs of bars tell what happened: grown (+), shrunk
    (-), split off (<), merged (>), as `lr.track_clusters` defines it. A wedge before a bar is what it gained, one
    behind it what it lost; a cluster that is born comes out of a point, one that ends goes into one. Clusters of
    the first year were present at the start. Every lineage has its own height in the picture; those that have to do
    with each other lie next to each other. Years stand as far apart as they are, those without clusters, too.

    Parameters
    ----------
    tracks : ClusterTracks
        What `lr.track_clusters` returns.
    size : {"dwellings", "cells"}
        What the thickness shows.
    largest : int
        How many lineages get a name and a darker band: those with the largest cluster in any year.
    names : mapping of int to str, or None
        Names of lineages; others are called by their number, which is that of their cluster in the last year (above
        those for lineages that are gone by then).
    language : {"en", "nl"}
        Of the words in the picture.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Axes
        ``ax.figure.savefig(...)`` writes the picture.

    Raises
    ------
    UsageError
        When `tracks` is something else, or an option is not allowed.
    InputError
        When there are clusters in fewer than two years.

    Notes
    -----
    What two clusters share below the least overlap of `lr.track_clusters` is no band, but lost and gained.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> labels = xr.DataArray([[1, 1, 0, 2, 2, 0], [1, 1, 1, 1, 1, 0]], dims=("year", "cell"),
    ...                       coords={"year": [2022, 2024], "cell": range(6)})
    >>> axes = lr.plot.lineage(lr.track_clusters(labels))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['present at start (2)', 'merged (1)']
    """
    _refuse(tracks, size, largest, language)
    flow = flow_of(tracks, size)
    chosen = _largest(flow, largest)
    axes = axes_for(
        ax, 9.5, float(np.clip(3.5 + 0.07 * len({b.lineage for b in flow.bars.values()}), 4.5, 9))
    )
    scale = _Scale(flow)
    _draw_bands(axes, flow, scale, chosen)
    _draw_bars(axes, flow, scale)
    _label(axes, flow, scale, chosen, names or {}, language)
    _frame(axes, flow, scale, language, size)
    _legend(axes, flow, language)
    return axes


class _Scale:
    """Measures along the years: half the width of a bar, and how far gains and losses reach."""

    def __init__(self, flow: Flow) -> None:
        gap = min(b - a for a, b in pairwise(flow.years))
        span = flow.years[-1] - flow.years[0]
        self.half = min(0.07 * gap, 0.006 * span)
        self.reach = min(0.28 * gap, 0.06 * span)


def _refuse(tracks: ClusterTracks, size: str, largest: int, language: str) -> None:
    if not isinstance(tracks, ClusterTracks):
        raise UsageError(
            f"lineage: tracks is a {type(tracks).__name__}; it must be what lr.track_clusters returns"
        )
    if size not in get_args(Size):
        raise UsageError(f"size is {size!r}; allowed are {', '.join(map(repr, get_args(Size)))}")
    if isinstance(largest, bool) or not isinstance(largest, Integral) or largest < 0:
        raise UsageError(f"largest is {largest!r}; it must be a whole number of at least 0")
    if language not in get_args(Language):
        raise UsageError(f"language is {language!r}; allowed are {', '.join(map(repr, get_args(Language)))}")
    if tracks.table["year"].nunique() < 2:
        raise InputError("lineage: there are clusters in fewer than two years; nothing flows")


def _largest(flow: Flow, count: int) -> set[int]:
    """Return the lineages whose largest cluster is among the largest."""
    most: dict[int, float] = {}
    for bar in flow.bars.values():
        most[bar.lineage] = max(most.get(bar.lineage, 0.0), bar.size)
    return set(sorted(most, key=lambda one: (-most[one], one))[:count])


def _draw_bands(axes: Axes, flow: Flow, scale: _Scale, chosen: set[int]) -> None:
    from matplotlib.collections import PolyCollection

    shapes, faces = [], []
    for band in sorted(flow.bands, key=lambda one: -one.size):
        source, target = flow.bars[band.source], flow.bars[band.target]
        left, right = source.year + scale.half, target.year - scale.half
        shapes.append(_ribbon(left, band.start, right, band.end, band.size))
        faces.append(NAMED if target.lineage in chosen or source.lineage in chosen else OTHER)
    axes.add_collection(
        PolyCollection(shapes, facecolors=faces, edgecolors=faces, linewidths=0.4, label="bands")
    )


def _ribbon(left: float, start: float, right: float, end: float, size: float) -> Points:
    """Return the outline of a band that leaves and arrives level."""
    part = np.linspace(0, 1, CURVE)
    x, middle = left + (right - left) * part, start + (end - start) * part * part * (3 - 2 * part)
    upper, lower = np.stack([x, middle + size / 2], 1), np.stack([x, middle - size / 2], 1)
    return np.concatenate([upper, lower[::-1]])


def _draw_bars(axes: Axes, flow: Flow, scale: _Scale) -> None:
    """Draw wedges for what each bar gained before and lost after, the bars, and their signs."""
    from matplotlib.collections import PolyCollection

    wedges: list[tuple[Points, str, float]] = []
    bars: list[tuple[Points, str, float]] = []
    for bar in flow.bars.values():
        left, right = bar.year - scale.half, bar.year + scale.half
        bars.append((_rectangle(left, right, bar), COLOURS[bar.event], 0.5))
        if bar.year != flow.years[0]:
            colour = COLOURS[BORN if bar.event == BORN else GROWN]
            wedges += [
                (w, colour, 0.5 if bar.event == BORN else 0.0)
                for w in _wedges(bar, left, left - scale.reach, bar.arriving)
            ]
        if not bar.last:
            colour = COLOURS[ENDED if bar.ends else SHRUNK]
            wedges += [
                (w, colour, 0.5 if bar.ends else 0.0)
                for w in _wedges(bar, right, right + scale.reach, bar.leaving)
            ]
    for name, shapes in (("wedges", wedges), ("bars", bars)):
        outlines, faces, lines = ([shape[i] for shape in shapes] for i in range(3))
        axes.add_collection(
            PolyCollection(outlines, facecolors=faces, edgecolors=faces, linewidths=lines, label=name)
        )
    for event, sign in SIGNS.items():
        held = [b for b in flow.bars.values() if b.event == event and b.size > LEAST_SIGN * flow.height]
        at = np.array([[bar.year, bar.centre] for bar in held]).reshape(-1, 2)
        axes.plot(
            *at.T, sign, color="white", markersize=4, markeredgewidth=1.1, label=f"sign {event}", zorder=3
        )


def _rectangle(left: float, right: float, bar: Bar) -> Points:
    low, high = bar.centre - bar.size / 2, bar.centre + bar.size / 2
    return np.array([[left, high], [right, high], [right, low], [left, low]])


def _wedges(bar: Bar, x: float, tip: float, shared: float) -> list[Points]:
    """Return triangles above and below what a bar shares, that together are as high as the rest of it."""
    if not shared < bar.size:
        return []
    outer, inner = bar.size / 2, shared / 2
    if not shared:
        return [np.array([[x, bar.centre + outer], [x, bar.centre - outer], [tip, bar.centre]])]
    return [
        np.array(
            [[x, bar.centre + side * outer], [x, bar.centre + side * inner], [tip, bar.centre + side * inner]]
        )
        for side in (1, -1)
    ]


def _label(
    axes: Axes, flow: Flow, scale: _Scale, chosen: set[int], names: Mapping[int, str], language: Language
) -> None:
    """Name lineages behind their last bar; before it, where what follows belongs to others."""
    last = {bar.lineage: bar for bar in sorted(flow.bars.values(), key=lambda bar: bar.year)}
    for bar in (last[one] for one in sorted(chosen)):
        name = names.get(bar.lineage, f"{CLUSTER[language]} {bar.lineage}")
        behind = bar.ends or bar.last
        away = scale.half + (0 if bar.last else scale.reach)
        axes.annotate(
            f"{name} ({whole(bar.size, language)})", (bar.year + (away if behind else -away), bar.centre),
            (4 if behind else -4, 0), textcoords="offset points", va="center", ha="left" if behind else "right",
            fontsize=7.5, color=INK, annotation_clip=False,
        )  # fmt: skip


def _frame(axes: Axes, flow: Flow, scale: _Scale, language: Language, size: Size) -> None:
    pad = scale.half + scale.reach / 2
    axes.set_xlim(flow.years[0] - pad, flow.years[-1] + pad)
    axes.set_ylim(-0.02 * flow.height, flow.height * 1.02)
    axes.set_xticks(flow.years, [str(year) for year in flow.years])
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(TITLE[language], loc="left")
    axes.annotate(
        NOTE[language].format(size=SIZE[size][language], year=flow.years[-1]), (1, 1.01),
        xycoords="axes fraction", ha="right", va="bottom", fontsize=8, color=QUIET,
    )  # fmt: skip
    _measure(axes, flow, language, size)


def _measure(axes: Axes, flow: Flow, language: Language, size: Size) -> None:
    """Draw how thick a round number is, below everything else."""
    largest = max(bar.size for bar in flow.bars.values())
    if largest < 1:
        return
    thick = max(1.0, float(np.floor(round_step(min(0.12 * flow.height, largest)))))
    x, low = axes.get_xlim()[0], -0.02 * flow.height - thick
    axes.set_ylim(low - 0.01 * flow.height, flow.height * 1.02)
    axes.vlines(x, low, low + thick, color=INK, linewidth=2.5, label="measure")
    axes.annotate(
        f"{whole(thick, language)} {SIZE[size][language]}", (x, low + thick / 2), (5, 0),
        textcoords="offset points", va="center", fontsize=8, color=INK,
    )  # fmt: skip


def _legend(axes: Axes, flow: Flow, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.transforms import offset_copy

    counts: Counter[str] = Counter(bar.event for bar in flow.bars.values())
    counts[ENDED] = sum(bar.ends for bar in flow.bars.values())
    kept = [event for event in EVENTS if counts[event]]
    handles = [
        (
            Patch(color=COLOURS[event]),
            Line2D([], [], marker=SIGNS.get(event, ""), color="white", linestyle="", ms=4),
        )
        for event in kept
    ]
    labels = [f"{EVENTS[event][language]} ({whole(counts[event], language)})" for event in kept]
    below = offset_copy(axes.transAxes, axes.get_figure(root=True), y=-18, units="points")
    axes.legend(
        handles, labels, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below,
        ncols=4,
    )  # fmt: skip
