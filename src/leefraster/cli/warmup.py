"""``leefraster warmup``: compile now what would be compiled when first used."""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING

from leefraster.errors import EnvironmentFault
from leefraster.progress import Progress, shown
from leefraster.record import Step

if TYPE_CHECKING:
    import argparse


def perform(options: argparse.Namespace) -> None:
    """Call everything that the commands use on a small country, and say what was compiled.

    Raises
    ------
    EnvironmentFault
        When no folder can be written to keep the code in.
    """
    from leefraster.kernels import compiling
    from leefraster.kernels.jit import cache_folder, set_threads, threads

    if options.threads:
        set_threads(options.threads)
    folder = cache_folder()
    if folder is None:
        raise EnvironmentFault(
            "compiled code cannot be kept, so there is nothing to do beforehand; set the environment variable "
            "NUMBA_CACHE_DIR to a folder that can be written"
        )
    begin = time.perf_counter()
    with shown(sys.stderr) as progress:
        _call(options.parts, progress)
    compiled, loaded = len(compiling.compiled), len(compiling.loaded)
    if compiled:
        said = f"{_kernels(compiled)} compiled, {_there(loaded)}"
    else:
        said = (
            f"{'the' if loaded == 1 else 'all'} {_kernels(loaded)} {'was' if loaded == 1 else 'were'} there"
        )
    builds = "one thread" if threads() == 1 else "two threads and more"
    sys.stdout.write(f"{said}; {time.perf_counter() - begin:.0f} s\nbuilds for {builds}, kept in {folder}\n")


def _call(parts: list[str], progress: Progress) -> None:
    from leefraster.cli.warmup_calls import CALLS, Made
    from leefraster.kernels import compiling
    from leefraster.kernels.cache_warning import CompiledCodeWarning

    made = Made()
    for part in parts or CALLS:
        for name, call in CALLS[part]:
            before, begin = len(compiling.compiled), time.perf_counter()
            progress.started(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("default", CompiledCodeWarning)
                call(made)
            progress.finished(Step(name, "done", time.perf_counter() - begin))
            if len(compiling.compiled) > before:
                progress.remark(f"    {_kernels(len(compiling.compiled) - before)} compiled for it")


def _kernels(number: int) -> str:
    return "1 kernel" if number == 1 else f"{number} kernels"


def _there(number: int) -> str:
    return "1 was there" if number == 1 else f"{number} were there"
