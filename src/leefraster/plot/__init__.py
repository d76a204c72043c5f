"""Pictures of results on matplotlib axes: each function takes axes or makes a figure, and returns the axes.

No function opens a window or touches pyplot's state; ``axes.figure.savefig("picture.png")`` writes the picture.
"""

from leefraster.plot.cluster_map import cluster_map
from leefraster.plot.correlogram import correlogram
from leefraster.plot.lineage import lineage
from leefraster.plot.moran_scatter import moran_scatter
from leefraster.plot.null_distribution import null_distribution

__all__ = ["cluster_map", "correlogram", "lineage", "moran_scatter", "null_distribution"]
