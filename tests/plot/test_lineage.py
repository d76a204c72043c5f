"""The flow of clusters shows what was tracked: bars and bands as thick as they should be, events marked."""

import sys
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.plot.lineage import COLOURS, SIGNS
from leefraster.plot.lineage_layout import flow_of

YEARS = [2008, 2012, 2014, 2018, 2020, 2024]
ROWS = (
    "1111111100" "2222200000" "3333330000" "0000000000" "5555000000",
    "1111111111" "2222222000" "3333333000" "0000000000" "5550000000",
    "1111444411" "2222222000" "2222233300" "0000000000" "0000000000",
    "1111044440" "2222222000" "2222200000" "0066600000" "0000000000",
    "1111044440" "2222222000" "2222000000" "0666666000" "0000000000",
    "1110044440" "2222222000" "2220000000" "6666666600" "0007700000",
)  # fmt: skip


def tracked(rows=ROWS, weight=120.0):
    data = np.array([[int(one) for one in row] for row in rows])
    coords = {"year": YEARS[: len(rows)], "cell": np.arange(data.shape[1])}
    labels = xr.DataArray(data, dims=("year", "cell"), coords=coords)
    dwellings = xr.DataArray(np.full(data.shape[1], weight), dims="cell", coords={"cell": coords["cell"]})
    return lr.track_clusters(labels, dwellings)


def shapes(axes, name):
    """Return outline and colour of each shape of a kind."""
    found = next(one for one in axes.collections if one.get_label() == name)
    return [
        (path.vertices[:-1], to_hex(face))
        for path, face in zip(found.get_paths(), found.get_facecolor(), strict=True)
    ]


def height(outline, x):
    at = outline[np.isclose(outline[:, 0], x)][:, 1]
    return at.max() - at.min()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=12, max_size=12), min_size=2, max_size=5), st.integers(0, 9)
)
def test_layout_keeps_sizes_and_never_lays_two_bars_or_bands_over_each_other(rows, seed):
    data = np.array(rows)
    years = YEARS[: len(rows)]
    weight = xr.DataArray(
        np.random.default_rng(seed).integers(1, 9, 12).astype(float), dims="cell", coords={"cell": range(12)}
    )
    labels = xr.DataArray(data, dims=("year", "cell"), coords={"year": years, "cell": range(12)})
    tracks = lr.track_clusters(labels, weight)
    flow = flow_of(tracks, "dwellings")
    assert len(flow.bars) == len(tracks.table)
    for _, row in tracks.table.iterrows():
        bar = flow.bars[row["year"], row["cluster"]]
        assert (bar.size, bar.event, bar.lineage) == (row["dwellings"], row["event"], row["lineage"])
        assert bar.centre - bar.size / 2 >= -1e-9
        assert bar.centre + bar.size / 2 <= flow.height + 1e-9
        ends = tracks.links[
            (tracks.links["from_year"] == row["year"]) & (tracks.links["from_cluster"] == row["cluster"])
        ]
        assert bar.leaving == pytest.approx(ends["dwellings"].sum())
    for year in years:
        spans = sorted(
            (b.centre - b.size / 2, b.centre + b.size / 2) for b in flow.bars.values() if b.year == year
        )
        assert all(high <= low + 1e-9 for (_, high), (low, _) in pairwise(spans))
    assert sorted(band.size for band in flow.bands) == sorted(tracks.links["dwellings"])
    for end, side in (("start", "source"), ("end", "target")):
        for place, bar in flow.bars.items():
            spans = sorted(
                (getattr(band, end) - band.size / 2, getattr(band, end) + band.size / 2)
                for band in flow.bands
                if getattr(band, side) == place
            )
            assert all(high <= low + 1e-9 for (_, high), (low, _) in pairwise(spans))
            if spans:
                assert bar.centre - bar.size / 2 <= spans[0][0] + 1e-9
                assert spans[-1][1] <= bar.centre + bar.size / 2 + 1e-9


def test_a_lineage_keeps_its_height_and_lineages_that_met_lie_together():
    tracks = tracked()
    flow = flow_of(tracks, "dwellings")
    for one in {bar.lineage for bar in flow.bars.values()}:
        assert len({bar.centre for bar in flow.bars.values() if bar.lineage == one}) == 1
    centre = {bar.lineage: bar.centre for bar in flow.bars.values()}
    first, second = {centre[one] for one in (1, 4)}, {centre[one] for one in (2, 8, 10)}
    assert max(first) < min(second) or max(second) < min(first)


