"""Clusters beside focus areas: coverage both ways, and what each side misses."""

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

import leefraster as lr
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 2000.0, 20, 20, 100.0, "EPSG:28992")


@pytest.fixture(scope="module")
def scores():
    """Return two weak blocks: 8 x 8 cells in the north-west (more severe), 6 x 6 in the south-east."""
    level = np.full((3, 20, 20), 4.2)
    level[:, :8, :8] = 3.5
    level[:, 14:, 14:] = 3.8
    return xr.Dataset(
        {"level": (("year", "cell"), level.reshape(3, -1)), "dwellings": ("cell", np.full(400, 20.0))},
        coords={"year": [2020, 2022, 2024], **cell_coordinates(GRID, np.arange(400))},
    )


@pytest.fixture(scope="module")
def clusters(scores):
    return lr.structural_clusters(scores, lr.StructuralRule(radius=100))


def areas(**boxes):
    frame = geopandas.GeoDataFrame(
        {"code": list(boxes), "name": [f"Area {code}" for code in boxes]},
        geometry=[shapely.box(*box) for box in boxes.values()], crs="EPSG:28992",
    )  # fmt: skip
    return lr.Areas.from_geopandas(frame, code="code", name="name", level="focus")


def test_coverage_is_counted_in_dwellings_both_ways(clusters, scores):
    found = lr.compare_areas(
        clusters, areas(W=(0, 1200, 400, 2000), E=(1600, 1600, 2000, 2000)), scores["dwellings"]
    )
    in_clusters = clusters.labels.values.reshape(20, 20) > 0
    both = 20.0 * in_clusters[:8, :4].sum()
    assert found.overall["both_dwellings"] == both
    assert found.overall["areas_dwellings"] == 20.0 * (32 + 16)
    assert found.overall["clusters_covered"] == pytest.approx(both / (20.0 * in_clusters.sum()))
    assert found.overall["jaccard"] == pytest.approx(both / (20.0 * (48 + in_clusters.sum()) - both))
    assert found.areas["share_in_clusters"].tolist() == [0.0, both / 640]
    assert found.without_cluster["code"].tolist() == ["E"]
    assert found.missed["cluster"].tolist() == [2]
    assert found.clusters["areas"].tolist() == ["W", ""]


def test_clusters_come_by_severity_and_each_area_names_its_clusters(clusters, scores):
    whole = areas(A=(0, 0, 2000, 2000))
    found = lr.compare_areas(clusters, whole, scores["dwellings"])
    assert found.clusters["severity"].is_monotonic_decreasing
    assert found.areas["clusters"].tolist() == ["1, 2"]
    assert found.overall["clusters_covered"] == 1.0
    assert found.missed.empty


def test_clusters_as_areas_cover_themselves(clusters, scores):
    frame = clusters.polygons.assign(code=clusters.polygons["cluster"].astype(str))
    found = lr.compare_areas(clusters, lr.Areas.from_geopandas(frame, code="code"), scores["dwellings"])
    assert found.overall["jaccard"] == 1.0
    assert found.areas["share_in_clusters"].tolist() == [1.0, 1.0]


def test_areas_elsewhere_and_in_another_crs_are_refused(clusters, scores):
    with pytest.raises(lr.InputError, match="none of the 400 cells lies in any of the 1 areas"):
        lr.compare_areas(clusters, areas(X=(9000, 9000, 9500, 9500)), scores["dwellings"])
    degrees = areas(A=(0, 0, 2000, 2000)).frame.to_crs("EPSG:4326")
    with pytest.raises(lr.InputError, match="EPSG:4326"):
        lr.compare_areas(clusters, lr.Areas.from_geopandas(degrees, code="code"), scores["dwellings"])


def test_what_is_no_input_is_refused(clusters, scores):
    whole, dwellings = areas(A=(0, 0, 900, 2000)), scores["dwellings"]
    with pytest.raises(lr.UsageError, match=r"clusters is a NoneType; .* lr\.structural_clusters returns"):
        lr.compare_areas(None, whole, dwellings)
    with pytest.raises(lr.UsageError, match=r"areas is a NoneType; it must be lr\.Areas"):
        lr.compare_areas(clusters, None, dwellings)
    with pytest.raises(lr.UsageError, match="dwellings is a int; it must be a DataArray over 'cell'"):
        lr.compare_areas(clusters, whole, 5)
    with pytest.raises(lr.InputError, match=r"dwellings holds -20 \(400 of 400 cells\); .* not negative"):
        lr.compare_areas(clusters, whole, -dwellings)
    with pytest.raises(lr.InputError, match=r"dwellings lie over \('area',\); wanted is 'cell'"):
        lr.compare_areas(clusters, whole, dwellings.rename(cell="area"))
    with pytest.raises(lr.InputError, match="a cell occurs twice"):
        lr.compare_areas(clusters, whole, xr.concat([dwellings, dwellings], "cell"))


def test_polygons_and_a_raster_of_dwellings_are_taken_as_they_are(clusters, scores):
    whole = areas(A=(0, 0, 900, 2000))
    expected = lr.compare_areas(clusters, whole, scores["dwellings"]).overall
    assert lr.compare_areas(clusters, whole.frame, scores["dwellings"]).overall == expected
    assert lr.compare_areas(clusters, whole, lr.to_raster(scores["dwellings"])).overall == expected


def test_years_of_dwellings_take_the_latest(clusters, scores):
    by_year = xr.concat([scores["dwellings"] * factor for factor in (0, 1, 5)], dim="year")
    by_year = by_year.assign_coords(year=[2020, 2024, 2022])
    one = lr.compare_areas(clusters, areas(A=(0, 0, 900, 2000)), by_year)
    other = lr.compare_areas(clusters, areas(A=(0, 0, 900, 2000)), scores["dwellings"])
    assert one.overall == other.overall


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ([2022, 2024, 2024], "dwellings: year 2024 occurs twice"),
        ([2022, 2024, 2999], "dwellings: year 2999 lies in the future"),
        (["2020", "2022", "2024"], "dwellings: years are .*; they must be whole numbers"),
    ],
)
def test_years_of_dwellings_that_are_none_are_refused(clusters, scores, years, message):
    by_year = scores["dwellings"].expand_dims(year=years)
    with pytest.raises(lr.InputError, match=message):
        lr.compare_areas(clusters, areas(A=(0, 0, 900, 2000)), by_year)
