"""Settings are read from one file, and a wrong one is named."""

import pytest

from mvi_core.errors import ManifestError
from mvi_core.study import load_study, setting


def test_folders_follow_the_work_folder(project):
    (project / "config/small.yaml").write_text("profile: small\nwork: _small\ncohorts: []\n")
    study = load_study("config/small.yaml")
    assert study.results == project / "_small/results"
    assert study.executed == project / "_small/book/notebooks"


def test_the_environment_names_another_settings_file(project, monkeypatch):
    (project / "config/small.yaml").write_text("profile: small\nwork: _small\ncohorts: []\n")
    monkeypatch.setenv("MVI_STUDY", "config/small.yaml")
    assert load_study().profile == "small"


@pytest.mark.parametrize(
    ("text", "message"),
    [("profile: [", "not valid YAML"), ("profile: a\n", "lacks work, cohorts"), ("", "lacks profile, work, cohorts")],
)
def test_a_broken_settings_file_is_named(project, text, message):
    (project / "config/study.yaml").write_text(text)
    with pytest.raises(ManifestError, match=message):
        load_study()


def test_an_absent_settings_file_is_named(project, monkeypatch):
    monkeypatch.setenv("MVI_STUDY", "config/none.yaml")
    with pytest.raises(ManifestError, match=r"none.yaml does not exist"):
        load_study()


def test_a_setting_is_found_by_its_path_and_missed_by_name(project):
    assert setting(load_study(), "seeds.resampling") == 1
    with pytest.raises(ManifestError, match=r"no key 'seeds.other'"):
        setting(load_study(), "seeds.other")
