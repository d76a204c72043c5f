"""What a recomputation changed, before anyone signs it off."""

from leefraster.comparison.compare import Comparison, compare, compare_runs
from leefraster.comparison.stored_run import StoredRun

__all__ = ["Comparison", "StoredRun", "compare", "compare_runs"]
