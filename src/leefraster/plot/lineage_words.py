"""The words of the flow of clusters, in Dutch and English."""

from __future__ import annotations

from typing import Literal

from leefraster.clusters.track import BORN, ENDED, GROWN, MERGED, SHRUNK, SPLIT, START, STEADY

Language = Literal["en", "nl"]

EVENTS: dict[str, dict[str, str]] = {
    START: {"en": "present at start", "nl": "aanwezig bij het begin"},
    BORN: {"en": "born", "nl": "ontstaan"},
    GROWN: {"en": "grown", "nl": "gegroeid"},
    STEADY: {"en": "steady", "nl": "gelijk gebleven"},
    SHRUNK: {"en": "shrunk", "nl": "gekrompen"},
    SPLIT: {"en": "split off", "nl": "afgesplitst"},
    MERGED: {"en": "merged", "nl": "samengevoegd"},
    ENDED: {"en": "ended", "nl": "verdwenen"},
}
TITLE = {"en": "Clusters through the years", "nl": "Clusters door de jaren"}
NOTE = {
    "en": "thickness: {size}; in brackets: at its last measurement; numbers: those of {year}",
    "nl": "dikte: {size}; tussen haakjes: bij de laatste meting; nummers: die van {year}",
}
SIZE = {
    "dwellings": {"en": "dwellings", "nl": "woningen"},
    "cells": {"en": "cells", "nl": "cellen"},
}
CLUSTER = {"en": "cluster", "nl": "cluster"}


def whole(value: float, language: Language) -> str:
    """Return a count, grouped by thousands.

    Examples
    --------
    >>> whole(12345.2, "en"), whole(12345.2, "nl")
    ('12,345', '12.345')
    """
    text = f"{value:,.0f}"
    return text.replace(",", ".") if language == "nl" else text
