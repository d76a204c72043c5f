"""Bands on dask.distributed: the same bytes, also when a worker is lost; addresses where nobody answers."""

import os
import signal
import socket
import time
from functools import partial
from threading import Thread

import numpy as np
import pytest
import xarray as xr
import zarr

import leefraster as lr
from leefraster.bands import (
    Arrays,
    BandedField,
    BandedPanel,
    geary_by_band,
    local_join_count_by_band,
    local_moran_by_band,
    moran_by_band,
)
from leefraster.bands.connecting import connected
from leefraster.bands.on_cluster import OnCluster, cluster
from leefraster.cells import cell_coordinates
from leefraster.store import FieldStore

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
GRID = lr.Grid(0.0, 6000.0, 80, 60, 100.0, "EPSG:28992")


def made(seed=0, n=3000):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    return ids, rng.lognormal(size=n)


@pytest.fixture(scope="module")
def wanted():
    ids, values = made()
    return lr.local_moran(
        xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids)), lr.Neighbourhood.queen()
    )


@pytest.fixture(scope="module")
def two_workers():
    with cluster("local", workers=2) as runner:
        yield runner


def test_bands_on_two_workers_have_the_same_bytes(two_workers, wanted):
    arrays = {str(name): np.zeros(v.shape, v.dtype) for name, v in wanted.data_vars.items()}
    ids, values = made()
    local_moran_by_band(
        BandedField.of(ids, values, GRID),
        lr.Neighbourhood.queen(),
        Arrays(arrays),
        cells=700,
        runner=two_workers,
    )
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    others = np.where(np.arange(ids.size) % 9 == 0, np.nan, values[::-1])
    coords = cell_coordinates(GRID, ids)
    field, other = (xr.DataArray(each, dims="cell", coords=coords) for each in (values, others))
    p = np.zeros(ids.size)
    figures = local_moran_by_band(
        BandedField.of(ids, values, GRID), lr.Neighbourhood.queen(), Arrays({"p": p}),
        other=BandedField.of(ids, others, GRID), cells=700, runner=two_workers,
    )  # fmt: skip
    bivariate = lr.local_moran(field, lr.Neighbourhood.queen(), other=other)
    assert p.tobytes() == bivariate["p"].values.tobytes()
    assert figures.reference_other == float(bivariate["reference_other"])
    decay, dwellings = lr.Neighbourhood.decay(200, cutoff=400), ids % 7
    lr.bands.getis_ord_by_band(
        BandedField.of(ids, values, GRID), decay, Arrays({"p": p}), inference="normal",
        weights=BandedField.of(ids, dwellings, GRID), cells=700, runner=two_workers,
    )  # fmt: skip
    weights = xr.DataArray(dwellings, dims="cell", coords=coords)
    weighted = lr.getis_ord(field, decay, inference="normal", weights=weights)
    assert p.tobytes() == weighted["p"].values.tobytes()
    found = moran_by_band(BandedField.of(ids, values, GRID), decay, cells=700, runner=two_workers)
    xr.testing.assert_identical(found, lr.moran(field, decay))


def test_global_statistics_and_join_counts_on_two_workers_are_the_same(two_workers):
    ids, values = made()
    field, queen = BandedField.of(ids, values, GRID), lr.Neighbourhood.queen()
    coords = cell_coordinates(GRID, ids)
    drawn = {"inference": "permutation", "permutations": 19, "seed": 3}
    found = geary_by_band(field, queen, cells=700, runner=two_workers, **drawn)
    in_memory = xr.DataArray(values, dims="cell", coords=coords)
    xr.testing.assert_identical(found, lr.geary(in_memory, queen, **drawn))
    others = np.where(np.arange(ids.size) % 9 == 0, np.nan, values[::-1])
    field_in_memory, other_in_memory = (
        xr.DataArray(each, dims="cell", coords=coords) for each in (values, others)
    )
    wanted = lr.moran(field_in_memory, queen, other=other_in_memory, **drawn)
    other = BandedField.of(ids.copy(), others, GRID)
    xr.testing.assert_identical(
        moran_by_band(field, queen, other=other, cells=700, runner=two_workers, **drawn), wanted
    )
    ones = values > 1
    wanted = lr.local_join_count(xr.DataArray(ones, dims="cell", coords=coords), queen)
    arrays = {str(name): np.zeros(v.shape, v.dtype) for name, v in wanted.data_vars.items()}
    source = BandedField.of(ids, ones, GRID)
    local_join_count_by_band(source, queen, Arrays(arrays), cells=700, runner=two_workers)
    for name, values_found in arrays.items():
        assert values_found.tobytes() == wanted[name].values.tobytes(), name


