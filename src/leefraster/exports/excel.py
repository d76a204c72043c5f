"""All tables of a run in one Excel file, a sheet each; codes stay text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.exports.tables import flat, rows

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_NAME = 31  # Excel's limit for the name of a sheet
_MOST_ROWS = 1_048_575  # below the header


def write_excel(tables: Mapping[str, pd.DataFrame], about: Mapping[str, str], path: Path) -> None:
    """Write a sheet ``about`` and one for each table.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables by name; what has more rows than a sheet can hold is left to the CSV, and said in ``about``.
    about : mapping of str to str
        What the file is: title, run, protection and so on.
    path : Path
        Ends in ``.xlsx``.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    first = book.create_sheet("about")
    for name, text in about.items():
        first.append([name, _safe(text)])
    taken = {"about"}
    for name, table in tables.items():
        if len(table) > _MOST_ROWS:
            first.append([name, f"{len(table):,} rows: see {name}.csv"])
            continue
        sheet = book.create_sheet(_sheet_name(name, taken))
        sheet.freeze_panes = "A2"
        header = [WriteOnlyCell(sheet, value=str(column)) for column in flat(table).columns]
        for cell in header:
            cell.font = Font(bold=True)
        sheet.append(header)
        for row in rows(table):
            sheet.append([_text(sheet, value) if isinstance(value, str) else value for value in row])
    book.save(path)


def _text(sheet: object, value: str) -> object:
    """Return a cell that holds text, even where it looks like a number or a formula."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_safe(value))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _safe(text: str) -> str:
    """Return text without the control characters that Excel refuses, at most as long as a cell holds."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)[:32_767]


def _sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that Excel allows and that is not taken."""
    short = re.sub(r"[\[\]:*?/\\]", "_", name)[:_LONGEST_NAME]
    number = 1
    while short.lower() in taken:
        number += 1
        short = f"{short[: _LONGEST_NAME - 3]}_{number}"
    taken.add(short.lower())
    return short
