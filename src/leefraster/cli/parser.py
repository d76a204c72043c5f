"""The commands and their options."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

_QUESTIONS = (
    "urbanity", "catch_up", "spread", "tradeoff", "hard_core", "thinning", "focus_areas", "geography"
)  # fmt: skip
_NEGATIVE = re.compile(r"-[0-9.,]")
_EXIT_CODES = (
    "exit codes: 0 done, 1 a fault of leefraster itself, 2 usage or configuration, 3 input data, 4 environment, "
    "5 interrupted"
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="leefraster",
        description="Liveability on national 100 m grids: local autocorrelation with exact inference, "
        "structurally weak clusters, kept over time.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_score(commands)
    _add_model(commands)
    _add_init(commands)
    _add_diff(commands)
    _add_runs(commands)
    _add_export(commands)
    _add_areas(commands)
    _add_questions(commands)
    _add_warmup(commands)
    _command(commands, "version", "say which version of leefraster and of its libraries this is")
    return parser


def with_negative_sizes(arguments: Sequence[str]) -> list[str]:
    """Join ``--memory`` and a size below 0, which argparse would take for another option, to one argument.

    Examples
    --------
    >>> with_negative_sizes(["run", "--memory", "-2GB", "--out", "-x"])
    ['run', '--memory=-2GB', '--out', '-x']
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--memory" and _NEGATIVE.match(argument):
            joined[-1] = f"--memory={argument}"
        else:
            joined.append(argument)
    return joined


def _command(commands: argparse._SubParsersAction, name: str, help_: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=f"{help_[0].upper()}{help_[1:]}.", epilog=_EXIT_CODES
    )
    command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return command


def _add_run(commands: argparse._SubParsersAction) -> None:
    run = _command(commands, "run", "run the main job: report, store and exports into one folder")
    run.add_argument(
        "config", nargs="?", type=Path, help="TOML file; without one the demonstration country is run"
    )
    run.add_argument("--out", type=Path, metavar="FOLDER", help="output folder (default: out/NAME)")
    run.add_argument(
        "--threads", type=_positive, metavar="N", help="threads (default: the cores this process may use)"
    )
    run.add_argument(
        "--memory",
        metavar="SIZE",
        help="memory that the run may take, as 4GB (default: what the machine has)",
    )
    run.add_argument(
        "--cluster",
        metavar="WHERE",
        help="work through fields on dask.distributed: local (a process a core), or a scheduler's address",
    )
    run.add_argument("--seed", type=int, metavar="N", help="seed of the demonstration country (default: 0)")
    run.add_argument(
        "--drop-outside",
        action="store_true",
        help="leave out cells outside the grid, instead of refusing them",
    )
    _add_area(run, "report and exports")


def _add_area(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--area",
        action="append",
        metavar="CODE",
        help=f"limit {what} to this area (repeat for several); statistics stay those of the whole",
    )


def _add_score(commands: argparse._SubParsersAction) -> None:
    score = _command(commands, "score", "make scores from indicators, and write nothing but these")
    score.add_argument(
        "config", nargs="?", type=Path, help="TOML file with [model]; without one the demonstration country"
    )
    score.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="scores as .csv or .parquet, columns as published (default: out/NAME/scores.parquet)",
    )
    score.add_argument(
        "--explain", metavar="CELL", help="instead, say what makes up the score of a cell, such as E0974N4514"
    )
    score.add_argument(
        "--year", type=int, metavar="N", help="year that --explain is about (default: the latest)"
    )
    score.add_argument("--threads", type=_positive, metavar="N", help="threads (default: as for run)")
    score.add_argument("--seed", type=int, metavar="N", help="seed of the demonstration country (default: 0)")
    score.add_argument("--drop-outside", action="store_true", help="as for run")


def _add_model(commands: argparse._SubParsersAction) -> None:
    model = _command(commands, "model", "check a model of indicators")
    actions = model.add_subparsers(dest="action", required=True, metavar="ACTION")
    said = "validate a model and print its indicators; with a configuration, check its layers against it"
    check = actions.add_parser("check", help=said, description=f"{said.capitalize()}.", epilog=_EXIT_CODES)
    check.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    check.add_argument("model", help="the model's TOML file, or the name of a shipped model, as illustrative")
    check.add_argument(
        "config", nargs="?", type=Path, help="configuration whose [[layers]] the model is to score"
    )


def _add_init(commands: argparse._SubParsersAction) -> None:
    init = _command(commands, "init", "write a commented configuration to start from")
    init.add_argument(
        "file", nargs="?", type=Path, default=Path("leefraster.toml"), help="default: leefraster.toml"
    )
    init.add_argument("--force", action="store_true", help="replace the file when it exists")


def _add_diff(commands: argparse._SubParsersAction) -> None:
    diff = _command(commands, "diff", "say what a recomputation changed, and what differs behind it")
    diff.add_argument("old", metavar="RUN", help="run id, its beginning, tag, or position (0 first, -1 last)")
    diff.add_argument("new", metavar="RUN", help="the run to compare with it")
    _add_store(diff)


def _add_runs(commands: argparse._SubParsersAction) -> None:
    _add_store(_command(commands, "runs", "list the runs in a store"))


