"""Published scores: as they come, what levels rest on, and the identity of total and dimensions."""

import zipfile

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.leefbaarometer import DIMENSIONS, read_scores, score_identity

GRID = lr.Grid.netherlands()
CODES = ["E0973N4514", "E0974N4514", "E0975N4515"]


def published(years=(2022, 2024), codes=CODES, seed=0, **extra):
    """Return a table as the ministry publishes it: contributions whose sum is the deviation."""
    rng = np.random.default_rng(seed)
    rows = [(year, code) for year in years for code in codes]
    frame = pd.DataFrame(rows, columns=["jaar", "grid_id"])
    parts = pd.DataFrame(np.round(rng.normal(0, 0.08, (len(rows), 5)), 6), columns=list(DIMENSIONS))
    frame["afw"] = parts.sum(axis=1).round(6)
    return pd.concat([frame, parts], axis=1).assign(**extra)


def written(folder, frame, name="grids.csv", **options):
    path = folder / name
    frame.to_csv(path, index=False, **options)
    return path


def test_against_a_naive_pivot(tmp_path):
    frame = published()
    scores = read_scores(written(tmp_path, frame))
    assert scores["score"].dims == ("year", "dimension", "cell")
    assert scores["dimension"].values.tolist() == list(DIMENSIONS)
    assert scores["year"].dtype == np.int64
    for row in frame.itertuples():
        at = {"year": row.jaar, "cell": int(GRID.cell_from_code([row.grid_id])[0])}
        for name in DIMENSIONS:
            assert scores["score"].sel(dimension=name, **at) == np.float32(getattr(row, name))
        assert scores["total"].sel(at) == np.float32(row.afw)
    assert "level" not in scores
    assert "reference" not in scores
    assert lr.grid_of(scores) == GRID


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_separators_case_marks_and_shuffled_rows_give_the_same(tmp_path, separator, line):
    frame = published()
    plain = read_scores(written(tmp_path, frame))
    shuffled = frame.sample(frac=1, random_state=1)[list(frame.columns[::-1])]
    shuffled["grid_id"] = shuffled["grid_id"].str.lower() + "  "
    shuffled.columns = [name.upper() for name in shuffled.columns]
    path = written(
        tmp_path, shuffled, "b.csv", sep=separator, lineterminator=line, encoding="utf-8-sig", quoting=1
    )
    other = read_scores(path)
    for name in ("score", "total"):
        assert plain[name].values.tobytes() == other[name].values.tobytes()


def test_zipped_and_several_files(tmp_path):
    frame = published()
    archive = tmp_path / "scores 2022-2024.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Leefbaarometer-scores grids 2002-2024.csv", frame.to_csv(index=False))
    whole = read_scores(archive)
    parts = [written(tmp_path, frame[frame["jaar"] == year], f"{year}.csv") for year in (2024, 2022)]
    assert whole["total"].identical(read_scores(parts)["total"].assign_attrs(whole["total"].attrs))


def test_cells_are_the_union_over_the_years(tmp_path):
    frame = published().drop(index=[0])
    scores = read_scores(written(tmp_path, frame))
    assert scores.sizes["cell"] == 3
    assert np.isnan(scores["total"].values).sum() == 1
    assert scores["total"].attrs["missing"] == 1


def test_level_and_reference_from_the_file(tmp_path):
    frame = published(years=(2008, 2024))
    mean = frame["jaar"].map({2008: 4.05, 2024: 4.102})
    scores = read_scores(written(tmp_path, frame.assign(lbm=(frame["afw"] + mean).round(6), versie="LBM3")))
    np.testing.assert_allclose(scores["reference"].values, [4.05, 4.102], atol=1e-6)
    np.testing.assert_allclose(scores["level"] - scores["total"], [[4.05] * 3, [4.102] * 3], atol=1e-6)
    assert scores["version"].values.tolist() == ["LBM3", "LBM3"]


def test_no_reference_is_invented_where_the_file_has_none(tmp_path):
    frame = published()
    level = frame["afw"] + np.linspace(4, 5, len(frame))
    assert "reference" not in read_scores(written(tmp_path, frame.assign(lbm=level)))


def test_level_from_references(tmp_path):
    path = written(tmp_path, published())
    scores = read_scores(path, references={2022: 4.1, 2024: 4.2, 2026: 9.9})
    expected = scores["total"].astype("float64") + np.array([[4.1], [4.2]])
    np.testing.assert_allclose(scores["level"], expected, atol=1e-6)
    assert scores["reference"].values.tolist() == [4.1, 4.2]
    with pytest.raises(UsageError, match=r"references are given, but not for 2022; give every year, or none"):
        read_scores(path, references={2024: 4.1})


