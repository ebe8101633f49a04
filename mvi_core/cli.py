"""The `mvi` command: each verb is one call into the package."""

import argparse
import inspect
import json
import os
import socket
import sys
from pathlib import Path

import yaml

from mvi_core.cohort.spec import COHORT_VARIABLE
from mvi_core.errors import MviError, PageError
from mvi_core.names import SEQUENCES

WARM_VARIABLE = "MVI_WARM"  # environment: socket of a process that has imported everything, in a run of the workflow
STEPS = (
    "patients", "simulate", "rois", "segmented", "admit", "apply", "train", "ablation", "final", "twins", "replaced",
    "attention", "split", "baselines", "ladder", "leakage", "analysis", "report", "summary", "contents", "html",
)  # fmt: skip


def main(arguments=None):
    """Run one verb; an error about data or settings becomes one sentence and exit status 2.

    Parameters
    ----------
    arguments : list of str, optional
        Words after ``mvi``; those of the command line by default.

    Returns
    -------
    int
        Exit status: 0, 1 if `mvi check` found an error, 2 if the verb could not be run.
    """
    if arguments is None and Path(os.environ.get(WARM_VARIABLE, "")).is_socket():
        return _hand_over(sys.argv[1:], os.environ[WARM_VARIABLE])
    parsed = _parser().parse_args(arguments)
    if os.sep in str(getattr(parsed, "cohort", None) or ""):  # a folder: known to all that this command starts
        os.environ[COHORT_VARIABLE] = f"{os.environ.get(COHORT_VARIABLE, '')} {Path(parsed.cohort).resolve()}"
        parsed.cohort = Path(parsed.cohort).resolve().name
    try:
        return parsed.verb(parsed) or 0
    except MviError as problem:
        print(f"mvi: {problem}", file=sys.stderr)
        return 2


def _hand_over(words, address):
    """Exit status of a verb that another process runs, which has imported everything already (`workflow/warm.py`)."""
    kept = {name: value for name, value in os.environ.items() if name != WARM_VARIABLE}
    asked = json.dumps({"words": words, "folder": str(Path.cwd()), "environment": kept}).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        socket.send_fds(line, [asked], [1, 2])
        answer = line.recv(16)
    if not answer:
        print("mvi: the process that ran this verb ended without a word", file=sys.stderr)
    return int(answer or 1)


def _parser():
    parser = argparse.ArgumentParser(prog="mvi", description="An executable, audited reproduction of Sun et al. 2022.")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _add(verbs, "cohorts", _cohorts, "list the cohorts and the pages each can support")
    _add_cohort_verbs(verbs)
    fetch = _add(verbs, "fetch", _fetch, "fetch the public tables by address and sha256")
    fetch.add_argument("cohort", nargs="?", help="only this cohort's files")
    run = _add(verbs, "run", _run, "execute one page for one cohort")
    run.add_argument("page", help="page name or number, for example 02_table1")
    run.add_argument("--cohort", required=True, help="cohort id, see `mvi cohorts`")
    run.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="notebook parameter")
    book = _add(verbs, "book", _book, "check a cohort, run every chapter that it supports, render the book")
    book.add_argument("cohort", nargs="+", help="cohorts by id, or by the path of their folder")
    book.add_argument("--skip-bad", action="store_true", help="leave faulty patients out, and list them")
    book.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="jobs side by side")
    predict = _add(verbs, "predict", _predict, "apply a trained model to DICOM series (research use only)")
    predict.add_argument("--cohort", help="a scanned cohort folder, by id or path")
    predict.add_argument("--images", help="or a folder of DICOM series: <pseudonym>/<sequence>/*.dcm")
    predict.add_argument("--rois", help="with --images: rois.csv, boxes in pixels, half-open")
    predict.add_argument("--patients", help="with --images: table with patient_id and afp_ng_ml, for the nomogram")
    predict.add_argument("--report", help="folder for one page (HTML) a patient")
    predict.add_argument("--model", required=True, help="folder of a trained model")
    predict.add_argument("--out", required=True, help="table to write")
    audit = _add(verbs, "audit", _audit, "what the printed numbers imply: this paper's, or another's")
    audit.add_argument(
        "paper", nargs="?", help="another paper's numbers as YAML (see data_manifest/audit_example.yaml)"
    )
    step = _add(verbs, "step", _step, "one step of the workflow (the workflow calls it)")
    step.add_argument("step", choices=STEPS)
    step.add_argument("--cohort")
    step.add_argument("--part", type=int)
    step.add_argument("--sequences")
    step.add_argument("--repeat", type=int)
    _add(verbs, "summary", _summary, "the headline results of the last run")
    return parser


