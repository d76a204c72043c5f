"""Clusters in bands: labels, table and course have the bytes of those in memory, whatever the bands."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedPanel
from leefraster.cells import cell_coordinates
from leefraster.clusters.panel import panel_of
from leefraster.clusters.pressure import LocalMeans, Sizes
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 9000.0, 70, 90, 100.0, "EPSG:28992")
YEARS = [2012, 2014, 2018, 2020, 2024]
DIMENSIONS = ["won", "soc", "onv"]
RULE = lr.StructuralRule(radius=150.0, minimum_dwellings=80.0, minimum_weak_share=0.4)
SINK = {
    "label": np.int32, "bridge": bool, "structural": bool, "weak_years": np.int16, "time_share": np.float64,
    "weak_probability": np.float64,
}  # fmt: skip


class Backwards:
    """Works through the bands from the last to the first; results come back in their order."""

    elsewhere = False
    workers = 1

    def map(self, function, bands):
        found = [function(band) for band in reversed(list(bands))]
        return iter(found[::-1])


def made(seed, share=0.8):
    """Return variables of a ragged country with weak patches that grow, end and lie apart by a gap."""
    rng = np.random.default_rng(seed)
    ids = np.flatnonzero(rng.random(GRID.size) < share)
    row, column = np.divmod(ids, GRID.nx)
    level = rng.normal(4.15, 0.08, (len(YEARS), ids.size))
    for _ in range(12):
        top, left, height, width = rng.integers([0, 0, 3, 3], [80, 60, 25, 12])
        inside = (row >= top) & (row < top + height) & (column >= left) & (column < left + width)
        level[rng.integers(0, 3) :, inside & (rng.random(ids.size) < 0.8)] -= rng.uniform(0.3, 0.8)
    level[rng.random(level.shape) < 0.03] = np.nan
    codes = np.array([f"BU{r // 9:02d}{c // 9:02d}" for r, c in zip(row, column, strict=True)])
    return ids, {
        "level": level,
        "dwellings": np.where(rng.random(level.shape) < 0.1, np.nan, rng.integers(0, 60, level.shape)),
        "level_error": rng.uniform(0, 0.1, level.shape),
        "urbanity": np.where(rng.random(ids.size) < 0.1, np.nan, (1 + row // 25).astype(float)),
        "score": (("dimension", "cell"), rng.normal(0, 0.1, (3, ids.size))),
        "neighbourhood": codes,
        "municipality": np.array([f"GM{c // 35}" for c in column]),
        "spot": rng.integers(-3, 4, ids.size).astype(np.int8),
    }


def in_memory(ids, variables, years=YEARS):
    data = {
        name: given if isinstance(given, tuple) else (("year", "cell")[2 - given.ndim :], given)
        for name, given in variables.items()
    }
    return xr.Dataset(data, coords={"year": years, "dimension": DIMENSIONS, **cell_coordinates(GRID, ids)})


def both(ids, variables, rule=RULE, years=YEARS, **options):
    """Return the clusters in memory, those by band, and what the sink of those took."""
    scores = in_memory(ids, variables, years)
    spot = scores["spot"] if "spot" in variables else None
    wanted = lr.structural_clusters(scores, rule, spot=spot)
    panel = BandedPanel.of(ids, variables, GRID, years=years, coords={"dimension": DIMENSIONS})
    sink = {name: np.full(ids.size, 77, kind) for name, kind in SINK.items()}
    found = lr.structural_clusters_by_band(
        panel, Arrays(sink), rule, spot="spot" if "spot" in variables else None, **options
    )
    return wanted, found, sink


def assert_same_bytes(wanted, found, sink):
    for name, values in wanted.cells.data_vars.items():
        given = sink["label" if name == "label" else name]
        assert given.tobytes() == values.values.tobytes(), name
    for one, other in ((wanted.table, found.table), (wanted.course, found.course)):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        assert one.attrs == other.attrs
    held = wanted.cells.isel(cell=wanted.labels.values > 0)
    xr.testing.assert_identical(held, found.cells)
    assert (wanted.polygons.geometry == found.polygons.geometry).all()


@settings(deadline=None, max_examples=12)
@given(
    st.integers(0, 10**6), st.integers(60, 6000), st.sampled_from([1, 64]), st.permutations(YEARS),
    st.sampled_from([0.0, 100.0, 200.0, 450.0]), st.booleans(), st.sampled_from([0.25, 0.8]),
)  # fmt: skip
def test_clusters_by_band_have_the_bytes_of_clusters(seed, cells, multiple, years, bridge, errors, share):
    ids, variables = made(seed, share)
    if not errors:
        del variables["level_error"]
    order = [YEARS.index(year) for year in years]
    for name in {"level", "dwellings", "level_error"} & set(variables):
        variables[name] = variables[name][order]
    rule = lr.StructuralRule(
        radius=150.0, minimum_dwellings=80.0 if share > 0.5 else 0.0, minimum_weak_share=0.3, bridge=bridge
    )
    assert_same_bytes(*both(ids, variables, rule, years, cells=cells, multiple=multiple))


def test_the_made_up_country_has_clusters_bridges_and_national_means_of_several_blocks():
    ids, variables = made(1)
    wanted, found, sink = both(ids, variables, cells=700, runner=Backwards())
    assert_same_bytes(wanted, found, sink)
    assert len(wanted.table) >= 4
    assert wanted.cells["bridge"].sum() >= 5
    assert wanted.table["gap_won"].notna().all()
    assert wanted.table["cold_share"].between(0, 1).all()
    assert ids.size > 4096


def test_a_country_without_clusters_and_one_that_is_a_cluster():
    ids, variables = made(2)
    quiet = variables | {"level": np.full((len(YEARS), ids.size), 4.3)}
    quiet["urbanity"] = np.full(ids.size, np.nan)
    wanted, found, sink = both(ids, quiet, cells=500)
    assert_same_bytes(wanted, found, sink)
    assert len(found.table) == 0
    assert found.labels.size == 0
    weak = variables | {"level": np.full((len(YEARS), ids.size), 3.2)}
    wanted, found, sink = both(ids, weak, cells=500)
    assert_same_bytes(wanted, found, sink)
    assert len(found.table) == 1


def test_levels_may_be_totals_and_references_and_progress_is_told():
    ids, variables = made(3)
    reference = np.array([4.1, 4.12, 4.13, 4.15, 4.2])
    variables["total"] = variables.pop("level") - reference[:, None]
    seen = []
    wanted, found, sink = both(
        ids, variables | {"reference": ("year", reference)}, cells=2000,
        progress=lambda step, done, of: seen.append((step, done, of)),
    )  # fmt: skip
    assert_same_bytes(wanted, found, sink)
    assert [step for step, done, of in seen if done == of] == [
        "pressure", "groups", "pieces", "bridges", "clusters",
    ]  # fmt: skip


def test_what_is_wrong_is_refused_and_versions_are_warned_of_once():
    ids, variables = made(4)

    def by_band(given, **options):
        panel = BandedPanel.of(ids, given, GRID, years=YEARS, coords={"dimension": DIMENSIONS})
        return lr.structural_clusters_by_band(panel, Arrays({}), **({"cells": 900} | options))

    with pytest.raises(lr.UsageError, match="have no 'dwellings'"):
        by_band({"level": variables["level"]})
    with pytest.raises(lr.UsageError, match="absolute levels"):
        by_band({"dwellings": variables["dwellings"]})
    with pytest.raises(lr.UsageError, match="no variable 'cold'"):
        by_band(variables, spot="cold")
    with pytest.raises(lr.UsageError, match="latest_years is 9, but there are 5"):
        by_band(variables, rule=lr.StructuralRule(latest_years=9))
    with pytest.raises(lr.UsageError, match="rule is a dict"):
        by_band(variables, rule={"radius": 150})
    with pytest.raises(lr.UsageError, match="radius is 50 m, but cells are 100 m wide"):
        by_band(variables, rule=lr.StructuralRule(radius=50))
    with pytest.raises(lr.UsageError, match="panel is a Dataset; it must be a BandedPanel"):
        lr.structural_clusters_by_band(in_memory(ids, variables), Arrays({}))
    with pytest.raises(lr.InputError, match="urbanity holds 7 "):
        by_band(variables | {"urbanity": np.full(ids.size, 7.0)})
    rule = lr.StructuralRule(minimum_dwellings=1e9)
    with pytest.warns(LeefrasterWarning, match="can select nothing") as told:
        by_band(variables, rule=rule)
    with pytest.warns(LeefrasterWarning, match="can select nothing") as whole:
        lr.structural_clusters(in_memory(ids, variables), rule)
    assert [str(one.message) for one in told] == [str(one.message) for one in whole]
    late = variables["dwellings"].copy()
    late[:3] = np.nan
    late[:2, 0] = 5  # three years in one band, two in the others
    for first, told_of in ((late, False), (np.where(np.arange(5)[:, None] < 3, np.nan, late), True)):
        found = []
        for find in (by_band, lambda given: lr.structural_clusters(in_memory(ids, given))):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                find(variables | {"dwellings": first})
            found.append([str(one.message) for one in told])
        assert found[0] == found[1]
        assert any("have dwellings in 2 of 5" in text for text in found[0]) == told_of
    negative = variables["dwellings"].copy()
    negative[2, 4000] = -3
    high = variables["level"].copy()
    high[2, 7] = 1e300
    with pytest.raises(lr.InputError, match=r"1 levels are larger than 1e\+100 in size, first 1e\+300"):
        by_band(variables | {"level": high})
    with pytest.raises(lr.InputError, match="dwellings: 1 of"):
        by_band(variables | {"dwellings": negative})
    with pytest.raises(lr.InputError, match=r"1 values of dwellings are larger than 1e\+100 in size"):
        by_band(variables | {"dwellings": np.where(negative < 0, 1e208, negative)})
    with pytest.warns(LeefrasterWarning, match="levels of versions 2, 3 are compared") as given:
        by_band(variables | {"version": ("year", ["2", "2", "3", "3", "3"])})
    assert len(given) == 1


def test_local_means_of_a_band_are_those_of_the_whole_once_its_largest_terms_are_known():
    ids, variables = made(5)
    rng = np.random.default_rng(5)
    variables["dwellings"] = rng.uniform(0, 60, variables["level"].shape)
    variables["dwellings"][1:3, 100] = 1e7  # far from the band: it sets the scale
    variables["level_error"][3, 100] = 1e5
    panel = panel_of(in_memory(ids, variables))
    sizes = Sizes.of(panel.at(slice(None, 900))) + Sizes.of(panel.at(slice(900, None)))
    assert sizes == Sizes.of(panel)
    row = ids // GRID.nx
    around = (row >= 40) & (row < 60)
    own = np.flatnonzero((row[around] >= 44) & (row[around] < 56))
    whole, part = LocalMeans(panel, 400.0), LocalMeans(panel.at(around), 400.0, sizes)
    alone = LocalMeans(panel.at(around), 400.0)
    for year in range(len(YEARS)):
        wanted = whole.of(year, panel.level[year])[around][own]
        assert part.of(year, panel.at(around).level[year])[own].tobytes() == wanted.tobytes()
        wanted = whole.errors(panel, year)[around][own]
        assert part.errors(panel.at(around), year)[own].tobytes() == wanted.tobytes()
    assert (alone.of(1, panel.at(around).level[1])[own] != whole.of(1, panel.level[1])[around][own]).any()
