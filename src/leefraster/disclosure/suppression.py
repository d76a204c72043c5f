"""Which units of a table are withheld: those below the minimum, and those that subtraction would give away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.disclosure.rule import DisclosureRule
from leefraster.disclosure.tree import Tree

PUBLISHED, TOO_FEW, DOMINATED, SECONDARY, MISSING = 0, 1, 2, 3, 4
STATUS = {
    PUBLISHED: "published",
    TOO_FEW: "withheld, too few",
    DOMINATED: "withheld, one contributor dominates",
    SECONDARY: "withheld against subtraction",
    MISSING: "missing",
}
Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]


def withheld(counts: Floats, tree: Tree, rule: DisclosureRule, largest: Floats | None = None) -> Codes:
    """Return the status of each unit (a key of `STATUS`).

    A unit is withheld when it counts more than none but fewer than the minimum, or when one contributor holds
    more than the share allowed. Then, as often as needed: of a whole and its parts, where only one is withheld,
    or the parts withheld from a published whole together count fewer than the minimum, the smallest published
    part (the first of equals) is withheld too; where there is no other part, the whole is. Since units form a
    tree, no withheld figure follows from the published ones then.

    Parameters
    ----------
    counts : ndarray, shape (n,)
        Dwellings or inhabitants; NaN is missing, which is not withheld.
    tree : Tree
        Which unit is part of which.
    rule : DisclosureRule
        The rule.
    largest : ndarray or None
        The largest contribution to each unit's count, for the rule of dominance.
    """
    status = np.zeros(counts.size, np.int8)
    status[np.isnan(counts)] = MISSING
    status[(counts > 0) & (counts < rule.minimum)] = TOO_FEW
    if rule.dominance is not None and largest is not None:
        dominated = (status == PUBLISHED) & (counts > 0) & (largest > rule.dominance * counts)
        status[dominated] = DOMINATED
    while rule.secondary and any(
        _guard(int(whole), counts, tree, rule, status) for whole in tree.from_the_top()[::-1]
    ):
        pass
    return status


def _guard(whole: int, counts: Floats, tree: Tree, rule: DisclosureRule, status: Codes) -> bool:
    """Withhold one more unit where one of a whole and its parts could be worked out; tell whether one was."""
    parts = tree.parts(whole)
    if parts.size == 0 or (status[[whole, *parts]] == MISSING).any():  # what is missing hides the others
        return False
    hidden = parts[status[parts] != PUBLISHED]
    whole_hidden = bool(status[whole] != PUBLISHED)
    if hidden.size + whole_hidden == 0:
        return False
    if hidden.size + whole_hidden > 1 and (whole_hidden or counts[hidden].sum() >= rule.minimum):
        return False
    shown = parts[(status[parts] == PUBLISHED) & (counts[parts] > 0)]
    if shown.size == 0 and whole_hidden:
        return False
    if shown.size:
        status[shown[np.argmin(counts[shown])]] = SECONDARY
    else:
        status[whole] = SECONDARY
    return True
