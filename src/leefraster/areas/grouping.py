"""Areas made of smaller ones: by lists of codes, out of polygons or out of cells that know their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.areas.polygons import CODE, LEVEL, NAME
from leefraster.areas.unknown_codes import refuse_unknown
from leefraster.cells import CELL, grid_of
from leefraster.errors import InputError, UsageError
from leefraster.outlines import outlines

if TYPE_CHECKING:
    import geopandas
    import xarray as xr

Groups = Mapping[str, Sequence[str]]


def checked_groups(groups: Groups, source: str) -> dict[str, list[str]]:
    """Return the groups, every code in one of them.

    Raises
    ------
    UsageError
        When there is no group, a group is empty, is one string instead of a list, or a code is in two groups.
    """
    if not groups:
        raise UsageError(f"{source}: no group of codes is given")
    if not isinstance(groups, Mapping):
        raise UsageError(
            f"{source}: groups is a {type(groups).__name__}; it must give lists of codes by name"
        )
    owner: dict[str, str] = {}
    for name, codes in groups.items():
        if isinstance(codes, str) or not hasattr(codes, "__len__") or not len(codes):
            raise UsageError(f"{source}: {name!r} is {codes!r}; it must be a list of codes, at least one")
        for code in codes:
            if owner.setdefault(str(code), name) != name:
                raise UsageError(f"{source}: code {code} is in two groups: {owner[str(code)]!r} and {name!r}")
    return {str(name): [str(code) for code in codes] for name, codes in groups.items()}


def merged(
    frame: geopandas.GeoDataFrame, groups: Groups, level: str, source: str, border_year: int | None
) -> geopandas.GeoDataFrame:
    """Return one row a group: the union of its polygons, named after the group."""
    import geopandas
    import shapely

    chosen = checked_groups(groups, source)
    refuse_unknown((code for codes in chosen.values() for code in codes), frame[CODE], source, border_year)
    shapes = [
        shapely.union_all(frame.geometry[frame[CODE].isin(codes)].to_numpy()) for codes in chosen.values()
    ]
    return geopandas.GeoDataFrame(_columns(list(chosen), level), geometry=shapes, crs=frame.crs)


def from_codes(
    codes: xr.DataArray, groups: Groups | None, level: str, border_year: int | None
) -> geopandas.GeoDataFrame:
    """Return one row a group of codes (or a code): the squares of its cells, joined."""
    import geopandas
    import xarray as xr

    if not isinstance(codes, xr.DataArray):
        raise UsageError(f"codes is a {type(codes).__name__}; it must be a DataArray of codes over 'cell'")
    if codes.dims != (CELL,):
        raise UsageError(f"codes: must lie over 'cell'; dimensions are {tuple(codes.dims)}")
    own = np.asarray(codes.values).astype("U")
    source = f"codes {codes.name!r}" if codes.name else "codes"
    names, labels = _labels(own, groups, source, border_year)
    if not names:
        raise InputError(f"{source}: no cell has a code")
    shapes = outlines(grid_of(codes), codes[CELL].values, labels, len(names))
    return geopandas.GeoDataFrame(_columns(names, level), geometry=shapes, crs=grid_of(codes).crs)


def _labels(
    own: npt.NDArray[np.str_], groups: Groups | None, source: str, border_year: int | None
) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the names of the areas, and the number of each cell's area, 0 for none."""
    known, position = np.unique(own, return_inverse=True)
    if groups is None:
        chosen = {str(code): [str(code)] for code in known if code}
    else:
        chosen = checked_groups(groups, source)
        wanted = (code for codes in chosen.values() for code in codes)
        refuse_unknown(wanted, known.tolist(), source, border_year)
    number = {code: i for i, codes in enumerate(chosen.values(), 1) for code in codes}
    lookup = np.array([number.get(str(code), 0) for code in known], dtype=np.int32)
    return list(chosen), lookup[position]


def _columns(names: list[str], level: str) -> dict[str, Any]:
    return {CODE: names, NAME: names, LEVEL: [level] * len(names)}
