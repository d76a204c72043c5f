"""What rose and fell in a run: the figures of the function, in record and store; published changes beside them."""

import numpy as np
import pandas as pd
import pytest
from small_country import CONFIGURATION, REFERENCE, YEARS, score_table, write_country

import leefraster as lr
from leefraster.cli import main
from leefraster.config import Configuration
from leefraster.errors import InputError
from leefraster.exports import write_exports
from leefraster.pipeline.read import read
from leefraster.pipeline.risers import compare_published, find_risers
from leefraster.pipeline.work import Skipped, Work
from leefraster.record import RunRecord
from leefraster.report import write_report

FEW = "[structural]\nrecomputations = 0\n[questions]\nask = []\n"


def published_of(table, *, flip=0):
    """Return the changes of levels in a table of scores as a published file has them, some turned round."""
    wide = table.pivot(index="grid_id", columns="jaar", values="lbm")
    changes = (wide[2024] - wide[2022]).to_numpy(copy=True)
    changes[:flip] *= -1
    return pd.DataFrame({"grid_id": wide.index, "periode": "2022-2024", "lbm": changes.round(6)})


@pytest.fixture
def configured(tmp_path):
    file = write_country(tmp_path / "input", score_table())
    file.write_text(CONFIGURATION + FEW)
    return file


def work_of(file):
    work = Work(Configuration.read(file))
    read(work)
    return work


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("risers")
    table = score_table()
    file = write_country(folder / "input", table)
    cells = table["grid_id"].unique()
    squares = pd.read_csv(folder / "input" / "squares.csv")
    squares["town"] = [f"GM{int(c[1:5]) % 3}" for c in cells]
    squares.to_csv(folder / "input" / "squares.csv", index=False)
    published_of(table, flip=50).to_csv(folder / "input" / "changes.csv", index=False)
    areas = '[areas]\npath = "squares.csv"\ncode = "cell"\nmunicipality = "town"\n'
    file.write_text(CONFIGURATION + areas + '[published_changes]\npath = "changes.csv"\n' + FEW)
    work = work_of(file)
    compare_published(work)
    find_risers(work)
    record = RunRecord(
        "first", "Small country", work.data, {}, {}, inputs=work.inputs,
        risers=work.risers, published_changes=work.published_changes,
    )  # fmt: skip
    out = folder / "out"
    lr.Store.open(out / "store", create=True).write(record)
    write_report(record, out / "report.html")
    (out / "exports").mkdir()
    write_exports(record, out / "exports", formats=["csv"], licence="")
    return record, out


def test_a_run_has_the_figures_of_the_function_between_its_last_two_measurements(finished):
    record = finished[0]
    wanted = lr.risers_and_fallers(record.dataset, 2022, 2024, by=record.dataset["municipality"])
    pd.testing.assert_frame_equal(record.risers.table, wanted.table)
    pd.testing.assert_frame_equal(
        record.risers.areas.drop(columns="name"), wanted.areas.rename_axis("municipality")
    )
    assert record.risers.areas.index.tolist() == ["GM0", "GM1", "GM2"]
    np.testing.assert_array_equal(record.dataset["change_class"], wanted.units["change_class"])
    assert record.dataset["change_class"].dtype == "int8"
    assert record.dataset["change_class"].attrs["to_year"] == 2024
    assert 0 < record.risers.overall["risen"] < 1


def test_store_exports_and_report_hold_them(finished):
    record, out = finished
    tables = lr.Store.open(out / "store").tables()
    assert tables["risers"]["class"].tolist() == list(range(10))
    np.testing.assert_array_equal(tables["risers"]["risen"][1:], record.risers.table["risen"])
    assert tables["risers"]["risen"][0] == record.risers.overall["risen"]
    assert tables["risers_areas"]["municipality"].tolist() == ["GM0", "GM1", "GM2"]
    exported = pd.read_csv(out / "exports" / "risers_areas.csv")
    np.testing.assert_allclose(exported["fallen"], record.risers.areas["fallen"])
    assert 'id="risers"' in (out / "report.html").read_text()


