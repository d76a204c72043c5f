"""Peak memory of a piece of work in this process."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


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


def of_children() -> int:
    """Return the bytes resident in the processes that this one started."""
    import psutil

    return sum(child.memory_info().rss for child in psutil.Process(os.getpid()).children(recursive=True))


def _kilobytes(entry: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(entry + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"{STATUS} has no line {entry}")
