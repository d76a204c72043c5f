"""Planted clusters of invented countries are found, and little else."""

import numpy as np
import pandas as pd
import pytest

import leefraster as lr
from leefraster.sources import synthetic


def search(seed: int, **size) -> dict[str, float]:
    country = synthetic.country(seed=seed, **size)
    found = lr.structural_clusters(country.scores)
    inside = found.labels.values > 0
    classes = lr.classify(country.scores["level"].isel(year=-1)).values
    assert not (inside & (classes >= 6) & ~found.cells["bridge"].values).any()
    weight = country.scores["dwellings"].values
    touched = [
        label
        for label in np.unique(country.decoys.values[inside])
        if label
        and weight[inside & (country.decoys.values == label)].sum()
        > 0.5 * weight[country.decoys.values == label].sum()
    ]
    result = lr.detection(found.labels, country.planted, country.scores["dwellings"])
    return result | {"decoys_found": float(len(touched))}


def pooled(results: list[dict[str, float]]) -> tuple[float, float]:
    """Return the share of planted dwellings found, and of found dwellings not planted, over all countries."""
    table = pd.DataFrame(results)
    hit = (table["found_share"] * table["planted_dwellings"]).sum()
    found = table["found_dwellings"].sum()
    return hit / table["planted_dwellings"].sum(), (found - hit) / found


def test_planted_clusters_of_five_small_countries_are_found():
    results = [search(seed, cells=40_000, n_planted=5) for seed in range(5)]
    found, false = pooled(results)
    assert found >= 0.95
    assert false <= 0.05
    assert sum(result["clusters_found"] for result in results) == 25
    assert sum(result["decoys_found"] for result in results) == 0


def test_planted_clusters_of_the_demonstration_country_are_found():
    result = search(0)
    assert result["clusters_planted"] == result["clusters_found"] == 20
    assert result["found_share"] >= 0.95
    assert result["false_share"] <= 0.05
    assert result["decoys_found"] == 0


@pytest.mark.parametrize("gap", [-0.1, 0.0])
def test_places_that_are_not_weak_are_hardly_found(gap):
    result = search(1, cells=20_000, n_planted=5, planted_gap=gap)
    assert result["found_share"] <= (0.01 if gap < 0 else 0.5)
