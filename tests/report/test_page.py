"""The report as a whole: offline, escaped, complete, and the same each time."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_runs import made_answers, made_record, scores_record
from matplotlib.image import imread

from leefraster.cells import cell_coordinates
from leefraster.clusters.rule import StructuralRule
from leefraster.clusters.sensitivity import structural_sensitivity
from leefraster.clusters.structural import structural_clusters
from leefraster.disclosure.rule import DisclosureRule
from leefraster.errors import EnvironmentFault, LeefrasterWarning
from leefraster.exports.outgoing import outgoing
from leefraster.grid import Grid
from leefraster.questions.answer import Answer
from leefraster.record import InputFile, RunRecord, Step
from leefraster.report import write_report
from leefraster.report.page import content, render
from leefraster.report.wording import nearly

VOID = {"meta", "br", "path", "circle", "rect", "image", "img", "link"}


class Reader(HTMLParser):
    """Collects elements, attributes, text and ids; checks that tags are balanced."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def words(html: str) -> str:
    return re.sub(r"\s+", " ", " ".join(read(html).text))


@pytest.fixture(scope="module")
def html(small: RunRecord) -> str:
    return render(small)


@pytest.mark.parametrize("name", ["small", "layers_record", "areas_record"])
def test_nothing_is_fetched(name: str, request: pytest.FixtureRequest) -> None:
    text = render(request.getfixturevalue(name))
    reader = read(text)
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in reader.elements}
    for tag, attrs in reader.elements:
        for key in ("src", "href", "xlink:href", "data", "action", "poster", "srcset"):
            if attrs.get(key) is not None:
                assert re.match(r"#[\w-]+$|data:image/png;base64,", str(attrs[key])), (tag, attrs)
    assert not re.search(r"url\s*\(|@import", text)


def test_pages_forbid_requests_by_policy(html: str) -> None:
    policy = [a["content"] for t, a in read(html).elements if a.get("http-equiv")]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_every_embedded_image_can_be_read(html: str) -> None:
    images = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    assert len(images) > 10
    for image in images:
        assert imread(io.BytesIO(base64.b64decode(image)), format="png").shape[2] in (3, 4)


def test_contents_lead_to_sections(html: str) -> None:
    reader = read(html)
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    targets = [str(a["href"])[1:] for t, a in reader.elements if t == "a"]
    assert len(ids) == len(set(ids))
    assert set(targets) <= set(ids)
    assert {"summary", "national", "clusters", "time", "dimensions", "layers", "moran"} <= set(targets)
    assert {"answer-urbanity", "answer-catch-up", "answer-hard-core"} <= set(targets)


def test_every_picture_says_what_it_shows(html: str) -> None:
    labels = [a.get("aria-label") for t, a in read(html).elements if t == "svg"]
    assert labels
    assert all(labels)


def test_figures_of_the_record_are_shown(small: RunRecord, html: str) -> None:
    text = words(html)
    table = small.structural.table
    for dwellings in table["dwellings"]:
        assert f"{dwellings:,.0f}" in text
    assert f"{table['dwellings'].sum():,.0f} dwellings in them" in text
    assert "4.116" in text  # the national mean level of 2024
    assert small.run_id in text
    assert "ab" * 32 in text
    assert "statistics.alpha 0.05" in text
    assert "✓ holds" in text
    assert "± mixed · wisselend" in text
    assert "Ja: van 0,20 naar −0,10." in text
    assert "esda version" in text


def test_data_notes(small: RunRecord, html: str) -> None:
    text = words(html)
    for part in (
        "not the opinion of the residents",
        "measured within 300 to 1,000 m",
        "says little more than below the mean",
        "biased: part of it is chance",
        "no official publication",
        "measured from the publication of 2024 and are not the official ones",
        "3 cells had no neighbour",
        "12 of 1,200 cells have no dwellings",
    ):
        assert part in text
    cells = small.dataset.sizes["cell"]
    thin = int((small.dataset["neighbours"].isel(year=-1) < 4).sum())
    assert f"{thin:,} of {cells:,} cells with a value" in text
    assert "Trend" not in text
    assert "one measurement year only" in text


