"""The sections of a configuration that say what is read; the others are on the floor above."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from leefraster.sources.files import FileOptions
from leefraster.sources.leefbaarometer import DIMENSIONS
from leefraster.sources.longtable import Keys
from leefraster.sources.missing import MissingCodes
from leefraster.sources.scores import ScoreColumns

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid

ARRANGED = ("neighbourhood", "district", "municipality")


def _resolved(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    expanded = path.expanduser()
    return expanded if folder is None or expanded.is_absolute() else Path(folder) / expanded


ConfigPath = Annotated[Path, AfterValidator(_resolved)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Section(BaseModel):
    """A section of a configuration: unknown keys are refused, values do not change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GridSection(Section):
    """``[grid]``: the grid of the run.

    Attributes
    ----------
    name : {"netherlands", "covering"}
        The Dutch grid, or the smallest one that holds all points that are read.
    cell : float
        Side of a cell, in metres.
    crs : str or None
        CRS of a covering grid, such as ``"EPSG:3035"``.
    """

    name: Literal["netherlands", "covering"] = "netherlands"
    cell: Positive = 100.0
    crs: str | None = None

    @model_validator(mode="after")
    def _crs_belongs_to_covering(self) -> Self:
        if self.name == "netherlands" and self.crs not in (None, "EPSG:28992"):
            raise ValueError(f"crs is {self.crs!r}, but the grid of the Netherlands is in EPSG:28992")
        if self.name == "covering" and self.crs is None:
            raise ValueError("a covering grid needs its crs, such as 'EPSG:3035'")
        return self


class FileSection(Section):
    """What all sections that read a table share; the keys mean what they mean in `read_table`."""

    path: ConfigPath | list[ConfigPath]
    code: str | None = None
    x: str | None = None
    y: str | None = None
    position: Literal["centre", "corner", "inside"] = "centre"
    crs: str | None = None
    where: dict[str, str] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)
    drop_outside: bool = False
    separator: str | None = None
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    final_newline: bool = True
    layer: str | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    sha256: str | None = None

    @field_validator("missing")
    @classmethod
    def _kinds_are_known(cls, missing: dict[str, str]) -> dict[str, str]:
        MissingCodes.parse(missing)
        return missing

    @model_validator(mode="after")
    def _both_coordinates(self) -> Self:
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y are given together, or not at all")
        return self

    def paths(self) -> list[Path]:
        """Return the files of the section."""
        return list(self.path) if isinstance(self.path, list) else [self.path]

    def keys(self, year: str | int | None = None) -> Keys:
        """Return which columns say where and when a row belongs."""
        return Keys(self.code, self.x, self.y, year, self.position, self.crs)

    def options(self) -> FileOptions:
        """Return how the files are read."""
        return FileOptions(
            self.separator,
            self.encoding,
            self.decimal,
            self.final_newline,
            self.layer,
            self.rows,
            self.sha256,
        )


class ScoresSection(FileSection):
    """``[scores]``: published scores, a table of scores by cell or area, or the demonstration country.

    Attributes
    ----------
    reader : {"leefbaarometer", "table", "areas", "demonstration"}
        The published files at grid level; any table of scores by cell; one by area; the embedded country.
    seed : int
        Seed of the demonstration country.
    year : str, int or None
        Column of years, or the year of all rows ("table", "areas").
    dimensions : list or dict
        Columns of the dimensions, or ``{code = "column"}``.
    total : str
        Column of the total (deviation from the national mean).
    level, version : str or None
        Columns of the absolute level and of the model's version, where there are any.
    strict : bool
        Refuse unknown columns ("leefbaarometer"), about which a note is made otherwise.
    """

    reader: Literal["leefbaarometer", "table", "areas", "demonstration"] = "leefbaarometer"
    path: ConfigPath | list[ConfigPath] = Field(default_factory=list)
    seed: int = 0
    year: StrictStr | StrictInt | None = None
    dimensions: list[str] | dict[str, str] = Field(default_factory=lambda: list(DIMENSIONS))
    total: str = "afw"
    level: str | None = None
    version: str | None = None
    strict: bool = False

    @model_validator(mode="after")
    def _reader_has_what_it_needs(self) -> Self:
        given = self.model_fields_set
        if self.reader == "demonstration":
            self._refuse(given - {"reader", "seed"}, "the demonstration country is generated, not read")
            return self
        if not self.paths():
            raise ValueError(f"path is missing; the reader '{self.reader}' reads a file")
        if "seed" in given:
            raise ValueError("seed belongs to the reader 'demonstration'")
        if self.reader == "leefbaarometer":
            fixed = {"code", "x", "y", "year", "dimensions", "total", "level", "version"}
            self._refuse(given & fixed, "the published columns have fixed names; use reader = 'table'")
            return self
        if self.year is None:
            raise ValueError("year is missing: name the column of years, or the year of all rows")
        if self.reader == "areas" and self.code is None:
            raise ValueError("code is missing: name the column of area codes")
        return self

    def _refuse(self, keys: set[str], reason: str) -> None:
        if keys:
            raise ValueError(f"{', '.join(sorted(keys))} cannot be given: {reason}")

    def columns(self) -> ScoreColumns:
        """Return which columns hold what."""
        named = self.dimensions
        dimensions = named if isinstance(named, dict) else {name: name for name in named}
        return ScoreColumns(dimensions, self.total, self.level, self.version)


