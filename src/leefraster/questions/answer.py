"""The answer to a question: a verdict by a published rule, in words, with its table, map and caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Verdict = Literal["holds", "does not hold", "mixed", "cannot be said"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parliamentary question comes to, computed and never assumed.

    Attributes
    ----------
    name : str
        Name of the question, as in ``lr.questions.<name>``.
    question : dict
        The question in words, by language (``"nl"``, ``"en"``).
    verdict : {"holds", "does not hold", "mixed", "cannot be said"}
        The outcome of `rule`.
    rule : str
        The published rule by which the verdict follows from the table.
    sentence : dict
        The answer in one or two sentences, by language (``"nl"``, ``"en"``), with its figures.
    table : DataFrame
        The figures that the verdict rests on.
    map : DataArray or None
        A field over `cell` (or `area`) worth a map, with ``long_name`` and ``units`` attrs.
    figure : dict or None
        What to draw: ``{"kind": "bars" | "lines", "x": column, "y": [columns], "title": ..., "unit": ...}``
        over `table`; drawn by the report, so that no mathematics is there and no drawing here.
    caveats : tuple of str
        What the answer does not say.
    inputs : dict
        What went in: years, weights, parameters.
    """

    name: str
    question: dict[str, str]
    verdict: Verdict
    rule: str
    sentence: dict[str, str]
    table: pd.DataFrame
    map: xr.DataArray | None = None
    figure: dict[str, Any] | None = None
    caveats: tuple[str, ...] = ()
    inputs: dict[str, Any] | None = None
