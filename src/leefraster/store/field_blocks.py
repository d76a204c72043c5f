"""The blocks that a field is written from: sorted cell ids and a number for each, checked as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid

Ints = npt.NDArray[np.int64]


def dtype_of(name: str, given: Any) -> np.dtype[Any]:
    """Return a type of numbers.

    Raises
    ------
    UsageError
        When numpy knows no such type, or it is none of numbers.
    """
    try:
        found: np.dtype[Any] = np.dtype(given)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "biuf":
        raise UsageError(f"dtype of {name} is {given!r}; it must be one of numbers, as 'float64' or 'int8'")
    return found


def result_type(name: str, given: Any) -> np.dtype[Any]:
    """Return a type of numbers, or of several numbers a cell: ``("float64", (5,))`` for five years.

    Raises
    ------
    UsageError
        As `dtype_of`.
    """
    if isinstance(given, tuple) and len(given) == 2:
        shape = given[1] if isinstance(given[1], tuple) else (given[1],)
        if all(isinstance(length, int | np.integer) and length > 0 for length in shape):
            return np.dtype((dtype_of(name, given[0]), shape))
    return dtype_of(name, given)


def in_order(
    blocks: Iterable[tuple[Ints, npt.NDArray[Any]]], grid: Grid, dtype: np.dtype[Any] | None
) -> Iterator[tuple[Ints, npt.NDArray[Any]]]:
    """Yield the blocks that have cells, with ids as int64, once they are known to be right.

    Parameters
    ----------
    blocks : iterable of (ids, values)
        As `FieldStore.write_field` takes them.
    grid : Grid
        Grid of the cells.
    dtype : dtype or None
        Type that the values will be kept in; None for that of the first block.

    Raises
    ------
    UsageError
        When blocks are no pairs of arrays of whole numbers and of numbers.
    InputError
        When ids do not ascend or lie outside the grid, or a value is infinite, or missing where `dtype` has no NaN.
    """
    if not isinstance(blocks, Iterable):
        raise UsageError(f"blocks is a {type(blocks).__name__}; {_WANTED}")
    before = -1
    for number, block in enumerate(blocks):
        ids, values = _pair(block, number)
        if ids.size == 0:
            continue
        _require_ascending(ids, before, grid)
        dtype = values.dtype if dtype is None else dtype
        _require_finite(values, dtype)
        before = int(ids[-1])
        yield ids, values


_WANTED = "it must be an iterable of pairs (ids, values): cell ids as whole numbers, and a number for each"


def _pair(block: Any, number: int) -> tuple[Ints, npt.NDArray[Any]]:
    if not isinstance(block, tuple | list) or len(block) != 2:
        raise UsageError(f"block {number} of blocks is a {type(block).__name__} and no pair; {_WANTED}")
    ids, values = np.asarray(block[0]), np.asarray(block[1])
    if ids.size == 0 and values.size == 0:
        return np.empty(0, np.int64), np.empty(0)
    if ids.dtype.kind not in "iu":
        raise UsageError(f"ids of block {number} are {ids.dtype}; cell ids are whole numbers, as int64")
    if values.dtype.kind not in "biuf":
        raise UsageError(f"values of block {number} are {values.dtype}; they must be numbers, missing is NaN")
    if ids.ndim != 1:
        raise UsageError(f"ids of block {number} have {ids.ndim} dimensions; they must have one")
    if ids.shape != values.shape:
        raise InputError(f"a block has {ids.size} ids and {values.size} values")
    return ids.astype(np.int64, copy=False), values


def _require_ascending(ids: Ints, before: int, grid: Grid) -> None:
    if ids[0] < 0 or ids[-1] >= grid.size:
        raise InputError(
            f"cell ids go from {int(ids[0])} to {int(ids[-1])}; the grid holds 0 to {grid.size - 1}"
        )
    if ids[0] <= before or (np.diff(ids) <= 0).any():
        raise InputError(
            f"cell ids must ascend from block to block and occur once; they do not after {before}"
        )


def _require_finite(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    if values.dtype.kind != "f":
        return
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"the field holds {infinite} infinite values; missing values are NaN")
    if dtype.kind != "f" and np.isnan(values).any():
        raise InputError(
            f"the field holds missing values, which {dtype} cannot; keep it as 'float32' or 'float64'"
        )
