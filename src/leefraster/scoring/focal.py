"""Sums and means within a disc around every cell, the cell itself included."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, from_raster, grid_of, to_raster
from leefraster.errors import InputError
from leefraster.grid import Grid
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbourhood import Neighbourhood

Floats = npt.NDArray[np.float64]
_SAFE_BITS = 62


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """The discs of one radius around sorted cells, ready for sums."""

    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    runs: npt.NDArray[np.int64]

    @classmethod
    def around(cls, grid: Grid, cells: npt.NDArray[np.int64], radius: float) -> Disc:
        """Lay discs of `radius` metres around cells (sorted ids)."""
        rows, columns = grid.row_column_from_cell(cells)
        runs = Neighbourhood.disc(radius).runs(grid.cell)
        return cls(np.ascontiguousarray(columns), row_starts(rows, grid.ny), runs)

    @property
    def most(self) -> int:
        """The largest number of cells that a disc can hold."""
        return min(int((self.runs[:, 2] - self.runs[:, 1] + 1).sum()), max(self.columns.size, 1))

    def sums(self, values: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return per cell the sum of finite values in its disc, and how many cells lie in it.

        Values become integers by a power of two that keeps every disc's sum below 2^62, so that the sums
        do not depend on threads or order.
        """
        largest = float(np.abs(values).max(initial=0.0))
        exponent = _SAFE_BITS - (math.frexp(largest * self.most)[1] if largest > 0 else 0)
        whole = np.rint(np.ldexp(values, exponent)).astype(np.int64)
        sums, counts = np.empty(values.size, np.int64), np.empty(values.size, np.int64)
        rows = self.starts.size - 1
        run_sums(self.columns, self.starts, self.runs, prefix_sum(whole), 0, rows, sums, counts)
        return np.ldexp(sums.astype(np.float64), -exponent), counts

    def means(self, values: Floats, weights: Floats | None) -> Floats:
        """Return per cell the (weighted) mean of the values in its disc, NaN where no weight lies in it."""
        if weights is None:
            held = np.isfinite(values)
            total, count = self.sums(np.where(held, values, 0.0))
            whole = count.astype(np.float64) if held.all() else self.sums(held.astype(np.float64))[0]
        else:
            held = np.isfinite(values) & (weights > 0)
            weight = np.where(held, weights, 0.0)
            total, _ = self.sums(weight * np.where(held, values, 0.0))
            whole, _ = self.sums(weight)
        mean = np.full(values.size, np.nan)
        np.divide(total, whole, out=mean, where=whole > 0)
        return mean


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
        The sum over the cells that hold a value, for every cell of the index (for a raster: every cell that
        holds a value anywhere), in the unit of `field`; NaN where no cell of the disc holds a value.

    Raises
    ------
    UsageError
        When `radius` is not positive and finite, or reaches no neighbouring centre.
    InputError
        When `field` has no `cell` or (`y`, `x`), carries no grid, or holds infinite values.

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
    cells = _cells_of(field, "focal_sum")
    disc = Disc.around(grid_of(cells), cells[CELL].values, radius)

    def total(values: Floats) -> Floats:
        held = np.isfinite(values)
        sums, _ = disc.sums(np.where(held, values, 0.0))
        if not held.all():
            sums[disc.sums(held.astype(np.float64))[0] == 0] = np.nan
        return sums

    sums = np.stack([total(row) for row in _rows(cells)]) if cells.size else np.empty((0, cells.sizes[CELL]))
    return _as_given(field, cells, sums, f"sum within {radius:g} m of {_named(field)}", radius)


