"""Local Moran's I and Getis-Ord G* of a field in bands: what a band takes, and what follows when all are done."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band, cut
from leefraster.bands.described import Described, core_of, described
from leefraster.bands.on_disk import on_disk
from leefraster.bands.runner import InTurn, Runner
from leefraster.bands.sink import Sink
from leefraster.bands.source import BandedField
from leefraster.errors import UsageError
from leefraster.fields import valid_mask
from leefraster.inference.exact import Null
from leefraster.inference.multiple_testing import PIECE, adjusted
from leefraster.inference.numbers import Representation, Totals
from leefraster.kernels.getis_ord import spots
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import BandNeighbours
from leefraster.statistics import getis_ord, local_moran
from leefraster.statistics.plan import OneField, Test, checked_alpha

Progress = Callable[[str, int, int], None]
CELLS = 1 << 21  # cells of a band, unless told

MORAN = ("I", "lag", "expected", "variance", "z", "p", "q", "quadrant", "cluster", "neighbours")
ROOM = {"quadrant": np.int8}  # types of variables that are no float64
GETIS_ORD = ("G", "z", "p", "q", "spot", "neighbours")


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a field, as `lr.local_moran` and `lr.getis_ord` have them as coordinates.

    A field that is constant, or has fewer than three values, has no figures: 0 and NaN.
    """

    n: int
    islands: int
    reference: float
    p_error: float
    bands: int


def local_moran_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    alpha: float = 0.05,
    adjustment: str = "benjamini-hochberg",
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Figures:
    """Compute local Moran's I of a field that need not fit in memory; the same bytes as `lr.local_moran`.

    Parameters
    ----------
    source : BandedField
        The field.
    neighbourhood : Neighbourhood
        Queen, rook, disc or ring.
    sink : Sink
        Takes `I lag expected variance z p q quadrant cluster neighbours`.
    alpha, adjustment
        As in `lr.local_moran`.
    cells, multiple : int
        Cells of a band, and what bands begin at multiples of (the cells of a chunk of the sink).
    runner : Runner or None
        What works through the bands; one after the other in this process when None.
    scratch : path or None
        Folder on whose disk p and q lie meanwhile (16 bytes a cell); the system's own when None.
    progress : callable or None
        Called as ``progress(step, done, all)``.

    Returns
    -------
    Figures
        n, islands, reference, p_error, and how many bands there were.

    Raises
    ------
    UsageError
        When the neighbourhood has weights, or an option is not allowed.
    InputError
        When a value is infinite.
    """
    alpha = checked_alpha(alpha)
    test = Test.checked(("exact",), "exact", "two-sided", adjustment=adjustment)
    work = _Work.of(source, neighbourhood, sink, MORAN, cells, multiple, runner or InTurn(), progress)
    fill = partial(_moran, test)
    codes = partial(_clusters, alpha)
    return work.done(fill, codes, adjustment, scratch, own_fixed=True, kept=("p", "quadrant"))


def getis_ord_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    star: bool = True,
    adjustment: str = "benjamini-hochberg",
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Figures:
    """Compute Getis-Ord G* (or G) of a field that need not fit in memory; the same bytes as `lr.getis_ord`.

    Parameters are those of `local_moran_by_band`; the sink takes `G z p q spot neighbours`.

    Raises
    ------
    UsageError, InputError
        As in `local_moran_by_band`.
    """
    test = Test.checked(("exact",), "exact", "two-sided", adjustment=adjustment)
    work = _Work.of(source, neighbourhood, sink, GETIS_ORD, cells, multiple, runner or InTurn(), progress)
    fill = partial(_getis_ord, star, test)
    return work.done(fill, _spots, adjustment, scratch, own_fixed=not star, kept=("p", "z"))


@dataclass(slots=True)
class BandResults:
    """The results of one band, on all its cells: NaN and 0 where a value is missing."""

    valid: npt.NDArray[np.bool_]
    places: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    scalars: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    islands: int = 0
    reference: float = float("nan")
    error: float = float("nan")

    def room(self, one: OneField, name: str) -> npt.NDArray[Any]:  # noqa: ARG002
        """Return an array for the values of a variable."""
        return np.empty(int(self.valid.sum()), ROOM.get(name, np.float64))

    def put(self, one: OneField, name: str, values: npt.NDArray[Any]) -> None:  # noqa: ARG002
        """Keep a variable."""
        if self.valid.all():
            self.places[name] = values
            return
        missing = np.nan if values.dtype.kind == "f" else 0
        self.places[name] = np.full(self.valid.size, missing, values.dtype)
        self.places[name][self.valid] = values

    def describe(self, one: OneField, islands: int, reference: float, error: float) -> None:  # noqa: ARG002
        """Keep the figures."""
        self.islands, self.reference, self.error = islands, reference, error


def _moran(test: Test, results: BandResults, one: OneField) -> None:
    local_moran.fill(results, "row", test, np.empty(0, np.int64), one, None)


def _getis_ord(star: bool, test: Test, results: BandResults, one: OneField) -> None:
    getis_ord.fill(results, star, "row", test, np.empty(0, np.int64), None, one, None)


def _clusters(
    alpha: float, q: npt.NDArray[np.float64], quadrant: npt.NDArray[Any]
) -> tuple[str, npt.NDArray[Any]]:
    return "cluster", np.where(q <= alpha, quadrant.astype(np.int8), np.int8(0))


def _spots(q: npt.NDArray[np.float64], z: npt.NDArray[np.float64]) -> tuple[str, npt.NDArray[Any]]:
    found = np.zeros(q.size, np.int8)
    spots(z, q, found)
    return "spot", found