def test_published_changes_are_counted_beside_those_of_the_run(finished):
    record, out = finished
    row = record.published_changes.iloc[0]
    assert row["period"] == "2022-2024"
    assert row["units"] == 576
    turned = published_of(score_table())["lbm"].to_numpy()[:50]
    assert row["opposite"] == (np.abs(turned) > 0.0392).sum()
    assert row["agree"] + row["opposite"] == 576
    assert "Published changes beside these" in (out / "report.html").read_text()
    assert lr.Store.open(out / "store").tables()["published_changes"]["opposite"][0] == row["opposite"]
    assert "published changes" in [item.role for item in record.inputs]


def changed(work, how):
    work.data = how(work.data)
    return work


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda data: data.isel(year=[0]), "a change takes two measurements; there is 1"),
        (lambda data: data.drop_vars(["level", "reference"], errors="ignore"), "what rose is told by levels"),
        (
            lambda data: data.assign(version=("year", ["2", "2", "2", "3"])),
            "2022 and 2024 are of versions 2 and 3",
        ),
    ],
)
def test_what_cannot_be_told_is_skipped_with_its_reason(configured, how, reason):
    with pytest.raises(Skipped, match=reason):
        find_risers(changed(work_of(configured), how))


def test_years_in_any_order_and_a_total_with_its_mean_will_do(configured):
    work = work_of(configured)
    find_risers(work)
    other = work_of(configured)
    made = other.data.drop_vars("level").assign(reference=("year", np.full(len(YEARS), REFERENCE)))
    find_risers(changed(other, lambda _: made.isel(year=[3, 0, 2, 1])))
    assert other.risers.period == work.risers.period == "2022-2024, 2 years"
    assert other.risers.table["risen"].round(9).equals(work.risers.table["risen"].round(9))
    assert work.risers.areas is None


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("", "no \\[published_changes\\] are given"),
        ('[published_changes]\npath = "old.csv"\n', "periods \\(2002-2008\\) runs between two measurements"),
        ('[published_changes]\npath = "areas.csv"\n', "are not by cell, as the run is"),
    ],
)
def test_published_changes_that_do_not_fit_are_skipped_with_their_reason(configured, section, reason):
    folder = configured.parent
    (folder / "old.csv").write_text("grid_id;periode;lbm\nE0800N4500;2002-2008;.06\n")
    (folder / "areas.csv").write_text("bu_code;periode;lbm\nBU00140000;2022-2024;.06\n")
    configured.write_text(CONFIGURATION + section + FEW)
    with pytest.raises(Skipped, match=reason):
        compare_published(work_of(configured))


def test_classes_of_version_2_are_read_too(configured):
    table = score_table()
    cells = table["grid_id"].unique()
    classes = pd.DataFrame({"gridcode": cells, "VKL2224": np.resize([3, 4, 5], cells.size)})
    classes.to_csv(configured.parent / "classes.csv", index=False)
    section = '[published_changes]\nreader = "classes"\npath = "classes.csv"\n'
    configured.write_text(CONFIGURATION + section + FEW)
    work = work_of(configured)
    compare_published(work)
    row = work.published_changes.iloc[0]
    assert (
        row["units"]
        == row["agree"] + row["within_no_change"] + row["only_published"] + row["opposite"]
        == 576
    )


def test_a_damaged_file_is_refused_before_statistics_and_nothing_is_stored(configured, tmp_path, capsys):
    (configured.parent / "changes.csv").write_text("grid_id;periode;lbm\nE0800N4500;2024-2022;.06\n")
    configured.write_text(CONFIGURATION + '[published_changes]\npath = "changes.csv"\n' + FEW)
    with pytest.raises(InputError, match="2024"):
        compare_published(work_of(configured))
    assert main(["run", str(configured), "--out", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert "local Moran" not in said
    assert not (tmp_path / "out" / "store").exists()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('reader = "classes"\nfrom_year = 2018\nto_year = 2024', "cannot be given with the reader 'classes'"),
        ("from_year = 2018", "given together, or not at all"),
        ('key = "code"', "key cannot be given with the reader 'changes'"),
    ],
)
def test_keys_that_would_do_nothing_are_refused(keys, message):
    text = f'[scores]\npath = "a.csv"\n[published_changes]\npath = "b.csv"\n{keys}\n'
    with pytest.raises(lr.UsageError, match=message):
        Configuration.parse(text)
