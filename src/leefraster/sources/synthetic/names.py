"""Invented names: pronounceable, and with letters that no Dutch place name puts together."""

from __future__ import annotations

import numpy as np

_HEADS = [
    "Qua", "Xel", "Zyr", "Vox", "Jyx", "Oxi", "Ulqa", "Ezqu", "Ryx", "Phyx", "Qor", "Xan",
    "Zaq", "Thyx", "Yqua", "Kexa", "Wyx", "Myxo", "Nyqu", "Oqua", "Byx", "Cyx", "Dyqu", "Fyx",
    "Gyx", "Hyqu", "Ixa", "Lyx", "Pyxo", "Tyqu",
]  # fmt: skip
_MIDDLES = [
    "la", "ri", "mo", "ne", "tu", "sa", "vi", "lo", "du", "pe", "ra", "mi",
    "no", "te", "lu", "va", "ki", "bo", "fe", "zu", "da", "go", "hi", "ma",
]  # fmt: skip
_TAILS = [
    "xora", "qin", "xum", "yra", "quel", "xis", "zon", "yx", "qar", "xil", "zar", "yth",
    "qua", "xen", "zim", "yll", "qos", "xar", "zul", "yne",
]  # fmt: skip


def names(random: np.random.Generator, count: int) -> list[str]:
    """Return `count` different names; more than one middle syllable once the short ones run out."""
    middles = [*_MIDDLES, *(a + b for a in _MIDDLES for b in _MIDDLES)]
    size = len(_HEADS) * len(_TAILS) * len(middles)
    short = min(size, max(len(_HEADS) * len(_TAILS) * len(_MIDDLES), 2 * count))
    drawn = random.choice(short, size=count, replace=False)
    head, rest = drawn % len(_HEADS), drawn // len(_HEADS)
    tail, middle = rest % len(_TAILS), rest // len(_TAILS)
    return [_HEADS[h] + middles[m] + _TAILS[t] for h, m, t in zip(head, middle, tail, strict=True)]
