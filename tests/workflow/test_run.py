"""The engine's messages become one line a finished step, and what went wrong is said."""

import io
import subprocess
from pathlib import Path

import pytest

ENGINE = """\
Building DAG of jobs...
Execute 2 jobs...

[Mon Nov 23 09:22:02 2026]
localrule train:
    input: results/phantom/patients.csv
    jobid: 19
    reason: Missing output files
    wildcards: cohort=phantom, sequences=T1+T1V, repeat=1
    resources: tmpdir=/tmp
Shell command: mvi step train --cohort phantom --sequences T1+T1V --repeat 1

[Mon Nov 23 09:22:02 2026]
rule page_02_table1_paper:
    jobid: 3
mvi: train T1+T1V repeat 1: epoch 5 of 70, loss 0.826, 77 s left
[Mon Nov 23 09:22:49 2026]
Finished jobid: 3 (Rule: page_02_table1_paper)
9 of 44 steps (20%) done
[Mon Nov 23 09:23:02 2026]
Finished jobid: 19 (Rule: train)
10 of 44 steps (23%) done
"""
FAILURE = """\
rule page_10_paper_and_us_paper:
    jobid: 2
mvi: Page 10_paper_and_us for cohort paper stopped in cell 5: AttributeError: no attribute 'bars'
CalledProcessError in file "workflow/rules/pages.smk", line 26:
Error in rule page_10_paper_and_us_paper:
"""


@pytest.fixture
def run(script):
    return script("run")


@pytest.fixture
def told(run, capsys, monkeypatch):
    """Lines shown for the engine's text, on a clock that does not move."""

    def tell(text):
        monkeypatch.setattr(run.time, "monotonic", lambda: 100.0)
        log = io.StringIO()
        progress = run.Progress(log)
        for line in text.splitlines(keepends=True):
            progress.feed(line)
        assert log.getvalue() == text
        return capsys.readouterr().out.splitlines()

    return tell


def test_each_finished_step_is_one_line_with_number_time_and_what_it_was_for(told):
    assert told(ENGINE) == [
        "         train T1+T1V repeat 1: epoch 5 of 70, loss 0.826, 77 s left",
        "[ 9/44  00:00] page_02_table1_paper  (0 s)",
        "[10/44  00:00] train phantom T1+T1V 1  (0 s)",
    ]


def test_a_failed_step_is_named_beneath_its_own_sentence(told):
    assert told(FAILURE) == [
        "         Page 10_paper_and_us for cohort paper stopped in cell 5: AttributeError: no attribute 'bars'",
        "FAILED   page_10_paper_and_us_paper",
    ]


def test_an_error_that_is_no_sentence_of_ours_is_shown_with_the_failed_step(told):
    assert told("OSError: [Errno 28] No space left on device\nError in rule rois:\n") == [
        "FAILED   rois: OSError: [Errno 28] No space left on device"
    ]


def test_time_is_told_in_minutes_and_seconds(run, monkeypatch):
    monkeypatch.setattr(run.time, "monotonic", lambda: 725.9)
    assert run.clock(0.0) == "12:05"


@pytest.mark.parametrize(("code", "last"), [(0, "Done in 00:0"), (3, "Stopped. What went wrong stands above")])
def test_the_engines_exit_status_is_passed_on(run, tmp_path, capsys, code, last):
    with (tmp_path / "book.log").open("w") as log:
        engine = [run.sys.executable, "-c", f"print('1 of 1 steps'); raise SystemExit({code})"]
        assert run.follow(engine, run.Progress(log), log.name) == code
    assert last in capsys.readouterr().out


def test_an_interrupted_run_lets_the_engine_end_however_much_it_still_says(run, capsys, tmp_path):
    class Interrupted(run.Progress):
        def feed(self, line):
            raise KeyboardInterrupt

    engine = [run.sys.executable, "-c", "print('first', flush=True); print('last words ' * 30000)"]
    assert run.follow(engine, Interrupted(io.StringIO()), "book.log") == 130
    assert capsys.readouterr().out == "Interrupted. The same command continues from the finished steps.\n"


def test_a_second_run_in_the_same_folder_is_refused(run, project_folder, monkeypatch):
    monkeypatch.setattr(run.sys, "argv", ["run.py", "html"])
    with (project_folder / "_build/test.lock").open("w") as lock:
        run.fcntl.flock(lock, run.fcntl.LOCK_EX)
        with pytest.raises(SystemExit, match="Another run works in this folder"):
            run.main()


@pytest.fixture
def project_folder(tmp_path, monkeypatch):
    for folder in ("data_manifest", "config", "_build"):
        (tmp_path / folder).mkdir()
    (tmp_path / "_config.yml").write_text("")
    (tmp_path / "config/study.yaml").write_text("profile: test\nwork: .\ncohorts: []\n")
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    monkeypatch.delenv("MVI_STUDY", raising=False)
    return tmp_path


@pytest.mark.parametrize(("cohort", "command"), [("a b", "mvi book a b --jobs"), ("", "workflow/run.py html --jobs")])
def test_make_book_of_own_cohorts_begins_with_their_check_as_mvi_book_does(cohort, command):
    words = ["make", "--dry-run", "book", f"COHORT={cohort}"]
    said = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True).stdout
    assert command in said
