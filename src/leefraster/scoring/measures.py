"""The measures that a model may take of a layer around a cell, as a model file names them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a model: unknown keys are refused, values do not change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CellValue(Part):
    """The cell's own value."""

    kind: Literal["cell"] = "cell"

    def __str__(self) -> str:
        return "cell"


class FocalMean(Part):
    """The mean within `radius` metres, weighted by the layer `weights` where one is named."""

    kind: Literal["focal_mean"] = "focal_mean"
    radius: Positive
    weights: str | None = None

    def __str__(self) -> str:
        return f"focal_mean({self.radius:g} m{f', weights {self.weights}' if self.weights else ''})"


class FocalSum(Part):
    """The sum within `radius` metres."""

    kind: Literal["focal_sum"] = "focal_sum"
    radius: Positive

    def __str__(self) -> str:
        return f"focal_sum({self.radius:g} m)"


class DensityWithin(Part):
    """The sum within `radius` metres per square kilometre of the disc."""

    kind: Literal["density"] = "density"
    radius: Positive

    def __str__(self) -> str:
        return f"density({self.radius:g} m)"


class DecaySum(Part):
    """The sum of neighbours, each weighted by a kernel of its distance."""

    kind: Literal["decay"] = "decay"
    bandwidth: Positive
    kernel: Literal["gaussian", "exponential", "bisquare", "triangular"] = "gaussian"
    cutoff: Positive | None = None

    def __str__(self) -> str:
        reach = "" if self.cutoff is None else f", up to {self.cutoff:g} m"
        return f"decay({self.bandwidth:g} m, {self.kernel}{reach})"


class DistanceTo(Part):
    """The distance to the nearest cell in which the layer is not 0, at most `cap` metres."""

    kind: Literal["distance"] = "distance"
    cap: Positive

    def __str__(self) -> str:
        return f"distance(cap {self.cap:g} m)"


def _with_kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


type Measure = Annotated[
    Annotated[
        CellValue | FocalMean | FocalSum | DensityWithin | DecaySum | DistanceTo, Field(discriminator="kind")
    ],
    BeforeValidator(_with_kind),
]
