"""Coordinate reference systems: accepted when horizontally equal, never reprojected in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    from pyproj import CRS


def require_crs(found: Any, wanted: Any, source: str, *, remedy: str = "Reproject the data first") -> None:
    """Refuse data whose CRS is absent or is not, in its horizontal part, the wanted one.

    Parameters
    ----------
    found : str, int, CRS or None
        CRS of the data: ``"EPSG:28992"``, an EPSG number, WKT (with or without authority), or compound.
    wanted : str, int, CRS or None
        CRS of the grid; None asks for nothing.
    source : str
        Name used in messages.
    remedy : str
        What to do about another CRS; ``{wanted}`` stands for the wanted one.

    Raises
    ------
    InputError
        When the two differ; the message names both.
    UsageError
        When a CRS cannot be understood.

    Examples
    --------
    >>> require_crs("EPSG:7415", "EPSG:28992", "heights.gpkg")
    """
    if wanted is None:
        return
    target = _parsed(wanted)
    if found is None or found == "":
        raise InputError(
            f"{source}: has no CRS, wanted {_name(target)}. If you know that it is in that, "
            f"say crs = '{wanted}' (of a GeoDataFrame: frame.set_crs)"
        )
    if not same_horizontal(found, wanted):
        raise InputError(
            f"{source}: is in {_name(_parsed(found))}, wanted {_name(target)}. "
            f"{remedy.format(wanted=_code(target))}; nothing is reprojected in silence"
        )


def same_horizontal(one: Any, other: Any) -> bool:
    """Tell whether two CRSs have the same horizontal part, however they are written."""
    first, second = _horizontal(_parsed(one)), _horizontal(_parsed(other))
    if first.equals(second, ignore_axis_order=True):
        return True
    numbers = first.to_epsg(min_confidence=70), second.to_epsg(min_confidence=70)
    return numbers[0] is not None and numbers[0] == numbers[1]


def _parsed(crs: Any) -> CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise UsageError(f"crs {str(crs)[:80]!r} is not known; give it as 'EPSG:28992' or WKT") from error


def _horizontal(crs: CRS) -> CRS:
    if crs.is_compound and crs.sub_crs_list:
        return _horizontal(crs.sub_crs_list[0])
    if crs.is_bound and crs.source_crs is not None:
        return _horizontal(crs.source_crs)
    return crs


def _code(crs: CRS) -> str:
    number = crs.to_epsg()
    return f"EPSG:{number}" if number else str(crs.name)


def _name(crs: CRS) -> str:
    number = crs.to_epsg()
    return f"EPSG:{number} ({crs.name})" if number else str(crs.name)
