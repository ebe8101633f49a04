"""The profiles that no book run uses still plan: every set of sequences at paper size, one job each, for a cluster."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan():
    """What the engine would do under the SLURM profile and the paper-size settings; nothing is started.

    The dry run stands in for the executor, whose plug-in (snakemake-executor-plugin-slurm) a cluster's user installs.
    """
    words = ["-m", "snakemake", "subsets", "--snakefile", "workflow/Snakefile", "--directory", str(ROOT), "--nolock"]
    profile = ["--profile", "workflow/profiles/slurm", "--dry-run", "--executor", "dryrun", "--forceall"]
    environment = os.environ | {"MVI_STUDY": "config/full.yaml", "MVI_ROOT": str(ROOT)}
    command = [sys.executable, *words, *profile]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_each_set_of_sequences_and_repeat_is_a_job_of_its_own(plan):
    jobs = re.findall(r"wildcards: cohort=phantom, sequences=(\S+), repeat=(\d)\n", plan)
    assert len(jobs) == len(set(jobs)) == 63 * 3


def test_a_training_asks_the_cluster_for_memory_time_and_a_gpu(plan):
    training = plan.split("rule train:")[1].split("rule ")[0]
    assert {"mem_mb=16000", "runtime=240", "gpu=1", "cpus_per_task=1"} <= set(re.split(r"[ ,\n]+", training))


def test_the_profile_names_its_executor_and_says_what_it_needs():
    path = ROOT / "workflow/profiles/slurm/config.yaml"
    assert yaml.safe_load(path.read_text())["executor"] == "slurm"
    assert "snakemake-executor-plugin-slurm" in path.read_text()
