"""How a global statistic runs over fields: linked places, forms with moments, tails, and results on labels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import INSIDE, NoVarianceWarning, UsageError
from leefraster.fields import Fields
from leefraster.inference.global_moments import Form
from leefraster.kernels.decision import p_of_tails
from leefraster.neighbours import neighbours_among
from leefraster.statistics.global_permutation import Arrangements, Permuted, permutation_tails
from leefraster.statistics.linked import NONE, Floats, Linked, LinkedSums, linked
from leefraster.statistics.links import Links
from leefraster.statistics.partner import Partner
from leefraster.statistics.plan import FEWEST, OneField, Test, each_field, provenance, warn_of_alone

ASSUMPTIONS = ("randomisation", "normality")
INFERENCES = ("normal", "permutation")
SMALLEST = float(np.nextafter(0.0, 1.0))  # p is never 0
TESTED = ("expected", "variance", "z", "p")
ABOUT: dict[str, dict[str, Any]] = {
    "n": {"long_name": "places with a value and a neighbour"},
    "islands": {"long_name": "places with a value and no neighbour"},
    "reference": {"long_name": "mean over the places with a value and a neighbour"},
    "pairs": {"long_name": "pairs of neighbours"},
}


def tested_attrs(symbol: str) -> dict[str, dict[str, Any]]:
    """Return the attributes of what every global statistic comes with."""
    return {
        "expected": {"long_name": f"expected {symbol}", "units": "1"},
        "variance": {"long_name": f"variance of {symbol}", "units": "1"},
        "z": {"long_name": f"standardised {symbol}", "units": "1"},
        "p": {"long_name": f"p-value of {symbol}", "units": "1"},
    }


@dataclass(frozen=True, slots=True)
class Tested:
    """What is made of one field.

    Attributes
    ----------
    forms : sequence of Form
        The statistics.
    of : LinkedSums
        What the places that they are about add up to; with the places themselves, of a field in memory.
    linear : ndarray
        What T and Q are taken with, of all places, where a form has them; permuted are `of.integers`.
    extra : dict
        Other results of the field, by name.
    reference : float, optional
        The mean of the field, where `of` is about another one.
    arrangements : Arrangements, optional
        The values in other orders; by default those of the places in memory.
    """

    forms: Sequence[Form]
    of: LinkedSums
    linear: Floats = field(default_factory=lambda: NONE)
    extra: dict[str, float] = field(default_factory=dict)
    reference: float | None = None
    arrangements: Arrangements | None = None


Make = Callable[[OneField, Links], Tested | None]


class GlobalResults:
    """Results of all fields (m), neighbourhoods (r) and statistics (f), filled one field at a time.

    Attributes
    ----------
    tested : dict of str to ndarray, shape (m, r, f)
        `value`, `expected`, `variance`, `z` and `p`.
    extra : dict of str to ndarray, shape (m, r)
        Other results.
    about : dict of str to ndarray, shape (m, r)
        `n`, `islands`, `reference` and `pairs`.
    """

    def __init__(self, m: int, r: int, f: int, extra: Sequence[str] = ()) -> None:
        self.tested = {name: np.full((m, r, f), np.nan) for name in ("value", *TESTED)}
        self.extra = {name: np.full((m, r), np.nan) for name in extra}
        self.about: dict[str, npt.NDArray[Any]] = {
            name: np.zeros((m, r), np.int64) for name in ("n", "islands", "pairs")
        }
        self.about["reference"] = np.full((m, r), np.nan)

    def put(self, row: int, ring: int, tested: Tested, test: Test, falling: bool) -> None:
        """Compute and keep the statistics of one field and neighbourhood."""
        values = [f.of(*_sums(tested)) for f in tested.forms]
        tails = _tails(tested, values, test)
        for number, (form, value) in enumerate(zip(tested.forms, values, strict=True)):
            z = form.standardised(value)
            upper, lower = tails[number]
            p = math.nan if math.isnan(upper) else max(p_of_tails(upper, lower, test.alternative), SMALLEST)
            found = (value, form.expected, form.variance, -z if falling else z, p)
            for name, figure in zip(("value", *TESTED), found, strict=True):
                self.tested[name][row, ring, number] = figure
        for name, figure in tested.extra.items():
            self.extra[name][row, ring] = figure
        self.about["reference"][row, ring] = tested.of.mean if tested.reference is None else tested.reference

    def count(self, row: int, ring: int, n: int, islands: int, pairs: int) -> None:
        """Keep how many places have a link and how many have none, and how many pairs of neighbours there are."""
        for name, number in (("n", n), ("islands", islands), ("pairs", pairs)):
            self.about[name][row, ring] = number


def run(
    statistic: str,
    fields: Fields,
    neighbourhoods: Sequence[Any],
    weighting: str,
    make: Make,
    results: GlobalResults,
    test: Test,
    *,
    other: Partner | None = None,
    falling: bool = False,
) -> GlobalResults:
    """Fill the results of every field under every neighbourhood, of which the first is the widest.

    Parameters
    ----------
    statistic : str
        Name for warnings.
    fields, neighbourhoods, weighting
        What is measured and how.
    make : callable
        Gives the statistics of one field with its links, or None where they have none.
    results : GlobalResults
        Where they are kept.
    test : Test
        How p is found.
    other : Partner, optional
        A second variable; the places are those with both values.
    falling : bool
        Whether the statistic falls as neighbours become more alike, so that z has the other sign.
    """
    several = fields.values.shape[0] > 1
    shared: tuple[object, dict[int, Links]] = (None, {})
    without = alone = 0
    for one in each_field(fields, neighbourhoods[0], statistic, other):
        if shared[0] is not one.neighbours:
            shared = (one.neighbours, {})
        known = shared[1]
        for ring, neighbourhood in enumerate(neighbourhoods):
            links = known.get(ring)
            if links is None:
                among = one.neighbours if ring == 0 else neighbours_among(neighbourhood, fields, one.valid)
                links = Links(among, weighting)
            if several:  # the next field may have the same places
                known[ring] = links
            tested = make(one, links)
            results.count(one.row, ring, *links.tally)
            if tested is not None:
                results.put(one.row, ring, tested, test, falling)
            elif results.about["n"][one.row, ring]:
                without += 1
            else:
                alone += 1
    warn_of_links(statistic, alone, without, fields.values.shape[0] * len(neighbourhoods))
    return results


def warn_of_links(statistic: str, alone: int, without: int, m: int) -> None:
    """Name the fields without a result because of their links, in one warning of each kind."""
    warn_of_alone(statistic, alone, m)
    if without:
        warnings.warn(
            f"{statistic}: {without} of {m} fields have no variance or fewer than {FEWEST} values among the "
            "places that have a neighbour; their results are NaN",
            NoVarianceWarning,
            skip_file_prefixes=INSIDE,
        )


def only_randomisation(statistic: str, assumption: str) -> None:
    """Refuse moments under normality where there are none.

    Raises
    ------
    UsageError
        When `assumption` is anything but "randomisation".
    """
    if assumption != "randomisation":
        raise UsageError(
            f"assumption is {assumption!r}; allowed is 'randomisation': {statistic} has no moments under normality"
        )


def test_attrs(test: Test) -> dict[str, Any]:
    """Return what says how p was found, for the attributes of a result."""
    if test.inference == "normal":
        return {"inference": test.inference}
    return {"inference": test.inference, "permutations": test.permutations, "seed": test.seed}


Added = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64], float, float], int]
Forms = Callable[[LinkedSums, int], tuple[Sequence[Form], dict[str, float]]]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One global statistic of one variable, stated once for fields in memory and in bands.

    Attributes
    ----------
    name, title : str
        For warnings, and for the attributes of the result.
    forms : callable
        Gives the statistics, and other results by name, from what the places with a link add up to.
    dataset : callable
        Puts results on labels, with attributes.
    margins : bool
        Whether T and Q are wanted.
    falling : bool
        Whether it falls as neighbours become more alike, so that z has the other sign.
    added : callable, optional
        Something more that adds up over the places with a link, from their integers, numbers of neighbours,
        origin and step; `forms` gets its sum, and 0 without it.
    count : int
        How many statistics there are.
    extra : tuple of str
        Names of the other results.
    """

    name: str
    title: str
    forms: Forms
    dataset: Callable[[Fields, GlobalResults, dict[str, Any]], xr.Dataset]
    margins: bool = True
    falling: bool = False
    added: Added | None = None
    count: int = 1
    extra: tuple[str, ...] = ()

    def results(self, m: int) -> GlobalResults:
        """Return room for the results of m fields."""
        return GlobalResults(m, 1, self.count, self.extra)

    def made(self, one: OneField, links: Links) -> Tested | None:
        """Return what is made of one field."""
        found = linked(one, links, margins=self.margins)
        if found is None:
            return None
        added = 0
        if self.added is not None:
            added = self.added(
                found.integers, links.chosen(links.neighbours.counts), found.origin, found.step
            )
        forms, extra = self.forms(found, added)
        return Tested(forms, found, links.margins if self.margins else NONE, extra)

    def attrs(self, neighbourhood: Any, test: Test, **options: str) -> dict[str, Any]:
        """Return what says how a result was made."""
        return provenance(self.title, neighbourhood, **options, **test_attrs(test))


