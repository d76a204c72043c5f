"""Clusters through the years: each event by hand, and laws."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import LeefrasterWarning


def labels(*rows, years=None):
    values = np.array([[int(sign) for sign in row] for row in rows])
    coords = {"year": years or list(range(2018, 2018 + 2 * len(rows), 2)), "cell": np.arange(values.shape[1])}
    return xr.DataArray(values, dims=("year", "cell"), coords=coords)


def events(*rows, **options):
    table = lr.track_clusters(labels(*rows), **options).table
    return [(int(r.year), int(r.cluster), int(r.lineage), r.event) for r in table.itertuples()]


@pytest.mark.parametrize(
    ("rows", "event"),
    [
        (("0000000000", "1111000000"), "born"),
        (("1111000000", "1111111000"), "grown"),
        (("1111111000", "1111000000"), "shrunk"),
        (("1111111111", "1111111111"), "steady"),
        (("1111111111", "1110001111"), "shrunk"),
        (("1110222000", "1111111000"), "merged"),
    ],
)
def test_each_event_has_its_picture(rows, event):
    assert events(*rows)[-1][3] == event


def test_a_split_gives_the_lineage_to_the_larger_part():
    found = events("1111111100", "1111102200")
    assert found == [(2018, 1, 1, "present at start"), (2020, 1, 1, "split"), (2020, 2, 2, "split")]


def test_a_merger_goes_on_with_the_larger_predecessor():
    found = events("1100222220", "1111111110")
    assert [one[2] for one in found] == [2, 1, 1]
    assert found[-1] == (2020, 1, 1, "merged")


def test_what_ends_is_said_and_what_comes_back_is_new():
    tracks = lr.track_clusters(labels("1111000000", "0000000000", "1111000000"))
    assert tracks.table["ends"].tolist() == [True, False]
    assert tracks.table["lineage"].tolist() == [2, 1]
    assert tracks.table["event"].tolist() == ["present at start", "born"]
    assert tracks.links.empty


def test_years_without_clusters_stay_and_only_the_first_year_is_the_start():
    tracks = lr.track_clusters(labels("0000", "1100", "0000"))
    assert tracks.years == (2018, 2020, 2022)
    assert tracks.table[["year", "event", "ends"]].values.tolist() == [[2020, "born", True]]
    assert lr.track_clusters(labels("00", "00")).years == (2018, 2020)
    shown = repr(tracks)
    assert shown.splitlines()[1] == "  clusters by year: 2018: 0, 2020: 1, 2022: 0"
    assert shown.splitlines()[2] == "  events: born 1; ended 1"
    assert len(shown) < 300


def test_lineages_are_numbered_as_the_clusters_of_the_last_year():
    tracks = lr.track_clusters(labels("5500330022", "0900330077", "4400660099"))
    last = tracks.table[tracks.table["year"] == 2022]
    assert (last["lineage"] == last["cluster"]).all()
    assert tracks.table.loc[tracks.table["year"] == 2018, "lineage"].tolist() == [9, 6, 4]
    gone = lr.track_clusters(labels("1122", "0022", "0022", "0022"))
    assert gone.table.loc[0, "lineage"] == 3  # above that of the cluster that lasted


def test_the_latest_dwellings_count_whatever_the_order_of_years():
    rows = labels("1111000000", "1112000000")
    weights = np.ones((2, 10))
    weights[0, 3] = 100.0
    given = xr.DataArray(weights, dims=("year", "cell"), coords={"year": [2024, 2020], "cell": rows["cell"]})
    assert lr.track_clusters(rows, given).table["dwellings"].tolist() == [103.0, 3.0, 100.0]


def test_dwellings_decide_and_not_cells():
    weights = xr.DataArray(
        [1.0, 1, 1, 100, 0, 0, 0, 0, 0, np.nan], dims="cell", coords={"cell": np.arange(10)}
    )
    tracks = lr.track_clusters(labels("1111000000", "1112000000"), weights)
    assert tracks.table["lineage"].tolist() == [2, 1, 2]  # the one cell of 100 dwellings carries it on
    assert tracks.links["share_of_from"].tolist() == pytest.approx([3 / 103, 100 / 103])


def test_a_small_overlap_is_no_link():
    rows = ("1111111111000000000", "0000000001111111111")
    assert lr.track_clusters(labels(*rows)).table["event"].tolist() == ["present at start", "steady"]
    apart = lr.track_clusters(labels(*rows), minimum_overlap=0.2)
    assert apart.table["event"].tolist() == ["present at start", "born"]


@given(seed=st.integers(0, 2**20))
@settings(max_examples=40, deadline=None)
def test_the_numbers_of_clusters_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (3, 30))
    new = rng.permutation(np.arange(1, 4))
    renamed = np.where(values > 0, new[values - 1], 0)
    coords = {"year": [2020, 2022, 2024], "cell": np.arange(30)}
    one, other = (
        lr.track_clusters(xr.DataArray(v, dims=("year", "cell"), coords=coords)).table
        for v in (values, renamed)
    )
    other = other.assign(cluster=[int(np.flatnonzero(new == c)[0]) + 1 for c in other["cluster"]])
    keys = ["year", "cluster"]
    columns = ["year", "cluster", "event", "cells", "predecessors", "successors", "ends"]
    left, right = (frame.sort_values(keys)[columns].reset_index(drop=True) for frame in (one, other))
    assert left.equals(right)


def test_years_may_come_with_their_own_cells():
    one = xr.DataArray([1, 1, 0], dims="cell", coords={"cell": [1, 2, 3]})
    other = xr.DataArray([5, 5, 5], dims="cell", coords={"cell": [2, 3, 4]})
    tracks = lr.track_clusters({2022: one, 2024: other})
    assert tracks.links[["from_cluster", "to_cluster", "cells"]].values.tolist() == [[1, 5, 1]]


def test_wrong_input_is_refused():
    with pytest.raises(lr.UsageError, match="at least two years; there is 1"):
        lr.track_clusters(labels("110"))
    with pytest.raises(lr.InputError, match="year 2931 lies in the future"):
        lr.track_clusters(labels("110", "110", years=[2022, 2931]))
    with pytest.raises(lr.UsageError, match="minimum_overlap is 0"):
        lr.track_clusters(labels("110", "110"), minimum_overlap=0)
    with pytest.raises(lr.InputError, match="must lie over year and cell"):
        lr.track_clusters(labels("110", "110").rename(cell="place"))


TWO = labels("110", "110")


def test_clusters_without_dwellings_are_told_by_number_and_year():
    dwellings = xr.DataArray([np.nan, 0.0, 5.0], dims="cell", coords={"cell": [0, 1, 2]})
    for none in (dwellings * 0, dwellings * np.nan):
        with pytest.warns(
            LeefrasterWarning, match="2 of 2 clusters have no dwellings.*: 1 of 2018, 1 of 2020$"
        ):
            assert lr.track_clusters(TWO, none).links.empty
    with pytest.warns(LeefrasterWarning, match="1 of 3 clusters have no dwellings.*: 1 of 2018$"):
        found = lr.track_clusters(labels("112", "002"), dwellings)
    assert found.table["event"].tolist() == ["present at start", "present at start", "steady"]
    assert lr.track_clusters(labels("000", "000"), dwellings).table.empty
    with pytest.raises(lr.InputError, match="dwellings: years are"):
        lr.track_clusters(TWO, dwellings.expand_dims(year=["2018"]))


@pytest.mark.parametrize(
    ("given", "dwellings", "error", "message"),
    [
        (
            TWO.astype(float),
            None,
            lr.UsageError,
            "labels: of type float64; numbers of clusters must be whole",
        ),
        (TWO > 0, None, lr.UsageError, "labels: of type bool"),
        (TWO.astype(str), None, lr.UsageError, "labels: of type <U"),
        (-TWO, None, lr.UsageError, "labels: holds -1; numbers of clusters must be at least 0"),
        (TWO.values, None, lr.UsageError, "labels is a ndarray; it must be a DataArray over year and cell"),
        ({2020: TWO[0], 2022: TWO[1] / 1}, None, lr.UsageError, "labels of 2022: of type float64"),
        ({2020: TWO[0], 2022: TWO[1].values}, None, lr.UsageError, "labels of 2022 is a ndarray"),
        ({"2020": TWO[0], 2022: TWO[1]}, None, lr.UsageError, "'2020' is no year"),
        ({2020.5: TWO[0], 2022: TWO[1]}, None, lr.UsageError, "2020.5 is no year"),
        (TWO.assign_coords(year=[2020, 2020]), None, lr.InputError, "the year 2020 is given twice"),
        (TWO.assign_coords(cell=[1, 1, 2]), None, lr.InputError, "labels: cells repeat"),
        (TWO, [1.0, 1, 1], lr.UsageError, "dwellings: of type list; they must be a DataArray of numbers"),
        (TWO, TWO[0].astype(str), lr.UsageError, "dwellings: of type <U"),
        (TWO, TWO[0].rename(cell="place"), lr.InputError, "dwellings must lie over distinct cells"),
        (TWO, -TWO[0], lr.InputError, "dwellings: some are negative or infinite"),
    ],
)
def test_wrong_types_are_refused_by_name(given, dwellings, error, message):
    with pytest.raises(error, match=message):
        lr.track_clusters(given, dwellings)


@pytest.mark.parametrize("least", ["0.5", True, np.nan, None])
def test_an_overlap_that_is_no_number_is_refused(least):
    with pytest.raises(lr.UsageError, match="it must be a number above 0 and at most 1"):
        lr.track_clusters(TWO, minimum_overlap=least)
