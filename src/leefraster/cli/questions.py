"""``leefraster questions``: the questions of a parliament, answered from a stored run."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leefraster.cli.question_options import checked
from leefraster.cli.stores import run_key, store_at
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import argparse

    import pandas as pd
    import xarray as xr

    from leefraster.areas.areas import Areas
    from leefraster.clusters.structural import StructuralClusters
    from leefraster.disclosure.rule import DisclosureRule
    from leefraster.neighbourhood import Neighbourhood
    from leefraster.questions.answer import Answer
    from leefraster.sources.section import Section

_NEEDED = (
    "score", "total", "level", "reference", "version", "dwellings", "households", "inhabitants", "urbanity",
    "neighbourhood", "district", "municipality",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored run: its scores and what joined them, what the commit says of it, and its table of clusters."""

    data: xr.Dataset
    facts: dict[str, Any]
    clusters: pd.DataFrame | None

    def section[S: Section](self, name: str, kind: type[S]) -> S | None:
        """Return a section of the configuration that the run was asked by, None where it had none."""
        given = self.facts["parameters"].get(name)
        return None if given is None else kind.model_validate(given)

    @property
    def seed(self) -> int | None:
        """Seed of the demonstration country; None for a run on anything else."""
        parameters = self.facts["parameters"]
        for given in (parameters.get("scores"), *parameters.get("layers", [])):
            if given is not None and given.get("reader") == "demonstration":
                return int(given.get("seed", 0))
        return None


def perform(options: argparse.Namespace) -> None:
    """Answer the questions, print the answers, and write page and tables where asked."""
    from leefraster.exports.outgoing import protected_answers
    from leefraster.progress import shown
    from leefraster.questions.ask import ask

    names = _names(options)
    asked_rule = checked(options, names)
    stored = _stored(options)
    rule = _rule(asked_rule, stored)
    areas = _areas(options, stored) if "focus_areas" in names else None
    clusters = _clusters(stored) if {"hard_core", "focus_areas"} & set(names) else None
    neighbourhood = _neighbourhood(stored) if "tradeoff" in names else None
    answers = []
    with shown(sys.stderr) as progress:
        progress.started("questions")
        for number, name in enumerate(names, start=1):
            answers.append(
                ask(name, stored.data, clusters=clusters, areas=areas, neighbourhood=neighbourhood)
            )
            progress.advanced("questions", number, len(names))
    public = tuple(answers) if rule is None else protected_answers(answers, stored.data, rule)
    _print(public, options.language)
    if options.out is not None:
        _write(public, stored, options.out)


def _stored(options: argparse.Namespace) -> _Stored:
    store = store_at(options.store)
    run: Any = None if options.run is None else run_key(options.run)
    whole = store.read(run)
    kept = whole[[name for name in _NEEDED if name in whole]]
    if "total" not in kept:
        raise UsageError("the run is about general layers; the questions are about scores with a total")
    return _Stored(kept.load(), store.facts(run), store.tables(run).get("clusters"))


def _names(options: argparse.Namespace) -> list[str]:
    from leefraster.questions.ask import QUESTIONS

    return list(dict.fromkeys(options.ask)) if options.ask else list(QUESTIONS)


def _clusters(stored: _Stored) -> StructuralClusters | None:
    """Return the structural clusters by the run's own rule, None where the scores do not allow any."""
    from leefraster.clusters.structural import structural_clusters
    from leefraster.config import StructuralSection

    section = stored.section("structural", StructuralSection) or StructuralSection()
    try:
        found = structural_clusters(stored.data, section.rule())
    except UsageError:
        return None
    return _named_as_stored(found, stored.clusters)


def _named_as_stored(found: StructuralClusters, table: pd.DataFrame | None) -> StructuralClusters:
    """Return the clusters by the names that the run gave them, which knew more than codes; if they are the same."""
    same = ["cluster", "cells", "dwellings"]
    if table is None or not {"name", *same} <= set(table) or len(table) != len(found.table):
        return found
    before = table.sort_values("cluster", ignore_index=True)
    ordered = found.table.sort_values("cluster", ignore_index=True)
    if not (before[same].to_numpy(dtype=float) == ordered[same].to_numpy(dtype=float)).all():
        return found
    names = dict(zip(before["cluster"], before["name"].astype(str), strict=True))
    return replace(found, table=found.table.assign(name=found.table["cluster"].map(names).astype("str")))


def _neighbourhood(stored: _Stored) -> Neighbourhood | None:
    """Return the neighbourhood of the run's statistics; None for a run on areas."""
    from leefraster.config import StatisticsSection

    if "cell" not in stored.data.dims:
        return None
    return (stored.section("statistics", StatisticsSection) or StatisticsSection()).of_cells()


def _areas(options: argparse.Namespace, stored: _Stored) -> Areas | None:
    """Return the focus areas of the file that is named; those of the demonstration country for a run on it."""
    from leefraster.areas.areas import Areas
    from leefraster.sources.bench import Bench
    from leefraster.sources.beside_sections import FocusAreasSection
    from leefraster.sources.focus_areas import read_focus_areas

    if options.focus is not None:
        section = FocusAreasSection(
            path=options.focus, code=options.code, name=options.name, layer=options.layer,
            to_crs=options.to_crs,
        )  # fmt: skip
        return read_focus_areas(section, stored.data, Bench())
    if stored.seed is None:
        return None
    from leefraster.sources.synthetic import country

    drawn = country(seed=stored.seed).focus_areas
    made = Areas.from_geopandas(drawn, code="code", name="name", level="focus area")
    return replace(made, source="focus areas of the demonstration country")


def _rule(asked: DisclosureRule | None, stored: _Stored) -> DisclosureRule | None:
    """Return the rule of disclosure control: that of the options, else that of the run.

    Raises
    ------
    UsageError
        When there is one, but nothing in the run that it could judge by.
    """
    from leefraster.config import DisclosureSection
    from leefraster.exports.protection import counted_by

    section = stored.section("disclosure", DisclosureSection)
    rule = asked if asked is not None or section is None else section.rule()
    if rule is not None:
        counted_by(stored.data)
    return rule


def _print(answers: tuple[Answer, ...], language: str) -> None:
    for answer in answers:
        verdict = answer.verdict_nl if language == "nl" else answer.verdict
        sys.stdout.write(f"{answer.name}: {answer.question[language]}\n")
        sentence = answer.sentence[language]
        said = sentence if sentence.lower().startswith(verdict) else f"{verdict}. {sentence}"
        sys.stdout.write(f"  {said}\n")
        for caveat in answer.caveats_nl if language == "nl" else answer.caveats:
            sys.stdout.write(f"  - {caveat}\n")
        sys.stdout.write("\n")


def _write(answers: tuple[Answer, ...], stored: _Stored, out: Path) -> None:
    from leefraster.exports.atomic import written_beside
    from leefraster.exports.run_tables import answer_tables
    from leefraster.exports.tables import write_csv
    from leefraster.report.questions import write_questions

    facts = stored.facts
    with written_beside(out) as waiting:
        for name, table in answer_tables(answers).items():
            if len(table.columns):
                write_csv(table, waiting / f"{name}.csv")
        write_questions(
            answers, waiting / "questions.html", title=str(facts["title"]), run_id=str(facts["run_id"]),
            version=str(dict(facts.get("versions") or {}).get("leefraster", "")),
            demonstration=stored.seed is not None,
        )  # fmt: skip
        names = sorted(path.name for path in waiting.iterdir())
    for name in names:
        sys.stdout.write(f"{out / name}\n")
