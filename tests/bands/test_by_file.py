"""Functions whose large arrays lie in files: what is loaded equals what was given, and is its reader's own.

And arrays in files, which several processes fill.
"""

import pickle
from functools import partial

import numpy as np
import pytest

from leefraster.bands.by_file import FROM, by_file
from leefraster.bands.in_file import InFile
from leefraster.bands.runner import BANDS, shared_out


@pytest.mark.parametrize(
    ("array", "files"),
    [
        (np.arange(FROM // 8), 1),
        (np.arange(FROM // 8 - 1), 0),
        (np.zeros(0), 0),
        (np.asfortranarray(np.random.default_rng(0).normal(size=(300, 100))), 1),
        (np.random.default_rng(1).random(FROM) < 0.5, 1),
        (np.arange(100)[::2], 0),
    ],
)
def test_what_is_loaded_equals_what_was_given_and_can_be_written(tmp_path, array, files):
    sent = by_file(partial(np.add, array), tmp_path)
    assert len(sent.files) == files == len(list(tmp_path.iterdir()))
    assert len(sent.pickled) < FROM + 1000
    (found,) = sent.loaded().args
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.flags.f_contiguous == array.copy(order="K").flags.f_contiguous
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable  # kernels are compiled for arrays that are
    found[...] = 1
    np.testing.assert_array_equal(sent.loaded().args[0], array)  # what one worker writes is not another's


def test_without_a_folder_all_is_in_it():
    array = np.random.default_rng(3).normal(size=FROM)
    sent = by_file(array, None)
    assert sent.files == ()
    np.testing.assert_array_equal(sent.loaded(), array)


def test_an_array_that_stands_twice_lies_in_one_file(tmp_path):
    array = np.random.default_rng(2).normal(size=FROM)
    sent = by_file((array, {"again": array}), tmp_path)
    assert len(sent.files) == 1
    first, rest = sent.loaded()
    assert first is rest["again"]


@pytest.mark.parametrize(
    ("cells", "n", "workers"), [(1 << 21, 10**7, 2), (1000, 10**7, 2), (5, 3, 8), (7, 90, 1)]
)
def test_each_of_several_workers_gets_several_bands(cells, n, workers):
    found = shared_out(cells, n, workers)
    assert 1 <= found <= cells
    assert workers == 1 or found == 1 or -(-n // found) >= BANDS * workers * 0.9
    assert workers > 1 or found == cells


@pytest.mark.parametrize(
    ("n", "workers", "chunks"), [(10_405_826, 2, 5), (262_144, 2, 1), (1, 2, 1), (262_144 * 17, 2, 3)]
)
def test_whole_chunks_are_shared_out(n, workers, chunks):
    assert BANDS == 4
    assert shared_out(1 << 21, n, workers, 262_144) == chunks * 262_144
    assert shared_out(1000, n, workers, 262_144) == 1000


def test_parts_of_an_array_in_a_file_are_filled_in_any_order_by_whoever_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(4).random(5000)
    kept = InFile.of(tmp_path.relative_to(tmp_path) / "values", np.float64, 5003)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")  # workers stand in folders of their own
    elsewhere = pickle.loads(pickle.dumps(kept))
    elsewhere.write(1200, values[1200:])
    kept.write(0, values[:1200].astype(np.float32))  # they take the type of the file
    elsewhere.write(5003, values[:0])
    expected = np.concatenate([values[:1200].astype(np.float32), values[1200:], [0, 0, 0]])
    np.testing.assert_array_equal(kept.read(slice(0, 5003)), expected)
    np.testing.assert_array_equal(kept.read(slice(1199, 1203)), expected[1199:1203])
    assert kept.read(slice(7, 7)).size == 0
    kept.write(3, values[:1])
    assert kept.read(slice(3, 4)) == values[0]
