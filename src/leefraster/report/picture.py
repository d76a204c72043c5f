"""A picture as the report shows it: drawing, title, unit, legend and the note a reader needs."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from leefraster.colours import Scale


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a colour and what it means."""

    colour: str
    label: str


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


def legend(scale: Scale, *, missing: bool) -> tuple[Key, ...]:
    """Return the legend of a scale, whole so that maps can be compared; `missing` adds "no value"."""
    keys = [Key(colour, label) for colour, label in zip(scale.colours, scale.labels, strict=True)]
    return (*keys, Key(scale.missing, scale.missing_label)) if missing else tuple(keys)
