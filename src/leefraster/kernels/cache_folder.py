"""Where compiled kernels are kept, and what to do where nothing can be written."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from leefraster.kernels.cache_warning import warn_once


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
        when no one can be written.
    """
    looked, troubles = _looked_at(beside, chosen)
    return looked, looked[-1] if len(troubles) < len(looked) else None


def warn_of_trouble(beside: Path, chosen: str) -> None:
    """Warn where compiled code that is to be kept goes elsewhere than was chosen, or nowhere."""
    looked, troubles = _looked_at(beside, chosen)
    if chosen and troubles:
        warn_once(
            "folder",
            f"compiled code cannot be kept in {looked[0]}, named by NUMBA_CACHE_DIR ({troubles[0]}). It is kept in "
            "a folder of your own instead if possible; choose one that can be written",
        )
    if len(troubles) == len(looked):
        warn_once(
            "folder",
            f"compiled code cannot be kept in {' nor in '.join(map(str, looked))} ({troubles[-1]}): it is compiled "
            "anew by each process. Set NUMBA_CACHE_DIR to a folder that can be written",
        )


@functools.cache
def _looked_at(beside: Path, chosen: str) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the folders up to the first that can be written, and why those before it cannot."""
    looked: list[Path] = []
    troubles: list[str] = []
    for folder in _candidates(beside, chosen):
        looked.append(folder)
        trouble = _trouble_writing(folder)
        if trouble is None:
            break
        troubles.append(trouble)
    return tuple(looked), tuple(troubles)


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
