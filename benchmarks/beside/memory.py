"""Peak memory of a piece of work in this process."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
import sys
from pathlib import Path

PROCESSES = Path("/proc")
STATUS, FORGET = PROCESSES / "self/status", PROCESSES / "self/clear_refs"


def forget_peak() -> int:
    """Give free memory back and forget the peak so far; return the bytes resident now."""
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
            FORGET.write_text("5")
        except (
            OSError
        ):  # another libc, or a kernel that does not let: the peak is then that of the whole process
            pass
    return resident()


def resident() -> int:
    """Return the bytes that are resident."""
    if STATUS.exists():
        return _kilobytes("VmRSS") * 1024
    return peak()


def peak() -> int:
    """Return the peak since `forget_peak` (elsewhere than on Linux: since the process began), in bytes."""
    if STATUS.exists():
        return _kilobytes("VmHWM") * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class Children:
    """The processes that this one started: forgets their peaks when made.

    Those that are there already count with what they take more, new ones whole, with the libraries they load.
    """

    def __init__(self) -> None:
        self._before = {}
        for pid in self._running():
            with contextlib.suppress(OSError):
                (PROCESSES / str(pid) / "clear_refs").write_text("5")
            self._before[pid] = _kilobytes("VmRSS", pid)

    def peak(self) -> int:
        """Return the sum of their peaks since then, in bytes; 0 elsewhere than on Linux."""
        return 1024 * sum(_kilobytes("VmHWM", pid) - self._before.get(pid, 0) for pid in self._running())

    def _running(self) -> list[int]:
        import psutil

        if not STATUS.exists():
            return []
        return [child.pid for child in psutil.Process().children(recursive=True)]


def _kilobytes(entry: str, pid: int | str = "self") -> int:
    with contextlib.suppress(OSError):
        for line in (PROCESSES / str(pid) / "status").read_text().splitlines():
            if line.startswith(entry + ":"):
                return int(line.split()[1])
    return 0  # it has ended meanwhile
