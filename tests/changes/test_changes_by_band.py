"""Panels in bands: trends and changes have the bytes of those in memory, whatever the bands and the arrays."""

import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedPanel, by_cell
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 3000.0, 40, 30, 100.0, "EPSG:28992")
YEARS = [2014, 2018, 2020, 2022, 2024]


def made(seed, n=300, years=YEARS, kind=np.float64):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    level = rng.normal(4.1, 0.2, (len(years), n)).round(1 if seed % 2 else 6)
    level[rng.random(level.shape) < 0.1] = np.nan
    return ids, level.astype(kind)


def in_memory(ids, variables, years=YEARS):
    data = {name: (("year", "cell"), values) for name, values in variables.items()}
    return xr.Dataset(data, coords={"year": years, **cell_coordinates(GRID, ids)})


def arrays_like(result):
    return {
        str(name): np.full(v.shape, 77, v.dtype) for name, v in result.data_vars.items() if "cell" in v.dims
    }


def assert_same_bytes(arrays, wanted):
    assert arrays
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6), st.integers(1, 400), st.integers(1, 9), st.permutations(YEARS),
    st.sampled_from([np.float32, np.float64]),
)  # fmt: skip
def test_trends_by_band_have_the_bytes_of_trends(seed, cells, multiple, years, kind):
    ids, level = made(seed, years=years, kind=kind)
    wanted = lr.trend(in_memory(ids, {"level": level}, years)["level"])
    arrays = arrays_like(wanted)
    panel = BandedPanel.of(ids, {"level": level}, GRID, years=years)
    about = lr.trend_by_band(panel, "level", Arrays(arrays), cells=cells, multiple=multiple)
    assert_same_bytes(arrays, wanted)
    assert about == wanted.attrs


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 400), st.booleans())
def test_changes_by_band_have_the_bytes_of_changes(seed, cells, together):
    ids, level = made(seed)
    total = level - np.nanmean(level, axis=1, keepdims=True)
    score = np.stack([0.25 * total, 0.75 * total], axis=1)
    data = in_memory(ids, {"level": level, "total": total})
    data["score"] = (("year", "dimension", "cell"), score)
    data["version"] = ("year", ["1", "2", "2", "2", "2"])
    wanted = lr.change(data if together else data["total"], 2018, 2024)
    arrays = arrays_like(wanted)
    panel = BandedPanel.of(
        ids,
        {"level": list(level), "total": total, "score": (("year", "dimension", "cell"), score),
         "version": ("year", ["1", "2", "2", "2", "2"])},
        GRID, years=YEARS,
    )  # fmt: skip
    about = lr.change_by_band(
        panel, Arrays(arrays), 2018, 2024, name=None if together else "total", cells=cells
    )
    assert_same_bytes(arrays, wanted)
    assert about == wanted.attrs


@pytest.mark.parametrize("kind", ["?", "u1", "i1"])
def test_changes_of_bool_and_whole_numbers_are_those_of_floats(kind):
    ids = np.arange(300)
    values = (
        np.random.default_rng(2).integers(0, 2 if kind == "?" else 256, (5, 300)).astype("u1").astype(kind)
    )
    wanted = lr.change(in_memory(ids, {"level": values.astype(float)})["level"], 2018, 2024)
    assert {-1, 1} <= set(np.sign(wanted["level_change"].values).tolist())
    assert lr.change(in_memory(ids, {"level": values})["level"], 2018, 2024).identical(wanted)
    arrays = arrays_like(wanted)
    panel = BandedPanel.of(ids, {"level": values}, GRID, years=YEARS)
    lr.change_by_band(panel, Arrays(arrays), 2018, 2024, name="level", cells=90)
    assert_same_bytes(arrays, wanted)


def test_arrays_on_disk_and_of_zarr_serve_as_well(tmp_path):
    ids, level = made(4)
    on_disk = np.memmap(tmp_path / "level", np.float64, "w+", shape=level.shape)
    on_disk[:] = level
    chunked = zarr.create_array(str(tmp_path / "level.zarr"), shape=level.shape, dtype="f8", chunks=(1, 64))
    chunked[:] = level
    wanted = lr.trend(in_memory(ids, {"level": level})["level"])
    for array in (on_disk, chunked, [chunked[y] for y in range(len(YEARS))]):
        arrays = arrays_like(wanted)
        panel = BandedPanel.of(ids, {"level": array}, GRID, years=YEARS)
        lr.trend_by_band(panel, "level", Arrays(arrays), cells=70, multiple=64)
        assert_same_bytes(arrays, wanted)


