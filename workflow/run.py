"""Run the workflow and show what it does: step k of n, elapsed time, the long steps' own progress.

Only one run at a time works in a project folder. The lock is the operating system's, so a killed run leaves none
behind; unfinished files of a killed run are made again.
"""

import argparse
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from mvi_core.cli import WARM_VARIABLE
from mvi_core.study import load_study

RULE = re.compile(r"^(?:local)?rule (\S+):")
JOB = re.compile(r"^\s+jobid: (\d+)")
WILDCARDS = re.compile(r"^\s+wildcards: (.+)")
FINISHED = re.compile(r"^Finished jobid: (\d+)")
FAILED = re.compile(r"^Error in rule (\S+):")
PROBLEM = re.compile(r"^(?!CalledProcess|RuleException|Workflow)[\w.]*(Error|Exception): ")
STEPS = re.compile(r"^(\d+) of (\d+) steps")


class Progress:
    """Turn the engine's messages into one line a finished step."""

    def __init__(self, log):
        self.log, self.start = log, time.monotonic()
        self.jobs, self.rule, self.job, self.finished, self.problem = {}, None, None, None, None

    def feed(self, line):
        """Read one line of the engine, or of a step."""
        self.log.write(line)
        if line.startswith("mvi: "):
            print("         " + line[5:].rstrip(), flush=True)
        elif match := RULE.match(line):
            self.rule = match[1]
        elif match := JOB.match(line):
            self.job = match[1]
            self.jobs[self.job] = (self.rule, time.monotonic(), "")
        elif (match := WILDCARDS.match(line)) and self.job in self.jobs:
            rule, since, _ = self.jobs[self.job]
            self.jobs[self.job] = (rule, since, " ".join(part.split("=")[-1] for part in match[1].split(", ")))
        elif match := FINISHED.match(line):
            self.finished = match[1]
        elif match := FAILED.match(line):
            print(f"FAILED   {match[1]}" + (f": {self.problem}" if self.problem else ""), flush=True)
        elif PROBLEM.match(line):
            self.problem = line.strip()
        elif (match := STEPS.match(line)) and self.finished:
            self._tell(match)

    def _tell(self, steps):
        rule, since, wildcards = self.jobs.get(self.finished, ("step", time.monotonic(), ""))
        width = len(steps[2])
        took = time.monotonic() - since
        print(
            f"[{steps[1]:>{width}}/{steps[2]}  {clock(self.start)}] {rule} {wildcards}".rstrip() + f"  ({took:.0f} s)",
            flush=True,
        )


def clock(start):
    """Minutes and seconds since a start."""
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    return f"{minutes:02d}:{seconds:02d}"


def command(arguments, study):
    """Command line of the engine."""
    snakemake = [sys.executable, "-m", "snakemake", arguments.target, "--snakefile", "workflow/Snakefile"]
    place = ["--directory", str(study.root), "--cores", str(arguments.jobs), "--nolock", "--rerun-incomplete"]
    return [*snakemake, *place, "--rerun-triggers", "mtime", "params", "input", "--printshellcmds", *arguments.engine]


def main():
    """Run the target and pass on the engine's exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", help="rule or file to make")
    parser.add_argument("--jobs", type=int, default=2, help="jobs side by side")
    parser.add_argument("engine", nargs="*", help="further options for snakemake, after --")
    arguments = parser.parse_args()
    study = load_study()
    folder = study.root / "_build"
    folder.mkdir(exist_ok=True)
    with (folder / f"{study.profile}.lock").open("w") as lock, (folder / f"{study.profile}.log").open("w") as log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("Another run works in this folder. Wait until it ends.")
        with warm_process(arguments.engine):
            return follow(command(arguments, study), Progress(log), log.name)


@contextmanager
def warm_process(engine):
    """Process that has imported everything, for the verbs of this run (`workflow/warm.py`); none for other machines."""
    elsewhere = any(word.split("=")[0] in ("--executor", "--profile", "--workflow-profile") for word in engine)
    if elsewhere or not hasattr(os, "pidfd_open"):
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ[WARM_VARIABLE] = f"{folder}/verbs"
        words = [sys.executable, "-m", "workflow.warm", os.environ[WARM_VARIABLE]]
        server = subprocess.Popen(words, cwd=Path(__file__).parents[1])
        try:
            yield
        finally:
            server.terminate()
            server.wait()


def follow(words, progress, log_name):
    """Start the engine and read it to its end."""
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(words, **pipe) as engine:
        try:
            for line in engine.stdout:
                progress.feed(line)
        except KeyboardInterrupt:
            engine.communicate()  # reads on, so that the engine can say its last words and end
            print("Interrupted. The same command continues from the finished steps.")
            return 130
    if engine.wait():
        print(f"Stopped. What went wrong stands above; the whole log is {log_name}.")
    else:
        print(f"Done in {clock(progress.start)}.")
    return engine.returncode


if __name__ == "__main__":
    sys.exit(main())
