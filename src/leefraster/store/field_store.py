"""A field that need not fit in memory, and what was computed of it: a versioned folder, written band by band."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from leefraster.bands import BandedField
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.store import repository as repo
from leefraster.store.encoding import compressors
from leefraster.store.field_blocks import dtype_of, in_order, result_type
from leefraster.store.lock import write_lock

Ints = npt.NDArray[np.int64]
Progress = Any

CHUNK = 1 << 18  # cells
FIELD = "field"
WRITING = "writing"
_GRID = ("x_min", "y_max", "nx", "ny", "cell", "crs")


class FieldStore:
    """A folder with one field over sorted cells, and results about it.

    Each is one commit; a reader sees finished ones only, and a run that ends half-way leaves nothing behind. Chunks
    are checksummed, so that damage is found. For runs of a country, with their tables and years, there is `Store`.

    Examples
    --------
    >>> import tempfile, numpy as np, leefraster as lr
    >>> from leefraster.store import FieldStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = FieldStore.create(folder, lr.Grid(0, 300, 3, 3))
    ...     store.write_field([(np.arange(9), np.arange(9.0))])
    ...     with store.results("moran", {"I": "float64"}) as sink:
    ...         figures = lr.bands.local_moran_by_band(
    ...             store.field(), lr.Neighbourhood.queen(), sink, multiple=store.chunk)
    ...     float(store.read("moran", "I")[4].round(3))
    9
    0.0
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout

    @classmethod
    def create(cls, path: str | Path, grid: Grid, *, chunk: int = CHUNK, timeout: float = 60.0) -> FieldStore:
        """Make an empty store in a new or empty folder.

        Parameters
        ----------
        path : path
            The folder.
        grid : Grid
            Grid of the cells.
        chunk : int
            Cells of a chunk.
        timeout : float
            Seconds to wait for another writer.

        Raises
        ------
        UsageError
            When the folder holds something else, or a store already; when `grid` is no Grid, or `chunk` no whole
            number of at least 1.
        EnvironmentFault
            When it cannot be written.
        """
        if not isinstance(grid, Grid):
            raise UsageError(f"grid is a {type(grid).__name__}; it must be a Grid")
        if isinstance(chunk, bool) or not isinstance(chunk, int | np.integer) or chunk < 1:
            raise UsageError(f"chunk is {chunk!r}; it must be a whole number of cells, at least 1")
        folder = Path(path).absolute()  # workers elsewhere stand in folders of their own
        with repo.environment_faults(folder, "create"):
            folder.mkdir(parents=True, exist_ok=True)
        repo.require_free_for_store(folder)
        if repo.exists(folder):
            raise UsageError(f"{folder}: holds a store already; open it, or give a new folder")
        with write_lock(folder, timeout), repo.environment_faults(folder, "create"):
            repo.create_repository(folder)
            session = repo.open_repository(folder).writable_session(repo.MAIN)
            root = zarr.group(session.store)
            root.attrs["grid"] = {name: getattr(grid, name) for name in _GRID}
            root.attrs["chunk"] = int(chunk)
            session.commit("empty field store")
        return cls(folder, timeout)

    @classmethod
    def open(cls, path: str | Path, *, timeout: float = 60.0) -> FieldStore:
        """Open a store.

        Raises
        ------
        UsageError
            When there is none.
        EnvironmentFault
            When it cannot be read.
        """
        folder = Path(path).absolute()  # workers elsewhere stand in folders of their own
        if not repo.exists(folder):
            raise UsageError(f"{folder}: there is no store; make one with FieldStore.create")
        store = cls(folder, timeout)
        if not store._is_of_a_field():
            raise UsageError(f"{folder}: is a store of runs, not of a field; open it with lr.Store.open")
        return store

    @property
    def grid(self) -> Grid:
        """Grid of the cells."""
        given: Any = self._root().attrs["grid"]
        return Grid(**given)

    @property
    def chunk(self) -> int:
        """Cells of a chunk, of which bands that are written must begin at multiples."""
        return int(str(self._root().attrs["chunk"]))

    def write_field(
        self, blocks: Iterable[tuple[Ints, npt.NDArray[Any]]], *, dtype: npt.DTypeLike | None = None
    ) -> int:
        """Write the field, block by block, and return how many cells it has.

        Parameters
        ----------
        blocks : iterable of (ids, values)
            Sorted cell ids, ascending from block to block, and the value of each; NaN is missing.
        dtype : dtype or None
            Type of the values; that of the first block when None.

        Raises
        ------
        UsageError
            When blocks are no pairs of arrays of whole numbers and of numbers, or `dtype` is none of numbers.
        InputError
            When ids do not ascend or lie outside the grid, or there are none; when a value is infinite, or missing
            and `dtype` has no NaN.
        """
        grid, chunk = self.grid, self.chunk
        kept = None if dtype is None else dtype_of("the field", dtype)
        with self._committed("field") as session:
            group = zarr.group(session.store).require_group(FIELD, overwrite=True)
            rows = np.zeros(grid.ny + 1, np.int64)
            writing: _Growing | None = None
            for ids, values in in_order(blocks, grid, kept):
                first, last = int(ids[0] // grid.nx), int(ids[-1] // grid.nx)
                rows[1 + first : 2 + last] += np.bincount(ids // grid.nx - first)
                writing = writing or _Growing(group, chunk, values.dtype if kept is None else kept)
                writing.add(ids, values)
            if writing is None:
                raise InputError("the field has no cells")
            writing.close()
            starts = np.cumsum(rows)
            _array(group, "starts", starts.shape, starts.dtype, max(starts.size, 1))[...] = starts
        return int(starts[-1])

    def field(self) -> BandedField:
        """Return the field, to be read in bands.

        Raises
        ------
        UsageError
            When none was written.
        """
        root = self._root()
        if FIELD not in root:
            raise UsageError(f"{self.path}: holds no field; write one with write_field")
        arrays: Any = {name: root[f"{FIELD}/{name}"] for name in ("ids", "values", "starts")}
        return BandedField(arrays["ids"], arrays["values"], self.grid, np.asarray(arrays["starts"][...]))

    @contextlib.contextmanager
    def results(
        self, name: str, variables: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
    ) -> Iterator[StoreSink]:
        """Give a sink for result variables; what it took is committed at the end, or nothing.

        Parameters
        ----------
        name : str
            What to call them together; results of that name are replaced.
        variables : mapping of str to dtype
            The variables to keep, and the types to keep them in: ``"float64"`` for a value a cell,
            ``("float64", (5,))`` for values over five years and the cells.
        attributes : mapping or None
            What to say of them.

        Raises
        ------
        UsageError
            When the name is taken by the field itself or is none, `variables` are no types by name, or a variable
            is asked that nothing was written to (the message lists those that there were); then nothing is kept.
        """
        types = _types(name, variables)
        n = self.field().n
        with write_lock(self.path, self._timeout), repo.environment_faults(self.path, "write"):
            repository = repo.open_repository(self.path)
            _drop(repository)
            repository.create_branch(WRITING, repository.lookup_branch(repo.MAIN))
            try:
                session = repository.writable_session(WRITING)
                group = zarr.group(session.store).require_group(name, overwrite=True)
                group.attrs.update(dict(attributes or {}))
                for variable, dtype in types.items():
                    _array(group, variable, (*dtype.shape, n), dtype.base, self.chunk)
                session.commit(f"arrays of {name}")
                session = repository.writable_session(WRITING)
                sink = StoreSink(session.fork(), name, tuple(types))
                yield sink
                sink.require_all()
                sink.collect(session)
                repository.reset_branch(repo.MAIN, session.commit(name))
            finally:
                _drop(repository)

    def read(self, name: str, variable: str) -> Any:
        """Return an array of results (zarr; slices of it are numpy arrays).

        Raises
        ------
        UsageError
            When there are none of that name; the message lists those there are.
        """
        root = self._root()
        if not (_is_name(name) and _is_name(variable) and f"{name}/{variable}" in root):
            there = sorted(
                f"{group}/{array}" for group, member in root.groups() for array in member.array_keys()
            )
            raise UsageError(f"{self.path}: has no {name}/{variable}; it has {', '.join(there)}")
        return root[f"{name}/{variable}"]

    def _is_of_a_field(self) -> bool:
        """Tell whether the folder was made by `create`: a store of runs has nothing at its root."""
        with repo.environment_faults(self.path, "read"):
            session = repo.open_repository(self.path).readonly_session(repo.MAIN)
            try:
                return "grid" in zarr.open_group(session.store, mode="r").attrs
            except FileNotFoundError:
                return False

    def _root(self) -> Any:
        with repo.environment_faults(self.path, "read"):
            session = repo.open_repository(self.path).readonly_session(repo.MAIN)
            return zarr.open_group(session.store, mode="r")

    @contextlib.contextmanager
    def _committed(self, message: str) -> Iterator[Any]:
        with write_lock(self.path, self._timeout), repo.environment_faults(self.path, "write"):
            session = repo.open_repository(self.path).writable_session(repo.MAIN)
            yield session
            session.commit(message)


class StoreSink:
    """Takes results into a store; copies of it can write elsewhere, and hand back what they wrote."""

    def __init__(self, session: Any, group: str, names: Sequence[str]) -> None:
        self._session, self._group, self._names = session, group, tuple(names)
        self._others: list[Any] = []
        self._wrote: set[str] = set()
        self._wrote_elsewhere: set[str] = set()
        self._dropped: set[str] = set()

    def write(self, name: str, first: int, values: npt.NDArray[Any]) -> None:
        """Keep the values of the cells from position `first` on; variables that are not kept are dropped."""
        if name not in self._names:
            self._dropped.add(name)
            return
        array: Any = zarr.open_array(self._session.store, path=f"{self._group}/{name}", mode="r+")
        if values.shape[:-1] != array.shape[:-1]:
            raise UsageError(
                f"results {self._group!r} keep {name} over {(*array.shape[:-1], 'cells')}, and were given "
                f"{(*values.shape[:-1], 'cells')}; the type of a variable over 5 years is ('float64', (5,))"
            )
        array[..., first : first + values.shape[-1]] = values.astype(array.dtype, copy=False)
        self._wrote.add(name)

    def copy(self) -> StoreSink:
        """Return a sink with a session of its own, which can go to another process."""
        import pickle

        return StoreSink(pickle.loads(pickle.dumps(self._session)), self._group, self._names)

    def written(self) -> Any:
        """Return what this copy wrote, for the one that it is a copy of; None where it wrote nothing."""
        if not self._wrote and not self._dropped:
            return None
        return (self._session if self._wrote else None), self._wrote, self._dropped

    def take(self, written: Any) -> None:
        """Take what a copy wrote."""
        if written is None:
            return
        session, wrote, dropped = written
        self._wrote_elsewhere |= wrote
        self._dropped |= dropped
        if session is not None:
            self._others.append(session)

    def require_all(self) -> None:
        """Refuse that a variable to keep was never written.

        Raises
        ------
        UsageError
            Names it, and the variables that there were.
        """
        wrote = self._wrote | self._wrote_elsewhere
        lacking = [name for name in self._names if name not in wrote]
        if lacking:
            there = ", ".join(sorted(wrote | self._dropped)) or "none"
            raise UsageError(f"results {self._group!r} have no {', '.join(lacking)}; written were: {there}")

    def collect(self, session: Any) -> None:
        """Merge everything that was written into the session that is committed."""
        session.merge(*([self._session] if self._wrote else []), *self._others)


class _Growing:
    """The arrays of a field of which the length is not known yet, written chunk by chunk."""

    def __init__(self, group: Any, chunk: int, dtype: np.dtype[Any]) -> None:
        self._chunk = chunk
        self._arrays = {
            "ids": _array(group, "ids", (0,), np.dtype(np.int64), chunk),
            "values": _array(group, "values", (0,), dtype, chunk),
        }
        self._waiting: dict[str, list[npt.NDArray[Any]]] = {"ids": [], "values": []}
        self._held = self._done = 0

    def add(self, ids: Ints, values: npt.NDArray[Any]) -> None:
        """Take a block; whole chunks are written."""
        self._waiting["ids"].append(ids)
        self._waiting["values"].append(values)
        self._held += ids.size
        if self._held >= 16 * self._chunk:
            self._write(self._held // self._chunk * self._chunk)

    def close(self) -> None:
        """Write the rest."""
        self._write(self._held)

    def _write(self, count: int) -> None:
        if count == 0:
            return
        for name, array in self._arrays.items():
            every = np.concatenate(self._waiting[name])
            array.resize((self._done + count,))
            array[self._done : self._done + count] = every[:count].astype(array.dtype, copy=False)
            self._waiting[name] = [every[count:]]
        self._done += count
        self._held -= count


def _array(group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], chunk: int) -> Any:
    return group.create_array(
        name, shape=shape, dtype=dtype, chunks=(*(1 for _ in shape[1:]), chunk), compressors=compressors(),
        overwrite=True,
        fill_value=np.nan if dtype.kind == "f" else dtype.type(0), config={"write_empty_chunks": True},
    )  # fmt: skip


def _types(name: object, variables: object) -> dict[str, np.dtype[Any]]:
    """Return the types of result variables, once they and the name of the results can be names in a store."""
    if not _is_name(name) or name == FIELD:
        raise UsageError(f"results cannot be called {name!r}; a name is text without '/', and not {FIELD!r}")
    if not isinstance(variables, Mapping) or not variables:
        raise UsageError(
            f"variables is {variables!r}; it must give the variables' types, as {{'p': 'float64'}}"
        )
    wrong = [variable for variable in variables if not _is_name(variable)]
    if wrong:
        raise UsageError(f"a variable cannot be called {wrong[0]!r}; a name is text without '/'")
    return {variable: result_type(variable, dtype) for variable, dtype in variables.items()}


def _is_name(given: object) -> bool:
    return isinstance(given, str) and given not in ("", ".", "..") and "/" not in given


def _drop(repository: Any) -> None:
    """Remove the branch of a writing that did not end well."""
    if WRITING in repository.list_branches():
        repository.delete_branch(WRITING)
