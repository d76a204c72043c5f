"""Sections that read tables: scores, layers and the model that makes scores of them, counts and codes of places."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from leefraster.sources.leefbaarometer import DIMENSIONS
from leefraster.sources.scores import ScoreColumns
from leefraster.sources.section import ConfigPath, FileSection, Positive, Section

ARRANGED = ("neighbourhood", "district", "municipality")


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
    border_year : int or None
        Year of the borders that the codes are of, told where a code is asked for that is not there.
    """

    neighbourhood: str | None = None
    district: str | None = None
    municipality: str | None = None
    border_year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    cell: Positive | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.levels():
            raise ValueError("name at least one column: neighbourhood, district or municipality")
        return self

    def levels(self) -> dict[str, str]:
        """Return the columns by level."""
        return {name: column for name in ARRANGED if (column := getattr(self, name)) is not None}
