"""An embedded demonstration country: invented, nationwide in size, with weak clusters whose truth is known."""

from leefraster.sources.synthetic.continent import Continent, continent
from leefraster.sources.synthetic.country import Country, country

__all__ = ["Continent", "Country", "continent", "country"]
