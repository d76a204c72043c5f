"""A field in a store: what goes in comes out, half-written results are never seen, damage and misuse are named."""

import numpy as np
import pytest

import leefraster as lr
from leefraster.bands import components_by_band, local_moran_by_band
from leefraster.sources.synthetic import continent

GRID = lr.Grid(0.0, 3000.0, 40, 30, 100.0, "EPSG:28992")


def made(seed=0, n=700):
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(GRID.size, n, replace=False)), rng.normal(size=n).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    store = lr.FieldStore.create(tmp_path / "store", GRID, chunk=64)
    ids, values = made()
    assert (
        store.write_field([(ids[:10], values[:10]), (ids[10:10], values[10:10]), (ids[10:], values[10:])])
        == 700
    )
    return store


def test_what_goes_in_comes_out(store):
    ids, values = made()
    again = lr.FieldStore.open(store.path)
    field = again.field()
    np.testing.assert_array_equal(field.ids[:], ids)
    np.testing.assert_array_equal(field.values[:], values)
    np.testing.assert_array_equal(np.diff(field.starts), np.bincount(ids // GRID.nx, minlength=GRID.ny))
    assert (again.grid, again.chunk, field.n) == (GRID, 64, 700)


def fail_half_way(store):
    with store.results("moran", {"p": "float64"}) as sink:
        sink.write("p", 0, np.zeros(64))
        raise RuntimeError("half-way")


def test_results_of_a_block_that_fails_are_not_there(store):
    with store.results("moran", {"p": "float64"}) as sink:
        local_moran_by_band(store.field(), lr.Neighbourhood.queen(), sink, cells=128, multiple=64)
    before = store.read("moran", "p")[:]
    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way(store)
    np.testing.assert_array_equal(store.read("moran", "p")[:], before)
    with pytest.raises(lr.UsageError, match=r"has no getis_ord/p; it has field/ids, .*moran/p"):
        store.read("getis_ord", "p")


def test_results_can_be_followed_by_others_that_read_them(store):
    with store.results("moran", {"cluster": "int8"}) as sink:
        local_moran_by_band(store.field(), lr.Neighbourhood.queen(), sink, alpha=0.9, cells=128, multiple=64)
    field = store.field()
    codes = lr.bands.BandedField(field.ids, store.read("moran", "cluster"), field.grid, field.starts)
    with store.results("groups", {"group": "int32"}) as sink:
        sizes = components_by_band(codes, lr.Neighbourhood.queen(), sink, cells=128, multiple=64)
    group = store.read("groups", "group")[:]
    np.testing.assert_array_equal(np.bincount(group), sizes)
    assert ((group > 0) == (store.read("moran", "cluster")[:] > 0)).all()


def test_a_field_replaces_the_former_one(store):
    ids, values = made(5, 300)
    store.write_field([(ids, values)])
    np.testing.assert_array_equal(store.field().values[:], values)


def test_misuse_is_named(store, tmp_path):
    ids, values = made()
    with pytest.raises(lr.InputError, match="must ascend from block to block"):
        store.write_field([(ids[10:], values[10:]), (ids[:10], values[:10])])
    assert store.field().n == 700  # unchanged
    with pytest.raises(lr.InputError, match="the field has no cells"):
        store.write_field([])
    with pytest.raises(lr.InputError, match="700 ids and 699 values"):
        store.write_field([(ids, values[1:])])
    with pytest.raises(lr.UsageError, match="results cannot be called 'field'"), store.results("field", {}):
        raise AssertionError
    with pytest.raises(lr.UsageError, match="there is no store"):
        lr.FieldStore.open(tmp_path / "nowhere")
    with pytest.raises(lr.UsageError, match="holds a store already"):
        lr.FieldStore.create(store.path, GRID)
    lr.Store.open(tmp_path / "runs", create=True)
    with pytest.raises(lr.UsageError, match="is a store of runs, not of a field"):
        lr.FieldStore.open(tmp_path / "runs")
    empty = lr.FieldStore.create(tmp_path / "empty", GRID)
    with pytest.raises(lr.UsageError, match="holds no field"):
        empty.field()


def test_a_flipped_bit_is_found(tmp_path):
    store = lr.FieldStore.create(
        tmp_path / "store", GRID, chunk=4096
    )  # chunks that are large enough for files
    store.write_field([(np.arange(GRID.size), np.random.default_rng(0).normal(size=GRID.size))])
    for path in (store.path / "chunks").iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    field = store.field()
    with pytest.raises(Exception, match=r"(?i)checksum|crc"):
        [field.ids[:], field.values[:]]


def test_a_continent_is_the_same_whatever_rows_are_asked_together():
    land = continent(20_000, seed=4)
    ids, values = land.rows(0, land.grid.ny)
    parts = [land.rows(first, min(first + 37, land.grid.ny)) for first in range(0, land.grid.ny, 37)]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), ids)
    np.testing.assert_array_equal(np.concatenate([part[1] for part in parts]), values)
    assert (np.diff(ids) > 0).all()
    assert values.std() > 0.1
    other = continent(20_000, seed=5).rows(0, land.grid.ny)[0]
    assert not np.array_equal(other, ids)


