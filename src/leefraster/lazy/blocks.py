"""A call on lazy fields as a graph of tasks: one for each block, one for each variable of it."""

from __future__ import annotations

import itertools
import operator
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.lazy.cuts import Cut
from leefraster.lazy.given import FIELD, Given, labelled, put

Reads = Callable[[Mapping[str, Any]], Iterable[str]]
Prepare = Callable[[dict[str, Any]], Callable[[Any], Any]]
Cuts = dict[Hashable, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a function beforehand.

    Attributes
    ----------
    cut : Cut
        Along which dimensions it may work block by block.
    reads : callable or None
        The variables of a Dataset that it reads, from its arguments; None for all.
    prepare : callable or None
        Changes the arguments before anything else, and returns what to do with the result.
    together : bool
        Whether what may be cut is one block all the same: its first label then tells how the result looks.
    labels_only : tuple of str
        Arguments of which only the labels matter.
    constant : tuple of str
        Coordinates of the result that do not depend on values.
    left_out : tuple of str
        Attributes of the result that do depend on values, and so are not given.
    """

    cut: Cut
    reads: Reads | None = None
    prepare: Prepare | None = None
    together: bool = False
    labels_only: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def read(self, where: tuple[str, ...], arguments: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the data variables that are read of an argument; None for all."""
        if where[0] in self.labels_only:
            return frozenset()
        value = arguments[where[0]]
        if self.reads is None or isinstance(value, xr.DataArray):
            return None
        return frozenset({*self.reads(arguments), FIELD})


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call whose fields are still without values: what its tasks share.

    Attributes
    ----------
    function : callable
        The public function; given values in memory it just runs.
    arguments : dict
        All arguments but the labelled objects.
    given : list
        These objects, and where they stand.
    cuts : dict
        Sizes of the blocks along each dimension that is cut.
    follows : list of set
        The dimensions along which each object is cut with the first.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    given: list[tuple[tuple[str, ...], Given]]
    cuts: Cuts
    follows: list[set[Hashable]]

    @property
    def blocks(self) -> list[tuple[int, ...]]:
        """The numbers of all blocks along the dimensions that are cut."""
        return list(itertools.product(*(range(len(sizes)) for sizes in self.cuts.values())))

    def part(self, block: tuple[int, ...], follows: set[Hashable]) -> dict[Hashable, slice]:
        """Return the slices of a block."""
        part = {}
        for (dim, sizes), number in zip(self.cuts.items(), block, strict=True):
            if dim in follows:
                begin = sum(sizes[:number])
                part[dim] = slice(begin, begin + sizes[number])
        return part

    def run(self, block: tuple[int, ...], values: list[npt.NDArray[Any]]) -> xr.Dataset:
        """Call the function on a block whose values have come."""
        arguments, rest = dict(self.arguments), iter(values)
        for (where, given), follows in zip(self.given, self.follows, strict=True):
            own = list(itertools.islice(rest, len(given.wanting)))
            put(arguments, where, given.filled(self.part(block, follows), own))
        return as_dataset(self.function(**arguments))[0]

    def outline(self) -> tuple[xr.Dataset, bool, Hashable | None]:
        """Call the function on made values, of the first label where it is cut: how the result will look."""
        pairs = zip(self.given, self.follows, strict=True)
        alike = all(follows == set(self.cuts) & set(given.sizes) for (_, given), follows in pairs)
        first = dict.fromkeys(self.cuts, slice(0, 1)) if alike else {}
        arguments = dict(self.arguments)
        for where, given in self.given:
            put(arguments, where, given.made(first))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return as_dataset(self.function(**arguments))


def as_dataset(result: Any) -> tuple[xr.Dataset, bool, Hashable | None]:
    """Return a result as a Dataset, whether it was a DataArray, and its name."""
    if isinstance(result, xr.DataArray):
        return result.to_dataset(name=FIELD), True, result.name
    return result, False, None


def lazy_call(function: Callable[..., Any], rule: Rule, arguments: dict[str, Any]) -> Any:
    """Return the result of a function as dask arrays; nothing of its fields is computed."""
    finish = _as_it_is if rule.prepare is None else rule.prepare(arguments)
    plain, given, arrays = dict(arguments), [], []
    for where, value in labelled(arguments):
        one, own = Given.of(value, rule.read(where, arguments))
        given.append((where, one))
        arrays.append(own)
        put(plain, where, None)
    cuts = _cuts(rule, arguments, given, arrays)
    follows = [_follows(given[0][1], one, cuts) for _, one in given]
    call = Call(function, plain, given, cuts, follows)
    outline, single, name = call.outline()
    result = _Result(call, _cut(call, arrays), outline, rule).dataset()
    if not single:
        return finish(result)
    found = result[FIELD]
    found.name = name
    return finish(found)


def _as_it_is(result: Any) -> Any:
    return result


def _cuts(rule: Rule, arguments: dict[str, Any], given: list[Any], arrays: list[list[Any]]) -> Cuts:
    """Return the sizes of blocks, as the input has them, along each dimension that may be cut."""
    (_, field), first = next(labelled(arguments)), given[0][1]
    dims = tuple(field.dims)
    cuts: Cuts = {}
    for dim in (d for d in dims if d in rule.cut(arguments, dims)):
        found = [
            array.chunks[one.dims.index(dim)]
            for (_, each), own in zip(given, arrays, strict=True)
            for one, array in zip(each.wanting, own, strict=True)
            if dim in one.dims and one.shape[one.dims.index(dim)] == first.sizes[dim]
        ]
        whole = rule.together or not found
        cuts[dim] = (first.sizes[dim],) if whole else tuple(map(int, found[0]))
    return cuts


def _follows(first: Given, other: Given, cuts: Cuts) -> set[Hashable]:
    """Return the dimensions along which another object has the labels of the first."""
    return {dim for dim in cuts if dim in other.sizes and _same_labels(first, other, dim)}


def _same_labels(first: Given, other: Given, dim: Hashable) -> bool:
    if first.sizes[dim] != other.sizes[dim]:
        return False
    ours, theirs = first.frame.indexes.get(dim), other.frame.indexes.get(dim)
    if ours is None or theirs is None:
        return ours is theirs
    return bool(ours.equals(theirs))


def _cut(call: Call, arrays: list[list[Any]]) -> list[tuple[tuple[Hashable, ...], Any]]:
    """Return the dask arrays with the blocks of the call, and along which dimensions each has more than one."""
    cut = []
    for (_, given), follows, own in zip(call.given, call.follows, arrays, strict=True):
        for one, array in zip(given.wanting, own, strict=True):
            chunks = {
                axis: call.cuts[dim] if dim in follows else (size,)
                for axis, (dim, size) in enumerate(zip(one.dims, one.shape, strict=True))
            }
            dims = tuple(dim if dim in follows else None for dim in one.dims)
            cut.append((dims, array.rechunk(chunks)))
    return cut


def run_block(call: Call, number: int, names: list[Hashable], values: list[npt.NDArray[Any]]) -> list[Any]:
    """Run one block of a call: a task. Returns the values of the named variables."""
    found = call.run(call.blocks[number], values)
    return [np.asarray(found[name].values) for name in names]


class _Result:
    """The result of a call: its labels now, its values as tasks."""

    def __init__(self, call: Call, inputs: list[Any], outline: xr.Dataset, rule: Rule) -> None:
        self.call, self.inputs, self.outline, self.rule = call, inputs, outline, rule
        self.coords = self._known()
        self.names = [name for name in outline.variables if name not in self.coords]
        self.title = call.function.__name__
        self.token = _token(call, inputs)

    def _known(self) -> dict[Hashable, Any]:
        """Return the coordinates that do not depend on values."""
        known = {}
        for name, coord in self.outline.coords.items():
            cut = [dim for dim in coord.dims if dim in self.call.cuts]
            if name in self.outline.xindexes or name in self.rule.constant:
                known[name] = self.call.given[0][1].frame.coords[name] if cut else coord
                continue
            source = self._passed_on(name, coord.variable)
            if source is not None:
                known[name] = source
        return known

    def _passed_on(self, name: Hashable, coord: xr.Variable) -> Any:
        """Return the coordinate of an input that the function passes on as it is, None where there is none."""
        for _, given in self.call.given:
            if name in given.frame.coords:
                source = given.frame.coords[name]
                part = {dim: slice(0, coord.sizes[dim]) for dim in coord.dims if dim in self.call.cuts}
                if coord.dims == source.dims and coord.identical(source.variable.isel(part)):
                    return source
        return None

    def dataset(self) -> xr.Dataset:
        """Return the result."""
        base = self._tasks()
        made = {name: self._variable(number, name, base) for number, name in enumerate(self.names)}
        attrs = self._attrs(self.outline.attrs)
        data = {name: made[name] for name in self.outline.data_vars}
        coords = {name: v for name, v in made.items() if name in self.outline.coords}
        known = {name: c.variable for name, c in self.coords.items()}
        indexes = {}
        for name, coord in self.coords.items():
            if name in coord.coords.xindexes:
                indexes[name] = coord.coords.xindexes[name]
        return xr.Dataset(data, coords=xr.Coordinates(known, indexes=indexes), attrs=attrs).assign_coords(
            coords
        )

    def _tasks(self) -> Any:
        """Return the graph of all blocks."""
        from dask.highlevelgraph import HighLevelGraph

        shared, run = f"{self.title}-call-{self.token}", f"{self.title}-{self.token}"
        tasks: dict[Any, Any] = {shared: self.call}
        dims = list(self.call.cuts)
        for number, block in enumerate(self.call.blocks):
            at = dict(zip(dims, block, strict=True))
            keys = [(a.name, *(at.get(dim, 0) for dim in own)) for own, a in self.inputs]
            tasks[(run, number)] = (run_block, shared, number, list(self.names), keys)
        return HighLevelGraph.from_collections(run, tasks, dependencies=[a for _, a in self.inputs])

    def _variable(self, number: int, name: Hashable, base: Any) -> xr.Variable:
        """Return a variable of the result, whose blocks are taken out of the blocks of the call."""
        import dask.array
        from dask.highlevelgraph import HighLevelGraph

        run, key = f"{self.title}-{self.token}", f"{self.title}-{name}-{self.token}"
        like, cuts = self.outline[name].variable, self.call.cuts
        chunks = tuple(cuts.get(dim, (size,)) for dim, size in zip(like.dims, like.shape, strict=True))
        order = {block: position for position, block in enumerate(self.call.blocks)}
        tasks = {}
        for at in itertools.product(*(range(len(sizes)) for sizes in chunks)):
            held = dict(zip(like.dims, at, strict=True))
            block = tuple(held.get(dim, 0) for dim in cuts)
            tasks[(key, *at)] = (operator.getitem, (run, order[block]), number)
        layers, needs = {**base.layers, key: tasks}, {**base.dependencies, key: {run}}
        array = dask.array.Array(HighLevelGraph(layers, needs), key, chunks, dtype=like.dtype)
        return xr.Variable(like.dims, array, self._attrs(like.attrs))

    def _attrs(self, attrs: Mapping[Any, Any]) -> dict[Any, Any]:
        return {name: value for name, value in attrs.items() if name not in self.rule.left_out}


def _token(call: Call, inputs: list[Any]) -> str:
    """Return a name that equal calls share."""
    from importlib.metadata import version

    from dask.base import tokenize

    plain = {name: _named(value) for name, value in call.arguments.items()}
    objects = [
        (where, one.frame, one.variables, one.wanting, one.single, one.name) for where, one in call.given
    ]
    return str(
        tokenize(
            version("leefraster"), call.function.__module__, call.function.__qualname__, plain, objects,
            call.cuts, [a.name for _, a in inputs],
        )
    )  # fmt: skip


def _named(value: Any) -> Any:
    """Return what stands for an argument in names: of neighbours their weights, not what was cached on them."""
    if hasattr(value, "adjacency"):
        return value.adjacency
    if hasattr(value, "neighbors") and hasattr(value, "weights"):
        return value.neighbors, value.weights
    return value
