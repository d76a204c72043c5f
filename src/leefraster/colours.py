"""Colour scales that colour-blind readers can tell apart, each colour with the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours of the codes 0, 1, 2, ..., with their labels; the code after the last means "no value".

    Attributes
    ----------
    colours : tuple of str
        One ``#rrggbb`` a code.
    labels : tuple of str
        What each code means, in the reader's words.
    missing, missing_label : str
        Colour of a cell without a value, and what that means.
    """

    colours: tuple[str, ...]
    labels: tuple[str, ...]
    missing: str = "#c4c4c4"
    missing_label: str = "no value"

    @property
    def palette(self) -> tuple[str, ...]:
        """The colours, with that of "no value" as the last."""
        return (*self.colours, self.missing)

    def faded(self, share: float) -> Scale:
        """Return the scale with every colour mixed with white, of which there is `share`."""
        return Scale(
            tuple(_mix(c, share) for c in self.colours),
            self.labels,
            _mix(self.missing, share),
            self.missing_label,
        )


_BROWN_TEAL = (
    "#543005",
    "#8c510a",
    "#bf741f",
    "#e2ae62",
    "#ece3cf",
    "#c1ddd5",
    "#7cbdb2",
    "#35928a",
    "#01574f",
)

CLASSES = Scale(
    _BROWN_TEAL,
    (
        "1 very insufficient (zeer onvoldoende)",
        "2 amply insufficient (ruim onvoldoende)",
        "3 insufficient (onvoldoende)",
        "4 weak (zwak)",
        "5 sufficient (voldoende)",
        "6 amply sufficient (ruim voldoende)",
        "7 good (goed)",
        "8 very good (zeer goed)",
        "9 excellent (uitstekend)",
    ),
)

_UNTESTED = ("#ecdfb0", "not tested (no value or no neighbour)")

SPOTS = Scale(
    ("#08417c", "#3787c0", "#9cc9e3", "#dadada", "#fcb398", "#ee5d43", "#a50f15"),
    (
        "cold, 99 %",
        "cold, 95 %",
        "cold, 90 %",
        "neither",
        "hot, 90 %",
        "hot, 95 %",
        "hot, 99 %",
    ),
    *_UNTESTED,
)

QUADRANTS = Scale(
    ("#dadada", "#b5122b", "#7fb8dc", "#0b4f94", "#f2a07b"),
    (
        "not significant",
        "high among high",
        "low among high",
        "low among low",
        "high among low",
    ),
    *_UNTESTED,
)

YES_NO = Scale(("#dedede", "#8c510a"), ("no", "yes"))

CHANGES = Scale(
    ("#8c510a", "#bf741f", "#e2ae62", "#dedede", "#7cbdb2", "#35928a", "#01574f"),
    ("1 strong fall", "2 fall", "3 slight fall", "4 no change", "5 slight rise", "6 rise", "7 strong rise"),
)

URBANITY = Scale(
    ("#222f63", "#2f7f99", "#7fc1a1", "#dcebc4", "#efe6d6"),
    (
        "1 very strongly urban",
        "2 strongly urban",
        "3 moderately urban",
        "4 slightly urban",
        "5 not urban",
    ),
)

_SEQUENTIAL = ("#dcebc4", "#b3d9a9", "#7fc1a1", "#4da49f", "#2f7f99", "#265a86", "#222f63")
_DIVERGING = tuple(colour for i, colour in enumerate(_BROWN_TEAL) if i != 4)

CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b3a8c", "#6b6b6b")
TOTAL = "#1a1a1a"


def category(position: int) -> str:
    """Return the colour of the series at a position; the eight repeat."""
    return CATEGORIES[position % len(CATEGORIES)]


def class_codes(classes: npt.ArrayLike) -> Codes:
    """Return codes for `CLASSES` from classes 1 to 9, 0 = missing."""
    given = np.asarray(classes).astype(np.int64)
    return np.where((given >= 1) & (given <= 9), given - 1, 9).astype(np.uint8)


def spot_codes(spots: npt.ArrayLike, present: npt.NDArray[np.bool_]) -> Codes:
    """Return codes for `SPOTS` from -3..3; where `present` is false there is no value."""
    return np.where(present, np.asarray(spots).astype(np.int64) + 3, len(SPOTS.colours)).astype(np.uint8)


def quadrant_codes(clusters: npt.ArrayLike, present: npt.NDArray[np.bool_]) -> Codes:
    """Return codes for `QUADRANTS` from 0..4; where `present` is false there is no value."""
    return np.where(present, np.asarray(clusters).astype(np.int64), len(QUADRANTS.colours)).astype(np.uint8)


def binned(values: npt.ArrayLike) -> tuple[Codes, Scale]:
    """Return codes and scale of continuous values, for display only.

    Values on both sides of zero get eight bins of one round width around zero (brown below, teal above);
    others get at most seven bins that hold about equally many cells (light low, dark high).
    """
    numbers = np.asarray(values, dtype=float)
    finite = numbers[np.isfinite(numbers)]
    if finite.size == 0:
        return np.zeros(numbers.size, dtype=np.uint8), Scale((), ())
    diverging = bool(finite.min() < 0 < finite.max())
    edges = _around_zero(finite) if diverging else _equal_counts(finite)
    bins = np.searchsorted(edges, numbers, side="right")
    codes = np.where(np.isfinite(numbers), bins, edges.size + 1).astype(np.uint8)
    colours = _DIVERGING if diverging else spread(_SEQUENTIAL, edges.size + 1)
    return codes, Scale(colours, _bin_labels(edges, finite))


def _around_zero(finite: npt.NDArray[Any]) -> npt.NDArray[Any]:
    reach = float(np.quantile(np.abs(finite), 0.98)) / 3.5
    return np.asarray(round_step(reach) * np.arange(-3, 4))


def _equal_counts(finite: npt.NDArray[Any]) -> npt.NDArray[Any]:
    cuts = np.quantile(finite, np.linspace(0, 1, len(_SEQUENTIAL) + 1)[1:-1])
    size = float(np.abs(cuts).max()) or 1.0
    digits = int(np.clip(2 - np.floor(np.log10(size)), 0, 12))
    cuts = np.unique(np.round(cuts, digits))
    return np.asarray(cuts[(cuts > finite.min()) & (cuts <= finite.max())])


def round_step(size: float) -> float:
    """Return the largest of 1, 2, 2.5, 5 times a power of ten that is at most `size` (1 for no size)."""
    if not size > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(max(step for step in (1, 2, 2.5, 5) if step * power <= size * (1 + 1e-9)) * power)


def step_for(size: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that is at least `size` (1 for no size)."""
    if not size > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(min(step for step in (1, 2, 2.5, 5, 10) if step * power >= size * (1 - 1e-9)) * power)


def spread(colours: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return `count` of the colours, spread over all of them."""
    at = np.rint(np.linspace(0, len(colours) - 1, count)).astype(int) if count > 1 else [len(colours) // 2]
    return tuple(colours[int(i)] for i in at)


def _bin_labels(edges: npt.NDArray[Any], finite: npt.NDArray[Any]) -> tuple[str, ...]:
    if edges.size == 0:
        return (_short(finite[0]) if finite.min() == finite.max() else "all values",)
    texts = [_short(edge) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(texts)]
    return (f"below {texts[0]}", *inner, f"{texts[-1]} or more")


def _short(value: Any) -> str:
    return f"{float(value):,.4g}".replace("-", "−") if abs(value) < 1e4 else f"{float(value):,.0f}"


def _mix(colour: str, share: float) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)
