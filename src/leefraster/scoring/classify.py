"""The class of a level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.lazy import anywhere, lazily
from leefraster.scoring.cuts import Cuts, as_cuts, read_cuts

Kind = Literal["level", "deviation", "dimension"]


def class_codes(values: npt.NDArray, cuts: tuple[float, ...]) -> npt.NDArray[np.int8]:
    """Return classes of an array: 1 + the number of cuts below the value, 0 where it is missing."""
    codes = np.searchsorted(np.asarray(cuts), values, side="left").astype(np.int8) + np.int8(1)
    codes[np.isnan(values)] = 0
    return codes


@lazily(anywhere)
def classify(
    level: xr.DataArray, cuts: Cuts | Sequence[float] | None = None, *, kind: Kind = "level"
) -> xr.DataArray:
    """Give every level its class, 1 (lowest) to 9; or every contribution of a dimension.

    Class c holds the levels above cut c-1 and up to and including cut c: a level on a cut belongs to the
    lower class. The shipped cuts are those of 2024 as *levels*, so that a class means the same in every
    year; they were measured from the publication and are not official (``data/cuts/2024.toml``).

    Parameters
    ----------
    level : DataArray
        Absolute levels, of any dimensions; NaN is missing. With another `kind`, deviations from the national
        mean or contributions of dimensions.
    cuts : Cuts, sequence of float or None
        Upper bounds of all classes but the highest, ascending; a version of cuts (`read_cuts`), of which `kind`
        chooses; None takes those of 2024.
    kind : {"level", "deviation", "dimension"}
        What is classed. The cuts of deviations are good for the year that they were measured in only (2024); those
        of dimensions are symmetric round 0, with class 5 in the middle.

    Returns
    -------
    DataArray of int8
        Classes 1 to ``len(cuts) + 1``; 0 where `level` is missing. Dimensions and coordinates as `level`.

    Raises
    ------
    UsageError
        When the cuts do not ascend, or are not finite; when `kind` is unknown.
    InputError
        When a level is infinite.

    Examples
    --------
    >>> import xarray as xr
    >>> classify(xr.DataArray([3.5, 3.9, 4.1, float("nan")], dims="cell")).values.tolist()
    [1, 4, 6, 0]
    >>> classify(xr.DataArray([1.0, 2.0, 2.5], dims="cell"), cuts=[1.0, 2.0]).values.tolist()
    [1, 2, 3]
    >>> classify(xr.DataArray([-0.1, 0.0, 0.3], dims="cell"), kind="dimension").values.tolist()
    [3, 5, 9]
    """
    bounds = _bounds(cuts, kind)
    values = np.asarray(level.values, dtype=np.float64)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"classify: {infinite} of {values.size} levels are infinite; missing levels are NaN")
    source = cuts.provenance if isinstance(cuts, Cuts) else "2024, not official" if cuts is None else "given"
    return xr.DataArray(
        class_codes(values, bounds).reshape(values.shape),
        dims=level.dims,
        coords=level.coords,
        name="class",
        attrs={
            "long_name": "class, 1 lowest, 0 missing",
            "units": "1",
            "cuts": list(bounds),
            "cuts_source": source,
            "classed": kind,
        },
    )


def _bounds(cuts: Cuts | Sequence[float] | None, kind: str) -> tuple[float, ...]:
    """Return the cuts of a kind out of a version of them, or the ones that were given."""
    if kind not in get_args(Kind):
        raise UsageError(f"kind is {kind!r}; allowed are {', '.join(map(repr, get_args(Kind)))}")
    if cuts is not None and not isinstance(cuts, Cuts):
        return as_cuts(cuts)
    version = read_cuts() if cuts is None else cuts
    return {"level": version.levels, "deviation": version.deviations, "dimension": version.dimension}[kind]
