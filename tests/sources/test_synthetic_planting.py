"""What is planted in the demonstration country is what its truth says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree

import leefraster as lr
from leefraster.sources import synthetic
from leefraster.sources.synthetic.window import Discs

CUT = 4.102 - 0.1640  # level: upper cut of class 4 in 2024
CLASS = 0.1175  # level: width of class 4


@pytest.fixture(scope="module", params=[0, 2])
def full(request):
    return synthetic.country(seed=request.param)


def courses(country, labels) -> np.ndarray:
    """Return the dwelling-weighted mean level (label, year) of labels 1 and up."""
    weight = country.scores["dwellings"].values
    size = np.bincount(labels, weights=weight)
    levels = country.scores["level"].values.astype(float)
    return np.stack([(np.bincount(labels, weights=level * weight) / size)[1:] for level in levels], axis=1)


def parts(country, mask) -> int:
    """Return the number of connected parts (corners count) of a set of cells."""
    grid = lr.Grid.netherlands()
    rows, columns = grid.row_column_from_cell(country.scores["cell"].values[mask])
    plane = np.zeros((np.ptp(rows) + 1, np.ptp(columns) + 1), dtype=bool)
    plane[rows - rows.min(), columns - columns.min()] = True
    return ndimage.label(plane, np.ones((3, 3)))[1]


def weak_years(country) -> np.ndarray:
    """Return in which years (year, cell) the mean of 250 m lies in class 4 or lower, the slow and plain way."""
    scores = country.scores
    place = np.stack([scores["x"].values, scores["y"].values], axis=1)
    pairs = cKDTree(place).query_pairs(250.0, output_type="ndarray")
    weight, years = scores["dwellings"].values, []
    for level in scores["level"].values.astype(float):
        above, below = level * weight, weight.copy()
        top, low = above.copy(), below.copy()
        for a, b in ((0, 1), (1, 0)):
            top += np.bincount(pairs[:, a], weights=above[pairs[:, b]], minlength=weight.size)
            low += np.bincount(pairs[:, a], weights=below[pairs[:, b]], minlength=weight.size)
        years.append(top / low <= CUT)
    return np.array(years)


def naive_rule(country) -> np.ndarray:
    """Return which cells are structurally weak."""
    under = weak_years(country)
    return (under.sum(axis=0) >= 7) & under[-1] & under[-2]


def in_large_parts(country, mask, smallest=250.0) -> np.ndarray:
    """Keep of a set of cells the parts, gaps of 200 m bridged, that have enough dwellings."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    chosen, weight = np.flatnonzero(mask), country.scores["dwellings"].values
    place = np.stack([country.scores["x"].values, country.scores["y"].values], axis=1)[chosen]
    pairs = cKDTree(place).query_pairs(300.0, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(chosen.size, chosen.size))
    part = connected_components(links, directed=False)[1]
    kept = np.zeros(mask.size, dtype=bool)
    kept[chosen] = np.bincount(part, weights=weight[chosen])[part] >= smallest
    return kept


def test_twenty_clusters_are_planted_apart_within_towns_and_in_one_piece(full):
    labels, weight = full.planted.values, full.scores["dwellings"].values
    sizes = np.bincount(labels, weights=weight)[1:]
    assert sizes.size == 20
    assert (sizes >= 380).all()
    assert (sizes <= 6_500).all()
    assert sizes.max() > 3 * sizes.min()
    assert all(parts(full, labels == label) == 1 for label in range(1, 21))
    assert (full.scores["urbanity"].values[labels > 0] <= 3).mean() > 0.8


def test_of_the_people_round_every_planted_cell_nearly_half_live_in_its_place(full):
    place = np.stack([full.scores["x"].values, full.scores["y"].values], axis=1)
    labels, weight = full.planted.values, full.scores["dwellings"].values
    tree = cKDTree(place)
    for cell in np.flatnonzero(labels):
        near = tree.query_ball_point(place[cell], 250.0)
        own = labels[near] == labels[cell]
        assert weight[near][own].sum() >= 0.45 * weight[near].sum()


def test_planted_clusters_lie_a_class_below_the_cut_in_every_year(full):
    best = courses(full, full.planted.values).max(axis=1)
    assert (best <= CUT - CLASS).all()
    np.testing.assert_allclose(best, CUT - 0.15, atol=1e-5)


def test_most_dwellings_of_planted_clusters_are_weak_themselves(full):
    weak = full.scores["level"].values <= CUT
    inside, weight = full.planted.values > 0, full.scores["dwellings"].values
    assert (weak[:, inside] * weight[inside]).sum() / (9 * weight[inside].sum()) > 0.95


def test_nuisance_and_housing_pull_most(full):
    inside = full.planted.values > 0
    now = full.scores["score"].isel(year=-1)
    urban = (full.scores["urbanity"].values <= 2) & ~inside
    gap = now.values[:, inside].mean(axis=1) - now.values[:, urban].mean(axis=1)
    order = [now["dimension"].values[i] for i in np.argsort(gap)]
    assert set(order[:2]) == {"onv", "won"}


def test_clusters_take_different_courses(full):
    reference = full.scores["reference"].values
    slopes = np.polyfit(full.scores["year"].values, (courses(full, full.planted.values) - reference).T, 1)[0]
    assert (slopes > 0.0015).any()
    assert (slopes < -0.0015).any()


