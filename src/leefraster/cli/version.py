"""``leefraster version``: what numbers made here depend on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def perform(options: argparse.Namespace) -> None:  # noqa: ARG001
    """Print versions, one a line."""
    from leefraster.pipeline.provenance import versions

    for name, value in versions().items():
        sys.stdout.write(f"{name} {value}\n")
