"""Jumps of national sums between measurements, as a change of unit or definition makes them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import INSIDE, LeefrasterWarning, UsageError

MOST = 10.0
COUNTS = ("dwellings", "households", "inhabitants")
Floats = npt.NDArray[np.float64]


def tell_jumps(
    dataset: xr.Dataset, layers: xr.Dataset | None, stated: Mapping[str, str], notes: list[str]
) -> None:
    """Warn where the sum over the country changes more than tenfold from one measurement to the next.

    The sum is that of absolute values over the places that have a value in both years, so that places that come or
    go do not show. What is stated in advance is noted instead, with the jumps that there are.

    Parameters
    ----------
    dataset : Dataset
        What was read: counts over (`year`, unit), and general layers in ``value(year, layer, unit)``.
    layers : Dataset or None
        Layers of a model, one variable each.
    stated : mapping of str to str
        What changed, by the name of a count or layer.
    notes : list of str
        Notes of the run, to which what is stated is added.

    Raises
    ------
    UsageError
        When something is stated about a name that is not there.

    Warns
    -----
    LeefrasterWarning
        For every count or layer that jumps and of which nothing is stated.
    """
    fields = dict(_fields(dataset, layers))
    unknown = sorted(set(stated) - set(fields))
    if unknown:
        there = ", ".join(fields) or "none"
        raise UsageError(
            f"[unit_changes] is about {', '.join(unknown)}, of which there are no values by year; there are of: "
            f"{there}"
        )
    for name, field in fields.items():
        jumps = "; ".join(_jumps(field))
        if name in stated:
            notes.append(
                f"{name}: {stated[name]} (stated in the configuration{'; ' if jumps else ''}{jumps})"
            )
        elif jumps:
            warnings.warn(
                f"{name}: the sum over places with a value in both years changed more than tenfold: {jumps}. If "
                f'its unit or definition changed, convert it, or state it: [unit_changes] {name} = "what changed"',
                LeefrasterWarning,
                skip_file_prefixes=INSIDE,
            )


def _fields(dataset: xr.Dataset, layers: xr.Dataset | None) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield what is counted or measured by year, by name."""
    for name in COUNTS:
        if name in dataset and "year" in dataset[name].dims:
            yield name, dataset[name]
    if "value" in dataset:
        for layer in dataset["layer"].values:
            yield str(layer), dataset["value"].sel(layer=layer)
    for layer, field in ({} if layers is None else layers.data_vars).items():
        if "year" in field.dims and field.dtype.kind in "fiu":
            yield str(layer), field


def _jumps(field: xr.DataArray) -> Iterator[str]:
    """Yield the jumps of a field in words; years without any value are passed over."""
    values = field.transpose("year", ...).values.reshape(field.sizes["year"], -1)
    order = np.argsort(field["year"].values)
    held = [position for position in order if not np.isnan(values[position].astype(np.float64)).all()]
    for before, after in pairwise(held):
        old, new = _sums(values[before], values[after])
        if max(old, new) > MOST * min(old, new):
            years = f"{int(field['year'].values[before])} to {int(field['year'].values[after])}"
            yield f"{old:,.6g} to {new:,.6g} from {years}"


def _sums(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic]) -> tuple[float, float]:
    old, new = np.abs(before.astype(np.float64)), np.abs(after.astype(np.float64))
    both = ~np.isnan(old) & ~np.isnan(new)
    return float(old[both].sum()), float(new[both].sum())
