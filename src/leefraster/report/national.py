"""The maps of the whole: the latest values, their hot and cold spots, and local Moran clusters."""

from __future__ import annotations

import numpy as np
import xarray as xr

from leefraster.colours import (
    CLASSES,
    QUADRANTS,
    SPOTS,
    Codes,
    Scale,
    binned,
    class_codes,
    quadrant_codes,
    spot_codes,
)
from leefraster.report import maps
from leefraster.report.picture import Picture
from leefraster.report.places import Place
from leefraster.report.view import TOTAL, Values, View
from leefraster.report.wording import layer_name, neighbourhood_words

SMALL = 420


def classes_of(view: View, year: int) -> Codes | None:
    """Return class codes of the level in a year, None when the run has no level."""
    level = view.values("level", year=year)
    if level is None or not np.isfinite(level).any():
        return None
    from leefraster.scoring.classify import classify

    return class_codes(classify(xr.DataArray(level, dims=view.unit)).values)


def value_map(view: View, place: Place, layer: str, *, width: int) -> Picture | None:
    """Draw the latest values of a layer: classes for a total that has a level, else bins."""
    year = view.latest(layer)
    values = None if year is None else view.base(layer, year)
    if year is None or values is None:
        return None
    classes = classes_of(view, year) if layer == TOTAL else None
    if classes is not None:
        title = f"Total score by class, {year}"
        unit = "class 1–9 of the level; cuts of 2024 as levels, measured from publication, not official"
        return maps.draw(place, classes, CLASSES, title=title, unit=unit, width=width)
    codes, scale = binned(values)
    title = f"{_name(view, layer)}, {year}"
    return maps.draw(place, codes, scale, title=title, unit=_unit(view, layer), width=width)


def spot_map(view: View, place: Place, layer: str, *, width: int) -> Picture | None:
    """Draw the hot and cold spots (Getis-Ord G*) of a layer's latest year."""
    year = view.latest(layer)
    spots = None if year is None else view.values("getis_ord_spot", year=year, layer=layer)
    if year is None or spots is None:
        return None
    codes = spot_codes(spots, _tested(view, "getis_ord_p", layer, year))
    title = f"Cold and hot spots of {_in_sentence(view, layer)}, {year}"
    unit = "Getis-Ord G*, confidence after adjustment for many tests"
    return maps.draw(place, codes, SPOTS, title=title, unit=unit, width=width, note=_method(view))


def quadrant_map(view: View, place: Place, layer: str, *, width: int) -> Picture | None:
    """Draw the local Moran clusters and outliers of a layer's latest year."""
    year = view.latest(layer)
    found = None if year is None else view.values("local_moran_cluster", year=year, layer=layer)
    if year is None or found is None:
        return None
    codes = quadrant_codes(found, _tested(view, "local_moran_p", layer, year))
    title = f"Local Moran clusters of {_in_sentence(view, layer)}, {year}"
    unit = "where the adjusted probability is at most the run's alpha"
    return maps.draw(place, codes, QUADRANTS, title=title, unit=unit, width=width)


def binned_scale(view: View, layer: str, year: int) -> tuple[Codes, Scale] | None:
    """Return codes and scale of a layer for the close-ups: classes where known, else bins."""
    classes = classes_of(view, year)
    if classes is not None:
        return classes, CLASSES
    values = view.base(layer, year)
    return None if values is None else binned(values)


def _tested(view: View, probability: str, layer: str, year: int) -> Values:
    """Return where a test has a result: where p is known, or, without p, where the value is."""
    p = view.values(probability, year=year, layer=layer)
    known = p if p is not None else view.base(layer, year)
    return np.isfinite(np.asarray(known, dtype=float))


def _name(view: View, layer: str) -> str:
    if layer == TOTAL:
        return "Total score, deviation from the national mean"
    return layer_name(layer).capitalize() if view.scores else layer


def _in_sentence(view: View, layer: str) -> str:
    return "the total score" if layer == TOTAL else (layer_name(layer) if view.scores else f"“{layer}”")


def _unit(view: View, layer: str) -> str:
    known = view.layer_unit(layer)
    if known and known != "1":
        return known
    return "points of the score" if view.scores else "unit of the input"


def _method(view: View) -> str:
    around = str(view.attrs("getis_ord_spot").get("neighbourhood", ""))
    return f"Neighbourhood: {neighbourhood_words(around)}." if around else ""
