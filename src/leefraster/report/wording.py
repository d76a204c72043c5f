"""Words and numbers as the report prints them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

DIMENSIONS = {
    "won": "housing stock",
    "fys": "physical environment",
    "vrz": "amenities",
    "soc": "social cohesion",
    "onv": "nuisance and insecurity",
    "total": "total",
}
DUTCH = {
    "won": "woningvoorraad",
    "fys": "fysieke omgeving",
    "vrz": "voorzieningen",
    "soc": "sociale samenhang",
    "onv": "overlast en onveiligheid",
    "total": "totaal",
}
NOTHING = "–"


def layer_name(code: Any, *, dutch: bool = False) -> str:
    """Return the name of a dimension or layer; codes that are not of the Leefbaarometer stay as they are."""
    text = str(code)
    if text not in DIMENSIONS:
        return text
    return f"{DIMENSIONS[text]} ({DUTCH[text]})" if dutch else DIMENSIONS[text]


def dimension_code(code: Any) -> str:
    """Return the name of a dimension with its code; other text stays as it is.

    Examples
    --------
    >>> dimension_code("vrz"), dimension_code("dwellings")
    ('amenities (vrz)', 'dwellings')
    """
    text = str(code)
    return f"{layer_name(text)} ({text})" if layer_name(text) != text else text


def number(value: Any, decimals: int = 3, *, sign: bool = False) -> str:
    """Return a number with thousands commas and a true minus; missing is a dash.

    Examples
    --------
    >>> number(-1234.5, 1), number(0.02, 3, sign=True), number(float("nan"))
    ('−1,234.5', '+0.020', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return NOTHING
    text = f"{float(value):{'+' if sign else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def whole(value: Any) -> str:
    """Return a count with thousands commas."""
    return number(value, 0)


def share(value: Any, decimals: int = 0) -> str:
    """Return a share between 0 and 1 as a percentage."""
    text = number(None if value is None else float(value) * 100, decimals)
    return text if text == NOTHING else f"{text}\u00a0%"


def nearly(value: Any) -> str:
    """Return a share as a whole percentage, with a decimal cut off above 99, so that only all is 100.

    Examples
    --------
    >>> nearly(0.9996).replace("\u00a0", " "), nearly(0.987).replace("\u00a0", " ")
    ('99.9 %', '99 %')
    """
    known = value is not None and 0.99 <= float(value) < 1
    return share(math.floor(float(value) * 1000 + 1e-9) / 1000, 1) if known else share(value)


def probability(value: Any) -> str:
    """Return a p value: three decimals, or a power of ten when small."""
    if value is None or not math.isfinite(float(value)):
        return NOTHING
    p = float(value)
    if p >= 0.001:
        return f"{p:.3f}"
    return "below\u00a010⁻³⁰⁰" if p < 1e-300 else _scientific(p)


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', '−')}·10{raised}"


def plain(value: Any) -> str:
    """Return any value of a parameter as text."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    if isinstance(value, list | tuple):
        return ", ".join(plain(part) for part in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key} = {plain(part)}" for key, part in value.items()) or "none"
    if isinstance(value, float | np.floating):
        return f"{float(value):g}".replace("-", "−")
    return str(value)


def moment(text: str) -> str:
    """Return an ISO 8601 moment in UTC as "2024-11-24 05:30 UTC"; other texts stay as they are."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:Z|\+00:00)", text)
    return f"{found[1]} {found[2]} UTC" if found else text


def file_size(size: int) -> str:
    """Return a file size in kB or MB."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"


def neighbourhood_words(text: str) -> str:
    """Return a neighbourhood as words, for those that the tool makes; others stay as they are."""
    found = re.fullmatch(r"(?:Neighbourhood\.)?(queen|rook|disc)\((\d+(?:\.\d+)?)(?: m)?\)", text)
    if found is None:
        return text
    kind, size = found[1], found[2]
    if kind == "disc":
        return f"all cells within {size} m"
    touching = "edges or corners touch" if kind == "queen" else "edges touch"
    return f"cells whose {touching} ({kind})" if size == "1" else f"cells up to {size} steps away ({kind})"
