"""Every public name has a docstring, and every example in one runs and shows what it says."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import leefraster

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(leefraster.__path__, "leefraster.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("name", [n for n in leefraster.__all__ if n != "__version__"])
def test_public_name_is_there_and_described(name):
    thing = getattr(leefraster, name)
    assert len(inspect.getdoc(thing) or "") > 40, f"{name} has no docstring"


def test_statistics_show_an_example():
    for name in ("moran", "local_moran", "getis_ord", "crosscheck", "from_raster", "to_raster", "from_table"):
        assert ">>>" in getattr(leefraster, name).__doc__, name


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'morans_i'"):
        leefraster.morans_i  # noqa: B018
