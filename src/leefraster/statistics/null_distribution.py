"""The null distribution of one place: what its local sum is under conditional permutation, beside what it was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.fields import Fields, read_fields, valid_mask
from leefraster.inference.drawn import drawn_of
from leefraster.inference.draws import (
    Population,
    Tables,
    build_tables,
    choose_lattice,
    draw_tails,
)
from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import Numbers, Totals, totals
from leefraster.kernels.decision import p_of_tails
from leefraster.lazy import computed
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.statistics.plan import ALTERNATIVES, FEWEST, OneField, each_field, one_of, provenance

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STATISTICS = ("local_moran", "getis_ord")
SHOWN = 1e-9  # the least tail that is shown
NORMAL_IQR = 1.349  # standard deviations in the interquartile range of a normal distribution
SPAN = 12  # standard deviations over which `points` values are spread
FEWEST_POINTS, MOST_POINTS = 10, 5_000
IN_UNIT = ("observed", "expected", "sd", "width")

VARIABLES: dict[str, dict[str, Any]] = {
    "probability": {"long_name": "probability of a mean within half a width of the value", "units": "1"},
    "upper": {"long_name": "probability of a mean of at least the value", "units": "1"},
    "lower": {"long_name": "probability of a mean of at most the value", "units": "1"},
}
ABOUT: dict[str, dict[str, Any]] = {
    "observed": {"long_name": "observed mean of the values in the local sum"},
    "expected": {"long_name": "expected mean"},
    "sd": {"long_name": "standard deviation of the mean"},
    "width": {"long_name": "distance from one value to the next"},
    "p": {"long_name": "p-value of the place, ties included", "units": "1"},
    "p_upper": {"long_name": "probability of at least the observed mean", "units": "1"},
    "p_lower": {"long_name": "probability of at most the observed mean", "units": "1"},
    "drawn": {"long_name": "values in the local sum"},
    "n": {"long_name": "places with a value"},
}


@computed
def null_distribution(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    place: Any,
    *,
    statistic: Literal["local_moran", "getis_ord"] = "local_moran",
    star: bool = True,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    points: int = 400,
) -> xr.Dataset:
    """Compute the exact null distribution that one place is tested against, and where the place stands in it.

    The distribution of the mean of k values drawn without replacement: for local Moran's I and Getis-Ord G the
    k neighbours' values, from the n - 1 places other than the one tested; for G* those of the place and its
    neighbours, from all n.

    Parameters
    ----------
    field : DataArray
        One field over `cell`, (`y`, `x`) or, with a graph, areas; NaN is missing.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour; a graph's weights must be equal within a row.
    place : int, str or label
        On a grid a cell id, or a code such as ``"E0974N4514"``; with a graph the label of an area, or its
        position where the field has no labels.
    statistic : {"local_moran", "getis_ord"}
        Which local statistic is tested.
    star : bool
        For "getis_ord": G* when true, G when false.
    alternative : {"two-sided", "greater", "less"}
        Refers to the statistic, as in `local_moran` and `getis_ord`.
    points : int
        About how many values are shown over twelve standard deviations (more where the distribution is skewed);
        where fewer means than that are possible, each is shown.

    Returns
    -------
    Dataset
        Over `value` (a mean of k values, unit of the field): `probability` (of a mean within half a `width`
        of the value: of the value itself where every possible mean is shown), `upper` (of at least the value)
        and `lower` (of at most the value). Coordinates: `place`, `observed`, `p`, `p_upper`, `p_lower`,
        `expected`, `sd` (of the mean), `width`, `drawn` (k; k + 1 for G*), `n`. Values whose tail is below
        1e-9 are left out.

    Raises
    ------
    UsageError
        When an option is not allowed, the field has leading dimensions, the place is unknown or has no
        neighbour, or the neighbourhood's weights differ.
    InputError
        When the place holds no value, or the field has no variance or fewer than three values.

    Notes
    -----
    `p`, `p_upper` and `p_lower` are those of the statistic, to the bit. The curve comes from a table of its own,
    made without the place, whereas the statistics take the place out of the tables of all values: the two agree
    to rounding where values have a decimal step, and to about 1 % otherwise. docs/exact-inference.md has the
    method.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis 27, 93-115
    (conditional permutation).

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> null = lr.null_distribution(raster, lr.Neighbourhood.rook(), 0)
    >>> float(null["observed"]), float(null["p"].round(6)), float(null["probability"].sum().round(9))
    (3.0, 0.142857, 1.0)
    """
    one_of("statistic", statistic, STATISTICS)
    one_of("alternative", alternative, tuple(ALTERNATIVES))
    if isinstance(points, bool) or int(points) != points or points < FEWEST_POINTS:
        raise UsageError(f"points is {points!r}; it must be a whole number of at least {FEWEST_POINTS}")
    fields = read_fields(field, areas=is_graph(neighbourhood))
    at = _position(fields, place)
    one = _only_field(fields, neighbourhood, at, place)
    star = star and statistic == "getis_ord"
    at_valid = int(one.valid[:at].sum())
    draw = _Draw.of(one, at_valid, star, place)
    upper, lower = _observed_tails(one, at_valid, star)
    values, width, columns = draw.distribution(int(points))
    tails = _oriented(one, draw.own, upper, lower) if statistic == "local_moran" else (upper, lower)
    scalars = draw.about(width) | {
        "place": fields.ids[at] if fields.labels is None else fields.labels[at],
        "p": float(p_of_tails(*tails, ALTERNATIVES[alternative])),
        "p_upper": upper,
        "p_lower": lower,
    }
    name = "local Moran's I" if statistic == "local_moran" else f"Getis-Ord G{'*' if star else ''}"
    attrs = provenance(f"null distribution of {name}", neighbourhood, alternative=alternative)
    return _dataset(field, draw.means(values), columns, scalars, attrs)


@dataclass(frozen=True, slots=True)
class _Draw:
    """Sums of k of the given numbers, and the sum that was observed.

    `least` and `most` bound what can be drawn; `own` is the place's own number, and `n` counts all places.
    """

    numbers: Numbers
    sums: Totals
    k: int
    observed: int
    least: int
    most: int
    own: int
    n: int

    @classmethod
    def of(cls, one: OneField, position: int, star: bool, place: Any) -> _Draw:
        """Return the draw behind the local sum of one place.

        Raises
        ------
        UsageError
            When the place has no neighbour.
        """
        integers, n = one.numbers.integers, one.sums.n
        observed = int(one.neighbours.sums(integers)[position])
        k, own = int(one.neighbours.counts[position]), int(integers[position])
        if k == 0:
            raise UsageError(f"place {place!r} has no neighbour that holds a value: it is not tested")
        if star:
            k, observed, drawn = k + 1, observed + own, integers
        else:
            drawn = np.delete(integers, position)
        numbers = Numbers(drawn, one.numbers.origin, one.numbers.step, one.numbers.natural)
        ordered = np.partition(drawn, [k - 1, drawn.size - k])
        least, most = int(ordered[:k].sum()), int(ordered[drawn.size - k :].sum())
        return cls(numbers, totals(drawn), k, observed, least, most, own, n)

    @property
    def moments(self) -> tuple[float, float]:
        """Expected sum and its standard deviation, in steps."""
        m = self.sums.n
        variance = float(self.sums.squares) / m * self.k * (m - self.k) / max(m - 1, 1)
        return self.k * float(self.sums.mean), math.sqrt(variance)

    def means(self, sums: npt.ArrayLike) -> Floats:
        """Return sums in steps as means in the field's unit."""
        return np.asarray(self.numbers.origin + self.numbers.step * (np.asarray(sums) / self.k))

    def distribution(self, points: int) -> tuple[Ints, int, dict[str, Floats]]:
        """Return evenly spaced sums, their distance, the probability around each and its two tails.

        The sums are those whose tails are at least SHOWN; the observed one is among them if it lies there.
        """
        if self.least == self.most:
            certain = np.ones(1)
            return np.array([self.least]), 1, {"probability": certain, "upper": certain, "lower": certain}
        population = Population.of(drawn_of(self.numbers), self.sums)
        tables = self._tables(population)
        low, high, spread = self._seen(population, tables)
        width = max(round(SPAN * spread / points), -(-(high - low) // MOST_POINTS), 1) | 1
        sums = np.arange(low + (self.observed - low) % width - width, high + 2 * width, width, dtype=np.int64)
        at_least, _ = self._tails(population, tables, np.append(sums, sums[-1] + width) - width // 2)
        probability = np.maximum(at_least[:-1] - at_least[1:], 0.0)
        upper, lower = self._tails(population, tables, sums)
        held = np.flatnonzero((np.minimum(upper, lower) >= SHOWN) | (probability >= SHOWN))
        part = slice(int(held[0]), int(held[-1]) + 1)
        columns = {"probability": probability, "upper": upper, "lower": lower}
        return sums[part], width, {name: values[part] for name, values in columns.items()}

    def _tables(self, population: Population) -> Tables:
        """Return the table of k draws alone."""
        folded = min(self.k, self.sums.n - self.k)
        lattice, _ = choose_lattice(population, folded)
        return build_tables(population, lattice, folded, np.arange(folded + 1) == folded)

    def _tails(self, population: Population, tables: Tables, sums: Ints) -> tuple[Floats, Floats]:
        """Return P(S >= s) and P(S <= s) of sums s, to an absolute error of some 1e-15."""
        upper, lower = draw_tails(tables, population, sums, np.full(sums.size, self.k, np.int64), None)
        upper = np.where(sums > self.most, 0.0, np.where(sums <= self.least, 1.0, upper))
        return upper, np.where(sums < self.least, 0.0, np.where(sums >= self.most, 1.0, lower))

    def _seen(self, population: Population, tables: Tables) -> tuple[int, int, float]:
        """Return two sums, each in a tail that is just too small to show or at its end, and the spread.

        The spread is the standard deviation, or what the interquartile range makes of it where that is less.
        """
        mean, sd = self.moments
        near = np.clip(mean + sd * np.linspace(-SPAN, SPAN, 385), self.least, self.most)
        looked = np.concatenate([np.linspace(self.least, self.most, 1025), near])
        looked = np.unique(np.rint(looked).astype(np.int64))
        upper, lower = self._tails(population, tables, looked)
        held = np.flatnonzero(np.minimum(upper, lower) >= SHOWN)
        quartiles = np.interp([0.25, 0.75], lower, looked)
        spread = min(sd, float(quartiles[1] - quartiles[0]) / NORMAL_IQR or sd)
        return int(looked[max(held[0] - 1, 0)]), int(looked[min(held[-1] + 1, looked.size - 1)]), spread

    def about(self, width: int) -> dict[str, Any]:
        """Return what is known of the place but for its p."""
        mean, sd = self.moments
        scale = self.numbers.step / self.k
        return {
            "observed": float(self.means(self.observed)),
            "expected": float(self.means(mean)),
            "sd": sd * scale,
            "width": width * scale,
            "drawn": self.k,
            "n": self.n,
        }


def _observed_tails(one: OneField, position: int, star: bool) -> tuple[float, float]:
    """Return P(S >= s) and P(S <= s) of the observed sum of one place, to the bit as its statistic takes them."""
    integers, counts = one.numbers.integers, one.neighbours.counts
    sums = one.neighbours.sums(integers)
    if star:
        sums, counts = sums + integers, np.where(counts > 0, counts + 1, 0)
    upper, lower, _ = exact_tails(one.numbers, one.sums, sums, counts, own_fixed=not star)
    return float(upper[position]), float(lower[position])


def _oriented(one: OneField, own: int, upper: float, lower: float) -> tuple[float, float]:
    """Return the tails of local Moran's I: it rises with the sum where the place is above the mean."""
    excess = own * one.sums.n - one.sums.total
    if excess == 0:
        return 1.0, 1.0
    return (upper, lower) if excess > 0 else (lower, upper)


def _position(fields: Fields, place: Any) -> int:
    """Return where a place stands among those of the field.

    Raises
    ------
    UsageError
        When it is not one of them.
    """
    if fields.labels is not None:
        found = np.flatnonzero(fields.labels == place)
    else:
        known = place
        if isinstance(place, str) and fields.grid is not None:
            known = fields.grid.cell_from_code([place])[0]
        if isinstance(known, bool) or not isinstance(known, int | np.integer):
            raise UsageError(
                f"place is {place!r}; it must be a cell id, a code such as 'E0974N4514', or a position"
            )
        found = np.flatnonzero(fields.ids == known)
    if found.size != 1:
        raise UsageError(f"place is {place!r}, which is not among the {fields.ids.size} places of the field")
    return int(found[0])


def _only_field(fields: Fields, neighbourhood: Any, at: int, place: Any) -> OneField:
    if fields.values.shape[0] != 1:
        raise UsageError(
            f"null_distribution: needs one field, this has dimensions {fields.template.dims}; choose one, as by "
            "field.sel(year=2024)"
        )
    valid = valid_mask(fields.values[0])
    if not valid[at]:
        raise InputError(f"place {place!r} holds no value")
    held = fields.values[0][valid]
    if held.size < FEWEST or held.min() == held.max():
        raise InputError(f"the field has no variance or fewer than {FEWEST} values; nothing can be tested")
    one = next(each_field(fields, neighbourhood, "null_distribution"))
    if not one.neighbours.weights("row").equal:
        raise UsageError(
            "null_distribution: the neighbours' weights differ, and only sums of equal weights have one table; "
            "take a neighbourhood without decay, or graph.transform('B')"
        )
    return one


def _dataset(
    field: xr.DataArray,
    means: Floats,
    columns: dict[str, Floats],
    scalars: dict[str, Any],
    attrs: dict[str, Any],
) -> xr.Dataset:
    unit = {"units": field.attrs["units"]} if "units" in field.attrs else {}
    out = xr.Dataset(
        {name: ("value", values, VARIABLES[name]) for name, values in columns.items()}, attrs=attrs
    )
    label = {"long_name": f"mean of the values drawn, {field.attrs.get('long_name', field.name or 'field')}"}
    out = out.assign_coords(value=("value", means, label | unit))
    about = {name: attrs | (unit if name in IN_UNIT else {}) for name, attrs in ABOUT.items()}
    return out.assign_coords({name: ((), value, about.get(name, {})) for name, value in scalars.items()})
