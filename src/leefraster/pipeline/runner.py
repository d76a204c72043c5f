"""The order of the steps, their times, and what becomes of their results."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.bands.given_back import give_back
from leefraster.errors import INSIDE, Interrupted, LeefrasterWarning, NoVarianceWarning
from leefraster.interruption import too_late
from leefraster.kernels.cache_warning import CompiledCodeWarning
from leefraster.kernels.jit import threads
from leefraster.pipeline.analysis import steps as steps_of
from leefraster.pipeline.budget import WORKER, Budget, needed_to_read, ways
from leefraster.pipeline.fields import layers_of, unit_of
from leefraster.pipeline.memory import peak_bytes, workers_here
from leefraster.pipeline.outputs import Outputs, keep, write_exports_to, write_report_to
from leefraster.pipeline.provenance import parameters_of, versions
from leefraster.pipeline.scratch import Scratch
from leefraster.pipeline.staging import exchange, staging
from leefraster.pipeline.threads import InThreads
from leefraster.pipeline.work import Skipped, Work
from leefraster.progress import Progress, Silent
from leefraster.record import RunRecord, Step
from leefraster.run_log import RunLog, now

if TYPE_CHECKING:
    from leefraster.bands.runner import Runner
    from leefraster.config import Configuration


def run(
    configuration: Configuration,
    out: str | Path,
    progress: Progress | None = None,
    *,
    memory: int | None = None,
    runner: Runner | None = None,
) -> RunRecord:
    """Run the main job and leave report, store, exports and log in one folder.

    Report and exports are made in a waiting folder, then the run is committed to the store, and only then do
    they take the place of former ones; a run that fails or is interrupted changes nothing but the log.

    Parameters
    ----------
    configuration : Configuration
        What to run on what.
    out : str or Path
        Folder that gets ``report.html``, ``exports/``, ``store/`` and ``run.jsonl``; made when absent.
    progress : Progress, optional
        Where to tell how far the run is.
    memory : int or None
        Bytes that it may take; that of the configuration, else all that the machine has, when None.
    runner : Runner or None
        What works through the fields of local statistics; the threads of this process when None.

    Returns
    -------
    RunRecord
        All that the run found, and how long each step took.

    Raises
    ------
    UsageError, InputError, EnvironmentFault
        When the configuration, the input or the machine does not allow the run.
    """
    from leefraster.store import new_run_id

    outputs = Outputs(Path(out))
    log = RunLog(new_run_id())
    budget = Budget(memory if memory is not None else configuration.run.memory_bytes())
    work = Work(configuration, progress or Silent(), budget=budget)
    if runner is not None:
        work.runner = runner
    log.add("started", title=configuration.run.title, parameters=configuration.parameters())
    try:
        with staging(outputs.folder) as waiting:
            record = _perform(work, log, waiting, outputs)
    except Interrupted:
        raise
    except BaseException as error:
        _log_failure(log, error, outputs)
        raise
    log.add("finished", peak_memory=peak_bytes(), versions=record.versions, notes=record.notes)
    log.append_to(outputs.folder)
    return record


def _perform(work: Work, log: RunLog, waiting: Path, outputs: Outputs) -> RunRecord:
    steps: list[Step] = []
    started = now()
    with _noting_warnings(work, log):
        outputs.require_room()
        work.budget.workers = _workers(work)
        work.budget.allow(needed_to_read(work.configuration) + work.budget.workers * WORKER, "this run")
        functions = dict(steps_of(work.configuration))
        names = list(functions)
        for name, function in functions.items():
            with _timed(name, work, log, steps):
                function(work)
            if work.data is not None and steps[-1].name == _LAST_BEFORE_FIELDS:
                _fit(work, waiting)
            work.scratch.let_go()
            _keep(work, name, last=name == names[-1])
    record = _record(work, log.run_id, tuple(steps), started)
    staged = Outputs(waiting / "out")
    staged.folder.mkdir()
    public = _public(record, work.configuration)
    with _noting_warnings(work, log):
        with _timed("exports", work, log, steps):
            write_exports_to(public, staged, work.configuration.exports)
        work.scratch.let_go()
        _keep(work, "exports", last=True)
        with _timed("report", work, log, steps):
            write_report_to(dataclasses.replace(public, steps=tuple(steps)), staged)
        with _timed("store", work, log, steps):
            keep(dataclasses.replace(record, steps=tuple(steps)), outputs, work.progress, work.scratch)
            too_late()
            exchange(staged.folder, outputs.folder)
    return dataclasses.replace(record, steps=tuple(steps))


_LAST_BEFORE_FIELDS = "identity check"
_BEFORE_RESULTS = (
    "read",
    "scores from indicators",
    "identity check",
    "published changes",
    "global statistics",
)


def _fit(work: Work, waiting: Path) -> None:
    """Choose how to work so that the memory suffices, now that it is known on how much."""
    cells, years = work.data.sizes[unit_of(work.data)], work.data.sizes["year"]
    way = work.budget.choose(
        ways(cells, years, len(layers_of(work.data)), threads=threads(), workers=_workers(work))
    )
    if not work.runner.elsewhere and way.at_once == 1:
        work.runner = InThreads(1)
    if way.on_disk:
        folder = waiting / "scratch"
        folder.mkdir()
        work.scratch = Scratch(folder)
    if work.budget.limit is not None:
        work.notes.append(
            f"Memory: {work.budget.limit / 1e6:,.0f} MB allowed, about {way.needed / 1e6:,.0f} MB estimated; "
            f"{way.words()}."
        )


def _workers(work: Work) -> int:
    """Return how many processes of this computer work on fields; those of other computers take no memory here."""
    return min(work.runner.workers, len(workers_here())) if work.runner.elsewhere else 0


def _keep(work: Work, step: str, *, last: bool) -> None:
    """Stop a run that holds far too much, or note that it held too much."""
    ahead = 0 if last else work.budget.ahead(results=step not in _BEFORE_RESULTS)
    too_much = work.budget.keep(step, ahead=ahead)
    if too_much:
        warnings.warn(too_much, LeefrasterWarning, skip_file_prefixes=INSIDE)


def _public(record: RunRecord, configuration: Configuration) -> RunRecord:
    """Return what report and exports may show: limited to areas and protected, where the configuration asks it."""
    from leefraster.exports.outgoing import outgoing

    rule = None if configuration.disclosure is None else configuration.disclosure.rule()
    return outgoing(record, rule=rule, areas=configuration.exports.areas)


@contextmanager
def _timed(name: str, work: Work, log: RunLog, steps: list[Step]) -> Iterator[None]:
    work.progress.started(name)
    begin = time.perf_counter()
    try:
        yield
        step = Step(name, "done", time.perf_counter() - begin)
    except Skipped as reason:
        step = Step(name, "skipped", time.perf_counter() - begin, str(reason))
    steps.append(step)
    give_back()
    log.add("step", **dataclasses.asdict(step), peak_memory=peak_bytes())
    work.progress.finished(step)


@contextmanager
def _noting_warnings(work: Work, log: RunLog) -> Iterator[None]:
    """Turn leefraster's own warnings into notes of the run; those of libraries go to the log.

    That fields have no variance is noted once, with their names, by the step of global statistics.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        own = any(_worth_a_note(w) for w in caught if str(w.message) == text)
        log.add("warning", text=text, own=own)
        if own:
            work.notes.append(text)
            work.progress.remark(f"warning: {text}")
        elif any(w.category is CompiledCodeWarning for w in caught if str(w.message) == text):
            work.progress.remark(f"warning: {text}")  # about this machine, not about the run


def _worth_a_note(warning: warnings.WarningMessage) -> bool:
    own = issubclass(warning.category, LeefrasterWarning)
    return own and not issubclass(warning.category, NoVarianceWarning)


def _record(work: Work, run_id: str, steps: tuple[Step, ...], started: str) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        title=work.configuration.run.title,
        dataset=work.data,
        parameters=parameters_of(work.configuration, work.model),
        versions=versions(),
        inputs=work.inputs,
        steps=steps,
        notes=tuple(dict.fromkeys(work.notes)),
        structural=work.structural,
        sensitivity=work.sensitivity,
        risers=work.risers,
        published_changes=work.published_changes,
        answers=tuple(work.answers),
        crosscheck=work.crosscheck,
        detection=work.detection,
        started=started,
    )


def _log_failure(log: RunLog, error: BaseException, outputs: Outputs) -> None:
    log.add(
        "failed", error=type(error).__name__, message=str(error), exit_code=getattr(error, "exit_code", 1)
    )
    try:
        log.append_to(outputs.folder)
    except OSError:
        return  # the error itself is on its way; a log that cannot be written adds nothing to it
