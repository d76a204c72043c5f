"""Statistics and moments beside those of spdep (R), stored with the scripts that made them and the versions.

Where the definitions differ, the factor stands in the test: spdep's local Moran is n/(n-1) times ours, its local
Geary (n-1)/n times ours, its bivariate Moran for binary weights S0/n times ours. Its z of G does not depend on
the row scaling, as ours does not.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import leefraster as lr
from parity_sets import EXAMPLES, example, holes, squares

SETS = [*EXAMPLES, "holes", pytest.param("squares", marks=pytest.mark.real_data)]
STYLES = {"row": "W", "binary": "B"}
STORED = json.loads((Path(__file__).parent / "spdep_values.json").read_text())

pytestmark = [
    pytest.mark.parametrize("weighting", list(STYLES)),
    pytest.mark.parametrize("name", SETS),
]


@pytest.fixture
def one(name, request):
    if name == "squares":
        return squares(request.getfixturevalue("shared_data"))
    return holes() if name == "holes" else example(name)


@pytest.fixture
def stored(name, weighting):
    return STORED[name][STYLES[weighting]]


@pytest.fixture
def at(name):
    return STORED[name]["places"]


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def agrees(result, variable, theirs, sign=1):
    close(result[variable], theirs["statistic"])
    close(result["expected"], theirs["expected"])
    close(result["variance"], theirs["variance"])
    close(result["z"], theirs["z"])
    if "p" in theirs:
        close(result["p"], theirs["p"])
    assert sign * float(result[variable] - result["expected"]) * float(result["z"]) > 0


def test_the_set_is_the_one_that_was_stored(one, name, weighting):
    assert one.field.size == one.graph.n == STORED[name]["n"]


@pytest.mark.parametrize("assumption", ["randomisation", "normality"])
def test_global_moran(one, weighting, stored, assumption):
    result = lr.moran(one.field, one.neighbourhood, weighting=weighting, assumption=assumption)
    agrees(result, "I", stored[f"moran_{assumption}"])


@pytest.mark.parametrize("assumption", ["randomisation", "normality"])
def test_global_geary(one, weighting, stored, assumption):
    result = lr.geary(one.field, one.neighbourhood, weighting=weighting, assumption=assumption)
    agrees(result, "C", stored[f"geary_{assumption}"], sign=-1)


def test_general_g(one, weighting, stored):
    agrees(lr.getis_ord_general(one.field, one.neighbourhood, weighting=weighting), "G", stored["general_g"])


@pytest.mark.parametrize("join", ["BB", "WW", "BW"])
def test_join_counts(one, weighting, stored, join):
    result = lr.join_count(one.with_values(one.high), one.neighbourhood, weighting=weighting)
    theirs = stored["join_count"][join]
    close(result[join], theirs["statistic"])
    for variable in ("expected", "variance", "z"):
        close(result[variable].sel(join=join), theirs[variable])
    close(result["p"].sel(join=join), 2 * norm.sf(abs(theirs["z"])))


def test_bivariate_moran(one, weighting, stored):
    result = lr.moran(one.field, one.neighbourhood, other=one.other, weighting=weighting)
    mean_weight = 1.0 if weighting == "row" else one.pairs()[0].size / one.field.size
    close(float(result["I"]) * mean_weight, stored["bivariate_moran"])


def test_local_moran_under_conditional_permutation(one, weighting, stored, at):
    result = lr.local_moran(one.field, one.neighbourhood, weighting=weighting, inference="normal")
    theirs = stored["local_moran_conditional"]
    n = one.field.size
    close(result["I"].values[at] * n / (n - 1), theirs["I"])
    close(result["expected"].values[at] * n / (n - 1), theirs["expected"])
    close(result["variance"].values[at] * (n / (n - 1)) ** 2, theirs["variance"])
    close(result["z"].values[at], theirs["z"])
    close(result["p"].values[at], theirs["p"])


def test_the_total_moments_of_local_moran_are_other_ones(one, weighting, stored, at):
    # spdep's `conditional=FALSE`, its only choice before 1.2, expects -w_i / (n - 1) at every place (Anselin
    # 1995); I is the same
    result = lr.local_moran(one.field, one.neighbourhood, weighting=weighting)
    theirs = stored["local_moran_total"]
    n = one.field.size
    close(result["I"].values[at] * n / (n - 1), theirs["I"])
    total = np.ones(n) if weighting == "row" else result["neighbours"].values
    close(-total[at] / (n - 1), theirs["expected"])
    assert not np.allclose(result["variance"].values[at], theirs["variance"], rtol=0.01)


def test_bivariate_local_moran(one, weighting, stored, at):
    result = lr.local_moran(one.field, one.neighbourhood, other=one.other, weighting=weighting)
    close(result["I"].values[at], stored["bivariate_local_moran"])


@pytest.mark.parametrize("star", [False, True], ids=["G", "G*"])
def test_getis_ord(one, weighting, stored, at, star):
    result = lr.getis_ord(one.field, one.neighbourhood, star=star, weighting=weighting, inference="normal")
    theirs = stored["getis_ord_star" if star else "getis_ord"]
    close(result["G"].values[at], theirs["G"])
    close(result["z"].values[at], theirs["z"])
    close(result["p"].values[at], 2 * norm.sf(np.abs(theirs["z"])))


def test_local_geary(one, weighting, stored, at):
    result = lr.local_geary(one.field, one.neighbourhood, weighting=weighting)
    n = one.field.size
    close(result["C"].values[at] * (n - 1) / n, stored["local_geary"])
