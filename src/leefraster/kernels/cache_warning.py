"""The warning about compiled code that cannot be kept or used; once for each kind and process."""

from __future__ import annotations

import warnings


class CompiledCodeWarning(UserWarning):
    """Compiled code on disk was damaged, or cannot be kept; results are the same, only the start is slower."""


_told: set[str] = set()


def warn_once(kind: str, text: str) -> None:
    """Give the first warning of its kind in this process; a damaged disk would give hundreds."""
    if kind not in _told:
        _told.add(kind)
        warnings.warn(text, CompiledCodeWarning, stacklevel=2)
