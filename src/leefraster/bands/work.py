"""How a local statistic of a field is made in bands: what a band takes, and what follows when all are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band, cut
from leefraster.bands.beside import refuse_other_cells, where_both
from leefraster.bands.centring import centres_of, refuse_other_weights
from leefraster.bands.described import Described, described
from leefraster.bands.in_file import InFile
from leefraster.bands.neighbours import Offsets, around
from leefraster.bands.on_disk import on_disk
from leefraster.bands.runner import (
    Runner,
    chosen_runner,
    fills_files,
    refuse_no_progress,
    shared_out,
)
from leefraster.bands.scratch import scratch_folder
from leefraster.bands.shared import Shared
from leefraster.bands.sink import Sink, refuse_other_sinks
from leefraster.bands.source import BandedField
from leefraster.errors import UsageError
from leefraster.inference.multiple_testing import PIECE, adjusted
from leefraster.inference.numbers import Representation, Totals
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.plan import OneField, put_at, room_at, warn_of_alone, warn_of_error, warn_of_flat

Progress = Callable[[str, int, int], None]
CELLS = 1 << 21  # cells of a band, unless told
ROOM: dict[str, np.dtype[Any]] = {
    "quadrant": np.dtype(np.int8),
    "cluster": np.dtype(np.int8),
    "spot": np.dtype(np.int8),
    "neighbours": np.dtype(np.int32),
}  # types of variables that are no float64
FROM_Q = ("q", "cluster", "spot")
CODES = (
    "quadrant",
    "cluster",
    "spot",
    "neighbours",
)  # variables that are 0, and not NaN, where there is none


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the type of a variable."""
    return ROOM.get(name, np.dtype(np.float64))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a field, as the local functions in memory have them as coordinates.

    A field that is constant, or has fewer than three values, has no figures: 0 and NaN.

    Attributes
    ----------
    n : int
        Cells with a value, islands among them: these are part of the population that is drawn from. The `n` of
        global statistics, as `moran_by_band`, leaves islands out: it is this one less `islands`.
    islands : int
        Cells with a value that have no neighbour with one.
    reference : float
        The mean that high and low are measured from.
    p_error : float
        Bound of the relative error of a tail above 1e-9: three times the largest change when the step of its
        tables was halved; 0 where sums are exact, NaN without exact inference.
    bands : int
        How many bands the field was cut into.
    reference_other : float
        The mean of the other variable, of two; else NaN.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> ids, values = np.array([0, 1, 2, 3, 8]), np.array([1.0, 2.0, 4.0, 3.0, 9.0])  # the last cell lies apart
    >>> field, queen = lr.bands.BandedField.of(ids, values, lr.Grid(0, 300, 4, 3)), lr.Neighbourhood.queen()
    >>> figures = lr.bands.getis_ord_by_band(field, queen, lr.bands.Arrays({}), cells=2)
    >>> figures.n, figures.islands, figures.bands
    (5, 1, 3)
    >>> result = lr.bands.moran_by_band(field, queen, cells=2)
    >>> int(result["n"]), int(result["islands"])
    (4, 1)
    """

    n: int
    islands: int
    reference: float
    p_error: float
    bands: int
    reference_other: float = float("nan")


@dataclass(slots=True)
class BandResults:
    """The results of one band, on all its cells: NaN and 0 where a value is missing."""

    valid: npt.NDArray[np.bool_]
    places: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    scalars: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    islands: int = 0
    reference: float = float("nan")
    error: float = float("nan")
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, valid: npt.NDArray[np.bool_], names: tuple[str, ...]) -> BandResults:
        """Return room for the variables, made here: what threads make of this size the system gets back late."""
        made = {name: np.empty(valid.size, dtype_of(name)) for name in names}
        return cls(valid, made, {"reference_other": np.full(1, np.nan)})

    def room(self, one: OneField, name: str) -> npt.NDArray[Any]:
        """Return an array for the values of a variable."""
        return room_at(self._here(one, name), one)

    def put(self, one: OneField, name: str, values: npt.NDArray[Any]) -> None:
        """Keep a variable of the band, or of a part of it."""
        put_at(self._here(one, name), one, values)

    def _here(self, one: OneField, name: str) -> npt.NDArray[Any]:
        return self.places[name][one.first : one.first + one.valid.size]

    def describe(self, one: OneField, islands: int, reference: float, error: float) -> None:  # noqa: ARG002
        """Keep the figures; the islands of parts add up."""
        with self._lock:
            self.islands += islands
            self.reference, self.error = reference, error


Fill = Callable[[BandResults, OneField], None]
Values = npt.NDArray[Any]
Finish = Callable[[Values, Values, Values], dict[str, Values]]


@dataclass(frozen=True, slots=True)
class Local:
    """One local statistic, stated once for every way to work through bands.

    Attributes
    ----------
    name : str
        For warnings.
    names : tuple of str
        Its variables.
    fill : callable
        Fills the results of one band.
    finish : callable
        Returns what is written once q is known, given p, q and the variable that was kept `beside` p.
    beside : str
        The name of that variable.
    share : callable
        Returns what its bands share of the described field that is drawn from.
    adjustment : str
        How q is made from p.
    late : tuple of str
        Which of the variables that are filled are written by `finish` only.
    inference : str
        Where p comes from.
    """

    name: str
    names: tuple[str, ...]
    fill: Fill
    finish: Finish
    beside: str
    share: Callable[[Described], Shared]
    adjustment: str
    late: tuple[str, ...] = ()
    inference: str = "exact"

    @property
    def draws(self) -> bool:
        """Whether `share` asks for the values: their tables, or draws of them."""
        return self.inference != "normal"

    @property
    def filled(self) -> tuple[str, ...]:
        """The variables that are filled band by band: all but those that follow from p and q alone."""
        return tuple(name for name in self.names if name not in FROM_Q or name == self.beside)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One field, or two of which the other one is looked at nearby, under one neighbourhood, cut into bands.

    Attributes
    ----------
    weights : BandedField or None
        Of the cells, by which the centre is found.
    """

    source: BandedField
    other: BandedField | None
    weights: BandedField | None
    bands: list[Band]
    offsets: Offsets
    runner: Runner
    progress: Progress | None

    @classmethod
    def of(
        cls, source: BandedField, neighbourhood: Neighbourhood, cells: int, multiple: int,
        runner: Runner | None, progress: Progress | None, *, other: BandedField | None = None,
        weights: BandedField | None = None, reach: int = 1,
    ) -> Work:  # fmt: skip
        """Cut a field into bands, of which the halo is `reach` times as high as the neighbourhood reaches.

        Raises
        ------
        UsageError
            When a field or the neighbourhood is something else, or `other` or `weights` lies on other cells.
        InputError
            When a weight is negative, or missing where the field has a value.
        """
        refuse_others(source, neighbourhood)
        refuse_no_progress(progress)
        for name, beside in (("other", other), ("weights", weights)):
            if beside is not None:
                refuse_other_cells(source, beside, name)
        offsets = Offsets.of(neighbourhood, source.grid.cell)
        chosen = chosen_runner(runner)
        most = shared_out(cells, source.n, chosen.workers, multiple)
        bands = cut(source.starts, offsets.runs * np.array([reach, 1, 1]), most, multiple)
        if weights is not None:
            refuse_other_weights(source, weights, bands, chosen)
        if other is not None:
            source, other = where_both(source, other)
        return cls(source, other, weights, bands, offsets, chosen, progress)

    def tell(self, step: str, done: int) -> None:
        """Tell that a step has done so many of the bands."""
        if self.progress:
            self.progress(step, done, len(self.bands))

    def local(self, statistic: Local, sink: Sink, scratch: str | Path | None) -> Figures:
        """Work through all steps of a local statistic, warn where it has no results, and return the figures."""
        figures = self.figures_of(statistic, sink, scratch)
        warn_of_none(statistic.name, [figures])
        warn_of_error(statistic.name, statistic.inference, [figures.p_error])
        return figures

    def figures_of(self, statistic: Local, sink: Sink, scratch: str | Path | None) -> Figures:
        """Work through all steps of a local statistic, and return the figures of the field."""
        refuse_other_sinks(sink, self.source.n, statistic.names)
        self.tell("describing", 0)
        with scratch_folder(scratch) as made:
            folder = Path(made)
            drawn = folder if statistic.draws else None
            about = self._described(self.source, drawn if self.other is None else None)
            lagged = about if self.other is None else self._described(self.other, drawn)
            if about is None or lagged is None:
                self._nothing(statistic, sink)
                return Figures(0, 0, float("nan"), float("nan"), len(self.bands))
            self.tell("tables", 0)
            p = InFile.of(folder / "p", np.float64, self.source.n)
            beside = InFile.of(folder / "beside", dtype_of(statistic.beside), self.source.n)
            task, n = self._task(about, lagged, statistic, sink, (p, beside)), about.sums.n
            del about, lagged  # and with them the integers in a file
            figures = self._filled(task, (p, beside), n, sink)
            del task  # and with it the values in order: 8 bytes a cell that are not needed beside q
            self.tell("adjusting", 0)
            every, q = p.read(slice(0, self.source.n)), on_disk(folder / "q", np.float64, self.source.n)
            adjusted(every, statistic.adjustment, piece=min(PIECE, max(every.size // 8, 1 << 16)), out=q)
            for band in self.bands:
                here = slice(band.first, band.last)
                for name, found in statistic.finish(every[here], q[here], beside.read(here)).items():
                    sink.write(name, band.first, found)
                self.tell("codes", band.number + 1)
        return figures

    def _described(self, field: BandedField, folder: Path | None) -> Described | None:
        return described(field, self.bands, self.offsets, self.runner, folder)

    def _task(
        self, about: Described, lagged: Described, statistic: Local, sink: Sink, files: tuple[InFile, InFile]
    ) -> Callable[[Band], _Part]:
        """Return what is done with each band, once it is known what all bands share."""
        shared = statistic.share(lagged)
        if self.weights is not None:
            fields = [(self.source, about.how)]
            if self.other is not None:
                fields.append((self.other, lagged.how))
            shared = replace(shared, centres=centres_of(fields, self.weights, self.bands, self.runner))
        if self.runner.elsewhere:
            shared = shared.portable()
        reading = _Reading(self.source, about.how, about.sums)
        other = None if self.other is None else _Reading(self.other, lagged.how, lagged.sums)
        return partial(
            _worked,
            reading,
            other,
            self.offsets,
            shared,
            statistic,
            sink,
            self.runner.elsewhere,
            files if fills_files(self.runner) else None,
        )

    def _filled(
        self, task: Callable[[Band], _Part], files: tuple[InFile, InFile], n: int, sink: Sink
    ) -> Figures:
        """Fill the sink, and the files of p and of what is needed beside it."""
        islands, reference, error, of_other = 0, float("nan"), float("nan"), float("nan")
        for band, part in zip(self.bands, self.runner.map(task, self.bands), strict=True):
            if part.written is not None:
                sink.take(part.written)
            if part.kept is not None:
                _keep(files, band, part.kept)
            islands, reference = islands + part.islands, part.reference
            error = float(np.fmax(error, part.error))
            of_other = part.reference_other
            self.tell("bands", band.number + 1)
        return Figures(n, islands, reference, error, len(self.bands), of_other)

    def _nothing(self, statistic: Local, sink: Sink) -> None:
        """Fill the sink of a field without variance."""
        for band in self.bands:
            for name in statistic.names:
                kind, missing = (np.int32, 0) if name in CODES else (np.float64, np.nan)
                sink.write(name, band.first, np.full(band.cells, missing, kind))


def warn_of_none(statistic: str, figures: Sequence[Figures]) -> None:
    """Name the fields that have no results, as the functions in memory do."""
    warn_of_flat(statistic, sum(each.n == 0 for each in figures), len(figures))
    warn_of_alone(statistic, sum(0 < each.n == each.islands for each in figures), len(figures))


def refuse_others(source: object, neighbourhood: object) -> None:
    """Refuse what is no field in bands, or no neighbourhood.

    Raises
    ------
    UsageError
        When `source` is no BandedField, or `neighbourhood` no Neighbourhood.
    """
    if not isinstance(source, BandedField):
        raise UsageError(
            f"the field is a {type(source).__name__}; it must be a BandedField: lr.bands.BandedField.of(ids, "
            "values, grid), or FieldStore.field(). A DataArray goes to the function in memory"
        )
    if not isinstance(neighbourhood, Neighbourhood):
        raise UsageError(
            f"the neighbourhood is a {type(neighbourhood).__name__}; it must be a Neighbourhood "
            "(lr.Neighbourhood.queen(), .rook(), .disc(metres), .ring(inner, outer) or .decay(bandwidth))"
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a band hands back: its figures, and p with what is needed beside it where it cannot fill the files."""

    kept: tuple[Values, Values] | None
    islands: int
    reference: float
    error: float
    reference_other: float
    written: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A field, how its values become integers, and their totals."""

    source: BandedField
    how: Representation
    sums: Totals


def _worked(
    reading: _Reading, other: _Reading | None, offsets: Offsets, shared: Shared,
    statistic: Local, sink: Sink, elsewhere: bool, files: tuple[InFile, InFile] | None, band: Band,
) -> _Part:  # fmt: skip
    """Compute one band and write its results."""
    lagged = reading if other is None else other
    valid, neighbours = around(lagged.source, lagged.how, offsets, band)
    drawn = lagged.how.of(neighbours.own)
    numbers, beside = drawn, None
    if other is not None:
        numbers = reading.how.numbers(reading.source.own(band)[valid])
        beside = drawn, other.sums
    results = BandResults.of(valid, statistic.filled)
    whole = shared.of(lagged.source, band)
    one = OneField(0, valid, numbers, reading.sums, neighbours, beside, null=shared.null, whole=whole)
    statistic.fill(results, one)
    own_sink = sink.copy() if elsewhere else sink
    for name, found in results.places.items():
        if name not in statistic.late:
            own_sink.write(name, band.first, found)
    written = own_sink.written() if elsewhere else None
    kept = results.places["p"], results.places[statistic.beside]
    if files is not None:
        _keep(files, band, kept)
    of_other = float(results.scalars["reference_other"][0])
    back = kept if files is None else None
    return _Part(back, results.islands, results.reference, results.error, of_other, written)


def _keep(files: tuple[InFile, InFile], band: Band, values: tuple[Values, Values]) -> None:
    for file, found in zip(files, values, strict=True):
        file.write(band.first, found)
