"""Long tables: one row a cell (or area) and year, from any library, turned into labelled arrays."""

from leefraster.table.build import from_table

__all__ = ["from_table"]
