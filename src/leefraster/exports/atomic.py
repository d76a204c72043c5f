"""Files that are whole or not there: written beside, then put in their place by renaming."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from leefraster.errors import EnvironmentFault

_LIBRARIES = ("pyogrio.", "rasterio.")
_WAITING = ".unfinished-exports"


@contextlib.contextmanager
def written_beside(folder: Path) -> Iterator[Path]:
    """Give a waiting folder; when all is well its files take their place in `folder`, else they vanish.

    Parameters
    ----------
    folder : Path
        Where the files belong; made when absent.

    Raises
    ------
    EnvironmentFault
        When the folder cannot be made or written.
    """
    waiting = folder / f"{_WAITING}-{os.getpid()}"
    try:
        with disk_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(waiting, ignore_errors=True)
            waiting.mkdir()
        yield waiting
        with disk_faults(folder):
            for path in sorted(waiting.iterdir()):
                path.replace(folder / path.name)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def remove_former(folder: Path, former: Iterable[str], present: Iterable[str]) -> None:
    """Remove files that an earlier export listed and the present one does not have."""
    for name in set(former) - set(present):
        if name == Path(name).name:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)


@contextlib.contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Turn what the operating system, GDAL and Arrow say of a disk into one kind of error.

    Raises
    ------
    EnvironmentFault
        With the reason and the bytes free.
    """
    try:
        yield
    except EnvironmentFault:
        raise
    except Exception as error:
        if not (isinstance(error, OSError) or type(error).__module__.startswith(_LIBRARIES)):
            raise
        place = next(place for place in (folder, *folder.parents) if place.is_dir())
        reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
        raise EnvironmentFault(
            f"exports in {folder}: cannot be written ({reason}); {shutil.disk_usage(place).free:,} bytes are "
            "free. What stood there is unchanged"
        ) from error
