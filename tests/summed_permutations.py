"""What permutations of a field add up to, as global statistics compute p from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from leefraster.statistics import global_plan


@contextmanager
def summed_permutations(forms: list | None = None) -> Iterator[list[bytes]]:
    """Give the bytes of M, T and Q, as the values lie and of all permutations, of each call that is made within.

    `forms` takes the forms of each call with these sums.
    """
    kept: list[bytes] = []

    def keeping(given, arrangements, permutations, seed):
        sums = arrangements.sums(permutations, seed)
        kept.append(b"".join(part.tobytes() for part in sums))
        if forms is not None:
            forms.append((given, *sums))
        return original(given, arrangements, permutations, seed)

    original = global_plan.permutation_tails
    with patch.object(global_plan, "permutation_tails", keeping):
        yield kept
