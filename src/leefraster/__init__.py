"""Local spatial autocorrelation on national 100 m grids, with exact inference, kept over time.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = {
    "Grid": "grid",
    "Neighbourhood": "neighbourhood",
    "from_raster": "cells",
    "to_raster": "cells",
    "grid_of": "cells",
    "from_table": "table",
    "set_threads": "kernels.jit",
    "moran": "statistics.moran",
    "geary": "statistics.geary",
    "getis_ord_general": "statistics.getis_ord_general",
    "join_count": "statistics.join_count",
    "correlogram": "statistics.correlogram",
    "local_moran": "statistics.local_moran",
    "getis_ord": "statistics.getis_ord",
    "local_geary": "statistics.local_geary",
    "local_join_count": "statistics.local_join_count",
    "crosscheck": "statistics.crosscheck",
    "null_distribution": "statistics.null_distribution",
    "neighbourhood_share": "statistics.neighbourhood_share",
    "scale_sensitivity": "statistics.scale_sensitivity",
    "plot": "plot",
    "Areas": "areas.areas",
    "aggregate": "areas.aggregate",
    "compare_areas": "areas.compare",
    "focus_progress": "areas.focus",
    "track_clusters": "clusters.track",
    "structural_sensitivity": "clusters.sensitivity",
    "ScoreError": "clusters.sensitivity",
    "DisclosureRule": "disclosure.rule",
    "protect": "disclosure.protect",
    "differencing": "disclosure.differencing",
    "change": "changes.change",
    "risers_and_fallers": "changes.risers",
    "trend": "changes.trend",
    "trend_by_band": "changes.by_band",
    "change_by_band": "changes.by_band",
    "emerging_hotspots": "changes.emerging",
    "emerging_hotspots_by_band": "changes.emerging_by_band",
    "lisa_transitions": "changes.transitions",
    "spatial_markov": "changes.transitions",
    "classify": "scoring.classify",
    "export": "exports.export",
    "focal_sum": "scoring.focal",
    "focal_mean": "scoring.focal",
    "density": "scoring.focal",
    "decay_sum": "scoring.decay",
    "distance_to": "scoring.reach",
    "count_within": "scoring.reach",
    "Model": "scoring.model",
    "score": "scoring.score",
    "score_by_band": "scoring.by_band",
    "explain_cell": "scoring.explain",
    "urbanity": "scoring.urbanity",
    "structural_clusters": "clusters.structural",
    "structural_clusters_by_band": "clusters.by_band",
    "StructuralRule": "clusters.rule",
    "StructuralClusters": "clusters.structural",
    "detection": "clusters.detection",
    "Store": "store",
    "FieldStore": "store",
    "bands": "bands",
    "Answer": "questions.answer",
    "questions": "questions",
    "sources": "sources",
    "LeefrasterError": "errors",
    "UsageError": "errors",
    "InputError": "errors",
    "EnvironmentFault": "errors",
}
_MODULES = {"bands", "plot", "questions", "sources"}

__all__ = sorted([*_NAMES, "__version__"])

if TYPE_CHECKING:
    from leefraster import bands as bands
    from leefraster import plot as plot
    from leefraster import questions as questions
    from leefraster import sources as sources
    from leefraster.areas.aggregate import aggregate as aggregate
    from leefraster.areas.areas import Areas as Areas
    from leefraster.areas.compare import compare_areas as compare_areas
    from leefraster.areas.focus import focus_progress as focus_progress
    from leefraster.cells import from_raster as from_raster
    from leefraster.cells import grid_of as grid_of
    from leefraster.cells import to_raster as to_raster
    from leefraster.changes.by_band import change_by_band as change_by_band
    from leefraster.changes.by_band import trend_by_band as trend_by_band
    from leefraster.changes.change import change as change
    from leefraster.changes.emerging import emerging_hotspots as emerging_hotspots
    from leefraster.changes.emerging_by_band import emerging_hotspots_by_band as emerging_hotspots_by_band
    from leefraster.changes.risers import risers_and_fallers as risers_and_fallers
    from leefraster.changes.transitions import lisa_transitions as lisa_transitions
    from leefraster.changes.transitions import spatial_markov as spatial_markov
    from leefraster.changes.trend import trend as trend
    from leefraster.clusters.by_band import structural_clusters_by_band as structural_clusters_by_band
    from leefraster.clusters.detection import detection as detection
    from leefraster.clusters.rule import StructuralRule as StructuralRule
    from leefraster.clusters.sensitivity import ScoreError as ScoreError
    from leefraster.clusters.sensitivity import structural_sensitivity as structural_sensitivity
    from leefraster.clusters.structural import StructuralClusters as StructuralClusters
    from leefraster.clusters.structural import structural_clusters as structural_clusters
    from leefraster.clusters.track import track_clusters as track_clusters
    from leefraster.disclosure.differencing import differencing as differencing
    from leefraster.disclosure.protect import protect as protect
    from leefraster.disclosure.rule import DisclosureRule as DisclosureRule
    from leefraster.errors import EnvironmentFault as EnvironmentFault
    from leefraster.errors import InputError as InputError
    from leefraster.errors import LeefrasterError as LeefrasterError
    from leefraster.errors import UsageError as UsageError
    from leefraster.exports.export import export as export
    from leefraster.grid import Grid as Grid
    from leefraster.kernels.jit import set_threads as set_threads
    from leefraster.neighbourhood import Neighbourhood as Neighbourhood
    from leefraster.questions.answer import Answer as Answer
    from leefraster.scoring.by_band import score_by_band as score_by_band
    from leefraster.scoring.classify import classify as classify
    from leefraster.scoring.decay import decay_sum as decay_sum
    from leefraster.scoring.explain import explain_cell as explain_cell
    from leefraster.scoring.focal import density as density
    from leefraster.scoring.focal import focal_mean as focal_mean
    from leefraster.scoring.focal import focal_sum as focal_sum
    from leefraster.scoring.model import Model as Model
    from leefraster.scoring.reach import count_within as count_within
    from leefraster.scoring.reach import distance_to as distance_to
    from leefraster.scoring.score import score as score
    from leefraster.scoring.urbanity import urbanity as urbanity
    from leefraster.statistics.correlogram import correlogram as correlogram
    from leefraster.statistics.crosscheck import crosscheck as crosscheck
    from leefraster.statistics.geary import geary as geary
    from leefraster.statistics.getis_ord import getis_ord as getis_ord
    from leefraster.statistics.getis_ord_general import getis_ord_general as getis_ord_general
    from leefraster.statistics.join_count import join_count as join_count
    from leefraster.statistics.local_geary import local_geary as local_geary
    from leefraster.statistics.local_join_count import local_join_count as local_join_count
    from leefraster.statistics.local_moran import local_moran as local_moran
    from leefraster.statistics.moran import moran as moran
    from leefraster.statistics.neighbourhood_share import neighbourhood_share as neighbourhood_share
    from leefraster.statistics.null_distribution import null_distribution as null_distribution
    from leefraster.statistics.scale_sensitivity import scale_sensitivity as scale_sensitivity
    from leefraster.store import FieldStore as FieldStore
    from leefraster.store import Store as Store
    from leefraster.table import from_table as from_table

    __version__: str


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("leefraster")
    if name not in _NAMES:
        raise AttributeError(f"module 'leefraster' has no attribute {name!r}")
    module = importlib.import_module(f"leefraster.{_NAMES[name]}")
    return module if name in _MODULES else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
