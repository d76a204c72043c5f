"""The rule: its defaults, and values that it refuses."""

import dataclasses

import numpy as np
import pytest

from leefraster import StructuralRule
from leefraster.errors import UsageError


def test_defaults_are_the_published_ones():
    assert dataclasses.asdict(StructuralRule()) == {
        "radius": 250,
        "weak_class": 4,
        "probability": 0.8,
        "share_of_years": 0.75,
        "latest_years": 2,
        "minimum_dwellings": 250,
        "minimum_weak_share": 0.5,
        "bridge": 200,
        "horizon": 20,
    }


def test_a_rule_is_a_value():
    assert StructuralRule(radius=300) == StructuralRule(radius=300)
    assert hash(StructuralRule()) == hash(StructuralRule())
    numbers = StructuralRule(weak_class=np.int64(3), radius=np.float32(300))
    assert (type(numbers.weak_class), type(numbers.radius)) == (int, float)
    assert numbers == StructuralRule(weak_class=3, radius=300.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        StructuralRule().radius = 100  # type: ignore[misc]


@pytest.mark.parametrize(
    ("share", "years", "needed"), [(0.75, 9, 7), (0.75, 8, 6), (0.75, 3, 3), (1.0, 9, 9), (0.7, 10, 7)]
)
def test_years_needed_are_rounded_up_without_float_noise(share, years, needed):
    assert StructuralRule(share_of_years=share).years_needed(years) == needed


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("radius", 0, "above 0"),
        ("radius", float("nan"), "a finite number"),
        ("radius", "250", "a finite number"),
        ("weak_class", 0, "1 to 8"),
        ("weak_class", 9, "1 to 8"),
        ("weak_class", 4.0, "a whole number"),
        ("weak_class", True, "a whole number"),
        ("probability", 1.0, "above 0 and below 1"),
        ("share_of_years", 0.0, "above 0 and at most 1"),
        ("share_of_years", 1.1, "above 0 and at most 1"),
        ("latest_years", -1, "0 or more"),
        ("minimum_dwellings", -1, "0 or more"),
        ("minimum_weak_share", 1.5, "0 to 1"),
        ("bridge", -1, "0 or more"),
        ("horizon", 0, "above 0"),
        ("horizon", float("inf"), "a finite number"),
    ],
)
def test_values_out_of_range_are_refused_by_name(field, value, wanted):
    with pytest.raises(UsageError, match=rf"StructuralRule: {field} is .*, it must be {wanted}"):
        StructuralRule(**{field: value})
