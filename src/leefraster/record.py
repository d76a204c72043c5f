"""What one run leaves behind, as one value: the store keeps it, the report shows it, `diff` compares two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.changes.risers import RisersAndFallers
    from leefraster.clusters.sensitivity import Sensitivity
    from leefraster.clusters.structural import StructuralClusters
    from leefraster.questions.answer import Answer

Status = Literal["done", "skipped"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a run: done in so many seconds, or skipped for a stated reason."""

    name: str
    status: Status
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a run has read, with what identifies its bytes."""

    path: Path
    sha256: str
    size: int
    role: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that a finished run knows.

    Attributes
    ----------
    run_id : str
        Unique name of the run.
    title : str
        What was run on what, in words; shown in report and store.
    dataset : Dataset
        Fields and statistics over (`year`, `layer` or `dimension`, `cell` or `area`); names in docs/data-model.md.
    parameters : dict
        The validated configuration, as plain numbers, strings, lists and dicts.
    versions : dict
        leefraster's version and those of the libraries that numbers depend on.
    inputs : tuple of InputFile
        Files read, with SHA-256.
    steps : tuple of Step
        What was done and what was skipped, in order.
    notes : tuple of str
        Remarks about the data that a reader must know (matched, suppressed, fallback, warnings).
    structural : StructuralClusters or None
        The clusters, None when the step was skipped.
    sensitivity : Sensitivity or None
        How surely they are ones: recomputations under perturbed scores and moved thresholds.
    risers : RisersAndFallers or None
        What rose and fell between the last two measurements, by starting class and area.
    published_changes : DataFrame or None
        Published changes beside those of the run: one row a period.
    answers : tuple of Answer
        The answered questions.
    crosscheck : DataFrame or None
        Our values beside esda's on a window of one field.
    detection : dict or None
        How well planted clusters were found; only for the demonstration country.
    """

    run_id: str
    title: str
    dataset: xr.Dataset
    parameters: dict[str, Any]
    versions: dict[str, str]
    inputs: tuple[InputFile, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    structural: StructuralClusters | None = None
    sensitivity: Sensitivity | None = None
    risers: RisersAndFallers | None = None
    published_changes: pd.DataFrame | None = None
    answers: tuple[Answer, ...] = ()
    crosscheck: pd.DataFrame | None = None
    detection: dict[str, float] | None = None
    started: str = ""
