"""Our statistics beside esda's, one row builder a statistic; the only place that imports esda."""

from leefraster.statistics.crosscheck.table import crosscheck

__all__ = ["crosscheck"]
