"""The store that an option names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leefraster.store import Store


def store_at(folder: Path) -> Store:
    """Open a store, given itself or the output folder of a run that holds it."""
    from leefraster.store import Store

    inside = folder / "store"
    return Store.open(inside if inside.is_dir() else folder)


def run_key(text: str) -> str | int:
    """Return a run as the store takes it: a position when it is a small whole number, else a name."""
    digits = text.removeprefix("-")
    return int(text) if digits.isdigit() and len(digits) <= 4 else text
