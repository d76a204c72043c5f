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


def measure(plan: Plan, quick: bool, out: Path) -> None:
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
        **in_child(
            "beside.stages", *((plan.sizes[-1], 1_000_000, 0.1) if quick else (1_000_000, 50_000_000, 3.0))
        ),
        "took": round(time.monotonic() - begin),
    }
    record["others"] = round(others.share(), 2)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    say(f"{out}: {record['took']} s")


def main(arguments: list[str] | None = None) -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="measure all, print a table, write the results as JSON")
    running.add_argument("--quick", action="store_true", help="small sizes, within about a minute")
    running.add_argument("--sizes", type=int, nargs="+", help="cells of the generated fields")
    running.add_argument("--seconds", type=float, help="time for all peers together (600)")
    running.add_argument("--programs", nargs="+", help="programs by name (all)")
    running.add_argument("--out", type=Path, default=RESULTS)
    paging = commands.add_parser("page", help="make docs/benchmarks.md and its pictures from the results")
    paging.add_argument("--results", type=Path, default=RESULTS)
    paging.add_argument("--docs", type=Path, default=HERE.parent / "docs")
    options = parser.parse_args(arguments)
    from beside.page import table, write_page

    if options.command == "page":
        write_page(json.loads(options.results.read_text()), options.docs)
        return
    plan = QUICK if options.quick else FULL
    if options.sizes:
        plan = replace(plan, sizes=tuple(sorted(options.sizes)), germany=False)
    if options.seconds:
        plan = replace(plan, seconds=options.seconds)
    measure(replace(plan, programs=tuple(options.programs or ())), options.quick, options.out)
    sys.stdout.write(table(json.loads(options.out.read_text())))


if __name__ == "__main__":
    main()
