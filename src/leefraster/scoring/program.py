"""The indicators of a model as arrays, for the kernel that goes through all of them in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.kernels.score import CLIP, IDENTITY, LOG1P, SQRT, Z_SCORE
from leefraster.scoring.model import Indicator, Model
from leefraster.scoring.transforms import Clip, ZScore

Floats = npt.NDArray[np.float64]

_CODES = {"identity": IDENTITY, "log1p": LOG1P, "sqrt": SQRT, "clip": CLIP, "z-score": Z_SCORE}


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The indicators of a model in canonical order, as arrays for the kernel.

    Attributes
    ----------
    starts, codes, parameters
        The steps of indicator k are ``starts[k]`` to ``starts[k + 1] - 1``, each with a code and two parameters.
    coefficients, dimensions, required
        Of each indicator: what it is multiplied by, the position of its dimension, whether it must be there.
    """

    starts: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    parameters: Floats
    coefficients: Floats
    dimensions: npt.NDArray[np.int64]
    required: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, model: Model) -> Program:
        """Return the program of a model."""
        steps = [
            [_step(model, indicator, step) for step in indicator.transform] for indicator in model.canonical
        ]
        flat = [step for own in steps for step in own]
        order = list(model.dimensions)
        return cls(
            np.concatenate([[0], np.cumsum([len(own) for own in steps])]).astype(np.int64),
            np.array([code for code, _, _ in flat], dtype=np.int64),
            np.array([[first, second] for _, first, second in flat], dtype=np.float64),
            np.array([model.coefficient(i) for i in model.canonical], dtype=np.float64),
            np.array([order.index(i.dimension) for i in model.canonical], dtype=np.int64),
            np.array([model.rule_for(i).then == "score missing" for i in model.canonical]),
        )


def _step(model: Model, indicator: Indicator, step: object) -> tuple[int, float, float]:
    if isinstance(step, Clip):
        return (
            CLIP,
            -np.inf if step.lower is None else step.lower,
            np.inf if step.upper is None else step.upper,
        )
    if isinstance(step, ZScore):
        norm = model.norms[step.reference]
        return Z_SCORE, norm.mean[indicator.name], norm.deviation[indicator.name]
    return _CODES[str(getattr(step, "kind", "identity"))], 0.0, 0.0
