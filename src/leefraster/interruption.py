"""Stopping from outside: Ctrl-C and SIGTERM end a run within two seconds, and nothing is written.

The main thread gets an error. It sees it only between two steps of the interpreter, so that compiled code would
go on: therefore a second thread is woken by the signal itself, waits a little, and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from leefraster.errors import Interrupted

PATIENCE = 1.4
"""Seconds that a computation gets to notice; compiled code does not, and is ended with the process."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_clean_ups: list[Callable[[], object]] = []
_committed = False


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Interrupted` in the main thread when the process is asked to stop.

    When the computation does not notice in time, what `cleaned_up_by` holds is called and the process ends.

    Raises
    ------
    Interrupted
        On SIGINT or SIGTERM.
    """
    global _committed
    _committed = False
    finished = threading.Event()
    woken, bell = socket.socketpair()
    bell.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(woken, finished), name="leefraster-stop", daemon=True)
    watcher.start()
    former_bell = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    former = {number: signal.signal(number, _stop) for number in _SIGNALS}
    former_hook, sys.unraisablehook = sys.unraisablehook, _unraisable(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = former_hook
        finished.set()
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_bell)
        bell.close()
        watcher.join()
        woken.close()


@contextlib.contextmanager
def cleaned_up_by(clean_up: Callable[[], object]) -> Iterator[None]:
    """Have `clean_up` called should the process be ended by force meanwhile."""
    _clean_ups.append(clean_up)
    try:
        yield
    finally:
        _clean_ups.remove(clean_up)


def too_late() -> None:
    """Let a run finish that is committed: from here on, being asked to stop has no effect."""
    global _committed
    _committed = True


def _stop(number: int, _: FrameType | None) -> None:
    if _committed:
        return
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(_words(number))


def _words(number: int) -> str:
    return f"stopped by {signal.Signals(number).name}; nothing was written"


def _unraisable(former: Callable[[Any], object]) -> Callable[[Any], object]:
    """Say nothing where the error comes up in a place that swallows it: the watching thread will end it."""

    def hook(found: Any) -> object:
        return None if isinstance(found.exc_value, Interrupted) else former(found)

    return hook


def _watch(woken: socket.socket, finished: threading.Event) -> None:
    """End the process when it is asked to stop and does not within `PATIENCE`."""
    while asked := woken.recv(1):
        if not _committed and not finished.wait(PATIENCE) and not _committed:
            for clean_up in reversed(_clean_ups):
                with contextlib.suppress(Exception):
                    clean_up()
            leave(f"leefraster: {_words(asked[0])}\n")


def leave(words: str) -> NoReturn:
    """End the process as interrupted, at once: tidying up the interpreter can take seconds."""
    sys.stderr.write(words)
    sys.stderr.flush()
    os._exit(Interrupted.exit_code)
