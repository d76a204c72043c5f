"""The options of ``leefraster questions`` together: those that would do nothing are refused, before any work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.cli.export import rule_of
from leefraster.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    import argparse

    from leefraster.disclosure.rule import DisclosureRule

_OF_FOCUS = ("code", "name", "layer", "to_crs")


def checked(options: argparse.Namespace, names: list[str]) -> DisclosureRule | None:
    """Return the rule of disclosure control that is asked for, once nothing speaks against the options.

    Raises
    ------
    UsageError
        When an option is given that would do nothing, a file or a column that is needed is not, or a number is
        out of range.
    EnvironmentFault
        When the output folder could not be written.
    """
    given = [name for name in _OF_FOCUS if getattr(options, name) is not None]
    if options.focus is None and given:
        option = given[0].replace("_", "-")
        raise UsageError(f"--{option} is about the file of --focus, which is not given")
    if options.focus is not None:
        _require_use_of_focus(options, names)
    rule = rule_of(options)
    if options.out is not None:
        require_writable(options.out)
    return rule


def _require_use_of_focus(options: argparse.Namespace, names: list[str]) -> None:
    if "focus_areas" not in names:
        raise UsageError("--focus is about the question focus_areas, which is not asked; add it to --ask")
    if options.code is None:
        raise UsageError("--focus needs --code: the column of the areas' codes (or of neighbourhood codes)")
    if not options.focus.is_file():
        raise UsageError(f"--focus: there is no file {options.focus}")


def require_writable(folder: Path) -> None:
    """Refuse a folder into which nothing can be written, without making it.

    Raises
    ------
    UsageError
        When it, or what it is to lie in, is a file.
    EnvironmentFault
        When the nearest folder that is there may not be written.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"--out is {folder}, but {nearest} is a file; name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise EnvironmentFault(f"--out is {folder}: no permission to write in {nearest}")