def test_how_often_clusters_reappear_stands_in_their_table(small: RunRecord) -> None:
    assert small.structural is not None
    table = small.structural.table
    often = np.linspace(0.31, 0.97, len(table))
    hangs = ["weak_level, radius", *[""] * (len(table) - 1)]
    sure = dataclasses.replace(
        small.structural, table=table.assign(reappears=often, hangs_on=hangs, state_urbanity="gone")
    )
    heading, rows = (r"<thead>.*?</thead>", r"<tbody>.*?</tbody>")
    for record, columns in ((small, 11), (dataclasses.replace(small, structural=sure), 12)):
        section = render(record).split('id="clusters"')[1]
        headings = re.findall(r"<th[ >]", re.search(heading, section, re.S)[0])  # type: ignore[index]
        lines = re.search(rows, section, re.S)[0].split("</tr>")[:-1]  # type: ignore[index]
        assert len(headings) == columns
        assert len(lines) == len(table)
        assert all(line.count("<td") == columns for line in lines)
        assert all("<small>lagging</small>" in line or "<small>diverging</small>" in line for line in lines)
        assert all(("<small>gone</small>" in line) == (record is not small) for line in lines)
    shown = {line for line in lines if "31\xa0%<small>weak level, radius</small>" in line}
    assert len(shown) == 1
    assert sum("<small>no threshold</small>" in line for line in lines) == len(table) - 1


def test_few_recomputations_are_said_to_be_few(small: RunRecord) -> None:
    found = structural_sensitivity(small.dataset, recomputations=1)
    for count, said in ((20, "repeated 20 times"), (200, "repeated 200 times")):
        found.clusters.attrs["recomputations"] = count
        text = words(render(dataclasses.replace(small, sensitivity=found)))
        assert said in text
        assert ("unsure by up to 0.11" in text) == (count == 20)


def test_a_share_that_is_not_all_is_not_printed_as_all() -> None:
    shown = [
        nearly(value).replace("\u00a0", " ") for value in (1.0, 0.9999, 0.995, 0.99, 0.9899, 0.5, np.nan)
    ]
    assert shown == ["100 %", "99.9 %", "99.5 %", "99.0 %", "99 %", "50 %", "–"]


def test_a_rule_that_can_select_nothing_is_told_where_no_cluster_stands(small: RunRecord) -> None:
    with pytest.warns(LeefrasterWarning) as told:
        none = structural_clusters(small.dataset, StructuralRule(minimum_dwellings=100_001))
    notes = tuple(str(one.message) for one in told)
    record = dataclasses.replace(small, structural=none, notes=notes)
    section = words(render(record).split('id="clusters"')[1].split("</section>")[0])
    assert "That there is no cluster says nothing about the places" in section
    assert "minimum_dwellings is 100,001" in section
    assert "No cluster meets the rule" not in section
    tiles = [figure[:2] for figure in content(record, figures=False)["key_figures"]]
    assert ("–", "structural clusters") in tiles
    assert "dwellings in them" not in dict(map(reversed, tiles))
    silent = dataclasses.replace(record, notes=())
    assert "No cluster meets the rule in this run." in words(render(silent))


def test_what_is_withheld_of_a_cluster_is_no_finding(small: RunRecord) -> None:
    """Of two clusters one has too few dwellings to be published."""
    assert small.structural is not None
    table, course = small.structural.table, small.structural.course
    smallest = table.sort_values("dwellings").iloc[0]
    few, cluster = float(smallest["dwellings"]), int(smallest["cluster"])
    assert len(table) > 1
    assert (table["dwellings"] > few).any()
    sure = structural_sensitivity(small.dataset, recomputations=2)
    public = outgoing(
        dataclasses.replace(small, sensitivity=sure), rule=DisclosureRule(minimum=few + 1, base=1)
    )
    shown = content(public, figures=False)
    cards = {card.rank: dict(card.figures) for card in shown["clusters"].cards}
    for rank, number_of in zip(table["rank"], table["cluster"], strict=True):
        assert (cards[str(rank)]["gap closes in"] == "–") == (number_of == cluster)
    moved = [row[1] for row in shown["clusters"].surely.thresholds.rows]
    assert "nan" not in moved
    assert len(moved) == len(sure.thresholds)
    assert [row[0] for row in shown["time"].rows] == ["country"]
    hidden = course.loc[course["cluster"] == cluster, "dwellings"]
    assert (hidden <= few).all()
    tiles = content(dataclasses.replace(public, dataset=small.dataset), figures=False)["key_figures"]
    text = words(render(public))
    assert f"figures of 1 of {len(table)} are withheld" in text
    assert ("–", "dwellings in them", f"1 of {len(table)} withheld") in tiles
    assert "figures of" not in words(render(small))


