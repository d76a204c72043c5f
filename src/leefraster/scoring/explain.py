"""Where the score of a cell or an area comes from: its indicators, ranked by what they contribute."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of
from leefraster.errors import InputError, UsageError
from leefraster.scoring.engine import OneYear, require_model
from leefraster.scoring.layers import YEAR
from leefraster.scoring.model import Model
from leefraster.scoring.score import Scoring

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def explain_cell(
    scores_or_layers: xr.Dataset | Mapping[str, xr.DataArray],
    model: Model | str | Path,
    *,
    cell: str | int | None = None,
    area: Any = None,
    year: int | None = None,
    dwellings: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Rank the indicators by what they contribute to the total of one cell, or of an area.

    Parameters
    ----------
    scores_or_layers : Dataset, or mapping of str to DataArray
        What ``lr.score(..., explain=True)`` returned; or the layers over ([`year`,] `cell`), on which the model is
        then run (the national means need all cells).
    model : Model or path
        The model.
    cell : str or int
        A cell, by code (``"E0974N4514"``) or id.
    area : DataArray of bool over `cell`, or sequence of cell ids or codes
        An area instead: contributions are means over its cells that have a total, weighted by dwellings where the
        model weighs.
    year : int or None
        The year; None takes the latest.
    dwellings : DataArray or None
        As in `lr.score`, for layers.

    Returns
    -------
    DataFrame
        rank, indicator, dimension, layer, unit, measure (as text), value (the measure; NaN from scores, which do
        not keep it), transformed, mean (what the deviation is taken from), coefficient, contribution, missing;
        sorted by the size of the contribution, equal ones by name. For areas `value` and `transformed` are weighted
        means, and `missing` is the share of cells without (NaN from scores). The contributions add up to the total,
        in ``attrs["total"]``, to 1e-9; ``attrs["scores"]`` has the dimensions.

    Raises
    ------
    UsageError
        When neither or both of `cell` and `area` are given, the year is not there, or scores come without their
        contributions.
    InputError
        When a cell is not among those of the data, or none of an area's cells has a total.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from leefraster.cells import from_raster
    >>> text = '''
    ... name = "example"
    ... version = "1"
    ... provenance = "invented"
    ... licence = "CC0-1.0"
    ... reference = { year = 2024 }
    ... dimensions = { onv = "nuisance" }
    ... indicators = [
    ...   { name = "noise", unit = "dB", dimension = "onv", coefficient = -0.01 },
    ...   { name = "crime", unit = "per 1000", dimension = "onv", coefficient = -0.02 } ]
    ... '''
    >>> coords = {"y": [50.0], "x": [50.0, 150.0]}
    >>> layers = from_raster(xr.Dataset({"noise": (("y", "x"), [[50.0, 60.0]]), "crime": (("y", "x"), [[9.0, 3.0]]),
    ...                                  "dwellings": (("y", "x"), [[10.0, 10.0]])}, coords))
    >>> table = explain_cell(layers, Model.parse(text), cell=0)
    >>> table[["rank", "indicator", "value", "contribution"]].round(3).values.tolist()
    [[1, 'crime', 9.0, -0.06], [2, 'noise', 50.0, 0.05]]
    """
    checked = require_model(model)
    if (cell is None) == (area is None):
        raise UsageError("explain_cell: give cell= (a code or id) or area=, one of them")
    if isinstance(scores_or_layers, xr.Dataset) and "total" in scores_or_layers:
        return _from_scores(scores_or_layers, checked, cell, area, year)
    return _from_layers(scores_or_layers, checked, cell, area, year, dwellings)


def _from_layers(
    layers: Any, model: Model, cell: Any, area: Any, year: int | None, dwellings: xr.DataArray | None
) -> pd.DataFrame:
    scoring = Scoring.of(layers, model, dwellings)
    position = _position(list(scoring.layers.years), year)
    chosen = _chosen(scoring.layers.dataset, cell, area)
    one = scoring.one_year(position)
    centre = _centre(scoring, position, one)
    contributions = scoring.engine.contributions(one, centre, chosen)
    values = np.stack([np.asarray(row[chosen], dtype=np.float64) for row in one.rows])
    scoring.warn()
    return _table(
        model,
        values,
        contributions,
        centre,
        scoring.weights_of(position)[chosen],
        scoring.layers.years[position],
    )


def _centre(scoring: Scoring, position: int, one: OneYear) -> Floats:
    if scoring.model.reference.deviations == "own year":
        return one.means
    reference = scoring.reference_position()
    assert reference is not None
    return one.means if reference == position else scoring.one_year(reference).means


