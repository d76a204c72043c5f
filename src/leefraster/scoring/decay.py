"""Sums over the cells around a cell that count the less the further they are."""

from __future__ import annotations

import xarray as xr

from leefraster.lazy import between_cell_fields, lazily
from leefraster.scoring.kernel_weights import Kernel
from leefraster.scoring.places import named, places_of


@lazily(between_cell_fields)
def decay_sum(
    field: xr.DataArray, bandwidth: float, kernel: Kernel = "gaussian", cutoff: float | None = None
) -> xr.DataArray:
    """Sum the cells around each cell, each weighted by a kernel of its distance d; the cell itself weighs 1.

    Parameters
    ----------
    field : DataArray
        Dimensions (..., `cell`) or (..., `y`, `x`); all leading dimensions are mapped. NaN is missing.
    bandwidth : float
        Bandwidth b of the kernel, in metres.
    kernel : {"gaussian", "exponential", "bisquare", "triangular"}
        ``exp(-(d/b)^2 / 2)``, ``exp(-d/b)``, ``(1 - (d/b)^2)^2`` up to b, ``1 - d/b`` up to b.
    cutoff : float or None
        Metres beyond which nothing counts (centres at exactly that distance do); None is 3 b for "gaussian", 5 b
        for "exponential", b for the other two.

    Returns
    -------
    DataArray of float64
        The weighted sum over the cells that hold a value, in the unit of `field`; which cells have one is as in
        `focal_sum`. Weights are not standardised: a constant field does not give that constant.

    Raises
    ------
    UsageError
        When the kernel is unknown, bandwidth or cutoff are not positive and finite or reach no neighbouring centre;
        when `field` has no `cell` or (`y`, `x`).
    InputError
        When `field` carries no grid, repeats a cell, or holds infinite values.

    Notes
    -----
    Terms are added in an order that depends on their offset only: the result is the same to the last bit whatever
    the number of threads.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> raster = xr.DataArray([[1.0, 0.0, 0.0]], dims=("y", "x"), coords={"y": [50.0], "x": [50.0, 150.0, 250.0]})
    >>> decay_sum(raster, 100, "exponential").values.round(3).tolist()
    [[1.0, 0.368, 0.135]]
    """
    places = places_of(field)
    around = places.around
    sums = places.mapped(lambda _, values: around.decay_sum(values, bandwidth, kernel, cutoff))
    said = f"{kernel} sum (bandwidth {bandwidth:g} m) of {named(field)}"
    return places.wrap(sums, said, places.units, bandwidth_m=float(bandwidth), kernel=kernel)
