"""Import time, each in a process of its own."""

from __future__ import annotations


def timeraw_import() -> str:
    """Return the code whose time is taken: the package."""
    return "import leefraster"


def timeraw_first_name() -> str:
    """Return the code whose time is taken: a statistic with all that it needs."""
    return "import leefraster; leefraster.local_moran"


def timeraw_command_line() -> str:
    """Return the code whose time is taken: the help of the command."""
    return """
    import contextlib, io, sys
    sys.argv = ["leefraster", "--help"]
    from leefraster.cli import main
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    """
