"""The grid: codes, ids, rows and columns, coordinates, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, UsageError

GRID = lr.Grid.netherlands()
CELL_IDS = st.integers(0, GRID.size - 1)
ids = st.lists(CELL_IDS, min_size=1, max_size=24)


@st.composite
def grids(draw):
    west, north = draw(st.integers(0, 900)), draw(st.integers(2000, 9000))
    nx, ny = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    cell = draw(st.sampled_from([100.0, 200.0, 500.0, 1000.0]))
    return lr.Grid(west * cell, north * cell, nx, ny, cell)


@settings(max_examples=100, deadline=None)
@given(ids)
def test_codes_go_to_ids_and_back(cells):
    codes = GRID.code_from_cell(cells)
    np.testing.assert_array_equal(GRID.cell_from_code(codes), cells)
    for code, cell in zip(codes.tolist(), cells, strict=True):
        row, column = divmod(cell, 3000)
        assert code == f"E{column:04d}N{6300 - row - 1:04d}"


@settings(max_examples=100, deadline=None)
@given(grids(), st.data())
def test_rows_columns_centres_and_codes_of_any_grid_go_to_ids_and_back(grid, data):
    cells = np.array(data.draw(st.lists(st.integers(0, grid.size - 1), min_size=1, max_size=20)))
    row, column = grid.row_column_from_cell(cells)
    np.testing.assert_array_equal(row * grid.nx + column, cells)
    np.testing.assert_array_equal(grid.cell_from_row_column(row, column), cells)
    x, y = grid.xy_from_cell(cells)
    np.testing.assert_array_equal(grid.cell_from_xy(x, y, position="centre"), cells)
    np.testing.assert_array_equal(x, grid.x[column])
    np.testing.assert_array_equal(y, grid.y[row])
    half = grid.cell / 2
    np.testing.assert_array_equal(grid.cell_from_xy(x - half, y - half, position="corner"), cells)
    np.testing.assert_array_equal(grid.cell_from_code(grid.code_from_cell(cells)), cells)


@settings(max_examples=100, deadline=None)
@given(CELL_IDS, st.floats(0, 99.99), st.floats(0, 99.99))
def test_any_point_of_a_cell_lies_inside_it(cell, right, up):
    x, y = GRID.xy_from_cell([cell])
    assert GRID.cell_from_xy(x - 50 + right, y - 50 + up).tolist() == [cell]


@settings(max_examples=100, deadline=None)
@given(
    CELL_IDS,
    st.sampled_from(["", "CRS28992RES100m", "CRS28992RES100M_", "c28992r100"]),
    st.sampled_from([str.lower, str.upper]),
    st.sampled_from(["", " ", "\t "]),
)
def test_prefix_case_and_blanks_do_not_matter(cell, prefix, case, blank):
    code = blank + case(prefix + str(GRID.code_from_cell([cell])[0])) + blank
    assert GRID.cell_from_code([code]).tolist() == [cell]
    assert GRID.cell_from_code(np.array([code], dtype=object)).tolist() == [cell]


def test_tidy_and_untidy_codes_may_be_mixed_and_keep_their_order():
    codes = ["E0974N4514", " e0000n3000", "E2999N6299", "CRS28992RES100mE0975N4514"]
    assert GRID.cell_from_code(codes).tolist() == [5355974, 3299 * 3000, 2999, 5355975]


def test_corners_of_the_country_and_the_published_example():
    assert GRID.cell_from_code(["E0000N6299", "E2999N3000"]).tolist() == [0, GRID.size - 1]
    assert GRID.xy_from_cell(GRID.cell_from_code(["E0974N4514"])) == (97_450.0, 451_450.0)
    assert GRID.code_from_cell([]).tolist() == []
    assert GRID.cell_from_code([]).size == 0
    assert GRID.bounds == (0.0, 300_000.0, 300_000.0, 630_000.0)
    assert (GRID.shape, GRID.crs) == ((3300, 3000), "EPSG:28992")


@pytest.mark.parametrize(
    "bad",
    [
        "", "nan", "E974N4514", "E0974-N4514", "N4514E0974", "E0974N45140X", "EO974N4514", "E 974N4514",
        "97450,451450", "E0974N4514E0974N4514", "E²974N4514",
    ],
)  # fmt: skip
def test_malformed_codes_are_refused_with_count_and_example(bad):
    with pytest.raises(
        InputError, match=r"scores.csv: 1 of 3 cell codes are not of the form E0974N4514"
    ) as e:
        GRID.cell_from_code(["E0974N4514", bad, "E0975N4514"], source="scores.csv")
    assert f"first: {bad!r}" in str(e.value)


def test_at_most_five_examples_are_shown():
    with pytest.raises(InputError, match="7 of 7 cell codes") as e:
        GRID.cell_from_code([f"bad{i}" for i in range(7)])
    assert "'bad4'" in str(e.value)
    assert "'bad5'" not in str(e.value)


@pytest.mark.parametrize("code", ["E3000N4514", "E0974N6300", "E0974N2999", "E9999N9999"])
def test_codes_outside_the_grid_are_refused_with_count_examples_and_extent(code):
    message = r"1 of 2 cell codes lie outside the grid \(easting 0-300 km, northing 300-630 km\)"
    with pytest.raises(InputError, match=message) as e:
        GRID.cell_from_code(["E0974N4514", code])
    assert repr(code) in str(e.value)
    assert GRID.codes_inside(["E0974N4514", code]).tolist() == [True, False]


@pytest.mark.parametrize("code", ["E0000N3000", "E2999N6299", "E0000N6299", "E2999N3000"])
def test_codes_on_the_rim_are_inside(code):
    assert GRID.codes_inside([code]).tolist() == [True]


def test_codes_off_the_lattice_are_refused():
    grid = lr.Grid.netherlands(cell=500)
    assert grid.cell_from_code(["E0975N4515"]).tolist() == [(1260 - 903 - 1) * 600 + 195]
    with pytest.raises(InputError, match=r"1 of 2 cell codes are no corners of 500 m cells.*'E0974N4515'"):
        grid.cell_from_code(["E0975N4515", "E0974N4515"])


def test_codes_of_another_resolution_or_crs_are_refused():
    with pytest.raises(InputError, match="is of 500 m cells, the grid has 100 m cells"):
        GRID.cell_from_code(["E0974N4514", "CRS28992RES500mE0975N4515"])
    with pytest.raises(InputError, match="is of EPSG:3035, the grid is of EPSG:28992"):
        GRID.cell_from_code(["CRS3035RES100mE0975N4515"])
    unnamed = lr.Grid(0, 630_000, 3000, 3300)
    assert unnamed.cell_from_code(["CRS3035RES100mE0974N4514"]).tolist() == [5355974]


def coarse(n):
    return [f"E{500 + 5 * i:04d}N{4000 + 5 * (i % 9):04d}" for i in range(n)]


def test_bare_codes_of_500_m_squares_and_mixtures_are_refused():
    with pytest.raises(InputError, match="100% of 25 codes are corners of 500 m squares"):
        GRID.cell_from_code(coarse(25))
    fine = [f"E{600 + i:04d}N4001" for i in range(20)]
    with pytest.raises(InputError, match=r"60% of 50 codes .* resolutions mixed"):
        GRID.cell_from_code([*coarse(30), *fine])
    assert GRID.cell_from_code(coarse(24)).size == 24
    assert GRID.cell_from_code([*coarse(20), *fine, *fine]).size == 60


def test_points_on_edges_belong_to_the_north_and_east():
    grid = lr.Grid(0, 300, 3, 3)
    points = [(0.0, 0.0), (100.0, 100.0), (299.9, 299.9), (100.0, 50.0), (50.0, 100.0)]
    x, y = np.array(points).T
    assert grid.cell_from_xy(x, y).tolist() == [6, 4, 2, 7, 3]


@pytest.mark.parametrize("point", [(300.0, 50.0), (50.0, 300.0), (-0.1, 50.0), (50.0, -0.1)])
def test_north_and_east_edge_are_outside_west_and_south_edge_inside(point):
    grid = lr.Grid(0, 300, 3, 3)
    assert not grid.contains_xy(*point)
    assert grid.contains_xy(0.0, 0.0)
    with pytest.raises(InputError, match=r"1 of 1 points lie outside the grid .*; first: \("):
        grid.cell_from_xy([point[0]], [point[1]])


def test_corners_that_float_arithmetic_moved_by_a_hair_stay_in_their_cell():
    grid = lr.Grid(0, 1, 10, 10, cell=0.1)
    steps = np.arange(10) * 0.1  # 0.30000000000000004, 0.6000000000000001, ...
    assert grid.cell_from_xy(steps, np.zeros(10)).tolist() == list(range(90, 100))
    assert grid.cell_from_xy(np.zeros(10), steps).tolist() == list(range(90, -1, -10))


def test_centres_given_for_corners_are_refused_with_count_and_offset():
    x, y = GRID.xy_from_cell([5355974, 5355975, 100])
    with pytest.raises(InputError) as e:
        GRID.cell_from_xy(x, y, position="corner", source="raster.csv")
    assert "raster.csv: 3 of 3 points are not the corner of a 100 m cell" in str(e.value)
    assert "-50.0" in str(e.value)
    assert "position = 'centre'" in str(e.value)
    with pytest.raises(InputError, match=r"2 of 3 points are not the centre .*position = 'corner'"):
        GRID.cell_from_xy(x - [0, 50, 50], y - [0, 50, 50], position="centre")


def test_a_point_off_by_a_tenth_of_a_cell_is_reported_with_its_sign():
    with pytest.raises(InputError, match=r"is off by \(\+10.0, -20.0\) m"):
        GRID.cell_from_xy([97_460.0], [451_430.0], position="centre")


def test_points_without_coordinates_and_unknown_positions_are_refused():
    with pytest.raises(InputError, match="points: 2 of 3 points lack a finite x or y"):
        GRID.cell_from_xy([1.0, np.nan, 3.0], [1.0, 2.0, np.inf])
    with pytest.raises(UsageError, match="position is 'middle'; allowed are 'inside', 'centre', 'corner'"):
        GRID.cell_from_xy([1.0], [1.0], position="middle")


def test_ids_rows_and_columns_outside_are_refused():
    grid = lr.Grid(0, 300, 3, 2)
    for cells in ([-1], [6], [0, 99]):
        with pytest.raises(InputError, match="the grid has 0 to 5"):
            grid.row_column_from_cell(cells)
    for row, column in ((2, 0), (-1, 0), (0, 3), (0, -1)):
        with pytest.raises(InputError, match="1 cells lie outside the grid of 2 x 3"):
            grid.cell_from_row_column(row, column)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)), min_size=1, max_size=9),
    st.sampled_from([25.0, 100.0, 250.0]),
)
def test_covering_is_the_smallest_aligned_grid(points, cell):
    x, y = np.array(points, dtype=float).T
    grid = lr.Grid.covering(x, y, cell, 3035)
    west, south, east, north = grid.bounds
    assert grid.contains_xy(x, y).all()
    assert west % cell == south % cell == 0
    assert x.min() < west + cell
    assert y.min() < south + cell
    assert x.max() >= east - cell
    assert y.max() >= north - cell
    assert grid.crs == "EPSG:3035"
    row, column = grid.row_column_from_cell(grid.cell_from_xy(x, y))
    assert {row.min(), row.max(), column.min(), column.max()} >= {0, grid.ny - 1, grid.nx - 1}


def test_covering_refuses_no_points_and_missing_coordinates():
    with pytest.raises(InputError, match="equal length, got 0 and 0"):
        lr.Grid.covering([], [])
    with pytest.raises(InputError, match="equal length, got 2 and 1"):
        lr.Grid.covering([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="must be finite"):
        lr.Grid.covering([1.0, np.nan], [1.0, 2.0])


def test_a_grid_is_a_value():
    same = lr.Grid(0, 630_000, 3000, 3300, 100, 28992)
    assert same == GRID
    assert hash(same) == hash(GRID)
    assert {GRID: "here"}[same] == "here"
    assert lr.Grid(0, 630_000, 3000, 3300, 100) != GRID
    with pytest.raises(AttributeError):
        GRID.nx = 5
    assert eval(repr(GRID), {"Grid": lr.Grid}) == GRID


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nx": 0}, "nx is 0, it must be at least 1"),
        ({"ny": -3}, "ny is -3, it must be at least 1"),
        ({"cell": 0.0}, "cell is 0.0, it must be positive"),
        ({"cell": -100.0}, "cell is -100.0, it must be positive"),
        ({"x_min": np.nan}, "x_min is nan, it must be finite"),
        ({"y_max": np.inf}, "y_max is inf, it must be finite"),
    ],
)
def test_sizes_and_edges_are_checked(change, message):
    with pytest.raises(UsageError, match=message):
        lr.Grid(**{"x_min": 0, "y_max": 300, "nx": 3, "ny": 3} | change)


def test_many_codes_take_the_vectorised_road():
    cells = np.arange(0, GRID.size, 37)
    np.testing.assert_array_equal(GRID.cell_from_code(GRID.code_from_cell(cells)), cells)


def test_five_figure_codes_of_wider_grids_go_back_and_forth():
    grid = lr.Grid(4_000_000, 3_600_000, 300, 400, crs=3035)
    cells = np.array([0, 299, 119_999])
    assert grid.code_from_cell(cells[:1]).tolist() == ["E40000N35999"]
    np.testing.assert_array_equal(grid.cell_from_code(grid.code_from_cell(cells)), cells)
