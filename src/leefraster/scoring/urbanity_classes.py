"""Classes of urbanity as given: 1 to 5, and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError

URBANITY_CLASSES = (1, 2, 3, 4, 5)


def known_classes(values: npt.ArrayLike, name: str = "urbanity") -> npt.NDArray[np.float64]:
    """Return classes of urbanity as numbers, NaN where unknown.

    Parameters
    ----------
    values : array_like, any shape
        Classes, 1 (most urban) to 5; NaN, and 0 as `lr.urbanity` gives it, are unknown.
    name : str
        What the message calls them.

    Raises
    ------
    InputError
        When a value is something else; the message has the value, how many there are, and the rule.

    Examples
    --------
    >>> known_classes([1, 5, 0]).tolist()
    [1.0, 5.0, nan]
    >>> known_classes([1.0, 7.0])
    Traceback (most recent call last):
    leefraster.errors.InputError: urbanity holds 7 (1 of 2 values); classes are 1 (most urban) to 5, missing is NaN
    """
    try:
        given = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds no numbers ({error}); classes are 1 (most urban) to 5") from error
    wrong = ~np.isnan(given) & ~np.isin(given, (0, *URBANITY_CLASSES))
    if wrong.any():
        raise InputError(
            f"{name} holds {given[wrong][0]:g} ({int(wrong.sum())} of {given.size} values); classes are 1 (most "
            "urban) to 5, missing is NaN"
        )
    return np.where(given == 0, np.nan, given)
