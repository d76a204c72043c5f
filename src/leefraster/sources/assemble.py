"""From the sections of a configuration to the one Dataset that a run is about."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.grid import Grid
from leefraster.record import InputFile
from leefraster.sources.areas import place_areas
from leefraster.sources.crs import require_crs
from leefraster.sources.files import existing, input_file
from leefraster.sources.joins import (
    JoinReport,
    UnitTable,
    by_area,
    by_cell,
    join,
    join_words,
    lookup,
    require_urbanity,
    require_weights,
    unit_of,
    urbanity_class,
)
from leefraster.sources.leefbaarometer import place_scores, published_columns, read_score_rows
from leefraster.sources.missing import describe
from leefraster.sources.sections import (
    AreasSection,
    FileSection,
    InputSections,
    JoinSection,
    LayerSection,
    ScoresSection,
    UrbanitySection,
)
from leefraster.sources.tables import Keys, LongTable, place, read_long
from leefraster.table import find_column, numbers, refuse_degrees, sorted_unique

if TYPE_CHECKING:
    import xarray as xr


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
    """

    dataset: xr.Dataset
    notes: tuple[str, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    joins: tuple[JoinReport, ...] = ()
    country: Any = None


@dataclass(slots=True)
class _Bench:
    """What is collected while reading."""

    notes: list[str] = field(default_factory=list)
    inputs: dict[Path, InputFile] = field(default_factory=dict)
    joins: list[JoinReport] = field(default_factory=list)

    def took(self, section: FileSection, role: str) -> None:
        for path in section.paths():
            file = existing(path)
            self.inputs.setdefault(file, input_file(file, role))


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
    bench = _Bench()
    country = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        if sections.scores is not None and sections.scores.reader == "demonstration":
            country = _country(sections.scores.seed)
            dataset = country.scores
        elif sections.scores is not None:
            dataset = _scores(sections, sections.scores, bench)
        else:
            dataset = _layers(sections, bench)
        dataset = _joined(dataset, sections, bench)
    _pass_on(caught, bench)
    notes = (_years_note(dataset), *bench.notes)
    return Assembled(dataset, notes, tuple(bench.inputs.values()), tuple(bench.joins), country)


def _pass_on(caught: list[warnings.WarningMessage], bench: _Bench) -> None:
    """Turn our own warnings into notes, and give others again."""
    for warning in caught:
        if issubclass(warning.category, LeefrasterWarning):
            bench.notes.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _country(seed: int) -> Any:
    from leefraster.sources import synthetic

    return synthetic.country(seed=seed)


def _scores(sections: InputSections, scores: ScoresSection, bench: _Bench) -> xr.Dataset:
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
    grid = _grid_before(sections)
    long = read_score_rows(
        scores.paths(), keys, columns, grid=grid, where=scores.where, missing=scores.missing, options=options
    )
    grid = grid or _covering(sections, [(long, keys)])
    dataset = place_scores(long, keys, columns, grid, drop_outside=scores.drop_outside, references=references)
    return _dropped_note(dataset, bench)


def _grid_before(sections: InputSections) -> Grid | None:
    """Return the grid where it is known before anything is read."""
    if sections.grid.name == "netherlands":
        return Grid.netherlands(sections.grid.cell)
    return None


def _covering(sections: InputSections, tables: list[tuple[LongTable, Keys]]) -> Grid:
    """Return the smallest grid that holds all points of the tables."""
    xs: list[npt.NDArray[np.float64]] = []
    ys: list[npt.NDArray[np.float64]] = []
    for long, keys in tables:
        if keys.x is None or keys.y is None:
            raise UsageError(
                "[grid] name = 'covering' needs tables with x and y; codes belong to a known grid"
            )
        require_crs(keys.crs or sections.grid.crs, sections.grid.crs, long.source)
        for axis, into in ((keys.x, xs), (keys.y, ys)):
            column = long.table.column(find_column(long.table.column_names, axis, long.source))
            into.append(numbers(column, axis, long.source))
    x, y = np.concatenate(xs), np.concatenate(ys)
    if np.isnan(x).any() or np.isnan(y).any():
        raise InputError(f"{int((np.isnan(x) | np.isnan(y)).sum())} rows lack a coordinate x or y")
    refuse_degrees(x, y, sections.grid.crs, "[grid] name = 'covering'")
    return Grid.covering(x, y, cell=sections.grid.cell, crs=sections.grid.crs)


def _layers(sections: InputSections, bench: _Bench) -> xr.Dataset:
    grid = _grid_before(sections)
    read: list[tuple[LayerSection, LongTable, Keys]] = []
    for section in sections.layers:
        bench.took(section, "layers")
        keys = section.keys(section.year)
        long = read_long(
            section.paths(),
            keys,
            section.named(),
            grid=grid,
            where=section.where,
            missing=section.missing,
            signed=section.signed,
            options=section.options(),
        )
        read.append((section, long, keys))
    grid = grid or _covering(sections, [(long, keys) for _, long, keys in read])
    placed = []
    for section, long, keys in read:
        data = place(long, keys, grid, drop_outside=section.drop_outside, dtype=section.dtype)
        placed.append((section, _dropped_note(data, bench)))
    return _stacked(placed, grid, bench)


def _stacked(placed: list[tuple[LayerSection, xr.Dataset]], grid: Grid, bench: _Bench) -> xr.Dataset:
    """Put the layers of several tables side by side over the union of their years and cells."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    cells = sorted_unique(np.concatenate([data[CELL].values for _, data in placed]))
    years = sorted_unique(np.concatenate([data["year"].values for _, data in placed]))
    names = [str(name) for _, data in placed for name in data.data_vars]
    exact = any(section.dtype == "float64" for section, _ in placed)
    value = np.full((years.size, len(names), cells.size), np.nan, np.float64 if exact else np.float32)
    units, layer = [], 0
    for section, data in placed:
        rows, columns = np.searchsorted(years, data["year"].values), np.searchsorted(cells, data[CELL].values)
        for name, variable in data.data_vars.items():
            value[rows[:, None], layer, columns[None, :]] = variable.values
            bench.notes.append(_layer_note(str(name), variable, data.attrs["source"]))
            units.append(section.units)
            layer += 1
    attrs = {"long_name": "value of the layer", "units": "see coordinate layer_units"}
    coords = {"year": ("year", years, {"long_name": "measurement year"}), "layer": names}
    data = xr.Dataset({"value": (("year", "layer", CELL), value, attrs)}, coords=coords)
    data = data.assign_coords(layer_units=("layer", units))
    return data.assign_coords(cell_coordinates(grid, cells))


def _layer_note(name: str, variable: xr.DataArray, source: str) -> str:
    counted = variable.attrs
    return f"layer {name} from {Path(source).name}: {counted['values']:,} values, {describe(counted)}"


def _dropped_note(dataset: xr.Dataset, bench: _Bench) -> xr.Dataset:
    dropped, rows = dataset.attrs["dropped_outside"], dataset.attrs["rows"]
    if dropped:
        bench.notes.append(
            f"{Path(dataset.attrs['source']).name}: {dropped:,} of {rows:,} rows lie outside the grid "
            "and were left out (drop_outside)"
        )
    return dataset


def _years_note(dataset: xr.Dataset) -> str:
    unit = unit_of(dataset)
    years = [int(year) for year in dataset["year"].values]
    said = f"{dataset.sizes[unit]:,} {unit}s; {len(years)} measurement year{'s' if len(years) > 1 else ''}: "
    said += ", ".join(map(str, years))
    gaps = sorted({later - earlier for earlier, later in pairwise(years)})
    return f"{said} (steps of {', '.join(map(str, gaps))} years)" if len(gaps) > 1 else said


def _joined(dataset: xr.Dataset, sections: InputSections, bench: _Bench) -> xr.Dataset:
    tables: list[tuple[str, JoinSection, UnitTable]] = []
    for name, section in sections.joined().items():
        tables.append((name, section, _unit_table(dataset, section, {name: section.column}, {}, bench, name)))
    for name, section, table in tables:
        dataset = _with_number(dataset, name, section, table, bench)
    for name, section, table in tables:
        if section.restrict:
            dataset = _restricted(dataset, name, table, bench)
    if sections.areas is not None:
        dataset = _with_areas(dataset, sections.areas, bench)
    return dataset


def _unit_table(
    dataset: xr.Dataset,
    section: JoinSection | AreasSection,
    values: dict[str, str],
    words: dict[str, str],
    bench: _Bench,
    role: str,
) -> UnitTable:
    bench.took(section, role)
    keys = section.keys(section.year if isinstance(section, JoinSection) else None)
    grid = _grid_of(dataset)
    long = read_long(
        section.paths(),
        keys,
        values,
        grid=grid,
        words=words,
        where=section.where,
        missing=section.missing,
        options=section.options(),
    )
    if grid is None:
        return by_area(long, keys)
    return by_cell(long, keys, grid, cell=section.cell, drop_outside=section.drop_outside)


def _grid_of(dataset: xr.Dataset) -> Grid | None:
    from leefraster.cells import grid_of

    return grid_of(dataset) if unit_of(dataset) == "cell" else None


def _with_number(
    dataset: xr.Dataset, name: str, section: JoinSection, table: UnitTable, bench: _Bench
) -> xr.Dataset:
    source = table.long.source
    if isinstance(section, UrbanitySection):
        if section.kind == "density":
            table.long.values[name] = urbanity_class(table.long.values[name])
        require_urbanity(table.long.values[name], source)
        attrs = {"long_name": "class of urbanity, 1 is most urban", "units": "class 1-5"}
    else:
        require_weights(table.long.values[name], name, source, fractions=section.fractions)
        attrs = {"long_name": name, "units": "1"}
    joined, report = join(dataset, table, name, fallback=section.fallback, year_rule=section.year_rule)
    bench.joins.append(report)
    bench.notes.append(report.sentence())
    return dataset.assign({name: joined.assign_attrs(attrs)})


def _restricted(dataset: xr.Dataset, name: str, table: UnitTable, bench: _Bench) -> xr.Dataset:
    """Keep the units that a table has a row for."""
    unit = unit_of(dataset)
    held = lookup(dataset, table, unit)[1]
    if not held.any():
        raise InputError(f"{table.long.source}: none of the {held.size} {unit}s has a row; nothing is left")
    bench.notes.append(
        f"kept {int(held.sum()):,} of {held.size:,} {unit}s: those that {name} has a row for (restrict)"
    )
    return dataset.isel({unit: held})


def _with_areas(dataset: xr.Dataset, section: AreasSection, bench: _Bench) -> xr.Dataset:
    table = _unit_table(dataset, section, {}, section.levels(), bench, "areas")
    for level in section.levels():
        joined, report = join_words(dataset, table, level)
        bench.joins.append(report)
        bench.notes.append(report.sentence())
        dataset = dataset.assign({level: joined.assign_attrs(long_name=f"code of the {level}")})
    return dataset
