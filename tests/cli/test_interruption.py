"""Ctrl-C and SIGTERM: exit code 5, nothing written, no process left."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from leefraster import interruption
from leefraster.errors import Interrupted

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
LONG = 60.0  # seconds after which a test gives up; passing takes a fraction


def wait_for(condition, process) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, number):
    out = tmp_path / "deep" / "out"
    command = [sys.executable, "-m", "leefraster", "run", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(out.glob(".unfinished-*")), process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, said = process.communicate(timeout=LONG)
    assert process.returncode == 5
    assert "Traceback" not in said
    assert not (tmp_path / "deep").exists()
    assert not any(child.is_running() for child in children)


BUSY = """
import hashlib, pathlib, sys
from leefraster.interruption import cleaned_up_by, stoppable
left = pathlib.Path(sys.argv[1])
with stoppable(), cleaned_up_by(left.unlink):
    left.write_text("waiting")
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


def test_code_that_does_not_notice_is_ended_by_force_and_cleaned_up(tmp_path):
    left = tmp_path / "left"
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(left)])
    wait_for(left.exists, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=LONG) == 5
    assert not left.exists()


def ask_to_stop(number: int) -> None:
    with interruption.stoppable():
        os.kill(os.getpid(), number)
        time.sleep(LONG)


def test_a_signal_becomes_an_error_and_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match="SIGTERM"):
        ask_to_stop(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_watching_thread_ends_with_the_computation():
    with pytest.raises(Interrupted, match="SIGINT"):
        ask_to_stop(signal.SIGINT)
    for thread in threading.enumerate():
        if thread.name == "leefraster-stop":
            thread.join(LONG)
            assert not thread.is_alive()


def test_a_committed_run_is_let_finish():
    done = []
    with interruption.stoppable():
        interruption.too_late()
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("exchanged")
    assert done == ["exchanged"]
    with pytest.raises(Interrupted):
        ask_to_stop(signal.SIGTERM)