def test_a_continent_has_about_the_cells_asked_and_neighbours_alike():
    land = continent(3_000_000)
    some = [land.rows(first, first + 300) for first in range(0, land.grid.ny - 300, 900)]
    share = sum(ids.size for ids, _ in some) / (len(some) * 300 * land.grid.nx)
    assert 0.03 < share < 0.12
    ids, values = some[1]
    beside = np.flatnonzero(np.diff(ids) == 1)
    assert np.corrcoef(values[beside], values[beside + 1])[0, 1] > 0.6
    with pytest.raises(lr.UsageError, match="rows 5 to 5 are asked"):
        land.rows(5, 5)
    with pytest.raises(lr.UsageError, match="cells is 0"):
        continent(0)


IDS, VALUES = made()


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        (None, lr.UsageError, "blocks is a NoneType; it must be an iterable of pairs"),
        (IDS, lr.UsageError, "block 0 of blocks is a int64 and no pair"),
        ([(IDS, VALUES, VALUES)], lr.UsageError, "block 0 of blocks is a tuple and no pair"),
        (
            [(IDS.astype(float), VALUES)],
            lr.UsageError,
            "ids of block 0 are float64; cell ids are whole numbers",
        ),
        ([(IDS.astype(str), VALUES)], lr.UsageError, "ids of block 0 are <U21"),
        (
            [(IDS[:9], VALUES[:9]), (IDS[9:], VALUES[9:].astype(str))],
            lr.UsageError,
            "values of block 1 are <U32",
        ),
        ([(IDS.reshape(2, -1), VALUES.reshape(2, -1))], lr.UsageError, "ids of block 0 have 2 dimensions"),
        (
            [(IDS - IDS[0] - 1, VALUES)],
            lr.InputError,
            r"cell ids go from -1 to \d+; the grid holds 0 to 1199",
        ),
        (
            [(IDS, np.full(700, np.inf))],
            lr.InputError,
            "the field holds 700 infinite values; missing values are NaN",
        ),
        (
            [(IDS[:9], IDS[:9]), (IDS[9:], np.full(691, np.nan))],
            lr.InputError,
            "the field holds missing values, which int64 cannot",
        ),
    ],
)
def test_blocks_that_are_none_are_refused_and_change_nothing(store, blocks, error, message):
    with pytest.raises(error, match=message):
        store.write_field(blocks)
    np.testing.assert_array_equal(store.field().values[:], VALUES)


def test_blocks_of_other_whole_numbers_and_lists_will_do(store):
    store.write_field([(IDS[:9].astype(np.uint64), VALUES[:9]), (IDS[9:].tolist(), VALUES[9:].tolist())])
    np.testing.assert_array_equal(store.field().ids[:], IDS)
    np.testing.assert_array_equal(store.field().values[:], VALUES)


