"""The model: a TOML file that says how indicators make scores, read into a validated value."""

from __future__ import annotations

import math
import sys
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from leefraster.errors import UsageError
from leefraster.scoring.complaints import nearest, sentences
from leefraster.scoring.largest import Level
from leefraster.scoring.measures import CellValue, Measure, Part
from leefraster.scoring.toml import toml_text
from leefraster.scoring.transforms import Finite, Identity, Transform, ZScore
from leefraster.scoring.units import UNITS, canonical

if TYPE_CHECKING:
    import pandas as pd

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class MissingRule(Part):
    """``missing``: what is done where an indicator has no value; of the model, or of one indicator.

    Attributes
    ----------
    then : {"score missing", "national mean"}
        The cell has no score in that dimension and no total; or the indicator counts at its reference mean, so
        that it contributes 0, and is counted in `replaced`. Never silently zero.
    most : float
        Largest share of cells on which the indicator may be missing in a year.
    beyond : {"refuse", "warn"}
        What happens when it is missing on more: an error, or one warning that counts.
    """

    then: Literal["score missing", "national mean"] = "score missing"
    most: Share = 0.05
    beyond: Literal["refuse", "warn"] = "refuse"


class ReferenceRule(Part):
    """``[reference]``: what deviations and levels are measured from.

    Attributes
    ----------
    year : int
        Measurement year of the reference.
    rule : {"dwelling-weighted national mean", "national mean of cells"}
        How the mean of each indicator is taken, over the cells that have a total.
    deviations : {"own year", "reference year"}
        Whether scores of a year are deviations from that year's mean, or from the reference year's.
    level : float or None
        National mean level in the reference year; then levels are given.
    constant : float or None
        Constant of the model: ``level = constant + sum of coefficient x value``; instead of `level`.
    """

    year: int = Field(strict=True)
    rule: Literal["dwelling-weighted national mean", "national mean of cells"] = (
        "dwelling-weighted national mean"
    )
    deviations: Literal["own year", "reference year"] = "own year"
    level: Level | None = None
    constant: Level | None = None

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.level is not None and self.constant is not None:
            raise ValueError("has both level and constant; give one of them")
        return self

    @property
    def weighted(self) -> bool:
        """Whether the mean is weighted by dwellings."""
        return self.rule == "dwelling-weighted national mean"


class Norm(Part):
    """``[norms.NAME]``: a named reference for z-scores: mean and deviation of indicators, before that step."""

    year: int = Field(strict=True)
    provenance: Said
    mean: dict[str, Finite]
    deviation: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]]


class Coefficients(Part):
    """``[coefficients]``: the columns of coefficients that a model has, and how they become one.

    Attributes
    ----------
    columns : list of str
        Names, as ``["judgement", "price"]``.
    merge : {"mean", "weighted mean"}
        The rule.
    weights : list of float or None
        Weights of the columns, for "weighted mean".
    """

    columns: tuple[Said, ...] = Field(min_length=2)
    merge: Literal["mean", "weighted mean"]
    weights: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] | None = None

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns {', '.join(self.columns)} repeat a name")
        if (self.weights is not None) != (self.merge == "weighted mean"):
            raise ValueError("weights belong to merge = 'weighted mean', which needs them")
        if self.weights is not None and (len(self.weights) != len(self.columns) or sum(self.weights) <= 0):
            raise ValueError(f"weights must be {len(self.columns)} numbers, not all 0")
        if self.weights is not None and math.isinf(sum(self.weights)):
            raise ValueError(
                f"weights add up to more than the largest number there is ({sys.float_info.max:.3g}); only their "
                "ratios count, so give smaller ones"
            )
        return self

    def merged(self, values: dict[str, float]) -> float:
        """Return one coefficient out of those of the columns; infinite where their sum is too large."""
        weights = self.weights or (1.0,) * len(self.columns)
        terms = [w * values[name] for w, name in zip(weights, self.columns, strict=True)]
        try:
            return math.fsum(terms) / math.fsum(weights)
        except (OverflowError, ValueError):  # a sum that is too large, or terms of plus and minus infinity
            return math.inf


