"""How much memory the process holds, and has held at most."""

from __future__ import annotations

import sys
from typing import Any


def held_bytes() -> int:
    """Return the resident size of this process and what its workers here hold besides, in bytes."""
    import psutil

    held = int(psutil.Process().memory_info().rss)
    for worker in workers_here():
        try:
            info = worker.memory_info()
        except psutil.Error:
            continue  # it has ended meanwhile
        held += int(info.rss) - int(getattr(info, "shared", 0))  # what is shared is counted once, above
    return held


def workers_here() -> list[Any]:
    """Return the processes that this one has started, and those that these have."""
    import psutil

    return psutil.Process().children(recursive=True)


def peak_bytes() -> int:
    """Return the largest resident size of this process so far, in bytes; its workers are not counted."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(held) if sys.platform == "darwin" else int(held) * 1024
