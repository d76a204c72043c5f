"""Stopping from outside: Ctrl-C and SIGTERM end a run within two seconds, and nothing is written."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from leefraster.errors import Interrupted

PATIENCE = 1.4
"""Seconds that a computation gets to notice; compiled code does not, and is ended with the process."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_clean_ups: list[Callable[[], object]] = []


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Interrupted` in the main thread when the process is asked to stop.

    When the computation does not notice in time, what `cleaned_up_by` holds is called and the process ends.

    Raises
    ------
    Interrupted
        On SIGINT or SIGTERM.
    """
    finished = threading.Event()

    def end_by_force() -> None:
        if not finished.wait(PATIENCE):
            for clean_up in reversed(_clean_ups):
                with contextlib.suppress(Exception):
                    clean_up()
            os._exit(Interrupted.exit_code)

    def stop(number: int, _: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        threading.Thread(target=end_by_force, daemon=True).start()
        raise Interrupted(f"stopped by {signal.Signals(number).name}; nothing was written")

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        finished.set()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def cleaned_up_by(clean_up: Callable[[], object]) -> Iterator[None]:
    """Have `clean_up` called should the process be ended by force meanwhile."""
    _clean_ups.append(clean_up)
    try:
        yield
    finally:
        _clean_ups.remove(clean_up)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back for a moment in which two things must happen together."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
