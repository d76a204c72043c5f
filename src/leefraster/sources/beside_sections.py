"""Sections of what results are laid beside: areas of a programme, and published changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from leefraster.sources.files import FileOptions
from leefraster.sources.section import ConfigPath, Section

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid


class FocusAreasSection(Section):
    """``[focus_areas]``: the areas of a programme, as polygons or as lists of neighbourhood codes.

    Attributes
    ----------
    path : path
        Polygons (GeoPackage, GeoJSON, Shapefile, GeoParquet), or a CSV file of neighbourhood codes.
    code : str
        Column of the areas' codes; in a CSV file, of the neighbourhoods' codes.
    name : str or None
        Column of the areas' names; a CSV file needs it, since it says which codes belong together.
    layer : str or None
        Layer of a file that holds several.
    crs, to_crs : str or None
        CRS of polygons that state none, and CRS to transform them to; nothing is transformed unasked.
    separator, encoding : str
        Of a CSV file.
    """

    path: ConfigPath
    code: str
    name: str | None = None
    layer: str | None = None
    crs: str | None = None
    to_crs: str | None = None
    separator: str | None = None
    encoding: str = "utf-8"

    def options(self) -> FileOptions:
        """Return how a CSV file is read."""
        return FileOptions(separator=self.separator, encoding=self.encoding, layer=self.layer)


class PublishedChangesSection(Section):
    """``[published_changes]``: a published change file, to lay beside the run's own changes.

    Attributes
    ----------
    path : path
        CSV (also zipped), Parquet or GeoPackage.
    reader : {"changes", "classes"}
        Changes between two years, or version 2.0's classes of change (columns as VKL0216).
    columns : dict
        Names of columns by role, for "changes", as in `read_changes`; what is left out is assumed.
    key : str or None
        Column of codes, for "classes".
    from_year, to_year : int or None
        The years of all rows, for a file of "changes" that has no columns of years.
    drop_outside, separator, encoding, decimal, missing, final_newline, layer, rows, sha256
        As in sections that read a table.
    """

    path: ConfigPath
    reader: Literal["changes", "classes"] = "changes"
    columns: dict[str, str] = Field(default_factory=dict)
    key: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    drop_outside: bool = False
    separator: str | None = None
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    missing: dict[str, str] = Field(default_factory=dict)
    final_newline: bool = True
    layer: str | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _keys_of_the_reader(self) -> Self:
        others = {"changes": {"key"}, "classes": {"columns", "from_year", "to_year", "decimal"}}
        wrong = sorted(self.model_fields_set & others[self.reader])
        if wrong:
            raise ValueError(f"{', '.join(wrong)} cannot be given with the reader '{self.reader}'")
        if (self.from_year is None) != (self.to_year is None):
            raise ValueError("from_year and to_year are given together, or not at all")
        return self

    def read(self, unit: Literal["cell", "area"], grid: Grid | None) -> xr.Dataset:
        """Return the published changes; keys that are not among the known ones are those of `unit`."""
        from leefraster.sources.change_files import read_change_classes, read_changes

        shared = self.model_dump(
            include={"drop_outside", "separator", "encoding", "final_newline", "layer", "rows", "sha256"}
        )
        shared |= {"grid": grid, "missing": self.missing or None}
        if self.reader == "classes":
            named = unit if self.key else None
            return read_change_classes(self.path, key=self.key, unit=named, **shared)
        return read_changes(
            self.path, columns=self.columns or None, unit=unit if "key" in self.columns else None,
            from_year=self.from_year, to_year=self.to_year, decimal=self.decimal, **shared,
        )  # fmt: skip
