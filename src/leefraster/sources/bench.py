"""What is collected while the files of a run are read: remarks, files, reports of joins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.record import InputFile
from leefraster.sources.files import existing, input_file
from leefraster.sources.joins import JoinReport
from leefraster.sources.section import FileSection

if TYPE_CHECKING:
    import xarray as xr


@dataclass(slots=True)
class Bench:
    """What is collected while reading."""

    notes: list[str] = field(default_factory=list)
    inputs: dict[Path, InputFile] = field(default_factory=dict)
    joins: list[JoinReport] = field(default_factory=list)

    def took(self, section: FileSection, role: str) -> None:
        """Take down the files of a section with their checksums, each once."""
        for path in section.paths():
            file = existing(path)
            self.inputs.setdefault(file, input_file(file, role))

    def left_out(self, source: str, dropped: int, rows: int) -> None:
        """Make a remark where rows of a file lie outside the grid and were left out."""
        if dropped:
            self.notes.append(
                f"{Path(source).name}: {dropped:,} of {rows:,} rows lie outside the grid and were left out "
                "(drop_outside)"
            )


def note_dropped(dataset: xr.Dataset, bench: Bench) -> xr.Dataset:
    """Make a remark where rows outside the grid were left out; return the Dataset as it is."""
    bench.left_out(dataset.attrs["source"], dataset.attrs["dropped_outside"], dataset.attrs["rows"])
    return dataset
