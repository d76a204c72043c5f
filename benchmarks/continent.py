"""A run of any size from store to store: local Moran, G* and groups, with times and peak memory.

    python benchmarks/continent.py 1e8 --neighbourhood queen --folder /large/disk

Every statistic is computed in a process of its own, so that each peak is its own. The field is made once and kept.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import leefraster as lr
from leefraster.bands import BandedField, components_by_band, getis_ord_by_band, local_moran_by_band
from leefraster.bands.on_cluster import cluster
from leefraster.errors import LeefrasterError
from leefraster.sources.synthetic import continent

NEIGHBOURHOODS = {"queen": lr.Neighbourhood.queen(), "disc": lr.Neighbourhood.disc(1000)}
KEPT = {
    "moran": {"I": "f4", "z": "f4", "p": "f8", "q": "f8", "quadrant": "i1", "cluster": "i1"},
    "getis_ord": {"z": "f4", "p": "f8", "q": "f8", "spot": "i1"},
    "groups": {"group": "i4"},
}


def peak() -> float:
    """Return the largest resident size so far, in MB; files that are mapped count."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def field_of(cells: int, folder: Path) -> Path:
    """Make the field where it is not there yet."""
    path = folder / f"continent_{cells}"
    if not path.exists():
        begin, made = time.perf_counter(), continent(cells)
        store = lr.FieldStore.create(path, made.grid)
        held = store.write_field(made.blocks())
        print(f"field: {held:,} cells written in {time.perf_counter() - begin:.1f} s, peak {peak():,.0f} MB")
    return path


def one(
    what: str, neighbourhood: str, path: Path, scratch: Path, cells: int, workers: int
) -> dict[str, object]:
    """Compute one statistic from the store into the store, and return what it took."""
    store, begin = lr.FieldStore.open(path), time.perf_counter()
    around = NEIGHBOURHOODS[neighbourhood]
    options = {"cells": cells, "multiple": store.chunk, "scratch": scratch}
    if workers:
        with cluster("local", workers=workers) as runner:
            _warmed(what, around, options | {"runner": runner}, scratch)
            begin = time.perf_counter()
            _computed(what, store, around, options | {"runner": runner})
            seconds = time.perf_counter() - begin
    else:
        _computed(what, store, around, options)
        seconds = time.perf_counter() - begin
    return {
        "what": what, "neighbourhood": neighbourhood, "cells": store.field().n, "seconds": round(seconds, 1),
        "peak_mb": round(peak()), "workers": workers,
    }  # fmt: skip


def _computed(what: str, store: lr.FieldStore, around: lr.Neighbourhood, options: dict) -> None:
    with store.results(what, KEPT[what]) as sink:
        if what == "moran":
            local_moran_by_band(store.field(), around, sink, **options)
        elif what == "getis_ord":
            getis_ord_by_band(store.field(), around, sink, **options)
        else:
            source = store.field()
            codes = BandedField(source.ids, store.read("moran", "cluster"), source.grid, source.starts)
            sizes = components_by_band(codes, lr.Neighbourhood.queen(), sink, **options)
            print(f"  {sizes.size - 1:,} groups, the largest of {sizes[1:].max():,} cells")


def _warmed(what: str, around: lr.Neighbourhood, options: dict, scratch: Path) -> None:
    """Let every worker load what it needs, by a run of a small field: a worker lives longer than one run."""
    path = field_of(1_000_000, scratch)
    store = lr.FieldStore.open(path)
    _computed("moran" if what == "groups" else what, store, around, options | {"multiple": store.chunk})


def whole(text: str) -> int:
    """Return a whole number of at least 1, as 250000 or 1e8."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1 <= number <= 1e15 or number != int(number):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 1e15, as 1e8")
    return int(number)


def main() -> None:
    """Run each statistic in a process of its own and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "size", type=whole,
        help="inhabited cells, about: of 700000 become 570,344, of 1e6 698,253, of 1e7 10,405,826 (see "
        "leefraster.sources.synthetic.continent); what was made is printed",
    )  # fmt: skip
    parser.add_argument("--neighbourhood", choices=sorted(NEIGHBOURHOODS), default="queen")
    parser.add_argument("--what", nargs="+", choices=sorted(KEPT), default=["moran", "getis_ord", "groups"])
    parser.add_argument("--folder", type=Path, default=Path("out/continent"))
    parser.add_argument("--band", type=whole, default=2**21, help="cells of a band")
    parser.add_argument("--workers", type=int, default=0, help="dask workers; 0 works in one process")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        path = field_of(options.size, options.folder)
    except LeefrasterError as error:
        parser.error(str(error))
    if options.alone:
        (what,) = options.what
        made = one(what, options.neighbourhood, path, options.folder, options.band, options.workers)
        print(json.dumps(made))
        return
    for what in options.what:
        command = [
            sys.executable, __file__, str(options.size), "--what", what, "--neighbourhood", options.neighbourhood,
            "--folder", str(options.folder), "--band", str(options.band), "--workers", str(options.workers),
            "--alone",
        ]  # fmt: skip
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
