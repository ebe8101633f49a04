"""Settings are read from one file, and a wrong one is named."""

import pytest

from mvi_core.errors import ManifestError
from mvi_core.study import ablation_sets, load_study, overridden, setting


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


def test_a_settings_file_may_say_only_what_differs_from_another(project):
    (project / "config/small.yaml").write_text("base: config/study.yaml\nprofile: small\nseeds: {resampling: 7}\n")
    small, whole = load_study("config/small.yaml"), load_study()
    assert small.profile == "small"
    assert small.settings == whole.settings | {"profile": "small", "seeds": whole.settings["seeds"] | {"resampling": 7}}


def test_every_set_of_six_sequences_is_trained_as_often_as_the_rule_says(project):
    whole = overridden(load_study(), {"ablation": {"all_subsets": True, "repeats": 3}})
    rows = ablation_sets(whole)
    assert len(rows) == (2**6 - 1) * 3
    assert rows[0] == {"sequences": "T1", "repeat": 0}
    assert rows[-1] == {"sequences": "T1+T1A+T1V+T1D+T2+DWI", "repeat": 2}
    listed = [{"sequences": "T1", "repeat": 0, "printed": "x"}]
    assert ablation_sets(overridden(whole, {"ablation": listed})) == listed
