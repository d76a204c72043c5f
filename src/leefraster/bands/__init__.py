"""Fields that need not fit in memory: cut into bands of cells with a halo, combined exactly, finished per band."""

from leefraster.bands.cellwise import by_cell
from leefraster.bands.components import components_by_band
from leefraster.bands.global_statistics import (
    geary_by_band,
    getis_ord_general_by_band,
    join_count_by_band,
    moran_by_band,
)
from leefraster.bands.local import getis_ord_by_band, local_moran_by_band
from leefraster.bands.local_geary import local_geary_by_band
from leefraster.bands.local_join_count import local_join_count_by_band
from leefraster.bands.panel import BandedPanel
from leefraster.bands.runner import InTurn, Runner
from leefraster.bands.sink import Arrays, Sink
from leefraster.bands.source import BandedField
from leefraster.bands.work import Figures

__all__ = [
    "Arrays",
    "BandedField",
    "BandedPanel",
    "Figures",
    "InTurn",
    "Runner",
    "Sink",
    "by_cell",
    "components_by_band",
    "geary_by_band",
    "getis_ord_by_band",
    "getis_ord_general_by_band",
    "join_count_by_band",
    "local_geary_by_band",
    "local_join_count_by_band",
    "local_moran_by_band",
    "moran_by_band",
]
