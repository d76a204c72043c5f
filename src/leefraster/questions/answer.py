"""The answer to a question: a verdict by a published rule, in words, with its table, map and caveats."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Verdict = Literal["holds", "does not hold", "mixed", "cannot be said"]

VERDICTS_NL: dict[Verdict, str] = {
    "holds": "klopt",
    "does not hold": "klopt niet",
    "mixed": "wisselend",
    "cannot be said": "niet te zeggen",
}


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
        The published rule by which the verdict follows from the table (English; `rule_nl` in Dutch).
    sentence : dict
        The answer in a few sentences, by language (``"nl"``, ``"en"``), with its figures.
    table : DataFrame
        The figures that the verdict rests on.
    map : DataArray or None
        A field over `cell` (or `area`) worth a map, with ``long_name`` and ``units`` attrs.
    figure : dict or None
        What to draw: ``{"kind": "bars" | "lines", "x": column, "y": [columns], "title": ..., "title_nl": ...,
        "unit": ...}`` over `table`; drawn by the report, so that no mathematics is there and no drawing here.
    caveats : tuple of str
        What the answer does not say (English; `caveats_nl` in Dutch, in the same order).
    inputs : dict
        What went in: years, weights, parameters.
    rule_nl, caveats_nl
        The same in Dutch.
    details : dict of DataFrame
        Further tables, by name; empty where nothing could be said.
    columns : dict
        What the columns of all tables mean: column name to ``{"nl": ..., "en": ..., "unit": ...}``.
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
    rule_nl: str = ""
    caveats_nl: tuple[str, ...] = ()
    details: dict[str, pd.DataFrame] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return a few lines: verdict, sentence and what else there is."""
        rows, columns = self.table.shape
        tables = f"table of {rows} x {columns}" + "".join(f", {name}" for name in self.details)
        said = shorten(self.sentence.get("en", ""), 300, placeholder=" ...")
        return f"Answer {self.name!r}: {self.verdict}\n  {said}\n  {tables}; {len(self.caveats)} caveats"

    @property
    def verdict_nl(self) -> str:
        """The verdict in Dutch."""
        return VERDICTS_NL[self.verdict]
