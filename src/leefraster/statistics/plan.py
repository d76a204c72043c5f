"""How a statistic runs over many fields: values as integers, neighbours once per mask, results back on labels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import INSIDE, InferenceWarning, NoNeighboursWarning, NoVarianceWarning, UsageError
from leefraster.fields import Fields, Scan, valid_mask
from leefraster.inference.exact import Null
from leefraster.inference.geary_tails import GearyNull
from leefraster.inference.inversion import Inversion
from leefraster.inference.multiple_testing import ADJUSTMENTS, adjusted
from leefraster.inference.numbers import Numbers, Range, Totals, as_numbers, totals
from leefraster.inference.permutation import DrawnFrom
from leefraster.inference.squared_differences import Powers
from leefraster.kernels.decision import GREATER, LESS, TWO_SIDED
from leefraster.neighbours import GraphNeighbours, KnownSums, RunNeighbours, neighbours_among
from leefraster.statistics.partner import Partner

ALTERNATIVES = {"two-sided": TWO_SIDED, "greater": GREATER, "less": LESS}
WEIGHTINGS = ("row", "binary", "given")
FAMILIES = ("field", "all")
FEWEST = 3
LARGEST_ERROR = 0.1  # p_error that is not warned of


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse an option that is not among the allowed values, and list these.

    Raises
    ------
    UsageError
        When `value` is none of them.
    """
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}; allowed are {', '.join(map(repr, allowed))}")


def checked_alpha(alpha: float) -> float:
    """Return alpha when it lies between 0 and 1.

    Raises
    ------
    UsageError
        Otherwise.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is {alpha}; it must lie between 0 and 1")
    return float(alpha)


@dataclass(frozen=True, slots=True)
class Test:
    """How a statistic is tested: the options that all of them share, checked.

    Attributes
    ----------
    inference : str
        Where the null distribution comes from.
    alternative : int
        A code of `kernels.decision`.
    adjustment, family : str
        How p is adjusted for many tests, and whether these are a field's or those of all fields.
    permutations, seed : int
        Of permutation inference.
    """

    inference: str
    alternative: int
    adjustment: str = "benjamini-hochberg"
    family: str = "field"
    permutations: int = 999
    seed: int = 0

    @property
    def draws(self) -> bool:
        """Whether a random stream is drawn from."""
        return self.inference == "permutation"

    @classmethod
    def checked(
        cls,
        inferences: tuple[str, ...],
        inference: str,
        alternative: str,
        *,
        adjustment: str = "benjamini-hochberg",
        family: str = "field",
        permutations: int = 999,
        seed: int = 0,
    ) -> Test:
        """Return the options when each is allowed.

        Raises
        ------
        UsageError
            When one is not; the message lists what is.
        """
        one_of("inference", inference, inferences)
        one_of("alternative", alternative, tuple(ALTERNATIVES))
        one_of("adjustment", adjustment, ADJUSTMENTS)
        one_of("family", family, FAMILIES)
        for name, value, least in (("permutations", permutations, 1), ("seed", seed, 0)):
            if isinstance(value, bool) or int(value) != value or value < least:
                raise UsageError(f"{name} is {value!r}; it must be a whole number of at least {least}")
        return cls(inference, ALTERNATIVES[alternative], adjustment, family, int(permutations), int(seed))


@dataclass(frozen=True, slots=True)
class OfWhole:
    """What the places of a band look up of the whole field, where it cannot be found from theirs.

    Attributes
    ----------
    powers : tuple of int, or None
        Sums of powers of the integers, as `inference.squared_differences` has them.
    geary : GearyNull or None
        The null distribution of local Geary's C.
    drawn : DrawnFrom or None
        What is drawn from.
    centres : tuple of Fraction, or None
        Weighted means of the field, and of the other one of two, as integers.
    inversion : Inversion or None
        The null distributions of its weighted sums.
    """

    powers: Powers | None = None
    geary: GearyNull | None = None
    drawn: DrawnFrom | None = None
    centres: tuple[Fraction, ...] | None = None
    inversion: Inversion | None = None


@dataclass(frozen=True, slots=True)
class OneField:
    """One field, ready for a kernel: its valid places, their values as integers, and their neighbours.

    Of two fields (`other` given) the valid places are those with both values, and `other` holds the second
    field's values at them, with their totals. Of a band or a part, the places are these only, from the field's
    place `first` on; the totals, `null` and `whole` are those of the whole field.
    """

    row: int
    valid: npt.NDArray[np.bool_]
    numbers: Numbers
    sums: Totals
    neighbours: RunNeighbours | GraphNeighbours | KnownSums
    other: tuple[Numbers, Totals] | None = None
    null: Null | None = None
    first: int = 0
    whole: OfWhole = OfWhole()

    @property
    def centre(self) -> tuple[int, int]:
        """The mean as whole part and rest, of which n make one."""
        return divmod(self.sums.total, self.sums.n)

    def numbered(self, ids: npt.NDArray[np.int64], test: Test) -> npt.NDArray[np.int64]:
        """Return the numbers by which a random stream knows the places; none where nothing is drawn."""
        if self.whole.drawn is not None:
            return self.whole.drawn.places
        return ids[self.first : self.first + self.valid.size][self.valid] if test.draws else ids[:0]

    @property
    def squares(self) -> float:
        """The sum of squared deviations from the mean, in steps squared."""
        return float(self.sums.squares)

    @property
    def mean(self) -> float:
        """The mean in the field's unit."""
        return self.numbers.origin + self.numbers.step * float(self.sums.mean)


