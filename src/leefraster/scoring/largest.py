"""How large what scores are made of may be, so that no sum of it goes beyond the largest float."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

LARGEST_SCORE = 1e300  # of a dimension before its mean is taken off, of a mean and of a level
LARGEST_AROUND = 1e150  # of a value that is summed over cells, and of its weight: they are multiplied

Level = Annotated[float, Field(ge=-LARGEST_SCORE, le=LARGEST_SCORE, allow_inf_nan=False)]
