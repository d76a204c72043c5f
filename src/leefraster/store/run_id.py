"""Names of runs: unique whatever the clock says."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from leefraster.errors import UsageError

_NAME = re.compile(r"^\w[\w.+-]{0,99}$")


def new_run_id(moment: datetime | None = None) -> str:
    """Return a new run id: the moment in UTC, readable, and six random hexadecimal digits.

    Two runs in one second, or under a clock that was set back, still get different ids; the order of runs
    is that of their commits and never read from the id.

    Parameters
    ----------
    moment : datetime, optional
        Moment to name the run after; now when not given.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> new_run_id(datetime(2026, 11, 24, 5, 30, tzinfo=UTC))[:16]
    '20261124T053000-'
    """
    when = (moment or datetime.now(UTC)).astimezone(UTC)
    return f"{when:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def checked_name(name: str, what: str) -> str:
    """Return `name` when it can name a run or a tag.

    Raises
    ------
    UsageError
        When it is empty, longer than 100 characters, or holds anything but letters, digits and ``_ . + -``.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"{what} {name!r} cannot be used: give 1 to 100 letters, digits or the signs _ . + -, "
            "starting with a letter, digit or _"
        )
    return name
