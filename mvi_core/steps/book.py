"""How do the executed pages become the book."""

import json
import os
import re
import shutil
import subprocess
import sys

from mvi_core.cohort.spec import COHORT_VARIABLE, SKIP_BAD_VARIABLE, load_spec
from mvi_core.pages import study_cohorts
from mvi_core.results import atomic_write
from mvi_core.study import load_study

MATHJAX = "tex-chtml.js"  # the one form of MathJax that sphinx-mathjax-offline loads


def contents():
    """Table of contents and Data page of the book."""
    from mvi_core.contents import write_contents

    write_contents()


def report():
    """Numbers of every page in one file, and the card of the trained model."""
    from mvi_core.headlines import write_report
    from mvi_core.report.model_card import write_cards

    write_report()
    write_cards()


def summary():
    """Figure and table of verdicts of the first page."""
    from mvi_core.first_page import write_first_page

    write_first_page()


def html():
    """Render the book, with the files that it offers; it is put in place only when whole and without an identity."""
    from mvi_core.reference import write_provenance
    from mvi_core.report.downloads import copy_downloads
    from mvi_core.report.leaks import refuse_leaks

    write_provenance()
    root = load_study().root
    part = root / "_build" / "part"
    shutil.rmtree(part, ignore_errors=True)
    settings = ["--config", "_config.yml", "--path-output", str(part)]
    words = ["jupyter-book", "build", "book", *settings, "--all", "-W", "-n", "--keep-going"]
    built = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", built.stdout + built.stderr)  # without colours
    atomic_write(root / "_build" / "html.log", said)
    if built.returncode:
        problems = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
        listed = "\n".join(f"mvi: {line}" for line in problems[:20] or ["see _build/html.log"])
        sys.exit(f"mvi: the book did not render\n{listed}")
    copy_downloads(part / "_build" / "html")
    study, site = load_study(), part / "_build" / "html"
    _slim(site)
    _mend(site / "references.html")
    refuse_leaks(study_cohorts(study), [site, study.executed, study.results], foreign=[site / "_static"])
    shutil.rmtree(root / "_build" / "html", ignore_errors=True)
    (part / "_build" / "html").rename(root / "_build" / "html")
    shutil.rmtree(part)


def make_book(cohorts, *, skip_bad=False, jobs=1):
    """Check cohorts, run every chapter that they support, and render the book; the exit status.

    ``cohorts``: identifiers, or paths of cohort folders. With ``skip_bad`` faulty patients are left out and listed;
    else they stop the run.
    """
    root = load_study().root
    extra = {COHORT_VARIABLE: " ".join(map(str, cohorts))} | ({SKIP_BAD_VARIABLE: "1"} if skip_bad else {})
    os.environ.update(extra)
    for cohort in study_cohorts(load_study()):
        spec = load_spec(cohort)
        if spec.source["reader"] != "folder":
            continue
        print(f"mvi: check of cohort {cohort}", flush=True)
        if _mvi("check", str(spec.folder)).returncode and not spec.skip_bad:
            print("mvi: nothing was run. Mend the errors above, or leave those patients out (skip_bad in cohort.yaml).")
            return 1
    run = [sys.executable, "workflow/run.py", "html", "--jobs", str(jobs)]
    status = subprocess.run(run, cwd=root, check=False).returncode
    return status or _mvi("summary").returncode


def _mvi(*words):
    code = "import sys; from mvi_core.cli import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, *words], check=False)


def _slim(site):
    """Drop what no page loads.

    That is: MathJax in forms and spoken languages that are not used, translations, fonts that come in a newer format,
    maps for debuggers; and in the notebooks that readers may take, the pictures, which stand in the page.
    """
    static = site / "_static"
    unused = [path for path in (static / "mathjax").glob("*.js") if path.name != MATHJAX]
    unused += [path for path in (static / "mathjax/sre/mathmaps").glob("*.json") if path.stem not in ("base", "en")]
    unused += [static / "mathjax/input" / name for name in ("asciimath.js", "mml.js")]
    unused += [path for path in static.rglob("*.ttf") if path.with_suffix(".woff2").is_file()]
    for path in [*unused, *static.rglob("*.map"), static / "mathjax" / "output" / "svg.js"]:
        path.unlink(missing_ok=True)
    for folder in (static / "mathjax/output/svg", static / "mathjax/input/mml", static / "locales"):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (site / "_sources").rglob("*.ipynb"):
        path.write_text(_without_pictures(path.read_text(encoding="utf-8")), encoding="utf-8")


def _mend(references):
    """Take the role of a list from docutils' list of citations, whose entries have another: readers aloud stumble."""
    if references.is_file():
        text = references.read_text(encoding="utf-8")
        references.write_text(text.replace('<div role="list" class="citation-list">', '<div class="citation-list">'))


def _without_pictures(text):
    """Text of a notebook without the pictures among its outputs."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
    return json.dumps(notebook, indent=1, ensure_ascii=False)
