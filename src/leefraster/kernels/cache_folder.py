"""Where compiled kernels are kept, and what to do where nothing can be written."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from leefraster.kernels.cache_warning import warn_once


@functools.cache
def folders(beside: Path, chosen: str) -> tuple[tuple[Path, ...], Path | None]:
    """Return the folders to look in, in order, and the one to write to.

    Parameters
    ----------
    beside : Path
        Folder of the source file of a kernel.
    chosen : str
        What the environment variable NUMBA_CACHE_DIR says, or "".

    Returns
    -------
    tuple of Path, and Path or None
        The folder that was chosen, else ``__pycache__`` beside the source, then the user's own; none to write to
        when no one can be written, which warns.
    """
    looked: list[Path] = []
    for folder in _candidates(beside, chosen):
        looked.append(folder)
        trouble = _trouble_writing(folder)
        if trouble is None:
            return tuple(looked), folder
        if chosen and len(looked) == 1:
            warn_once(
                "folder",
                f"compiled code cannot be kept in {folder}, named by NUMBA_CACHE_DIR ({trouble}). It is kept in a "
                "folder of your own instead if possible; choose one that can be written",
            )
    warn_once(
        "folder",
        f"compiled code cannot be kept in {' nor in '.join(map(str, looked))} ({trouble}): it is compiled anew by "
        "each process. Set NUMBA_CACHE_DIR to a folder that can be written",
    )
    return tuple(looked), None


def _candidates(beside: Path, chosen: str) -> tuple[Path, Path]:
    unique = f"{beside.name}-{hashlib.sha256(str(beside).encode()).hexdigest()[:12]}"
    first = Path(chosen) / unique if chosen else beside / "__pycache__"
    return first, _of_user() / unique


def _of_user() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~\\AppData\\Local")).expanduser() / "leefraster" / "Cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/leefraster").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "leefraster"


def _trouble_writing(folder: Path) -> str | None:
    """Return why nothing can be written to a folder, which is made if need be; None when all is well."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error.strerror or str(error)
    return None
