"""The demonstration country: its bytes, its figures, its form."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.sources import synthetic
from leefraster.sources.synthetic.scores import CORRELATIONS, DEVIATIONS


@pytest.fixture(scope="module")
def full():
    return synthetic.country(seed=0)


@pytest.fixture(scope="module")
def small():
    return synthetic.country(seed=1, cells=20_000)


def digest(country) -> str:
    found = hashlib.sha256()
    for name in sorted([*country.scores.variables]):
        found.update(name.encode() + np.ascontiguousarray(country.scores[name].values).tobytes())
    for labels in (country.planted, country.decoys):
        found.update(labels.values.tobytes())
    found.update(country.decoy_table.to_csv().encode())
    found.update(country.areas.to_wkb().to_csv().encode())
    found.update(country.focus_areas.to_wkb().to_csv().encode())
    return found.hexdigest()


def pooled(scores) -> np.ndarray:
    """Return the scores as (dimension, all years and cells)."""
    values = scores["score"].transpose("dimension", "year", "cell").values
    return values.reshape(values.shape[0], -1).astype(float)


def test_same_seed_gives_same_bytes_and_another_seed_another_country(small):
    assert digest(synthetic.country(seed=1, cells=20_000)) == digest(small)
    assert digest(synthetic.country(seed=2, cells=20_000)) != digest(small)


def test_bytes_do_not_depend_on_threads(monkeypatch):
    monkeypatch.setattr("leefraster.kernels.jit._threads", None)  # what is set here ends with the test
    lr.set_threads(1)
    one = digest(synthetic.country(seed=4, cells=6_000))
    lr.set_threads(2)
    assert digest(synthetic.country(seed=4, cells=6_000)) == one


def test_form_is_that_of_published_scores(full):
    scores = full.scores
    assert scores.sizes == {"year": 9, "dimension": 5, "cell": 380_000}
    assert scores["year"].values.tolist() == [2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024]
    assert scores["dimension"].values.tolist() == ["won", "fys", "vrz", "soc", "onv"]
    assert (np.diff(scores["cell"].values) > 0).all()
    assert lr.grid_of(scores) == lr.Grid.netherlands()
    for name in ("score", "total", "level"):
        assert scores[name].dtype == np.float32
        assert np.isfinite(scores[name].values).all()
    assert set(scores["level"].coords["version"].values) == {"3.0 demonstration"}


def test_total_is_the_sum_of_the_dimensions_and_level_adds_the_reference(full):
    scores = full.scores
    summed = scores["score"].sum("dimension", dtype=np.float64).transpose("year", "cell").values
    assert np.abs(summed - scores["total"].values).max() < 1e-6
    level = scores["total"].values.astype(float) + scores["reference"].values[:, None]
    assert np.abs(level - scores["level"].values).max() < 1e-6


def test_national_mean_weighted_by_dwellings_is_the_reference(full):
    weight = full.scores["dwellings"].values
    total = full.scores["total"].values.astype(float)
    assert np.abs((total * weight).sum(axis=1) / weight.sum()).max() < 1e-6
    reference = full.scores["reference"].values
    assert (np.diff(reference) > 0).all()
    assert 4.0 < reference[0] < reference[-1] < 4.2


@pytest.mark.parametrize("seed", [0, 3])
def test_spread_and_correlations_are_those_measured(full, seed):
    scores = (full if seed == 0 else synthetic.country(seed)).scores
    values = pooled(scores)
    np.testing.assert_allclose(values.std(axis=1), DEVIATIONS, rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(values), CORRELATIONS, atol=0.04)
    assert scores["total"].values.std() == pytest.approx(0.128, rel=0.05)


def test_amenities_fall_from_urban_to_rural_and_the_others_do_not(full):
    scores = full.scores.sel(year=2024)
    weight, urbanity = scores["dwellings"].values, scores["urbanity"].values
    means = np.array(
        [
            [np.average(one, weights=weight * (urbanity == u)) for u in range(1, 6)]
            for one in scores["score"].transpose("dimension", "cell").values.astype(float)
        ]
    )
    won, _, vrz, soc, onv = means
    assert (np.diff(vrz) < 0).all()
    assert vrz[0] > 0.1
    for better in (won, soc, onv):
        assert (np.diff(better) > 0).all()


def test_urbanity_follows_from_addresses_within_a_kilometre(small):
    scores = small.scores
    x, y, weight = scores["x"].values, scores["y"].values, scores["dwellings"].values
    classes = scores["urbanity"].values
    assert set(classes) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    for i in range(0, x.size, 997):
        near = np.hypot(x - x[i], y - y[i]) <= 1_000
        density = weight[near].sum() * 1.06 / np.pi
        expected = 5 - sum(density >= limit for limit in (500, 1_000, 1_500, 2_500))
        assert classes[i] == expected


def test_people_and_dwellings_are_of_national_size(full):
    scores = full.scores
    dwellings = scores["dwellings"].values
    assert (dwellings >= 1).all()
    assert np.isfinite(dwellings).all()
    assert 7.5e6 < dwellings.sum() < 8.5e6
    assert (scores["households"].values <= dwellings).all()
    assert 1.9 < scores["inhabitants"].values.sum() / dwellings.sum() < 2.4


def test_every_class_of_urbanity_is_there_in_number(full):
    weight, urbanity = full.scores["dwellings"].values, full.scores["urbanity"].values
    shares = np.array([weight[urbanity == u].sum() for u in range(1, 6)]) / weight.sum()
    assert (shares > 0.08).all()
    assert (shares < 0.5).all()


def test_share_of_weak_dwellings_is_that_of_a_country(full):
    classes = lr.classify(full.scores["level"].sel(year=2024)).values
    weight = full.scores["dwellings"].values
    share = weight[classes <= 4].sum() / weight.sum()
    assert 0.05 < share < 0.11
    urban = full.scores["urbanity"].values == 1
    assert weight[urban & (classes <= 4)].sum() / weight[urban].sum() > share


def test_neighbouring_cells_are_alike_but_not_equal(full):
    total = full.scores["total"].isel(year=-1)
    ids, columns = total["cell"].values, total["cell"].values % 3_000
    east = np.flatnonzero((np.diff(ids) == 1) & (np.diff(columns) == 1))
    alike = np.corrcoef(total.values[east], total.values[east + 1])[0, 1]
    assert 0.4 < alike < 0.95


def test_change_over_the_years_is_slow(full):
    total = full.scores["total"].values
    step = np.corrcoef(total[-2], total[-1])[0, 1]
    whole = np.corrcoef(total[0], total[-1])[0, 1]
    assert 0.85 < whole < step < 0.9999


def test_inhabited_cells_lie_in_places_and_leave_most_land_empty(full):
    occupied = np.bincount(full.scores["cell"].values // 3_000, minlength=3_300)
    assert full.scores.sizes["cell"] / lr.Grid.netherlands().size == pytest.approx(0.0384, abs=1e-3)
    x, y = full.scores["x"].values, full.scores["y"].values
    square = np.bincount((x // 5_000 * 100 + y // 5_000).astype(int))
    assert occupied.max() < 1_500
    assert square.max() > 1_500  # a city fills a square of 5 km (2,500 cells)
    assert np.median(square[square > 0]) < 300


def test_the_page_on_questions_tells_what_the_country_shows(full):
    page = " ".join((Path(__file__).resolve().parents[2] / "docs/questions.md").read_text("utf-8").split())

    def short(value, digits):
        return f"{value:.{digits}f}".replace("0.", ".")

    amenities = full.scores.sel(dimension=["vrz"])
    thin = lr.questions.thinning(amenities)
    row = thin.table.iloc[0]
    share = row["weight"] / float(full.scores["dwellings"].sum())
    level = [short(row[f"contribution_{end}"], 3) for end in ("start", "end")]
    change, low, high = (short(row[name], 4) for name in ("change", "low", "high"))
    assert (
        f"the rule finds {row['weight']:,.0f} dwellings ({100 * share:.1f} %) far from "
        f"{thin.inputs['number_of_centres']} centres. Their contribution goes from {level[0]} to {level[1]} "
        f"({change}, interval {low} to {high}) by the drift that all places there have: a real "
        f"change, `{thin.verdict}`"
    ) in page
    place = lr.questions.geography(full.scores.drop_vars("score"), distances=[200.0])
    first, second, third = (f"{100 * share:.0f}" for share in place.table["share_end"])
    small = 100 * place.table[["change", "low", "high"]].iloc[-1]
    assert (
        f"of `make demo` {first}, {second} and {third} % of the variance lie between municipalities, districts and "
        f"neighbourhoods; from 2014 to 2024 the last changes by {small['change']:.1f} percentage point (interval "
        f"{small['low']:.1f} to {small['high']:+.1f}): `{place.verdict}`"
    ) in page


@pytest.mark.parametrize("cells", [5_000, 60_000])
def test_smaller_countries_are_whole_countries(cells):
    country = synthetic.country(7, cells=cells)
    assert country.scores.sizes["cell"] == cells
    assert country.planted.values.max() >= 2
    assert set(country.areas["level"]) == {"neighbourhood", "district", "municipality"}
    values = pooled(country.scores)
    np.testing.assert_allclose(values.std(axis=1), DEVIATIONS, rtol=0.15)
    assert len(np.unique(country.scores["urbanity"].values)) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed is -1, it must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"cells": 100}, "cells is 100, it must lie in 5,000 to 600,000"),
        ({"n_planted": -1}, "n_planted is -1, it must be at least 0"),
        ({"planted_gap": 2.0}, "planted_gap is 2.0, it must lie in -0.2 to 0.5"),
        ({"planted_dwellings": (500, 100)}, r"planted_dwellings is \(500, 100\)"),
        ({"planted_years": 0}, "planted_years is 0, it must be a whole number of 1 to 9 measurements"),
        ({"planted_years": 10}, "planted_years is 10"),
        ({"planted_years": 6.5}, "planted_years is 6.5"),
        ({"cells": 5_000, "n_planted": 90}, "90 structural clusters .* do not fit into 5,000 cells"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        synthetic.country(**arguments)
