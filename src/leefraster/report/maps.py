"""Maps: cells as an embedded PNG under an SVG frame with scale bar, areas as dots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from leefraster.colours import Codes, Scale, round_step
from leefraster.report.picture import Picture, legend
from leefraster.report.places import Cells, Place, Points, Window
from leefraster.report.png import data_uri

EMPTY = 255
_MARGIN = 6
_BAR = 26
_WORTH_RESAMPLING = 1.25


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered place on a map, in metres."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """How metres become pixels: pixels a metre, the west and north edge, and the picture's size."""

    per_metre: float
    west: float
    north: float
    width: float
    height: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a point."""
        return (x - self.west) * self.per_metre + _MARGIN, (self.north - y) * self.per_metre + _MARGIN


def draw(
    place: Place,
    codes: Codes,
    scale: Scale,
    *,
    title: str,
    unit: str,
    width: int = 720,
    marks: tuple[Mark, ...] = (),
    note: str = "",
    rare: bool = False,
) -> Picture:
    """Draw codes on the map.

    Parameters
    ----------
    place : Cells or Points
        Where the codes lie.
    codes : ndarray of uint8
        Position in the scale's palette, one a place.
    width : int
        Largest width in pixels; height is at most 1.2 times this.
    marks : tuple of Mark
        Numbered circles on top; rings where they have no number.
    rare : bool
        Where one pixel covers several cells, show the highest code among them and not the most frequent,
        so that what is rare stays visible.
    """
    keys = legend(scale, missing=bool((codes == len(scale.colours)).any()))
    if isinstance(place, Cells):
        body, frame, coarse = _cells(place, codes, scale, width, rare)
        note = " ".join(filter(None, [note, coarse]))
    else:
        body, frame = _dots(place, codes, scale, width)
    layers = Markup("").join([body, _marks(frame, marks), _scale_bar(frame)])
    return Picture(_svg(frame, layers, title), title, unit, keys, note)


def window_map(
    place: Cells,
    codes: Codes,
    scale: Scale,
    chosen: npt.NDArray[np.bool_],
    bridges: npt.NDArray[np.bool_],
    *,
    title: str,
    width: int = 396,
    height: int = 250,
) -> Picture:
    """Draw a close-up of the `chosen` cells: they in full colour and outlined, the others faded.

    Cells that are bridges get a dot.
    """
    window = _around(place, chosen, width / height)
    near = place.inside(window)
    frame = _window_frame(place, window, width)
    pale, full = scale.faded(0.62), scale
    base = _image(place, near & ~chosen, codes, pale, window, 1, frame)
    top = _image(place, chosen, codes, full, window, 1, frame)
    pixel = frame.per_metre * place.cell
    outline = Markup('<path d="{}" fill="none" stroke="#111" stroke-width="1.6"/>').format(
        outline_path(place, chosen, window, pixel)
    )
    dots = _bridge_dots(place, bridges & chosen, window, pixel)
    body = Markup("").join([base, top, outline, dots, _scale_bar(frame)])
    return Picture(_svg(frame, body, title), title)


def blocks(place: Cells, codes: Codes, window: Window, size: int, *, rare: bool = False) -> Codes:
    """Return a raster of a window in blocks of `size` x `size` cells: the code most frequent in each.

    Of codes that are equally frequent the lowest is taken, with `rare` the highest that occurs at all;
    blocks without cells are `EMPTY`.
    """
    rows, columns = (place.rows - window.row) // size, (place.columns - window.column) // size
    height, width = -(-window.rows // size), -(-window.columns // size)
    where = rows * width + columns
    raster = np.full(height * width, EMPTY, dtype=np.uint8)
    if size == 1:
        raster[where] = codes
        return raster.reshape(height, width)
    kinds = int(codes.max(initial=0)) + 1
    counts = np.bincount(where * kinds + codes, minlength=raster.size * kinds).reshape(-1, kinds)
    held = counts.any(axis=1)
    chosen = kinds - 1 - (counts > 0)[:, ::-1].argmax(axis=1) if rare else counts.argmax(axis=1)
    raster[held] = chosen[held]
    return raster.reshape(height, width)


def outline_path(place: Cells, chosen: npt.NDArray[np.bool_], window: Window, pixel: float) -> str:
    """Return the SVG path along the edges between chosen and other cells, `pixel` pixels a cell."""
    mask = np.zeros((window.rows + 2, window.columns + 2), dtype=bool)
    inside = chosen & place.inside(window)
    mask[place.rows[inside] - window.row + 1, place.columns[inside] - window.column + 1] = True
    flat = _runs(mask[1:, 1:-1] != mask[:-1, 1:-1])
    upright = _runs((mask[1:-1, 1:] != mask[1:-1, :-1]).T)
    parts = [f"M{_px(a * pixel)} {_px(i * pixel)}h{_n((b - a) * pixel)}" for i, a, b in flat]
    parts += [f"M{_px(i * pixel)} {_px(a * pixel)}v{_n((b - a) * pixel)}" for i, a, b in upright]
    return "".join(parts)


def _cells(place: Cells, codes: Codes, scale: Scale, width: int, rare: bool) -> tuple[Markup, Frame, str]:
    window = place.window()
    size = max(1, -(-window.columns // width), -(-window.rows // round(width * 1.2)))
    zoom = min(width / window.columns, width * 1.2 / window.rows, 24.0)
    if size > 1 and zoom * size < _WORTH_RESAMPLING:  # else one block is one pixel, crisp
        zoom = 1 / size
    frame = Frame(
        zoom / place.cell,
        place.x_min + window.column * place.cell,
        place.y_max - window.row * place.cell,
        window.columns * zoom + 2 * _MARGIN,
        window.rows * zoom + 2 * _MARGIN + _BAR,
    )
    image = _image(place, np.ones(codes.size, dtype=bool), codes, scale, window, size, frame, rare=rare)
    length = size * place.cell
    which = "of the last in the legend among" if rare else "of most of"
    note = f"One pixel covers {length:,.0f} × {length:,.0f} m and has the colour {which} its cells."
    return image, frame, note if size > 1 else ""


def _image(
    place: Cells,
    where: npt.NDArray[np.bool_],
    codes: Codes,
    scale: Scale,
    window: Window,
    size: int,
    frame: Frame,
    *,
    rare: bool = False,
) -> Markup:
    where = where & place.inside(window)
    part = Cells(place.rows[where], place.columns[where], place.cell, place.x_min, place.y_max)
    raster = blocks(part, codes[where], window, size, rare=rare)
    zoom = frame.per_metre * place.cell * size
    return Markup(
        '<image x="{m}" y="{m}" width="{w}" height="{h}" preserveAspectRatio="none" '
        'style="image-rendering:pixelated" href="{uri}"/>'
    ).format(
        m=_MARGIN,
        w=_n(raster.shape[1] * zoom),
        h=_n(raster.shape[0] * zoom),
        uri=data_uri(raster, scale.palette),
    )


def _around(place: Cells, chosen: npt.NDArray[np.bool_], aspect: float) -> Window:
    """Return the window of a close-up: the cells with a margin, not smaller than 2.4 km across at 100 m."""
    box = place.window(chosen)
    margin = max(4, round(0.2 * max(box.rows, box.columns)))
    columns = max(box.columns + 2 * margin, 24)
    rows = box.rows + 2 * margin
    columns, rows = max(columns, round(rows * aspect)), max(rows, round(columns / aspect))
    return Window(box.row - (rows - box.rows) // 2, box.column - (columns - box.columns) // 2, rows, columns)


def _window_frame(place: Cells, window: Window, width: int) -> Frame:
    zoom = width / window.columns
    return Frame(
        zoom / place.cell,
        place.x_min + window.column * place.cell,
        place.y_max - window.row * place.cell,
        width + 2 * _MARGIN,
        window.rows * zoom + 2 * _MARGIN + _BAR,
    )


def _bridge_dots(place: Cells, bridges: npt.NDArray[np.bool_], window: Window, pixel: float) -> Markup:
    at = [
        f"M{_px((c - window.column + 0.5) * pixel)} {_px((r - window.row + 0.5) * pixel)}h0"
        for r, c in zip(place.rows[bridges].tolist(), place.columns[bridges].tolist(), strict=True)
    ]
    return Markup('<path d="{}" fill="none" stroke="#111" stroke-width="{}" stroke-linecap="round"/>').format(
        "".join(at), _n(min(4.0, max(2.0, pixel * 0.4)))
    )


def _dots(place: Points, codes: Codes, scale: Scale, width: int) -> tuple[Markup, Frame]:
    known = np.isfinite(place.x) & np.isfinite(place.y)
    x, y, shown = place.x[known], place.y[known], codes[known]
    west, east = (float(x.min()), float(x.max())) if x.size else (0.0, 1.0)
    south, north = (float(y.min()), float(y.max())) if y.size else (0.0, 1.0)
    per_metre = min(width / max(east - west, 1.0), width * 1.2 / max(north - south, 1.0))
    size = float(np.clip(0.9 * width / max(np.sqrt(x.size), 1), 3, 12))
    pad = size / per_metre
    frame = Frame(
        per_metre,
        west - pad,
        north + pad,
        (east - west + 2 * pad) * per_metre + 2 * _MARGIN,
        (north - south + 2 * pad) * per_metre + 2 * _MARGIN + _BAR,
    )
    paths = []
    for code, colour in enumerate(scale.palette):
        here = shown == code
        at = [frame.at(a, b) for a, b in zip(x[here].tolist(), y[here].tolist(), strict=True)]
        if at:
            steps = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in at)
            paths.append(
                Markup(
                    '<path d="{}" fill="none" stroke="{}" stroke-width="{}" stroke-linecap="round"/>'
                ).format(steps, colour, _n(size))
            )
    return Markup("").join(paths), frame


def apart(points: npt.NDArray[np.float64], gap: float, rounds: int = 200) -> npt.NDArray[np.float64]:
    """Return points pushed apart until no two are closer than `gap`, or the rounds are over.

    `points` has shape (n, 2), in pixels. Points in the same place part sideways, in their order.
    """
    moved = np.array(points, dtype=float)
    for _ in range(rounds):
        away = moved[:, None] - moved[None]
        away[..., 0] += 1e-3 * np.sign(np.subtract.outer(np.arange(len(moved)), np.arange(len(moved))))
        distance = np.hypot(away[..., 0], away[..., 1]) + np.where(np.eye(len(moved)), np.inf, 0)
        close = distance < gap - 1e-6
        if not close.any():
            break
        push = np.where(close, (gap - distance) / 2, 0) / distance
        moved += (push[..., None] * away).sum(axis=1)
    return moved


def _marks(frame: Frame, marks: tuple[Mark, ...]) -> Markup:
    if not marks:
        return Markup("")
    if not any(mark.text for mark in marks):
        return Markup("").join(_ring(*frame.at(mark.x, mark.y)) for mark in marks)
    true = np.array([frame.at(mark.x, mark.y) for mark in marks])
    moved = apart(true, 18.0)
    parts = []
    for mark, (x0, y0), (x, y) in zip(marks, true.tolist(), moved.tolist(), strict=True):
        parts.append(
            Markup(
                '<path d="M{x0} {y0}L{x} {y}" stroke="#111" stroke-width="1"/>'
                '<circle cx="{x0}" cy="{y0}" r="2" fill="#111"/>'
                '<circle cx="{x}" cy="{y}" r="8" fill="#fff" fill-opacity=".92" stroke="#111"/>'
                '<text x="{x}" y="{t}" text-anchor="middle" font-size="9.5" font-weight="600">{text}</text>'
            ).format(x0=_n(x0), y0=_n(y0), x=_n(x), y=_n(y), t=_n(y + 3.4), text=mark.text)
        )
    return Markup("").join(parts)


def _ring(x: float, y: float) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="7" fill="none" stroke="#111" stroke-width="1"/>').format(
        _n(x), _n(y)
    )


def _scale_bar(frame: Frame) -> Markup:
    metres = round_step(frame.width / frame.per_metre / 4)
    length = metres * frame.per_metre
    words = f"{metres / 1000:,g} km" if metres >= 1000 else f"{metres:,g} m"
    top = frame.height - 12
    return Markup(
        '<path d="M{x} {a}v6h{w}v-6" fill="none" stroke="#333" stroke-width="1.2"/>'
        '<text x="{t}" y="{b}" font-size="11" fill="#333">{words}</text>'
        '<path d="M{n} {p}l4 11l-4 -3l-4 3z" fill="#333"/>'
        '<text x="{nt}" y="{b}" font-size="11" fill="#333">N</text>'
    ).format(
        x=_MARGIN + 1,
        a=_n(top - 2),
        w=_n(length),
        t=_n(_MARGIN + length + 7),
        b=_n(top + 5),
        words=words,
        n=_n(frame.width - 24),
        p=_n(top - 5),
        nt=_n(frame.width - 16),
    )


def _svg(frame: Frame, body: Markup, title: str) -> Markup:
    return Markup(
        '<svg role="img" aria-label="{title}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{body}</svg>'
    ).format(title=title, w=_n(frame.width), h=_n(frame.height), body=body)


def _runs(edges: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (row, first, end) of the runs of true in each row."""
    padded = np.pad(edges.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    row, first = np.nonzero(steps == 1)
    end = np.nonzero(steps == -1)[1]
    return list(zip(row.tolist(), first.tolist(), end.tolist(), strict=True))


def _px(value: float) -> str:
    return _n(value + _MARGIN)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
