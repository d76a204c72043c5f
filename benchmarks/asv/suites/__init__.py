"""Suites for asv, which follows times from commit to commit.

From `benchmarks/asv`, in the environment of `make bench`: ``asv run --environment existing:python --quick``.
"""
