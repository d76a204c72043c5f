"""What the steps of a run hand on to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leefraster.bands.runner import Runner
from leefraster.pipeline.budget import Budget
from leefraster.pipeline.scratch import Scratch
from leefraster.pipeline.threads import InThreads
from leefraster.progress import Progress, Silent
from leefraster.record import InputFile

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.areas.areas import Areas
    from leefraster.changes.risers import RisersAndFallers
    from leefraster.clusters.sensitivity import Sensitivity
    from leefraster.clusters.structural import StructuralClusters
    from leefraster.config import Configuration
    from leefraster.questions.answer import Answer
    from leefraster.scoring.model import Model
    from leefraster.sources.assemble import Assembled


class Skipped(Exception):
    """A step has nothing to work on; its text is the reason, for report, summary and log."""


@dataclass
class Work:
    """A run at work: the configuration, the data read so far and the results found so far.

    Attributes
    ----------
    configuration : Configuration
        What was asked.
    progress : Progress
        Where steps report how far they are.
    data : Dataset
        Scores or layers over (`year`, `dimension` or `layer`, `cell` or `area`), and their results.
    planted : DataArray or None
        Truth of the demonstration country: label of the planted cluster per cell.
    model : Model or None
        The model of a run that makes its scores out of indicators.
    read : Assembled or None
        What such a run has read, until scores are made of it.
    focus : Areas or None
        Focus areas, where any are given.
    sensitivity : Sensitivity or None
        How surely the structural clusters are ones.
    risers : RisersAndFallers or None
        What rose and fell between the last two measurements.
    published_changes : DataFrame or None
        Published changes beside those of the run.
    runner : Runner
        What works through the fields: the threads of this process, or a cluster.
    budget : Budget
        The memory that the run may take.
    scratch : Scratch
        Where large results are made.
    """

    configuration: Configuration
    progress: Progress = field(default_factory=Silent)
    data: xr.Dataset = None  # type: ignore[assignment]  # set by the first step
    inputs: tuple[InputFile, ...] = ()
    notes: list[str] = field(default_factory=list)
    planted: xr.DataArray | None = None
    area_names: Any = None
    structural: StructuralClusters | None = None
    answers: list[Answer] = field(default_factory=list)
    crosscheck: pd.DataFrame | None = None
    detection: dict[str, float] | None = None
    model: Model | None = None
    read: Assembled | None = None
    focus: Areas | None = None
    sensitivity: Sensitivity | None = None
    risers: RisersAndFallers | None = None
    published_changes: pd.DataFrame | None = None
    runner: Runner = field(default_factory=InThreads)
    budget: Budget = field(default_factory=Budget)
    scratch: Scratch = field(default_factory=Scratch)

    def need(self, *names: str, for_: str = "") -> None:
        """Skip the step when one of these variables is not in the data.

        Raises
        ------
        Skipped
            Names what is missing.
        """
        missing = [name for name in names if name not in self.data]
        if missing:
            raise Skipped(f"{for_ or 'it'} needs {', '.join(missing)}, which the input does not hold")


StepFunction = Callable[[Work], None]
