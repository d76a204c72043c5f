"""Text in numeric arrays: an index per element and a table of the distinct labels as UTF-8 bytes.

Zarr has no settled type for text, and 400,000 area codes take a tenth of the room this way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def is_text(values: npt.NDArray[Any]) -> bool:
    """Tell whether an array holds text."""
    return values.dtype.kind in "UOT"


def encode_text(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Return the index of each element's label and the labels.

    Parameters
    ----------
    values : ndarray of str
        Any shape; None and NaN count as "".

    Returns
    -------
    index : ndarray of int32
        Shape of `values`; -1 where the text is missing or empty.
    labels : ndarray of uint8
        Shape (labels, width): UTF-8, padded with zero bytes, in order of first appearance.
    """
    import pandas as pd

    flat = values.astype(object).ravel()
    flat[flat == ""] = None
    index, labels = pd.factorize(flat)
    encoded = [str(label).encode() for label in labels]
    width = max([1, *map(len, encoded)])
    table = np.zeros((len(encoded), width), dtype=np.uint8)
    for row, text in zip(table, encoded, strict=True):
        row[: len(text)] = np.frombuffer(text, dtype=np.uint8)
    return index.astype(np.int32).reshape(values.shape), table


def decode_text(index: npt.NDArray[Any], labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.str_]:
    """Return the text again; "" where the index is -1."""
    texts = [row.tobytes().rstrip(b"\0").decode() for row in labels]
    lookup = np.array([*texts, ""], dtype=np.str_)
    text: npt.NDArray[np.str_] = lookup[np.asarray(index)]
    return text
