"""The natural logarithm of 1 + x, by additions, products and quotients only: the same bits on every machine.

After fdlibm's log1p (Sun Microsystems 1993), laid out so that many values run side by side; within 1 unit in the
last place of what the C library gives.
"""

from __future__ import annotations

import numpy as np

from leefraster.kernels.jit import jit

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ONE, HALF_ROOT = np.int64(0x3FF0000000000000), np.int64(0x3FE6A09E667F3BCD)  # bits of 1 and of sqrt(1/2)
MANTISSA = np.int64(0x000FFFFFFFFFFFFF)


@jit
def log1p_in_place(values, room, bits):
    """Replace values of at least 0 (or NaN) by log(1 + value).

    room : (3, size or more) floats; bits : the same memory as int64. Each loop runs side by side.
    """
    n = values.size
    reduced, lost, exponent, seen = room[0, :n], room[1, :n], room[2, :n], bits[0, :n]
    for i in range(n):
        x = values[i]
        u = 1.0 + x
        reduced[i] = u
        lost[i] = (1.0 - (u - x) if x >= 1.0 else x - (u - 1.0)) / u  # what rounding 1 + x left out
    _split(seen, exponent)
    for i in range(n):
        f, k = reduced[i] - 1.0, exponent[i]
        s = f / (2.0 + f)
        z = s * s
        series = z * (
            6.666666666666735130e-01
            + z
            * (
                3.999999999940941908e-01
                + z
                * (
                    2.857142874366239149e-01
                    + z
                    * (
                        2.222219843214978396e-01
                        + z
                        * (
                            1.818357216161805012e-01
                            + z * (1.531383769920937332e-01 + z * 1.479819860511658591e-01)
                        )
                    )
                )
            )
        )
        half = 0.5 * f * f
        values[i] = k * LN2_HIGH - ((half - (s * (half + series) + (k * LN2_LOW + lost[i]))) - f)


@jit
def _split(bits, exponent):
    """Split numbers into 2^exponent and a factor between sqrt(1/2) and sqrt(2), whose bits stay."""
    for i in range(bits.size):
        shifted = bits[i] + (ONE - HALF_ROOT)
        exponent[i] = np.float64(np.int32(shifted >> 52) - np.int32(1023))
        bits[i] = (shifted & MANTISSA) + HALF_ROOT
