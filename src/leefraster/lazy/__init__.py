"""Dask-backed fields: a public function of fields in memory, made to work lazily on those that are not."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from leefraster.lazy.cuts import (
    Cut,
    anywhere,
    between_cell_fields,
    between_fields,
    between_series,
    nowhere,
)
from leefraster.lazy.given import is_lazy, labelled, put

__all__ = [
    "anywhere",
    "between_cell_fields",
    "between_fields",
    "between_series",
    "computed",
    "lazily",
    "nowhere",
]


def lazily[F: Callable[..., Any]](cut: Cut, **known: Any) -> Callable[[F], F]:
    """Make a function of fields in memory return a lazy result where a field is a dask array.

    Without a dask array among the arguments the function just runs. With one, its blocks are gathered along all
    dimensions that may not be cut, and the function runs on each of them when the result is computed. Checks of
    options, names, dimensions and labels are made at once, those of values with the values.

    Parameters
    ----------
    cut : Cut
        Along which dimensions the function may work block by block: one of `leefraster.lazy.cuts`.
    **known
        The rest of `leefraster.lazy.blocks.Rule`.
    """

    def make(function: F) -> F:
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not _any_lazy(args, kwargs):
                return function(*args, **kwargs)
            from leefraster.lazy.blocks import Rule, lazy_call

            rule, bound = Rule(cut, **known), signature.bind(*args, **kwargs)
            if not any(is_lazy(v) for name, v in bound.arguments.items() if name not in rule.labels_only):
                return function(*args, **kwargs)
            bound.apply_defaults()
            return lazy_call(call, rule, bound.arguments)

        return cast(F, call)

    return make


def computed[F: Callable[..., Any]](function: F) -> F:
    """Make a function whose result cannot be lazy compute its dask-backed arguments, all in one go."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _any_lazy(args, kwargs):
            return function(*args, **kwargs)
        from dask.base import compute

        given: dict[str, Any] = {f"{i}": value for i, value in enumerate(args)} | kwargs
        found = list(labelled(given))
        for (where, _), value in zip(found, compute(*(one for _, one in found)), strict=True):
            put(given, where, value)
        positional = [given.pop(f"{i}") for i in range(len(args))]
        return function(*positional, **given)

    return cast(F, call)


def _any_lazy(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return "dask" in sys.modules and any(is_lazy(value) for value in (*args, *kwargs.values()))
