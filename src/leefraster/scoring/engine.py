"""A model applied to one year of layers: measures, the fused pass, means, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.kernels.score import (
    BLOCK,
    INFINITE,
    NEGATIVE,
    WORD,
    score_tile,
    take_off_means,
)
from leefraster.scoring.around import Around, disc_terms
from leefraster.scoring.disc import largest_of
from leefraster.scoring.largest import LARGEST_AROUND, LARGEST_SCORE
from leefraster.scoring.layers import Layers
from leefraster.scoring.model import Indicator, Model
from leefraster.scoring.program import Program
from leefraster.scoring.tally import Tally, largest_terms
from leefraster.scoring.units import canonical

Floats = npt.NDArray[np.float64]
Rows = list[npt.NDArray[np.floating]]

TILE = 128 * BLOCK  # cells whose indicators are laid side by side at a time


@dataclass(frozen=True, slots=True, eq=False)
class OneYear:
    """What one pass over a year gives, before the reference is taken off.

    Attributes
    ----------
    rows : list of ndarray, (cell,)
        The measure of each indicator.
    scores : ndarray, (dimension, cell)
        Sum of coefficient x transformed value; NaN where a required indicator is missing.
    gaps : ndarray of int16, (cell,)
        Number of indicators that are missing and counted at their mean.
    absent : ndarray of int64, (word, cell)
        Which these are, as bits.
    means : ndarray, (indicator,)
        Reference means of the transformed values, NaN where nothing counts.
    missing : ndarray of int64, (indicator,)
        Cells without the indicator.
    """

    rows: Rows
    scores: Floats
    gaps: npt.NDArray[np.int16]
    absent: npt.NDArray[np.int64]
    means: Floats
    missing: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A band of a field, and what must be known of the field for its measures to be the same.

    Attributes
    ----------
    core : slice
        The band's own cells among those of the layers.
    cells : int
        Cells of the field.
    largest : mapping of (str, int) to tuple of float
        By indicator and position of the year, the largest size of each term that it sums over discs.
    """

    core: slice
    cells: int
    largest: Mapping[tuple[str, int], tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """What the pass fills for every cell: sums by dimension, how many indicators are absent, and which."""

    scores: Floats
    gaps: npt.NDArray[np.int16]
    absent: npt.NDArray[np.int64]

    @classmethod
    def blank(cls, model: Model, cells: int) -> _Sheet:
        words = (len(model.indicators) + WORD - 1) // WORD
        return cls(
            np.empty((len(model.dimensions), cells)),
            np.empty(cells, np.int16),
            np.empty((words, cells), np.int64),
        )


class Engine:
    """A model on layers.

    Parameters
    ----------
    model : Model
        The model.
    layers : Layers
        The layers; checked here to be there, in the units that the model says.
    part : Part or None
        Where the layers are those of a band and its halo: which cells are scored. All are when None.

    Raises
    ------
    UsageError
        When the model names a layer that is not there.
    InputError
        When a layer holds no numbers, or states another unit than the model.
    """

    def __init__(self, model: Model, layers: Layers, part: Part | None = None) -> None:
        self.model, self.layers, self.program = model, layers, Program.of(model)
        for indicator in model.canonical:
            self._check(indicator)
        self.part = Part(slice(0, layers.cells.size), layers.cells.size, {}) if part is None else part
        self._around = Around(layers.grid, layers.cells, self.part.cells)
        self._kept: dict[str, npt.NDArray[np.floating]] = {}

    def _check(self, indicator: Indicator) -> None:
        called = f"indicator {indicator.name!r} of model {self.model.name!r}"
        for name in filter(None, (indicator.layer, getattr(indicator.measure, "weights", None))):
            self.layers.require(name, called)
            layer = self.layers.dataset[name]
            if layer.dtype.kind not in "fiub" or "cell" not in layer.dims:
                raise InputError(
                    f"{called}: layer {name!r} holds no numbers by cell ({layer.dtype}, {layer.dims})"
                )
        stated = str(self.layers.dataset[indicator.layer].attrs.get("units", "")).strip()
        if stated and canonical(stated) != canonical(indicator.unit):
            raise InputError(
                f"{called}: layer {indicator.layer!r} is in {stated!r}, the model wants {indicator.unit!r}; "
                "convert the layer, or state its unit (attrs['units'])"
            )

    @property
    def cells(self) -> int:
        """How many cells are scored."""
        return int(self.part.core.stop - self.part.core.start)

    def rows(self, year: int) -> Rows:
        """Return the measures of a year; those of layers without years are taken once."""
        return [self._measured(indicator, year) for indicator in self.model.canonical]

    def largest(self, year: int) -> dict[tuple[str, int], tuple[float, ...]]:
        """Return the largest size of each term that is summed over discs, among the cells that are scored."""
        found = {}
        for indicator in self.model.canonical:
            terms = disc_terms(indicator.measure, *self._read(indicator, year))
            found[indicator.name, year] = tuple(largest_of(term[self.part.core]) for term in terms)
        return {key: sizes for key, sizes in found.items() if sizes}

    def _read(self, indicator: Indicator, year: int) -> tuple[npt.NDArray[np.floating], Floats | None]:
        """Return the values that an indicator is made of, and the weights of their mean if any."""
        weights_name = getattr(indicator.measure, "weights", None)
        weights = None if weights_name is None else self._weights(weights_name, year)
        values = self.layers.values(indicator.layer, year)
        if indicator.measure.kind not in ("cell", "distance"):
            for name, summed in ((indicator.layer, values), (weights_name, weights)):
                if summed is not None and largest_of(summed) > LARGEST_AROUND:
                    raise InputError(
                        f"layer {name!r} holds values up to {largest_of(summed):g} in size, which indicator "
                        f"{indicator.name!r} sums over cells ({indicator.measure}); it takes at most "
                        f"{LARGEST_AROUND:g}: correct the layer, or state it in a larger unit"
                    )
        return values, weights

    def _measured(self, indicator: Indicator, year: int) -> npt.NDArray[np.floating]:
        if indicator.name in self._kept:
            return self._kept[indicator.name]
        weights_name = getattr(indicator.measure, "weights", None)
        largest = self.part.largest.get((indicator.name, year))
        found = self._around.measured(indicator.measure, *self._read(indicator, year), largest)
        measured = found[self.part.core]
        if not any(
            self.layers.has_year(name) for name in (indicator.layer, weights_name) if name is not None
        ):
            self._kept[indicator.name] = measured
        return measured

    def _weights(self, name: str, year: int) -> Floats:
        weights = self.layers.values(name, year).astype(np.float64)
        if (weights < 0).any():
            raise InputError(f"layer {name!r}: {int((weights < 0).sum())} weights are negative")
        return weights

    def tiles(self, rows: Rows) -> Iterator[tuple[int, int, Floats]]:
        """Yield tiles of cells, with the measures of all indicators side by side: first cell, how many, values."""
        cells = self.cells
        room = np.empty((len(rows), min(TILE, cells)))
        for begin in range(0, cells, TILE):
            size = min(TILE, cells - begin)
            for k, row in enumerate(rows):
                room[k, :size] = row[begin : begin + size]
            yield begin, size, room

    def one_year(self, year: int, weights: Floats, tally: Tally | None = None) -> OneYear:
        """Run the fused pass over a year.

        Parameters
        ----------
        year : int
            Position of the year.
        weights : ndarray
            Weights of the cells in the means.
        tally : Tally or None
            That of all cells where these are a band; that of the pass when None.

        Raises
        ------
        InputError
            When a value is infinite, or negative where a logarithm or root is taken.
        """
        rows, sheet, own = self.passed(year, weights)
        if tally is None:
            self.refuse(own, year)
        whole = own if tally is None else tally
        return OneYear(rows, sheet.scores, sheet.gaps, sheet.absent, whole.means, whole.missing)

    def passed(self, year: int, weights: Floats) -> tuple[Rows, _Sheet, Tally]:
        """Run the fused pass over a year: the measures, what is filled for every cell, and what adds up."""
        rows, sheet = self.rows(year), _Sheet.blank(self.model, self.cells)
        sums: list[Floats] = [np.zeros((0, len(rows), 2))]
        counts: list[npt.NDArray[np.int64]] = [np.zeros((0, len(rows), 3), np.int64)]
        beyond = np.zeros(len(self.model.dimensions), np.int64)
        terms = np.tile([-np.inf, 0.0], (len(rows), 1))
        for begin, size, tile in self.tiles(rows):
            own_sums, own_counts, own_beyond = self._pass(tile, begin, size, weights, sheet)
            sums.append(own_sums)
            counts.append(own_counts)
            if own_beyond.any():
                beyond += own_beyond
                terms = largest_terms([terms, self._terms(tile[:, :size])])
        counted = np.concatenate(counts).sum(axis=0)
        smallest = [
            float(np.nanmin(row)) if below else np.nan
            for row, below in zip(rows, counted[:, NEGATIVE], strict=True)
        ]
        return rows, sheet, Tally(np.concatenate(sums), counted, np.array(smallest), beyond, terms)

    def _terms(self, transformed: Floats) -> Floats:
        """Return of every indicator the logarithm of the largest size of coefficient x value, and that value."""
        values = np.array([row[np.abs(row).argmax()] for row in np.nan_to_num(transformed, nan=0.0)])
        with np.errstate(divide="ignore"):
            sizes = np.log(np.abs(values)) + np.log(np.abs(self.program.coefficients))
        return np.stack([sizes, values], axis=1)

    def _pass(
        self, tile: Floats, first: int, cells: int, weights: Floats, sheet: _Sheet
    ) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        blocks = (cells + BLOCK - 1) // BLOCK
        beyond = np.empty((blocks, sheet.scores.shape[0]), np.int64)
        sums, counts = np.empty((blocks, tile.shape[0], 2)), np.empty((blocks, tile.shape[0], 3), np.int64)
        p = self.program
        score_tile(
            tile, first, cells, weights, p.starts, p.codes, p.parameters, p.coefficients, p.dimensions, p.required,
            LARGEST_SCORE, sheet.scores, sheet.gaps, sheet.absent, sums, counts, beyond,
        )  # fmt: skip
        return sums, counts, beyond.sum(axis=0)

    def take_off(self, one: OneYear, centre: Floats) -> None:
        """Turn the sums of a year into deviations from the centre, in place."""
        shares, dimensions = centre * self.program.coefficients, self.program.dimensions
        sums = np.array([np.add.reduce(shares[dimensions == d]) for d in range(one.scores.shape[0])])
        take_off_means(one.scores, one.absent, dimensions, shares, sums)

    def refuse(self, tally: Tally, year: int) -> None:
        """Refuse values that no transform takes.

        Raises
        ------
        InputError
            When a value is infinite, negative where a logarithm or root is taken, or so large that there is no
            mean; when a score, or coefficient x mean, goes beyond the largest that scores may be.
        """
        counted, (total, whole) = tally.counts, tally.totals
        when = "" if self.layers.years[year] is None else f" in {self.layers.years[year]}"
        for k, indicator in enumerate(self.model.canonical):
            if counted[k, INFINITE]:
                raise InputError(
                    f"layer {indicator.layer!r}{when}: indicator {indicator.name!r} has {counted[k, INFINITE]} "
                    f"infinite values by its measure ({indicator.measure}); missing values are NaN"
                )
            if counted[k, NEGATIVE]:
                raise InputError(
                    f"indicator {indicator.name!r}{when}: {', '.join(map(str, indicator.transform))} of "
                    f"{counted[k, NEGATIVE]} negative values (smallest measure {tally.smallest[k]:g}); clip the "
                    "measure at 0 first, or correct the layer"
                )
            if np.isinf(whole[k]):
                raise InputError(
                    f"dwellings{when} are so many that their sum goes beyond the largest number there is "
                    f"({np.finfo(np.float64).max:.3g}); correct them: only their ratios count"
                )
            if whole[k] > 0 and not np.isfinite(total[k]):
                steps = ", ".join(map(str, indicator.transform))
                raise InputError(
                    f"layer {indicator.layer!r}{when}: values of indicator {indicator.name!r} are so large that "
                    f"their sum, of which the national mean is made, goes beyond the largest number there is "
                    f"({np.finfo(np.float64).max:.3g}), after transform {steps}; correct the layer, or state it in "
                    "a larger unit"
                )
        self._refuse_large_scores(tally, when)

    def _refuse_large_scores(self, tally: Tally, when: str) -> None:
        """Refuse scores, means and coefficient x mean beyond the largest score: their sums could overflow."""
        means, coefficients = np.nan_to_num(tally.means), self.program.coefficients
        with np.errstate(over="ignore"):
            shares = np.abs(means * coefficients)
            all_shares = shares.sum()
        for d in np.flatnonzero(tally.beyond):
            own = np.flatnonzero(self.program.dimensions == d)
            k = int(own[tally.terms[own, 0].argmax()])
            code = list(self.model.dimensions)[d]
            raise self._too_large(
                f"{tally.beyond[d]} scores of dimension {code!r}{when}", k, tally.terms[k, 1]
            )
        if not all_shares <= LARGEST_SCORE:
            k = int(shares.argmax())
            raise self._too_large(f"sums of coefficient x national mean{when}", k, means[k])
        if np.abs(means).max() > LARGEST_SCORE:
            k = int(np.abs(means).argmax())
            raise self._too_large(f"national means{when}", k, means[k])

    def _too_large(self, what: str, k: int, value: float) -> InputError:
        """Return the error that something goes beyond the largest score, by an indicator with some value most."""
        return InputError(
            f"model {self.model.name!r}: {what} go beyond {LARGEST_SCORE:g}, the largest that may be added up. The "
            f"largest part is that of indicator {self.model.canonical[k].name!r}: coefficient "
            f"{self.program.coefficients[k]:g}, value {value:g}. Give a smaller coefficient, correct the layer, or "
            "state it in a larger unit"
        )

    def contributions(self, one: OneYear, centre: Floats, cells: slice | npt.NDArray[np.int64]) -> Floats:
        """Return the contribution of each indicator to each of some cells: coefficient x (value - centre).

        0 where an indicator is missing and counted at its mean, NaN where it is missing and required.

        Raises
        ------
        InputError
            When one goes beyond the largest that scores may be, though others make up for it.
        """
        tile = np.stack([row[cells].astype(np.float64) for row in one.rows])
        size = tile.shape[1]
        self._pass(tile, 0, size, np.zeros(size), _Sheet.blank(self.model, size))
        with np.errstate(over="ignore"):
            tile -= centre[:, None]
            tile *= self.program.coefficients[:, None]
        beyond = (np.abs(tile) > LARGEST_SCORE).any(axis=1)
        if beyond.any():
            k = int(beyond.argmax())
            worst = int(np.nanargmax(np.abs(tile[k])))
            raise self._too_large("contributions", k, one.rows[k][cells][worst])
        tile[np.isnan(tile) & ~self.program.required[:, None]] = 0.0
        return tile


def require_model(model: object) -> Model:
    """Return a model, or read it from a file.

    Raises
    ------
    UsageError
        When it is neither a Model nor a path.
    """
    from pathlib import Path

    if isinstance(model, Model):
        return model
    if isinstance(model, str | Path):
        return Model.read(model)
    raise UsageError(f"model is a {type(model).__name__}; it must be a lr.Model or the path of its file")
