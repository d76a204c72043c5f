"""Bands on dask.distributed: the same bytes, also when a worker is lost; addresses where nobody answers."""

import os
import signal
import time

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.bands import Arrays, BandedField, local_moran_by_band
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


def slowly(pid_file, item):
    """Leave a note of the process, and take a while: long enough to be killed at it."""
    if item == 2 and not os.path.exists(pid_file):
        with open(pid_file, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
        return -1  # who comes here was not killed
    return item * item


def test_a_lost_worker_s_items_are_made_again(tmp_path):
    from functools import partial
    from threading import Thread

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


def test_keys_are_the_same_in_every_run(two_workers):
    class Client:
        def __init__(self):
            self.keys = []

        def scatter(self, function, **_):
            return function

        def scheduler_info(self, **_):
            return {"workers": {"one": {}}}

        def submit(self, function, sent, item, key, pure):
            self.keys.append(key)
            return self

        def result(self):
            return None

    clients = Client(), Client()
    for client in clients:
        runner = OnCluster(client)
        list(runner.map(abs, range(3)))
        list(runner.map(abs, range(2)))
    assert clients[0].keys == clients[1].keys
    assert clients[0].keys == [f"leefraster-{m}-{i}" for m, n in ((1, 3), (2, 2)) for i in range(n)]


def test_an_address_where_nobody_answers_and_none_at_all_are_refused():
    with (
        pytest.raises(lr.EnvironmentFault, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"),
        cluster("tcp://127.0.0.1:9"),
    ):
        raise AssertionError
    with pytest.raises(lr.UsageError, match="cluster is 'nearby'"), cluster("nearby"):
        raise AssertionError