def test_bands_at_one_bar_do_not_cross():
    tracks = tracked(("11111222220000", "33114444555500", "66666666666600"))
    flow = flow_of(tracks, "cells")
    assert len(flow.bands) >= 6
    for one in flow.bands:
        for other in flow.bands:
            if one.source == other.source and one.end < other.end:
                assert one.start < other.start
            if one.target == other.target and one.start < other.start:
                assert one.end < other.end


def test_lineages_that_never_meet_in_time_share_a_height():
    tracks = tracked(("110022", "000022", "001122"))
    flow = flow_of(tracks, "cells")
    assert flow.bars[2008, 1].centre == flow.bars[2014, 1].centre != flow.bars[2014, 2].centre
    soon = tracked(("110022", "001122", "001122"))
    flow = flow_of(soon, "cells")
    assert flow.bars[2008, 1].centre != flow.bars[2014, 1].centre


def test_what_ends_before_a_last_year_without_clusters_has_ended():
    axes = lr.plot.lineage(tracked(("110", "110", "000")))
    assert [text.get_text() for text in axes.get_legend().get_texts()][-1] == "ended (1)"
    assert [int(label.get_text()) for label in axes.get_xticklabels()] == YEARS[:3]
    assert [colour for _, colour in shapes(axes, "wedges")] == [COLOURS["ended"]]


@pytest.mark.parametrize("size", ["dwellings", "cells"])
def test_bars_and_bands_are_as_thick_as_what_they_stand_for(size, tmp_path):
    tracks = tracked()
    axes = lr.plot.lineage(tracks, size=size)
    bars = shapes(axes, "bars")
    assert len(bars) == len(tracks.table)
    for (outline, colour), (_, row) in zip(bars, tracks.table.iterrows(), strict=True):
        assert np.ptp(outline[:, 1]) == pytest.approx(row[size])
        assert outline[:, 0].mean() == pytest.approx(row["year"])
        assert colour == COLOURS[row["event"]]
    bands = shapes(axes, "bands")
    ends = [
        (height(outline, outline[:, 0].min()), height(outline, outline[:, 0].max())) for outline, _ in bands
    ]
    assert all(left == pytest.approx(right) for left, right in ends)
    np.testing.assert_allclose(sorted(left for left, _ in ends), sorted(tracks.links[size]))
    path = tmp_path / "flow.png"
    axes.figure.savefig(path)
    assert path.stat().st_size > 5000


def test_wedges_are_what_was_gained_and_lost():
    tracks = tracked()
    drawn = shapes(lr.plot.lineage(tracks), "wedges")
    table, links = tracks.table, tracks.links
    gained = dict.fromkeys(COLOURS.values(), 0.0)
    for outline, colour in drawn:
        gained[colour] += np.ptp(outline[np.isclose(outline[:, 0], np.median(outline[:, 0]))][:, 1])
    arrived = links.groupby("to_year")["dwellings"].sum()
    left = links.groupby("from_year")["dwellings"].sum()
    whole = table.groupby("year")["dwellings"].sum()
    assert (
        gained[COLOURS["born"]]
        == table[(table["event"] == "born") & (table["year"] > 2008)]["dwellings"].sum()
    )
    assert gained[COLOURS["ended"]] == table[table["ends"]]["dwellings"].sum()
    more = sum(whole[year] - arrived[year] for year in YEARS[1:])
    less = sum(whole[year] - left[year] for year in YEARS[:-1])
    assert gained[COLOURS["born"]] + gained[COLOURS["grown"]] == pytest.approx(more)
    assert gained[COLOURS["ended"]] + gained[COLOURS["shrunk"]] == pytest.approx(less)


@pytest.mark.parametrize("rows", [ROWS, ("110", "111"), ("1122334455", "1122330055")])
@pytest.mark.parametrize("weight", [1.0, 7.0, 120.0])
def test_the_measure_is_as_thick_as_it_says_and_below_everything(rows, weight):
    axes = lr.plot.lineage(tracked(rows, weight))
    line = next(one for one in axes.collections if one.get_label() == "measure").get_segments()[0]
    says = next(text.get_text() for text in axes.texts if text.get_text().endswith(" dwellings"))
    assert np.ptp(line[:, 1]) == pytest.approx(float(says.split()[0].replace(",", "")))
    assert line[:, 1].max() < min(outline[:, 1].min() for outline, _ in shapes(axes, "bars"))
    assert line[:, 1].min() >= axes.get_ylim()[0]


