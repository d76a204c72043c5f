"""The example of the page on scoring runs, and shows what it says."""

import re
from pathlib import Path


def test_the_example_of_the_page_runs(capsys):
    page = Path(__file__).resolve().parents[2] / "docs/scoring.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(page), "exec"), {})
    shown = capsys.readouterr().out
    assert "near_shops" in shown
    assert "contribution" in shown
