"""p of local join counts, which only places that hold a one have."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.jit import parallel_jit


@parallel_jit
def local_join_count_p(own, upper, lower, alternative, p):
    """Fill p of the places that hold a one from the tails of their sum; NaN elsewhere."""
    for i in prange(p.size):
        tested = own[i] == 1 and not np.isnan(upper[i])
        p[i] = p_of_tails(upper[i], lower[i], alternative) if tested else np.nan