def over_fields(
    statistic: Statistic, fields: Fields, neighbourhood: Any, test: Test, *, weighting: str, assumption: str,
    alternative: str,
) -> xr.Dataset:  # fmt: skip
    """Return a statistic of every field."""
    results = statistic.results(fields.values.shape[0])
    run(
        statistic.name, fields, [neighbourhood], weighting, statistic.made, results, test,
        falling=statistic.falling,
    )  # fmt: skip
    attrs = statistic.attrs(
        neighbourhood, test, weighting=weighting, assumption=assumption, alternative=alternative
    )
    return statistic.dataset(fields, results, attrs)


def _sums(tested: Tested) -> tuple[float, float, float]:
    return tested.of.products, tested.of.linear, tested.of.quadratic


def _tails(tested: Tested, values: Sequence[float], test: Test) -> list[tuple[float, float]]:
    """Return the upper and lower tail of every statistic."""
    if test.inference == "normal":
        return [_normal_tails(f.standardised(v)) for f, v in zip(tested.forms, values, strict=True)]
    arrangements = tested.arrangements
    if arrangements is None:
        assert isinstance(tested.of, Linked), "values are permuted where they are known"
        products = any(form.products for form in tested.forms)
        arrangements = Permuted(tested.of, tested.linear, products=products)
    return permutation_tails(tested.forms, arrangements, test.permutations, test.seed)


