"""The cross-products of Moran's I."""

from __future__ import annotations

from numba import prange

from leefraster.kernels.jit import parallel_jit


@parallel_jit
def cross_products(integers, sums, counts, whole, fraction, row, products, fourth):
    """Fill z_i times the mean (or sum) of z over the neighbours, and z_i^4, in the integers' unit."""
    for i in prange(integers.size):
        k = counts[i]
        z = (integers[i] - whole) - fraction
        lag = (sums[i] - k * whole) - k * fraction
        products[i] = z * lag / k if row else z * lag
        fourth[i] = z * z * (z * z)
