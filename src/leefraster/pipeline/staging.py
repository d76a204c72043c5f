"""The folder in which results wait until a run is finished, and their exchange for the former ones."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from leefraster.errors import EnvironmentFault
from leefraster.interruption import cleaned_up_by

_PREFIX = ".unfinished-"


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give a folder beside the results; it is gone afterwards, whatever happens.

    Parameters
    ----------
    out : Path
        Folder of results; made when absent, and taken away again when it stays empty.

    Raises
    ------
    EnvironmentFault
        When the folder cannot be made or written.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    folder = out / f"{_PREFIX}{os.getpid()}"

    def clean_up() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        for empty in made:
            with contextlib.suppress(OSError):
                empty.rmdir()

    with cleaned_up_by(clean_up):
        try:
            _make(out, folder)
            yield folder
        finally:
            clean_up()


def exchange(staged: Path, out: Path) -> None:
    """Put everything staged in the place of what has the same name in the output folder."""
    for new in sorted(staged.iterdir()):
        old, aside = out / new.name, staged / f"{new.name}.former"
        if old.exists():
            old.rename(aside)
        new.rename(old)


def _make(out: Path, folder: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        folder.mkdir()
    except OSError as error:
        raise EnvironmentFault(
            f"output folder {out}: cannot be written ({error.strerror}). Check the path, permissions and "
            "whether the disk is full, or choose another folder with --out"
        ) from error


def _sweep(out: Path) -> None:
    """Remove what killed runs left; a folder of a process that lives is left alone."""
    for left in out.glob(f"{_PREFIX}*"):
        match = re.fullmatch(rf"{re.escape(_PREFIX)}(\d+)", left.name)
        if match and not _lives(int(match[1])):
            shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
