"""Charts as inline SVG: lines over years, bars by category, and sparklines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from leefraster.colours import TOTAL, category, step_for
from leefraster.report.picture import Key, Picture
from leefraster.report.wording import number

_LEFT, _TOP, _BOTTOM = 56, 14, 30


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars: its name, its values in the order of the x axis, and how it is drawn."""

    name: str
    values: Sequence[float]
    colour: str
    dash: str = ""
    width: float = 2.0
    labelled: bool = True


@dataclass(frozen=True, slots=True)
class Axes:
    """The rectangle of a chart in pixels, and the ranges that it shows."""

    left: float
    right: float
    top: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a value."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1)
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)


def lines(
    years: Sequence[float],
    series: Sequence[Series],
    *,
    title: str,
    unit: str,
    width: int = 860,
    height: int = 320,
    labels: int = 190,
    zero: bool = False,
    note: str = "",
) -> Picture:
    """Draw lines over the years at their true distances, each named at its end.

    `labels` is the room in pixels for the names on the right; `zero` makes the axis reach zero.
    """
    low, high = limits([s.values for s in series], zero)
    ticks = ticks_between(low, high)
    span = (min(low, ticks[0]), max(high, ticks[-1]))
    axes = Axes(_LEFT, width - labels, _TOP, height - _BOTTOM, (min(years), max(years)), span)
    parts = [_grid(axes, ticks), _year_axis(axes, years)]
    parts += [_line(axes, years, s) for s in series]
    parts.append(_end_labels(axes, years, [s for s in series if s.labelled]))
    return Picture(_svg(width, height, parts, title), title, unit, (), note)


def bars(
    categories: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    unit: str,
    width: int = 860,
    note: str = "",
) -> Picture:
    """Draw horizontal bars from zero, grouped by category, each with its value."""
    categories = [_shortened(name) for name in categories]
    labels = int(np.clip(6.5 * max(map(len, categories), default=0) + 14, 90, 380))
    low, high = limits([s.values for s in series], True)
    ticks = ticks_between(low, high)
    span = (min(low, ticks[0]), max(high, ticks[-1]))
    if low < 0:  # room for the figures of the longest bars to the left
        span = (span[0] - 0.09 * (span[1] - span[0]), span[1])
    thick = 15 if len(series) > 1 else 18
    group = thick * len(series) + 10
    height = _TOP + group * len(categories) + _BOTTOM
    axes = Axes(labels, width - 64, _TOP, height - _BOTTOM, span, (0, 1))
    largest = max(abs(low), abs(high))
    digits = 0 if largest >= 100 else 3 if largest >= 0.05 else 4
    parts = [_bar_grid(axes, ticks)]
    for i, name in enumerate(categories):
        top = _TOP + i * group + 5
        parts.append(_text(labels - 8, top + thick * len(series) / 2 + 4, name, anchor="end"))
        for j, s in enumerate(series):
            parts.append(_bar(axes, float(s.values[i]), top + j * thick, thick - 2, s.colour, digits))
    keys = tuple(Key(s.colour, s.name) for s in series) if len(series) > 1 else ()
    return Picture(_svg(width, height, parts, title), title, unit, keys, note)


def sparkline(
    years: Sequence[float],
    own: Sequence[float],
    country: Sequence[float],
    span: tuple[float, float],
    *,
    title: str,
    width: int = 408,
    height: int = 84,
) -> Picture:
    """Draw the course of one cluster against the country, first and last value of both in figures."""
    axes = Axes(40, width - 40, 10, height - 18, (min(years), max(years)), span)
    both = (Series("country", country, "#777", "4 3", 1.5), Series("cluster", own, "#8c510a", "", 2.2))
    parts = [_line(axes, years, s, dots=s.name == "cluster") for s in both]
    for s in both:
        known = [(x, v) for x, v in zip(years, s.values, strict=True) if np.isfinite(v)]
        if known:
            parts.append(_value_label(axes, *known[0], s.colour, "end", -6))
            parts.append(_value_label(axes, *known[-1], s.colour, "start", 6))
    parts.append(_text(40, height - 3, f"{years[0]:g}", size=10, colour="#555"))
    parts.append(_text(width - 40, height - 3, f"{years[-1]:g}", anchor="end", size=10, colour="#555"))
    return Picture(_svg(width, height, parts, title), title)


def limits(rows: Sequence[Sequence[float]], zero: bool) -> tuple[float, float]:
    """Return the range of all finite values, widened by 5 % (or to zero), never empty."""
    values = np.concatenate([np.asarray(row, dtype=float).ravel() for row in rows]) if rows else np.zeros(0)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = low - max(abs(low), 1.0) * 0.1, high + max(abs(high), 1.0) * 0.1
    pad = 0.0 if zero else 0.05 * (high - low)
    return low - pad, high + pad


def ticks_between(low: float, high: float, count: int = 6) -> list[float]:
    """Return about `count` round numbers that cover a range."""
    step = step_for((high - low) / count)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [float(i * step) for i in np.arange(first, last + 1)]


def series_of(names: Sequence[str], values: Sequence[Sequence[float]]) -> list[Series]:
    """Return series with colours and dashes that both differ; the total is thick and black."""
    dashes = ("", "7 3", "2 3", "9 3 2 3", "5 2 1 2", "12 4", "3 6", "1 4")
    return [
        Series(name, row, TOTAL, "", 3.0)
        if name in ("total", "total score")
        else Series(name, row, category(i), dashes[i % len(dashes)])
        for i, (name, row) in enumerate(zip(names, values, strict=True))
    ]