class ModelSection(Section):
    """``[model]``: the model that makes scores out of the layers.

    Attributes
    ----------
    path : path or None
        The model's TOML file.
    name : str or None
        A model that leefraster ships, as ``"illustrative"``; instead of `path`.
    """

    path: ConfigPath | None = None
    name: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.path is None) == (self.name is None):
            raise ValueError("give path (a model's TOML file) or name (a shipped model), one of them")
        return self


class LayerSection(FileSection):
    """``[[layers]]``: columns of a table as layers: general ones, or the indicators of a model.

    Attributes
    ----------
    reader : {"table", "cbs", "demonstration"}
        Any table; squares of CBS, whose codes, missing codes and English names are known; the layers of the
        embedded country, for a run from a model.
    seed : int
        Seed of the demonstration country.
    columns : list or dict
        The columns, or ``{name = "column"}``; each becomes a layer.
    year : str, int or None
        Column of years, or the year that all rows are of. For a model's layers it may be left out: such a
        layer serves all years.
    units : str or None
        Unit of the columns; None leaves it open (CBS squares bring their own).
    signed : list
        Names of layers in which negative whole numbers are meant.
    dtype : {"float32", "float64"}
        Type in which values are kept.
    cell : float or None
        Side of the table's squares where they are larger than the grid's, in metres: each cell gets the value
        of the square that it lies in.
    """

    reader: Literal["table", "cbs", "demonstration"] = "table"
    path: ConfigPath | list[ConfigPath] = Field(default_factory=list)
    seed: int = 0
    columns: list[str] | dict[str, str] = Field(default_factory=list)
    year: StrictStr | StrictInt | None = None
    units: str | None = None
    signed: list[str] = Field(default_factory=list)
    dtype: Literal["float32", "float64"] = "float32"
    cell: Positive | None = None

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: list[str] | dict[str, str]) -> list[str] | dict[str, str]:
        if not columns:
            raise ValueError("names no column; name at least one")
        twice = sorted({name for name in columns if list(columns).count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there more than once")
        return columns

    @model_validator(mode="after")
    def _reader_has_what_it_needs(self) -> Self:
        given = self.model_fields_set
        if self.reader == "demonstration":
            extra = sorted(given - {"reader", "seed"})
            if extra:
                raise ValueError(
                    f"{', '.join(extra)} cannot be given: the demonstration country is generated, not read"
                )
            return self
        if "seed" in given:
            raise ValueError("seed belongs to the reader 'demonstration'")
        if not self.paths():
            raise ValueError(f"path is missing; the reader '{self.reader}' reads a file")
        if not self.columns:
            raise ValueError("columns is missing: name the columns that become layers")
        return self

    def named(self) -> dict[str, str]:
        """Return the columns by layer name."""
        return dict(self.columns) if isinstance(self.columns, dict) else {name: name for name in self.columns}


class JoinSection(FileSection):
    """``[dwellings]``, ``[households]``, ``[inhabitants]``: a count joined by cell (or area) and year.

    Attributes
    ----------
    column : str
        The column of the count.
    year : str, int or None
        Column of years, or the year of all rows; without it, the table serves all years.
    year_rule : {"exact", "earlier"}
        The same year, or the nearest one that is not later.
    fallback : {"none", "one"} or float
        What cells without a value get: none stays missing; "one" and numbers are stated in the report.
    restrict : bool
        Keep only the cells or areas that this table has.
    cell : float or None
        Side of the table's squares where they are larger than the grid's, in metres.
    fractions : bool
        Accept numbers that are not whole.
    """

    column: str
    year: StrictStr | StrictInt | None = None
    year_rule: Literal["exact", "earlier"] = "exact"
    fallback: Literal["none", "one"] | Annotated[float, Field(ge=0, allow_inf_nan=False)] = "none"
    restrict: bool = False
    cell: Positive | None = None
    fractions: bool = False


class UrbanitySection(JoinSection):
    """``[urbanity]``: class of urbanity 1 (most urban) to 5, joined as counts are.

    Attributes
    ----------
    kind : {"class", "density"}
        Classes, or addresses per km2 within 1 km, from which classes are made.
    """

    kind: Literal["class", "density"] = "class"

    @model_validator(mode="after")
    def _no_invented_class(self) -> Self:
        if self.fallback != "none":
            raise ValueError(f"fallback is {self.fallback!r}: a class is never invented; leave it out")
        return self


class AreasSection(FileSection):
    """``[areas]``: codes of the neighbourhood, district and municipality of each cell.

    Attributes
    ----------
    neighbourhood, district, municipality : str or None
        Columns of the codes; at least one.
    """

    neighbourhood: str | None = None
    district: str | None = None
    municipality: str | None = None
    cell: Positive | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.levels():
            raise ValueError("name at least one column: neighbourhood, district or municipality")
        return self

    def levels(self) -> dict[str, str]:
        """Return the columns by level."""
        return {name: column for name in ARRANGED if (column := getattr(self, name)) is not None}


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


class InputSections(Section):
    """All sections that say what is read."""

    grid: GridSection = Field(default_factory=GridSection)
    scores: ScoresSection | None = None
    model: ModelSection | None = None
    layers: list[LayerSection] = Field(default_factory=list)
    dwellings: JoinSection | None = None
    households: JoinSection | None = None
    inhabitants: JoinSection | None = None
    urbanity: UrbanitySection | None = None
    areas: AreasSection | None = None
    focus_areas: FocusAreasSection | None = None
    published_changes: PublishedChangesSection | None = None
    references: dict[int, Finite] = Field(default_factory=dict)
    unit_changes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _scores_or_layers(self) -> Self:
        if self.scores is not None and self.model is not None:
            raise ValueError("has both [scores] and [model]; a model makes the scores out of [[layers]]")
        if self.scores is not None and self.layers:
            raise ValueError("has both [scores] and [[layers]]; a run is about one of them")
        if self.model is not None and not self.layers:
            raise ValueError("has [model] without [[layers]]; say where its indicators come from")
        if self.scores is None and not self.layers:
            raise ValueError("has neither [scores] nor [[layers]]; say what is to be read")
        names = [name for layer in self.layers for name in layer.named()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"[[layers]] name {', '.join(twice)} more than once; every layer needs its own name"
            )
        self._refuse_what_needs_a_model()
        self._refuse_what_cannot_join()
        return self

    def _refuse_what_needs_a_model(self) -> None:
        made = [layer for layer in self.layers if layer.reader == "demonstration"]
        if made and (self.model is None or len(self.layers) > 1):
            raise ValueError(
                "[[layers]] reader = 'demonstration' brings all layers of the demonstration country, for a "
                "[model]; it stands alone"
            )
        undated = [n for n, layer in enumerate(self.layers, 1) if layer.year is None and not made]
        if undated and self.model is None:
            raise ValueError(f"[[layers]] number {undated[0]} year is missing; only a [model] does without")
        if undated and len(undated) == len(self.layers):
            raise ValueError("no [[layers]] has a year; scores are of a year, so give one (year = 2024)")

    def _refuse_what_cannot_join(self) -> None:
        if self.references and self.scores is None and self.model is None:
            raise ValueError("has [references] without [scores] or [model]; they belong together")
        if self.demonstration_seed() is not None:
            given = [
                name
                for name in (*COUNTS, "urbanity", "areas", "focus_areas")
                if getattr(self, name) is not None
            ]
            if given or self.references:
                shown = ", ".join(f"[{name}]" for name in given) or "[references]"
                raise ValueError(f"has {shown} with the demonstration country, which brings its own")

    def demonstration_seed(self) -> int | None:
        """Return the seed of the demonstration country; None when something else is read."""
        for section in (self.scores, *self.layers):
            if section is not None and section.reader == "demonstration":
                return section.seed
        return None

    def joined(self) -> dict[str, Any]:
        """Return the sections that join a number, by name."""
        named = {name: getattr(self, name) for name in (*COUNTS, "urbanity")}
        return {name: section for name, section in named.items() if section is not None}


COUNTS = ("dwellings", "households", "inhabitants")