def each_field(
    fields: Fields, neighbourhood: Any, statistic: str, other: Partner | None = None, *, own: bool = False
) -> Iterator[OneField]:
    """Yield the fields that have a variance; the others are named in one warning and stay missing.

    The neighbours are made once for all fields with the same missing places. With `other` the places are those
    with both values, and both must vary. `own` allows a graph's weights of areas to themselves.
    """
    cache: dict[bytes, RunNeighbours | GraphNeighbours] = {}
    flat = 0
    for row in range(fields.values.shape[0]):
        pair = [fields.values[row]] if other is None else [fields.values[row], other.row(row)]
        valid, chosen, extents = _held(pair)
        if not all(extent.n >= FEWEST and extent.least != extent.most for extent in extents):
            flat += 1
            continue
        key = np.packbits(valid).tobytes() if fields.values.shape[0] > 1 else b""
        if key not in cache:
            cache = {key: neighbours_among(neighbourhood, fields, valid, own=own)}
        neighbours = cache[key]
        numbers = [
            as_numbers(values, neighbours.most, extent)
            for values, extent in zip(chosen, extents, strict=True)
        ]
        if any(each.largest == 0 for each in numbers):  # equal but for float error in the last digit
            flat += 1
            continue
        first, *rest = [(each, totals(each.integers, each.largest)) for each in numbers]
        yield OneField(row, valid, *first, neighbours, rest[0] if rest else None)
    warn_of_flat(statistic, flat, fields.values.shape[0])


def _held(
    pair: list[npt.NDArray[Any]],
) -> tuple[npt.NDArray[np.bool_], list[npt.NDArray[Any]], list[Range]]:
    """Return where one field, or both of two, have a value, these values and their ranges."""
    scans = [Scan.of(values) for values in pair]
    if not any(scan.missing for scan in scans):
        return np.ones(pair[0].size, np.bool_), pair, [scan.extent for scan in scans]
    valid = np.logical_and.reduce([valid_mask(values) for values in pair])
    chosen = [values[valid] for values in pair]
    return valid, chosen, [scans[0].extent] if len(pair) == 1 else [Range.of(values) for values in chosen]


def warn_of_flat(statistic: str, flat: int, m: int) -> None:
    """Give one warning where some of m fields have no variance."""
    if flat:
        warnings.warn(
            f"{statistic}: {flat} of {m} fields have no variance or fewer than {FEWEST} values; their results "
            "are NaN",
            NoVarianceWarning,
            skip_file_prefixes=INSIDE,
        )


def warn_of_alone(statistic: str, alone: int, m: int) -> None:
    """Give one warning where some of m fields have values, but not a single pair of neighbours."""
    if alone:
        warnings.warn(
            f"{statistic}: {alone} of {m} fields have no place with a neighbour; their results are NaN",
            NoNeighboursWarning,
            skip_file_prefixes=INSIDE,
        )


def warn_of_error(statistic: str, inference: str, errors: Sequence[float]) -> None:
    """Give one warning where p of some fields, by inversion, may be far off."""
    off = [error for error in errors if inference == "inversion" and error > LARGEST_ERROR]
    if off:
        warnings.warn(
            f"{statistic}: p of {len(off)} of {len(errors)} fields may be far off at some places (p_error is up to "
            f"{max(off):.2g}): their values are too few, or too many lie far from all others, for inference="
            "'inversion'; inference='permutation' has no such limit",
            InferenceWarning,
            skip_file_prefixes=INSIDE,
        )


