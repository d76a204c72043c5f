"""Classes of levels, and measures around a cell."""
