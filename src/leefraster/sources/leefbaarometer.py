"""The Leefbaarometer's published scores at grid level."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from leefraster.errors import InputError, LeefrasterWarning
from leefraster.sources.files import FileOptions, existing
from leefraster.sources.identity import IDENTITY_TOLERANCE, IdentityCheck, score_identity
from leefraster.sources.longtable import Keys, Paths, as_paths, table_columns
from leefraster.sources.scores import ScoreColumns, place_scores, read_score_rows
from leefraster.table.columns import find_column

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid

__all__ = [
    "DIMENSIONS",
    "IDENTITY_TOLERANCE",
    "IdentityCheck",
    "published_columns",
    "read_scores",
    "score_identity",
]


DIMENSIONS = ("won", "fys", "vrz", "soc", "onv")
TOTAL, LEVEL = "afw", "lbm"
_KNOWN_EXTRAS = {"kscore", "kafw", "kwon", "kfys", "kvrz", "ksoc", "konv", "fid", "geom", "geometry"}


def read_scores(
    path: Paths,
    *,
    grid: Grid | None = None,
    drop_outside: bool = False,
    references: Mapping[int, float] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    missing: Mapping[str, str] | None = None,
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
    strict: bool = False,
) -> xr.Dataset:
    r"""Read published Leefbaarometer scores of 100 m cells.

    Columns, without regard to case: `jaar`, `grid_id`, `afw` (deviation from the national mean), `won fys vrz
    soc onv` (contributions of the dimensions), and where published `lbm` (absolute level) and `versie`.

    Parameters
    ----------
    path : path or sequence of paths
        CSV files, also zipped, with separator ``,`` or ``;`` (recognised); Parquet works as well.
    grid : Grid or None
        The grid; None is ``Grid.netherlands()``.
    drop_outside : bool
        Leave out cells outside the grid, which are refused otherwise.
    references : mapping or None
        National mean level by year. With it, and no column `lbm`, level = total + reference.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How files are read and what they must be, as in `leefraster.sources.tables.read_table`.
    missing : mapping or None
        What missing codes stand for, as in `read_table`.
    strict : bool
        Refuse columns that are not known, about which a warning is given otherwise.

    Returns
    -------
    Dataset
        ``score(year, dimension, cell)``, ``total(year, cell)``, ``level(year, cell)`` where known, all
        float32 on the model's scale; ``reference(year)`` where given, or where the file's own level minus
        total is one number a year; the coordinate ``version(year)`` where the file has it. Missing is NaN.

    Raises
    ------
    UsageError
        When references are given for some of the years only.
    InputError
        For all that `read_table` refuses, for several versions within a year, and in strict reading for
        unknown columns.

    Warns
    -----
    LeefrasterWarning
        When a column is unknown, a year holds no value, or the version changes between years.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "scores.csv"
    >>> _ = file.write_text(
    ...     "jaar;grid_id;afw;won;fys;vrz;soc;onv\n"
    ...     "2024;E0974N4514;.15;.01;.02;.03;.04;.05\n")
    >>> scores = read_scores(file)
    >>> scores["score"].sizes["dimension"], round(float(scores["total"][0, 0]), 3)
    (5, 0.15)
    """
    from leefraster.grid import Grid

    grid = grid or Grid.netherlands()
    options = FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256)
    columns = published_columns(path, options, strict=strict)
    keys = Keys(code="grid_id", year="jaar")
    long = read_score_rows(path, keys, columns, grid=grid, missing=missing, options=options)
    return place_scores(long, keys, columns, grid, drop_outside=drop_outside, references=references)


def published_columns(path: Paths, options: FileOptions, *, strict: bool = False) -> ScoreColumns:
    """Return which of the published columns a file has; the required ones must be there."""
    first = existing(as_paths(path)[0])
    present = table_columns(first, options)
    for name in ("jaar", "grid_id", TOTAL, *DIMENSIONS):
        find_column(present, name, str(first))
    folded = {name.casefold() for name in present}
    known = {"jaar", "grid_id", TOTAL, *DIMENSIONS, LEVEL, "versie", *_KNOWN_EXTRAS}
    unknown = [name for name in present if name.casefold() not in known]
    if unknown:
        said = f"{first}: unknown columns {', '.join(map(repr, unknown))}"
        if strict:
            raise InputError(f"{said}; remove them, or read without strict")
        warnings.warn(f"{said} are not read", LeefrasterWarning, stacklevel=3)
    return ScoreColumns(
        {code: code for code in DIMENSIONS},
        TOTAL,
        LEVEL if LEVEL in folded else None,
        "versie" if "versie" in folded else None,
    )
