"""Statistics Netherlands (CBS): squares of 100 m and 500 m, and neighbourhoods, districts and municipalities."""

from leefraster.sources.cbs.areas import read_areas
from leefraster.sources.cbs.squares import read_squares

__all__ = ["read_areas", "read_squares"]
