"""What all sections of a configuration share, and all that read a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from leefraster.sources.files import FileOptions
from leefraster.sources.longtable import Keys
from leefraster.sources.missing import MissingCodes


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
