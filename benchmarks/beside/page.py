"""docs/benchmarks.md and its pictures, from the results of a run alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beside.drawings import draw_all
from beside.works import LOCAL, OURS, TASKS, WEIGHTS

Record = dict[str, Any]

# What issue and design ask of the ratios to peers: task, words of the label, cells, times faster than ours.
ASKED = (
    ("esda and libpysal", "999 permutations, all processors", 100_000, 50),
    ("esda and libpysal", "999 permutations, all processors", 400_000, 500),
    ("pygeoda", "look-up table", 1_000_000, 100),
    ("plain numba kernel", "999 permutations", 1_000_000, 50),
)
BYTES_ASKED = 150
COPIES_ASKED = {"local Moran, exact, queen": 150, "G*, exact, queen": 150, "global Moran, queen": 40}
NEAR = 0.1
BUSY = 0.1
ONE_THREAD = 1.25


def seconds(record: Record) -> str:
    """Return a time for a table; extrapolated ones are marked with ~."""
    value = record["seconds"]
    if record["fault"] or value is None:
        return "-"
    digits = 3 if value < 0.1 else 2 if value < 10 else 0
    return f"~{value:.{digits}f}" if record["extrapolated"] else f"{value:.{digits}f}"


def _rows(headings: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def fields_of(results: Record) -> list[str]:
    """Return the names of the sets of cells, in order."""
    return list(dict.fromkeys(one["on"] for one in results["measured"]))


def of_task(results: Record, task: str) -> dict[tuple[str, str], dict[str, Record]]:
    """Return by (program, label) the records of each set of cells."""
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for one in results["measured"]:
        if one["task"] == task:
            found.setdefault((one["program"], one["label"]), {})[one["on"]] = one
    return found


def times_of(results: Record, task: str) -> str:
    """Return the table of seconds of one task."""
    names = fields_of(results)
    rows = []
    for (program, label), on in of_task(results, task).items():
        cells = [seconds(on[name]) if name in on else "" for name in names]
        rows.append([program, label, *cells])
    return _rows(["program", "how", *(_heading(results, name) for name in names)], rows)


def _heading(results: Record, name: str) -> str:
    cells = next(one["cells"] for one in results["measured"] if one["on"] == name)
    return f"{cells:,}" if name.startswith("ragged") else f"{name.split(',')[0]} {cells:,}"


def ratio(results: Record, program: str, words: str, cells: int) -> tuple[float, Record] | None:
    """Return how many times faster exact local Moran is than a peer at about so many cells."""
    near = [
        one for one in results["measured"] if one["task"] == LOCAL and _near(one, cells) and one["seconds"]
    ]
    ours = [one for one in near if one["program"] == OURS and one["label"].startswith("exact")]
    theirs = [one for one in near if one["program"] == program and words in one["label"]]
    if not ours or not theirs:
        return None
    return theirs[0]["seconds"] / ours[0]["seconds"], theirs[0]


def _near(one: Record, cells: int) -> bool:
    return str(one["on"]).startswith("ragged") and bool(abs(one["cells"] / cells - 1) < NEAR)


def ratios(results: Record) -> str:
    """Return the table of ratios that were asked for."""
    rows = []
    for program, words, cells, asked in ASKED:
        found = ratio(results, program, words, cells)
        if found is not None:
            times, one = found
            mark = " (extrapolated)" if one["extrapolated"] else ""
            said = f"{asked}" if times >= asked else f"{asked}: missed"
            rows.append([f"{program}: {one['label']}", f"{one['cells']:,}", f"{times:.0f}{mark}", said])
    return _rows(["exact local Moran, all outputs, beside", "cells", "times faster", "asked"], rows)


def memory(results: Record) -> str:
    """Return bytes per cell above the input on the largest field that each was measured on."""
    largest: dict[tuple[str, str, str], Record] = {}
    for one in results["measured"]:
        if one["peak_bytes"] is not None and one["on"].startswith("ragged"):
            largest[one["task"], one["program"], one["label"]] = one
    most = max((one["cells"] for one in largest.values()), default=0)
    rows = [
        [
            one["task"],
            one["program"],
            one["label"],
            f"{one['cells']:,}",
            _bytes(one),
        ]
        for one in largest.values()
        if one["cells"] >= most / 20
    ]
    return _rows(["task", "program", "how", "cells", "bytes a cell"], rows)


def _bytes(one: Record) -> str:
    a_cell = one["peak_bytes"] / one["cells"]
    missed = one["program"] == "leefraster" and one["label"].startswith("exact") and a_cell > BYTES_ASKED
    return f"{a_cell:,.0f}" + (f" (asked {BYTES_ASKED}: missed)" if missed else "")


def _agreement_words(found: dict[str, float]) -> str:
    parts = [f"{name} {found[name]:.1e}" for name in ("I", "z", "sum") if name in found]
    if "bin" in found:
        parts.append(f"{100 * found['bin']:.1f} % of bins alike")
    if "p_mean" in found:
        parts.append(f"p {found['p_mean']:+.3f} ± {found['p_sd']:.3f}")
    return ", ".join(parts)


def agreements(results: Record) -> str:
    """Return how far peers are from ours, on the largest field that each was measured on."""
    largest = {
        (one["program"], one["label"], one["task"]): one for one in results["measured"] if one["agreement"]
    }
    rows = [
        [task, program, label, f"{one['cells']:,}", _agreement_words(one["agreement"])]
        for (program, label, task), one in largest.items()
    ]
    return _rows(["task", "program", "how", "cells", "difference"], rows)


def limits(results: Record) -> str:
    """Return the ratios of statistics to a copy and to writing their outputs."""
    found = results["limits"]
    copy = found["copy_per_million"] * found["cells"] / 1e6
    rows = []
    for one in found["statistics"]:
        writing = f"{one['seconds'] / one['writing']:,.0f}" if one["writing"] > 1e-5 else ""
        copies, asked = one["seconds"] / copy, COPIES_ASKED.get(one["name"])
        said = "" if asked is None else f"{asked}" if round(copies) <= asked else f"{asked}: missed"
        rows.append([one["name"], f"{1000 * one['seconds']:.0f}", f"{copies:.0f}", writing, said])
    return _rows(["", "ms", "copies", "times writing its outputs", "copies asked"], rows)


def stages(results: Record) -> str:
    """Return where the time of the local statistics goes."""
    parts = []
    for name, found in results["stages"]["works"].items():
        rows = [
            [
                one["stage"],
                f"{1000 * one['seconds']:.1f}",
                f"{100 * one['share']:.0f} %",
                _processors(one, found),
            ]
            for one in found
            if one["share"] >= 0.005
        ]
        total = 1000 * sum(one["seconds"] for one in found)
        parts.append(f"{name}, {total:.0f} ms:\n\n" + _rows(["stage", "ms", "share", "processors"], rows))
    return "\n".join(parts)


def _processors(one: Record, all_stages: list[Record]) -> str:
    """Return the processors in use; "one thread" only where other stages show that more were to be had."""
    used = f"{one['processors']:.1f}"
    more_there = max(stage["processors"] for stage in all_stages if stage["share"] > 0.05) > 1.5
    return f"{used}, one thread" if more_there and one["processors"] < ONE_THREAD else used


def table(results: Record) -> str:
    """Return all tables as text for a terminal."""
    parts = [f"\n{task} (seconds)\n{times_of(results, task)}" for task in TASKS]
    parts += [ratios(results), memory(results), agreements(results), limits(results), stages(results)]
    return "\n".join(parts)


def _machine(results: Record) -> str:
    about = results["about"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    others = 100 * results["others"]
    busy = (
        f"**The machine was busy**: other programs took {others:.0f} % of the processors, so that times are too "
        "long, and programs that use all processors suffer most; read the ratios."
        if results["others"] > BUSY
        else f"Other programs took {others:.0f} % of the processors."
    )
    absent = f" Not installed, so not measured: {', '.join(results['absent'])}." if results["absent"] else ""
    return (
        f"Measured on {about['date']} UTC with {about['processors']} processors ({about['processor']}, "
        f"{about['memory_gb']} GB, {about['system']}), Python {about['python']}; {versions}. The run took "
        f"{results['took'] / 60:.0f} minutes. {busy}{absent}"
    )


INTRODUCTION = """\
# Benchmarks