def test_events_have_signs_that_need_no_colour():
    axes = lr.plot.lineage(tracked())
    table = tracked().table
    for event, sign in SIGNS.items():
        line = next(one for one in axes.lines if one.get_label() == f"sign {event}")
        assert line.get_marker() == sign
        wanted = table[(table["event"] == event) & (table["year"] > 2008)]["year"]
        assert sorted(line.get_xdata()) == sorted(wanted)


@pytest.mark.parametrize(
    ("language", "title", "labels", "words"),
    [
        (
            "en", "Clusters through the years",
            ["present at start (4)", "born (2)", "grown (5)", "steady (6)", "shrunk (2)", "split off (4)",
             "merged (2)", "ended (2)"], ["cluster 2 (1,200)", "500 dwellings"],
        ),
        (
            "nl", "Clusters door de jaren",
            ["aanwezig bij het begin (4)", "ontstaan (2)", "gegroeid (5)", "gelijk gebleven (6)", "gekrompen (2)",
             "afgesplitst (4)", "samengevoegd (2)", "verdwenen (2)"], ["cluster 2 (1.200)", "500 woningen"],
        ),
    ],
)  # fmt: skip
def test_words_are_dutch_or_english_and_the_legend_counts(language, title, labels, words):
    axes = lr.plot.lineage(tracked(), language=language)
    assert axes.get_title(loc="left") == title
    assert [text.get_text() for text in axes.get_legend().get_texts()] == labels
    shown = [text.get_text() for text in axes.texts]
    assert all(word in shown for word in words)
    assert [int(label.get_text()) for label in axes.get_xticklabels()] == YEARS


def test_the_largest_are_named_and_their_bands_are_darker():
    axes = lr.plot.lineage(tracked(), largest=2, names={2: "Zuid"})
    named = [
        text.get_text() for text in axes.texts if "cluster" in text.get_text() or "Zuid" in text.get_text()
    ]
    assert named == ["cluster 1 (360)", "Zuid (1,200)"]
    assert len({colour for _, colour in shapes(axes, "bands")}) == 2
    bare = lr.plot.lineage(tracked(), largest=0)
    assert not [text for text in bare.texts if "cluster" in text.get_text()]


def test_sixty_clusters_fit_and_their_labels_do_not_overlap():
    rng = np.random.default_rng(0)
    sizes = np.sort(rng.integers(3, 60, 60))[::-1]
    first = np.repeat(np.arange(1, 61), sizes)
    second = np.where(rng.random(first.size) < 0.9, first, 0)
    labels = xr.DataArray(
        np.stack([first, second]), dims=("year", "cell"),
        coords={"year": [2020, 2024], "cell": np.arange(first.size)},
    )  # fmt: skip
    axes = lr.plot.lineage(lr.track_clusters(labels))
    axes.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in axes.texts if t.get_text().startswith("cluster")]
    assert len(boxes) == 8
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.x1 <= axes.figure.bbox.x1 and box.y1 <= axes.figure.bbox.y1 for box in boxes)


def test_clusters_without_dwellings_are_drawn_without_thickness():
    with pytest.warns(LeefrasterWarning, match="clusters have no dwellings and are linked to none"):
        axes = lr.plot.lineage(tracked(weight=0.0))
    axes.figure.canvas.draw()
    assert all(np.ptp(outline[:, 1]) == 0 for outline, _ in shapes(axes, "bars"))


def test_given_axes_are_drawn_on_and_pyplot_has_no_figure():
    axes = Figure().subplots()
    assert lr.plot.lineage(tracked(), ax=axes) is axes
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (
            lambda: lr.plot.lineage(tracked().table),
            UsageError,
            "tracks is a DataFrame; it must be what lr.track_cl",
        ),
        (
            lambda: lr.plot.lineage(tracked(), size="people"),
            UsageError,
            "size is 'people'; allowed are 'dwellings'",
        ),
        (
            lambda: lr.plot.lineage(tracked(), largest=-1),
            UsageError,
            "largest is -1; it must be a whole number",
        ),
        (lambda: lr.plot.lineage(tracked(), largest=True), UsageError, "largest is True"),
        (
            lambda: lr.plot.lineage(tracked(), language="de"),
            UsageError,
            "language is 'de'; allowed are 'en', 'nl'",
        ),
        (lambda: lr.plot.lineage(tracked(), ax="axes"), UsageError, "ax is a str"),
        (lambda: lr.plot.lineage(tracked(("110", "000"))), InputError, "clusters in fewer than two years"),
    ],
)
def test_what_is_refused(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
