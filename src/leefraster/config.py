"""The configuration of a run: a TOML file, validated; unknown keys are refused, the nearest is told."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from leefraster.errors import UsageError
from leefraster.memory_size import parse_memory
from leefraster.scoring.complaints import sentences
from leefraster.sources.section import Finite, Positive, Section
from leefraster.sources.sections import InputSections
from leefraster.sources.table_sections import LayerSection, ModelSection

if TYPE_CHECKING:
    from leefraster.clusters.rule import StructuralRule
    from leefraster.clusters.sensitivity import ScoreError
    from leefraster.disclosure.rule import DisclosureRule
    from leefraster.neighbourhood import Neighbourhood

TEMPLATE: str = files("leefraster").joinpath("config_template.toml").read_text(encoding="utf-8")

DEMONSTRATED = (
    20  # recomputations of the demonstration, which is to take a minute; its report says that 200 are usual
)
ILLUSTRATIVE = "illustrative"  # the shipped model that the demonstration country is scored by

Question = Literal[
    "urbanity", "catch_up", "spread", "tradeoff", "hard_core", "thinning", "focus_areas", "geography"
]


class RunSection(Section):
    """``[run]``: what the run is called.

    Attributes
    ----------
    title : str
        What is run on what, in words; stands over the report.
    memory : str
        Memory that the run may take, as "4GB"; all that the machine has when empty.
    """

    title: str = "Leefraster run"
    memory: str = ""

    @field_validator("title")
    @classmethod
    def _says_something(cls, title: str) -> str:
        if not title.strip():
            raise ValueError("must say something")
        return title.strip()

    @field_validator("memory", mode="before")
    @classmethod
    def _is_a_size(cls, memory: object) -> object:
        if not isinstance(memory, str):
            raise ValueError('must be text, a number with a unit, as "4GB", "800MB" or "1.5GiB"')
        try:
            if memory:
                parse_memory(memory)
        except UsageError as error:  # value and key are told with every complaint
            raise ValueError(str(error).removeprefix(f"memory is {memory!r}; it ")) from error
        return memory

    def memory_bytes(self) -> int | None:
        """Return the memory that the run may take, in bytes; None where nothing is said."""
        return parse_memory(self.memory) if self.memory else None


class StatisticsSection(Section):
    """``[statistics]``: which cells are neighbours, and when a result is significant.

    Attributes
    ----------
    neighbourhood : {"queen", "rook", "disc"}
        Neighbours of a cell.
    order : int
        Order of queen and rook.
    radius : float or None
        Radius of the disc, in metres.
    hotspot_radius : float or None
        Radius of the disc for hot and cold spots (G*), in metres; None uses the neighbourhood above.
    nearest : int
        Number of nearest points that are neighbours of an area.
    alpha : float
        Largest adjusted p that is significant.
    """

    neighbourhood: Literal["queen", "rook", "disc"] = "queen"
    order: int = Field(default=1, ge=1)
    radius: Positive | None = None
    hotspot_radius: Positive | None = None
    nearest: int = Field(default=8, ge=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)

    @model_validator(mode="after")
    def _radius_belongs_to_disc(self) -> Self:
        if self.neighbourhood == "disc" and self.radius is None:
            raise ValueError("neighbourhood is 'disc', which needs a radius in metres")
        if self.neighbourhood != "disc" and self.radius is not None:
            raise ValueError(f"radius is {self.radius:g}, but neighbourhood {self.neighbourhood!r} has none")
        if self.neighbourhood == "disc" and self.order != 1:
            raise ValueError(f"order is {self.order}, but a disc has none; use radius")
        return self

    def of_cells(self) -> Neighbourhood:
        """Return the neighbourhood of cells."""
        from leefraster.neighbourhood import Neighbourhood

        if self.radius is not None:
            return Neighbourhood.disc(self.radius)
        return (
            Neighbourhood.rook(self.order)
            if self.neighbourhood == "rook"
            else Neighbourhood.queen(self.order)
        )

    def of_hotspots(self) -> Neighbourhood:
        """Return the neighbourhood of cells for hot and cold spots."""
        from leefraster.neighbourhood import Neighbourhood

        return self.of_cells() if self.hotspot_radius is None else Neighbourhood.disc(self.hotspot_radius)


class StructuralSection(Section):
    """``[structural]``: the rule for structurally weak clusters, and how surely each is one.

    Attributes
    ----------
    radius, weak_class, probability, share_of_years, latest_years
        As in `StructuralRule`, as are the next four.
    minimum_dwellings, minimum_weak_share, bridge, horizon
        As in `StructuralRule`.
    recomputations : int
        How often the search is repeated under perturbed scores; 0 leaves it out.
    error_size, error_range, error_persistence : float
        The assumed error of scores, as in `ScoreError`: level points, metres, correlation two years apart.
    seed : int
        Of the perturbations.
    """

    radius: Positive = 250.0
    weak_class: int = Field(default=4, ge=1, le=8)
    probability: float = Field(default=0.8, gt=0, lt=1)
    share_of_years: float = Field(default=0.75, gt=0, le=1)
    latest_years: int = Field(default=2, ge=0)
    minimum_dwellings: Finite = Field(default=250.0, ge=0)
    minimum_weak_share: float = Field(default=0.5, ge=0, le=1)
    bridge: Finite = Field(default=200.0, ge=0)
    horizon: Positive = 20.0
    recomputations: int = Field(default=200, ge=0)
    error_size: Finite = Field(default=0.05, ge=0)
    error_range: Finite = Field(default=300.0, ge=0)
    error_persistence: float = Field(default=0.7, ge=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def rule(self) -> StructuralRule:
        """Return the rule that the fields describe."""
        from leefraster.clusters.rule import StructuralRule

        return StructuralRule(**{name: getattr(self, name) for name in StructuralRule.__dataclass_fields__})

    def error(self) -> ScoreError:
        """Return the assumed error of scores."""
        from leefraster.clusters.sensitivity import ScoreError

        return ScoreError(self.error_size, self.error_range, self.error_persistence)


Format = Literal["geopackage", "geoparquet", "geotiff", "netcdf", "csv", "excel", "r"]
USUAL_FORMATS: tuple[Format, ...] = ("geopackage", "geoparquet", "geotiff", "csv")


class ExportsSection(Section):
    """``[exports]``: what is written for other programs.

    Attributes
    ----------
    formats : list
        Out of geopackage, geoparquet, geotiff, netcdf, csv, excel and r.
    licence : str
        Licence of the exported data, as it stands in ``datapackage.json``.
    areas : list
        Codes of areas to which report and exports are limited; empty for all.
    """

    formats: list[Format] = Field(default_factory=lambda: list(USUAL_FORMATS))
    licence: str = ""
    areas: list[str] = Field(default_factory=list)


class DisclosureSection(Section):
    """``[disclosure]``: what is withheld from report and exports; fields as in `DisclosureRule`.

    Attributes
    ----------
    minimum : float
        Cells and rows with fewer dwellings (or inhabitants) than this, but more than none, are withheld.
    base : int
        Counts are rounded to multiples of this.
    """

    minimum: Finite = Field(default=5.0, ge=0)
    base: int = Field(default=5, ge=1)

    def rule(self) -> DisclosureRule:
        """Return the rule that the fields describe."""
        from leefraster.disclosure.rule import DisclosureRule

        return DisclosureRule(**self.model_dump())


class QuestionsSection(Section):
    """``[questions]``: which questions are answered.

    Attributes
    ----------
    ask : list
        Names of `lr.questions`; those without the input they need are skipped, by name. All by default.
    """

    ask: list[Question] = Field(default_factory=lambda: list(get_args(Question)))


class Configuration(InputSections):
    """A validated configuration; sections that are absent have their defaults.

    Attributes
    ----------
    run, grid, scores, model, layers, dwellings, households, inhabitants, urbanity, areas, focus_areas
        The sections of the file that say what is read, with two more:
    published_changes, references, unit_changes
        Changes to lay beside those of the run, the national means, and in words what changed of a count or layer.
    statistics, structural, exports, disclosure, questions
        Those that say what is done with it.

    Examples
    --------
    >>> Configuration.demonstration(seed=1).demonstration_seed()
    1
    """

    run: RunSection = Field(default_factory=RunSection)
    statistics: StatisticsSection = Field(default_factory=StatisticsSection)
    structural: StructuralSection = Field(default_factory=StructuralSection)
    exports: ExportsSection = Field(default_factory=ExportsSection)
    disclosure: DisclosureSection | None = None
    questions: QuestionsSection = Field(default_factory=QuestionsSection)
    _folder: Path | None = PrivateAttr(default=None)

    @classmethod
    def read(cls, path: str | Path) -> Configuration:
        """Read a TOML file; relative paths in it are relative to the file's folder.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        UsageError
            When the file is absent, no TOML, has an unknown section or key (the nearest name is told), or a
            value breaks a rule; the message names file, section, key, value and rule.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: is not UTF-8 at byte {error.start}; TOML files are") from error
        except FileNotFoundError as error:
            raise UsageError(
                f"{file}: cannot be read: {error.strerror}. Give the path of a configuration, or write one to "
                "start from with leefraster init"
            ) from error
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
        return cls.parse(text, name=str(file), folder=file.resolve().parent)

    @classmethod
    def parse(cls, text: str, *, name: str = "configuration", folder: Path | None = None) -> Configuration:
        """Read TOML text, as `read` does a file.

        Parameters
        ----------
        text : str
            TOML.
        name : str
            Name used in messages.
        folder : Path or None
            What relative paths are relative to; None leaves them.

        Raises
        ------
        UsageError
            As in `read`.
        """
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{name}: is no TOML: {error}") from error
        try:
            made = cls.model_validate(tree, context={"folder": folder})
        except ValidationError as error:
            raise UsageError(sentences(error, cls, tree, name)) from error
        made._folder = folder
        return made

    @classmethod
    def demonstration(cls, seed: int = 0) -> Configuration:
        """Return the configuration of a run on the embedded demonstration country: from its indicators on.

        All is as by default, but for 20 recomputations under perturbed scores instead of 200.

        Parameters
        ----------
        seed : int
            Seed of the country; the same seed gives the same bytes.
        """
        return cls(
            run=RunSection(title=f"Demonstration country (invented, seed {seed})"),
            model=ModelSection(name=ILLUSTRATIVE),
            layers=[LayerSection(reader="demonstration", seed=seed)],
            structural=StructuralSection(recomputations=DEMONSTRATED),
        )

    def parameters(self) -> dict[str, Any]:
        """Return the configuration as plain values, paths relative to the file's folder where they lie in it.

        Returns
        -------
        dict
            Sections by name; keys that were left out stand with their defaults, absent sections do not.
        """
        tree: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        if self._folder is not None:
            tree = _relative(tree, self._folder)
        return tree


def _relative(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {
            key: _short_paths(item, folder) if key == "path" else _relative(item, folder)
            for key, item in value.items()
        }
    return [_relative(item, folder) for item in value] if isinstance(value, list) else value


def _short_paths(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_short_paths(item, folder) for item in value]
    path = Path(value)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
