"""All sections of a configuration that say what is read; the others are on the floor above."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leefraster.sources.beside_sections import FocusAreasSection, PublishedChangesSection
from leefraster.sources.section import Finite, Positive, Section
from leefraster.sources.table_sections import (
    AreasSection,
    JoinSection,
    LayerSection,
    ModelSection,
    ScoresSection,
    UrbanitySection,
)

COUNTS = ("dwellings", "households", "inhabitants")


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
