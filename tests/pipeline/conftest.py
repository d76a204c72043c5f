"""Fixtures of the pipeline's tests."""

from pathlib import Path

import pytest
from small_country import score_table, write_country


@pytest.fixture
def country(tmp_path: Path) -> Path:
    """Return the configuration file of the small country."""
    return write_country(tmp_path / "input", score_table())
