"""One set of versions, one list of pages, one set of settings: files that must say the same, do."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PAGES = yaml.safe_load((ROOT / "config/pages.yaml").read_text(encoding="utf-8"))["pages"]
PROFILES = {
    name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")) for name in ("study", "smoke")
}
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.py"))


@pytest.fixture(scope="module")
def conda(script):
    return script("conda")


def blocks():
    """Requirement lines of the lock with the hashes beneath each."""
    return {part.partition("==")[0]: part for part in re.split(r"\n(?=[a-zA-Z0-9])", LOCK) if "==" in part}


def test_conda_users_get_the_locked_versions(conda):
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == conda.environment()


def test_every_direct_need_is_locked(conda):
    assert [name for name in conda.direct() if name not in conda.locked()] == []


def test_every_locked_version_has_its_hash():
    assert len(blocks()) > 50
    assert [name for name, text in blocks().items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", text)] == []


def test_a_pinned_need_is_locked_at_its_pin(conda):
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert pins and {name: conda.locked()[name] for name, _ in pins} == dict(pins)


def test_the_lock_names_no_index_and_no_host():
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|https?://| @ ", LOCK)


def test_the_package_needs_nothing_that_is_not_locked(conda):
    needs = re.search(r"^dependencies = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)[1]
    assert set(re.findall(r'"([\w.-]+)"', needs)) <= set(conda.direct()) | {"numpy", "pandas", "matplotlib"}


def test_every_page_has_a_notebook_and_every_notebook_a_page():
    assert sorted(page["name"] for page in PAGES) == NOTEBOOKS


def test_every_number_of_a_page_is_used_once_and_none_is_left_out():
    """The order of reading is that of config/pages.yaml and of the parts of the book, not of the numbers."""
    assert sorted(page["name"][:2] for page in PAGES) == [f"{number:02d}" for number in range(1, len(PAGES) + 1)]


def test_a_page_reads_only_what_an_earlier_page_or_a_step_writes():
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    made = set(re.findall(r'(?:\{cohort\}/|RESULTS / ")([\w.]+)"', rules))
    for page in PAGES:
        assert {Path(name).name for name in page["reads"]} <= made, page["name"]
        made |= set(page["writes"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page["name"])
def test_every_parameter_of_a_page_is_a_setting_and_stands_in_its_notebook(page):
    for profile in PROFILES.values():
        for key in page["parameters"].values():
            value = profile
            for part in key.split("."):
                value = value[part]
    assert {"cohort", *page["parameters"]} <= set(parameters(page["name"]))


def test_both_profiles_have_the_same_keys():
    assert key_tree(PROFILES["study"]) == key_tree(PROFILES["smoke"])


def test_the_profiles_share_no_folder_and_no_name():
    study, smoke = PROFILES["study"], PROFILES["smoke"]
    assert study["work"] != smoke["work"] and study["profile"] != smoke["profile"]


def test_the_smoke_run_answers_a_subset_of_the_printed_numbers_of_the_study():
    study, smoke = ({row["printed"] for row in profile["ablation"]} for profile in PROFILES.values())
    assert smoke < study


def parameters(name):
    """Names and values of the literals in a notebook's parameters cell."""
    text = (ROOT / f"notebooks/{name}.py").read_text(encoding="utf-8")
    (cell,) = re.findall(r'^# %%[^\n]*tags=\["parameters"[^\n]*\n(.*?)(?=^# %%)', text, re.MULTILINE | re.DOTALL)
    nodes = [node for node in ast.parse(cell).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [node.targets[0] if isinstance(node, ast.Assign) else node.target for node in nodes]
    return {target.id: ast.literal_eval(node.value) for target, node in zip(targets, nodes, strict=True)}


def key_tree(value):
    """Keys of nested mappings; of a list, the keys of its first entry."""
    if isinstance(value, list):
        return [key_tree(value[0])] if value and isinstance(value[0], dict) else "list"
    return {key: key_tree(item) for key, item in value.items()} if isinstance(value, dict) else "value"
