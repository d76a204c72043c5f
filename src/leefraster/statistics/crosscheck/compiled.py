"""esda's compiled functions, kept on disk: it compiles anew in every process otherwise, for 17 s."""

from __future__ import annotations


def keep_compiled() -> None:
    """Let numba keep esda's compiled functions.

    All but one: a function that takes functions is never found again, and would add a file every time.
    """
    from esda import crand, geary_local, getisord, join_counts_local, moran

    for module in (crand, moran, getisord, geary_local, join_counts_local):
        for name, function in vars(module).items():
            if hasattr(function, "enable_caching") and name != "compute_chunk":
                function.enable_caching()