def _add_cohort_verbs(verbs):
    new = _add(verbs, "new", _new, "make the folder of a cohort of your own")
    new.add_argument("cohort", help="name: lower-case letters, digits, '-'")
    scan = _add(verbs, "scan", _scan, "find the series in a tree of DICOM and propose which sequence each is")
    scan.add_argument("cohort", help="cohort of your own, see `mvi new`")
    scan.add_argument("images", help="folder of DICOM, in any order, also zipped")
    scan.add_argument("--afresh", action="store_true", help="forget your decisions in an earlier series.csv")
    rois = _add(verbs, "rois", _rois, "bring masks or a table of boxes to the images and write rois.csv")
    rois.add_argument("cohort")
    rois.add_argument("--table", help="boxes in pixels or millimetres (default: the files in masks/)")
    rois.add_argument("--overlay", action="store_true", help="lesions drawn as DICOM overlays in the images")
    names = list(map(str, SEQUENCES))
    rois.add_argument("--share", choices=names, help="use this sequence's mask where one has none of its own")
    check = _add(verbs, "check", _check, "say everything that is wrong with a cohort, and which chapters it can fill")
    check.add_argument("folder", help="cohort of your own, or a folder with manifest.csv, rois.csv, masks/ and series")
    check.add_argument("--json", action="store_true", help="machine-readable")


def _add(verbs, name, function, words):
    verb = verbs.add_parser(name, help=words, description=words.capitalize() + ".")
    verb.set_defaults(verb=function)
    return verb


def _cohorts(_):
    from mvi_core.contents import cohort_lines

    print("\n".join(cohort_lines()))


def _fetch(parsed):
    from mvi_core.manifest import fetch_all

    for path in fetch_all(parsed.cohort):
        print(path)


def _run(parsed):
    from mvi_core.pages import run_page
    from mvi_core.steps import ensure_tables

    overrides = {name: _literal(name, text) for name, text in parsed.p}
    if "cohort" in overrides:
        raise PageError("The cohort is given by --cohort, not by -p. Remove -p cohort.")
    ensure_tables(parsed.cohort)
    print(run_page(parsed.page, parsed.cohort, overrides=overrides))


def _literal(name, text):
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise PageError(
            f"Parameter {name}: '{text}' is no plain value. Write it as YAML, such as 0.5 or T1."
        ) from problem


def _book(parsed):
    from mvi_core.steps.book import make_book

    return make_book(parsed.cohort, skip_bad=parsed.skip_bad, jobs=parsed.jobs)


def _predict(parsed):
    from mvi_core.verbs import predict

    if bool(parsed.cohort) == bool(parsed.images and parsed.rois):
        raise PageError("Give either --cohort, or both --images and --rois.")
    told = {"model": parsed.model, "out": parsed.out, "report": parsed.report, "patients": parsed.patients}
    print(predict(parsed.cohort or (parsed.images, parsed.rois), **told))


def _new(parsed):
    from mvi_core.verbs.cohort import new

    print(new(parsed.cohort))


def _scan(parsed):
    from mvi_core.verbs.cohort import scan

    print("\n".join(scan(parsed.cohort, parsed.images, afresh=parsed.afresh)))


def _rois(parsed):
    from mvi_core.verbs.cohort import rois

    lines, sound = rois(parsed.cohort, table=parsed.table, overlay=parsed.overlay, share=parsed.share)
    print("\n".join(lines))
    return 0 if sound else 1


def _check(parsed):
    from mvi_core.verbs import check_lines

    lines, sound = check_lines(parsed.folder, as_json=parsed.json)
    print("\n".join(lines))
    return 0 if sound else 1


def _audit(parsed):
    from mvi_core.verbs import audit_lines

    print("\n".join(audit_lines(parsed.paper)))


def _step(parsed):
    from mvi_core import steps

    step = getattr(steps, parsed.step)
    options = {name: getattr(parsed, name) for name in ("cohort", "part", "sequences", "repeat")}
    given = {name: value for name, value in options.items() if value is not None}
    if given.keys() != (wanted := inspect.signature(step).parameters).keys():
        takes = " ".join(f"--{name}" for name in wanted) or "no option"
        raise PageError(f"Step {parsed.step} takes {takes}, got {' '.join(f'--{name}' for name in given) or 'none'}.")
    step(**given)


def _summary(_):
    from mvi_core.contents import summary_lines

    print("\n".join(summary_lines()))
