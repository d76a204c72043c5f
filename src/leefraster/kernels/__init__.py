"""Compiled loops over numpy arrays: no xarray, no validation, no defaults."""
