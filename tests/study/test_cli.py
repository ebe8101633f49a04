"""A wrong word on the command line gets one clear sentence, exit status 2 and no traceback."""

import subprocess
import sys

import pandas as pd
import pytest

from mvi_core.cli import main
from mvi_core.results import write_result

VERBS = ("cohorts", "fetch", "run", "predict", "audit", "step", "summary")


@pytest.fixture
def ward(project):
    """Project whose ward has its tables already."""
    for name in ("patients.csv", "analysis.csv"):
        write_result("ward", name, pd.DataFrame({"patient_id": ["1"]}))
    return project


@pytest.fixture
def refused(capsys):
    """Run the command; the one line that it says."""

    def run(*words):
        assert main(list(words)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.startswith("mvi: ")
        return line

    return run


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    text = capsys.readouterr().out
    assert stopped.value.code == 0
    assert [verb for verb in VERBS if f"\n    {verb} " not in text] == []


def test_a_run_prints_the_executed_page(ward, capsys):
    assert main(["run", "01", "--cohort", "ward", "-p", "seed", "2"]) == 0
    assert capsys.readouterr().out == f"{ward / 'book/notebooks/ward/01_count.ipynb'}\n"


def test_an_unknown_cohort_is_told_with_those_that_exist(ward, refused):
    line = refused("run", "01", "--cohort", "nowhere")
    assert "Cohort 'nowhere' is unknown. The known cohorts are clinic, ward." in line


def test_an_unknown_page_is_told_with_those_that_exist(ward, refused):
    assert "There is no page '99'. Choose one of 01_count, 02_follow." in refused("run", "99", "--cohort", "ward")


def test_a_wrong_parameter_is_told_with_those_that_exist(ward, refused):
    line = refused("run", "01", "--cohort", "ward", "-p", "sed", "2")
    assert "no parameter 'sed'. Its parameters are cohort, seed." in line


def test_the_cohort_is_no_parameter(ward, refused):
    assert "given by --cohort" in refused("run", "01", "--cohort", "ward", "-p", "cohort", "clinic")


def test_a_value_that_is_no_literal_is_told(ward, refused):
    assert "Parameter seed: '[' is no plain value" in refused("run", "01", "--cohort", "ward", "-p", "seed", "[")


def test_a_missing_table_of_a_cohort_is_told(project, refused):
    (project / "data_manifest/cohorts/ward.csv").unlink()
    assert "ward.csv is not a file" in refused("run", "01", "--cohort", "ward")


def test_a_missing_paper_to_audit_is_told(project, refused):
    assert "none.yaml" in refused("audit", str(project / "none.yaml"))


def test_a_missing_model_is_told(project, refused):
    words = ("--images", ".", "--rois", "rois.csv", "--model", "nowhere", "--out", "out.csv")
    assert "model.safetensors is not a whole file of this package" in refused("predict", *words)


def test_a_step_without_its_options_is_told_which_it_takes(project, refused):
    line = refused("step", "train", "--cohort", "ward")
    assert line == "mvi: Step train takes --cohort --sequences --repeat, got --cohort."
    assert refused("step", "contents", "--part", "1").endswith("Step contents takes no option, got --part.")


def test_a_step_with_its_options_runs(project):
    assert main(["step", "contents"]) == 0
    assert (project / "book/_toc.yml").is_file()


def test_a_verb_that_does_not_exist_is_refused_by_the_parser(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["preedict"])
    assert stopped.value.code == 2
    assert "invalid choice: 'preedict'" in capsys.readouterr().err


def test_the_installed_command_ends_with_its_status_and_no_traceback(ward):
    words = [sys.executable, "-c", "import sys; from mvi_core.cli import main; sys.exit(main())"]
    ended = subprocess.run([*words, "run", "99", "--cohort", "ward"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_no_torch_and_no_figure_library_is_imported_until_one_is_asked_for():
    modules = "mvi_core, mvi_core.cli, mvi_core.pages, mvi_core.contents, mvi_core.steps"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
