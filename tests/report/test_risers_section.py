"""The section of risers and fallers: what the page says is what the function found."""

from dataclasses import replace

import numpy as np
import pytest
from made_runs import made_record

import leefraster as lr
from leefraster.exports.outgoing import outgoing
from leefraster.exports.run_tables import risers_tables
from leefraster.report import risers
from leefraster.report.page import content, render
from leefraster.report.places import places_of
from leefraster.report.view import View
from leefraster.report.wording import number, share, whole


def with_risers(record, towns=3, **options):
    data = record.dataset
    codes = np.array([f"GM{i % towns:02d}" for i in range(data.sizes["cell"])])
    data = data.assign(municipality=("cell", codes), level=data["total"] + data["reference"])
    found = lr.risers_and_fallers(data, 2020, 2024, by=data["municipality"], **options)
    areas = found.areas.rename_axis("municipality")
    areas.insert(0, "name", [f"Town <{code}>" for code in areas.index])
    attrs = {"from_year": 2020, "to_year": 2024}
    data = data.assign(change_class=("cell", found.units["change_class"].values, attrs))
    return replace(record, dataset=data, risers=replace(found, areas=areas))


@pytest.fixture(scope="module")
def record(small):
    return with_risers(small)


@pytest.fixture(scope="module")
def shown(record):
    view = View.of(record.dataset)
    return risers.section(record, view, places_of(record.dataset), figures=True)


def test_sentences_say_the_overall_figures(record, shown):
    overall = record.risers.overall
    for name in ("risen", "fallen", "unchanged"):
        assert share(overall[name], 1) in shown.said[0]
    assert number(overall["mean_change"], 4, sign=True) in shown.said[0]
    leading = overall["risen_leading"]
    assert number(overall[f"risen_{leading}"], 3, sign=True) in shown.said[1]
    assert shown.period == "2020-2024, 4 years"


def test_every_class_with_places_has_a_row_and_all_have_one(record, shown):
    table = record.risers.table
    held = table[table["units"] > 0]
    assert [row[0][0] for row in shown.by_class.rows[:-1]] == [str(one) for one in held.index]
    for row, (_, figures) in zip(shown.by_class.rows, held.iterrows(), strict=False):
        assert row[1] == whole(figures["dwellings"])
        assert row[2:5] == tuple(share(figures[name], 1) for name in ("risen", "unchanged", "fallen"))
    assert shown.by_class.rows[-1][0] == "all"
    assert shown.by_class.rows[-1][1] == whole(table["dwellings"].sum())


def test_parts_add_up_to_the_mean_change(record, shown):
    overall = record.risers.overall
    for row, way in zip(shown.parts.rows, ("risen", "fallen"), strict=True):
        assert row[1] == number(overall[f"{way}_change"], 3, sign=True)
        assert len(row) == 2 + 5 + 2
    assert shown.parts.headings[-2:] == ("shift of the national mean", "rest")


def test_few_areas_stand_in_one_list_by_balance(record, shown):
    ((title, table),) = shown.areas
    assert title == "By municipality, most fallen first"
    balance = (record.risers.areas["risen"] - record.risers.areas["fallen"]).sort_values(kind="stable")
    assert [row[0] for row in table.rows] == [f"Town <{code}>" for code in balance.index]
    assert len(table.rows[0]) == len(table.headings)


def test_of_many_areas_the_largest_movers_of_some_size_are_shown(small):
    record = with_risers(small, towns=40)
    areas = record.risers.areas
    sizes = np.where(np.arange(40) % 2, areas["dwellings"], 999.0)
    record = replace(record, risers=replace(record.risers, areas=areas.assign(dwellings=sizes)))
    found = risers.section(record, View.of(record.dataset), None, figures=False)
    assert [title.split(",")[0] for title, _ in found.areas] == [
        "Where most fell on balance",
        "Where most rose on balance",
    ]
    large = areas[np.arange(40) % 2 == 1]
    balance = (large["risen"] - large["fallen"]).sort_values(kind="stable")
    assert [row[0] for row in found.areas[0][1].rows] == [f"Town <{code}>" for code in balance.index[:10]]
    assert [row[0] for row in found.areas[1][1].rows] == [f"Town <{code}>" for code in balance.index[:-11:-1]]
    assert found.map is found.by_class.picture is None


def test_levels_alone_and_places_without_dwellings(small):
    record = replace(small, dataset=small.dataset.drop_vars(["score", "dwellings"]))
    found = with_risers(record)
    section = risers.section(found, View.of(found.dataset), None, figures=True)
    assert section.parts is None
    assert "weighted by units" in section.said[0]
    assert len(section.by_class.headings) == len(section.by_class.rows[0]) == 8


def test_the_page_has_the_section_with_map_and_contents_and_escapes_names(record):
    html = render(record)
    assert '<a href="#risers">' in html
    assert 'id="risers"' in html
    assert "Change of the level, 2020 to 2024" in html
    assert "Town &lt;GM00&gt;" in html
    assert "<GM00>" not in html


def test_a_run_without_it_says_why(small):
    steps = (lr_step("risers and fallers", "a change takes two measurements; there is 1"),)
    found = content(replace(small, steps=steps), figures=False)
    assert found["risers"] is None
    assert ("Risers and fallers", "a change takes two measurements; there is 1") in found["absent"]


def lr_step(name, reason):
    from leefraster.record import Step

    return Step(name, "skipped", 0.0, reason)


def test_disclosure_control_withholds_small_classes_and_areas(record):
    least = float(record.risers.areas["dwellings"].max())
    public = outgoing(record, rule=lr.DisclosureRule(minimum=least, base=10))
    areas = public.risers.areas
    assert areas["risen"].isna().tolist() == (record.risers.areas["dwellings"] < least).tolist()
    assert areas["risen"].notna().any()
    small = record.risers.table["dwellings"] < least
    assert public.risers.table["mean_change"][small].isna().all()
    assert public.risers.overall["risen"] == record.risers.overall["risen"]
    assert public.risers.overall["dwellings"] % 10 == 0
    assert set(risers_tables(public.risers)) == {"risers", "risers_areas"}
    render(public, figures=False)


def test_limited_to_an_area_national_figures_stay_and_others_go(record):
    public = outgoing(record, areas=["GM01"])
    assert public.risers.areas.index.tolist() == ["GM01"]
    assert public.risers.table is record.risers.table


def test_nothing_risen_or_fallen_is_no_fault(small):
    data = small.dataset
    nothing = {name: data[name] * 0 for name in ("total", "score", "reference")}
    still = replace(small, dataset=data.assign(nothing))
    found = with_risers(still)
    section = risers.section(found, View.of(found.dataset), None, figures=True)
    assert "0.0\u00a0% rose" in section.said[0]
    assert all(row[-2:] == ("–", "–") for row in section.by_class.rows)
    assert made_record(found.dataset).risers is None
