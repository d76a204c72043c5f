"""Shared fixtures: where the public data lies, when it is there."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of public data beside the checkout, or skip the test visibly."""
    if not SHARED_DATA.is_dir():
        pytest.skip("public data (../shared/data) is not there")
    return SHARED_DATA
