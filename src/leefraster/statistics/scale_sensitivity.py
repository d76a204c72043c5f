"""How a statistic depends on the size of cells, on where their borders lie, and on the neighbourhood."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, cell_coordinates
from leefraster.errors import INSIDE, InputError, NoNeighboursWarning, NoVarianceWarning, UsageError
from leefraster.fields import Fields, read_fields, valid_mask
from leefraster.grid import Grid
from leefraster.lazy import computed
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.plan import one_of, provenance

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

GLOBAL = {"moran": "I", "geary": "C"}
LOCAL = {"local_moran": "cluster", "getis_ord": "spot"}
SHIFTS = 5  # along each side, at most
SPOT = 2  # the code of 95 %
UNTESTED = -9


@computed
def scale_sensitivity(
    field: xr.DataArray,
    *,
    statistic: Literal["moran", "geary", "local_moran", "getis_ord"] = "moran",
    cells: Sequence[float] | None = None,
    offsets: bool = True,
    neighbourhoods: Neighbourhood | Sequence[Neighbourhood] | None = None,
    radii: Sequence[float] | None = None,
    weights: xr.DataArray | None = None,
    minimum_share: float = 0.0,
    **options: Any,
) -> pd.DataFrame:
    """Recompute a statistic on coarser cells, on shifted cells and in other neighbourhoods.

    Squares are a choice, and so is where the first one begins: a conclusion that does not survive another choice
    is about the squares (the modifiable areal unit problem, Openshaw 1984). A coarser cell holds the (weighted)
    mean of the cells in it.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`) or (..., `y`, `x`); NaN is missing.
    statistic : {"moran", "geary", "local_moran", "getis_ord"}
        What is recomputed.
    cells : sequence of float or None
        Sizes of cells in metres, multiples of the field's own, which always comes first; None is one, two and
        five times that (100, 200 and 500 m on the Dutch squares).
    offsets : bool
        Whether a coarser cell is also laid at every distinct shift by whole cells of the field: 4 for twice the
        size, 25 for five times. Beyond that, 25 shifts spread evenly. Shift 0 has its borders at multiples of
        the size.
    neighbourhoods : Neighbourhood, sequence of Neighbourhood or None
        None is queen; of queen and rook the reach grows with the cells, of discs and rings it does not.
    radii : sequence of float or None
        Discs of these radii in metres, besides `neighbourhoods`.
    weights : DataArray or None
        Weight of a cell in the mean of a coarser one, as dwellings: over the places of the field and any of its
        leading dimensions. Cells whose weight is missing or 0 do not count in it.
    minimum_share : float
        Share of a coarser cell's cells that must count, else the coarser cell is missing.
    **options
        Further options of the statistic, such as `weighting` or `alternative`.

    Returns
    -------
    pandas.DataFrame
        One row for each leading label, size, shift and neighbourhood: `cell`, `offset_x`, `offset_y` (m),
        `neighbourhood`, `n` (cells with a value); and for a global statistic `I` or `C`, `expected`,
        `z`, `p`; for a local one `high`, `low` (shares of the field's own cells that lie in a tested cell and
        there in a high-high or low-low cluster, or a hot or cold spot at q <= .05), `compared` (cells tested here
        and in the first row), `agreement` (the share of these with the same code: cluster 0 to 4; cold, neither,
        hot) and `kappa` (the same beyond chance, Cohen 1960). The first row is the field as it is, the first
        neighbourhood. Results are NaN where a neighbourhood reaches no neighbour in cells of that size, or the
        cells have no variance or neighbours.

    Raises
    ------
    UsageError
        When an option is not allowed, the field has no cells, or a size is no multiple of the field's.
    InputError
        When a value is infinite, a cell occurs twice, or a weight is negative or infinite.

    Warns
    -----
    NoVarianceWarning
        When some of the fields have no variance, no cell with a neighbour, or fewer than three values: their
        results are NaN.

    References
    ----------
    Openshaw, S. (1984). The Modifiable Areal Unit Problem. CATMOG 38. Geo Books, Norwich.
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement
    20, 37-46.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> values = np.add.outer(np.arange(8.0), np.arange(8.0) % 3)
    >>> raster = xr.DataArray(values, dims=("y", "x"), coords={"y": np.arange(750.0, 0, -100),
    ...                                                        "x": np.arange(50.0, 800, 100)})
    >>> table = lr.scale_sensitivity(raster, cells=(100, 200), offsets=False)
    >>> table[["cell", "n", "I"]].round(4).values.tolist()
    [[100.0, 64.0, 0.7972], [200.0, 16.0, 0.5978]]
    """
    one_of("statistic", statistic, (*GLOBAL, *LOCAL))
    if not 0 <= minimum_share <= 1:
        raise UsageError(f"minimum_share is {minimum_share}; it must lie between 0 and 1")
    fields = read_fields(field)
    assert fields.grid is not None
    shares = None if weights is None else _weights(weights, field)
    around = _neighbourhoods(neighbourhoods, radii)
    sizes = _multiples(cells, fields.grid.cell)
    rows: list[dict[str, Any]] = []
    flat = 0
    for row, labels in enumerate(_leading_labels(fields)):
        base = _Base.of(fields, row, None if shares is None else shares[row])
        first: Codes | None = None
        for shift in _shifts(sizes, offsets):
            coarse = base.coarser(shift, minimum_share)
            for near in around:
                result = _computed(statistic, coarse, near, options)
                flat += result is None and _reaches(near, coarse.cell)
                if statistic in GLOBAL:
                    columns = _global_columns(GLOBAL[statistic], result)
                else:
                    codes = _codes(LOCAL[statistic], result, coarse)
                    first = codes if first is None else first
                    columns = _local_columns(LOCAL[statistic], codes, first)
                about = shift.about(fields.grid.cell) | {"neighbourhood": repr(near), "n": coarse.field.size}
                rows.append(labels | about | columns)
    if flat:
        warnings.warn(
            f"scale_sensitivity: {flat} of {len(rows)} fields have no variance, no neighbours or fewer than 3 "
            "values; their results are NaN",
            NoVarianceWarning,
            skip_file_prefixes=INSIDE,
        )
    return _table(rows, provenance(f"scale sensitivity of {statistic}", around[0], **options))


def _table(rows: list[dict[str, Any]], attrs: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows)
    table.attrs = {name: value for name, value in attrs.items() if name != "neighbourhood"}
    return table


@dataclass(frozen=True, slots=True)
class _Shift:
    """Coarser cells of `multiple` by `multiple` cells, moved `east` and `north` cells from round coordinates."""

    multiple: int
    east: int = 0
    north: int = 0

    def about(self, cell: float) -> dict[str, float]:
        """Return size and offsets in metres."""
        return {"cell": self.multiple * cell, "offset_x": self.east * cell, "offset_y": self.north * cell}


@dataclass(frozen=True, slots=True)
class _Coarse:
    """A field on coarser cells; `member` is the coarser cell of each of the field's own, -1 for none."""

    field: xr.DataArray
    member: Ints
    cell: float


@dataclass(frozen=True, slots=True)
class _Base:
    """The cells of one field that hold a value, with their weights."""

    grid: Grid
    ids: Ints
    values: Floats
    weights: Floats

    @classmethod
    def of(cls, fields: Fields, row: int, weights: Floats | None) -> _Base:
        """Take one field."""
        assert fields.grid is not None
        valid = valid_mask(fields.values[row])
        held = np.ones(int(valid.sum())) if weights is None else np.nan_to_num(weights[valid])
        return cls(fields.grid, fields.ids[valid], fields.values[row][valid].astype(np.float64), held)

    def coarser(self, shift: _Shift, minimum_share: float) -> _Coarse:
        """Return the means of coarser cells; cells of the field's own size are left as they are."""
        size = shift.multiple * self.grid.cell
        if self.ids.size == 0:
            return _Coarse(_cell_field(self.grid, self.ids, self.values), self.ids, size)
        grid, ids = _laid_over(self.grid, self.ids, shift)
        kept, member = np.unique(ids, return_inverse=True)
        if shift.multiple == 1:
            return _Coarse(_cell_field(grid, kept, self.values), member, size)
        counting = self.weights > 0
        whole = np.bincount(member, self.weights, kept.size)
        total = np.bincount(member, np.where(counting, self.weights * self.values, 0.0), kept.size)
        share = np.bincount(member, counting, kept.size) / shift.multiple**2
        held = (whole > 0) & (share >= minimum_share)
        position = np.where(held, np.cumsum(held) - 1, -1)
        return _Coarse(_cell_field(grid, kept[held], total[held] / whole[held]), position[member], size)


def _laid_over(grid: Grid, cells: Ints, shift: _Shift) -> tuple[Grid, Ints]:
    """Return the smallest grid of coarser cells over given cells, and the coarser cell that each lies in."""
    rows, columns = grid.row_column_from_cell(cells)
    west, top = (math.floor(edge / grid.cell + 1e-9) for edge in (grid.x_min, grid.y_max))
    east = (west + columns - shift.east) // shift.multiple
    north = (top - 1 - rows - shift.north) // shift.multiple
    first, last = int(east.min()), int(north.max())
    x_min = grid.x_min + (first * shift.multiple + shift.east - west) * grid.cell
    y_max = grid.y_max + ((last + 1) * shift.multiple + shift.north - top) * grid.cell
    nx, ny = int(east.max()) - first + 1, last - int(north.min()) + 1
    coarse = Grid(x_min, y_max, nx, ny, shift.multiple * grid.cell, grid.crs)
    return coarse, (last - north) * nx + east - first


def _cell_field(grid: Grid, ids: Ints, values: Floats) -> xr.DataArray:
    return xr.DataArray(values, dims=CELL, coords=cell_coordinates(grid, ids))


def _multiples(cells: Sequence[float] | None, cell: float) -> list[int]:
    """Return sizes as multiples of the field's cell, itself first.

    Raises
    ------
    UsageError
        When one is not a whole multiple of at least 1.
    """
    if cells is None:
        return [1, 2, 5]
    found = {1}
    for size in cells:
        multiple = round(size / cell) if math.isfinite(size) else 0
        if multiple < 1 or not math.isclose(multiple * cell, size, rel_tol=1e-9):
            raise UsageError(
                f"cells holds {size:g} m, which is no multiple of the field's cells of {cell:g} m"
            )
        found.add(multiple)
    return sorted(found)


def _shifts(multiples: list[int], offsets: bool) -> Iterator[_Shift]:
    for multiple in multiples:
        steps = range(multiple) if multiple <= SHIFTS else [i * multiple // SHIFTS for i in range(SHIFTS)]
        for north in steps if offsets else (0,):
            for east in steps if offsets else (0,):
                yield _Shift(multiple, east, north)


def _neighbourhoods(
    given: Neighbourhood | Sequence[Neighbourhood] | None, radii: Sequence[float] | None
) -> list[Neighbourhood]:
    if given is None:
        found = [] if radii else [Neighbourhood.queen()]
    else:
        found = [given] if isinstance(given, Neighbourhood) else list(given)
    found += [Neighbourhood.disc(radius) for radius in radii or ()]
    for one in found:
        if not isinstance(one, Neighbourhood):
            raise UsageError(f"neighbourhoods holds a {type(one).__name__}; each must be a Neighbourhood")
    if not found:
        raise UsageError("neighbourhoods is empty; give at least one, or None for queen")
    return found


def _weights(weights: xr.DataArray, field: xr.DataArray) -> Floats:
    """Return weights laid beside the rows of the field, by label.

    Raises
    ------
    UsageError
        When they have a dimension that the field lacks.
    InputError
        When one is negative or infinite.
    """
    read_fields(weights, name="weights")
    extra = [str(dim) for dim in weights.dims if dim not in field.dims]
    if extra:
        raise UsageError(f"weights have dimension {', '.join(extra)}, which the field lacks")
    if (weights < 0).any():
        raise InputError(f"weights: {int((weights < 0).sum())} of {weights.size} are negative")
    labels = {dim: field[dim] for dim in weights.dims if dim in field.indexes}
    laid = weights.reindex(labels).broadcast_like(field).transpose(*field.dims)
    return np.asarray(read_fields(laid, name="weights").values, dtype=np.float64)


def _leading_labels(fields: Fields) -> list[dict[str, Any]]:
    """Return for each field the labels of its leading dimensions (positions where there are none)."""
    template, names = fields.template, fields.leading
    sizes = [template.sizes[name] for name in names]
    labels = {n: template[n].values if n in template.coords else np.arange(template.sizes[n]) for n in names}
    return [{str(n): labels[n][i] for n, i in zip(names, at, strict=True)} for at in np.ndindex(*sizes)]


def _computed(
    statistic: str, coarse: _Coarse, near: Neighbourhood, options: dict[str, Any]
) -> xr.Dataset | None:
    """Return the statistic's result, None where there is nothing to compute it from; other warnings pass."""
    if coarse.field.size == 0 or not _reaches(near, coarse.cell):
        return None
    compute = getattr(importlib.import_module(f"leefraster.statistics.{statistic}"), statistic)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result: xr.Dataset = compute(coarse.field, near, **options)
    flat = [one for one in caught if issubclass(one.category, NoVarianceWarning | NoNeighboursWarning)]
    for one in caught:
        if one not in flat:
            warnings.warn(one.message, one.category, skip_file_prefixes=INSIDE)
    return None if flat else result


def _reaches(near: Neighbourhood, cell: float) -> bool:
    try:
        return near.size(cell) > 0
    except UsageError:
        return False


def _global_columns(name: str, result: xr.Dataset | None) -> dict[str, float]:
    names = (name, "expected", "z", "p")
    return {name: math.nan if result is None else float(result[name]) for name in names}


def _codes(name: str, result: xr.Dataset | None, coarse: _Coarse) -> Codes:
    """Return what the test found where each of the field's own cells lies, UNTESTED where there is none."""
    if result is None:
        return np.full(coarse.member.size, UNTESTED, np.int8)
    code = result[name].values
    if name == "spot":
        code = np.sign(code) * (np.abs(code) >= SPOT)
    code = np.where(np.isnan(result["p"].values), UNTESTED, code).astype(np.int8)
    return np.where(coarse.member >= 0, code[coarse.member], np.int8(UNTESTED))


def _local_columns(name: str, codes: Codes, first: Codes) -> dict[str, float]:
    """Return the shares that are high and low, and the agreement with the first row."""
    tested = codes != UNTESTED
    high, low = (1, 3) if name == "cluster" else (1, -1)
    both = tested & (first != UNTESTED)
    agreement, kappa = _agreement(codes[both], first[both])
    return {
        "high": _share(codes[tested] == high),
        "low": _share(codes[tested] == low),
        "compared": int(both.sum()),
        "agreement": agreement,
        "kappa": kappa,
    }


def _share(held: npt.NDArray[np.bool_]) -> float:
    return float(held.mean()) if held.size else math.nan


def _agreement(codes: Codes, others: Codes) -> tuple[float, float]:
    """Return the share of equal codes, and Cohen's kappa: NaN where both hold one code only, the same."""
    if codes.size == 0:
        return math.nan, math.nan
    equal = float((codes == others).mean())
    chance = sum(float((codes == c).mean()) * float((others == c).mean()) for c in np.unique(codes))
    return equal, (equal - chance) / (1 - chance) if chance < 1 else math.nan
