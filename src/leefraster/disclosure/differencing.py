"""Small differences between two published divisions of the same cells, which give away what each withholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def differencing(
    one: Sequence[str], other: Sequence[str], counts: npt.ArrayLike, *, minimum: float = 5.0
) -> pd.DataFrame:
    """Find pairs of areas, one of each division, whose difference counts more than none but too few.

    Who publishes a figure for area A and one for area B publishes their difference too, when one lies in the
    other but for a few dwellings: focus areas against neighbourhoods, or the borders of two years.

    Parameters
    ----------
    one, other : sequence of str, length n
        The area of every cell in the first and the second division; "" is none.
    counts : array_like, shape (n,)
        Dwellings or inhabitants of every cell; NaN counts as none.
    minimum : float
        What may be published on its own.

    Returns
    -------
    DataFrame
        One row a pair at risk: `one`, `other`, `only_in_one`, `only_in_other` (counts), and `exposed`, which of
        the two differences is too small.

    Raises
    ------
    UsageError
        When the three differ in length.

    Notes
    -----
    Pairs only: differences of unions of several areas are not searched.

    Examples
    --------
    >>> import leefraster as lr
    >>> found = lr.differencing(["A", "A", "A", "B"], ["X", "X", "", "Y"], [40, 30, 2, 50])
    >>> found[["one", "other", "exposed"]].values.tolist()
    [['A', 'X', 'only_in_one']]
    """
    import pandas as pd

    number = np.nan_to_num(np.asarray(counts, dtype=float))
    first, second = np.asarray(one, dtype=str), np.asarray(other, dtype=str)
    if not first.size == second.size == number.size:
        raise UsageError(f"lengths differ: {first.size}, {second.size} and {number.size} cells")
    cells = pd.DataFrame({"one": first, "other": second, "count": number})
    both = cells[(cells["one"] != "") & (cells["other"] != "")].groupby(["one", "other"])["count"].sum()
    pairs = both[both > 0].reset_index()
    for side in ("one", "other"):
        whole = cells[cells[side] != ""].groupby(side)["count"].sum()
        pairs[f"only_in_{side}"] = pairs[side].map(whole) - pairs["count"]
    small = {
        side: pairs[f"only_in_{side}"].between(0, minimum, inclusive="neither") for side in ("one", "other")
    }
    pairs["exposed"] = np.where(small["one"], "only_in_one", "only_in_other")
    kept = pairs[small["one"] | small["other"]]
    return kept[["one", "other", "only_in_one", "only_in_other", "exposed"]].reset_index(drop=True)
