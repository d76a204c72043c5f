"""A counter-based stream of random bits: a word follows from its key and number alone, whatever was drawn before.

The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
"""

from __future__ import annotations

import numpy as np

from leefraster.kernels.jit import jit

STEP = np.uint64(0x9E3779B97F4A7C15)  # odd, near 2^64 over the golden ratio
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@jit
def mixed(word):
    """Return 64 bits of which every one depends on all bits of the word."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@jit
def key_of(seed, place):
    """Return the key of a place's stream."""
    return mixed(mixed(np.uint64(seed) + STEP) + np.uint64(place) * STEP)


@jit
def word_of(key, number):
    """Return word `number` of the stream of a key; it can be a key itself."""
    return mixed(np.uint64(key) + (np.uint64(number) + np.uint64(1)) * STEP)