class Indicator(Part):
    """``[[indicators]]``: one indicator.

    Attributes
    ----------
    name, layer : str
        Its own name, and the layer that it is measured on (default: the same name).
    unit : str
        Unit of the layer; a layer that states another is refused.
    dimension : str
        Code of the dimension that it contributes to.
    measure : table or "cell"
        What is measured around a cell.
    transform : step or list of steps
        What is done to the measure, in order.
    coefficient : float
        What the transformed measure is multiplied by; or `coefficients`, one for each column.
    missing : MissingRule or None
        Its own rule; None takes the model's.
    note : str
        Anything worth telling.
    """

    name: Said
    layer: str = ""
    unit: Said
    dimension: Said
    measure: Measure = CellValue()
    transform: Transform = (Identity(),)
    coefficient: Finite | None = None
    coefficients: dict[str, Finite] | None = None
    missing: MissingRule | None = None
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _layer_of_that_name(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.get("layer") and isinstance(value.get("name"), str):
            return value | {"layer": value["name"].strip()}
        return value

    @model_validator(mode="after")
    def _one_way_of_coefficients(self) -> Self:
        if (self.coefficient is None) == (self.coefficients is None):
            raise ValueError("give coefficient, or coefficients by column, one of them")
        return self


class Model(Part):
    """A model that makes scores out of indicators: ``score = sum of coefficient x (transformed - its mean)``.

    Read one with `Model.read`; the keys of the file are the attributes.

    Attributes
    ----------
    name, version : str
        What it is.
    official : bool
        Whether the scores may be called official; false unless the file says otherwise.
    provenance, licence : str
        Where the coefficients come from, and what may be done with them.
    reference : ReferenceRule
        Reference year, and the rule of its mean.
    dimensions : dict
        Names of the dimensions by code, in the order of the results.
    indicators : tuple of Indicator
        In any order: scores do not depend on it.
    coefficients : Coefficients or None
        Columns of coefficients and their merging rule; None where each indicator has one coefficient.
    missing : MissingRule
        What missing indicators do, unless an indicator has a rule of its own.
    norms : dict of Norm
        Named references for z-scores.
    units : dict
        Units of the model's own, besides the known ones: what each means.

    Raises
    ------
    UsageError
        From `read` and `parse`: when the file is absent or no TOML, a key is unknown (the nearest is told) or
        missing, or a value breaks a rule.

    Examples
    --------
    >>> model = Model.shipped("illustrative")
    >>> model.official, sorted(model.dimensions)
    (False, ['fys', 'onv', 'soc', 'vrz', 'won'])
    """

    name: Said
    version: Said
    official: bool = Field(default=False, strict=True)
    provenance: Said
    licence: Said
    reference: ReferenceRule
    dimensions: dict[Said, Said] = Field(min_length=1)
    coefficients: Coefficients | None = None
    missing: MissingRule = MissingRule()
    units: dict[Said, Said] = Field(default_factory=dict)
    norms: dict[Said, Norm] = Field(default_factory=dict)
    indicators: tuple[Indicator, ...] = Field(min_length=1)

    @field_validator("version", mode="before")
    @classmethod
    def _version_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        faults = [fault for indicator in self.indicators for fault in self._faults_of(indicator)]
        names = [indicator.name for indicator in self.indicators]
        faults += [
            f"indicator {n!r} stands there more than once"
            for n in sorted({n for n in names if names.count(n) > 1})
        ]
        idle = [code for code in self.dimensions if all(i.dimension != code for i in self.indicators)]
        faults += [f"dimension {code!r} has no indicator" for code in idle]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of(self, indicator: Indicator) -> list[str]:
        """Return what an indicator names that the model does not have."""
        faults, called = [], f"indicator {indicator.name!r}"
        if indicator.dimension not in self.dimensions:
            hint = f"there are {', '.join(self.dimensions)}"
            faults.append(f"{called}: there is no dimension {indicator.dimension!r}; {hint}")
        known = {*UNITS, *self.units}
        if canonical(indicator.unit) not in known:
            hint = f"there are {', '.join(sorted(known))}; others are told in [units]"
            faults.append(f"{called}: there is no unit {indicator.unit!r}; {hint}")
        for step in indicator.transform:
            if isinstance(step, ZScore):
                faults += self._faults_of_norm(indicator.name, step.reference)
        return faults + self._faults_of_columns(indicator)

    def _faults_of_norm(self, name: str, reference: str) -> list[str]:
        if reference not in self.norms:
            hint = nearest(reference, self.norms)
            return [
                f"indicator {name!r}: z-score names the reference {reference!r}, which [norms] lacks; {hint}"
            ]
        norm = self.norms[reference]
        lacking = [key for key in ("mean", "deviation") if name not in getattr(norm, key)]
        return [f"indicator {name!r}: [norms.{reference}] has no {key} for it" for key in lacking]

    def _faults_of_columns(self, indicator: Indicator) -> list[str]:
        called = f"indicator {indicator.name!r}"
        if indicator.coefficients is None:
            return []
        if self.coefficients is None:
            return [
                f"{called} has coefficients by column, but [coefficients] does not say how they are merged"
            ]
        wanted, given = self.coefficients.columns, indicator.coefficients
        faults = [
            f"{called} has no coefficient in column {name!r}" for name in wanted if name not in given
        ] + [
            f"{called}: there is no column {name!r}; there are {', '.join(wanted)}"
            for name in given
            if name not in wanted
        ]
        if not faults and not math.isfinite(self.coefficients.merged(given)):
            said = ", ".join(f"{name} {given[name]:g}" for name in wanted)
            faults.append(
                f"{called}: its coefficients ({said}) are so large that their {self.coefficients.merge} goes "
                f"beyond the largest number there is ({sys.float_info.max:.3g}); give smaller ones, and state the "
                "layer in a larger unit"
            )
        return faults

    @classmethod
    def read(cls, path: str | Path) -> Model:
        """Read a model's TOML file.

        Raises
        ------
        UsageError
            When the file is absent, no UTF-8, no TOML, or no model; the message names file, key, value and rule.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: is not UTF-8 at byte {error.start}; TOML files are") from error
        except FileNotFoundError as error:
            raise UsageError(
                f"{file}: cannot be read: {error.strerror}. Give the path of a model's TOML file; Model.shipped() "
                "has one to start from"
            ) from error
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
        return cls.parse(text, name=str(file))

    @classmethod
    def parse(cls, text: str, *, name: str = "model") -> Model:
        """Read TOML text, as `read` does a file; `name` is used in messages.

        Raises
        ------
        UsageError
            As in `read`.
        """
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{name}: is no TOML: {error}") from error
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise UsageError(sentences(error, cls, tree, name)) from error

    @classmethod
    def shipped(cls, name: str = "illustrative") -> Model:
        """Return a model that leefraster ships; none is official.

        Raises
        ------
        UsageError
            When it ships no model of that name; the message lists those there are.
        """
        from leefraster.shipped import data_file

        return cls.read(data_file(f"models/{name}.toml"))

    def write(self, path: str | Path) -> None:
        """Write the model as TOML; `Model.read` gives the same model back.

        Raises
        ------
        UsageError
            When the file cannot be written.
        """
        tree: dict[str, Any] = {"name": self.name, "version": self.version, "official": self.official}
        tree |= self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        for indicator, dumped in zip(self.indicators, tree["indicators"], strict=True):
            dumped["layer"] = indicator.layer
            if "measure" in dumped:
                dumped["measure"] = indicator.measure.model_dump(mode="json", exclude_none=True)
            if "transform" in dumped:
                dumped["transform"] = [
                    s.model_dump(mode="json", exclude_none=True) for s in indicator.transform
                ]
        try:
            Path(path).write_text(toml_text(tree), encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error

    @cached_property
    def canonical(self) -> tuple[Indicator, ...]:
        """The indicators sorted by name: the order of all sums and results."""
        return tuple(sorted(self.indicators, key=lambda indicator: indicator.name))

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that the model reads, sorted; dwellings are not among them."""
        weights = {getattr(i.measure, "weights", None) for i in self.indicators} - {None}
        return tuple(sorted({i.layer for i in self.indicators} | {str(w) for w in weights}))

    def coefficient(self, indicator: Indicator) -> float:
        """Return the one coefficient of an indicator, by the merging rule where there are columns."""
        if indicator.coefficient is not None:
            return indicator.coefficient
        assert self.coefficients is not None
        assert indicator.coefficients is not None
        return self.coefficients.merged(indicator.coefficients)

    def rule_for(self, indicator: Indicator) -> MissingRule:
        """Return what is done where the indicator is missing."""
        return self.missing if indicator.missing is None else indicator.missing

    def describe(self) -> pd.DataFrame:
        """Return one row an indicator: what it is, how it is measured, what it counts for.

        Returns
        -------
        DataFrame
            indicator, dimension, layer, unit, measure, transform, coefficient (merged), one column
            ``coefficient_NAME`` for each column of coefficients, missing_then, missing_most, note; sorted by
            dimension (in the model's order) and indicator.
        """
        import pandas as pd

        order = list(self.dimensions)
        rows = [self._row(i) for i in sorted(self.canonical, key=lambda i: order.index(i.dimension))]
        return pd.DataFrame(rows)

    def _row(self, indicator: Indicator) -> dict[str, Any]:
        rule = self.rule_for(indicator)
        columns = self.coefficients.columns if self.coefficients is not None else ()
        given = indicator.coefficients or {}
        return {
            "indicator": indicator.name,
            "dimension": indicator.dimension,
            "layer": indicator.layer,
            "unit": indicator.unit,
            "measure": str(indicator.measure),
            "transform": ", ".join(map(str, indicator.transform)),
            "coefficient": self.coefficient(indicator),
            **{f"coefficient_{name}": given.get(name, math.nan) for name in columns},
            "missing_then": rule.then,
            "missing_most": rule.most,
            "note": indicator.note,
        }
