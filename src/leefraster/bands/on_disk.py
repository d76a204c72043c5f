"""Arrays that lie in files, which the system keeps in memory while there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def on_disk(path: Path, dtype: Any, size: int) -> npt.NDArray[Any]:
    """Return a new array of zeros in a file; it is plain numpy, and gone when the file is."""
    if size == 0:
        return np.zeros(0, dtype)
    return np.asarray(np.memmap(path, dtype=dtype, mode="w+", shape=(size,)))
