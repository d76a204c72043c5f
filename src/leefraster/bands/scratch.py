"""The folder for files that last only as long as a pass over the bands."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leefraster.errors import UsageError


@contextmanager
def scratch_folder(scratch: str | Path | None) -> Iterator[str]:
    """Give a new folder in `scratch`, or where the system keeps such; it is removed in the end.

    Raises
    ------
    UsageError
        When `scratch` is no folder.
    """
    if scratch is not None and not (isinstance(scratch, str | Path) and Path(scratch).is_dir()):
        raise UsageError(f"scratch is {scratch!r}; it must be a folder that is there")
    with tempfile.TemporaryDirectory(prefix="leefraster-", dir=scratch) as folder:
        yield folder
