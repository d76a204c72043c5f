"""Real classes of 2002 to 2016: published changes never point the other way than ours, and who stays weak."""

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr

pytestmark = pytest.mark.real_data

changes = lr.sources.change_files
YEARS = (2002, 2008, 2012, 2014, 2016)
LEVELS = {"wijk": ("wk_code", 2981), "gemeente": ("gm_code", 390)}


@pytest.fixture(params=LEVELS)
def level(request):
    return request.param


@pytest.fixture
def published(shared_data, tmp_path, level):
    """Return the published classes, read as the CSV that they were published as."""
    content = json.loads((shared_data / "lbm2_classes" / f"{level}.json").read_text(encoding="utf-8"))
    key, count = LEVELS[level]
    assert len(content) == count
    file = tmp_path / f"{level}.csv"
    pd.DataFrame.from_dict(content, orient="index").rename_axis(key).to_csv(file)
    return changes.read_change_classes(file)


def steps(published):
    """Return our changes: the steps between the classes of the two years of every period."""
    classes = published["class"].where(published["class"] > 0)
    pairs = [(int(a), int(b)) for a, b in zip(published["from_year"], published["to_year"], strict=True)]
    each = [classes.sel(year=last, drop=True) - classes.sel(year=first, drop=True) for first, last in pairs]
    return xr.concat(each, published["period"])


def test_every_pair_of_years_is_there(published):
    assert published["year"].values.tolist() == list(YEARS)
    assert published["period"].values.tolist() == [f"{a}-{b}" for a, b in combinations(YEARS, 2)]


def test_published_changes_never_point_the_other_way_than_ours(published, level):
    found = changes.compare(published, steps(published), kind="difference")
    assert found["opposite"].tolist() == [0] * 10
    columns = ["units", "agree", "within_no_change", "only_published", "only_one"]
    whole = {
        "wijk": [27909, 18003 + 3058 + 434, 3733 + 1175, 1310 + 196, 0],
        "gemeente": [3900, 2760 + 320, 624 + 49, 147, 0],
    }
    assert found[columns].sum().tolist() == whole[level]


def test_the_comparison_would_see_an_opposite_change(published):
    turned = published.copy()
    turned["change_class"] = (
        (8 - published["change_class"]).where(published["change_class"] > 0, 0).astype(np.int8)
    )
    found = changes.compare(turned, steps(published), kind="difference")
    assert found["opposite"].sum() > 300


def test_our_classes_of_change_of_class_numbers_point_the_published_way_too(published):
    """The way of `lr.change`, on class numbers for want of levels: any step is more than "no change"."""
    numbers = published["class"].where(published["class"] > 0).rename("class")
    ours = lr.change(numbers, 2002, 2016, cuts=(-1.5, -1.0, -0.5, 0.5, 1.0, 1.5))
    row = changes.compare(published, ours).loc["2002-2016"]
    assert row["opposite"] == 0
    assert row["units"] == int((published["class"].sel(year=[2002, 2016]) > 0).all("year").sum())


@pytest.mark.parametrize("level", ["wijk"], indirect=True)
def test_districts_that_were_weak_at_every_measurement(published):
    """As `docs/time.md` tells it."""
    classes = published["class"]
    weak = classes.isin([1, 2, 3, 4])
    always = published["area"].values[weak.all("year").values].tolist()
    by_hand = [
        code
        for code, row in zip(published["area"].values.tolist(), classes.values.T.tolist(), strict=True)
        if all(1 <= one <= 4 for one in row)
    ]
    assert always == by_hand
    assert len(always) == 88
    assert int((classes > 0).all("year").sum()) == 2761
    assert weak.sum("area").values.tolist() == [149, 142, 130, 119, 113]
    municipalities = Counter(code[2:6] for code in always)
    assert len(municipalities) == 29
    assert municipalities.most_common(3) == [("0363", 30), ("0518", 9), ("0479", 5)]
    lower = classes.sel(area=always).max("year") <= 3
    assert int(lower.sum()) == 13
