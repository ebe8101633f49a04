"""Does a verb that a warm process runs do what it does alone: the same words, exit status and page?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from tests.study.conftest import NOTEBOOK, project

__all__ = ["project"]
ROOT = Path(__file__).parents[2]
DRAWS = """
# %%
import matplotlib.pyplot as plt
from IPython.display import HTML
figure, axes = plt.subplots(figsize=(2, 1))
line = axes.plot([1, 2], [seed, 3])
plt.show()
HTML("<p>shown</p>")
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no pidfd_open here: verbs start cold")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Socket of a warm process that lasts as long as these tests."""
    path = str(tmp_path_factory.mktemp("warm") / "verbs")
    with subprocess.Popen([sys.executable, "-m", "workflow.warm", path], cwd=ROOT) as server:
        until = time.monotonic() + 120
        while not Path(path).is_socket() and server.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        yield path
        server.terminate()


@pytest.fixture
def mvi(address, project):
    """Run ``mvi`` in the small project, warm or cold."""
    ward = project / "data_manifest/cohorts/ward"
    spec = ward.with_suffix(".yaml").read_text()
    ward.with_suffix(".yaml").write_text(
        spec.replace("mvi_grade: true", "mvi_grade: false").replace("survival: true", "survival: false")
    )
    ward.with_suffix(".csv").write_text("patient_id,mvi_present,afp_ng_ml\n1,0,3\n2,1,30\n3,0,30\n4,1,3\n")

    def run(*words, warm):
        environment = {**os.environ, **({"MVI_WARM": address} if warm else {})}
        command = [sys.executable, "-c", "import sys; from mvi_core.cli import main; sys.exit(main())", *words]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    return run


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [
        (cell.source, cell.get("execution_count"), cell.get("outputs")) for cell in cells[:-1]
    ]  # the foot has times


def test_a_page_made_warm_is_the_page_made_cold_and_leaves_nothing_to_the_next(mvi, project):
    (project / "notebooks/01_count.py").write_text(NOTEBOOK + DRAWS)
    made = {}
    for warm in (False, True, True):
        done = mvi("run", "01", "--cohort", "ward", "-p", "seed", "2", warm=warm)
        assert done.returncode == 0, done.stderr
        made.setdefault(warm, []).append(outputs(Path(done.stdout.strip())))
    assert made[True] == 2 * made[False]
    assert "image/png" in str(made[True][0]) and "<p>shown</p>" in str(made[True][0])


@pytest.mark.parametrize(
    "words", [["cohorts"], ["run", "07", "--cohort", "ward"], ["step", "patients"], ["fly"], ["-h"]]
)
def test_words_and_exit_status_are_those_of_a_cold_start(mvi, words):
    cold, warm = mvi(*words, warm=False), mvi(*words, warm=True)
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert cold.stdout or cold.stderr


def test_a_page_that_stops_says_why(mvi):
    done = mvi("run", "01", "--cohort", "ward", "-p", "seed", "13", warm=True)
    assert done.returncode == 2 and "ValueError: an unlucky seed" in done.stderr


def test_who_stops_asking_ends_the_verb(mvi, project, address):
    (project / "notebooks/01_count.py").write_text(NOTEBOOK + "\n# %%\nimport time\ntime.sleep(600)\n")
    command = [sys.executable, "-c", "from mvi_core.cli import main; main()", "run", "01", "--cohort", "ward"]
    asking = subprocess.Popen(command, cwd=project, env={**os.environ, "MVI_WARM": address})
    running = lambda: [one for one in Path("/proc").glob("[0-9]*") if is_in(one, project)]  # noqa: E731
    wait_for(lambda: len(running()) >= 3)  # who asks, the verb, the kernel
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    wait_for(lambda: not running())


def is_in(process, folder):
    try:
        return (process / "cwd").resolve() == folder.resolve()
    except OSError:
        return False


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)
    assert condition()


def test_without_the_process_a_verb_starts_cold(mvi, monkeypatch):
    monkeypatch.setenv("MVI_WARM", "/nowhere/verbs")
    assert mvi("cohorts", warm=False).returncode == 0
