"""From the layers of a model, and what is joined to them, to scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from leefraster.errors import InputError, UsageError
from leefraster.scoring.model import Model
from leefraster.sources.table_sections import ModelSection

if TYPE_CHECKING:
    import xarray as xr

WEIGHT = "dwellings"


def read_model(section: ModelSection) -> Model:
    """Return the model that a section names.

    Raises
    ------
    UsageError
        When it is absent, or no model.
    """
    if section.path is not None:
        return Model.read(section.path)
    return Model.shipped(str(section.name))


def scored(
    layers: xr.Dataset,
    joined: xr.Dataset,
    model: Model,
    references: Mapping[int, float] | None,
    notes: list[str],
) -> xr.Dataset:
    """Return the scores that a model makes of layers, with all that was joined.

    Parameters
    ----------
    layers : Dataset
        Layers over ([`year`,] `cell`).
    joined : Dataset
        Dwellings and the rest over ([`year`,] `cell`), on all cells of the layers or some of them (those that the
        result is about); `reference(year)` where it is known.
    model : Model
        The model.
    references : mapping or None
        National mean level by year; without it, that of `joined` or of the model, else there is no level.
    notes : list of str
        Where remarks go.

    Returns
    -------
    Dataset
        As `leefraster.sources.leefbaarometer.read_scores` returns it, on the cells that have a total in some year.

    Raises
    ------
    UsageError
        When the model weighs by dwellings and none are joined, or lacks a layer; references for some years only.
    InputError
        When no cell has a score.
    """
    from leefraster.scoring.score import score

    if model.reference.weighted and WEIGHT not in joined:
        raise UsageError(
            f"model {model.name!r} takes its national mean by dwellings, and there are none; give [dwellings]"
        )
    made = score(with_joined(layers, joined, model), model, dwellings=joined.get(WEIGHT))
    notes += [said_of(model), *_missing(made, model)]
    if joined.sizes["cell"] < made.sizes["cell"]:
        made = made.sel(cell=joined["cell"].values)
    held = made["total"].notnull().any("year").values
    if not held.any():
        raise InputError(f"model {model.name!r}: no cell has a score in any year; each lacks an indicator")
    if not held.all():
        notes.append(
            f"{int((~held).sum()):,} of {held.size:,} cells have no score in any year, for lack of indicators, "
            "and are left out"
        )
        made, joined = made.isel(cell=held), joined.isel(cell=held)
    return _levelled(_as_published(made, model), joined, references)


def said_of(model: Model) -> str:
    """Return what a reader must know of the model that scores were made by."""
    official = "official by its own word" if model.official else "not official"
    return (
        f"Scores were made by the model {model.name} {model.version} ({official}; reference year "
        f"{model.reference.year}, {len(model.indicators)} indicators): {model.provenance}"
    )


def with_joined(layers: xr.Dataset, joined: xr.Dataset, model: Model) -> xr.Dataset:
    """Return the layers, with what the model names and is joined rather than read as a layer (dwellings)."""
    wanted = [name for name in model.layers if name not in layers and name in joined]
    laid = {name: joined[name].reindex(cell=layers["cell"].values) for name in wanted}
    return layers.assign({name: (values.dims, values.values, values.attrs) for name, values in laid.items()})


def _missing(made: xr.Dataset, model: Model) -> list[str]:
    """Return one remark an indicator that is missing somewhere: how often, and what was done."""
    places = made["total"].size
    counted = made["missing"].sum("year").values
    return [
        f"indicator {indicator.name}: missing in {count:,} of {places:,} places "
        f"({'cell and year' if made.sizes['year'] > 1 else 'cells'}); there "
        + (
            "the score is missing"
            if model.rule_for(indicator).then == "score missing"
            else "it counts at its national mean"
        )
        for indicator, count in zip(model.canonical, counted, strict=True)
        if count
    ]


def _as_published(made: xr.Dataset, model: Model) -> xr.Dataset:
    """Return scores in the types, names and order in which published ones are read."""
    from leefraster.sources.scores import DIMENSION_NAMES

    kept = made[[name for name in ("score", "total", "level", "reference") if name in made]]
    kept = kept.transpose("year", "dimension", "cell", missing_dims="ignore")
    narrow = {name: kept[name].astype(np.float32) for name in ("score", "total", "level") if name in kept}
    kept = kept.assign(narrow)
    codes = [str(code) for code in kept["dimension"].values]
    names = [DIMENSION_NAMES.get(code, model.dimensions[code]) for code in codes]
    version = [f"{model.name} {model.version}"] * kept.sizes["year"]
    return kept.assign_coords(
        version=("year", version, {"long_name": "model and its version"}),
        dimension=codes,
        dimension_name=("dimension", names),
    )


def _levelled(scores: xr.Dataset, joined: xr.Dataset, references: Mapping[int, float] | None) -> xr.Dataset:
    """Add everything joined; and level and reference as configured, else by the model, else as joined."""
    import xarray as xr

    others = joined.drop_vars("reference", errors="ignore")
    merged = scores.assign({name: others[name] for name in others.data_vars})
    years = [int(year) for year in scores["year"].values]
    known = dict(references or {})
    if not known and "level" not in scores and "reference" in joined:
        given = joined["reference"]
        known = dict(zip(map(int, given["year"].values), given.values.tolist(), strict=True))
    if not known:
        return merged
    lacking = [str(year) for year in years if year not in known]
    if lacking:
        raise UsageError(f"references are given, but not for {', '.join(lacking)}; give every year, or none")
    attrs = {"long_name": "national mean level", "units": "score"}
    reference = xr.DataArray([known[year] for year in years], dims="year", attrs=attrs)
    level = (scores["total"].astype(np.float64) + reference).astype(np.float32)
    level.attrs = {"long_name": "liveability, absolute level", "units": "score"}
    return merged.assign(level=level, reference=reference)