def _normal_tails(z: float) -> tuple[float, float]:
    return 0.5 * math.erfc(z / math.sqrt(2)), 0.5 * math.erfc(-z / math.sqrt(2))


def single(
    fields: Fields,
    results: GlobalResults,
    symbol: str,
    attrs: dict[str, Any],
    variable_attrs: dict[str, dict[str, Any]],
) -> xr.Dataset:
    """Return the results of one statistic under one neighbourhood on the leading dimensions."""
    plain = {symbol: results.tested["value"]} | {name: results.tested[name] for name in TESTED}
    return dataset(
        fields,
        {name: values[:, 0, 0] for name, values in plain.items()},
        {name: results.about[name][:, 0] for name in ("n", "islands", "reference")},
        attrs,
        variable_attrs,
    )


def dataset(
    fields: Fields,
    plain: dict[str, npt.NDArray[Any]],
    coordinates: dict[str, npt.NDArray[Any]],
    attrs: dict[str, Any],
    variable_attrs: dict[str, dict[str, Any]],
    *,
    along: xr.DataArray | None = None,
    wide: dict[str, npt.NDArray[Any]] | None = None,
) -> xr.Dataset:
    """Put results on labels: `plain` (m,) over the leading dimensions, `wide` (m, l) over these and one more.

    Parameters
    ----------
    fields : Fields
        Whose leading dimensions they are.
    plain, coordinates : dict of ndarray
        Variables and coordinates, shape (m,), or (m, l) where `along` is given and the name is in `wide`.
    attrs, variable_attrs : dict
        Attributes of the whole and of each name.
    along : DataArray, optional
        The labels of the one dimension more; it and its coordinates become coordinates of the result.
    wide : dict of ndarray, optional
        Variables of shape (m, l).
    """
    flat = {name: values for name, values in coordinates.items() if values.ndim == 1}
    about = {**ABOUT, **variable_attrs}
    found = fields.summary(plain, flat, attrs, about)
    if along is None:
        return found
    dim = along.dims[0]
    if dim in fields.leading:
        raise UsageError(f"the field has a dimension {str(dim)!r}, which is that of the result; rename it")
    leading = fields.leading
    head = tuple(fields.template.sizes[name] for name in leading)

    def labelled(name: str, values: npt.NDArray[Any]) -> xr.Variable:
        return xr.Variable(
            (*leading, dim), values.reshape(*head, along.size), dict(about.get(name, {}))
        )  # fmt: skip

    found = found.assign({name: labelled(name, values) for name, values in (wide or {}).items()})
    deep = {name: labelled(name, values) for name, values in coordinates.items() if values.ndim == 2}
    return found.assign_coords({str(dim): along, **along.coords}).assign_coords(deep)
