"""Areas as a value: polygons with codes, names and levels, in one coordinate reference system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.areas.files import read_frame
from leefraster.areas.grouping import Groups, from_codes, merged
from leefraster.areas.polygons import CODE, LEVEL, NAME, clean_polygons
from leefraster.areas.unknown_codes import refuse_unknown
from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Polygons with codes, names and levels (neighbourhood, municipality, ...).

    Build one with `read` or `from_geopandas`.

    Attributes
    ----------
    frame : GeoDataFrame
        Columns `code`, `name`, `level` and the geometry, sorted by level and code.
    source : str
        Where the polygons come from, for messages.
    repaired : int
        How many polygons had invalid rings and were repaired.
    left_out : int
        How many rows were left out by rule (water).
    border_year : int or None
        Year of the borders, which codes change with; None where it was not stated.

    Examples
    --------
    >>> import geopandas, shapely
    >>> frame = geopandas.GeoDataFrame({"code": ["A", "B"]}, crs="EPSG:28992",
    ...                                geometry=[shapely.box(0, 0, 200, 200), shapely.box(200, 0, 400, 200)])
    >>> Areas.from_geopandas(frame, code="code")
    Areas(2 of level area, EPSG:28992)
    """

    frame: geopandas.GeoDataFrame
    source: str
    repaired: int
    left_out: int
    border_year: int | None = None

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        code: str,
        name: str | None = None,
        level: str | None = None,
        layer: str | None = None,
        crs: str | None = None,
        to_crs: str | None = None,
        leave_out: Mapping[str, Sequence[Any]] | None = None,
        border_year: int | None = None,
    ) -> Areas:
        """Read areas from a GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GeoParquet file.

        Parameters
        ----------
        path : path
            The file.
        code, name : str
            Columns of the codes (unique) and, if any, of the names.
        level : str or None
            A column (of at most 20 different values) that holds each area's level, or one word for the level
            of all.
        layer : str or None
            Layer of a file that holds several.
        crs : str or None
            CRS of a file that states none.
        to_crs : str or None
            CRS to transform to, ``"EPSG:28992"`` say; nothing is transformed unasked.
        leave_out : mapping of str to sequence, or None
            Rows to leave out: column and values. Without it, rows whose column `water` says JA or B (Statistics
            Netherlands) are left out.
        border_year : int or None
            Year of the borders, where known; told where a code is asked for that is not there.

        Raises
        ------
        UsageError
            When the path is no path, or `to_crs` no CRS.
        InputError
            When file, layer or column is absent or damaged, a code is missing or occurs twice, an area has no
            surface, or the file has no CRS where one is needed.
        """
        frame = read_frame(path, layer)
        if frame.crs is None and crs is not None:
            frame = frame.set_crs(crs)
        return cls._cleaned(
            frame, border_year, code=code, name=name, level=level, to_crs=to_crs, leave_out=leave_out,
            source=str(path),
        )  # fmt: skip

    @classmethod
    def from_geopandas(
        cls,
        frame: geopandas.GeoDataFrame,
        *,
        code: str,
        name: str | None = None,
        level: str | None = None,
        to_crs: str | None = None,
        leave_out: Mapping[str, Sequence[Any]] | None = None,
        border_year: int | None = None,
    ) -> Areas:
        """Take areas from a GeoDataFrame; parameters and errors are those of `read`."""
        import geopandas

        if not isinstance(frame, geopandas.GeoDataFrame):
            raise UsageError(
                f"frame is a {type(frame).__name__}; it must be a GeoDataFrame (a file: lr.Areas.read)"
            )
        return cls._cleaned(
            frame, border_year, code=code, name=name, level=level, to_crs=to_crs, leave_out=leave_out,
            source="frame",
        )  # fmt: skip

    @classmethod
    def _cleaned(cls, frame: geopandas.GeoDataFrame, border_year: int | None, **options: Any) -> Areas:
        cleaned = clean_polygons(frame, **options)
        return cls(cleaned.frame, options["source"], cleaned.repaired, cleaned.left_out, border_year)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        counts = self.frame[LEVEL].value_counts().sort_index()
        shown = ", ".join(f"{count} of level {level}" for level, count in counts.items())
        crs = self.frame.crs.to_string() if self.frame.crs is not None else "no CRS"
        return f"Areas({shown}, {crs})"

    @property
    def codes(self) -> npt.NDArray[Any]:
        """The codes, in order."""
        codes: npt.NDArray[Any] = self.frame[CODE].to_numpy(dtype=object)
        return codes

    @property
    def levels(self) -> list[str]:
        """The levels that occur, in order."""
        return sorted(self.frame[LEVEL].unique())

    def at(self, level: str) -> Areas:
        """Return the areas of one level.

        Raises
        ------
        UsageError
            When there is no such level; the message lists those that are there.
        """
        if level not in self.levels:
            raise UsageError(f"{self.source}: has no level {level!r}; it has {', '.join(self.levels)}")
        return self._part(self.frame[LEVEL] == level)

    def select(self, codes: Sequence[str]) -> Areas:
        """Return the areas with the given codes.

        Raises
        ------
        UsageError
            When a code is not there; the message names those missing, the nearest codes and the year of the
            borders. When codes are no list.
        """
        if isinstance(codes, str) or not isinstance(codes, Iterable):
            raise UsageError(f"codes is {codes!r}; it must be a list of codes, as ['BU05990110']")
        refuse_unknown(codes, self.codes, self.source, self.border_year)
        return self._part(self.frame[CODE].isin(list(codes)))

    def _part(self, chosen: pd.Series[bool]) -> Areas:
        return replace(self, frame=self.frame[chosen].reset_index(drop=True))

    def merged(self, groups: Groups, *, level: str = "group") -> Areas:
        """Return one area a group: the polygons with the listed codes, joined.

        Parameters
        ----------
        groups : mapping of str to sequence of str
            Codes by the name of the group: focus areas by their neighbourhoods, say.
        level : str
            Level of the new areas.

        Raises
        ------
        UsageError
            When a code is not there (the nearest are told) or in two groups, or a group has no code.

        Examples
        --------
        >>> import geopandas, shapely
        >>> frame = geopandas.GeoDataFrame({"code": ["A", "B"]}, crs="EPSG:28992",
        ...     geometry=[shapely.box(0, 0, 200, 200), shapely.box(200, 0, 400, 200)])
        >>> Areas.from_geopandas(frame, code="code").merged({"Centre": ["A", "B"]}).frame.geometry.area.tolist()
        [80000.0]
        """
        whole = merged(self.frame, groups, level, self.source, self.border_year)
        return Areas._cleaned(
            whole,
            self.border_year,
            code=CODE,
            name=NAME,
            level=level,
            to_crs=None,
            leave_out=None,
            source=self.source,
        )

    @classmethod
    def from_codes(
        cls,
        codes: xr.DataArray,
        groups: Groups | None = None,
        *,
        level: str = "group",
        border_year: int | None = None,
    ) -> Areas:
        """Make areas of cells that know their code, where no polygons are at hand.

        Parameters
        ----------
        codes : DataArray of str, (cell,)
            Code of the neighbourhood (or other area) of each cell, "" for none.
        groups : mapping of str to sequence of str, or None
            Codes by the name of the group, focus areas by their neighbourhoods, say; None makes an area of every
            code.
        level : str
            Level of the new areas.
        border_year : int or None
            Year of the borders that the codes are of; None takes the attribute `border_year` of the codes, which
            [areas] border_year of a configuration sets.

        Returns
        -------
        Areas
            Polygons that are exactly the squares of the cells.

        Raises
        ------
        UsageError
            When a code is not there (the nearest are told) or in two groups, or a group has no code.
        InputError
            When no cell has a code.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import leefraster as lr
        >>> from leefraster.cells import cell_coordinates
        >>> grid = lr.Grid(0, 200, 2, 2)
        >>> codes = xr.DataArray(["A", "A", "B", ""], dims="cell", coords=cell_coordinates(grid, np.arange(4)))
        >>> lr.Areas.from_codes(codes, {"North": ["A"], "South-west": ["B"]})
        Areas(2 of level group, no CRS)
        """
        year = getattr(codes, "attrs", {}).get("border_year") if border_year is None else border_year
        frame = from_codes(codes, groups, level, year)
        source = f"codes {codes.name!r}" if codes.name else "codes"
        return cls._cleaned(
            frame, year, code=CODE, name=NAME, level=level, to_crs=None, leave_out=None, source=source
        )

    def parents(self, level: str) -> pd.Series[str]:
        """Return for every area of another level the code of the area of `level` that it lies in.

        An area lies where its representative point does; "" where that is in none. The index is the code.
        """
        import pandas as pd
        import shapely

        above = self.at(level)
        below = self.frame[self.frame[LEVEL] != level]
        points = below.geometry.representative_point().to_numpy()
        area, point = shapely.STRtree(points).query(above.frame.geometry.to_numpy(), predicate="intersects")
        found = np.full(len(below), "", dtype=object)
        found[point[::-1]] = above.codes[area[::-1]]  # in two areas: the first
        return pd.Series(found, index=pd.Index(below[CODE], name=CODE), name=level)

    def graph(
        self,
        kind: Literal["queen", "rook", "nearest", "band"] = "queen",
        *,
        tolerance: float = 0.0,
        k: int = 8,
        distance: float | None = None,
    ) -> Graph:
        """Return who is whose neighbour among the areas, as a libpysal `Graph` with their codes as ids.

        Parameters
        ----------
        kind : {"queen", "rook", "nearest", "band"}
            Areas that share a border point, that share a border, the `k` nearest representative points, or all
            within `distance` of each other.
        tolerance : float
            Metres by which borders may miss each other (simplified polygons); with it, areas within that
            distance are neighbours.
        k : int
            Number of nearest points.
        distance : float or None
            Metres, for "band".

        Raises
        ------
        UsageError
            When an option is not allowed, or distances are asked in degrees.
        """
        from leefraster.areas.graphs import area_graph

        return area_graph(self.frame, kind, tolerance=tolerance, k=k, distance=distance, source=self.source)

    def to_geopandas(self, result: xr.Dataset | None = None) -> geopandas.GeoDataFrame:
        """Return the polygons, with the variables of a result over `area` as columns.

        The level of an area is the column `area_level`, since scores have a level, too. Leading dimensions become
        part of the names: ``total_2024``.

        Raises
        ------
        InputError
            When the result has codes that are no areas here, or a variable named like a column of the polygons.
        """
        joined = self.frame.rename(columns={LEVEL: f"area_{LEVEL}"}).set_index(CODE, drop=False)
        if result is None:
            return joined.reset_index(drop=True)
        unknown = sorted(set(result["area"].values.tolist()) - set(self.codes))
        if unknown:
            raise InputError(
                f"{len(unknown)} codes of the result are no areas of {self.source}: {unknown[:10]}"
            )
        columns: dict[str, Any] = {}
        for name, variable in result.data_vars.items():
            if "area" not in variable.dims:
                continue
            flat = variable.transpose(..., "area")
            for place in np.ndindex(flat.shape[:-1]):
                labels = [
                    str(flat[dim].values[i]) if dim in flat.coords else str(i)
                    for dim, i in zip(flat.dims[:-1], place, strict=True)
                ]
                columns["_".join([str(name), *labels])] = flat.values[place]
        import pandas as pd

        taken = sorted(set(columns) & set(joined.columns))
        if taken:
            raise InputError(f"the result has a variable {taken[0]!r}, as the polygons have; rename it first")
        table = pd.DataFrame(columns, index=result["area"].values)
        return joined.join(table).reset_index(drop=True)

    @property
    def names(self) -> npt.NDArray[Any]:
        """The names, in order; "" where there are none."""
        names: npt.NDArray[Any] = self.frame[NAME].to_numpy(dtype=object)
        return names
