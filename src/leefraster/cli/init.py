"""``leefraster init``: a commented configuration to start from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from leefraster.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    import argparse


def perform(options: argparse.Namespace) -> None:
    """Write the template, unless the file exists.

    Raises
    ------
    UsageError
        When the file exists and ``--force`` is not given.
    EnvironmentFault
        When it cannot be written.
    """
    from leefraster.config import TEMPLATE

    file = options.file
    if file.exists() and not options.force:
        raise UsageError(f"{file} exists. Give another name, or --force to replace it")
    try:
        file.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{file}: cannot be written ({error.strerror})") from error
    sys.stdout.write(f"{file} written. Edit it, then: leefraster run {file}\n")
