"""A table as it may be published: units withheld, counts rounded, and what was done, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leefraster.disclosure.rounding import round_in_tree
from leefraster.disclosure.rule import DisclosureRule
from leefraster.disclosure.suppression import MISSING, PUBLISHED, STATUS, withheld
from leefraster.disclosure.tree import Tree
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Protected:
    """A protected table.

    Attributes
    ----------
    table : DataFrame
        The table with withheld figures missing, and a column `status` that keeps withheld apart from missing.
    counts : dict of str to int
        How many units have which status.
    said : str
        The rule and the counts in words.
    """

    table: pd.DataFrame
    counts: dict[str, int]
    said: str


def protect(
    table: pd.DataFrame,
    *,
    count: str,
    rule: DisclosureRule | None = None,
    unit: str | None = None,
    parent: str | None = None,
    counts: Sequence[str] = (),
    keep: Sequence[str] = (),
    largest: str | None = None,
) -> Protected:
    """Withhold and round the figures of a table of units.

    Parameters
    ----------
    table : DataFrame
        One row a unit.
    count : str
        Column with the dwellings or inhabitants that the minimum is about.
    rule : DisclosureRule or None
        The rule; None takes its defaults.
    unit, parent : str or None
        Columns with the units' names and with the unit that each is part of ("" is none); None for `unit` takes
        the index, None for `parent` a table without totals.
    counts : sequence of str
        Further columns of counts; all are rounded, `count` too.
    keep : sequence of str
        Columns that say no more than which unit it is (codes, names, levels): never withheld.
    largest : str or None
        Column with the largest contribution to `count`, for the rule of dominance; it is not returned.

    Returns
    -------
    Protected
        The table, how many units have which status, and both in words.

    Raises
    ------
    UsageError
        When a column is not there, or the rule asks for dominance and `largest` is not given.
    InputError
        When units occur twice, a parent is unknown, or parts do not add up to their whole.

    Notes
    -----
    Rows of earlier years, or of areas that overlap these, can give withheld figures away by difference:
    `differencing` looks for that.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"area": ["GM", "A", "B", "C"], "in": ["", "GM", "GM", "GM"],
    ...                       "dwellings": [63, 3, 12, 48], "score": [.1, .4, .2, .0]})
    >>> import leefraster as lr
    >>> done = lr.protect(table, count="dwellings", unit="area", parent="in")
    >>> done.table["dwellings"].tolist()
    [65.0, nan, nan, 50.0]
    >>> done.counts
    {'published': 2, 'withheld, too few': 1, 'withheld against subtraction': 1}
    """
    rule = DisclosureRule() if rule is None else rule
    asked = [count, unit, parent, largest, *counts, *keep]
    absent = [name for name in asked if name is not None and name not in table.columns]
    if absent:
        raise UsageError(f"the table has no columns {absent}; it has {', '.join(map(str, table.columns))}")
    if rule.dominance is not None and largest is None:
        raise UsageError(
            "the rule asks for dominance: name the column of largest contributions with largest="
        )
    names = table.index if unit is None else table[unit]
    tree = Tree.of([str(one) for one in names], None if parent is None else table[parent].fillna("").tolist())
    numbers = table[count].to_numpy(dtype=float, na_value=np.nan)
    most = None if largest is None else table[largest].to_numpy(dtype=float, na_value=np.nan)
    status = withheld(numbers, tree, rule, most)
    out = table.drop(columns=[] if largest is None else [largest]).copy()
    for name in dict.fromkeys([count, *counts]):
        out[name] = round_in_tree(out[name].to_numpy(dtype=float, na_value=np.nan), tree, rule.base)
    kept = {unit, parent, *keep}
    hidden = (status != PUBLISHED) & (status != MISSING)
    for name in out.columns:
        if name not in kept:
            out[name] = out[name].mask(hidden)
    out["status"] = [STATUS[int(code)] for code in status]
    found = {STATUS[code]: int((status == code).sum()) for code in STATUS if (status == code).any()}
    listed = ", ".join(f"{number} {name}" for name, number in found.items())
    return Protected(out, found, f"{rule.said()} ({listed})")
