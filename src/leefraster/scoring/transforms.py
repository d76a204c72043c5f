"""The steps that turn a measure into what a coefficient applies to, as a model file names them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from leefraster.scoring.measures import Part

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Identity(Part):
    """The value as it is."""

    kind: Literal["identity"] = "identity"

    def __str__(self) -> str:
        return "identity"


class Log1p(Part):
    """The natural logarithm of 1 + value; the value must not be negative."""

    kind: Literal["log1p"] = "log1p"

    def __str__(self) -> str:
        return "log1p"


class Sqrt(Part):
    """The square root; the value must not be negative."""

    kind: Literal["sqrt"] = "sqrt"

    def __str__(self) -> str:
        return "sqrt"


class Clip(Part):
    """The value, or the nearest bound where it lies outside [lower, upper]."""

    kind: Literal["clip"] = "clip"
    lower: Finite | None = None
    upper: Finite | None = None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.lower is None and self.upper is None:
            raise ValueError("clip needs lower, upper or both")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"clip: lower is {self.lower:g}, it must be below upper ({self.upper:g})")
        return self

    def __str__(self) -> str:
        low = "-inf" if self.lower is None else f"{self.lower:g}"
        high = "inf" if self.upper is None else f"{self.upper:g}"
        return f"clip({low}, {high})"


class ZScore(Part):
    """(value - mean) / deviation, with the mean and deviation that a named reference gives for the indicator."""

    kind: Literal["z-score"] = "z-score"
    reference: str

    def __str__(self) -> str:
        return f"z-score({self.reference})"


type Step = Annotated[Identity | Log1p | Sqrt | Clip | ZScore, Field(discriminator="kind")]


def _as_steps(value: Any) -> Any:
    """Read one step or a list, each a name or a table with `kind`."""
    given = value if isinstance(value, list | tuple) else [value]
    return [{"kind": step} if isinstance(step, str) else step for step in given]


type Transform = Annotated[tuple[Step, ...], BeforeValidator(_as_steps), Field(min_length=1)]
