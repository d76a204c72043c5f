"""The report in a real browser that cannot resolve any name: it shows everything and asks for nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from leefraster.record import RunRecord
from leefraster.report import write_report

# The browser itself asks these, whatever page is shown.
OWN = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")


def opened(page: Path, folder: Path) -> tuple[str, list[str]]:
    """Open a page in headless Chromium; return its DOM and the addresses asked for that are not the browser's."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine: the report was not opened in a browser")
    log = folder / "net.json"
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
         f"--log-net-log={log}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    asked = re.findall(r'"url":"(https?://[^"]+)"', log.read_text("utf-8"))
    others = [url for url in asked if not str(urlsplit(url).hostname).endswith(OWN)]
    return done.stdout, others


def test_report_works_offline(small: RunRecord, tmp_path: Path) -> None:
    page = write_report(small, tmp_path / "report.html")
    shown, asked = opened(page, tmp_path)
    assert asked == []
    assert "Global Moran" in shown
    assert shown.count("<svg") == page.read_text("utf-8").count("<svg")


def test_the_check_sees_a_request(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://example.org/a.png">', encoding="utf-8")
    _, asked = opened(page, tmp_path)
    assert "http://example.org/a.png" in asked
