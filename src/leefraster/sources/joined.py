"""What the sections of a configuration join to scores or layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leefraster.errors import InputError
from leefraster.grid import Grid
from leefraster.sources.bench import Bench
from leefraster.sources.checks import require_urbanity, require_weights, urbanity_class
from leefraster.sources.joins import UnitTable, by_area, by_cell, join, join_words, lookup, unit_of
from leefraster.sources.longtable import read_long
from leefraster.sources.sections import InputSections
from leefraster.sources.table_sections import AreasSection, JoinSection, UrbanitySection

if TYPE_CHECKING:
    import xarray as xr


def with_joins(dataset: xr.Dataset, sections: InputSections, bench: Bench) -> xr.Dataset:
    """Join everything that the sections name; then keep only what a section restricts to."""
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
    bench: Bench,
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
    table = by_cell(long, keys, grid, cell=section.cell, drop_outside=section.drop_outside)
    bench.left_out(long.source, long.table.num_rows - table.placed.position.size, long.table.num_rows)
    return table


def _grid_of(dataset: xr.Dataset) -> Grid | None:
    from leefraster.cells import grid_of

    return grid_of(dataset) if unit_of(dataset) == "cell" else None


def _with_number(
    dataset: xr.Dataset, name: str, section: JoinSection, table: UnitTable, bench: Bench
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


def _restricted(dataset: xr.Dataset, name: str, table: UnitTable, bench: Bench) -> xr.Dataset:
    """Keep the units that a table has a row for."""
    unit = unit_of(dataset)
    held = lookup(dataset, table, unit)[1]
    if not held.any():
        raise InputError(f"{table.long.source}: none of the {held.size} {unit}s has a row; nothing is left")
    bench.notes.append(
        f"kept {int(held.sum()):,} of {held.size:,} {unit}s: those that {name} has a row for (restrict)"
    )
    return dataset.isel({unit: held})


def _with_areas(dataset: xr.Dataset, section: AreasSection, bench: Bench) -> xr.Dataset:
    table = _unit_table(dataset, section, {}, section.levels(), bench, "areas")
    for level in section.levels():
        joined, report = join_words(dataset, table, level)
        bench.joins.append(report)
        bench.notes.append(report.sentence())
        attrs: dict[str, Any] = {"long_name": f"code of the {level}"}
        if section.border_year is not None:
            attrs["border_year"] = section.border_year
        dataset = dataset.assign({level: joined.assign_attrs(attrs)})
    return dataset
