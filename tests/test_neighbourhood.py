"""The neighbourhood: its row runs against a loop over distances, its graph against lists, what it refuses."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import UsageError
from naive import disc, neighbour_lists, queen, raster, rook

CELLS = st.sampled_from([25, 50, 100, 500])


def offsets(runs):
    """Return all (dy, dx) of the runs; each must occur once, rows in order."""
    listed = [(dy, dx) for dy, lo, hi in runs.tolist() for dx in range(lo, hi + 1)]
    assert len(listed) == len(set(listed))
    assert listed == sorted(listed)
    return set(listed)


def within(near, reach):
    return {(a, b) for a in range(-reach, reach + 1) for b in range(-reach, reach + 1) if near(a, b)}


@pytest.mark.parametrize("order", [1, 2, 3, 7])
def test_queen_and_rook_of_any_order(order):
    square = within(lambda a, b: max(abs(a), abs(b)) <= order, order + 1)
    diamond = within(lambda a, b: abs(a) + abs(b) <= order, order + 1)
    assert offsets(lr.Neighbourhood.queen(order).runs(100.0)) == square
    assert offsets(lr.Neighbourhood.rook(order).runs(100.0)) == diamond
    assert lr.Neighbourhood.queen(order).size(100.0) == (2 * order + 1) ** 2 - 1
    assert lr.Neighbourhood.rook(order).size(100.0) == 2 * order * (order + 1)


@settings(max_examples=150, deadline=None)
@given(st.integers(100, 2500), CELLS)
def test_discs_hold_the_centres_at_most_a_radius_away(radius_of_100, cell):
    radius = radius_of_100 * cell  # hundredths of a metre
    near = within(lambda a, b: (a * a + b * b) * (100 * cell) ** 2 <= radius * radius, 26)
    found = lr.Neighbourhood.disc(radius / 100)
    assert offsets(found.runs(float(cell))) == near
    assert found.size(float(cell)) == len(near) - 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.integers(1, 1500), st.integers(1, 3))
def test_rings_hold_the_centres_beyond_the_inner_and_up_to_the_outer_radius(inner, width, cells):
    cell, outer = 100 * cells, inner + width
    near = within(lambda a, b: inner**2 < (a * a + b * b) * cell**2 <= outer**2, 36)
    ring = lr.Neighbourhood.ring(inner, outer)
    if not near:
        with pytest.raises(UsageError, match="holds no neighbouring centre"):
            ring.runs(float(cell))
        return
    assert offsets(ring.runs(float(cell))) == near
    assert ring.size(float(cell)) == len(near)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 30), st.integers(1, 30), st.sampled_from([0.1, 1.0, 100.0, 250.0, 1 / 3]))
def test_a_centre_exactly_at_the_radius_is_inside_whatever_the_float_error(a, b, cell):
    here = a * a + b * b
    found = offsets(lr.Neighbourhood.disc(math.hypot(a, b) * cell).runs(cell))
    assert found == within(lambda c, d: c * c + d * d <= here, 43)
    outside = offsets(lr.Neighbourhood.disc(math.sqrt(here + 0.5) * cell).runs(cell))
    assert outside == found
    ring = lr.Neighbourhood.ring(math.hypot(a, b) * cell, math.hypot(a, b) * cell + 2 * cell)
    assert (a, b) not in offsets(ring.runs(cell))


def test_known_sizes():
    assert lr.Neighbourhood.disc(1000).size(100.0) == 316
    assert lr.Neighbourhood.disc(250).size(100.0) == 20
    assert lr.Neighbourhood.disc(100).size(100.0) == 4
    assert lr.Neighbourhood.ring(100, 200).size(100.0) == 8
    assert lr.Neighbourhood.ring(0, 100).size(100.0) == 4


def test_the_cell_itself_is_in_the_runs_of_all_but_rings():
    for found in (lr.Neighbourhood.queen(), lr.Neighbourhood.rook(2), lr.Neighbourhood.disc(300)):
        assert found.includes_self
        assert (0, 0) in offsets(found.runs(100.0))
    for ring in (lr.Neighbourhood.ring(0, 300), lr.Neighbourhood.ring(150, 300)):
        assert not ring.includes_self
        assert (0, 0) not in offsets(ring.runs(100.0))


def test_a_disc_of_one_and_a_half_cells_is_the_queen():
    np.testing.assert_array_equal(
        lr.Neighbourhood.disc(150).runs(100.0), lr.Neighbourhood.queen().runs(100.0)
    )


NEAR = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(250), disc(250)),
    "ring": (lr.Neighbourhood.ring(100, 300), lambda a, b: 1 < a * a + b * b <= 9),
}


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(NEAR)),
    st.tuples(st.integers(1, 7), st.integers(2, 7)),
    st.integers(0, 2**49 - 1),
)
def test_graphs_equal_lists_of_neighbours(name, shape, mask):
    neighbourhood, near = NEAR[name]
    valid = np.array([mask >> i & 1 for i in range(shape[0] * shape[1])], dtype=bool).reshape(shape)
    field = raster(np.where(valid, 1.0, np.nan))
    if not valid.any():
        return
    graph = neighbourhood.graph(field)
    ids = np.flatnonzero(valid.ravel()).tolist()
    lists = neighbour_lists(valid, near)
    assert list(graph.unique_ids) == ids
    assert set(graph.isolates) == {ids[i] for i, found in enumerate(lists) if not found}
    for i, found in zip(ids, lists, strict=True):
        linked = graph[i]
        held = linked.index[linked.to_numpy() != 0].tolist()
        assert held == [ids[j] for j in found]
        assert (linked[held] == 1).all()


def test_queen_graph_equals_contiguity_of_libpysal():
    from libpysal.graph import Graph

    array = np.random.default_rng(0).normal(size=(9, 11))
    array[3, 4:] = np.nan
    field = raster(array)
    ours = lr.Neighbourhood.queen().graph(field)
    with warnings.catch_warnings(action="ignore"):
        theirs = Graph.build_raster_contiguity(
            field.fillna(-99.0).assign_attrs(nodatavals=(-99.0,)), rook=False
        )
    order = lr.from_raster(field)
    np.testing.assert_array_equal(ours.sparse.toarray(), theirs.sparse.toarray())
    assert ours.n == theirs.n == order.size
    assert ours == lr.Neighbourhood.queen().graph(order)


def test_ids_of_a_graph_with_an_island_stay_cell_ids():
    """In libpysal, one island turns the ids of a raster graph into strings."""
    array = np.full((5, 5), np.nan)
    array[0, :2] = 1.0
    array[4, 4] = 2.0
    graph = lr.Neighbourhood.queen().graph(raster(array))
    assert graph.unique_ids.tolist() == [0, 1, 24]
    assert graph.isolates.tolist() == [24]
    assert graph.cardinalities.tolist() == [1, 1, 0]


def test_a_graph_is_of_one_field():
    with pytest.raises(UsageError, match=r"graph: needs one field, this has dimensions \('year', 'cell'\)"):
        lr.Neighbourhood.queen().graph(lr.from_raster(raster(np.ones((2, 3, 3)))))


@pytest.mark.parametrize("order", [0, -1, 1.5, True])
@pytest.mark.parametrize("kind", ["queen", "rook"])
def test_orders_that_are_no_positive_whole_numbers_are_refused(kind, order):
    with pytest.raises(UsageError, match=f"order is {order}, it must be a whole number of at least 1"):
        getattr(lr.Neighbourhood, kind)(order)


@pytest.mark.parametrize("radius", [0, -100.0, np.nan, np.inf])
def test_radii_that_are_not_positive_are_refused(radius):
    with pytest.raises(UsageError, match=f"radius is {radius}, it must be positive and finite"):
        lr.Neighbourhood.disc(radius)
    with pytest.raises(UsageError, match=f"outer is {radius}, it must be positive and finite"):
        lr.Neighbourhood.ring(0, radius)


@pytest.mark.parametrize("inner", [-1.0, 300.0, 400.0, np.nan])
def test_inner_radii_outside_the_ring_are_refused(inner):
    with pytest.raises(UsageError, match=f"inner is {inner}, it must be at least 0 and below outer"):
        lr.Neighbourhood.ring(inner, 300)


def test_neighbourhoods_smaller_than_a_cell_are_refused():
    for found in (
        lr.Neighbourhood.disc(99.9),
        lr.Neighbourhood.ring(0, 99.9),
        lr.Neighbourhood.ring(101, 140),
    ):
        with pytest.raises(UsageError, match="holds no neighbouring centre of 100 m cells; widen it"):
            found.runs(100.0)
    assert lr.Neighbourhood.disc(99.9).size(50.0) == 8


def test_a_neighbourhood_is_a_printable_value():
    shown = ["queen(1)", "rook(2)", "disc(250 m)", "ring(100 m, 300 m)"]
    made = [
        lr.Neighbourhood.queen(),
        lr.Neighbourhood.rook(2),
        lr.Neighbourhood.disc(250),
        lr.Neighbourhood.ring(100, 300),
    ]
    assert [str(m) for m in made] == [f"Neighbourhood.{text}" for text in shown]
    assert len({*made, lr.Neighbourhood.disc(250.0), lr.Neighbourhood.queen(1)}) == 4
    with pytest.raises(AttributeError):
        made[0].order = 3


def test_the_table_of_a_ring_has_a_hole():
    table = lr.Neighbourhood.ring(100, 250).table(100.0)
    dy, dx = np.indices(table.shape)
    squared = (dy**2 + dx**2) * 100.0**2
    expected = (squared > 100.0**2) & (squared <= 250.0**2)
    expected[0, 0] = True
    np.testing.assert_array_equal(table > 0, expected)