def test_demonstration_says_so(small: RunRecord) -> None:
    found = {"found_share": 0.97, "false_share": 0.05, "planted_dwellings": 1000.0, "clusters_found": 20}
    text = words(render(dataclasses.replace(small, detection=found)))
    assert "This country does not exist" in text
    assert "share of planted dwellings that were found 97.0 %" in text
    assert "planted clusters found 20" in text
    assert "does not exist" not in words(render(small))


def test_general_layers(layers_record: RunRecord) -> None:
    text = words(render(layers_record))
    assert "inhabitants, 2022" in text
    assert "balance, 2011" in text
    assert "Cold and hot spots of “balance”, 2011" in text
    assert "unit of the input" in text
    assert "residents" not in text
    assert "Class 4" not in text


def test_units_of_layers_are_used(layers_record: RunRecord) -> None:
    dataset = layers_record.dataset.assign_coords(layer_units=("layer", ["people", "euro"]))
    text = words(render(dataclasses.replace(layers_record, dataset=dataset)))
    assert "inhabitants, 2022 people" in text
    assert "balance, 2011 euro" in text


def test_areas_are_drawn_as_dots(areas_record: RunRecord) -> None:
    html = render(areas_record)
    assert "data:image/png" not in html
    assert html.count('stroke-linecap="round"') > 10
    assert "300 areas" in words(html)
    assert "BU" not in words(html)


def test_sections_left_out_give_the_reason(small: RunRecord) -> None:
    steps = (
        Step("structural clusters", "skipped", 0.0, "there are two years"),
        Step("question: hard_core", "skipped", 0.0, "not asked"),
    )
    record = dataclasses.replace(small, structural=None, answers=(), steps=steps)
    dataset = record.dataset.drop_vars(["structural_label", "structural_bridge", "moran_I"])
    text = words(render(dataclasses.replace(record, dataset=dataset)))
    assert "Structural clusters; Clusters by dimension: there are two years" in text
    assert "Question: hard core: not asked" in text
    assert "Global Moran's I; Answered questions: the run holds no input for it" in text
    assert "Gaps of selected clusters" not in text


def test_full_neighbourhoods_are_said_plainly(small: RunRecord) -> None:
    dataset = small.dataset.assign(
        neighbours=small.dataset["neighbours"] * 0 + 8, moran_islands=small.dataset["moran_islands"] * 0
    )
    text = words(render(dataclasses.replace(small, dataset=dataset)))
    assert "All cells with a value had a neighbour with a value in 2024." in text
    assert "All cells with a value had at least half of a full neighbourhood of 8 in 2024." in text


def test_no_cluster_found(small: RunRecord) -> None:
    none = dataclasses.replace(
        small.structural,
        labels=small.structural.labels * 0,
        table=small.structural.table.iloc[:0],
        course=small.structural.course.iloc[:0],
    )
    dataset = small.dataset.assign(structural_label=small.dataset["structural_label"] * 0)
    text = words(render(dataclasses.replace(small, structural=none, dataset=dataset)))
    assert "No cluster meets the rule in this run." in text
    assert "0 structural clusters" in text


def test_without_figures(small: RunRecord) -> None:
    html = render(small, figures=False)
    assert "<svg" not in html
    assert "data:image" not in html
    assert "this report was made without figures" in html
    assert "Structural clusters" in html


EVIL = "<script>alert('x')</script><img src=x onerror=\"alert(1)\">&amp;\"'"


def test_html_in_names_is_escaped(small: RunRecord) -> None:
    structural = dataclasses.replace(small.structural, table=small.structural.table.assign(name=EVIL))
    field = small.answers[0].map.copy()
    field.attrs = {"long_name": EVIL, "units": EVIL}
    table = pd.DataFrame({EVIL: [1.0, 2.0], "x": [EVIL, "b"]})
    both = {"nl": EVIL, "en": EVIL}
    answer = Answer(
        EVIL, both, "holds", EVIL, both, table, field,
        {"kind": "bars", "x": "x", "y": [EVIL], "title": EVIL, "unit": EVIL},
        (EVIL,), {EVIL: EVIL}, EVIL, (EVIL,), {EVIL: table}, {EVIL: {"en": EVIL, "unit": EVIL}},
    )  # fmt: skip
    dataset = small.dataset.copy()
    dataset["getis_ord_spot"].attrs["neighbourhood"] = EVIL
    dataset["total"].attrs["units"] = EVIL
    names = [EVIL, *small.dataset["dimension"].values.tolist()[1:]]
    dataset = dataset.assign_coords(dimension=names, layer=[*names, "total"])
    record = dataclasses.replace(
        small, dataset=dataset, structural=structural, answers=(answer,), title=EVIL, run_id=EVIL,
        started=EVIL, notes=(EVIL,), steps=(Step(EVIL, "skipped", 0.0, EVIL),), crosscheck=table,
        parameters={EVIL: {EVIL: EVIL}}, versions={EVIL: EVIL, "leefraster": EVIL}, detection={EVIL: 1.0},
        inputs=(InputFile(Path("a") / EVIL.replace("/", ""), EVIL, 3, EVIL),),
    )  # fmt: skip
    reader = read(render(record))
    assert not {"script", "img"} & {tag for tag, _ in reader.elements}
    assert not any(key.startswith("on") for _, attrs in reader.elements for key in attrs)
    assert sum(EVIL in text for text in reader.text) > 30


