"""Pictures: what a pixel shows, outlines, marks, axes and scales."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from leefraster.colours import (
    CLASSES,
    SPOTS,
    YES_NO,
    binned,
    class_codes,
    quadrant_codes,
    round_step,
    spot_codes,
    spread,
    step_for,
)
from leefraster.report import charts, maps
from leefraster.report.charts import Series
from leefraster.report.places import Cells, Points, Window
from leefraster.report.png import encode


def cells_of(mask: np.ndarray) -> Cells:
    rows, columns = np.nonzero(mask)
    return Cells(rows.astype(np.int64), columns.astype(np.int64), 100.0, 0.0, 10_000.0)


def luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("width", [1, 2, 7, 8])
@pytest.mark.parametrize("count", [2, 15, 16, 40])
def test_png_holds_the_codes(width: int, count: int) -> None:
    random = np.random.default_rng(width)
    palette = tuple(f"#{i:02x}{255 - i:02x}{i * 5 % 256:02x}" for i in range(count))
    codes = random.integers(0, count + 1, (5, width)).astype(np.uint8)
    seen = np.rint(imread(io.BytesIO(encode(codes, palette)), format="png") * 255).astype(int)
    for code, pixel in zip(codes.ravel().tolist(), seen.reshape(-1, 4), strict=True):
        if code == count:
            assert pixel[3] == 0
        else:
            assert pixel.tolist() == [code, 255 - code, code * 5 % 256, 255]


def naive_blocks(place: Cells, codes: np.ndarray, window: Window, size: int, rare: bool) -> np.ndarray:
    out = np.full((-(-window.rows // size), -(-window.columns // size)), maps.EMPTY, dtype=np.uint8)
    found: dict[tuple[int, int], list[int]] = {}
    for row, column, code in zip(place.rows, place.columns, codes, strict=True):
        key = ((row - window.row) // size, (column - window.column) // size)
        found.setdefault(key, []).append(int(code))
    for key, here in found.items():
        out[key] = max(here) if rare else min(set(here), key=lambda code: (-here.count(code), code))
    return out


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(0, 10_000), st.booleans())
def test_blocks_show_what_most_cells_have(height: int, width: int, size: int, seed: int, rare: bool) -> None:
    random = np.random.default_rng(seed)
    place = cells_of(random.random((height, width)) < 0.6)
    codes = random.integers(0, 4, place.rows.size).astype(np.uint8)
    window = place.window()
    blocks = maps.blocks(place, codes, window, size, rare=rare)
    np.testing.assert_array_equal(blocks, naive_blocks(place, codes, window, size, rare))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10_000))
def test_outline_is_as_long_as_the_border(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    place = cells_of(np.ones((height, width), dtype=bool))
    mask = random.random((height, width)) < 0.5
    path = maps.outline_path(place, mask.ravel(), place.window(), 10.0)
    length = sum(float(step) for step in re.findall(r"[hv]([\d.]+)", path))
    padded = np.pad(mask, 1).astype(int)
    border = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    assert length == border * 10


def test_close_up_keeps_the_cluster_in_the_middle() -> None:
    mask = np.ones((60, 80), dtype=bool)
    place = cells_of(mask)
    chosen = (place.rows >= 50) & (place.columns < 3)
    picture = maps.window_map(
        place, class_codes(np.full(place.rows.size, 4)), CLASSES, chosen, chosen, title="t"
    )
    assert picture.svg.count("<image") == 2
    assert 'stroke-linecap="round"' in picture.svg
    assert (
        "<script"
        not in maps.window_map(
            place, class_codes(np.full(place.rows.size, 4)), CLASSES, chosen, chosen, title='"><script>'
        ).svg
    )


def test_marks_are_pushed_apart_in_order() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [200.0, 5.0]])
    moved = maps.apart(points, 18.0)
    gaps = [np.hypot(*(moved[i] - moved[j])) for i in range(4) for j in range(i)]
    assert min(gaps) >= 17.9
    np.testing.assert_array_equal(moved[3], points[3])
    np.testing.assert_array_equal(maps.apart(points, 18.0), moved)


def test_points_without_place_are_left_out() -> None:
    place = Points(np.array([0.0, 1000.0, np.nan]), np.array([0.0, 500.0, 100.0]))
    picture = maps.draw(place, np.array([0, 1, 1], dtype=np.uint8), YES_NO, title="t", unit="")
    assert len(re.findall(r"h0", picture.svg)) == 2


def test_scale_bar_is_true() -> None:
    place = cells_of(np.ones((40, 60), dtype=bool))
    picture = maps.draw(place, np.zeros(2400, dtype=np.uint8), YES_NO, title="t", unit="", width=600)
    length = float(re.search(r"v6h([\d.]+)v-6", str(picture.svg))[1])
    assert "1 km" in picture.svg
    assert length == 100.0  # 60 cells of 100 m are 600 pixels wide


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 500), (900, 1)])
def test_odd_shapes_are_drawn(rows: int, columns: int) -> None:
    place = cells_of(np.ones((rows, columns), dtype=bool))
    picture = maps.draw(place, np.zeros(rows * columns, np.uint8), YES_NO, title="t", unit="", width=200)
    width, height = (float(n) for n in re.search(r'width="([\d.]+)" height="([\d.]+)"', picture.svg).groups())
    assert 10 < width <= 212
    assert 10 < height <= 280


def test_classes_and_spots_get_lighter_towards_the_middle() -> None:
    for colours, middle in ((CLASSES.colours, 4), (SPOTS.colours, 3)):
        lights = [luminance(colour) for colour in colours]
        assert np.all(np.diff(lights[: middle + 1]) > 0.02)
        assert np.all(np.diff(lights[middle:]) < -0.02)


def test_codes_of_classes_spots_and_quadrants() -> None:
    assert class_codes([1, 9, 0, 4]).tolist() == [0, 8, 9, 3]
    present = np.array([True, True, False])
    assert spot_codes([-3, 3, 0], present).tolist() == [0, 6, 7]
    assert quadrant_codes([0, 4, 1], present).tolist() == [0, 4, 5]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60),
    st.booleans(),
)
def test_bins_hold_every_value_and_have_labels(values: list[float], gaps: bool) -> None:
    given_values = np.array([*values, np.nan] if gaps else values)
    codes, scale = binned(given_values)
    assert len(scale.colours) == len(scale.labels)
    assert np.all(codes[np.isfinite(given_values)] < len(scale.colours))
    assert np.all(codes[np.isnan(given_values)] == len(scale.colours))
    order = np.argsort(given_values[: len(values)], kind="stable")
    assert np.all(np.diff(codes[: len(values)][order].astype(int)) >= 0)


def test_bins_of_signed_values_part_at_zero() -> None:
    codes, scale = binned(np.array([-1.0, -0.01, 0.0, 0.01, 1.0]))
    assert codes.tolist() == [0, 3, 4, 4, 7]
    assert scale.labels[3].endswith("to 0")
    assert binned(np.array([np.nan]))[1].colours == ()
    assert binned(np.full(9, 4.0))[1].labels == ("4",)


@pytest.mark.parametrize(
    ("size", "below", "above"), [(0.7, 0.5, 1.0), (1.0, 1.0, 1.0), (30, 25, 50), (2.4, 2.0, 2.5), (0, 1, 1)]
)
def test_round_steps(size: float, below: float, above: float) -> None:
    assert round_step(size) == pytest.approx(below)
    assert step_for(size) == pytest.approx(above)


def test_spread_takes_both_ends() -> None:
    assert spread(("a", "b", "c", "d"), 2) == ("a", "d")
    assert spread(("a", "b", "c"), 1) == ("b",)


@settings(deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_ticks_cover_the_range(low: float, size: float) -> None:
    ticks = charts.ticks_between(low, low + size)
    assert ticks[0] <= low + 1e-6 * size
    assert ticks[-1] >= low + size - 1e-6 * size
    assert 2 <= len(ticks) <= 8


@settings(deadline=None)
@given(st.lists(st.floats(0, 300), min_size=1, max_size=15))
def test_names_of_lines_do_not_overlap(heights: list[float]) -> None:
    placed = charts.spaced(sorted(heights), 15.0, 0.0, 300.0)
    assert np.all(np.diff(placed) >= 15.0 - 1e-9)
    assert placed[-1] <= 300.0


def test_lines_break_where_a_year_is_missing() -> None:
    series = [Series("a", [1.0, np.nan, 2.0, 3.0], "#000000")]
    picture = charts.lines([2000, 2001, 2002, 2005], series, title="t", unit="u")
    path = re.search(r'<path d="(M[^"]+)" fill="none" stroke="#000000"', str(picture.svg))[1]
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_years_stand_at_their_true_distance() -> None:
    series = [Series("a", [1.0, 1.0, 1.0], "#000000")]
    picture = charts.lines([2002, 2012, 2014], series, title="t", unit="u")
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', picture.svg)]
    assert (dots[1] - dots[0]) / (dots[2] - dots[1]) == pytest.approx(5.0, rel=1e-3)


def test_bars_print_values_and_say_where_there_is_none() -> None:
    picture = charts.bars(
        ["a", "b", "c"], [Series("s", [0.5, -0.25, np.nan], "#123456")], title="t", unit="u"
    )
    assert "0.500" in picture.svg
    assert "−0.250" in picture.svg
    assert "no value" in picture.svg
    assert picture.svg.count("<rect") == 2


def test_charts_of_nothing_and_of_constants() -> None:
    assert charts.limits([[np.nan]], False) == (0.0, 1.0)
    low, high = charts.limits([[4.0, 4.0]], False)
    assert low < 4.0 < high
    empty = charts.lines([2020, 2022], [Series("a", [np.nan, np.nan], "#000")], title="t", unit="")
    assert "<circle" not in empty.svg
