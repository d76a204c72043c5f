"""Variables over years and cells that are read in pieces: sorted cell ids, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.bands.band import Band, cut
from leefraster.bands.source import BandedField, Sliced
from leefraster.cells import CELL, cell_coordinates
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid

Ints = npt.NDArray[np.int64]
YEAR = "year"


class Cut(Protocol):
    """An array that is read along its last axis, as ``array[..., 10:20]``: of numpy, on disk, or of zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    @property
    def dtype(self) -> Any:
        """Its type."""
        ...

    def __getitem__(self, key: Any) -> Any:
        """Return a part."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Arrays over the same cells, one a year, as if they were one array over (year, cell)."""

    rows: tuple[Sliced, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Years and cells."""
        return (len(self.rows), int(self.rows[0].shape[0]))

    @property
    def dtype(self) -> Any:
        """The type that holds the values of all years."""
        return np.result_type(*(row.dtype for row in self.rows))

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        """Return a part of all years, or of one: ``rows[..., 10:20]``, ``rows[2, 10:20]``."""
        which, here = key
        if which is Ellipsis:
            return np.stack([np.asarray(row[here], dtype=self.dtype) for row in self.rows])
        return np.asarray(self.rows[which][here], dtype=self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One year of an array over (year, cell), as an array over cells."""

    array: Cut
    row: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (int(self.array.shape[-1]),)

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    def __getitem__(self, key: slice) -> npt.NDArray[Any]:
        return np.asarray(self.array[self.row, key])


@dataclass(frozen=True, slots=True, eq=False)
class BandedPanel:
    """Variables over sorted cells and years that need not fit in memory; see `of`.

    Attributes
    ----------
    ids : array
        Sorted cell ids.
    grid : Grid
        Grid of the cells.
    starts : ndarray of int64, shape (ny + 1,)
        Position of the first cell of each grid row.
    variables : mapping of str to (dims, array)
        Name of each variable, its dimensions and values; `cell`, where it is one, is the last.
    coords : mapping of str to array
        Labels of the other dimensions, as `year`.
    attrs : mapping of str to mapping
        Attributes of variables, as their units.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> level = np.array([[4.0, 4.1, 4.2, 4.3], [4.1, 4.1, 4.1, 4.1]])  # an array over (year, cell)
    >>> variables = {"level": level, "dwellings": np.array([10, 0, 25, 4])}
    >>> panel = lr.bands.BandedPanel.of(np.arange(4), variables, lr.Grid(0, 200, 2, 2), years=[2018, 2024])
    >>> panel.n, panel.years.tolist()
    (4, [2018, 2024])
    >>> panel.field("level", 2024).values[0:2].tolist()
    [4.1, 4.1]
    """

    ids: Sliced
    grid: Grid
    starts: Ints
    variables: Mapping[str, tuple[tuple[str, ...], Any]]
    coords: Mapping[str, npt.NDArray[Any]]
    attrs: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(
        cls,
        ids: Sliced,
        variables: Mapping[str, Any],
        grid: Grid,
        *,
        years: Sequence[int] | npt.ArrayLike | None = None,
        coords: Mapping[str, npt.ArrayLike] | None = None,
        attrs: Mapping[str, Mapping[str, Any]] | None = None,
        starts: Ints | None = None,
    ) -> BandedPanel:
        """Return a panel of variables that share their cells.

        Parameters
        ----------
        ids : array of int, shape (cells,)
            Sorted cell ids: numpy, `np.memmap` or zarr, as all arrays here.
        variables : mapping of str to array
            An array over (`cell`) or (`year`, `cell`); a list of arrays over cells, one a year; or
            ``(dims, array)`` for other dimensions, of which `cell` must be the last where it is one.
        grid : Grid
            Grid of the cells.
        years : sequence of int, optional
            The measurement years, in the order of the arrays.
        coords : mapping of str to sequence, optional
            Labels of other dimensions, as those of `dimension`.
        attrs : mapping of str to mapping, optional
            Attributes of variables: ``{"noise": {"units": "dB"}}``.
        starts : ndarray, optional
            Where the grid rows begin; found by reading the ids once when None.

        Raises
        ------
        InputError
            When a variable has another number of cells, years or labels, or ids are not sorted, occur twice or
            lie outside the grid.
        UsageError
            When a variable has years and none are given, or `cell` is not its last dimension; when `grid` is no
            Grid, or `variables` no mapping of arrays.

        Examples
        --------
        >>> import numpy as np, leefraster as lr
        >>> panel = lr.bands.BandedPanel.of(
        ...     np.arange(6), {"level": np.arange(18.0).reshape(3, 6)}, lr.Grid(0, 200, 3, 2),
        ...     years=[2020, 2022, 2024])
        >>> panel.n, panel.years.tolist(), panel.field("level", 2022).values[2:4].tolist()
        (6, [2020, 2022, 2024], [8.0, 9.0])
        """
        if not isinstance(variables, Mapping):
            raise UsageError(f"variables is a {type(variables).__name__}; it must give arrays by name")
        labels = {str(name): np.asarray(values) for name, values in (coords or {}).items()}
        if years is not None:
            labels[YEAR] = np.asarray(years)
        known = BandedField.of(ids, ids, grid, starts).starts
        found = {str(name): _read(str(name), given) for name, given in variables.items()}
        n = int(ids.shape[0])
        for name, (dims, array) in found.items():
            _refuse_other_sizes(name, dims, array, n, labels)
        return cls(ids, grid, known, found, labels, {k: dict(v) for k, v in (attrs or {}).items()})

    @property
    def n(self) -> int:
        """How many cells there are."""
        return int(self.ids.shape[0])

    @property
    def years(self) -> npt.NDArray[Any]:
        """The measurement years, in the order of the arrays; none where there are none."""
        return self.coords.get(YEAR, np.empty(0, np.int64))

    def bands(self, *, cells: int, multiple: int = 1, halo: int = 0) -> list[Band]:
        """Cut the panel into bands of so many cells, with so many rows of halo above and below."""
        return cut(self.starts, np.array([[-halo, 0, 0], [halo, 0, 0]]), cells, multiple)

    def own(self, band: Band, names: Sequence[str] | None = None) -> xr.Dataset:
        """Return the variables (or some) of a band's own cells, with all labels."""
        return self._dataset(slice(band.first, band.last), names)

    def around(self, band: Band, names: Sequence[str] | None = None) -> xr.Dataset:
        """Return the variables (or some) of a band and its halo, with all labels."""
        return self._dataset(slice(band.begin, band.end), names)

    def field(self, name: str, year: int | None = None) -> BandedField:
        """Return one variable, of one year where it has years, as a field.

        Raises
        ------
        UsageError
            When there is no such variable or year, or the variable is not over cells or (year, cell).
        """
        self.require(name)
        dims, array = self.variables[name]
        if dims == (CELL,):
            return BandedField(self.ids, array, self.grid, self.starts)
        if dims != (YEAR, CELL) or year not in self.years.tolist():
            raise UsageError(
                f"{name} of {year}: it has dimensions {dims}, and measured are "
                f"{', '.join(map(str, self.years.tolist()))}"
            )
        return BandedField(self.ids, _Row(array, self.years.tolist().index(year)), self.grid, self.starts)

    def require(self, *names: str) -> None:
        """Refuse names that no variable has.

        Raises
        ------
        UsageError
            When one has not; the message lists those there are.
        """
        for name in names:
            if name not in self.variables:
                raise UsageError(
                    f"the panel has no variable {name!r}; it has {', '.join(sorted(self.variables))}"
                )

    def with_variables(self, variables: Mapping[str, Any]) -> BandedPanel:
        """Return the panel with more variables, given as to `of`."""
        mine: dict[str, Any] = dict(self.variables)
        return BandedPanel.of(
            self.ids,
            mine | dict(variables),
            self.grid,
            coords=self.coords,
            attrs=self.attrs,
            starts=self.starts,
        )

    def _dataset(self, here: slice, names: Sequence[str] | None) -> xr.Dataset:
        wanted = list(self.variables) if names is None else list(names)
        self.require(*wanted)
        places = cell_coordinates(self.grid, np.asarray(self.ids[here], dtype=np.int64))
        return xr.Dataset(
            {name: self._variable(name, here) for name in wanted},
            coords={**places, **{name: (name, values) for name, values in self.coords.items()}},
        )

    def _variable(self, name: str, here: slice) -> xr.Variable:
        dims, array = self.variables[name]
        values = np.asarray(array[..., here] if CELL in dims else array)
        return xr.Variable(dims, values, dict(self.attrs.get(name, {})))


def _read(name: str, given: Any) -> tuple[tuple[str, ...], Any]:
    """Return dimensions and values of a variable as it was given."""
    if isinstance(given, list) and given:
        return (YEAR, CELL), Rows(tuple(given))
    if isinstance(given, tuple) and len(given) == 2 and not hasattr(given[0], "shape"):
        dims = (given[0],) if isinstance(given[0], str) else tuple(map(str, given[0]))
        array = given[1] if hasattr(given[1], "shape") else np.asarray(given[1])
        if CELL in dims[:-1]:
            raise UsageError(f"{name} has dimensions {dims}; 'cell' must be the last")
        return dims, array
    if not hasattr(given, "shape") or len(given.shape) not in (1, 2):
        raise UsageError(
            f"{name}: give an array over (cell) or (year, cell), a list of arrays over cells, or (dims, array)"
        )
    return ((CELL,) if len(given.shape) == 1 else (YEAR, CELL)), given


def _refuse_other_sizes(
    name: str, dims: tuple[str, ...], array: Any, n: int, labels: Mapping[str, npt.NDArray[Any]]
) -> None:
    if len(dims) != len(array.shape):
        raise InputError(f"{name} has shape {array.shape}, but dimensions {dims}")
    if YEAR in dims and YEAR not in labels:
        raise UsageError(f"{name} is over years; say which: years=...")
    wanted = {CELL: n, **{dim: values.size for dim, values in labels.items()}}
    rows: Iterator[Any] = iter(array.rows) if isinstance(array, Rows) else iter(())
    lengths = {int(row.shape[0]) for row in rows}
    if len(lengths) > 1:
        raise InputError(f"{name}: its years have {sorted(lengths)} cells; wanted are {n} in each")
    for dim, size in zip(dims, array.shape, strict=True):
        if dim in wanted and size != wanted[dim]:
            raise InputError(f"{name} has {size} along {dim!r}; wanted are {wanted[dim]}")


def require_panel(panel: object) -> None:
    """Refuse what is no panel in bands.

    Raises
    ------
    UsageError
        When `panel` is something else.
    """
    if not isinstance(panel, BandedPanel):
        raise UsageError(
            f"panel is a {type(panel).__name__}; it must be a BandedPanel, as lr.bands.BandedPanel.of(...)"
        )