def _from_scores(scores: xr.Dataset, model: Model, cell: Any, area: Any, year: int | None) -> pd.DataFrame:
    if "contribution" not in scores:
        raise UsageError(
            "explain_cell: these scores do not hold contributions; use lr.score(..., explain=True), or give layers"
        )
    names = [indicator.name for indicator in model.canonical]
    if scores["indicator"].values.tolist() != names:
        raise UsageError(
            f"explain_cell: the scores are by model {scores.attrs.get('model')!r}, not by {model.name!r}"
        )
    years = np.atleast_1d(scores[YEAR].values).tolist() if YEAR in scores.coords else [None]
    position = _position(years, year)
    one = scores.isel({YEAR: position}) if YEAR in scores.dims else scores
    chosen = _chosen(scores, cell, area)
    picked = one.isel({CELL: chosen})
    contributions = picked["contribution"].transpose("indicator", CELL).values
    weighted = model.reference.weighted and "dwellings" in picked
    weights = np.nan_to_num(picked["dwellings"].values.astype(float)) if weighted else np.ones(chosen.size)
    values = np.full(contributions.shape, np.nan)
    return _table(model, values, contributions, one["mean"].values, weights, years[position])


def _table(
    model: Model, values: Floats, contributions: Floats, centre: Floats, weights: Floats, year: int | None
) -> pd.DataFrame:
    import pandas as pd

    coefficients = np.array([model.coefficient(i) for i in model.canonical])
    known = not np.isnan(values).all()
    scored = ~np.isnan(contributions).any(axis=0)
    if weights.size > 1:
        # by a power of two, so that they add up to less than 1 and their products to no more than the values
        weights = np.ldexp(weights, -int(np.frexp(weights.sum())[1]))
        if not scored.any():
            raise InputError("explain_cell: no cell of the area has all the indicators that a total needs")
        counted = np.where(scored, weights, 0.0)
        counted = counted if counted.sum() > 0 else scored.astype(float)
        total = contributions[:, scored] @ counted[scored] / counted.sum()
    else:
        counted, total = np.ones(1), contributions[:, 0]
    transformed = centre + np.divide(
        total, coefficients, out=np.full(total.size, np.nan), where=coefficients != 0
    )
    rows = pd.DataFrame(
        {
            "indicator": [i.name for i in model.canonical],
            "dimension": [i.dimension for i in model.canonical],
            "layer": [i.layer for i in model.canonical],
            "unit": [i.unit for i in model.canonical],
            "measure": [str(i.measure) for i in model.canonical],
            "value": _means(values, counted),
            "transformed": transformed,
            "mean": centre,
            "coefficient": coefficients,
            "contribution": total,
            "missing": np.isnan(values).mean(axis=1) if known else np.full(len(values), np.nan),
        }
    )
    order: Ints = np.lexsort(
        (rows["indicator"], -np.nan_to_num(rows["contribution"].abs().to_numpy(), nan=np.inf))
    )
    rows = rows.iloc[order].reset_index(drop=True)
    rows.insert(0, "rank", np.arange(1, len(rows) + 1))
    by_dimension = {
        code: float(rows.loc[rows["dimension"] == code, "contribution"].sum(skipna=False))
        for code in model.dimensions
    }
    rows.attrs = {
        "model": model.name,
        "official": model.official,
        "year": year,
        "total": float(rows["contribution"].sum(skipna=False)),
        "scores": by_dimension,
    }
    return rows


def _means(values: Floats, weights: Floats) -> Floats:
    held = ~np.isnan(values)
    whole = held @ weights
    out: Floats = np.full(whole.size, np.nan)
    np.divide(np.where(held, values, 0.0) @ weights, whole, out=out, where=whole > 0)
    return out


def _position(years: list[Any], year: int | None) -> int:
    if year is None:
        return len(years) - 1
    if year not in years:
        raise UsageError(f"explain_cell: year {year} is not there; there are {', '.join(map(str, years))}")
    return years.index(year)


def _chosen(dataset: xr.Dataset, cell: Any, area: Any) -> Ints:
    """Return the positions of the cells that are asked for."""
    if CELL not in dataset.dims:
        raise UsageError("explain_cell: needs cell-indexed data; use lr.from_raster first")
    ids = np.asarray(dataset[CELL].values, dtype=np.int64)
    if isinstance(area, xr.DataArray):
        if area.dims != (CELL,) or area.dtype.kind != "b":
            raise UsageError(
                f"explain_cell: area has dimensions {area.dims} and dtype {area.dtype}; it must be bool over cell"
            )
        wanted = np.asarray(area[CELL].values)[area.values]
    else:
        wanted = _ids(dataset, [cell] if cell is not None else list(area))
    if not wanted.size:
        raise UsageError("explain_cell: the area holds no cell")
    place = np.minimum(np.searchsorted(ids, wanted), max(ids.size - 1, 0))
    lacking = wanted[ids[place] != wanted] if ids.size else wanted
    if lacking.size:
        raise InputError(
            f"explain_cell: {lacking.size} of {wanted.size} cells are not there; first: {lacking[:5].tolist()}"
        )
    return np.unique(place)


def _ids(dataset: xr.Dataset, cells: list[Any]) -> Ints:
    if all(isinstance(one, str) for one in cells):
        return grid_of(dataset).cell_from_code(np.array(cells, dtype=str), source="explain_cell")
    if any(isinstance(one, bool) or int(one) != one for one in cells):
        raise UsageError(f"explain_cell: cells are ids or codes, got {cells[:5]}")
    return np.array(cells, dtype=np.int64)
