"""leefraster beside its peers: measure, draw, and write docs/benchmarks.md.

``python benchmarks/bench.py run [--quick]`` measures everything in one run and writes results.json, ``page`` makes
the page and its pictures from that file; ``make bench`` does both, with every peer installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from beside.cells import GERMANY
from beside.machine import Others, about
from beside.runner import Plan, Run, say

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
FULL = Plan(germany=GERMANY.is_dir())
QUICK = Plan(
    sizes=(2_000, 10_000), germany=False, rounds=2, least=0.02, most=10.0, seconds=120.0, own_children=False
)


def near_the_limit(plan: Plan) -> tuple[int, int, float]:
    """Return cells, values copied and seconds a statistic for the distance from the limit: less in a small run."""
    if plan.sizes[-1] < FULL.sizes[-1]:
        return plan.sizes[-1], 1_000_000, 0.1
    return 1_000_000, 50_000_000, min(3.0, plan.seconds / 200)


def measure(plan: Plan, out: Path) -> None:
    """Measure all and write the results."""
    from beside.limits import in_child

    begin, others = time.monotonic(), Others()
    with tempfile.TemporaryFile("w+") as log:
        run = Run(plan, log)
        before = about(run.r_packages)
        found = run.all()
    say("distance from the limit")
    record = {
        "about": before,
        "absent": run.absent,
        "measured": [one.record() for one in found],
        **in_child("beside.stages", *near_the_limit(plan)),
        "took": round(time.monotonic() - begin),
    }
    record["others"] = round(others.share(), 2)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    say(f"{out}: {record['took']} s")


def _require_sensible(
    parser: argparse.ArgumentParser, options: argparse.Namespace, known: tuple[str, ...]
) -> None:
    unknown = [name for name in options.programs or () if name not in known]
    if unknown:
        parser.error(
            f"--programs: {', '.join(map(repr, unknown))} is not known; known are {', '.join(known)}"
        )
    if options.sizes and min(options.sizes) < 1:
        parser.error(f"--sizes: {min(options.sizes)} must be at least 1 cell")
    if options.seconds is not None and not options.seconds > 0:
        parser.error(f"--seconds: {options.seconds:g} must be more than 0")


def main(arguments: list[str] | None = None) -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    from beside.works import all_works

    known = tuple(dict.fromkeys(work.program for work in all_works()))
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="measure all, print a table, write the results as JSON")
    running.add_argument("--quick", action="store_true", help="small sizes, within about a minute")
    running.add_argument(
        "--sizes", type=int, nargs="+",
        help="cells of the generated fields; the distance from the limit is looked at shortly where they are small",
    )  # fmt: skip
    running.add_argument("--seconds", type=float, help=f"time for all programs together ({FULL.seconds:.0f})")
    running.add_argument(
        "--programs", nargs="+", metavar="NAME", help=f"programs by name (all): {', '.join(known)}"
    )
    running.add_argument("--out", type=Path, default=RESULTS)
    paging = commands.add_parser("page", help="make docs/benchmarks.md and its pictures from the results")
    paging.add_argument("--results", type=Path, default=RESULTS)
    paging.add_argument("--docs", type=Path, default=HERE.parent / "docs")
    options = parser.parse_args(arguments)
    if options.command == "run":
        _require_sensible(running, options, known)
    from beside.page import table, write_page

    if options.command == "page":
        write_page(json.loads(options.results.read_text()), options.docs)
        return
    plan = QUICK if options.quick else FULL
    if options.sizes:
        plan = replace(plan, sizes=tuple(sorted(options.sizes)), germany=False)
    if options.seconds:
        plan = replace(plan, seconds=options.seconds)
    measure(replace(plan, programs=tuple(options.programs or ())), options.out)
    sys.stdout.write(table(json.loads(options.out.read_text())))


if __name__ == "__main__":
    main()