def kept(store, name, variables):
    with store.results(name, variables) as sink:
        local_moran_by_band(store.field(), lr.Neighbourhood.queen(), sink, cells=128, multiple=64)


@pytest.mark.parametrize(
    ("name", "variables", "message"),
    [
        (None, {"p": "float64"}, "results cannot be called None"),
        ("..", {"p": "float64"}, r"results cannot be called '\.\.'"),
        ("moran", ["p"], r"variables is \['p'\]; it must give the variables' types"),
        ("moran", {"p/q": "float64"}, "a variable cannot be called 'p/q'"),
        ("moran", {"p": "nonsense"}, "dtype of p is 'nonsense'; it must be one of numbers"),
        (
            "moran",
            {"p": "float64", "pp": "f4"},
            "results 'moran' have no pp; written were: I, cluster, expected",
        ),
        ("moran", {"pp": "f4"}, r"results 'moran' have no pp; written were: I, .*, p, q, quadrant"),
    ],
)
def test_results_that_there_are_not_are_refused_with_the_names_there_are(store, name, variables, message):
    with pytest.raises(lr.UsageError, match=message):
        kept(store, name, variables)
    with pytest.raises(lr.UsageError, match=r"has no moran/p; it has field/ids, field/starts, field/values$"):
        store.read("moran", "p")


@pytest.mark.parametrize(("name", "variable"), [("field", ""), ("", "field"), (None, "p"), ("..", "p")])
def test_reading_what_is_no_array_is_refused_with_the_names_there_are(store, name, variable):
    with pytest.raises(lr.UsageError, match="it has field/ids, field/starts, field/values"):
        store.read(name, variable)


def only_a_copy_writes(store, name):
    with store.results("moran", {"q": "float64"}) as sink:
        copy = sink.copy()
        copy.write(name, 0, np.zeros(64))
        sink.take(copy.written())


def test_a_copy_of_a_sink_tells_what_it_wrote_and_what_it_dropped(store):
    with store.results("moran", {"p": "float64"}) as sink:
        copy = sink.copy()
        copy.write("p", 0, np.zeros(64))
        sink.take(copy.written())
    assert (store.read("moran", "p")[:64] == 0).all()
    with pytest.raises(lr.UsageError, match="results 'moran' have no q; written were: z"):
        only_a_copy_writes(store, "z")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": 3}, "grid is a int; it must be a Grid"),
        ({"chunk": 0}, "chunk is 0"),
        ({"chunk": "a"}, "chunk is 'a'"),
    ],
)
def test_a_store_of_no_grid_or_chunk_is_refused(tmp_path, options, message):
    with pytest.raises(lr.UsageError, match=message):
        lr.FieldStore.create(tmp_path / "store", **{"grid": GRID} | options)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: continent("a"), "cells is 'a'; it must be a whole number from 1 to"),
        (lambda: continent(1.5), "cells is 1.5"),
        (lambda: continent(float("nan")), "cells is nan"),
        (lambda: continent(10**30), "cells is 10000"),
        (lambda: continent(True), "cells is True"),
        (lambda: continent(10, seed="a"), "seed is 'a'; it must be a whole number from 0"),
        (lambda: continent(10, seed=2**70), "seed is 11805"),
        (lambda: continent(10_000).rows(0.5, 1), "first is 0.5; it must be a whole number from 0 to 396"),
        (lambda: continent(10_000).rows(0, 397), "last is 397"),
        (lambda: continent(10_000).rows(5, 5), "rows 5 to 5 are asked"),
    ],
)
def test_no_continent_is_made_of_what_is_no_number(make, message):
    with pytest.raises(lr.UsageError, match=message):
        make()


def test_a_million_cells_may_be_written_in_any_way_and_are_fewer_by_the_share_that_is_said():
    land = continent(1e6)
    assert land == continent(1_000_000) == continent(np.int64(1_000_000))
    held = sum(ids.size for ids, _ in land.blocks())
    assert 2 / 3 <= held / 1e6 <= 1.2
