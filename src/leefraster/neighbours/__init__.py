"""Who is whose neighbour among the places that hold a value, and with what weight."""

from leefraster.neighbours.among import is_graph, neighbours_among
from leefraster.neighbours.band import BandNeighbours, KnownSums
from leefraster.neighbours.decay import BandDecayNeighbours, DecayNeighbours, summed_weights
from leefraster.neighbours.graph import GraphNeighbours
from leefraster.neighbours.runs import RunNeighbours
from leefraster.neighbours.weights import Neighbours, Weights, WeightSums

__all__ = [
    "BandDecayNeighbours",
    "BandNeighbours",
    "DecayNeighbours",
    "GraphNeighbours",
    "KnownSums",
    "Neighbours",
    "RunNeighbours",
    "WeightSums",
    "Weights",
    "is_graph",
    "neighbours_among",
    "summed_weights",
]
