"""The cuts between classes, as the project ships them or as the user gives them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from leefraster.errors import UsageError
from leefraster.shipped import data_file

MOST_CLASSES = 127  # int8


@dataclass(frozen=True, slots=True)
class Cuts:
    """The cuts of one publication.

    Attributes
    ----------
    year : int
        Measurement year that they were read from.
    version : str
        Version of the model.
    levels : tuple of float
        Upper bounds of classes 1 to 8 of the overall class, as absolute levels.
    deviations : tuple of float
        The same as deviations from the national mean of `year` (good for that year only).
    dimension : tuple of float
        Upper bounds of classes 1 to 8 of a dimension's contribution, and of the deviation.
    reference : float
        National mean level of `year`; ``levels = deviations + reference``.
    official : bool
        Whether the ministry has published them as such.
    provenance : str
        Where they come from.
    names : dict of str to tuple of str
        Names of classes 1 to 9 by language (``"nl"``, ``"en"``).
    """

    year: int
    version: str
    levels: tuple[float, ...]
    deviations: tuple[float, ...]
    dimension: tuple[float, ...]
    reference: float
    official: bool
    provenance: str
    names: dict[str, tuple[str, ...]]


def read_cuts(year: int = 2024) -> Cuts:
    """Return the shipped cuts of a year.

    Raises
    ------
    UsageError
        When the project ships no cuts of that year; the message lists those it has.

    Examples
    --------
    >>> read_cuts(2024).levels[3]
    3.9379515
    """
    content = tomllib.loads(data_file(f"cuts/{year}.toml").read_text(encoding="utf-8"))
    return Cuts(
        year=int(content["year"]),
        version=str(content["version"]),
        levels=as_cuts(content["level"]["levels"]),
        deviations=as_cuts(content["level"]["deviations"]),
        dimension=as_cuts(content["dimension"]["deviations"]),
        reference=float(content["reference"]),
        official=bool(content["official"]),
        provenance=str(content["provenance"]),
        names={language: tuple(names) for language, names in content["names"].items()},
    )


def as_cuts(cuts: Cuts | Sequence[float] | None) -> tuple[float, ...]:
    """Return cuts as ascending levels: the given ones, or those of 2024 when None.

    Raises
    ------
    UsageError
        When there is no cut or more than 126, one is no finite number, or they do not ascend.
    """
    if cuts is None:
        return read_cuts().levels
    if isinstance(cuts, Cuts):
        return cuts.levels
    try:
        levels = tuple(float(cut) for cut in cuts)
    except (TypeError, ValueError):
        raise UsageError(
            f"cuts is {cuts!r}; it must be ascending numbers, as [3.7, 3.9, 4.1], or Cuts"
        ) from None
    if not 1 <= len(levels) < MOST_CLASSES:
        raise UsageError(f"cuts: {len(levels)} given, there must be 1 to {MOST_CLASSES - 1}")
    if not all(math.isfinite(cut) for cut in levels):
        raise UsageError(f"cuts: all must be finite, got {list(levels)}")
    if any(upper <= lower for lower, upper in pairwise(levels)):
        raise UsageError(f"cuts: must ascend, got {list(levels)}")
    return levels
