"""Models as files: what is read is what was written, and every fault is told by file, key and rule."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.scoring.model import Coefficients
from leefraster.scoring.toml import toml_text

TEXT = """
name = "small"
version = "1"
provenance = "invented for a test"
licence = "CC0-1.0"

[reference]
year = 2024
level = 4.1

[dimensions]
won = "housing"
onv = "nuisance"

[coefficients]
columns = ["judgement", "price"]
merge = "weighted mean"
weights = [3, 1]

[norms.round]
year = 2020
provenance = "invented"
mean = { age = 50 }
deviation = { age = 20 }

[[indicators]]
name = "age"
layer = "building_age"
unit = "year"
dimension = "won"
measure = { kind = "focal_mean", radius = 300, weights = "dwellings" }
transform = ["log1p", { kind = "z-score", reference = "round" }]
coefficients = { judgement = 0.1, price = 0.3 }

[[indicators]]
name = "noise"
unit = "dB"
dimension = "onv"
coefficient = -0.02
transform = { kind = "clip", lower = 40 }
missing = { then = "national mean", most = 0.2, beyond = "warn" }
"""


def test_a_model_says_what_its_file_says():
    model = lr.Model.parse(TEXT)
    age, noise = model.indicators
    assert (age.layer, noise.layer) == ("building_age", "noise")
    assert model.official is False
    assert model.layers == ("building_age", "dwellings", "noise")
    assert model.coefficient(age) == pytest.approx(0.15)
    assert model.coefficient(noise) == -0.02
    assert model.rule_for(age).then == "score missing"
    assert model.rule_for(noise).then == "national mean"
    with pytest.raises(Exception, match="frozen"):
        model.name = "other"


def test_plain_mean_of_columns():
    text = TEXT.replace('merge = "weighted mean"\nweights = [3, 1]', 'merge = "mean"')
    assert lr.Model.parse(text).coefficient(lr.Model.parse(text).indicators[0]) == pytest.approx(0.2)


def test_description_has_one_row_an_indicator():
    table = lr.Model.parse(TEXT).describe()
    assert table["indicator"].tolist() == ["age", "noise"]
    assert table["measure"].tolist() == ["focal_mean(300 m, weights dwellings)", "cell"]
    assert table["transform"].tolist() == ["log1p, z-score(round)", "clip(40, inf)"]
    assert table["coefficient_price"].tolist()[0] == 0.3
    assert math.isnan(table["coefficient_price"].tolist()[1])


def test_written_models_are_read_back_the_same(tmp_path):
    for model in (lr.Model.parse(TEXT), lr.Model.shipped("illustrative")):
        model.write(tmp_path / "model.toml")
        assert lr.Model.read(tmp_path / "model.toml") == model
        first = (tmp_path / "model.toml").read_bytes()
        lr.Model.read(tmp_path / "model.toml").write(tmp_path / "again.toml")
        assert (tmp_path / "again.toml").read_bytes() == first
    with pytest.raises(UsageError, match=r"no/such/folder.toml: cannot be written"):
        model.write(tmp_path / "no/such/folder.toml")


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.booleans(),
            st.integers(-(2**60), 2**60),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(min_size=1), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(lambda value: {"a b": value, "list": [{"x": value}, {"y": 1}]})
)
def test_any_tree_survives_toml(tree):
    import tomllib

    assert tomllib.loads(toml_text(tree)) == tree


def test_the_shipped_model_is_whole_and_not_official():
    model = lr.Model.shipped()
    assert not model.official
    assert 28 <= len(model.indicators) <= 40
    assert list(model.dimensions) == ["won", "fys", "vrz", "soc", "onv"]
    kinds = {indicator.measure.kind for indicator in model.indicators}
    assert kinds == {"cell", "focal_mean", "focal_sum", "density", "decay", "distance"}
    coefficients = np.array([model.coefficient(i) for i in model.indicators])
    assert np.isfinite(coefficients).all()
    with pytest.raises(UsageError, match=r"ships no 'models/official.toml'; there are: illustrative.toml$"):
        lr.Model.shipped("official")


def test_readme_lists_the_layers_of_the_shipped_model():
    from leefraster.shipped import data_file

    rows = [
        line.split("|")
        for line in data_file("models/README.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    units = {row[1].strip(" `"): row[2].strip() for row in rows if len(row) > 6}
    model = lr.Model.shipped()
    assert set(units) == {*model.layers}
    assert all(units[i.layer] == i.unit for i in model.indicators)


FAULTS = [
    (
        'name = "small"',
        'nam = "small"',
        r"file: name is missing\nfile: there is no key 'nam'; did you mean name\?",
    ),
    ("[dimensions]", "[dimension]", r"there is no section \[dimension\]; did you mean dimensions\?"),
    ("year = 2024\nlevel", "level", r"\[reference\] year is missing"),
    (
        "year = 2024\nlevel",
        'year = "2024"\nlevel',
        r"\[reference\] year is '2024': input should be a valid integer",
    ),
    ("level = 4.1", "level = 4.1\nconstant = 3.0", r"\[reference\]: has both level and constant"),
    ("level = 4.1", "rule = 'median'", r"\[reference\] rule is 'median': input should be 'dwelling-weighted"),
    (
        'dimension = "onv"',
        'dimension = "ovn"',
        r"indicator 'noise': there is no dimension 'ovn'; there are won, onv",
    ),
    (
        'unit = "dB"',
        'unit = "decibel"',
        r"indicator 'noise': there is no unit 'decibel'; there are %, 1, .*dB",
    ),
    ('"log1p"', '"log"', r"\[\[indicators\]\] number 1 \('age'\) transform is 'log'; did you mean log1p\?"),
    ('"log1p"', '"cube"', r"transform is 'cube'; there are clip, identity, log1p, sqrt, z-score"),
    ('"focal_mean"', '"focal_men"', r"measure is 'focal_men'; did you mean focal_mean\?"),
    ("radius = 300", "radus = 300", r"measure has no key 'radus'; did you mean radius\?"),
    ("radius = 300", "radius = -1", r"measure.radius is -1: input should be greater than 0"),
    (
        'kind = "focal_mean", radius = 300, weights = "dwellings"',
        'kind = "distance", cap = -5',
        r"measure.cap is -5: input",
    ),
    (
        'kind = "focal_mean", radius = 300, weights = "dwellings"',
        "radius = 5",
        r"measure has no kind; there are cell, decay",
    ),
    (
        "coefficient = -0.02",
        "coefficient = inf",
        r"\('noise'\) coefficient is inf: input should be a finite number",
    ),
    ("price = 0.3", "price = nan", r"\('age'\) coefficients.price is nan: input should be a finite number"),
    (
        "coefficient = -0.02",
        "note = ''",
        r"number 2 \('noise'\): give coefficient, or coefficients by column",
    ),
    (
        "price = 0.3 }",
        "prize = 0.3 }",
        r"'age' has no coefficient in column 'price'; .*there is no column 'prize'",
    ),
    ("weights = [3, 1]", "weights = [3]", r"\[coefficients\]: weights must be 2 numbers, not all 0"),
    (
        "weights = [3, 1]",
        "",
        r"\[coefficients\]: weights belong to merge = 'weighted mean', which needs them",
    ),
    (
        "weights = [3, 1]",
        "weights = [1e308, 1e308]",
        r"\[coefficients\]: weights add up to more than the largest",
    ),
    (
        "judgement = 0.1",
        "judgement = 1e308",
        r"'age': its coefficients \(judgement 1e\+308, price 0.3\) are so large that their weighted mean goes",
    ),
    (
        "judgement = 0.1, price = 0.3",
        "judgement = 5.5e307, price = 1.7e308",
        "their weighted mean goes beyond",
    ),
    ("level = 4.1", "constant = -2e300", r"\[reference\] constant is -2e\+300: input should be greater"),
    (
        'reference = "round"',
        'reference = "rond"',
        r"z-score names the reference 'rond', which \[norms\] lacks; did you mean",
    ),
    ("mean = { age = 50 }", "mean = { ag = 50 }", r"indicator 'age': \[norms.round\] has no mean for it"),
    (
        "deviation = { age = 20 }",
        "deviation = { age = 0 }",
        r"\[norms\] round.deviation.age is 0: input should be greater",
    ),
    ("lower = 40", "lower = 40, upper = 30", r"transform: clip: lower is 40, it must be below upper \(30\)"),
    ('clip", lower = 40', 'clip"', r"transform: clip needs lower, upper or both"),
    ('name = "noise"', 'name = "age"', r"indicator 'age' stands there more than once"),
    ('onv = "nuisance"', 'onv = "nuisance"\nfys = "green"', r"dimension 'fys' has no indicator"),
    ("most = 0.2", "most = 1.2", r"missing.most is 1.2: input should be less than or equal to 1"),
    ("[dimensions]", "[dimensions", r"file: is no TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS, ids=[f[1][:30] for f in FAULTS])
def test_faults_are_told_by_file_key_and_rule(old, new, message):
    assert old in TEXT
    with pytest.raises(UsageError, match=message):
        lr.Model.parse(TEXT.replace(old, new, 1), name="file")


def test_columns_of_plus_and_minus_infinity_have_no_finite_coefficient():
    columns = Coefficients(columns=("a", "b"), merge="weighted mean", weights=(3, 2))
    assert math.isinf(columns.merged({"a": 1e308, "b": -1e308}))
    assert columns.merged({"a": 3e307, "b": -3e307}) == pytest.approx(6e306)


def test_units_of_its_own_and_files_that_cannot_be_read(tmp_path):
    text = TEXT.replace('unit = "dB"', 'unit = "decibel"').replace(
        "[dimensions]", '[units]\ndecibel = "dB"\n[dimensions]'
    )
    assert lr.Model.parse(text).indicators[1].unit == "decibel"
    with pytest.raises(UsageError, match=r"absent.toml: cannot be read: No such file .*Model.shipped"):
        lr.Model.read(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes('name = "é"'.encode("latin-1"))
    with pytest.raises(UsageError, match="is not UTF-8 at byte 8"):
        lr.Model.read(tmp_path / "latin.toml")
