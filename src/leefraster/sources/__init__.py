"""Where data comes from: published scores, CBS, tables in general, an invented country. Loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_MODULES = ("cbs", "change_files", "leefbaarometer", "synthetic", "tables")

__all__ = ["cbs", "change_files", "leefbaarometer", "synthetic", "tables"]

if TYPE_CHECKING:
    from leefraster.sources import cbs as cbs
    from leefraster.sources import change_files as change_files
    from leefraster.sources import leefbaarometer as leefbaarometer
    from leefraster.sources import synthetic as synthetic
    from leefraster.sources import tables as tables


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'leefraster.sources' has no attribute {name!r}")
    return importlib.import_module(f"leefraster.sources.{name}")


def __dir__() -> list[str]:
    return __all__
