"""A picture as the report shows it: drawing, title, unit, legend and the note a reader needs."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from leefraster.report.colours import Scale


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a colour, how it is drawn, and what it means."""

    colour: str
    label: str
    mark: str = "box"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing (inline SVG) with everything that must be printed beside it.

    Attributes
    ----------
    svg : Markup
        The drawing; text in it is escaped already.
    title, unit : str
        What is shown, and in what unit.
    legend : tuple of Key
        Colours and their meaning, in order.
    note : str
        How to read it, or what to beware of.
    """

    svg: Markup
    title: str
    unit: str = ""
    legend: tuple[Key, ...] = ()
    note: str = ""


def legend(scale: Scale, *, missing: bool, used: set[int] | None = None) -> tuple[Key, ...]:
    """Return the legend of a scale; `used` keeps the codes that occur, `missing` adds "no value"."""
    pairs = enumerate(zip(scale.colours, scale.labels, strict=True))
    keys = [Key(colour, label) for code, (colour, label) in pairs if used is None or code in used]
    return (*keys, Key(scale.missing, "no value")) if missing else tuple(keys)
