"""The parent's side of a child that measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

BENCHMARKS = Path(__file__).resolve().parents[1]


class ChildFailed(RuntimeError):
    """A child could not do what it was told, or ended."""


class Child:
    """A running child; `end` ends it.

    Parameters
    ----------
    warm_up : Path
        A file of `Cells` that programs are loaded and compiled with.
    log : file
        Where what the programs print goes.
    """

    def __init__(self, warm_up: Path, log: IO[str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "beside.child", str(warm_up)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
        )  # fmt: skip

    def ask(self, do: str, **order: Any) -> dict[str, Any]:
        """Give one order and wait for its answer.

        Raises
        ------
        ChildFailed
            When the child says why not, or is gone.
        """
        pipe_in, pipe_out = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        try:
            pipe_in.write(json.dumps({"do": do, **order}) + "\n")
            pipe_in.flush()
            line = pipe_out.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ChildFailed(
                f"the child ended with {self._process.wait()} during {do} {order.get('work', '')}"
            )
        told: dict[str, Any] = json.loads(line)
        if not told.pop("ok"):
            raise ChildFailed(told["error"])
        return told

    def end(self) -> None:
        """End the child and wait for it."""
        cast(IO[str], self._process.stdin).close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        cast(IO[str], self._process.stdout).close()
