"""The report of a run: one HTML file with maps, charts, tables and answers, which works offline."""

from __future__ import annotations

from leefraster.report.page import write_report

__all__ = ["write_report"]
