"""Null distributions and multiple testing, over numpy arrays."""