class Filled(Protocol):
    """Where the results of one field, or of one band of a field, are put."""

    scalars: dict[str, npt.NDArray[Any]]

    def room(self, one: OneField, name: str) -> npt.NDArray[Any]:
        """Return an array for the values of a variable, which is then put."""
        ...

    def put(self, one: OneField, name: str, values: npt.NDArray[Any]) -> None:
        """Keep a variable."""
        ...

    def describe(self, one: OneField, islands: int, reference: float, error: float) -> None:
        """Keep the figures."""
        ...


def room_at(here: npt.NDArray[Any], one: OneField) -> npt.NDArray[Any]:
    """Return an array for the values of a field, or part, whose places are `here`: these, where none is missing."""
    return here if one.valid.all() else np.empty(int(one.valid.sum()), here.dtype)


def put_at(here: npt.NDArray[Any], one: OneField, values: npt.NDArray[Any]) -> None:
    """Fill the places of a field, or part, with its values; NaN and 0 where one is missing."""
    if values.size < here.size:
        here[...] = np.nan if here.dtype.kind == "f" else 0
        here[one.valid] = values
    elif not np.may_share_memory(values, here):  # else they are there already
        here[...] = values


class Results:
    """Result variables of all fields, filled one field, or one part of a field, at a time."""

    def __init__(self, fields: Fields, floats: tuple[str, ...], codes: dict[str, Any]) -> None:
        shape = fields.values.shape
        self._fields = fields
        self._described = np.zeros(shape[0], np.bool_)
        self._lock = Lock()
        self.places = {name: np.empty(shape) for name in floats}
        self.places.update({name: np.zeros(shape, dtype) for name, dtype in codes.items()})
        m = shape[0]
        self.scalars: dict[str, npt.NDArray[Any]] = {
            "n": np.zeros(m, np.int64),
            "islands": np.zeros(m, np.int64),
            "reference": np.full(m, np.nan),
            "p_error": np.full(m, np.nan),
        }

    def _here(self, one: OneField, name: str) -> npt.NDArray[Any]:
        return self.places[name][one.row, one.first : one.first + one.valid.size]

    def room(self, one: OneField, name: str) -> npt.NDArray[Any]:
        """Return an array for the values of a variable: where none is missing, the place they belong to."""
        return room_at(self._here(one, name), one)

    def put(self, one: OneField, name: str, values: npt.NDArray[Any]) -> None:
        """Keep a variable of one field, or of a part of it."""
        put_at(self._here(one, name), one, values)

    def describe(self, one: OneField, islands: int, reference: float, error: float) -> None:
        """Keep the figures of one field; the islands of its parts add up."""
        with self._lock:
            self._described[one.row] = True
            self.scalars["islands"][one.row] += islands
            for name, figure in {"n": one.sums.n, "reference": reference, "p_error": error}.items():
                self.scalars[name][one.row] = figure

    def adjust(self, test: Test) -> None:
        """Fill `q` from `p`, within each field or over all of them; NaN is no test.

        Fields of which nothing was put, since they have no variance, are filled with NaN.
        """
        for values in self.places.values():
            if values.dtype.kind == "f":
                values[~self._described] = np.nan
        p, q = self.places["p"], self.places["q"]
        if test.family == "all":
            adjusted(p.reshape(-1), test.adjustment, out=q.reshape(-1))
            return
        for row in range(p.shape[0]):
            adjusted(p[row], test.adjustment, out=q[row])

    def warn(self, statistic: str, inference: str) -> None:
        """Give one warning where fields have not a single pair of neighbours, and one where p may be far off."""
        n, islands = self.scalars["n"], self.scalars["islands"]
        warn_of_alone(statistic, int(((n > 0) & (islands == n)).sum()), n.size)
        warn_of_error(statistic, inference, self.scalars["p_error"].tolist())

    def dataset(self, attrs: dict[str, Any], variable_attrs: dict[str, dict[str, Any]]) -> xr.Dataset:
        """Return all results on the labels of the input."""
        about = {
            "n": {"long_name": "places with a value"},
            "islands": {"long_name": "places with a value and no neighbour"},
            "reference": {"long_name": "mean that high and low are measured from"},
            "p_error": {"long_name": "bound of the relative error of tails above 1e-9"},
        }
        return self._fields.dataset(self.places, self.scalars, attrs, {**about, **variable_attrs})


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("leefraster")


def provenance(statistic: str, neighbourhood: Any, **options: Any) -> dict[str, Any]:
    """Return the attributes that say how a result was made, as plain text and numbers."""
    shown = (
        repr(neighbourhood) if type(neighbourhood).__module__.startswith("leefraster") else "libpysal Graph"
    )
    return {
        "statistic": statistic,
        "neighbourhood": shown,
        **options,
        "leefraster_version": _version(),
    }
