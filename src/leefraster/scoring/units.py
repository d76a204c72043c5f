"""The units that layers and indicators are in, and which names of units are the same."""

from __future__ import annotations

UNITS: dict[str, str] = {
    "1": "a count or ratio",
    "%": "percentage",
    "per 1000": "per thousand (dwellings, inhabitants)",
    "m": "metres",
    "km": "kilometres",
    "m2": "square metres",
    "ha": "hectares",
    "1/km2": "number per square kilometre",
    "addresses per km2": "addresses per square kilometre",
    "year": "calendar year, or years",
    "persons": "persons",
    "euro": "euros",
    "1000 euro": "thousand euros",
    "dB": "decibels",
    "ug/m3": "micrograms per cubic metre",
    "degC": "degrees Celsius",
    "class": "class code",
    "index": "index number",
}
_SAME = {"count": "1", "counts": "1", "percent": "%", "metre": "m", "metres": "m", "years": "year"}


def canonical(unit: str) -> str:
    """Return the name that a unit goes by here: ``"count"`` is ``"1"``.

    Examples
    --------
    >>> canonical("count"), canonical("%"), canonical("trees")
    ('1', '%', 'trees')
    """
    return _SAME.get(unit.strip(), unit.strip())
