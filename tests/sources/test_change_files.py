"""Published changes: read by assumed or given names, placed by period, and held against ours."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError

changes = lr.sources.change_files

AREAS = """bu_code;bu_naam;jaar_van;jaar_tot;lbm;afw;won;fys;vrz;soc;onv
BU00140001;Zuid;2018;2024;.06;.01;.01;.00;.02;-.01;-.01
BU00140000;Noord;2018;2024;-.05;-.10;-.02;.00;-.04;-.02;-.02
BU00140000;Noord;2014;2018;.02;.01;.00;.00;.00;.01;.00
"""


def written(tmp_path, text, name="changes.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def test_assumed_columns_are_placed_by_period_and_said(tmp_path):
    found = changes.read_changes(written(tmp_path, AREAS))
    assert found["level_change"].dims == ("period", "area")
    assert found["period"].values.tolist() == ["2014-2018", "2018-2024"]
    assert found["from_year"].values.tolist() == [2014, 2018]
    assert found["area"].values.tolist() == ["BU00140000", "BU00140001"]
    np.testing.assert_allclose(found["level_change"], [[0.02, np.nan], [-0.05, 0.06]], rtol=1e-6)
    assert found["score_change"].dims == ("period", "dimension", "area")
    np.testing.assert_allclose(
        found["score_change"].sel(period="2018-2024", dimension="vrz"), [-0.04, 0.02], rtol=1e-6
    )
    assert found["level_change"].dtype == np.float32
    assert found.attrs["columns"].startswith(
        "key: bu_code, from_year: jaar_van, to_year: jaar_tot, level: lbm"
    )
    assert found.attrs["assumed"].split(", ") == [
        "key",
        *(part.split(":")[0] for part in found.attrs["columns"].split(", ")[1:]),
    ]
    assert found.attrs["years_from"] == "columns of years"


def test_other_names_are_mapped_and_no_longer_assumed(tmp_path):
    text = AREAS.splitlines()
    text[0] = "buurt;naam;van;tot;verschil;afw;won;fys;vrz;soc;onv"
    file = written(tmp_path, "\n".join(text) + "\n")
    names = {"key": "buurt", "from_year": "van", "to_year": "tot", "level": "verschil"}
    with pytest.warns(LeefrasterWarning, match="unknown columns 'naam' are not read"):
        found = changes.read_changes(file, columns=names, unit="area")
    xr.testing.assert_equal(found, changes.read_changes(written(tmp_path, AREAS, "known.csv")))
    assert found.attrs["assumed"] == "total, won, fys, vrz, soc, onv"
    with pytest.raises(InputError, match="unknown columns 'naam'; remove them, name them"):
        changes.read_changes(file, columns=names, unit="area", strict=True)


def test_cells_are_placed_on_the_grid(tmp_path):
    text = "grid_id,periode,lbm\ne0974n4514 ,2018 - 2024,0.10\nE0001N4000,2018-2024,-0.20\n"
    found = changes.read_changes(written(tmp_path, text))
    codes = lr.grid_of(found).code_from_cell(found["cell"].values).tolist()
    known = dict(zip(codes, found["level_change"].values[0].round(3).tolist(), strict=True))
    assert known == pytest.approx({"E0974N4514": 0.1, "E0001N4000": -0.2})
    outside = text + "E9999N4000,2018-2024,0.1\n"
    with pytest.raises(InputError, match="outside"):
        changes.read_changes(written(tmp_path, outside))
    assert changes.read_changes(written(tmp_path, outside), drop_outside=True).attrs["dropped_outside"] == 1


def test_years_come_from_columns_arguments_or_the_name(tmp_path):
    text = "wk_code,lbm\nWK000300,0.1\nWK000500,-0.1\n"
    named = written(tmp_path, text, "Leefbaarometer-ontwikkeling wijken 2002-2024.csv")
    with pytest.warns(LeefrasterWarning, match="the years 2002-2024 of all rows come from the file's name"):
        found = changes.read_changes(named)
    assert found["period"].values.tolist() == ["2002-2024"]
    told = changes.read_changes(named, from_year=2022, to_year=2024)
    assert told["period"].values.tolist() == ["2022-2024"]
    assert told.attrs["years_from"] == "arguments"
    with pytest.raises(UsageError, match="no columns of years, and no years in its name"):
        changes.read_changes(written(tmp_path, text))
    with pytest.raises(UsageError, match="give both, or neither"):
        changes.read_changes(named, from_year=2022)
    with pytest.raises(UsageError, match=r"years are given in 2 ways \(from_year, from_year=\)"):
        changes.read_changes(written(tmp_path, AREAS), from_year=2018, to_year=2024)


def test_parquet_with_years_as_numbers_reads_as_csv_does(tmp_path):
    known = changes.read_changes(written(tmp_path, AREAS))
    file = tmp_path / "changes.parquet"
    pd.read_csv(tmp_path / "changes.csv", sep=";").to_parquet(file)
    xr.testing.assert_equal(changes.read_changes(file), known)


def test_a_file_of_several_periods_named_by_its_first_and_last_year_is_refused(tmp_path):
    text = "wk_code,lbm\nWK000300,0.1\nWK000300,-0.1\n"
    named = written(tmp_path, text, "Leefbaarometer-ontwikkeling wijken 2002-2024.csv")
    with (
        pytest.warns(LeefrasterWarning, match="come from the file's name"),
        pytest.raises(InputError, match="period 2002-2024: 1 values of key occur more than once"),
    ):
        changes.read_changes(named)


def test_published_classes_and_versions_are_kept(tmp_path):
    text = "gm_code,periode,klasse,versie\nGM0003,2018-2024,4,3.0\nGM0005,2018-2024,6,3.0\nGM0007,2018-2024,,3.0\n"
    found = changes.read_changes(written(tmp_path, text), columns={"class": "klasse"})
    assert found["change_class"].values.tolist() == [[4, 6, 0]]
    assert found["version"].values.tolist() == ["3.0"]
    with pytest.raises(InputError, match=r"column 'klasse' holds 9 \(1 rows\); classes of change are 1 to 7"):
        changes.read_changes(written(tmp_path, text.replace(",6,", ",9,")), columns={"class": "klasse"})
    with pytest.raises(InputError, match=r"period 2018-2024 mixes versions 2\.0, 3\.0"):
        changes.read_changes(written(tmp_path, text.replace("4,3.0", "4,2.0")), columns={"class": "klasse"})


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        (AREAS, {"columns": {"code": "bu_code"}}, UsageError, "columns has role 'code'; roles are key, from_year"),
        (AREAS, {"columns": {"level": "niveau"}}, InputError, "there is no column 'niveau'"),
        (AREAS.replace("bu_code", "plek"), {}, InputError, "has no key .*; say which column it is"),
        (AREAS.replace("bu_naam", "wk_code"), {}, InputError, r"has several keys \(bu_code, wk_code\)"),
        (
            AREAS.replace("bu_code", "plek"),
            {"columns": {"key": "plek"}},
            UsageError,
            "say whether 'plek' holds codes of cells or of areas",
        ),
        (AREAS, {"unit": "buurt"}, UsageError, "unit is 'buurt'; it must be 'cell' or 'area'"),
        (AREAS.replace("won;", "bev;"), {}, InputError, "has some dimensions, but not won"),
        ("bu_code;periode\nBU1;2018-2024\n", {}, InputError, "no column of changes; assumed were lbm, afw"),
        (AREAS.replace("jaar_tot", "tot"), {}, UsageError, "a column of from_year only; name both"),
        ("bu_code;periode;lbm\nBU1;2018;.1\n", {}, InputError, "holds '2018'; it must hold two years such as"),
        ("bu_code;periode;lbm\nBU1;;.1\n", {}, InputError, "holds ''; it must hold two years"),
        ("bu_code;periode;lbm\nBU1;2024-2018;.1\n", {}, InputError, "from 2024 to 2018; the earlier comes first"),
        ("bu_code;periode;lbm\nBU1;2018-2999;.1\n", {}, InputError, "to_year 2999 lies in the future"),
        ("bu_code;periode;lbm\nBU1;2018-2024;abc\n", {}, InputError, "column 'lbm' reads as text"),
        (AREAS + AREAS.splitlines()[1] + "\n", {}, InputError, "2018-2024: 1 values of key occur more than once"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*unknown columns")
def test_what_is_refused(tmp_path, text, options, error, message):
    with pytest.raises(error, match=message):
        changes.read_changes(written(tmp_path, text), **options)


# --- version 2.0 -----------------------------------------------------------------------------------------


def test_classes_of_version_two_are_read_by_the_names_of_their_columns(tmp_path):
    text = "gridcode,naam,KL02,KL16,VKL0216,vkl1416\nE0974N4514,a,6,7,5,4\nE0975N4514,b,,3,,4\n"
    found = changes.read_change_classes(written(tmp_path, text))
    assert found["class"].values.tolist() == [[6, 0], [7, 3]]
    assert found["year"].values.tolist() == [2002, 2016]
    assert found["change_class"].sel(period="2002-2016").values.tolist() == [5, 0]
    assert found["change_class"].sel(period="2014-2016").values.tolist() == [4, 4]
    assert lr.grid_of(found) == lr.Grid.netherlands()


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("wk_code,naam\nWK1,a\n", {}, InputError, "no column of classes such as 'KL16' or 'VKL0216'"),
        ("wk_code,KL02\nWK1,12\n", {}, InputError, "column 'KL02' holds 12 .*; classes are 1 to 9"),
        ("wk_code,VKL0216\nWK1,8\n", {}, InputError, "classes are 1 to 7"),
        ("wk_code,VKL1602\nWK1,4\n", {}, InputError, "runs from 2016 to 2002; the earlier comes first"),
        ("wk_code,KL02\nWK1,4\nWK1,4\n", {}, InputError, "occur more than once"),
        ("wk_code,KL02\nWK1,4\n", {"key": "wijk"}, InputError, "there is no column 'wijk'"),
        (
            "plek,KL02\nWK1,4\n",
            {"key": "plek"},
            UsageError,
            "say whether 'plek' holds codes of cells or of areas",
        ),
    ],
)
def test_classes_that_are_refused(tmp_path, text, options, error, message):
    with pytest.raises(error, match=message):
        changes.read_change_classes(written(tmp_path, text), **options)


# --- published against ours ------------------------------------------------------------------------------


def published(values, period="2018-2024"):
    return xr.Dataset(
        {"change_class": (("period", "area"), np.atleast_2d(values).astype(np.int8))},
        coords={"period": [period], "area": [f"A{i}" for i in range(np.size(values))]},
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=30))
def test_counts_are_those_of_a_plain_loop(pairs):
    theirs, mine = published([a for a, _ in pairs]), published([b for _, b in pairs])
    row = changes.compare(theirs, mine["change_class"]).loc["2018-2024"]
    held = [(np.sign(a - 4), np.sign(b - 4)) for a, b in pairs if a and b]
    assert row["units"] == len(held)
    assert row["agree"] == sum(a == b for a, b in held)
    assert row["within_no_change"] == sum(a == 0 != b for a, b in held)
    assert row["only_published"] == sum(b == 0 != a for a, b in held)
    assert row["opposite"] == sum(a * b == -1 for a, b in held)
    assert row["same_class"] == sum(a == b for a, b in pairs if a and b)
    assert row["only_one"] == sum(bool(a) != bool(b) for a, b in pairs)
    assert row["units"] == row[["agree", "within_no_change", "only_published", "opposite"]].sum()


def test_a_file_made_of_our_own_changes_agrees_with_them(tmp_path):
    rng = np.random.default_rng(0)
    level = xr.DataArray(
        4.1 + rng.normal(0, 0.1, (3, 50)), dims=("year", "area"), name="level",
        coords={"year": [2014, 2018, 2024], "area": [f"BU{i:08d}" for i in range(50)]},
    )  # fmt: skip
    ours = lr.change(level, 2018, 2024)
    frame = pd.DataFrame(
        {"bu_code": level["area"].values, "periode": "2018-2024", "lbm": ours["level_change"].values}
    )
    file = tmp_path / "made.csv"
    frame.sample(frac=1, random_state=0).to_csv(file, index=False)
    found = changes.read_changes(file)
    row = changes.compare(found, ours).loc["2018-2024"]
    assert row["units"] == row["agree"] == row["same_class"] == 50
    risers = lr.risers_and_fallers(level, 2018, 2024)
    pd.testing.assert_frame_equal(changes.compare(found, risers.units), changes.compare(found, ours))
    turned = changes.compare(found, -level.sel(year=[2018, 2024]).diff("year")[0], kind="difference").iloc[0]
    assert turned["opposite"] == int((ours["change_class"] != 4).sum()) > 0
    assert turned["same_class"] is None


def test_units_of_one_side_are_counted_apart():
    theirs, mine = published([5, 3, 4]), published([5, 3, 4]).isel(area=[2, 0])
    row = changes.compare(theirs, mine["change_class"]).iloc[0]
    assert (row["units"], row["agree"], row["only_one"]) == (2, 2, 1)


@pytest.mark.parametrize(
    ("ours", "options", "message"),
    [
        (published([4], "2014-2018")["change_class"], {}, "none is in both"),
        (published([4])["change_class"].assign_coords(area=["B"]), {}, "no area in common"),
        (published([4])["change_class"].rename(area="cell"), {}, "it must lie over 'period' and 'area'"),
        (published([4]).rename(change_class="class"), {}, "ours has no change_class"),
        (
            published([4])["change_class"],
            {"kind": "sign"},
            "kind is 'sign'; allowed are 'class', 'difference'",
        ),
    ],
)
def test_comparisons_that_are_refused(ours, options, message):
    with pytest.raises(UsageError, match=message):
        changes.compare(published([4]), ours, **options)


def test_a_publication_must_have_periods_and_changes():
    with pytest.raises(UsageError, match="neither change_class nor level_change"):
        changes.compare(xr.Dataset({"total_change": ("area", [0.1])}), published([4]))
    with pytest.raises(UsageError, match="needs a dimension 'period'"):
        changes.compare(published([4]).isel(period=0), published([4]))
    several = xr.concat([published([4]), published([5], "2014-2018")], "period")
    with pytest.raises(UsageError, match="published has 2 periods, ours does not say which"):
        changes.compare(several, published([4])["change_class"].isel(period=0, drop=True))