Fill = Callable[[BandResults, OneField], None]
Codes = Callable[[npt.NDArray[Any], npt.NDArray[Any]], tuple[str, npt.NDArray[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One statistic of one field, cut into bands."""

    source: BandedField
    neighbourhood: Neighbourhood
    sink: Sink
    names: tuple[str, ...]
    bands: list[Band]
    runs: npt.NDArray[np.int64]
    runner: Runner
    progress: Progress | None

    @classmethod
    def of(
        cls, source: BandedField, neighbourhood: Neighbourhood, sink: Sink, names: tuple[str, ...], cells: int,
        multiple: int, runner: Runner, progress: Progress | None,
    ) -> _Work:  # fmt: skip
        if neighbourhood.kind == "decay":
            raise UsageError(
                f"{neighbourhood!r} has weights; bands are for queen, rook, disc and ring. Take lr.local_moran "
                "with inference='inversion' on a field that fits in memory"
            )
        runs = neighbourhood.runs(source.grid.cell)
        bands = cut(source.starts, runs, cells, multiple)
        return cls(source, neighbourhood, sink, names, bands, runs, runner, progress)

    def done(
        self, fill: Fill, codes: Codes, adjustment: str, scratch: str | Path | None, *, own_fixed: bool,
        kept: tuple[str, str],
    ) -> Figures:  # fmt: skip
        """Work through all steps, and return the figures of the field."""
        self._tell("describing", 0)
        covers_self = self.neighbourhood.includes_self
        about = described(self.source, self.bands, self.runs, covers_self, self.runner)
        if about is None:
            self._nothing()
            return Figures(0, 0, float("nan"), float("nan"), len(self.bands))
        self._tell("tables", 0)
        null = about.null(own_fixed=own_fixed)
        if self.runner.elsewhere:
            null = null.portable()
        task = partial(
            _worked, self.source, self.runs, covers_self, about.how, about.sums, null, fill, self.sink,
            self.runner.elsewhere, kept,
        )  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="leefraster-", dir=scratch) as folder:
            p, beside, figures = self._filled(task, Path(folder), about)
            self._tell("adjusting", 0)
            q = on_disk(Path(folder) / "q", np.float64, p.size)
            adjusted(p, adjustment, piece=min(PIECE, max(p.size // 8, 1 << 16)), out=q)
            for band in self.bands:
                here = slice(band.first, band.last)
                self.sink.write("q", band.first, q[here])
                name, found = codes(q[here], np.asarray(beside[here]))
                self.sink.write(name, band.first, found)
                self._tell("codes", band.number + 1)
        return figures

    def _filled(
        self, task: Callable[[Band], _Part], folder: Path, about: Described
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any], Figures]:
        """Fill the sink, and return p and what the codes need beside it, on disk."""
        p = on_disk(folder / "p", np.float64, self.source.n)
        beside: npt.NDArray[Any] | None = None
        islands, reference, error = 0, float("nan"), float("nan")
        for band, part in zip(self.bands, self.runner.map(task, self.bands), strict=True):
            if beside is None:
                beside = on_disk(folder / "beside", part.beside.dtype, self.source.n)
            if part.written is not None:
                self.sink.take(part.written)
            p[band.first : band.last], beside[band.first : band.last] = part.p, part.beside
            islands, reference, error = islands + part.islands, part.reference, part.error
            self._tell("bands", band.number + 1)
        assert beside is not None
        return p, beside, Figures(about.sums.n, islands, reference, error, len(self.bands))

    def _nothing(self) -> None:
        """Fill the sink of a field without variance."""
        floats = {"I", "lag", "expected", "variance", "z", "p", "q", "G"}
        for band in self.bands:
            for name in self.names:
                kind, missing = (np.float64, np.nan) if name in floats else (np.int32, 0)
                self.sink.write(name, band.first, np.full(band.cells, missing, kind))

    def _tell(self, step: str, done: int) -> None:
        if self.progress:
            self.progress(step, done, len(self.bands))


@dataclass(frozen=True, slots=True)
class _Part:
    """What a band hands back: p and what codes are made of, and its figures."""

    p: npt.NDArray[np.float64]
    beside: npt.NDArray[Any]
    islands: int
    reference: float
    error: float
    written: Any = None


def _worked(
    source: BandedField, runs: npt.NDArray[np.int64], covers_self: bool, how: Representation, sums: Totals,
    null: Null, fill: Fill, sink: Sink, elsewhere: bool, kept: tuple[str, str], band: Band,
) -> _Part:  # fmt: skip
    """Compute one band and write its results."""
    ids, values = source.around(band)
    valid = valid_mask(values)
    integers = how.integers(values[valid])
    core, own = core_of(band, valid), valid[band.core]
    results = BandResults(own)
    first_row = int(np.searchsorted(source.starts, band.first, side="right")) - 1 - band.top
    last_row = int(np.searchsorted(source.starts, band.last - 1, side="right")) - band.top
    neighbours = BandNeighbours(
        ids[valid] - band.top * source.grid.nx, source.grid.nx, band.rows, runs, covers_self, core,
        (first_row, last_row), integers,
    )  # fmt: skip
    numbers = how.numbers(values[:0])
    one = OneField(
        0, own, type(numbers)(integers[core], numbers.origin, numbers.step, numbers.natural, numbers.most),
        sums, neighbours, null=null,
    )  # fmt: skip
    fill(results, one)
    own_sink = sink.copy() if elsewhere else sink
    for name, found in results.places.items():
        own_sink.write(name, band.first, found)
    first, second = (results.places[name] for name in kept)
    written = own_sink.written() if elsewhere else None
    return _Part(first, second, results.islands, results.reference, results.error, written)
