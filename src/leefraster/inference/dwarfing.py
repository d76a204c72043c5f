"""Values that dwarf all others, brought nearer to these before weighted sums are inverted.

A sum with such a value in it is far above or below all sums without. How far does not matter to a tail, but the
integral that gives the tail needs more nodes the farther it is. What matters is kept: which values they are, that
they stay far out, and their sizes compared with each other, up to a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Totals, totals

Ints = npt.NDArray[np.int64]

FAR = (
    1000.0  # standard deviations of the others, beyond which a value dwarfs them, and to which it is brought
)
MOST = 16  # values
FACTOR = 2.0  # that is kept between them


@dataclass(frozen=True, slots=True)
class Dwarfing:
    """Few integers that dwarf all others.

    Attributes
    ----------
    mean, sd : float
        Of the others.
    least : float
        The least distance of one of them from that mean.
    """

    mean: float
    sd: float
    least: float

    @classmethod
    def of(cls, ordered: Ints, sums: Totals) -> tuple[Dwarfing | None, Totals]:
        """Look for them among sorted integers, of which these are the totals; return those of `nearer` too."""
        most = min(MOST, ordered.size // 10)
        ends = np.concatenate([ordered[:most], ordered[ordered.size - most :]])
        farthest = ends[np.argsort(-np.abs(ends - ordered[ordered.size // 2]), kind="stable")]
        for count in range(most, 0, -1):
            far = farthest[:count]
            others = sums.without(totals(far))
            found = cls(float(others.mean), others.sd, float(np.abs(far - float(others.mean)).min()))
            if found.least > FAR * found.sd > 0:
                return found, others.together(totals(found.nearer(far)))
        return None, sums

    def nearer(self, integers: Ints) -> Ints:
        """Return integers of which those that dwarf the others are brought nearer to them."""
        away = integers - self.mean
        size = np.abs(away) / self.least
        moved = np.sign(away) * np.minimum(size, FACTOR) * FAR * self.sd
        return np.where(size < 1.0, integers, np.rint(self.mean + moved).astype(np.int64))