def test_versions(tmp_path):
    path = written(tmp_path, published(versie=["2.0"] * 3 + ["3.0"] * 3))
    with pytest.warns(LeefrasterWarning, match=r"version differs between years \(2022: 2.0, 2024: 3.0\)"):
        scores = read_scores(path)
    assert scores["version"].values.tolist() == ["2.0", "3.0"]
    with pytest.raises(InputError, match=r"2022 was measured by version '2\.0', 2024 by '3\.0'"):
        lr.change(scores["total"], 2022, 2024)  # a field that was taken out knows it as well
    with pytest.raises(InputError, match=r"year 2022 mixes versions 2.0, 3.0"):
        read_scores(written(tmp_path, published(versie=["2.0", "3.0"] * 3)))


def test_numeric_versions(tmp_path):
    assert read_scores(written(tmp_path, published(versie=3)))["version"].values.tolist() == ["3", "3"]


def test_unknown_columns(tmp_path):
    path = written(tmp_path, published(kscore=5, kleur="rood"))
    with pytest.warns(LeefrasterWarning, match=r"unknown columns 'kleur' are not read"):
        read_scores(path)
    with pytest.raises(InputError, match=r"unknown columns 'kleur'; remove them"):
        read_scores(path, strict=True)


def test_missing_column_names_the_nearest(tmp_path):
    path = written(tmp_path, published().rename(columns={"grid_id": "gridid"}))
    with pytest.raises(InputError, match=r"there is no column 'grid_id'. Did you mean 'gridid'\?"):
        read_scores(path)


def test_an_empty_year_is_kept_and_warned_about(tmp_path):
    frame = published()
    frame.loc[frame["jaar"] == 2022, ["afw", *DIMENSIONS]] = np.nan
    with pytest.warns(LeefrasterWarning, match="year 2022 holds no total at all"):
        scores = read_scores(written(tmp_path, frame))
    assert scores["year"].values.tolist() == [2022, 2024]
    assert np.isnan(scores["total"].values[0]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"afw": -99997}, r"'total'.* negative values that look like missing codes: -99997"),
        ({"won": np.inf}, r"'score won' holds 1 infinite values"),
        ({"grid_id": "E0974N4514"}, r"occur more than once \(2 rows\), first: E0974N4514 2022"),
        ({"grid_id": "E9974N4514"}, r"lie outside the grid .*easting 0-300 km"),
        ({"jaar": 2999}, r"jaar 2999 lies in the future"),
        ({"soc": "0,5"}, r"column 'soc' reads as text .* decimal commas: say decimal = ','"),
    ],
)
def test_faults(tmp_path, change, message):
    frame = published().astype(object)
    for name, value in change.items():
        frame.loc[0, name] = value
    with pytest.raises(InputError, match=message):
        read_scores(written(tmp_path, frame))


def test_missing_codes_may_be_mapped_and_outside_dropped(tmp_path):
    frame = published().astype(object)
    frame.loc[0, "afw"] = -99997
    frame.loc[1, "grid_id"] = "E9974N4514"
    scores = read_scores(written(tmp_path, frame), missing={"-99997": "suppressed"}, drop_outside=True)
    assert scores["total"].attrs["suppressed"] == 1
    assert scores.attrs["dropped_outside"] == 1


def test_identity_holds_in_published_scores(tmp_path):
    check = score_identity(read_scores(written(tmp_path, published())))
    assert check.holds
    assert check.checked == 6
    assert check.largest_error < 1e-6
    assert check.sentence().startswith("total = sum of dimensions holds in all 6 places")


def test_identity_reports_what_differs(tmp_path):
    frame = published()
    frame.loc[4, "afw"] += 0.01
    frame.loc[2, "afw"] += 2e-5
    frame.loc[0, "won"] = np.nan
    check = score_identity(read_scores(written(tmp_path, frame)))
    assert not check.holds
    assert (check.checked, check.violations) == (5, 2)
    assert check.largest_error == pytest.approx(0.01, abs=1e-6)
    assert [(year, unit) for year, unit, *_ in check.examples] == [(2024, CODES[1]), (2022, CODES[2])]
    assert "in 2 of 5 places, by up to 0.01; worst: 2024 E0974N4514: total" in check.sentence()
    assert score_identity(read_scores(written(tmp_path, frame)), tolerance=0.1).holds


def test_identity_needs_score_and_total():
    with pytest.raises(UsageError, match="there is no score and no total"):
        score_identity(xr.Dataset())
    whole = xr.Dataset(
        {"score": (("year", "dimension", "area"), [[[0.1]]]), "total": (("year", "area"), [[0.1]])}
    )
    with pytest.raises(UsageError, match="tolerance is 0, it must be positive"):
        score_identity(whole, tolerance=0)


def test_identity_of_nothing():
    empty = xr.Dataset(
        {"score": (("year", "dimension", "area"), [[[np.nan]]]), "total": (("year", "area"), [[0.1]])},
        coords={"year": [2024], "area": ["BU1"]},
    )
    check = score_identity(empty)
    assert (check.checked, check.largest_error, check.holds) == (0, 0.0, True)
