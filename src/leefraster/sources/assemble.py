"""From the sections of a configuration to the one Dataset that a run is about."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from leefraster.errors import LeefrasterWarning
from leefraster.record import InputFile
from leefraster.sources.areas import place_areas
from leefraster.sources.bench import Bench, note_dropped
from leefraster.sources.covering import covering_grid, grid_beforehand
from leefraster.sources.files import input_file
from leefraster.sources.focus_areas import read_focus_areas
from leefraster.sources.indicators import read_indicators
from leefraster.sources.joined import with_joins
from leefraster.sources.joins import JoinReport, unit_of
from leefraster.sources.jumps import tell_jumps
from leefraster.sources.layers import read_layers
from leefraster.sources.leefbaarometer import published_columns
from leefraster.sources.longtable import Keys
from leefraster.sources.scored import read_model, scored
from leefraster.sources.scores import place_scores, read_score_rows
from leefraster.sources.sections import InputSections
from leefraster.sources.table_sections import ModelSection, ScoresSection

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.areas.areas import Areas
    from leefraster.scoring.model import Model


@dataclass(frozen=True, slots=True)
class Assembled:
    """What a run reads.

    Attributes
    ----------
    dataset : Dataset
        Scores over (`year`, `dimension`, `cell` or `area`), or ``value(year, layer, cell)``, with all
        that was joined: `dwellings`, `households`, `inhabitants`, `urbanity` and area codes.
    notes : tuple of str
        What a reader must know about the data: years, missing values, what the joins found, warnings.
    inputs : tuple of InputFile
        The files read, with SHA-256.
    joins : tuple of JoinReport
        What the joins found, in numbers.
    country : object or None
        The demonstration country, with the truth about its clusters; None for real input.
    layers : Dataset or None
        For a run from a model, its layers, of which `with_scores` makes scores; `dataset` then holds only what
        was joined.
    model : Model or None
        The model of such a run.
    focus : Areas or None
        The focus areas, where any are given.
    """

    dataset: xr.Dataset
    notes: tuple[str, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    joins: tuple[JoinReport, ...] = ()
    country: Any = None
    layers: xr.Dataset | None = None
    model: Any = None
    focus: Areas | None = None


def assemble(sections: InputSections) -> Assembled:
    """Read everything that a configuration names, and join it into one Dataset.

    Parameters
    ----------
    sections : InputSections
        A configuration, or only the part that says what is read.

    Returns
    -------
    Assembled
        Dataset, notes, the files read with their SHA-256, and what the joins found.

    Raises
    ------
    UsageError
        When the sections do not fit each other.
    InputError
        When a file is absent, damaged or holds what the readers refuse.
    """
    bench = Bench()
    country = layers = model = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        seed = sections.demonstration_seed()
        if seed is not None:
            country = _country(seed)
        if sections.model is not None:
            model = _model(sections.model, bench)
        if model is not None and country is not None:
            layers, dataset = country.layers(model), _without_scores(country.scores)
        elif model is not None:
            layers = read_indicators(sections, bench)
            dataset = layers.drop_vars(list(layers.data_vars))
        elif country is not None:
            dataset = country.scores
        elif sections.scores is not None:
            dataset = read_scores_section(sections, sections.scores, bench)
        else:
            dataset = read_layers(sections, bench)
        dataset = with_joins(dataset, sections, bench)
        tell_jumps(dataset, layers, sections.unit_changes, bench.notes)
        focus = _focus(sections, country, dataset, bench)
    _pass_on(caught, bench)
    notes = (_years_note(dataset), *bench.notes)
    inputs, joins = tuple(bench.inputs.values()), tuple(bench.joins)
    return Assembled(dataset, notes, inputs, joins, country, layers, model, focus)


def with_scores(found: Assembled, sections: InputSections) -> Assembled:
    """Return what was read with scores in the place of a model's layers; anything else as it is.

    Raises
    ------
    UsageError, InputError
        When layers and model do not fit each other.
    """
    if found.layers is None:
        return found
    bench = Bench()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        dataset = scored(found.layers, found.dataset, found.model, sections.references or None, bench.notes)
    _pass_on(caught, bench)
    return replace(found, dataset=dataset, layers=None, notes=(*found.notes, *bench.notes))


def _model(section: ModelSection, bench: Bench) -> Model:
    """Return the model, and take its file down."""
    model = read_model(section)
    if section.path is not None:
        bench.inputs.setdefault(section.path, input_file(section.path, "model"))
    return model


def _without_scores(scores: xr.Dataset) -> xr.Dataset:
    return scores.drop_vars(["score", "total", "level", "version"]).drop_dims("dimension", errors="ignore")


def _pass_on(caught: list[warnings.WarningMessage], bench: Bench) -> None:
    """Turn our own warnings into notes, and give others again."""
    for warning in caught:
        if issubclass(warning.category, LeefrasterWarning):
            bench.notes.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _focus(sections: InputSections, country: Any, dataset: xr.Dataset, bench: Bench) -> Areas | None:
    """Return the focus areas: those of the demonstration country, or those that a section names."""
    if country is not None:
        from leefraster.areas.areas import Areas

        drawn = Areas.from_geopandas(country.focus_areas, code="code", name="name", level="focus area")
        return replace(drawn, source="focus areas of the demonstration country")
    return None if sections.focus_areas is None else read_focus_areas(sections.focus_areas, dataset, bench)


def _country(seed: int) -> Any:
    from leefraster.sources import synthetic

    return synthetic.country(seed=seed)


def read_scores_section(sections: InputSections, scores: ScoresSection, bench: Bench) -> xr.Dataset:
    """Read the scores that a section names, by the reader it names."""
    bench.took(scores, "scores")
    references = sections.references or None
    options = scores.options()
    if scores.reader == "leefbaarometer":
        columns = published_columns(scores.paths(), options, strict=scores.strict)
        keys = Keys(code="grid_id", year="jaar")
    else:
        columns, keys = scores.columns(), scores.keys(scores.year)
    if scores.reader == "areas":
        point = {"x": scores.x, "y": scores.y} if scores.x and scores.y else {}
        keys = Keys(code=scores.code, year=scores.year)
        long = read_score_rows(
            scores.paths(),
            keys,
            columns,
            grid=None,
            where=scores.where,
            missing=scores.missing,
            options=options,
            point=point,
        )
        return place_areas(long, keys, columns, references=references)
    grid = grid_beforehand(sections)
    long = read_score_rows(
        scores.paths(), keys, columns, grid=grid, where=scores.where, missing=scores.missing, options=options
    )
    grid = grid or covering_grid(sections, [(long, keys)])
    dataset = place_scores(long, keys, columns, grid, drop_outside=scores.drop_outside, references=references)
    return note_dropped(dataset, bench)


def _years_note(dataset: xr.Dataset) -> str:
    unit = unit_of(dataset)
    years = [int(year) for year in dataset["year"].values]
    said = f"{dataset.sizes[unit]:,} {unit}s; {len(years)} measurement year{'s' if len(years) > 1 else ''}: "
    said += ", ".join(map(str, years))
    gaps = sorted({later - earlier for earlier, later in pairwise(years)})
    return f"{said} (steps of {', '.join(map(str, gaps))} years)" if len(gaps) > 1 else said
