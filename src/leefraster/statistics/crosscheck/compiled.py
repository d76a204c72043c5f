"""esda's compiled functions, kept on disk: it compiles anew in every process otherwise, for 17 s."""

from __future__ import annotations

from leefraster.kernels.jit import keep


def keep_compiled() -> None:
    """Let esda's compiled functions be kept as our kernels are.

    A function that takes functions is not kept (`compute_chunk`): it would never be found again.
    """
    from esda import crand, geary_local, getisord, join_counts_local, moran

    for module in (crand, moran, getisord, geary_local, join_counts_local):
        for function in vars(module).values():
            if hasattr(function, "enable_caching"):
                keep(function)