def focal_mean(field: xr.DataArray, radius: float, weights: xr.DataArray | None = None) -> xr.DataArray:
    """Average the cells whose centre lies at most `radius` metres from each cell's own.

    Parameters
    ----------
    field : DataArray
        Dimensions (..., `cell`) or (..., `y`, `x`); all leading dimensions are mapped. NaN is missing.
    radius : float
        Metres between centres; centres at exactly `radius` are included, and so is the cell itself.
    weights : DataArray or None
        Weight of a cell, as dwellings: over the same cells, with any of the field's leading dimensions.
        A cell whose weight is missing or 0 is not counted.

    Returns
    -------
    DataArray of float64
        The mean over the cells that hold a value (and a weight), for every cell of the index (for a raster:
        every cell that holds a value anywhere); NaN where no cell of the disc counts.

    Raises
    ------
    UsageError
        When `radius` is not positive and finite, or reaches no neighbouring centre.
    InputError
        When `field` has no `cell` or (`y`, `x`), carries no grid, or holds infinite values; when weights are
        negative, or have a dimension that the field lacks.

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
    cells = _cells_of(field, "focal_mean")
    disc = Disc.around(grid_of(cells), cells[CELL].values, radius)
    shares = [None] * len(_rows(cells)) if weights is None else list(_weight_rows(weights, cells))
    rows = [disc.means(row, share) for row, share in zip(_rows(cells), shares, strict=True)]
    means = np.stack(rows) if rows else np.empty((0, cells.sizes[CELL]))
    return _as_given(field, cells, means, f"mean within {radius:g} m of {_named(field)}", radius)


def _cells_of(field: xr.DataArray, caller: str) -> xr.DataArray:
    """Return the field over (..., `cell`), sorted, without infinities."""
    if CELL in field.dims:
        cells = field.transpose(..., CELL)
    elif {"y", "x"} <= set(field.dims):
        cells = from_raster(field).transpose(..., CELL)
    else:
        raise InputError(f"{caller}: needs dimension 'cell', or 'y' and 'x'; this has {tuple(field.dims)}")
    ids = cells[CELL].values
    if (np.diff(ids) <= 0).any():
        raise InputError(f"{caller}: cell ids must ascend without duplicates; sort with .sortby('cell')")
    if np.isinf(cells.values).any():
        raise InputError(f"{caller}: {int(np.isinf(cells.values).sum())} values are infinite; missing is NaN")
    return cells


def _rows(cells: xr.DataArray) -> Floats:
    return np.ascontiguousarray(cells.values, dtype=np.float64).reshape(-1, cells.sizes[CELL])


def _weight_rows(weights: xr.DataArray, cells: xr.DataArray) -> Floats:
    """Return weights laid beside the rows of `cells`, by the labels of all dimensions."""
    given = _on_cells(weights, cells)
    extra = [str(dim) for dim in given.dims if dim not in cells.dims]
    if extra:
        raise InputError(f"focal_mean: weights have dimension {', '.join(extra)}, which the field lacks")
    held = given.reindex({dim: cells[dim] for dim in given.dims if dim in cells.indexes})
    negative = int((held < 0).sum())
    if negative or np.isinf(held.values).any():
        raise InputError(f"focal_mean: weights must be finite and 0 or more; {negative} are negative")
    return _rows(held.broadcast_like(cells).transpose(*cells.dims))


def _on_cells(weights: xr.DataArray, cells: xr.DataArray) -> xr.DataArray:
    """Pick from a raster of weights the cells of the field; cell-indexed weights stay as they are."""
    if CELL in weights.dims:
        return weights
    if not {"y", "x"} <= set(weights.dims):
        raise InputError(
            f"focal_mean: weights need dimension 'cell', or 'y' and 'x'; have {tuple(weights.dims)}"
        )
    return weights.sel(x=cells["x"], y=cells["y"]).drop_vars(["x", "y"])


def _as_given(
    field: xr.DataArray, cells: xr.DataArray, values: Floats, long_name: str, radius: float
) -> xr.DataArray:
    """Return results over the dimensions of `field`, as a raster where that was given."""
    attrs: dict[str, Any] = {"long_name": long_name, "radius_m": float(radius)}
    if "units" in field.attrs:
        attrs["units"] = field.attrs["units"]
    result = xr.DataArray(
        values.reshape(cells.shape), dims=cells.dims, coords=cells.coords, name=field.name, attrs=attrs
    )
    if CELL in field.dims:
        return result
    raster = to_raster(result)
    for dim in ("y", "x"):
        if field.sizes[dim] > 1 and (field[dim][0] < field[dim][1]) != (raster[dim][0] < raster[dim][1]):
            raster = raster.isel({dim: slice(None, None, -1)})
    return raster.assign_coords(y=field["y"], x=field["x"]).transpose(*field.dims)


def _named(field: xr.DataArray) -> str:
    return str(field.attrs.get("long_name", field.name or "field"))
