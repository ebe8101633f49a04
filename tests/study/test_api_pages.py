"""The reference of the code holds every module, and every statistic shows an example that is executed."""

import importlib
import inspect
import pkgutil

import pytest

from mvi_core.contents import api_page
from mvi_core.finish import API_PACKAGES


def modules(package):
    root = importlib.import_module(f"mvi_core.{package}")
    inside = [importlib.import_module(f"{root.__name__}.{item.name}") for item in pkgutil.iter_modules(root.__path__)]
    return [module for module in inside if not hasattr(module, "__path__")]


def functions(package):
    for module in modules(package):
        for name, item in vars(module).items():
            if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == module.__name__:
                yield f"{module.__name__.removeprefix('mvi_core.')}.{name}", item


@pytest.mark.parametrize("package", API_PACKAGES)
def test_a_page_holds_every_module_of_its_package(package):
    text = api_page(package)
    assert text.startswith(f"# `mvi_core.{package}`\n")
    assert text.count("automodule::") == len(modules(package))
    assert all(f".. automodule:: {module.__name__}\n" in text for module in modules(package))


def test_every_public_function_has_a_docstring():
    assert not [name for package in API_PACKAGES for name, item in functions(package) if not inspect.getdoc(item)]


def test_every_statistic_shows_an_example_that_is_executed():
    """Doctests run with the tests (`--doctest-modules`); an example without a prompt would not."""
    found = [pair for package in ("stats", "stats.audit") for pair in functions(package)]
    assert len(found) > 100
    without = [name for name, item in found if "Examples\n" not in inspect.getdoc(item) or ">>> " not in item.__doc__]
    assert not without, without


def test_no_example_is_skipped():
    found = [pair for package in API_PACKAGES for pair in functions(package)]
    assert not [name for name, item in found if "doctest: +SKIP" in (item.__doc__ or "")]