def test_results_can_go_to_a_field_store(tmp_path):
    ids, level = made(4)
    store = lr.FieldStore.create(tmp_path / "store", GRID, chunk=64)
    store.write_field([(ids, level[-1])])
    panel = BandedPanel.of(
        store.field().ids, {"level": level}, GRID, years=YEARS, starts=store.field().starts
    )
    with store.results("trend", {"slope": "float64", "years": "int16"}) as sink:
        lr.trend_by_band(panel, "level", sink, multiple=store.chunk, cells=1)
    wanted = lr.trend(in_memory(ids, {"level": level})["level"])
    np.testing.assert_array_equal(store.read("trend", "slope")[...], wanted["slope"])
    np.testing.assert_array_equal(store.read("trend", "years")[...], wanted["years"])


def test_a_year_of_a_panel_is_a_field_for_local_statistics():
    ids, level = made(5)
    panel = BandedPanel.of(ids, {"level": level, "land": level[0]}, GRID, years=YEARS)
    for name, year, values in (("level", 2020, level[2]), ("land", None, level[0])):
        wanted = lr.local_moran(
            xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids)), lr.Neighbourhood.queen()
        )
        arrays = arrays_like(wanted)
        lr.bands.local_moran_by_band(
            panel.field(name, year), lr.Neighbourhood.queen(), Arrays(arrays), cells=50
        )
        assert_same_bytes(arrays, wanted)
    with pytest.raises(lr.UsageError, match=r"level of 2019.*measured are 2014, 2018"):
        panel.field("level", 2019)


def test_wrong_panels_are_refused():
    ids, level = made(6)
    with pytest.raises(lr.UsageError, match="level is over years; say which"):
        BandedPanel.of(ids, {"level": level}, GRID)
    with pytest.raises(lr.InputError, match="level has 5 along 'year'; wanted are 2"):
        BandedPanel.of(ids, {"level": level}, GRID, years=[2022, 2024])
    with pytest.raises(lr.InputError, match="level has 299 along 'cell'; wanted are 300"):
        BandedPanel.of(ids, {"level": level[:, 1:]}, GRID, years=YEARS)
    with pytest.raises(lr.InputError, match=r"level: its years have \[299, 300\] cells"):
        BandedPanel.of(ids, {"level": [*level[:-1], level[0, 1:]]}, GRID, years=YEARS)
    with pytest.raises(lr.InputError, match="must ascend"):
        BandedPanel.of(ids[::-1], {"level": level}, GRID, years=YEARS)
    with pytest.raises(lr.UsageError, match="'cell' must be the last"):
        BandedPanel.of(ids, {"level": (("cell", "year"), level.T)}, GRID, years=YEARS)
    with pytest.raises(lr.UsageError, match="level: give an array over"):
        BandedPanel.of(ids, {"level": "high"}, GRID, years=YEARS)
    with pytest.raises(lr.UsageError, match="grid is a NoneType; it must be a Grid"):
        BandedPanel.of(ids, {"level": level}, None, years=YEARS)
    with pytest.raises(lr.UsageError, match="variables is a ndarray; it must give arrays by name"):
        BandedPanel.of(ids, level, GRID, years=YEARS)
    panel = BandedPanel.of(ids, {"level": level}, GRID, years=YEARS)
    with pytest.raises(lr.UsageError, match="no variable 'leevel'; it has level"):
        lr.trend_by_band(panel, "leevel", Arrays({}))
    with pytest.raises(lr.UsageError, match="from_year is 2024"):
        lr.change_by_band(panel, Arrays({}), 2024, 2018)
    with pytest.raises(lr.UsageError, match="returned others"):
        by_cell(panel, lambda data: data.isel(cell=slice(1, None)), Arrays({}))
    level[2, 7] = np.inf
    with pytest.raises(lr.InputError, match="1 infinite"):
        lr.trend_by_band(panel, "level", Arrays({}))
