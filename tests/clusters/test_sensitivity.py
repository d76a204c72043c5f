"""Sensitivity of structural clusters: to errors of the scores and to moved thresholds."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.clusters.panel import panel_of
from leefraster.clusters.sensitivity import ScoreError, _Errors, reappears

GRID = lr.Grid(0.0, 4000.0, 40, 40, 100.0, "EPSG:28992")
YEARS = [2012, 2014, 2016, 2018, 2020, 2022, 2024]


def scores(deep=3.4, shallow=3.92):
    """Return a deep block of weak cells in the north-west, and one just below the cut (3.938) in the south-east."""
    level = np.full((7, 40, 40), 4.3)
    level[:, 2:12, 2:12] = deep
    level[:, 28:38, 28:38] = shallow
    return xr.Dataset(
        {"level": (("year", "cell"), level.reshape(7, -1)), "dwellings": ("cell", np.full(1600, 20.0))},
        coords={"year": YEARS, **cell_coordinates(GRID, np.arange(1600))},
    )


@pytest.fixture(scope="module")
def found():
    return lr.structural_sensitivity(scores(), error=ScoreError(size=0.08), recomputations=60)


def test_a_deep_cluster_comes_back_and_a_shallow_one_does_not(found):
    base = lr.structural_clusters(scores())
    assert found.clusters["cluster"].tolist() == sorted(base.table["cluster"])
    assert found.clusters["reappears"].iloc[0] == 1.0
    assert found.clusters["reappears"].iloc[1] < 0.5
    expected = base.table.set_index("cluster")["dwellings"].sort_index()
    assert found.clusters["dwellings"].tolist() == expected.tolist()


def test_the_threshold_that_a_cluster_hangs_on_is_named(found):
    assert found.clusters["hangs_on"].iloc[0] == ""
    assert "weak_level" in found.clusters["hangs_on"].iloc[1]
    lower = found.thresholds[found.thresholds["threshold"] == "weak_level"].iloc[0]
    assert (lower["clusters"], lower["lost"]) == (1, 1)
    fewer = lr.structural_clusters(scores(), lr.StructuralRule(minimum_dwellings=500.0))
    row = found.thresholds.query("threshold == 'minimum_dwellings' and value == 500.0").iloc[0]
    assert row["clusters"] == len(fewer.table)


@pytest.mark.parametrize(
    ("rule", "errors", "latest", "probabilities"),
    [
        (lr.StructuralRule(), None, [1, 3], []),
        (lr.StructuralRule(probability=0.9), 0.01, [1, 3], [0.7]),
        (lr.StructuralRule(latest_years=0), 0.06, [1], [0.7, 0.9]),
        (lr.StructuralRule(latest_years=7), None, [6], []),
    ],
)
def test_latest_years_and_probability_are_moved_where_they_can_be(rule, errors, latest, probabilities):
    data = scores()
    level = data["level"].values.reshape(7, 40, 40)
    level[:4, 2:12, 20:30] = level[6, 2:12, 20:30] = 3.4  # weak, but not in 2020 and 2022
    if errors is not None:
        data["level_error"] = xr.full_like(data["level"], errors)
    found = lr.structural_sensitivity(data, rule, recomputations=1).thresholds
    for name, values in (("latest_years", latest), ("probability", probabilities)):
        rows = found[found["threshold"] == name]
        assert rows["value"].tolist() == values
        for row in rows.to_dict("records"):
            kind = int if name == "latest_years" else float
            moved = lr.structural_clusters(
                data, dataclasses.replace(rule, **{name: kind(row["value"])})
            ).table
            assert (row["clusters"], row["dwellings"]) == (len(moved), moved["dwellings"].sum())


def test_a_radius_is_not_moved_below_a_cell():
    found = lr.structural_sensitivity(scores(), lr.StructuralRule(radius=150), recomputations=1).thresholds
    assert found.loc[found["threshold"] == "radius", "value"].tolist() == [300.0]


def test_a_cell_without_a_latest_level_has_no_share_of_being_weak():
    data = scores()
    data["level"][-1, [85, 900]] = np.nan
    weak = lr.structural_sensitivity(data, recomputations=2).cells["weak_share"]
    assert np.flatnonzero(weak.isnull()).tolist() == [85, 900]
    assert float(weak[86]) == 1.0


def test_cells_say_how_often_they_are_weak(found):
    weak = found.cells["weak_share"].values.reshape(40, 40)
    assert (weak[3:11, 3:11] == 1).all()
    assert (weak[15:25, 15:25] == 0).all()
    assert 0.2 < weak[28:38, 28:38].mean() < 0.9
    assert found.weak_dwellings == pytest.approx(weak.mean(), abs=1e-12)
    assert (found.cells["cluster_share"].values.reshape(40, 40)[5:9, 5:9] == 1).all()


def test_without_error_everything_comes_back():
    same = lr.structural_sensitivity(scores(), error=ScoreError(size=0.0), recomputations=3)
    assert same.clusters["reappears"].tolist() == [1.0, 1.0]
    assert set(np.unique(same.cells["weak_share"])) == {0.0, 1.0}


def test_a_seed_gives_the_same_and_another_another():
    one, again, other = (
        lr.structural_sensitivity(scores(), error=ScoreError(size=0.08), recomputations=8, seed=seed).cells[
            "weak_share"
        ]
        for seed in (1, 1, 2)
    )
    assert one.identical(again)
    assert not one.equals(other)


@pytest.mark.parametrize("persistence", [0.0, 0.7])
@pytest.mark.parametrize("spatial_range", [0.0, 300.0])
def test_errors_have_the_size_range_and_persistence_asked_for(persistence, spatial_range):
    panel = panel_of(scores())
    errors = _Errors(panel, ScoreError(0.05, spatial_range, persistence))
    draws = np.stack([errors.draw(0, i) for i in range(150)]).reshape(150, 7, 40, 40)
    assert draws.std(axis=0).mean() == pytest.approx(0.05, rel=0.02)
    assert abs(draws.mean()) < 0.002

    def correlation(a, b):
        return float((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))

    assert correlation(draws[:, 1:], draws[:, :-1]) == pytest.approx(persistence, abs=0.02)
    assert correlation(draws[:, 2:], draws[:, :-2]) == pytest.approx(persistence**2, abs=0.02)
    near = correlation(draws[..., 10:30, 10:30], draws[..., 10:30, 11:31])
    far = correlation(draws[..., 10:30, 5:25], draws[..., 10:30, 15:35])
    assert abs(far) < 0.03
    assert near == pytest.approx(22 / 29 if spatial_range else 0, abs=0.03)  # cells that two discs share


def test_unequal_years_lose_more_over_a_longer_gap():
    data = scores().isel(year=[0, 1, 6])  # 2012, 2014, 2024
    errors = _Errors(panel_of(data), ScoreError(0.05, 0.0, 0.7))
    draws = np.stack([errors.draw(3, i) for i in range(60)])
    steps = [np.corrcoef(draws[:, i].ravel(), draws[:, i + 1].ravel())[0, 1] for i in (0, 1)]
    assert steps == pytest.approx([0.7, 0.7**5], abs=0.01)


def test_half_of_the_dwellings_make_a_cluster_reappear():
    base = np.array([1, 1, 2, 2, 0])
    weights = np.array([10.0, 10, 1, 30, 5])
    assert reappears(base, np.array([5, 0, 0, 1, 1]), weights).tolist() == [True, True]
    assert reappears(base, np.array([0, 0, 1, 0, 1]), weights).tolist() == [False, False]


def test_progress_is_told_and_no_cluster_is_no_fault():
    told = []
    none = lr.structural_sensitivity(
        scores(4.3, 4.3), recomputations=2, progress=lambda done, of: told.append((done, of))
    )
    assert none.clusters.empty
    assert none.thresholds["clusters"].max() == 0
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lr.structural_sensitivity(scores(), recomputations=0), "recomputations is 0"),
        (
            lambda: lr.structural_sensitivity(scores(), {"radius": 9}),
            "rule is a dict; it must be a StructuralRule",
        ),
        (
            lambda: lr.structural_sensitivity(scores(), lr.StructuralRule(radius=9)),
            "radius is 9 m, but cells",
        ),
        (lambda: lr.structural_sensitivity(scores(), error=0.05), r"error is 0\.05; it must be a ScoreError"),
        (
            lambda: lr.structural_sensitivity(scores(), seed="x"),
            "seed is 'x'; it must be a whole number of at",
        ),
        (lambda: ScoreError(size=-1), "size is -1; it must be at least 0"),
        (lambda: ScoreError(persistence=1.0), r"persistence is 1\.0; it must be at least 0 and below 1"),
        (lambda: ScoreError(spatial_range=float("nan")), "spatial_range is nan"),
    ],
)
def test_wrong_options_are_refused(call, message):
    with pytest.raises(lr.UsageError, match=message):
        call()


def test_what_is_no_sensitivity_is_refused(found):
    base = lr.structural_clusters(scores())
    for wrong in (3, None, found.clusters):
        with pytest.raises(lr.UsageError, match=f"sensitivity is a {type(wrong).__name__}; it must be what"):
            base.with_sensitivity(wrong)


def test_clusters_and_sensitivity_print_as_a_few_lines(found):
    clusters = lr.structural_clusters(scores())
    lines = repr(clusters).splitlines()
    assert clusters.labels.astype(bool).sum() == 132
    assert lines[0] == "StructuralClusters: 2 clusters, 132 of 1,600 cells, 2,640 dwellings (lagging 2)"
    assert len(lines) == 3
    assert lines[1].startswith("  1. ")
    assert lines[1].endswith(", lagging")
    none = repr(lr.structural_clusters(scores(deep=4.3, shallow=4.3)))
    assert none == "StructuralClusters: 0 clusters, 0 of 1,600 cells, 0 dwellings (none found)"
    shown = repr(found)
    assert shown.startswith("Sensitivity of 2 clusters, 60 recomputations, median of reappears ")
    assert "1 reappear in over .9, 1 in under .5; 1 hang on a threshold" in shown
    assert len(shown) < 400


@pytest.mark.parametrize("count", ["20", 2.5, True, None])
def test_a_number_of_recomputations_that_is_none_is_refused(count):
    with pytest.raises(lr.UsageError, match="it must be a whole number of at least 1"):
        lr.structural_sensitivity(scores(), recomputations=count)


@pytest.mark.parametrize("given", [{"size": "0.1"}, {"spatial_range": None}, {"persistence": True}])
def test_an_error_that_is_no_number_is_refused(given):
    with pytest.raises(lr.UsageError, match=f"ScoreError: {next(iter(given))} is .*; it must be a number"):
        ScoreError(**given)
