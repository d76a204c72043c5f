"""``leefraster export``: results of a stored run for other programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from leefraster.cli.stores import run_key
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from leefraster.disclosure.rule import DisclosureRule


def perform(options: argparse.Namespace) -> None:
    """Write the files and name them."""
    from leefraster.exports import FORMATS, export
    from leefraster.progress import shown

    formats = list(FORMATS) if options.formats == ["all"] else options.formats
    with shown(sys.stderr) as progress:
        progress.started("export")
        paths = export(
            options.store,
            options.out,
            run=None if options.run is None else run_key(options.run),
            formats=formats,
            disclosure=rule_of(options),
            areas=options.area or (),
            licence=options.licence,
            progress=lambda done, total: progress.advanced("export", done, total),
        )
    for path in paths:
        sys.stdout.write(f"{path}\n")


def rule_of(options: argparse.Namespace) -> DisclosureRule | None:
    """Return the rule of disclosure control that the options ask for, None when they ask for none.

    Raises
    ------
    UsageError
        When a number is out of range, or ``--base`` is given without ``--minimum``.
    """
    from leefraster.disclosure.rule import DisclosureRule

    if options.minimum is not None:
        base = {} if options.base is None else {"base": options.base}
        return DisclosureRule(minimum=options.minimum, **base)
    if options.base is not None:
        raise UsageError(f"--base is {options.base}, but counts are rounded only together with --minimum")
    return None
