"""What a larger size will take, from the sizes that were measured."""

from __future__ import annotations

import math

Point = tuple[int, float]  # cells, seconds


def predicted(points: list[Point], cells: int, most: float = 2.0) -> float:
    """Return the seconds for `cells` by the power law through the last two points.

    The power is kept between 1 and `most`; a single point is taken to grow in proportion; none gives 0.
    """
    if not points:
        return 0.0
    last_cells, last_seconds = points[-1]
    power = 1.0
    if len(points) > 1:
        before_cells, before_seconds = points[-2]
        if last_cells > before_cells:
            power = math.log(last_seconds / before_seconds) / math.log(last_cells / before_cells)
    return float(last_seconds * (cells / last_cells) ** min(max(power, 1.0), most))
