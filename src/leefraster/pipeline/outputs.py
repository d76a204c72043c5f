"""What a run leaves in its folder: report, exports, and the run in the store."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import EnvironmentFault, LeefrasterError
from leefraster.progress import Progress
from leefraster.record import RunRecord

if TYPE_CHECKING:
    from leefraster.config import ExportsSection
    from leefraster.pipeline.scratch import Scratch

_LEAST_FREE = 200_000_000
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where things are inside an output folder."""

    folder: Path

    @property
    def report(self) -> Path:
        """The report, one file."""
        return self.folder / "report.html"

    @property
    def exports(self) -> Path:
        """Folder of files for other programs."""
        return self.folder / "exports"

    @property
    def store(self) -> Path:
        """The store of all runs."""
        return self.folder / "store"

    def require_room(self) -> None:
        """Refuse before the work what would fail after it: no room, or a store that does not open.

        Raises
        ------
        EnvironmentFault
            With the bytes free and needed, or with what is wrong with the store.
        """
        free = shutil.disk_usage(self.folder).free
        if free < _LEAST_FREE:
            raise EnvironmentFault(
                f"output folder {self.folder}: {free:,} bytes are free, a run needs {_LEAST_FREE:,} or more. "
                "Free some, or choose a folder on another disk with --out"
            )
        if self.store.is_dir() and any(self.store.iterdir()):
            from leefraster.store import Store

            Store.open(self.store, create=True)


def write_exports_to(record: RunRecord, outputs: Outputs, section: ExportsSection) -> None:
    """Write the files for other programs."""
    from leefraster.exports import write_exports

    outputs.exports.mkdir()
    with _disk_faults(outputs.exports):
        write_exports(record, outputs.exports, formats=section.formats, licence=section.licence)


def write_report_to(record: RunRecord, outputs: Outputs) -> None:
    """Write the report."""
    from leefraster.report import write_report

    with _disk_faults(outputs.report):
        write_report(record, outputs.report)


def keep(record: RunRecord, outputs: Outputs, progress: Progress, scratch: Scratch) -> None:
    """Commit the run to the store; from here on readers see it. A new store without a run does not stay."""
    from leefraster.store import Store

    made_here = not outputs.store.exists()
    try:
        store = Store.open(outputs.store, create=True)

        def told(done: int, total: int) -> None:
            scratch.let_go()
            progress.advanced("store", done, total)

        store.write(record, progress=told)
    except BaseException:
        if made_here:
            _remove_empty_store(outputs.store)
        raise


def _remove_empty_store(folder: Path) -> None:
    from leefraster.store import Store
    from leefraster.store.lock import write_lock

    with suppress(LeefrasterError), write_lock(folder, timeout=0.0):
        if Store.open(folder).runs().empty:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _disk_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except EnvironmentFault:
        raise
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        free = shutil.disk_usage(path.parent).free
        raise EnvironmentFault(
            f"{path.name}: cannot be written ({error.strerror}); {free:,} bytes are free. "
            "The last finished run is unchanged"
        ) from error