def test_plain_rule_finds_the_planted_and_little_else(full):
    found = in_large_parts(full, naive_rule(full))
    good = lr.classify(full.scores["level"].isel(year=-1)).values >= 6
    found &= ~good
    weight, inside = full.scores["dwellings"].values, full.planted.values > 0
    assert weight[found & inside].sum() / weight[inside].sum() >= 0.95
    around = cKDTree(np.stack([full.scores["x"].values, full.scores["y"].values], axis=1)[inside])
    place = np.stack([full.scores["x"].values, full.scores["y"].values], axis=1)
    away = around.query(place)[0] > 600
    assert not (found & away).any()
    assert weight[found & ~inside].sum() / weight[found].sum() < 0.05


@pytest.mark.parametrize("seed", [8, 100])
def test_nature_leaves_no_neighbourhood_weak_for_seven_years(seed):
    country = synthetic.country(seed, cells=60_000, n_planted=0)
    place = np.stack([country.scores["x"].values, country.scores["y"].values], axis=1)
    decoys = cKDTree(place[country.decoys.values > 0])
    away = decoys.query(place)[0] > 900
    assert away.mean() > 0.9
    weak = weak_years(country)[:, away]
    assert weak.sum(axis=0).max() in (5, 6)  # some come near: they look like clusters, and are none
    assert lr.structural_clusters(country.scores).table.empty


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([100.0, 150.0, 250.0]))
def test_the_largest_value_nearby_is_that_of_a_loop(seed, radius):
    random, grid = np.random.default_rng(seed), lr.Grid(0, 1200, 12, 12)
    cells = np.flatnonzero(random.random(144) < 0.7)
    values = np.where(random.random(cells.size) < 0.2, random.random(cells.size), 0.0)
    rows, columns = grid.row_column_from_cell(cells)
    away = 100 * np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    wanted = [values[near].max() for near in away <= radius]
    assert Discs(grid, cells).largest(values, radius).tolist() == wanted


@pytest.mark.parametrize("gap", [0.03, 0.1175])
def test_gap_and_size_of_plantings_come_by_argument(gap):
    country = synthetic.country(3, cells=60_000, n_planted=5, planted_gap=gap, planted_dwellings=(150, 300))
    sizes = np.bincount(country.planted.values, weights=country.scores["dwellings"].values)[1:]
    assert sizes.size == 5
    assert (sizes > 120).all()
    assert (sizes < 480).all()
    np.testing.assert_allclose(courses(country, country.planted.values).max(axis=1), CUT - gap, atol=1e-5)


@pytest.mark.parametrize("years", [1, 6])
def test_clusters_are_weak_in_the_latest_years_only_where_asked(years):
    country = synthetic.country(3, cells=20_000, n_planted=3, planted_gap=0.1, planted_years=years)
    found = courses(country, country.planted.values)
    assert (found[:, :-years] > CUT + 0.05).all()
    np.testing.assert_allclose(found[:, -years:].max(axis=1), CUT - 0.1, atol=1e-5)


def test_no_clusters_on_request():
    country = synthetic.country(3, cells=6_000, n_planted=0)
    assert country.planted.values.max() == 0
    assert len(country.focus_areas) == 0
    assert country.focus_areas.crs.to_epsg() == 28992


def test_decoys_are_of_four_kinds_and_apart_from_the_clusters(full):
    kinds = full.decoy_table["kind"].value_counts()
    assert set(kinds.index) == {"transient", "recovered", "business park", "cold but satisfactory"}
    assert (kinds >= 8).all()
    assert full.decoy_table["label"].tolist() == list(range(1, len(full.decoy_table) + 1))
    assert not ((full.decoys.values > 0) & (full.planted.values > 0)).any()


def test_decoys_are_what_their_kind_says(full):
    level, weight = courses(full, full.decoys.values), full.scores["dwellings"].values
    sizes = np.bincount(full.decoys.values, weights=weight)[1:]
    classes = np.stack([lr.classify(full.scores["level"].isel(year=y)).values for y in (0, -1)])
    for label, kind in zip(full.decoy_table["label"], full.decoy_table["kind"], strict=True):
        course, weak = level[label - 1], level[label - 1] <= CUT
        cells = full.decoys.values == label
        if kind == "transient":
            assert weak.sum() in (3, 4)
        elif kind == "recovered":
            assert weak.sum() in (6, 7)
            assert not weak[-2:].any()
        elif kind == "business park":
            assert weak.all()
            assert sizes[label - 1] < 250
            assert (course < 3.85).all()
        else:
            assert not weak.any()
            assert (course < CUT + 0.0875 + 0.0865).all()  # class 5 or 6
            share = weight[cells & (classes[-1] >= 5)].sum() / weight[cells].sum()
            assert share > 0.85


def test_cold_places_lie_well_below_their_surroundings(full):
    place = np.stack([full.scores["x"].values, full.scores["y"].values], axis=1)
    total, weight = full.scores["total"].values[-1].astype(float), full.scores["dwellings"].values
    for label in full.decoy_table.loc[full.decoy_table["kind"] == "cold but satisfactory", "label"]:
        inside = full.decoys.values == label
        away = cKDTree(place[inside]).query(place, distance_upper_bound=450)[0]
        rim = ~inside & np.isfinite(away)
        assert (
            np.average(total[rim], weights=weight[rim])
            > np.average(total[inside], weights=weight[inside]) + 0.08
        )
