"""How do the executed pages become the book."""

import re
import shutil
import subprocess
import sys

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


def html():
    """Render the book, with the files that it offers, and put it in place only when it is whole."""
    from mvi_core.report.downloads import copy_downloads

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
    _slim(part / "_build" / "html" / "_static")
    shutil.rmtree(root / "_build" / "html", ignore_errors=True)
    (part / "_build" / "html").rename(root / "_build" / "html")
    shutil.rmtree(part)


def _slim(static):
    """Drop what no page loads: MathJax in forms and spoken languages that are not used, and maps for debuggers."""
    unused = [path for path in (static / "mathjax").glob("*.js") if path.name != MATHJAX]
    unused += [path for path in (static / "mathjax/sre/mathmaps").glob("*.json") if path.stem not in ("base", "en")]
    for path in [*unused, *static.rglob("*.map"), static / "mathjax" / "output" / "svg.js"]:
        path.unlink(missing_ok=True)
    shutil.rmtree(static / "mathjax" / "output" / "svg", ignore_errors=True)
