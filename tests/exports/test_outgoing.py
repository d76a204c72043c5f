"""What leaves a run: protected and limited, while the run itself stays whole."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.clusters.structural import StructuralClusters
from leefraster.exports.handover import Handover
from leefraster.exports.outgoing import outgoing
from made_up import record


@pytest.fixture(scope="module")
def run():
    """Return a made-up run whose clusters and answers are real values, with counts of every size."""
    made = record("first")
    labels = made.dataset["structural_label"].rename("label")
    cells = xr.Dataset({"label": labels})
    course = made.structural.course.assign(dwellings=[3.0, 41.0, 52.0] * 2)
    structural = StructuralClusters(labels, made.structural.table, cells, course, lr.StructuralRule())
    urbanity = made.dataset["urbanity"].rename("urbanity")
    table = pd.DataFrame({"urbanity": [1, 2], "dwellings": [4.0, 1203.0], "vrz": [-0.2, 0.1]})
    from dataclasses import replace

    answer = replace(made.answers[0], table=table, details={"more": table}, map=urbanity)
    return replace(made, structural=structural, answers=(answer,))


def test_nothing_leaves_unprotected_and_the_run_stays_as_it_is(run):
    before = run.dataset.copy(deep=True)
    public = outgoing(run, rule=lr.DisclosureRule(minimum=20))
    small = run.dataset["dwellings"].values < 20
    for name, variable in public.dataset.data_vars.items():
        if "cell" in variable.dims and variable.dtype.kind == "f":
            assert variable.transpose("cell", ...).values[small].size
            assert np.isnan(variable.transpose("cell", ...).values[small]).all(), name
    assert np.isnan(public.answers[0].map.values[small]).all()
    assert np.isfinite(public.answers[0].map.values[~small]).all()
    for table in (public.answers[0].table, public.answers[0].details["more"]):
        assert table["vrz"].isna().tolist() == [True, False]
        assert table["dwellings"].tolist()[1] == 1205
    assert public.structural.course["gap"].isna().tolist() == [True, False, False] * 2
    assert (public.structural.table["dwellings"] % 5 == 0).all()
    assert public.notes[-1].startswith("Disclosure control: units with fewer than 20 withheld")
    assert Handover.of_record(public).protection.startswith("units with fewer than 20 withheld")
    assert run.dataset.identical(before)


def test_without_a_rule_and_areas_the_run_itself_leaves(run):
    assert outgoing(run) is run


def test_an_area_limits_maps_and_clusters_and_keeps_national_figures(run):
    public = outgoing(run, areas=["GM0599"])
    inside = run.dataset["municipality"].values == "GM0599"
    assert public.dataset.sizes["cell"] == inside.sum()
    np.testing.assert_array_equal(public.dataset["moran_I"], run.dataset["moran_I"])
    np.testing.assert_array_equal(public.dataset["reference"], run.dataset["reference"])
    assert public.answers[0].map.sizes["cell"] == inside.sum()
    kept = set(run.dataset["structural_label"].values[inside]) - {0}
    assert set(public.structural.table["cluster"]) == kept
    assert public.structural.polygons["cluster"].tolist() == public.structural.table["cluster"].tolist()
    assert public.notes[-1] == f"only the {inside.sum()} cells of GM0599; statistics are those of the whole"


def test_an_area_that_is_not_there_is_named(run):
    with pytest.raises(lr.UsageError, match="area 'GM9999' is in none of municipality"):
        outgoing(run, areas=["GM9999"])
