"""The summary table at the end of a run; every figure is read from its record."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from leefraster.pipeline.fields import headline
from leefraster.pipeline.memory import peak_bytes
from leefraster.progress import outcome
from leefraster.run_log import NAME

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.record import RunRecord

Rows = list[tuple[str, str]]


def print_summary(record: RunRecord, out: Path, stream: IO[str]) -> None:
    """Print what was run, what was found, how long it took and where it is.

    Parameters
    ----------
    record : RunRecord
        The finished run.
    out : Path
        Its output folder.
    stream : text stream
        Where the table goes.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(record.title), title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for rows in (
        _size(record.dataset),
        _found(record),
        _answers(record),
        _steps(record),
    ):
        for name, text in rows:
            table.add_row(escape(name), escape(text))
        table.add_section()
    console = Console(file=stream, width=None if stream.isatty() else 110)
    console.print(table)
    for name, text in _places(record, out):
        console.print(f"{name:<8}{text}", markup=False, highlight=False, soft_wrap=True)


def _size(data: xr.Dataset) -> Rows:
    unit = "cell" if "cell" in data.dims else "area"
    years = [str(year) for year in data["year"].values]
    layers = data.sizes["layer"]
    rows = [
        (f"{unit}s", f"{data.sizes[unit]:,}"),
        ("years", f"{len(years)}: {', '.join(years)}"),
        (
            "fields",
            f"{len(years) * layers:,} ({len(years)} {'year' if len(years) == 1 else 'years'} x {layers} layers)",
        ),
    ]
    if "moran_islands" in data:
        islands = int(data["moran_islands"].isel(year=-1).sel(layer=headline(data)))
        rows.append(("islands", f"{islands:,} in {years[-1]}"))
    return rows


def _found(record: RunRecord) -> Rows:
    data = record.dataset
    rows: Rows = []
    layer, year = headline(data), str(data["year"].values[-1])
    if "moran_I" in data:
        last = data[["moran_I", "moran_z"]].isel(year=-1).sel(layer=headline(data))
        rows.append(
            (f"Moran's I, {layer} {year}", f"{float(last.moran_I):.3f} (z {float(last.moran_z):,.0f})")
        )
    if "getis_ord_spot" in data:
        last = data[["getis_ord_spot", "getis_ord_p"]].isel(year=-1).sel(layer=headline(data))
        known = last["getis_ord_p"].notnull()
        cold, hot = (
            float(side.where(known).mean()) for side in (last.getis_ord_spot < 0, last.getis_ord_spot > 0)
        )
        rows.append((f"cold, hot spots (90 % and up), {layer} {year}", f"{cold:.1%}, {hot:.1%}"))
    if record.structural is not None:
        table = record.structural.table
        states = ", ".join(f"{count} {state}" for state, count in table["state"].value_counts().items())
        rows.append(("structural clusters", f"{len(table)}" + (f" ({states})" if states else "")))
        rows.append(("dwellings in them", f"{table['dwellings'].sum():,.0f}"))
    if record.risers is not None:
        period, overall = record.risers.period.split(",")[0], record.risers.overall
        rows.append((f"rose, fell {period}", f"{overall['risen']:.1%}, {overall['fallen']:.1%}"))
    if record.detection is not None:
        found = record.detection
        rows.append(
            (
                "detection",
                f"{found['found_share']:.1%} of planted dwellings found, "
                f"{found['false_share']:.1%} of found dwellings not planted",
            )
        )
    return rows


def _answers(record: RunRecord) -> Rows:
    return [
        (f"question: {answer.name}", _in_words(answer.verdict, answer.sentence["en"]))
        for answer in record.answers
    ]


def _steps(record: RunRecord) -> Rows:
    total = sum(step.seconds for step in record.steps)
    rows = [(step.name, outcome(step)) for step in record.steps]
    return [
        *rows,
        ("all steps", f"{total:.1f} s"),
        ("peak memory", f"{peak_bytes() / 1e6:,.0f} MB, of this process"),
    ]


def _places(record: RunRecord, out: Path) -> Rows:
    return [
        ("run", record.run_id),
        ("report", str(out / "report.html")),
        ("exports", str(out / "exports")),
        ("store", str(out / "store")),
        ("log", str(out / NAME)),
    ]


def _in_words(verdict: str, sentence: str) -> str:
    """Put the verdict before the sentence, unless the sentence begins with it."""
    return sentence if sentence.lower().startswith(verdict) else f"{verdict}. {sentence}"
