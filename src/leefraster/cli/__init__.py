"""The command line: parses, calls the package, and turns errors into words and exit codes.

Only light modules are imported here, so that ``leefraster --help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from leefraster.cli.parser import build_parser, with_negative_sizes
from leefraster.errors import EnvironmentFault, Interrupted, LeefrasterError
from leefraster.interruption import leave, stoppable
from leefraster.progress import said_when_compiling

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]

_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; that of the process when not given.

    Returns
    -------
    int
        0 done, 2 usage or configuration, 3 input data, 4 environment, 5 interrupted, 1 a fault of leefraster.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = build_parser().parse_args(with_negative_sizes(given))
    try:
        with stoppable(), said_when_compiling(_tell):
            command(options.command)(options)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.debug:
            import traceback

            traceback.print_exc()
        code, text = explained(error)
        if arguments is None and code == Interrupted.exit_code:
            leave(f"leefraster: {text}\n")
        sys.stderr.write(f"leefraster: {text}\n")
        return code
    return 0


def _tell(text: str) -> None:
    """Write a line beside whatever is written; bars on a terminal make way for it."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def command(name: str) -> Callable[[argparse.Namespace], None]:
    """Return the function of a command; its module, and all that it needs, is loaded only now."""
    import importlib

    function: Callable[[argparse.Namespace], None] = importlib.import_module(f"leefraster.cli.{name}").perform
    return function


def explained(error: Exception) -> tuple[int, str]:
    """Return the exit code of an error, and its text for a user."""
    if isinstance(error, LeefrasterError):
        return error.exit_code, str(error)
    if isinstance(error, MemoryError):
        text = "out of memory. Close other programs, or run on fewer years or a smaller area"
        return EnvironmentFault.exit_code, text
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        where = f" ({error.filename})" if error.filename else ""
        return EnvironmentFault.exit_code, f"the machine does not allow it: {error.strerror}{where}"
    return 1, (
        f"a fault in leefraster itself: {type(error).__name__}: {error}. Nothing was stored. "
        "Run the same command with --debug and report what it prints"
    )
