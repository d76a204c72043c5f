"""Sums and means within a disc around every cell, the cell itself included."""

from __future__ import annotations

import xarray as xr

from leefraster.lazy import between_cell_fields, lazily
from leefraster.scoring.disc import Disc as Disc
from leefraster.scoring.places import named, places_of, weights_at
from leefraster.scoring.units import canonical


@lazily(between_cell_fields)
def focal_sum(field: xr.DataArray, radius: float) -> xr.DataArray:
    """Sum the values of the cells whose centre lies at most `radius` metres from each cell's own.

    Parameters
    ----------
    field : DataArray
        Dimensions (..., `cell`) or (..., `y`, `x`); all leading dimensions are mapped. NaN is missing.
    radius : float
        Metres between centres; centres at exactly `radius` are included, and so is the cell itself.

    Returns
    -------
    DataArray of float64
        The sum over the cells that hold a value, in the unit of `field`. Over cells, every cell of the index
        has one, with a value of its own or not; on a raster (north up), every cell that holds a value in at
        least one leading position. NaN elsewhere, and where no cell of the disc holds a value.

    Raises
    ------
    UsageError
        When `radius` is not positive and finite, or reaches no neighbouring centre; when `field` has no
        `cell` or (`y`, `x`).
    InputError
        When `field` carries no grid, repeats a cell, or holds infinite values.

    Notes
    -----
    Sums are taken in fixed point, to 2^-62 of the largest sum possible, and are the same to the last bit
    whatever the number of threads.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> raster = xr.DataArray(np.ones((3, 3)), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150.0, 50.0], "x": [50.0, 150.0, 250.0]})
    >>> focal_sum(raster, 100).values.tolist()
    [[3.0, 4.0, 3.0], [4.0, 5.0, 4.0], [3.0, 4.0, 3.0]]
    """
    places = places_of(field)
    around = places.around
    sums = places.mapped(lambda _, values: around.focal_sum(values, radius))
    return places.wrap(
        sums, f"sum within {radius:g} m of {named(field)}", places.units, radius_m=float(radius)
    )


@lazily(between_cell_fields)
def focal_mean(field: xr.DataArray, radius: float, weights: xr.DataArray | None = None) -> xr.DataArray:
    """Average the cells whose centre lies at most `radius` metres from each cell's own.

    Parameters
    ----------
    field : DataArray
        Dimensions (..., `cell`) or (..., `y`, `x`); all leading dimensions are mapped. NaN is missing.
    radius : float
        Metres between centres; centres at exactly `radius` are included, and so is the cell itself.
    weights : DataArray or None
        Weight of a cell, as dwellings: over the same places, with any of the field's leading dimensions;
        matched by label. A cell whose weight is missing or 0 is not counted.

    Returns
    -------
    DataArray of float64
        The mean over the cells that hold a value (and a weight), in the unit of `field`; which cells have
        one is as in `focal_sum`. NaN where no cell of the disc counts.

    Raises
    ------
    UsageError
        When `radius` is not positive and finite, or reaches no neighbouring centre; when `field` has no
        `cell` or (`y`, `x`), or `weights` have a dimension that the field lacks.
    InputError
        When `field` carries no grid, repeats a cell, or holds infinite values; when weights are negative or
        infinite.

    Notes
    -----
    ``sum(w v) / sum(w)``, both in fixed point: the same to the last bit whatever the number of threads.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> raster = xr.DataArray([[1.0, np.nan], [3.0, 5.0]], dims=("y", "x"),
    ...                       coords={"y": [150.0, 50.0], "x": [50.0, 150.0]})
    >>> focal_mean(raster, 100).values.tolist()
    [[2.0, nan], [3.0, 4.0]]
    """
    places = places_of(field)
    shares = None if weights is None else weights_at(weights, field, places)
    around = places.around
    means = places.mapped(
        lambda row, values: around.focal_mean(values, radius, None if shares is None else shares[row])
    )
    return places.wrap(
        means, f"mean within {radius:g} m of {named(field)}", places.units, radius_m=float(radius)
    )


@lazily(between_cell_fields)
def density(field: xr.DataArray, radius: float) -> xr.DataArray:
    """Sum the values within `radius` metres, per square kilometre of the disc.

    ``focal_sum(field, radius) / (pi radius^2)``: the whole disc counts, water and uninhabited land in it included.

    Parameters
    ----------
    field : DataArray
        Counts, of dimensions (..., `cell`) or (..., `y`, `x`); all leading dimensions are mapped. NaN is missing.
    radius : float
        Metres between centres; centres at exactly `radius` are included, and so is the cell itself.

    Returns
    -------
    DataArray of float64
        Per km2; which cells have a value is as in `focal_sum`. `units` become ``"1/km2"`` for a count, else the
        field's own per km2.

    Raises
    ------
    UsageError, InputError
        As in `focal_sum`.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> addresses = xr.DataArray([[10.0, 20.0]], dims=("y", "x"), coords={"y": [50.0], "x": [50.0, 150.0]})
    >>> density(addresses, 1000).values.round(3).tolist()
    [[9.549, 9.549]]
    """
    places = places_of(field)
    around = places.around
    found = places.mapped(lambda _, values: around.density(values, radius))
    own = canonical(places.units or "1")
    units = "1/km2" if own == "1" else f"{own}/km2"
    said = f"{named(field)} per km2 within {radius:g} m"
    return places.wrap(found, said, units, radius_m=float(radius))
