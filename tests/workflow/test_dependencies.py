"""A page depends on the package files that it reaches, and on no other."""

import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.fixture
def dependencies(script, monkeypatch):
    monkeypatch.setenv("MVI_ROOT", str(ROOT))
    return script("dependencies")


@pytest.fixture
def small(script, tmp_path, monkeypatch):
    """Package of five modules in a project of its own."""
    files = {
        "_config.yml": "", "data_manifest/files.csv": "", "mvi_core/__init__.py": "",
        "mvi_core/top.py": "from mvi_core import middle\n", "mvi_core/lonely.py": "",
        "mvi_core/middle.py": "def f():\n    import mvi_core.base\n", "mvi_core/base.py": "from mvi_core import top\n",
        "mvi_core/steps/some.py": "from mvi_core import lonely\ndef step():\n    from mvi_core.middle import f\n",
        "mvi_core/steps/other.py": "from mvi_core.steps.some import step\nfrom mvi_core import lonely\n"
        "def calls():\n    helper()\ndef helper():\n    step()\ndef uses():\n    lonely\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    return script("dependencies"), tmp_path


def names(paths, root=ROOT):
    return {str(path.relative_to(root / "mvi_core")) for path in paths}


def test_imports_are_followed_to_the_end_also_inside_functions_and_in_a_ring(small):
    module, root = small
    page = root / "page.py"
    page.write_text(textwrap.dedent("import numpy\nfrom mvi_core.top import anything\n"))
    assert names(module.code_of_page(page), root) == {"__init__.py", "top.py", "middle.py", "base.py"}


def test_a_step_depends_on_what_its_helpers_import_also_those_of_another_file(small):
    module, root = small
    assert {"middle.py", "base.py", "top.py"} == names(module.code_of("calls"), root) - {"__init__.py"}


def test_a_step_depends_on_what_its_file_imports_where_it_names_it(small):
    module, root = small
    assert names(module.code_of("uses"), root) == {"__init__.py", "lonely.py"}


def test_a_step_depends_on_the_imports_of_its_own_function_only(small):
    module, root = small
    assert "lonely.py" not in names(module.code_of("step"), root)
    assert {"middle.py", "base.py", "top.py"} <= names(module.code_of("step"), root)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_depends_on_every_module_that_it_names(dependencies, path):
    found = names(dependencies.code_of_page(path))
    named = {
        line.split()[1].removeprefix("mvi_core.").replace(".", "/") + ".py"
        for line in path.read_text().splitlines()
        if line.startswith("from mvi_core.")
    }
    plumbing = {f"{name}.py" for name in dependencies.EVERYWHERE}
    assert {name for name in named - plumbing if (ROOT / "mvi_core" / name).is_file()} <= found


def test_a_page_depends_on_what_its_imports_import(dependencies):
    found = names(dependencies.code_of_page(ROOT / "notebooks/09_nomogram.py"))
    assert {"stats/discrimination.py", "stats/delong.py", "stats/estimate.py", "figures/clinic.py"} <= found


def test_a_training_depends_on_the_network_and_its_data_and_on_no_figure_or_statistic(dependencies):
    found = names(dependencies.code_of("train"))
    assert {"model/training.py", "model/network.py", "model/backbone.py", "dataset/split.py"} <= found
    assert {"dataset/torch_dataset.py", "dataset/augment.py"} <= found  # imported by a helper of the step
    assert not [name for name in found if name.startswith(("figures", "stats", "report"))]


def test_plumbing_makes_nothing_stale(dependencies):
    reached = [dependencies.code_of(step) for step in ("simulate", "rois", "train", "final", "contents")]
    assert not {path.stem for paths in reached for path in paths} & dependencies.EVERYWHERE
