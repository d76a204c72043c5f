"""What can go wrong, each with the exit code that the command line gives it."""

import os
from pathlib import Path

INSIDE = (f"{Path(__file__).parent}{os.sep}",)
"""Files that a warning is not about: it names the line outside the package that led to it."""


class LeefrasterError(Exception):
    """Base of all errors that leefraster raises on purpose; ``exit_code`` is for programs."""

    exit_code = 1


class UsageError(LeefrasterError, ValueError):
    """An argument, option or configuration that cannot be used as it is (exit code 2)."""

    exit_code = 2


class InputError(LeefrasterError, ValueError):
    """Input data that is present but wrong; the message names file, value and rule (exit code 3)."""

    exit_code = 3


class EnvironmentFault(LeefrasterError, OSError):
    """The machine does not allow it: disk, memory, permission or lock (exit code 4)."""

    exit_code = 4


class Interrupted(LeefrasterError):
    """The run was stopped from outside before it finished; nothing was stored (exit code 5)."""

    exit_code = 5


class LeefrasterWarning(UserWarning):
    """Base of the warnings that leefraster gives."""


class NoVarianceWarning(LeefrasterWarning):
    """A field is constant, all missing or has fewer than three values: its statistics are NaN."""


class NoNeighboursWarning(LeefrasterWarning):
    """A field has values but no place with a neighbour: its local statistics are NaN."""


class InferenceWarning(LeefrasterWarning):
    """The p-values of an approximate inference may be far off for some places."""


class PrecisionWarning(LeefrasterWarning):
    """Numbers were given that the stored type cannot hold exactly."""


class EmptyAreaWarning(LeefrasterWarning):
    """Areas hold no cell, so that their results are missing."""


class RepairedAreaWarning(LeefrasterWarning):
    """Polygons had invalid rings and were repaired."""


class OverlapWarning(LeefrasterWarning):
    """Areas overlap, so that cells lie in two of them."""


class MissingWeightWarning(LeefrasterWarning):
    """Cells hold a value but no weight, and are left out of weighted results."""
