"""The class of a level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError
from leefraster.scoring.cuts import Cuts, as_cuts


def class_codes(values: npt.NDArray, cuts: tuple[float, ...]) -> npt.NDArray[np.int8]:
    """Return classes of an array: 1 + the number of cuts below the value, 0 where it is missing."""
    codes = np.searchsorted(np.asarray(cuts), values, side="left").astype(np.int8) + np.int8(1)
    codes[np.isnan(values)] = 0
    return codes


def classify(level: xr.DataArray, cuts: Cuts | Sequence[float] | None = None) -> xr.DataArray:
    """Give every level its class, 1 (lowest) to 9.

    Class c holds the levels above cut c-1 and up to and including cut c: a level on a cut belongs to the
    lower class. The shipped cuts are those of 2024 as *levels*, so that a class means the same in every
    year; they were measured from the publication and are not official (``data/cuts/2024.toml``).

    Parameters
    ----------
    level : DataArray
        Absolute levels, of any dimensions; NaN is missing. To class the contribution of a dimension, or a
        deviation of 2024, give its own cuts: ``read_cuts().dimension``, ``read_cuts().deviations``.
    cuts : Cuts, sequence of float or None
        Upper bounds of all classes but the highest, ascending; None takes the levels of 2024.

    Returns
    -------
    DataArray of int8
        Classes 1 to ``len(cuts) + 1``; 0 where `level` is missing. Dimensions and coordinates as `level`.

    Raises
    ------
    UsageError
        When the cuts do not ascend, or are not finite.
    InputError
        When a level is infinite.

    Examples
    --------
    >>> import xarray as xr
    >>> classify(xr.DataArray([3.5, 3.9, 4.1, float("nan")], dims="cell")).values.tolist()
    [1, 4, 6, 0]
    >>> classify(xr.DataArray([1.0, 2.0, 2.5], dims="cell"), cuts=[1.0, 2.0]).values.tolist()
    [1, 2, 3]
    """
    bounds = as_cuts(cuts)
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
        },
    )