def test_layer_names_are_escaped(layers_record: RunRecord) -> None:
    dataset = layers_record.dataset.assign_coords(layer=[EVIL, "b"])
    reader = read(render(dataclasses.replace(layers_record, dataset=dataset)))
    assert not {"script", "img"} & {tag for tag, _ in reader.elements}
    assert any(EVIL in text for text in reader.text)


def test_same_record_same_bytes(small: RunRecord, tmp_path: Path) -> None:
    before = small.dataset.copy(deep=True)
    one, two = write_report(small, tmp_path / "a.html"), write_report(small, tmp_path / "b.html")
    assert one.read_bytes() == two.read_bytes()
    xr.testing.assert_identical(before, small.dataset)


def test_writing_replaces_and_leaves_nothing_else(small: RunRecord, tmp_path: Path) -> None:
    target = tmp_path / "new folder ë" / "report.html"
    write_report(small, target, figures=False)
    assert write_report(small, str(target)) == target
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
    assert "<svg" in target.read_text("utf-8")


def test_unwritable_place_is_an_environment_fault(small: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EnvironmentFault, match=r"cannot write .*report\.html .*choose a folder"):
        write_report(small, tmp_path / "file" / "report.html", figures=False)


def test_failed_write_keeps_the_former_report(
    small: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("former")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        write_report(small, target, figures=False)
    assert target.read_bytes() == b"former"


def one_cell(value: float) -> RunRecord:
    grid = Grid(0.0, 100.0, 1, 1)
    score = np.full((1, 5, 1), value, dtype=np.float32)
    dataset = xr.Dataset(
        {"score": (("year", "dimension", "cell"), score), "total": (("year", "cell"), score.sum(axis=1))},
        coords={"year": [2024], "dimension": list("abcde"), **cell_coordinates(grid, np.array([0]))},
    )
    return made_record(dataset)


def test_one_cell() -> None:
    text = words(render(one_cell(0.01)))
    assert "1 cells with a value" in text
    assert "Total score, deviation from the national mean, 2024" in text


def test_all_missing() -> None:
    text = words(render(one_cell(np.nan)))
    assert "no value in any year" in text


def test_missing_values_are_counted_and_coloured(small: RunRecord) -> None:
    dataset = small.dataset.copy(deep=True)
    for name in ("score", "total", "level"):
        dataset[name][{"year": -1, "cell": slice(0, 100)}] = np.nan
    text = words(render(dataclasses.replace(small, dataset=dataset)))
    cells = dataset.sizes["cell"]
    assert f"total, 2024: 100 ({100 / cells:.1%}".replace("%", " %") in text
    assert "no value" in text


def test_latest_year_is_the_last_with_values(small: RunRecord) -> None:
    dataset = small.dataset.copy(deep=True)
    for name in ("score", "total", "level"):
        dataset[name][{"year": -1}] = np.nan
    text = words(render(dataclasses.replace(small, dataset=dataset)))
    assert "Total score by class, 2020" in text
    assert "Total score by class, 2024" not in text


def test_content_does_not_need_statistics() -> None:
    grid = Grid(0.0, 2000.0, 20, 20)
    record = scores_record(grid, np.arange(400))
    bare = record.dataset[["score", "total"]].drop_vars("layer", errors="ignore")
    shown = content(made_record(bare))
    assert [picture.title for picture in shown["national"]] == [
        "Total score, deviation from the national mean, 2024"
    ]
    assert shown["moran"] is None


def test_answers_of_areas_have_maps(areas_record: RunRecord) -> None:
    dataset = areas_record.dataset
    answer = made_answers(dataset)[0]
    html = render(dataclasses.replace(areas_record, answers=(answer,)))
    assert "Change of the level, 2014 to 2024" in html


def test_statistics_of_one_year_become_bars(areas_record: RunRecord) -> None:
    assert "Global Moran&#39;s I, 2024" in render(areas_record)
