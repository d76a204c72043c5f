"""Sums and means within a disc around every cell, the cell itself included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.fields import Fields, read_fields
from leefraster.grid import Grid
from leefraster.scoring.disc import Disc as Disc

Floats = npt.NDArray[np.float64]


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
    places = _places(field)
    disc, sums = places.disc(radius), places.blank()
    for row, values in enumerate(places.values):
        sums[row, places.held] = disc.totals(values)
    return places.wrap(sums, f"sum within {radius:g} m of {_named(field)}", radius)


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
    places = _places(field)
    shares = None if weights is None else _weights(weights, field, places)
    disc, means = places.disc(radius), places.blank()
    for row, values in enumerate(places.values):
        share = None if shares is None else shares[row]
        means[row, places.held] = disc.means(values, share)
    return places.wrap(means, f"mean within {radius:g} m of {_named(field)}", radius)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """The fields of an object at the cells that count: all of a cell index, the valued ones of a raster."""

    fields: Fields
    grid: Grid
    held: npt.NDArray[np.int64]
    values: Floats

    def disc(self, radius: float) -> Disc:
        return Disc.around(self.grid, self.fields.ids[self.held], radius)

    def blank(self) -> Floats:
        return np.full(self.fields.values.shape, np.nan)

    def wrap(self, values: Floats, long_name: str, radius: float) -> xr.DataArray:
        template = self.fields.template
        attrs = {"long_name": long_name, "radius_m": float(radius)}
        attrs |= {"units": template.attrs["units"]} if "units" in template.attrs else {}
        result = self.fields.dataset({"focal": values}, {}, {}, {"focal": attrs})["focal"]
        return result.rename(template.name)


def _places(field: xr.DataArray) -> _Places:
    fields = read_fields(field)
    assert fields.grid is not None
    if fields.space == "raster":
        held = np.flatnonzero((fields.values == fields.values).any(axis=0))
    else:
        held = np.arange(fields.ids.size)
    values = np.ascontiguousarray(fields.values[:, held], dtype=np.float64)
    return _Places(fields, fields.grid, held, values)


def _weights(weights: xr.DataArray, field: xr.DataArray, places: _Places) -> Floats:
    """Return weights laid beside the rows of the field, by the labels of all dimensions."""
    extra = [str(dim) for dim in weights.dims if dim not in field.dims]
    if extra:
        raise UsageError(f"weights have dimension {', '.join(extra)}, which the field lacks")
    given = read_fields(weights, name="weights").values
    if (given < 0).any():
        raise InputError(f"weights: {int((given < 0).sum())} of {given.size} are negative")
    labels = {dim: field[dim] for dim in weights.dims if dim in field.indexes}
    laid = weights.reindex(labels).broadcast_like(field).transpose(*field.dims)
    return np.asarray(read_fields(laid, name="weights").values[:, places.held], dtype=np.float64)


def _named(field: xr.DataArray) -> str:
    return str(field.attrs.get("long_name", field.name or "field"))
