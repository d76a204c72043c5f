"""The main job, from input to stored results, report and exports: one step a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["run"]

if TYPE_CHECKING:
    from leefraster.pipeline.runner import run as run


def __getattr__(name: str) -> Any:
    if name != "run":
        raise AttributeError(f"module 'leefraster.pipeline' has no attribute {name!r}")
    from leefraster.pipeline.runner import run

    return run
