"""A second object beside the fields, such as another variable or weights, brought onto the same places."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.fields import Fields, read_fields, valid_mask


@dataclass(frozen=True, slots=True)
class Partner:
    """Values on the places of the fields, one row of them for each field.

    Attributes
    ----------
    values : ndarray, shape (r, n)
        Rows of values in the order of the fields' places.
    rows : ndarray of int64, shape (m,)
        Which of them belongs to each field.
    """

    values: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]

    def row(self, field: int) -> npt.NDArray[Any]:
        """Return the values that belong to a field, by its number."""
        found: npt.NDArray[Any] = self.values[self.rows[field]]
        return found


def partner_of(fields: Fields, other: xr.DataArray, name: str) -> Partner:
    """Bring another object onto the places of the fields; areas are matched by label.

    Parameters
    ----------
    fields : Fields
        The fields.
    other : DataArray
        Numbers over the same places, with the same leading dimensions or some of them.
    name : str
        What to call it in messages.

    Raises
    ------
    UsageError
        When it is no DataArray of numbers, lies on another grid or on other places, or has a leading dimension
        that the fields lack, or with other labels.
    InputError
        When it holds an infinite value, or a cell twice.
    """
    areas = fields.space == "area"
    if areas and isinstance(other, xr.DataArray):
        dim = fields.template.dims[-1]
        if dim not in other.dims:
            raise UsageError(f"{name} has dimensions {other.dims}; it must have {dim!r}, as the field has")
        other = other.transpose(..., dim)
    theirs = read_fields(other, areas=areas, name=name)
    order = _same_places(fields, theirs, name)
    values = theirs.values if order is None else theirs.values[:, order]
    return Partner(values, _rows(fields, theirs, name))


def _same_places(fields: Fields, theirs: Fields, name: str) -> npt.NDArray[np.int64] | None:
    """Return the order that brings their places onto ours; None where it is ours already."""
    n, found = fields.values.shape[1], theirs.values.shape[1]
    if theirs.space != fields.space:
        raise UsageError(
            f"{name} is over {theirs.space}s, the field over {fields.space}s; convert one of them"
        )
    if theirs.grid != fields.grid:
        raise UsageError(f"{name} lies on {theirs.grid}, the field on {fields.grid}; they must be the same")
    if fields.labels is None or theirs.labels is None:
        if found != n or not np.array_equal(theirs.ids, fields.ids):
            shared = np.intersect1d(theirs.ids, fields.ids).size if fields.grid is not None else min(n, found)
            raise UsageError(
                f"{name} has {found} places, the field {n}, of which they share {shared}; "
                f"give {name} the same places, for example with {name}.reindex_like(field)"
            )
        return None
    if np.array_equal(theirs.labels, fields.labels):
        return None
    place = {label: i for i, label in enumerate(theirs.labels.tolist())}
    missing = [label for label in fields.labels.tolist() if label not in place]
    if missing or len(place) != n or found != n:
        raise UsageError(
            f"{name} has {found} areas, the field {n}, of which {len(missing)} are not in {name}; "
            f"first: {missing[:5]}. Give both the same areas"
        )
    return np.array([place[label] for label in fields.labels.tolist()])


def _rows(fields: Fields, theirs: Fields, name: str) -> npt.NDArray[np.int64]:
    """Return for each field the row of theirs that has the same labels along the leading dimensions."""
    ours, leading = fields.leading, theirs.leading
    unknown = [dim for dim in leading if dim not in ours]
    if unknown:
        raise UsageError(
            f"{name} has the leading dimensions {leading}, the field {ours}; "
            f"choose one along {', '.join(map(str, unknown))}, or compute field by field"
        )
    for dim in leading:
        _same_labels(fields.template, theirs.template, dim, name)
    sizes = tuple(theirs.template.sizes[dim] for dim in leading)
    number = xr.DataArray(np.arange(theirs.values.shape[0]).reshape(sizes), dims=leading)
    head = {dim: fields.template.sizes[dim] for dim in ours}
    spread = number.expand_dims({dim: size for dim, size in head.items() if dim not in leading})
    return spread.transpose(*ours).values.reshape(-1)


def _same_labels(field: xr.DataArray, other: xr.DataArray, dim: Hashable, name: str) -> None:
    if other.sizes[dim] != field.sizes[dim]:
        raise UsageError(f"{name} has {other.sizes[dim]} along {dim!r}, the field {field.sizes[dim]}")
    labelled = dim in field.coords and dim in other.coords
    if labelled and not np.array_equal(field[dim].values, other[dim].values):
        raise UsageError(
            f"{name} has {dim!r} {other[dim].values[:5].tolist()}, the field {field[dim].values[:5].tolist()}; "
            "the labels must be the same and in the same order"
        )


def weights_of(fields: Fields, weights: xr.DataArray | None) -> Partner | None:
    """Return the weights of the places for the centre, checked against every field; None without weights.

    Raises
    ------
    UsageError
        As `partner_of`.
    InputError
        When a weight is negative, or missing where the field has a value.
    """
    if weights is None:
        return None
    found = partner_of(fields, weights, "weights")
    refuse_negative_weights(int((found.values < 0).sum()))
    for number in range(fields.values.shape[0]):
        held = valid_mask(fields.values[number])
        given = found.row(number)
        missing = np.flatnonzero(held & ~valid_mask(given))
        names = fields.ids if fields.labels is None else fields.labels
        refuse_missing_weights(missing.size, names[missing[:5]].tolist())
    return found


def refuse_negative_weights(number: int) -> None:
    """Raise an InputError when so many weights are negative."""
    if number:
        raise InputError(f"weights has {number} negative values; weights are at least 0")


def refuse_missing_weights(number: int, first: list[Any]) -> None:
    """Raise an InputError when so many places with a value have no weight, of which these are the first."""
    if number:
        raise InputError(
            f"weights is missing at {number} places where the field has a value; first: {first}. Give them a "
            "weight (0 leaves a place out of the reference), or make the field missing there"
        )
