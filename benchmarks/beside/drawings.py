"""Log-log pictures of time by number of cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, told apart by the colour-blind too; ours is the first, drawn thicker.
COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#000000", "#999999", "#f0e442")
MARKERS = "osD^vP*Xd"
ByField = dict[str, dict[str, Any]]


def draw_all(
    tasks: dict[str, dict[tuple[str, str], ByField]], named: Callable[[str], str], folder: Path
) -> None:
    """Draw one picture a task; extrapolated times are hollow, their lines dashed."""
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        for task, lines in tasks.items():
            _draw(task, lines, folder / named(task))


def _draw(task: str, lines: dict[tuple[str, str], ByField], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for place, ((program, label), on) in enumerate(lines.items()):
        points = [one for name, one in on.items() if name.startswith("ragged") and one["seconds"]]
        if points:
            style = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
            _line(axes, points, f"{program}: {label}", style, thick=program == "leefraster")
    axes.set(xscale="log", yscale="log", xlabel="cells", ylabel="seconds", title=task[0].upper() + task[1:])
    axes.grid(True, which="major", linewidth=0.4, color="#cccccc")
    if axes.lines:
        figure.legend(loc="outside right upper", fontsize=7.5, frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _line(axes: Any, points: list[dict[str, Any]], label: str, style: dict[str, str], thick: bool) -> None:
    measured = [one for one in points if not one["extrapolated"]]
    rest = [*measured[-1:], *(one for one in points if one["extrapolated"])]
    width = 2.2 if thick else 1.1
    for part, more in (
        (measured, {"linestyle": "-", "label": label}),
        (rest[1:] and rest, {"linestyle": "--", "markerfacecolor": "white"}),
    ):
        if part:
            x, y = [one["cells"] for one in part], [one["seconds"] for one in part]
            axes.plot(
                x,
                y,
                linewidth=width,
                markersize=4,
                zorder=3 - bool(more.get("markerfacecolor")),
                **style,
                **more,
            )
