"""Along which dimensions a function may work block by block without changing a bit of its result."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from leefraster.cells import CELL

Dims = tuple[Hashable, ...]
Cut = Callable[[Mapping[str, Any], Dims], set[Hashable]]
"""Takes the arguments of a call and the dimensions of its first field; returns those that may be cut."""

YEAR = "year"


def places(arguments: Mapping[str, Any], dims: Dims) -> set[Hashable]:
    """Return the dimensions of the places; all dimensions where there are no places."""
    if "neighbourhood" in arguments:
        from leefraster.neighbours import is_graph

        if is_graph(arguments["neighbourhood"]):
            return set(dims[-1:])
    if CELL in dims:
        return {CELL}
    return {"y", "x"} if {"y", "x"} <= set(dims) else set(dims)


def between_fields(arguments: Mapping[str, Any], dims: Dims) -> set[Hashable]:
    """Cut along the leading dimensions, unless all fields are one family of tests."""
    if arguments.get("family") == "all":
        return set()
    return set(dims) - places(arguments, dims)


def between_cell_fields(arguments: Mapping[str, Any], dims: Dims) -> set[Hashable]:
    """Cut along the leading dimensions of cells; the places of a raster are those valued in any of its fields."""
    return between_fields(arguments, dims) if CELL in dims else set()


def between_series(_: Mapping[str, Any], dims: Dims) -> set[Hashable]:
    """Cut along everything but the years."""
    return set(dims) - {YEAR}


def anywhere(_: Mapping[str, Any], dims: Dims) -> set[Hashable]:
    """Cut along every dimension."""
    return set(dims)


def nowhere(_: Mapping[str, Any], __: Dims) -> set[Hashable]:
    """Cut along none: all fields are needed at once."""
    return set()