def tick_label(value: float, step: float) -> str:
    """Return a tick with as many decimals as the step between ticks needs."""
    decimals = int(np.clip(-np.floor(np.log10(step) + 1e-9), 0, 6)) if step > 0 else 0
    if step > 0 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-9:
        decimals += 1
    return f"{value:,.{decimals}f}".replace("-", "−") if value else "0"


def _grid(axes: Axes, ticks: list[float]) -> Markup:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    parts = []
    for tick in ticks:
        _, y = axes.at(axes.x[0], tick)
        colour = "#999" if tick == 0 else "#e3e3e3"
        parts.append(_rule(axes.left, y, axes.right, y, colour))
        parts.append(_text(axes.left - 7, y + 4, tick_label(tick, step), anchor="end", colour="#444"))
    return Markup("").join(parts)


def _bar_grid(axes: Axes, ticks: list[float]) -> Markup:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    parts = []
    for tick in ticks:
        x, _ = axes.at(tick, 0)
        parts.append(_rule(x, axes.top, x, axes.bottom, "#777" if tick == 0 else "#e3e3e3"))
        parts.append(_text(x, axes.bottom + 17, tick_label(tick, step), anchor="middle", colour="#444"))
    return Markup("").join(parts)


def _year_axis(axes: Axes, years: Sequence[float]) -> Markup:
    parts, last = [], -100.0
    for year in years:
        x, _ = axes.at(year, axes.y[0])
        parts.append(_rule(x, axes.bottom, x, axes.bottom + 4, "#777"))
        if x - last >= 34:
            parts.append(_text(x, axes.bottom + 18, f"{year:g}", anchor="middle", colour="#444"))
            last = x
    return Markup("").join(parts)


def _line(axes: Axes, years: Sequence[float], series: Series, *, dots: bool = True) -> Markup:
    path, pen = "", "M"
    marks = []
    for year, value in zip(years, series.values, strict=True):
        if not np.isfinite(value):
            pen = "M"
            continue
        x, y = axes.at(year, float(value))
        path += f"{pen}{x:.1f} {y:.1f}"
        marks.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.6"/>').format(x, y))
        pen = "L"
    shown = Markup("").join(marks) if dots and series.labelled else Markup("")
    return Markup(
        '<path d="{}" fill="none" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/><g fill="{}">{}</g>'
    ).format(path, series.colour, series.width, series.dash or "none", series.colour, shown)


def _end_labels(axes: Axes, years: Sequence[float], series: Sequence[Series]) -> Markup:
    """Name the lines at their ends, pushed apart so that no two names overlap."""
    ends = []
    for s in series:
        known = [(x, float(v)) for x, v in zip(years, s.values, strict=True) if np.isfinite(v)]
        if known:
            ends.append((*axes.at(*known[-1]), s))
    ends.sort(key=lambda end: end[1])
    heights = spaced([y for _, y, _ in ends], 15.0, axes.top, axes.bottom)
    parts = []
    for (x, y, s), height in zip(ends, heights, strict=True):
        parts.append(_rule(x + 4, y, axes.right + 14, height, s.colour, 0.7))
        parts.append(_text(axes.right + 18, height + 4, s.name, colour=s.colour, weight="600"))
    return Markup("").join(parts)


def spaced(heights: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Return heights (ascending) moved as little as needed to stay `gap` apart, kept above `bottom`."""
    out: list[float] = []
    for height in heights:
        out.append(max(height, out[-1] + gap) if out else max(height, top))
    excess = out[-1] - bottom if out else 0.0
    if excess > 0:
        out[-1] = bottom
        for i in range(len(out) - 2, -1, -1):
            out[i] = min(out[i], out[i + 1] - gap)
    return out


def _shortened(name: str, most: int = 56) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _bar(axes: Axes, value: float, top: float, thick: float, colour: str, digits: int) -> Markup:
    if not np.isfinite(value):
        return _text(axes.at(0, 0)[0] + 5, top + thick - 3, "no value", size=10, colour="#666")
    zero, end = axes.at(0, 0)[0], axes.at(value, 0)[0]
    side = (end + 4, "start") if value >= 0 else (end - 4, "end")
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>{}').format(
        min(zero, end),
        top,
        abs(end - zero),
        thick,
        colour,
        _text(side[0], top + thick - 3, number(value, digits), anchor=side[1], size=10.5),
    )


def _value_label(axes: Axes, x: float, value: float, colour: str, anchor: str, shift: float) -> Markup:
    a, b = axes.at(x, float(value))
    return _text(a + shift, b + 4, f"{float(value):.2f}", anchor=anchor, size=10, colour=colour)


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0) -> Markup:
    return Markup('<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" stroke-width="{}"/>').format(
        x1, y1, x2, y2, colour, width
    )


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: float = 11.5,
    colour: str = "#222",
    weight: str = "400",
) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{}" fill="{}" font-weight="{}">{}</text>'
    ).format(x, y, anchor, size, colour, weight, words)


def _svg(width: float, height: float, parts: Sequence[Markup], title: str) -> Markup:
    return Markup(
        '<svg role="img" aria-label="{title}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{body}</svg>'
    ).format(title=title, w=width, h=height, body=Markup("").join(parts))
