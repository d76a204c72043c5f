"""Areas out of lists of codes: from polygons and from cells, the same; unknown and doubled codes refused."""

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.areas.membership import by_centre
from leefraster.areas.placement import labels_of, placed
from leefraster.cells import cell_coordinates
from leefraster.errors import EmptyAreaWarning, OverlapWarning, RepairedAreaWarning

GRID = lr.Grid(0.0, 600.0, 6, 6, 100.0, "EPSG:28992")
CODES = np.repeat(np.array([["BU01", "BU02", "BU03"]]), 2, axis=1).repeat(6, axis=0)


def codes(values=CODES):
    return xr.DataArray(
        values.ravel(), dims="cell", coords=cell_coordinates(GRID, np.arange(36)), name="neighbourhood"
    )


def strips():
    frame = geopandas.GeoDataFrame(
        {"code": ["BU01", "BU02", "BU03"]},
        geometry=[shapely.box(x, 0, x + 200, 600) for x in (0, 200, 400)], crs="EPSG:28992",
    )  # fmt: skip
    return lr.Areas.from_geopandas(frame, code="code", level="neighbourhood")


GROUPS = {"West": ["BU01", "BU02"], "East": ["BU03"]}


def test_lists_give_the_same_areas_from_polygons_and_from_cells():
    for made in (strips().merged(GROUPS), lr.Areas.from_codes(codes(), GROUPS)):
        assert made.codes.tolist() == ["East", "West"]
        assert made.frame.geometry.area.tolist() == [120_000.0, 240_000.0]
        labels, _ = labels_of(placed(made, GRID, np.arange(36)))
        assert labels.reshape(6, 6)[0].tolist() == [2, 2, 2, 2, 1, 1]


def test_without_groups_every_code_is_an_area():
    assert lr.Areas.from_codes(codes()).codes.tolist() == ["BU01", "BU02", "BU03"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "A", "B", "C"]), min_size=36, max_size=36))
def test_every_cell_is_in_the_area_of_its_code(drawn):
    values = np.array(drawn)
    if not (values != "").any():
        with pytest.raises(lr.InputError, match="no cell has a code"):
            lr.Areas.from_codes(codes(values))
        return
    made = lr.Areas.from_codes(codes(values))
    member = by_centre(made, GRID, np.arange(36))
    found = np.full(36, "", dtype=object)
    found[member.cell] = made.codes[member.area]
    assert found.tolist() == values.tolist()


def test_wrong_lists_are_refused():
    for make in (strips().merged, lambda groups: lr.Areas.from_codes(codes(), groups)):
        with pytest.raises(
            lr.UsageError, match=r"1 codes are not there: BU09\. Near BU09 are .*year of the borders"
        ):
            make({"West": ["BU01", "BU09"]})
        with pytest.raises(lr.UsageError, match="code BU01 is in two groups: 'West' and 'East'"):
            make({"West": ["BU01"], "East": ["BU01"]})
        with pytest.raises(lr.UsageError, match="'West' is 'BU01'; it must be a list of codes"):
            make({"West": "BU01"})
        with pytest.raises(lr.UsageError, match="'West' is 3; it must be a list of codes"):
            make({"West": 3})
        with pytest.raises(lr.UsageError, match="no group of codes"):
            make({})
        with pytest.raises(lr.UsageError, match="groups is a list; it must give lists of codes by name"):
            make(["BU01"])


DUTCH = ["BU03440301", "BU03440302", "BU03450311", "BU03630001"]


def coded(border_year=None):
    frame = geopandas.GeoDataFrame(
        {"code": DUTCH}, geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)], crs="EPSG:28992"
    )
    return lr.Areas.from_geopandas(frame, code="code", border_year=border_year)


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        (["BU03440311"], r"BU03440311\. Near BU03440311 are BU0344030[12], BU0344030[12]\. The codes"),
        (["BU03450319"], r"Near BU03450319 is BU03450311\. The codes"),
        (["BU05990110"], r"Of municipality GM0599, that of BU05990110, there is no code at all"),
        (["WK034403"], r"No code here begins with WK, as WK034403 does, but with BU"),
        (
            ["BU03440311", "BU03630009", "BU05990110"],
            r"3 codes are not there: .* Near BU03440311 are .* Near BU03630009 is BU03630001\. Of municipality",
        ),
        (
            [f"BU0344{i:04d}" for i in range(400, 412)],
            r"12 codes are not there: .*BU03440409 and 2 more\. Near",
        ),
    ],
)
def test_unknown_codes_are_explained_by_those_of_their_municipality_and_the_year(wanted, hint):
    of_2024 = coded(2024)
    for ask in (of_2024.select, lambda codes: of_2024.merged({"One": codes}), of_2024.at("area").select):
        with pytest.raises(lr.UsageError, match=f"{hint}.*borders of 2024"):
            ask(wanted)


def test_the_year_of_the_borders_is_passed_on_and_its_lack_is_told():
    assert coded(2024).merged({"One": DUTCH[:2]}).border_year == 2024
    with pytest.raises(
        lr.UsageError, match=r"which year these are of is not known: state it with border_year="
    ):
        coded().select(["BU03440311"])
    given = codes().assign_attrs(border_year=2023)
    assert lr.Areas.from_codes(given).border_year == 2023
    for make, year in (({}, 2023), ({"border_year": 2022}, 2022)):
        with pytest.raises(lr.UsageError, match=f"borders of {year}"):
            lr.Areas.from_codes(given, {"West": ["BU09"]}, **make)


@pytest.mark.parametrize("wrong", [["BU01", "BU02"], None, "BU01"])
def test_codes_that_are_no_field_are_refused(wrong):
    with pytest.raises(
        lr.UsageError, match=f"codes is a {type(wrong).__name__}; it must be a DataArray of codes"
    ):
        lr.Areas.from_codes(wrong)


def test_overlaps_and_empty_areas_are_counted():
    frame = geopandas.GeoDataFrame(
        {"code": ["A", "B", "Z"]},
        geometry=[shapely.box(0, 0, 300, 300), shapely.box(200, 200, 400, 400), shapely.box(9000, 0, 9100, 100)],
        crs="EPSG:28992",
    )  # fmt: skip
    drawn = lr.Areas.from_geopandas(frame, code="code")
    with (
        pytest.warns(OverlapWarning, match="1 cells lie in two areas; the area whose code comes first"),
        pytest.warns(EmptyAreaWarning, match="1 of 3 areas hold no cell, and nothing is known of them: Z"),
    ):
        labels, held = labels_of(placed(drawn, GRID, np.arange(36)))
    assert labels.reshape(6, 6)[3, 2] == 1
    assert held.tolist() == [0, 1]


def test_repaired_polygons_are_counted():
    bow_tie = shapely.Polygon([(0, 0), (300, 300), (300, 0), (0, 300)])
    frame = geopandas.GeoDataFrame({"code": ["A"]}, geometry=[bow_tie], crs="EPSG:28992")
    with pytest.warns(RepairedAreaWarning, match="1 areas had invalid rings"):
        placed(lr.Areas.from_geopandas(frame, code="code"), GRID, np.arange(36))
