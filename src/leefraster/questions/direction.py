"""What a change did, by its estimate and limits: up, down, ruled out, or open."""

from __future__ import annotations

from typing import Literal

from leefraster.questions.jackknife import Interval

Sought = Literal["rise", "fall", "growth"]
_UP_AND_DOWN: dict[Sought, tuple[str, str]] = {
    "rise": ("rose", "fell"),
    "fall": ("rose", "fell"),
    "growth": ("grew", "shrank"),
}


def direction_of_change(change: Interval, minimum: float, sought: Sought) -> str:
    """Name what a change did.

    Parameters
    ----------
    change : Interval
        The change with its limits.
    minimum : float
        Change below which it is none, however sure.
    sought : {"rise", "fall", "growth"}
        What is asked after.

    Returns
    -------
    str
        "rose" ("fell"; of growth "grew", "shrank") when it changed by at least the minimum and the limits lie above
        (below) zero; "no rise" ("no fall", "no growth") when the limits hold none of the minimum or more; else
        "open", as where a limit is NaN.

    Examples
    --------
    >>> rise, unsure = Interval(0.02, 0.01, 0.03), Interval(0.0, -0.01, 0.01)
    >>> direction_of_change(rise, 0.001, "rise"), direction_of_change(rise, 0.001, "growth")
    ('rose', 'grew')
    >>> direction_of_change(unsure, 0.001, "fall"), direction_of_change(unsure, 0.02, "fall")
    ('open', 'no fall')
    """
    up, down = _UP_AND_DOWN[sought]
    if change.low > 0 and change.estimate >= minimum:
        return up
    if change.high < 0 and change.estimate <= -minimum:
        return down
    ruled_out = change.low > -minimum if sought == "fall" else change.high < minimum
    return f"no {sought}" if ruled_out else "open"
