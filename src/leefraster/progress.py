"""Progress of a run on the standard error stream: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Protocol

from leefraster.kernels.compiling import heard_by

if TYPE_CHECKING:
    from leefraster.record import Step


class Progress(Protocol):
    """What a run tells while it works."""

    def started(self, step: str) -> None:
        """Say that a step begins."""

    def advanced(self, step: str, done: int, total: int) -> None:
        """Say how much of a step is done, in parts of equal size."""

    def finished(self, step: Step) -> None:
        """Say that a step is done or skipped."""

    def remark(self, text: str) -> None:
        """Say something worth knowing at once."""


class Silent:
    """Says nothing; for programs and tests."""

    def started(self, step: str) -> None:
        """Say nothing."""

    def advanced(self, step: str, done: int, total: int) -> None:
        """Say nothing."""

    def finished(self, step: Step) -> None:
        """Say nothing."""

    def remark(self, text: str) -> None:
        """Say nothing."""


def outcome(step: Step) -> str:
    """Return a step's outcome in words: how long it took, or why it was skipped."""
    return f"{step.seconds:.1f} s" if step.status == "done" else f"skipped: {step.reason}"


class Lines:
    """One plain line a finished step, for logs and pipes.

    Parameters
    ----------
    stream : text stream
        Where lines go.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def started(self, step: str) -> None:
        """Say nothing: the line comes when the step is over."""

    def advanced(self, step: str, done: int, total: int) -> None:
        """Say nothing: one line a step is enough."""

    def finished(self, step: Step) -> None:
        """Write the step's name and outcome."""
        self._write(f"{step.name}: {outcome(step)}")

    def remark(self, text: str) -> None:
        """Write the remark."""
        self._write(text)

    def _write(self, text: str) -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()


class Bars:
    """One bar a step on a terminal; finished steps stay visible.

    Parameters
    ----------
    bars : rich.progress.Progress
        A started progress display.
    """

    def __init__(self, bars: Any) -> None:
        self.bars = bars
        self.tasks: dict[str, Any] = {}

    def started(self, step: str) -> None:
        """Show a bar that moves without saying how far it is."""
        self.tasks[step] = self.bars.add_task(step, total=None, outcome="")

    def advanced(self, step: str, done: int, total: int) -> None:
        """Move the bar."""
        self.bars.update(self.tasks[step], completed=done, total=total)

    def finished(self, step: Step) -> None:
        """Fill the bar, or take it away and say why the step was skipped."""
        if step.name not in self.tasks:
            self.started(step.name)
        task = self.tasks[step.name]
        if step.status == "done":
            self.bars.update(task, total=1, completed=1, outcome="")
        else:
            self.bars.update(task, visible=False)
            self._print(f"{step.name} {outcome(step)}")

    def remark(self, text: str) -> None:
        """Print the remark above the bars."""
        self._print(text)

    def _print(self, text: str) -> None:
        self.bars.console.print(text, style="yellow", markup=False, highlight=False)


@contextmanager
def shown(stream: IO[str]) -> Iterator[Progress]:
    """Show progress on a stream for the time of a run.

    Parameters
    ----------
    stream : text stream
        Bars are drawn when it is a terminal, else plain lines are written.

    Yields
    ------
    Progress
        What the run reports to.
    """
    if not stream.isatty():
        yield Lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description:<22}", markup=False), BarColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(file=stream)) as bars:
        yield Bars(bars)


@contextmanager
def said_when_compiling(say: Callable[[str], object]) -> Iterator[None]:
    """Say once, at the first kernel that is compiled meanwhile, why it takes a while.

    Parameters
    ----------
    say : callable
        Takes the words.
    """
    first = [True]

    def listener(_: str) -> None:
        if first:
            first.clear()
            say("compiling, first time only")

    with heard_by(listener):
        yield
