"""The focus areas of a run: polygons from a file, or lists of neighbourhood codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import InputError, UsageError
from leefraster.sources.files import FileOptions, existing, input_file

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.areas.areas import Areas
    from leefraster.sources.bench import Bench
    from leefraster.sources.beside_sections import FocusAreasSection

LISTS = (".csv", ".txt", ".tsv", ".zip")
NEIGHBOURHOOD = "neighbourhood"


def read_focus_areas(section: FocusAreasSection, dataset: xr.Dataset, bench: Bench) -> Areas:
    """Return the areas that a section names.

    Polygons are taken as they are. A CSV file lists neighbourhood codes, each beside the name of the focus area
    that it belongs to; the cells of these neighbourhoods then are the area.

    Raises
    ------
    InputError
        When the file is absent or damaged, a column is absent, codes repeat or are not there, or cells do not know
        their neighbourhood.
    """
    file = existing(section.path)
    bench.inputs.setdefault(file, input_file(file, "focus areas"))
    if file.suffix.lower() in LISTS:
        return _of_lists(section, file, dataset)
    from leefraster.areas.areas import Areas

    return Areas.read(
        file, code=section.code, name=section.name, layer=section.layer, crs=section.crs,
        to_crs=section.to_crs, level="focus area",
    )  # fmt: skip


def _of_lists(section: FocusAreasSection, file: Path, dataset: xr.Dataset) -> Areas:
    from leefraster.areas.areas import Areas

    if section.name is None:
        raise UsageError(
            f"[focus_areas] name is missing: {file.name} lists codes, so name the column that says which focus "
            "area each belongs to"
        )
    if NEIGHBOURHOOD not in dataset:
        raise InputError(
            f"{file}: lists neighbourhood codes, but the cells do not know their neighbourhood; join it with "
            "[areas] neighbourhood = '...', or give polygons"
        )
    groups = code_lists(file, section.code, section.name, section.options())
    try:
        return Areas.from_codes(dataset[NEIGHBOURHOOD], groups, level="focus area")
    except UsageError as error:
        raise InputError(f"{file}: {error}") from error


def code_lists(file: Path, code: str, name: str, options: FileOptions) -> dict[str, list[str]]:
    """Return codes by the name of their group, in the order of the file.

    Raises
    ------
    InputError
        When a row lacks code or name, or a code stands in two groups.
    """
    from leefraster.sources.csvfile import read_csv

    table = read_csv(file, [code, name], [], options)
    groups: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for row, (one, group) in enumerate(
        zip(table.column(code).to_pylist(), table.column(name).to_pylist(), strict=True), start=1
    ):
        key, label = (one or "").strip().upper(), (group or "").strip()
        if not key or not label:
            raise InputError(f"{file}: row {row} lacks {code if not key else name}")
        if owner.setdefault(key, label) != label:
            raise InputError(f"{file}: code {key} stands under {owner[key]!r} and {label!r}; give it once")
        if key not in groups.setdefault(label, []):
            groups[label].append(key)
    return groups