def test_workers_write_into_one_commit_of_the_store(two_workers, wanted, tmp_path):
    store = FieldStore.create(tmp_path / "store", GRID, chunk=256)
    ids, values = made()
    store.write_field([(ids[:1000], values[:1000]), (ids[1000:], values[1000:])])
    with store.results("moran", {"p": "float64", "q": "float64", "cluster": "int8"}) as sink:
        local_moran_by_band(
            store.field(), lr.Neighbourhood.queen(), sink, cells=512, multiple=store.chunk, runner=two_workers
        )
    for name in ("p", "q", "cluster"):
        assert store.read("moran", name)[:].tobytes() == wanted[name].values.tobytes(), name


YEARS = [2016, 2018, 2020, 2022, 2024]
MODEL = """
name = "small"
version = "1"
provenance = "invented for a test"
licence = "CC0-1.0"
reference = { year = 2024, level = 4.1 }
dimensions = { onv = "nuisance" }
indicators = [{ name = "noise", unit = "1", dimension = "onv", coefficient = -0.3, measure = MEASURE }]
""".replace("MEASURE", '{ kind = "focal_mean", radius = 300 }')


def panel_on_disk(folder):
    """Return a panel of which every worker reads its bands from the disk, and the same in memory."""
    ids, _ = made()
    rng = np.random.default_rng(1)
    level = rng.normal(4.2, 0.05, (len(YEARS), ids.size))
    level[:, (ids // GRID.nx > 20) & (ids // GRID.nx < 40) & (ids % GRID.nx < 25)] -= 0.6
    given = {"level": level, "noise": level**2, "dwellings": rng.integers(1, 60, level.shape).astype(float)}
    arrays = {}
    for name, values in {"ids": ids, **given}.items():
        chunks = (*values.shape[:-1], 512)
        arrays[name] = zarr.create_array(
            str(folder / name), shape=values.shape, dtype=values.dtype, chunks=chunks
        )
        arrays[name][...] = values
    panel = BandedPanel.of(arrays.pop("ids"), arrays, GRID, years=YEARS)
    data = {name: (("year", "cell"), values) for name, values in given.items()}
    return panel, xr.Dataset(data, coords={"year": YEARS, **cell_coordinates(GRID, ids)})


def test_panels_on_two_workers_have_the_same_bytes(two_workers, tmp_path):
    panel, data = panel_on_disk(tmp_path)
    queen, model, rule = lr.Neighbourhood.queen(), lr.Model.parse(MODEL), lr.StructuralRule(radius=200)
    options = {"cells": 700, "runner": two_workers}
    clusters = lr.structural_clusters(data, rule)
    for wanted, by_band in (
        (lr.trend(data["level"]), lambda sink: lr.trend_by_band(panel, "level", sink, **options)),
        (lr.score(data, model), lambda sink: lr.score_by_band(panel, model, sink, **options)),
        (
            lr.emerging_hotspots(data["level"], queen),
            lambda sink: lr.emerging_hotspots_by_band(panel, "level", queen, sink, **options),
        ),
        (clusters.cells, lambda sink: lr.structural_clusters_by_band(panel, sink, rule, **options)),
    ):
        kept = {str(n): v for n, v in wanted.data_vars.items() if "cell" in v.dims and n != "dwellings"}
        arrays = {name: np.zeros(v.shape, v.dtype) for name, v in kept.items()}
        by_band(Arrays(arrays))
        for name, found in arrays.items():
            assert found.tobytes() == kept[name].values.tobytes(), name
    assert len(clusters.table) == 1


def slowly(pid_file, item):
    """Leave a note of the process, and take a while: long enough to be killed at it."""
    if item == 2 and not os.path.exists(pid_file):
        with open(pid_file, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
        return -1  # who comes here was not killed
    return item * item


def test_a_lost_worker_s_items_are_made_again(tmp_path):
    note = tmp_path / "pid"

    def kill():
        while not (note.exists() and note.read_text()):
            time.sleep(0.05)
        os.kill(int(note.read_text()), signal.SIGKILL)

    killer = Thread(target=kill, daemon=True)
    with cluster("local", workers=2) as runner:
        killer.start()
        found = list(runner.map(partial(slowly, str(note)), range(6)))
        killer.join()
    assert found == [0, 1, 4, 9, 16, 25]


def test_two_runs_on_one_scheduler_keep_apart(two_workers):
    from distributed import Client

    with Client(two_workers._client.scheduler.address) as client:
        other = OnCluster(client)
        one, two = two_workers.map(partial(pow, 2), range(40)), other.map(partial(pow, 3), range(40))
        found = list(zip(one, two, strict=True))  # in turn, so that both are at work
    assert found == [(2**i, 3**i) for i in range(40)]


def test_a_scheduler_without_workers_and_one_that_is_lost_are_told_of(monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr("leefraster.bands.on_cluster.WITHOUT", 0.3)
    monkeypatch.setattr("leefraster.bands.on_cluster.LOOK", 0.1)
    made = LocalCluster(
        n_workers=0,
        processes=False,
        host="127.0.0.1",
        protocol="tcp",
        dashboard_address=":0",
        silence_logs=50,
    )
    end = Thread(target=made.close, daemon=True)
    with cluster(made.scheduler_address) as runner:
        with pytest.raises(lr.EnvironmentFault, match="has had no workers for 0 seconds; start some"):
            list(runner.map(abs, range(3)))
        monkeypatch.setattr("leefraster.bands.on_cluster.WITHOUT", 60.0)
        results = runner.map(abs, range(3))
        end.start()
        with pytest.raises(lr.EnvironmentFault, match="the scheduler was lost"):
            next(results)
        end.join()


class Failing:
    """A client, and the future it gives, that raise an error at one place, as when the scheduler is lost there."""

    def __init__(self, place="", error=None, status="running"):
        self.place, self.error, self.status = place, error, status

    def _at(self, place, given):
        if place == self.place:
            raise self.error
        return given

    def scheduler_info(self, **_):
        return self._at("scheduler_info", {"workers": {"one": {}}})

    def scatter(self, sent, **_):
        return self._at("scatter", sent)

    def submit(self, *_, **__):
        return self._at("submit", self)

    def result(self, **_):
        return self._at("result", 7)

    def done(self):
        return True

    def cancel(self, futures):
        return self._at("cancel", futures)

    def run(self, _):
        return self._at("run", {})

    def register_plugin(self, _):
        return self._at("register_plugin", {})

    def close(self, **_):
        return self._at("close", None)


def losses():
    """Return what dask raises, by the moment at which the scheduler is lost."""
    from distributed.client import ClosedClientError, FutureCancelledError
    from distributed.comm.core import CommClosedError
    from distributed.core import RPCClosed

    return [
        ClosedClientError("Client is closed. Can't send update-graph message."),
        CommClosedError("in <TCP (closed) ConnectionPool.broadcast>: Stream is closed"),
        RPCClosed("RPC Closed: while trying to call remote method 'gather'"),
        FutureCancelledError("leefraster-1", "scheduler-connection-lost"),
    ]


@pytest.mark.parametrize("place", ["scheduler_info", "scatter", "submit", "result"])
def test_a_scheduler_lost_at_any_place_of_a_map_is_told_of_in_one_way(place, monkeypatch):
    monkeypatch.setattr("leefraster.bands.on_cluster.WITH_EACH", 0)
    for error in losses():
        with pytest.raises(
            lr.EnvironmentFault, match=r"the scheduler was lost \(.*Nothing was stored"
        ) as told:
            list(OnCluster(Failing(place, error)).map(abs, range(3)))
        assert told.value.__cause__ is error
        assert told.value.exit_code == 4
    gone = Failing(place, AttributeError("'NoneType' object has no attribute 'gather'"), status="closed")
    with pytest.raises(lr.EnvironmentFault, match="the scheduler was lost"):
        list(OnCluster(gone).map(abs, range(3)))


@pytest.mark.parametrize("place", ["run", "register_plugin", "close"])
def test_a_scheduler_lost_while_workers_are_prepared_or_left_is_told_of_or_passed_over(place, monkeypatch):
    for error in losses():
        client = Failing(place, error)
        monkeypatch.setattr("leefraster.bands.on_cluster.connected", lambda _, client=client: client)
        if place == "close":
            with cluster("tcp://127.0.0.1:9") as runner:
                assert list(runner.map(abs, range(3))) == [7, 7, 7]
            continue
        with pytest.raises(lr.EnvironmentFault, match="the scheduler was lost"), cluster("tcp://127.0.0.1:9"):
            raise AssertionError


@pytest.mark.parametrize("status", ["connecting", "closing", "closed"])
def test_nothing_is_waited_for_by_a_client_without_a_scheduler(status):
    client = Failing("result", AssertionError("waited for"), status=status)
    with pytest.raises(lr.EnvironmentFault, match=rf"the scheduler was lost \(the client is {status}\)"):
        next(OnCluster(client).map(abs, range(3)))


def test_letting_go_of_items_hides_no_error():
    for error in losses():
        results = OnCluster(Failing("cancel", error)).map(abs, range(3))
        assert next(results) == 7
        results.close()


@pytest.mark.parametrize("error", [TimeoutError("its own"), OSError("no space left"), ValueError("wrong")])
def test_errors_of_what_workers_call_are_their_own(error):
    with pytest.raises(type(error), match=str(error)):
        list(OnCluster(Failing("result", error)).map(abs, range(3)))


def test_each_worker_gets_several_bands_and_large_arrays_by_file(two_workers):
    ids, values = made()
    told = []
    local_moran_by_band(
        BandedField.of(ids, values, GRID),
        lr.Neighbourhood.queen(),
        Arrays({"p": np.empty(ids.size)}),
        progress=lambda _, __, of: told.append(of),
        runner=two_workers,
    )
    assert two_workers.workers == 2
    assert set(told) == {8}
    large = np.arange(100_000)
    assert list(two_workers.map(partial(np.take, large), [99_999, 0])) == [99_999, 0]


def test_workers_keep_freed_memory_while_they_are_at_an_item(two_workers):
    (told,) = two_workers.map(os.getenv, ["MALLOC_TRIM_THRESHOLD_"])
    assert told != "65536"  # what dask sets, here as well as in its workers


@pytest.mark.parametrize(
    "where",
    ["nearby", "tcp://", "tcp://host", "tcp://host:abc", "http://host:1", ":8786", "", "tcp://host:70000"],
)
def test_what_is_no_address_is_refused(where):
    with pytest.raises(lr.UsageError, match=f"cluster is '{where}'; it must be 'local' or an address"):
        connected(where)


def test_an_address_where_nobody_answers_and_certificates_that_are_not_there_are_refused():
    with (
        pytest.raises(lr.EnvironmentFault, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"),
        cluster("tcp://127.0.0.1:9"),
    ):
        raise AssertionError
    with pytest.raises(lr.UsageError, match=r"dask cannot open tls://127\.0\.0\.1:9: .*certificates"):
        connected("tls://127.0.0.1:9")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", r"no dask scheduler answers at tcp://127\.0\.0\.1:\d+ \("),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            r"no dask scheduler, or one of another version of dask \(what answers there does not speak dask's",
        ),
    ],
)
def test_what_answers_but_is_no_scheduler_is_told_of(answer, message, monkeypatch):
    monkeypatch.setattr("leefraster.bands.connecting.PATIENCE", 0.5)
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    held.append(server.accept()[0])
                    held[-1].sendall(answer)
                except OSError:
                    return

        Thread(target=serve, daemon=True).start()
        with pytest.raises(lr.EnvironmentFault, match=message):
            connected(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        for one in held:
            one.close()