Made by `make bench` (`benchmarks/bench.py page`, from `benchmarks/results.json`); do not edit.

{machine}

How it is measured. Every program gets the same cells: ragged generated fields (100 m cells, three fifths of
a square raster, in clumps, no islands) and, where it is at hand, the German census grid. Each runs in a
child process of its own, warm: a run on 600 cells before has compiled and loaded everything. Programs take
turns, up to three rounds; a time is the median of the rounds, and a ratio that of two medians of one run.
Works of 1.5 to 25 seconds have two turns, longer ones one. What would take more than two minutes, or break
the time of the whole run, is not run: `~` marks times extrapolated with the power law of the two largest
sizes that were measured (power between 1 and 2), or in proportion to a single one. To keep the run short that
holds, too, for pygeoda's complete permutations above 40,000 cells, permutations of spdep above 10,000, its other
statistics above 100,000, and permutations of esda above 400,000. Weights are made before and not counted, except
where they are the task; ours needs none. esda keeps no simulations. Queen neighbours, row-standardised, unless told
otherwise. The German grid is there to show a real field: on it run our own statistics without permutations, and the
two programs whose ratios at a million cells are asked for. An empty field was not measured; the times at a million
generated cells stand beside it.
"""

ABOUT_MEMORY = """\
Peak above what was resident before the run (cells, weights and libraries), outputs included, on the largest
field measured. Asked of exact local Moran and G*: at most {asked} bytes a cell. esda's figure counts the
worker processes whole, with the libraries that they load. Programs in R run in a process of their own,
which is asked on Linux for its largest resident memory during the call, less that before it, after a full
garbage collection. R keeps pages that its collector has freed, from reading the input and making weights,
and these serve the call: its figures are lower bounds, and one of a few bytes a cell says that what was
freed before was enough. Nothing was run before in that process, so that what a first call loads counts."""

ABOUT_AGREEMENT = """\
Largest difference from ours, in units of the largest value. For p: mean ± standard deviation of (r - R t) /
sqrt(R t (1 - t)), where r of R permutations are as extreme and t is the exact tail, over cells whose
smaller tail lies between .02 and .35: 0 ± 1 where both are right. Programs that use one set of random
indices for all cells are off by up to a few tenths together, another way with each seed; pygeoda's look-up
table serves all cells with draws made once, too."""

ABOUT_LIMITS = """\
{cells:,} cells, medians; a copy of as many float64 values takes {copy:.2f} ms (median of copies of a 400 MB
array, scaled: smaller ones stay in the cache). "Times writing its outputs": beside filling arrays like
those returned, which are there already. Memory that is new costs several times a copy, since the system
clears its pages."""

ABOUT_STAGES = """\
A sampling thread notes every half millisecond in which part of the package the call is, and how many
processors the process used meanwhile (the sampler's own taken off). A stage near 1 runs on one thread."""


def page(results: Record) -> str:
    """Return the text of docs/benchmarks.md."""
    found = results["limits"]
    copy = 1000 * found["copy_per_million"] * found["cells"] / 1e6
    parts = [INTRODUCTION.format(machine=_machine(results)), "## Ratios asked for\n", ratios(results)]
    for task in TASKS:
        picture = f"\n![{task}](images/{picture_name(task)})\n" if task != WEIGHTS else ""
        parts += [
            f"## {task[0].upper()}{task[1:]}\n",
            f"Seconds by number of cells.\n\n{times_of(results, task)}{picture}",
        ]
    parts += [
        "## Memory\n", ABOUT_MEMORY.format(asked=BYTES_ASKED) + "\n", memory(results),
        "## Agreement\n", ABOUT_AGREEMENT + "\n", agreements(results),
        "## Distance from the limit\n", ABOUT_LIMITS.format(cells=found["cells"], copy=copy) + "\n",
        limits(results),
        "## Where the time goes\n", ABOUT_STAGES + "\n", stages(results),
    ]  # fmt: skip
    return "\n".join(parts)


def picture_name(task: str) -> str:
    """Return the name of the picture of a task."""
    return "benchmark_" + "_".join(task.lower().replace("'", "").replace("*", "").split()[:2]) + ".png"


def write_page(results: Record, docs: Path) -> None:
    """Write the page and its pictures."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    draw_all(
        {task: of_task(results, task) for task in TASKS if task != WEIGHTS}, picture_name, docs / "images"
    )
    (docs / "benchmarks.md").write_text(page(results))
