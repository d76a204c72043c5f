"""What an invented layer looks like: its middle, spread and bounds, by name or else by unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from leefraster.scoring.measures import CellValue, DistanceTo, FocalMean
from leefraster.scoring.model import Indicator
from leefraster.scoring.units import canonical

Kind = Literal["field", "line", "place", "count", "dwellings"]

_SPARSE = 4.0  # a facility has, in the middle, a fourth of the distance's cap to the next one


@dataclass(frozen=True, slots=True)
class Recipe:
    """The values that a layer takes.

    Attributes
    ----------
    middle, spread : float
        Mean and standard deviation of a field; mean number a cell of counts; share of cells of lines and places.
    low, high : float
        Bounds.
    kind : str
        "field" has a value everywhere; "line" is 1 along roads and rails, "place" 1 where a facility is, 0
        elsewhere; "count" a number of things; "dwellings" those of the country.
    """

    middle: float
    spread: float = 1.0
    low: float = 0.0
    high: float = math.inf
    kind: Kind = "field"

    @property
    def skewed(self) -> bool:
        """Whether a field is mostly low, now and then much higher."""
        return self.low == 0 and self.spread > 0.5 * self.middle


ANYTHING = Recipe(100.0, 13.0, -math.inf)
_BY_UNIT = {
    "%": Recipe(38.0, 14.0, high=100.0),
    "per 1000": Recipe(40.0, 12.0),
    "1": Recipe(4.0, 2.0),
    "m": Recipe(400.0, 150.0),
    "km": Recipe(2.0, 0.8),
    "m2": Recipe(100.0, 22.0, 15.0),
    "ha": Recipe(0.4, 0.2, high=1.0),
    "year": Recipe(1975.0, 22.0, 1600.0, 2024.0),
    "persons": Recipe(2.2, 0.35, 1.0),
    "euro": Recipe(31_000.0, 6_000.0),
    "1000 euro": Recipe(320.0, 75.0, 40.0),
    "dB": Recipe(52.0, 6.0, 25.0, 90.0),
    "ug/m3": Recipe(15.0, 4.0),
    "degC": Recipe(1.2, 0.4, -5.0, 10.0),
    "class": Recipe(3.0, 0.8, 1.0, 5.0),
}
_BY_LAYER = {
    "share_owner_occupied": Recipe(57.0, 25.0, high=100.0),
    "share_social_rent": Recipe(29.0, 25.0, high=100.0),
    "share_vacant_dwellings": Recipe(4.0, 4.0, high=30.0),
    "share_single_family": Recipe(64.0, 30.0, high=100.0),
    "building_year": Recipe(1975.0, 22.0, 1850.0, 2024.0),
    "floor_area": Recipe(115.0, 35.0, 35.0, 300.0),
    "share_built_before_1945": Recipe(18.0, 25.0, high=100.0),
    "share_greenery": Recipe(35.0, 18.0, high=95.0),
    "share_water": Recipe(4.0, 9.0, high=90.0),
    "share_industrial_land": Recipe(4.0, 10.0, high=90.0),
    "noise": Recipe(52.0, 6.0, 35.0, 78.0),
    "nitrogen_dioxide": Recipe(15.0, 4.0, 4.0, 40.0),
    "railways": Recipe(0.015, kind="line"),
    "main_roads": Recipe(0.05, kind="line"),
    "supermarkets": Recipe(0.015, kind="place"),
    "primary_schools": Recipe(0.017, kind="place"),
    "general_practices": Recipe(0.012, kind="place"),
    "stations": Recipe(0.001, kind="place"),
    "parks": Recipe(0.02, kind="place"),
    "shops": Recipe(0.3, kind="count"),
    "restaurants": Recipe(0.1, kind="count"),
    "residential_mobility": Recipe(11.0, 4.0, 2.0, 40.0),
    "share_single_person_households": Recipe(37.0, 16.0, high=100.0),
    "share_families_with_children": Recipe(33.0, 14.0, high=90.0),
    "share_low_income": Recipe(25.0, 13.0, high=80.0),
    "share_long_term_residents": Recipe(50.0, 15.0, 5.0, 95.0),
    "share_aged_65_plus": Recipe(20.0, 11.0, high=80.0),
    "burglaries": Recipe(4.0, 5.0, high=60.0),
    "violent_incidents": Recipe(6.0, 7.0, high=80.0),
    "vandalism": Recipe(6.0, 6.0, high=80.0),
    "nuisance_reports": Recipe(9.0, 11.0, high=120.0),
    "share_on_benefit": Recipe(6.0, 6.0, high=60.0),
    "traffic_accidents": Recipe(0.1, kind="count"),
}


def recipe_for(indicator: Indicator) -> Recipe:
    """Return what the layer of an indicator looks like."""
    if indicator.layer in _BY_LAYER:
        return _BY_LAYER[indicator.layer]
    if isinstance(indicator.measure, DistanceTo):
        reach = indicator.measure.cap / _SPARSE / 100.0
        return Recipe(min(0.2, 1 / (math.pi * reach**2)), kind="place")
    if isinstance(indicator.measure, CellValue | FocalMean):
        return _BY_UNIT.get(canonical(indicator.unit), ANYTHING)
    if any(word in indicator.layer for word in ("address", "dwelling")):
        return Recipe(1.0, kind="dwellings")
    return Recipe(0.2, kind="count")