def _add_export(commands: argparse._SubParsersAction) -> None:
    export = _command(commands, "export", "write a stored run for QGIS, R, pandas and spreadsheets")
    _add_store(export)
    export.add_argument(
        "--run", metavar="RUN", help="run id, its beginning, tag, or position (default: the last)"
    )
    export.add_argument(
        "--out", type=Path, default=Path("out/exports"), metavar="FOLDER", help="default: out/exports"
    )
    export.add_argument(
        "--formats",
        nargs="+",
        default=["geopackage", "geoparquet", "geotiff", "csv"],
        choices=["all", "geopackage", "geoparquet", "geotiff", "netcdf", "csv", "excel", "r"],
        help="default: geopackage geoparquet geotiff csv",
    )
    _add_area(export, "the files")
    _add_disclosure(export)
    export.add_argument(
        "--licence", default="", metavar="NAME", help="licence of the data, for datapackage.json"
    )


def _add_areas(commands: argparse._SubParsersAction) -> None:
    areas = _command(
        commands, "areas", "compute statistics of areas, from polygons and a column or a stored run"
    )
    areas.add_argument("polygons", type=Path, help="GeoPackage, GeoJSON, Shapefile or GeoParquet")
    areas.add_argument("--code", required=True, metavar="COLUMN", help="column of the areas' codes")
    areas.add_argument("--name", metavar="COLUMN", help="column of their names")
    areas.add_argument("--level", metavar="WORD", help="column of their levels, or one word for all")
    areas.add_argument("--layer", metavar="NAME", help="layer of a file that holds several")
    areas.add_argument("--crs", metavar="CRS", help="CRS of a file that states none")
    areas.add_argument("--to-crs", metavar="CRS", help="transform to this CRS, as EPSG:28992")
    areas.add_argument(
        "--value", action="append", metavar="NAME", help="column, or variable of the run (repeat for several)"
    )
    areas.add_argument("--store", type=Path, metavar="FOLDER", help="take the cells of the run in this store")
    areas.add_argument("--run", metavar="RUN", help="with --store, which run (default: the last)")
    areas.add_argument("--weight", metavar="NAME", help="with --store, weight of a cell (default: dwellings)")
    areas.add_argument(
        "--neighbours", default="queen", choices=["queen", "rook", "nearest", "band"], help="default: queen"
    )
    areas.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="M",
        help="metres by which borders may miss each other",
    )
    areas.add_argument("--nearest", type=_positive, default=8, metavar="K", help="with nearest (default: 8)")
    areas.add_argument("--distance", type=float, metavar="M", help="with band, metres")
    areas.add_argument(
        "--alpha", type=float, default=0.05, metavar="A", help="largest q of a cluster (default .05)"
    )
    areas.add_argument(
        "--out", type=Path, default=Path("out/areas"), metavar="FOLDER", help="default: out/areas"
    )


def _add_questions(commands: argparse._SubParsersAction) -> None:
    questions = _command(commands, "questions", "answer the questions of a parliament from a stored run")
    _add_store(questions)
    questions.add_argument(
        "--run", metavar="RUN", help="run id, its beginning, tag, or position (default: the last)"
    )
    questions.add_argument(
        "--ask", nargs="+", metavar="NAME", choices=_QUESTIONS, help=f"default: {' '.join(_QUESTIONS)}"
    )
    questions.add_argument(
        "--focus",
        type=Path,
        metavar="FILE",
        help="focus areas: polygons, or a CSV file of neighbourhood codes",
    )
    questions.add_argument("--code", metavar="COLUMN", help="with --focus, column of the codes")
    questions.add_argument("--name", metavar="COLUMN", help="with --focus, column of the areas' names")
    questions.add_argument("--layer", metavar="NAME", help="with --focus, layer of a file that holds several")
    questions.add_argument("--to-crs", metavar="CRS", help="with --focus, transform to this CRS")
    questions.add_argument(
        "--language", choices=["en", "nl"], default="en", help="of what is printed (default: en)"
    )
    questions.add_argument(
        "--out", type=Path, metavar="FOLDER", help="also write questions.html and the tables here"
    )
    _add_disclosure(questions)


def _add_disclosure(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--minimum",
        type=float,
        metavar="N",
        help="withhold cells and rows with fewer dwellings (or inhabitants)",
    )
    command.add_argument(
        "--base",
        type=_positive,
        metavar="N",
        help="with --minimum, round counts to this (default: 5)",
    )


def _add_warmup(commands: argparse._SubParsersAction) -> None:
    warmup = _command(commands, "warmup", "compile now what would be compiled when first used")
    warmup.add_argument(
        "parts",
        nargs="*",
        choices=["run", "score", "areas", "functions"],
        metavar="PART",
        help="run, score, areas (these commands) or functions (of the package); default: all",
    )
    warmup.add_argument("--threads", type=_positive, metavar="N", help="threads; one has builds of its own")


def _add_store(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store",
        type=Path,
        default=Path("out/demo/store"),
        metavar="FOLDER",
        help="store, or output folder that holds one (default: out/demo/store)",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number
