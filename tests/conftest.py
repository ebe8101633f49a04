"""Draws that are the same at every run, and the scripts of the workflow folder, which is no package, as modules."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None)  # no unseeded draw
settings.load_profile("seeded")

WORKFLOW = Path(__file__).parents[1] / "workflow"


@pytest.fixture(scope="session")
def script():
    """Load ``workflow/<name>.py`` as a module."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"workflow_{name}", WORKFLOW / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
