"""Disclosure control on an answer: its tables, its map, its sentences and its caveats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leefraster.exports.answer_words import Hidden
from leefraster.exports.protection import counts_in, protected_table

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.disclosure.rule import DisclosureRule
    from leefraster.questions.answer import Answer
    from leefraster.questions.wording import Language

_KEYS = ("code", "cluster", "group", "urbanity", "municipality", "district", "neighbourhood")
_COUNTED = ("dwellings", "households", "inhabitants")
_UNITS = ("count", *_COUNTED)
Meanings = Mapping[str, Mapping[str, str]]


def protected_answer(answer: Answer, rule: DisclosureRule, published: xr.DataArray) -> Answer:
    """Return an answer as it may be published.

    Rows of tables with too small a count lose their figures, and so do rows about the same places in tables
    without counts; other counts are rounded. What is lost there is taken out of all tables, which may hold it
    once more, and of sentences and caveats too, and
    every count of dwellings, households or inhabitants in these is withheld or rounded by the same rule.

    Parameters
    ----------
    answer : Answer
        The answer.
    rule : DisclosureRule
        The rule.
    published : DataArray of bool
        Which cells (or areas) may be published.
    """
    given = {"": answer.table, **answer.details}
    tables = _tables(given, rule, answer.columns)
    hidden = Hidden.of(rule, given.values(), tables.values(), answer.inputs)
    tables = {name: _without_figures(table, hidden.figures) for name, table in tables.items()}
    field = answer.map
    if field is not None and published.dims[0] in field.dims and field.dtype.kind == "f":
        shown = xr.DataArray(published.values, dims=published.dims)
        field = field.where(shown).assign_attrs(field.attrs)
    return replace(
        answer,
        table=tables.pop(""),
        details=tables,
        map=field,
        sentence={key: hidden.without(text, _language(key)) for key, text in answer.sentence.items()},
        caveats=tuple(hidden.without(text, "en") for text in answer.caveats),
        caveats_nl=tuple(hidden.without(text, "nl") for text in answer.caveats_nl),
    )


def _language(key: str) -> Language:
    return "nl" if key == "nl" else "en"


def _tables(
    given: Mapping[str, pd.DataFrame], rule: DisclosureRule, meanings: Meanings
) -> dict[str, pd.DataFrame]:
    counts = {name: _counts(table, meanings) for name, table in given.items()}
    tables: dict[str, pd.DataFrame] = {}
    withheld: set[tuple[str, object]] = set()
    for name, table in given.items():
        tables[name], small = protected_table(table, rule, counts[name])
        key = _key(table)
        if key is not None and "year" not in table:
            withheld |= {(key, value) for value in table[key][small]}
    return {name: table if counts[name] else _without(table, withheld) for name, table in tables.items()}


def _without(table: pd.DataFrame, withheld: set[tuple[str, object]]) -> pd.DataFrame:
    """Return a table without the figures of rows that another table withholds."""
    key = _key(table)
    if key is None:
        return table
    hidden = table[key].map(lambda value: (key, value) in withheld).astype(bool)
    if not hidden.any():
        return table
    out = table.copy()
    figures = [name for name in out.columns if out[name].dtype.kind == "f"]
    out[figures] = out[figures].mask(hidden)
    return out


def _without_figures(table: pd.DataFrame, figures: frozenset[float]) -> pd.DataFrame:
    """Return a table without the figures that another table withholds; whole numbers say too little to be known."""
    lost = np.array([value for value in figures if not value.is_integer()])
    out = table.copy()
    for name in [name for name in out.columns if out[name].dtype.kind == "f"]:
        values = out[name].to_numpy(dtype=float)
        out[name] = out[name].mask(np.isclose(values[:, None], lost, rtol=1e-9, atol=0).any(axis=1))
    return out


def _key(table: pd.DataFrame) -> str | None:
    """Return the column that says which place a row is about."""
    return next((name for name in _KEYS if name in table.columns), None)


def _counts(table: pd.DataFrame, meanings: Meanings) -> list[str]:
    """Return the columns whose name, or title and unit, say that they count dwellings or people."""
    found = counts_in(table)
    for name in map(str, table.columns):
        meaning = meanings.get(name, {})
        words = meaning.get("en", "").lower().replace("(", " ").replace(")", " ").replace(",", " ").split()
        if meaning.get("unit") in _UNITS and table[name].dtype.kind in "fiu" and set(words) & set(_COUNTED):
            found.append(name)
    return list(dict.fromkeys(found))
