"""The store: runs in, runs out."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr
import zarr

from leefraster.errors import EnvironmentFault, UsageError
from leefraster.exports.run_tables import run_tables
from leefraster.store import repository as repo
from leefraster.store import unfinished
from leefraster.store.contents import FORMAT, commit_metadata, is_whole
from leefraster.store.decoding import read_dataset, read_tables
from leefraster.store.encoding import Progress, estimated_bytes, structure, write_dataset, write_tables
from leefraster.store.filesystem import StorePlaceWarning, doubtful_place
from leefraster.store.lock import is_held, write_lock
from leefraster.store.run_id import checked_name

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.record import RunRecord

_RUN = "run."
_COLUMNS = ["run_id", "started", "title", "snapshot", "committed", "tags", "inputs", "leefraster"]
_NO_FACTS = {"run_id": "", "number": 0, "format": 1, "started": "", "title": "", "inputs": [], "versions": {}}
_log = logging.getLogger("leefraster.store")


@dataclass(frozen=True, slots=True)
class Freed:
    """What `Store.gc` freed: bytes and objects on disk, and the ids of the runs that it dropped."""

    bytes: int
    objects: int
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    snapshot: str
    committed: datetime
    metadata: dict[str, Any]
    tags: tuple[str, ...]

    @property
    def run_id(self) -> str:
        return str(self.metadata["run_id"])


class Store:
    """A local folder that keeps every finished run: versioned, transactional, checksummed.

    A run is one commit: the arrays of its Dataset, its tables, and in the commit its id, the SHA-256 of its
    inputs, its parameters and the versions that made it. A reader sees finished runs only. Open one with
    `Store.open`.

    Notes
    -----
    The folder is an icechunk repository (Zarr version 3) with two small files of our own: the lock and the
    note of a run that is being written. Chunks hold one year, all layers and 65,536 cells, compressed by
    zstd, with a CRC-32C last in the chain, so that a flipped bit raises. Every run is a snapshot of its own
    on the empty first one, tagged with its run id; the branch ``main`` stands at the last.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False, timeout: float = 600.0) -> Store:
        """Open the store in a folder.

        Parameters
        ----------
        path : str or Path
            The folder.
        create : bool
            Make an empty store, and the folder, where there is none.
        timeout : float
            Seconds that a write waits for another writer.

        Raises
        ------
        UsageError
            When there is no store and `create` is False, or the folder holds other things.
        EnvironmentFault
            When the folder cannot be read or written, or the store has a newer format.

        Warns
        -----
        UnfinishedRunWarning
            When a run stopped while it wrote; what readers see is unaffected.
        StorePlaceWarning
            When the folder lies on a network drive or is synchronised.

        Examples
        --------
        >>> import tempfile
        >>> store = Store.open(tempfile.mkdtemp(), create=True)
        >>> len(store.runs())
        0
        """
        folder = Path(path)
        store = cls(folder, timeout)
        if create:
            store._create()
        elif not repo.exists(folder):
            raise UsageError(f"store {folder}: there is no store. Name the store folder of a run's output")
        note = unfinished.marked(folder)
        if note and not is_held(folder):
            warnings.warn(
                f"store {folder}: unfinished run found: {note}. Finished runs are unaffected; "
                "Store.gc() or the next run frees what it left",
                unfinished.UnfinishedRunWarning,
                stacklevel=2,
            )
        return store

    def _create(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(
                f"store {self.path}: the folder cannot be made ({error.strerror}). Choose another place"
            ) from error
        doubt = doubtful_place(self.path)
        if doubt:
            warnings.warn(doubt, StorePlaceWarning, stacklevel=3)
        if repo.exists(self.path):
            return
        repo.require_free_for_store(self.path)
        with write_lock(self.path, self._timeout):
            if not repo.exists(self.path):
                repo.create_repository(self.path)

    def write(self, record: RunRecord, progress: Progress | None = None) -> str:
        """Commit a finished run.

        Parameters
        ----------
        record : RunRecord
            The run; its id must be new to the store (`new_run_id` makes one).
        progress : callable, optional
            Called as ``progress(years_done, years)`` while arrays are written.

        Returns
        -------
        str
            Id of the snapshot.

        Raises
        ------
        UsageError
            When the run id is in the store already or cannot name a run.
        EnvironmentFault
            When the disk is full (with bytes free and needed), the folder cannot be written, or another
            writer holds the lock for longer than the timeout (with its pid and host). The store is then as
            before.
        """
        checked_name(record.run_id, "run id")
        with write_lock(self.path, self._timeout):
            self._clear_unfinished()
            number = self._require_new(record.run_id)
            needed = estimated_bytes(record.dataset)
            self._require_space(needed)
            with (
                self._unfinished_until_done(record.run_id),
                repo.environment_faults(self.path, "write", needed),
            ):
                return self._commit(record, number, progress)

    def _commit(self, record: RunRecord, number: int, progress: Progress | None) -> str:
        repository = repo.open_repository(self.path)
        session = repo.empty_session(repository)
        group = zarr.create_group(session.store, overwrite=True)
        write_tables(group, run_tables(record))
        write_dataset(group, record.dataset, progress)
        metadata = commit_metadata(record, number, structure(group))
        snapshot = str(session.flush(record.title or record.run_id, metadata=metadata))
        repository.create_tag(_RUN + record.run_id, snapshot)  # from here on the run is visible
        repository.reset_branch(repo.MAIN, snapshot)
        return snapshot

    @contextlib.contextmanager
    def _unfinished_until_done(self, run_id: str) -> Iterator[None]:
        with repo.environment_faults(self.path, "write"):
            unfinished.mark(self.path, run_id)
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):
                self._collect()
                unfinished.unmark(self.path)
            raise
        unfinished.unmark(self.path)

    def _clear_unfinished(self) -> None:
        note = unfinished.marked(self.path)
        if note:
            freed, _ = self._collect()
            unfinished.unmark(self.path)
            _log.warning("unfinished run found: %s; %d bytes freed", note, freed)

    def _require_new(self, run_id: str) -> int:
        runs = self._runs()
        if any(run.run_id == run_id for run in runs):
            raise UsageError(
                f"store {self.path}: run {run_id!r} is there already; give the new run its own id"
            )
        return max((int(run.metadata["number"]) for run in runs), default=0) + 1

    def _require_space(self, needed: int) -> None:
        free = repo.free_bytes(self.path)
        if free < needed:
            raise EnvironmentFault(
                f"store {self.path}: disk full: {free:,} bytes free, about {needed:,} bytes are needed. "
                "The last finished run is unchanged. Free space, or drop old runs with Store.gc(keep=...)"
            )

    def runs(self) -> pd.DataFrame:
        """Return the finished runs in the order in which they were committed, whatever the clock said.

        Returns
        -------
        DataFrame
            Columns run_id, started, title, snapshot, committed (UTC, by the clock of that moment), tags,
            inputs (number of files), leefraster (version).
        """
        import pandas as pd

        rows = [
            {
                "run_id": run.run_id,
                "started": run.metadata["started"],
                "title": run.metadata["title"],
                "snapshot": run.snapshot,
                "committed": run.committed,
                "tags": ", ".join(run.tags),
                "inputs": len(run.metadata["inputs"]),
                "leefraster": run.metadata["versions"].get("leefraster", ""),
            }
            for run in self._runs()
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def read(self, run: str | int | None = None) -> xr.Dataset:
        """Return the Dataset of a run; arrays are read from disk when they are used.

        Parameters
        ----------
        run : str, int or None
            Run id or its unambiguous beginning, tag, snapshot id, or position (0 the first, -1 the last); the
            last run when None.

        Raises
        ------
        UsageError
            When there is no such run; the message lists those there are.
        EnvironmentFault
            When the run has a newer format, or (also later, when a value is used) stored data is damaged.
        """
        found = self._find(run)
        return read_dataset(self._group(found), self._where(found))

    def tables(self, run: str | int | None = None) -> dict[str, pd.DataFrame]:
        """Return the tables of a run by name.

        The names are clusters, course, answers, answer_<name>, crosscheck, detection, steps, inputs, notes,
        as far as the run has them. Geometries are not kept: the outlines of clusters follow from
        ``structural_label``.
        """
        found = self._find(run)
        return read_tables(self._group(found), self._where(found))

    def facts(self, run: str | int | None = None) -> dict[str, Any]:
        """Return what the commit says of a run.

        The keys are run_id, title, started, inputs, parameters, versions, notes, detection, number (order of
        commits, from 1) and format.
        """
        return dict(self._find(run).metadata)

    def verify(self, run: str | int | None = None) -> None:
        """Read every chunk of a run and check it against its checksum.

        Raises
        ------
        EnvironmentFault
            Naming the first array or table that is damaged.
        """
        found = self._find(run)
        group = self._group(found)
        read_tables(group, self._where(found))
        for variable in read_dataset(group, self._where(found)).variables.values():
            _ = variable.copy(deep=False).values

    def tag(self, run: str | int | None, name: str) -> None:
        """Give a run a lasting name; `gc` never drops a tagged run.

        Raises
        ------
        UsageError
            When the name is taken, starts with ``run.`` or cannot be a name.
        """
        if checked_name(name, "tag").startswith(_RUN):
            raise UsageError(f"tag {name!r} cannot be used: names that start with {_RUN!r} are those of runs")
        with write_lock(self.path, self._timeout), repo.environment_faults(self.path, "tag"):
            repository = repo.open_repository(self.path)
            if name in repository.list_tags():
                raise UsageError(f"store {self.path}: tag {name!r} is taken; tags do not move")
            repository.create_tag(name, self._find(run).snapshot)

    def log(self) -> pd.DataFrame:
        """Return what happened to the store, oldest first: columns time (UTC) and event."""
        import pandas as pd

        with repo.environment_faults(self.path, "read"):
            updates = list(repo.open_repository(self.path).ops_log())
        rows = [(update.updated_at, str(update.kind).rpartition("UpdateType.")[2]) for update in updates]
        return pd.DataFrame(rows[::-1], columns=["time", "event"])

    def gc(self, keep: int | None = None) -> Freed:
        """Free what no run needs: what unfinished runs left and, on request, old runs.

        Parameters
        ----------
        keep : int or None
            Number of latest runs to keep, at least 1; tagged runs are kept besides. None keeps all.

        Raises
        ------
        UsageError
            When `keep` is below 1.
        """
        if keep is not None and keep < 1:
            raise UsageError(f"gc: keep is {keep}, it must be at least 1: the last run is always kept")
        with write_lock(self.path, self._timeout), repo.environment_faults(self.path, "free"):
            old = [] if keep is None else [run for run in self._runs()[:-keep] if not run.tags]
            repository = repo.open_repository(self.path)
            for run in old:
                repository.delete_tag(_RUN + run.run_id)
            freed, objects = self._collect()
            unfinished.unmark(self.path)
        return Freed(freed, objects, tuple(run.run_id for run in old))

    def _collect(self) -> tuple[int, int]:
        """Delete what no tag or branch leads to; the caller holds the lock, so that no write is under way."""
        summary = repo.open_repository(self.path).garbage_collect(datetime.now(UTC) + timedelta(days=36_500))
        objects = summary.chunks_deleted + summary.manifests_deleted + summary.snapshots_deleted
        return int(summary.bytes_deleted), int(objects + summary.transaction_logs_deleted)

    def _runs(self) -> list[_Run]:
        with repo.environment_faults(self.path, "read"):
            repository = repo.open_repository(self.path)
            names: dict[str, list[str]] = {}
            for tag in repository.list_tags():
                names.setdefault(str(repository.lookup_tag(tag)), []).append(tag)
            found = [self._run(repository, snapshot, tags) for snapshot, tags in names.items()]
        return sorted(found, key=lambda run: int(run.metadata["number"]))

    def _run(self, repository: Any, snapshot: str, tags: list[str]) -> _Run:
        info = next(iter(repository.ancestry(snapshot_id=snapshot)))
        metadata = {**_NO_FACTS, **info.metadata}
        own = tuple(sorted(tag for tag in tags if not tag.startswith(_RUN)))
        return _Run(snapshot, info.written_at, metadata, own)

    def _find(self, run: str | int | None) -> _Run:
        runs = self._runs()
        if not runs:
            raise UsageError(f"store {self.path}: holds no finished run yet")
        found = _chosen(runs, run)
        if len(found) != 1:
            known = ", ".join(item.run_id for item in runs[-5:])
            why = "is not unique" if found else "is not there"
            raise UsageError(f"store {self.path}: run {run!r} {why}. The last runs are {known}")
        version = int(found[0].metadata["format"])
        if version <= FORMAT and not is_whole(found[0].metadata):
            raise EnvironmentFault(f"{self._where(found[0])}: its commit is damaged. Read another run")
        if version > FORMAT:
            writer = found[0].metadata["versions"].get("leefraster", "?")
            raise EnvironmentFault(
                f"{self._where(found[0])}: written in format {version} by leefraster {writer}; "
                f"this version reads up to {FORMAT}. Upgrade leefraster"
            )
        return found[0]

    def _group(self, run: _Run) -> zarr.Group:
        with repo.environment_faults(self.path, "read"):
            session = repo.open_repository(self.path).readonly_session(snapshot_id=run.snapshot)
            group = zarr.open_group(session.store, mode="r")
            sound = structure(group) == run.metadata["structure"]
        if not sound:
            raise EnvironmentFault(f"{self._where(run)}: the description of its arrays is damaged")
        return group

    def _where(self, run: _Run) -> str:
        return f"store {self.path}, run {run.run_id}"


def _chosen(runs: list[_Run], run: str | int | None) -> list[_Run]:
    if run is None:
        return runs[-1:]
    if isinstance(run, int):
        return [runs[run]] if -len(runs) <= run < len(runs) else []
    exact = [item for item in runs if run in (item.run_id, item.snapshot, *item.tags)]
    return exact or [item for item in runs if item.run_id.startswith(run)]
