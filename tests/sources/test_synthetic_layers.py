"""The demonstration country's layers: a model scores them as the country is scored, within believable bounds."""

import numpy as np
import pytest

from leefraster.clusters.detection import detection
from leefraster.clusters.structural import structural_clusters
from leefraster.config import Configuration
from leefraster.errors import UsageError
from leefraster.scoring.model import Model
from leefraster.scoring.score import score
from leefraster.sources import synthetic
from leefraster.sources.assemble import assemble, with_scores

CELLS = 12_000
SHIPPED = Model.shipped()
INDICES = {
    "dwelling_condition",
    "upkeep_of_public_space",
    "variety_of_amenities",
    "contact_between_neighbours",
    "felt_safety",
}
DISC = '{ kind = "density", radius = 1000 }'
INDICATORS = (
    ("rent", "%", "won", -0.002, '"cell"', '"identity"'),
    ("worth", "1000 euro", "won", 0.2, '"cell"', '"log1p"'),
    ("noise", "dB", "fys", -0.006, '"cell"', '"identity"'),
    ("reach", "index", "vrz", 0.005, '"cell"', '"identity"'),
    ("addresses", "1", "vrz", 0.02, DISC, '"log1p"'),
    ("moves", "%", "soc", -0.003, '"cell"', '{ kind = "clip", upper = 70 }'),
    ("ties", "persons", "soc", 0.1, '"cell"', '{ kind = "z-score", reference = "n" }'),
    ("theft", "per 1000", "onv", -0.08, '"cell"', '"sqrt"'),
)
BOUNDED = """
name = "bounded"
version = "1"
provenance = "invented for a test"
licence = "CC0-1.0"
reference = { year = 2024 }
dimensions = { won = "a", fys = "b", vrz = "c", soc = "d", onv = "e" }
[norms.n]
year = 2024
provenance = "invented"
mean = { ties = 2.2 }
deviation = { ties = 0.35 }
""" + "".join(
    f'[[indicators]]\nname = "{name}"\nunit = "{unit}"\ndimension = "{dimension}"\n'
    f"coefficient = {coefficient}\nmeasure = {measure}\ntransform = {transform}\n"
    for name, unit, dimension, coefficient, measure, transform in INDICATORS
)


@pytest.fixture(scope="module")
def country():
    return synthetic.country(seed=3, cells=CELLS)


@pytest.fixture(scope="module")
def layers(country):
    return country.layers()


def test_the_model_gives_the_scores_back(country, layers):
    made = score(layers, SHIPPED, dwellings=country.scores["dwellings"])
    made = made.sel(dimension=country.scores["dimension"].values)
    for name in ("score", "total", "level"):
        np.testing.assert_allclose(made[name].values, country.scores[name].values, atol=2e-6)
    np.testing.assert_allclose(made["reference"], country.scores["reference"], atol=1e-6)


def test_layers_are_those_of_the_model_in_its_units(layers):
    assert set(layers.data_vars) == set(SHIPPED.layers)
    for indicator in SHIPPED.indicators:
        assert layers[indicator.layer].attrs["units"] == indicator.unit
    assert {str(name) for name in layers.data_vars if "year" in layers[name].dims} == INDICES
    assert all(layers[name].dtype == np.float32 for name in layers.data_vars)
    assert all(np.isfinite(layers[name].values).all() for name in layers.data_vars)


def test_values_are_believable(layers):
    for name in layers.data_vars:
        values, units = layers[name].values, layers[name].attrs["units"]
        if units == "%":
            assert 0 <= values.min() < values.max() <= 100
        elif units != "index":
            assert values.min() >= 0
    for name in INDICES:
        assert 80 < float(layers[name].median()) < 120
        assert float(layers[name].std()) < 35
    assert 0.04 < float(layers["main_roads"].mean()) < 0.06
    assert set(np.unique(layers["supermarkets"].values)) == {0.0, 1.0}


def test_no_dimension_rests_on_its_index_alone(country, layers):
    made = score(layers, SHIPPED, dwellings=country.scores["dwellings"], explain=True).isel(year=-1)
    for code in SHIPPED.dimensions:
        names = [i.name for i in SHIPPED.canonical if i.dimension == code and i.name not in INDICES]
        others = made["contribution"].sel(indicator=names).sum("indicator")
        whole = made["score"].sel(dimension=code)
        assert np.corrcoef(others, whole)[0, 1] > 0.3, code


def test_the_same_seed_gives_the_same_bytes(country, layers):
    again = synthetic.country(seed=3, cells=CELLS).layers()
    for name in layers.data_vars:
        assert again[name].values.tobytes() == layers[name].values.tobytes()
    other = synthetic.country(seed=4, cells=CELLS).layers()
    assert other["noise"].values.tobytes() != layers["noise"].values.tobytes()


def test_planted_clusters_are_found_in_scores_made_from_indicators(country, layers):
    made = score(layers, SHIPPED, dwellings=country.scores["dwellings"])
    found = structural_clusters(made.assign(dwellings=country.scores["dwellings"]))
    kept = structural_clusters(country.scores)
    truth = (country.planted, country.scores["dwellings"])
    assert detection(found.labels, *truth) == detection(kept.labels, *truth)


def test_another_model_with_transforms_and_bounds(country):
    model = Model.parse(BOUNDED)
    layers = country.layers(model)
    made = score(layers, model, dwellings=country.scores["dwellings"])
    made = made.sel(dimension=country.scores["dimension"].values)
    np.testing.assert_allclose(made["score"].values, country.scores["score"].values, atol=2e-6)
    assert float(layers["rent"].min()) >= 0
    assert float(layers["rent"].max()) <= 100
    assert layers["addresses"].dims == ("cell",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("onv", "ond", "has dimensions won, fys, vrz, soc, ond, the country has won, fys"),
        ("{ year = 2024 }", '{ year = 2024, deviations = "reference year" }', "takes 'reference year'"),
        (
            'coefficient = -0.006\nmeasure = "cell"',
            'coefficient = -0.006\nmeasure = { kind = "focal_mean", radius = 300 }',
            "dimension 'fys' of model 'bounded' has no indicator of a cell's own value",
        ),
    ],
)
def test_a_model_that_cannot_be_turned_round_is_refused(country, old, new, message):
    assert old in BOUNDED
    with pytest.raises(UsageError, match=message):
        country.layers(Model.parse(BOUNDED.replace(old, new)))


def test_assembled_from_layers_is_as_from_scores(monkeypatch, country):
    from leefraster.sources import assemble as module

    monkeypatch.setattr(module, "_country", lambda seed: country)
    text = '[model]\nname = "illustrative"\n[[layers]]\nreader = "demonstration"\nseed = 3\n'
    configuration = Configuration.parse(text)
    made = with_scores(assemble(configuration), configuration).dataset
    read = assemble(Configuration.parse('[scores]\nreader = "demonstration"\nseed = 3\n')).dataset
    assert set(read.data_vars) <= set(made.data_vars)
    for name in read.data_vars:
        if name != "version":
            assert made[name].dims == read[name].dims
            assert made[name].dtype == read[name].dtype or name == "reference"
    np.testing.assert_allclose(made["level"], read["level"], atol=2e-6)
