"""The grid: an immutable value that turns codes, coordinates, rows and columns into cell ids and back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Position = Literal["inside", "centre", "corner"]

_PREFIX = re.compile(r"^(?:CRS(\d+)RES(\d+)M|C(\d+)R(\d+))[ _-]*")
_CODE = re.compile(r"^E(\d{4,5})N(\d{4,5})$")
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of square cells, row 0 in the north.

    Parameters
    ----------
    x_min : float
        Easting of the western edge, in metres (or the unit of `crs`).
    y_max : float
        Northing of the northern edge.
    nx, ny : int
        Number of columns and rows.
    cell : float
        Side of a cell, in metres.
    crs : str, int or None
        Coordinate reference system, as ``"EPSG:28992"`` (an int is taken as EPSG number) or WKT.

    Raises
    ------
    UsageError
        When the size is not positive or an edge is not finite.

    Examples
    --------
    >>> from leefraster import Grid
    >>> grid = Grid.netherlands()
    >>> int(grid.cell_from_code(["E0974N4514"])[0])
    5355974
    >>> grid.code_from_cell([5355974]).tolist()
    ['E0974N4514']
    """

    x_min: float
    y_max: float
    nx: int
    ny: int
    cell: float = 100.0
    crs: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.crs, int):
            object.__setattr__(self, "crs", f"EPSG:{self.crs}")
        for name in ("nx", "ny"):
            value = int(getattr(self, name))
            if value < 1:
                raise UsageError(f"Grid: {name} is {value}, it must be at least 1")
            object.__setattr__(self, name, value)
        for name in ("x_min", "y_max", "cell"):
            edge = float(getattr(self, name))
            if not math.isfinite(edge):
                raise UsageError(f"Grid: {name} is {edge}, it must be finite")
            object.__setattr__(self, name, edge)
        if self.cell <= 0:
            raise UsageError(f"Grid: cell is {self.cell}, it must be positive (metres)")

    @classmethod
    def netherlands(cls, cell: float = 100.0) -> Grid:
        """Return the grid of the Dutch squares: RD New, easting 0-300 km, northing 300-630 km."""
        return cls(0.0, 630_000.0, round(300_000 / cell), round(330_000 / cell), cell, "EPSG:28992")

    @classmethod
    def covering(
        cls, x: npt.ArrayLike, y: npt.ArrayLike, cell: float = 100.0, crs: str | int | None = None
    ) -> Grid:
        """Return the smallest grid aligned to multiples of `cell` that holds all the given points.

        Parameters
        ----------
        x, y : array_like of float
            Coordinates of points in metres, of equal length.
        cell : float
            Side of a cell, in metres.
        crs : str, int or None
            Coordinate reference system of the points.

        Raises
        ------
        InputError
            When there are no points or a coordinate is not finite.

        Examples
        --------
        >>> Grid.covering([150.0, 320.0], [50.0, 50.0])
        Grid(x_min=100.0, y_max=100.0, nx=3, ny=1, cell=100.0, crs=None)
        """
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if xs.size == 0 or xs.shape != ys.shape:
            raise InputError(f"Grid.covering: needs x and y of equal length, got {xs.size} and {ys.size}")
        if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
            raise InputError("Grid.covering: x and y must be finite")
        west, south = math.floor(xs.min() / cell), math.floor(ys.min() / cell)
        east, north = math.floor(xs.max() / cell) + 1, math.floor(ys.max() / cell) + 1
        name = f"EPSG:{crs}" if isinstance(crs, int) else crs
        return cls(west * cell, north * cell, east - west, north - south, cell, name)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.ny, self.nx

    @property
    def size(self) -> int:
        """Number of cells of the whole grid, inhabited or not."""
        return self.nx * self.ny

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge, in metres."""
        return (
            self.x_min,
            self.y_max - self.ny * self.cell,
            self.x_min + self.nx * self.cell,
            self.y_max,
        )

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """GDAL's geotransform of the north-up grid."""
        return self.x_min, self.cell, 0.0, self.y_max, 0.0, -self.cell

    @property
    def x(self) -> Floats:
        """Eastings of the column centres, ascending."""
        return self.x_min + (np.arange(self.nx) + 0.5) * self.cell

    @property
    def y(self) -> Floats:
        """Northings of the row centres, descending."""
        return self.y_max - (np.arange(self.ny) + 0.5) * self.cell

    def row_column_from_cell(self, cells: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Return row and column of cell ids (``id = row * nx + column``)."""
        ids = self._checked(cells)
        return ids // self.nx, ids % self.nx

    def cell_from_row_column(self, row: npt.ArrayLike, column: npt.ArrayLike) -> Ints:
        """Return the ids of cells by row and column.

        Raises
        ------
        InputError
            When a row or column lies outside the grid.
        """
        rows, columns = np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64)
        outside = (rows < 0) | (rows >= self.ny) | (columns < 0) | (columns >= self.nx)
        if outside.any():
            raise InputError(f"{int(outside.sum())} cells lie outside the grid of {self.ny} x {self.nx}")
        return rows * self.nx + columns

    def xy_from_cell(self, cells: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return easting and northing of the centres of cells, in metres."""
        rows, columns = self.row_column_from_cell(cells)
        return self.x_min + (columns + 0.5) * self.cell, self.y_max - (rows + 0.5) * self.cell

    def cell_from_xy(
        self, x: npt.ArrayLike, y: npt.ArrayLike, *, position: Position = "inside", source: str = "points"
    ) -> Ints:
        """Return the ids of the cells that hold the given points.

        Parameters
        ----------
        x, y : array_like of float
            Coordinates in metres, of equal length.
        position : {"inside", "centre", "corner"}
            ``"inside"`` takes any point and snaps it down to its cell (a point on an edge belongs to the
            cell east and north of it). ``"centre"`` and ``"corner"`` require that every point is a cell
            centre, or a lower-left corner, to within 1 % of a cell.
        source : str
            Name used in messages, usually the file.

        Returns
        -------
        ndarray of int64
            Cell ids in the order of the points.

        Raises
        ------
        InputError
            When a coordinate is missing, a point is outside the grid, or (``"centre"``, ``"corner"``)
            off the lattice; the message gives the count, examples and the offset.

        Examples
        --------
        >>> Grid.netherlands().cell_from_xy([97_450.0], [451_450.0], position="centre").tolist()
        [5355974]
        """
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        bad = ~(np.isfinite(xs) & np.isfinite(ys))
        if bad.any():
            raise InputError(f"{source}: {int(bad.sum())} of {xs.size} points lack a finite x or y")
        if position not in ("inside", "centre", "corner"):
            raise UsageError(f"position is {position!r}; allowed are 'inside', 'centre', 'corner'")
        # The small push keeps a corner that float arithmetic put a hair to the south-west in its own cell.
        push = 0.0 if position == "centre" else 1e-9
        across, down = (xs - self.x_min) / self.cell, (self.y_max - ys) / self.cell
        if position != "inside":
            self._require_aligned(xs, ys, position, source)
        column = np.floor(across + push).astype(np.int64)
        row = (np.ceil(down - push) - 1).astype(np.int64)
        outside = (row < 0) | (row >= self.ny) | (column < 0) | (column >= self.nx)
        if outside.any():
            shown = [f"({a:g}, {b:g})" for a, b in zip(xs[outside][:5], ys[outside][:5], strict=True)]
            raise InputError(
                f"{source}: {int(outside.sum())} of {xs.size} points lie outside the grid "
                f"({self._extent()}); first: {', '.join(shown)}. Drop them "
                "(drop_outside = true in a configuration), or use a grid that covers them"
            )
        return row * self.nx + column

    def contains_xy(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which points lie inside the grid (west and south edge included)."""
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        west, south, east, north = self.bounds
        return (xs >= west) & (xs < east) & (ys >= south) & (ys < north)

    def _require_aligned(self, xs: Floats, ys: Floats, position: Position, source: str) -> None:
        target = 0.5 if position == "centre" else 0.0
        off_x = ((xs - self.x_min) / self.cell - target + 0.5) % 1.0 - 0.5
        off_y = ((ys - self.y_max) / self.cell - target + 0.5) % 1.0 - 0.5
        off = (np.abs(off_x) > 0.01) | (np.abs(off_y) > 0.01)
        if off.any():
            first = int(np.flatnonzero(off)[0])
            other = "corner" if position == "centre" else "centre"
            raise InputError(
                f"{source}: {int(off.sum())} of {xs.size} points are not the {position} of a "
                f"{self.cell:g} m cell; first ({xs[first]:g}, {ys[first]:g}) is off by "
                f"({off_x[first] * self.cell:+.1f}, {off_y[first] * self.cell:+.1f}) m. "
                f"If these are cell {other}s, say so (position = {other!r})"
            )

    def cell_from_code(self, codes: npt.ArrayLike, *, source: str = "codes") -> Ints:
        """Return the ids of cells by their code, ``E0974N4514``: lower-left corner in hectometres.

        Lower case, blanks around and the prefixes of CBS (``CRS28992RES100m``) are accepted.

        Parameters
        ----------
        codes : array_like of str
            One code a cell.
        source : str
            Name used in messages, usually the file.

        Returns
        -------
        ndarray of int64
            Cell ids in the order of the codes.

        Raises
        ------
        InputError
            When codes are malformed, of another CRS or resolution than the grid's, off the lattice, or
            outside the grid; the message gives the count and the first examples.

        Examples
        --------
        >>> Grid.netherlands().cell_from_code([" e0974n4514", "CRS28992RES100mE0974N4514"]).tolist()
        [5355974, 5355974]
        """
        east, north = self._corners_from_codes(codes, source)
        west_hm, north_hm, step_hm = self.x_min / 100, self.y_max / 100, self.cell / 100
        across, down = (east - west_hm) / step_hm, (north_hm - north) / step_hm
        off = (across != np.floor(across)) | (down != np.floor(down))
        self._refuse_codes(codes, off, f"are no corners of {self.cell:g} m cells", source)
        column, row = across.astype(np.int64), down.astype(np.int64) - 1
        outside = (row < 0) | (row >= self.ny) | (column < 0) | (column >= self.nx)
        self._refuse_codes(
            codes,
            outside,
            f"lie outside the grid ({self._extent()}); drop them (drop_outside = true in a configuration), "
            "or use a grid that covers them",
            source,
        )
        self._refuse_coarser(east, north, source)
        return row * self.nx + column

    def codes_inside(self, codes: npt.ArrayLike, *, source: str = "codes") -> npt.NDArray[np.bool_]:
        """Return which (well-formed) codes lie inside the grid."""
        east, north = self._corners_from_codes(codes, source)
        half = self.cell / 200
        return self.contains_xy((east + half) * 100, (north + half) * 100)

    def code_from_cell(self, cells: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """Return the codes of cell ids: lower-left corner in hectometres, ``E0974N4514``."""
        rows, columns = self.row_column_from_cell(cells)
        if not rows.size:
            return np.empty(0, dtype="U10")
        east = np.rint((self.x_min + columns * self.cell) / 100).astype(np.int64)
        north = np.rint((self.y_max - (rows + 1) * self.cell) / 100).astype(np.int64)
        width = 4 if max(int(east.max(initial=0)), int(north.max(initial=0))) < 10_000 else 5
        return np.strings.add(
            np.strings.add("E", np.strings.zfill(east.astype("U5"), width)),
            np.strings.add("N", np.strings.zfill(north.astype("U5"), width)),
        )

    def _corners_from_codes(self, codes: npt.ArrayLike, source: str) -> tuple[Floats, Floats]:
        """Parse codes into lower-left corners in hectometres; tidy codes take a fast, vectorised road."""
        raw = np.asarray(codes)
        text = raw.astype("U").ravel() if raw.dtype.kind != "U" else raw.ravel()
        east, north = np.full(text.size, np.nan), np.full(text.size, np.nan)
        tidy = np.zeros(text.size, dtype=bool)
        width = text.dtype.itemsize // 4
        if text.size and width >= 10:
            letters = np.ascontiguousarray(text).view(np.uint32).reshape(text.size, width)
            digits = letters[:, :10].astype(np.int64) - ord("0")
            number = np.ones(text.size, dtype=bool)
            for i in (1, 2, 3, 4, 6, 7, 8, 9):
                number &= (digits[:, i] >= 0) & (digits[:, i] <= 9)
            tidy = number & (letters[:, 0] == ord("E")) & (letters[:, 5] == ord("N"))
            if width > 10:
                tidy &= letters[:, 10] == 0
            east[tidy] = digits[tidy, 1:5] @ np.array([1000, 100, 10, 1])
            north[tidy] = digits[tidy, 6:10] @ np.array([1000, 100, 10, 1])
        for i in np.flatnonzero(~tidy).tolist():
            code = str(text[i]).strip().upper()
            prefix = _PREFIX.match(code)
            if prefix:
                self._require_prefix(prefix, str(text[i]), source)
                code = code[prefix.end() :]
            match = _CODE.match(code)
            if match:
                east[i], north[i] = float(match[1]), float(match[2])
        self._refuse_codes(
            text, np.isnan(east), "are not of the form E0974N4514 (lower-left corner in hectometres)", source
        )
        return east, north

    def _require_prefix(self, prefix: re.Match[str], code: str, source: str) -> None:
        epsg, resolution = prefix[1] or prefix[3], float(prefix[2] or prefix[4])
        if resolution != self.cell:
            raise InputError(
                f"{source}: code {code!r} is of {resolution:g} m cells, the grid has {self.cell:g} m cells"
            )
        if self.crs is not None and self.crs != f"EPSG:{epsg}":
            raise InputError(f"{source}: code {code!r} is of EPSG:{epsg}, the grid is of {self.crs}")

    def _refuse_codes(
        self, codes: npt.ArrayLike, wrong: npt.NDArray[np.bool_], what: str, source: str
    ) -> None:
        if wrong.any():
            flat = np.asarray(codes).ravel()
            first = ", ".join(repr(str(c)) for c in flat[wrong][:_EXAMPLES])
            raise InputError(f"{source}: {int(wrong.sum())} of {flat.size} cell codes {what}; first: {first}")

    def _refuse_coarser(self, east: Floats, north: Floats, source: str) -> None:
        """Refuse codes of 500 m squares in a 100 m grid: by chance only 1 in 25 has such a corner."""
        if self.cell != 100.0 or east.size < 25:
            return
        share = float(np.mean((east % 5 == 0) & (north % 5 == 0)))
        if share > 0.5:
            raise InputError(
                f"{source}: {share:.0%} of {east.size} codes are corners of 500 m squares (4 % by chance): "
                "this looks like a 500 m file, or resolutions mixed, in a grid of 100 m cells"
            )

    def _checked(self, cells: npt.ArrayLike) -> Ints:
        ids = np.asarray(cells, dtype=np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= self.size):
            raise InputError(
                f"cell ids run from {ids.min()} to {ids.max()}, the grid has 0 to {self.size - 1}"
            )
        return ids

    def _extent(self) -> str:
        west, south, east, north = (edge / 1000 for edge in self.bounds)
        return f"easting {west:g}-{east:g} km, northing {south:g}-{north:g} km"
