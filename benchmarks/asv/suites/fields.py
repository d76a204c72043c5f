"""Made fields for the suites; no benchmark is in this file."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import xarray as xr

from leefraster.fields import read_fields, valid_mask


@cache
def made_field(cells: int) -> xr.DataArray:
    """Return the ragged field of the other benchmarks."""
    folder = str(Path(__file__).resolve().parents[2])
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from beside.cells import Cells

    return Cells.made(cells).field


def read(field: xr.DataArray) -> tuple[Any, Any, Any]:
    """Return the field as statistics read it, which places hold a value, and these values."""
    fields = read_fields(field)
    valid = valid_mask(fields.values[0])
    return fields, valid, fields.values[0][valid]
