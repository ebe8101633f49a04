"""Set the rendered book as one PDF: title, contents with page numbers, every chapter, references.

The pages of ``_build/html`` are put into one document in the order of ``book/_toc.yml``, without what only a screen can
use, and printed by Chromium with ``workflow/pdf.css``. It is printed twice: the first print tells on which page each
chapter starts. The reference of the code stays on the screen. Made by ``make pdf``.
"""

import html
import io
import posixpath
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import yaml
from bs4 import BeautifulSoup

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SCREEN_ONLY = (
    "form.survival-reader ~ p.made-by, form.nomogram-calculator ~ p.made-by, a.headerlink, script, form, noscript, "
    "button, svg, details.hide, .tag_hide-input > .cell_input, .prev-next-area, .tag_injected-parameters, "
    "details.provenance > :not(summary)"
)
LEFT_OUT = "notebooks/api/"
TARGETS = ("id", "for", "aria-labelledby", "aria-describedby")
BLANK_PAGE = "000"  # as wide as most page numbers, so that the second print breaks where the first did


def chapters(toc):
    """Parts of a table of contents, each ``(caption, files)``, without what is left out."""
    parts = [("", [{"file": toc["root"]}]), *((part["caption"], part["chapters"]) for part in toc["parts"])]
    kept = [(name, [row["file"] for row in rows if not row["file"].startswith(LEFT_OUT)]) for name, rows in parts]
    return [(name, files) for name, files in kept if files]


def book_html(site, toc, pages=None):
    """One document of all chapters of a rendered site; ``pages`` gives the page on which each starts, if known."""
    parts = chapters(toc)
    files = [file for _, names in parts for file in names]
    bodies, titles = {}, {}
    for file in files:
        article = BeautifulSoup((site / f"{file}.html").read_text(encoding="utf-8"), "html.parser").article
        titles[file] = _reworked(article, file, files, site)
        bodies[file] = article.decode_contents()
    lines = [_title_page(site), _contents(parts, titles, pages or {})]
    for name, names in parts:
        lines += [f'<h1 class="part">{html.escape(name)}</h1>'] if name else []
        lines += [f'<section class="chapter" id="{_anchor(file)}">{bodies[file]}</section>' for file in names]
    styles = [site / "_static" / "pygments.css", *sorted((site / "_static").glob("*.css"))]
    wanted = [path for path in styles if path.name in ("pygments.css", "custom.css", "interactive.css")]
    links = "".join(f'<link rel="stylesheet" href="{path.as_uri()}">' for path in dict.fromkeys(wanted))
    own = (Path(__file__).parent / "pdf.css").as_uri()
    mathjax = (site / "_static" / "mathjax" / "tex-chtml.js").as_uri()
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f'<title>{_book_title(site)}</title>{links}<link rel="stylesheet" href="{own}">'
        f'<script defer src="{mathjax}"></script></head>'
        f'<body><main class="bd-article">{"".join(lines)}</main></body></html>'
    )


def print_pdf(text, folder, browser):
    """Bytes of the PDF of a document, which is written to a folder for the browser to open."""
    (folder / "book.html").write_text(text, encoding="utf-8")
    tab = browser.new_page()
    tab.goto((folder / "book.html").as_uri())
    tab.evaluate("async () => { if (window.MathJax?.startup?.promise) await MathJax.startup.promise; }")
    printed = tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    tab.close()
    return printed


def starting_pages(printed, files):
    """Page, counted from 1, on which each chapter of a PDF starts."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(printed))
    places = {name: reader.get_destination_page_number(place) + 1 for name, place in reader.named_destinations.items()}
    found = {name.removeprefix("/"): page for name, page in places.items()}
    return {file: found[_anchor(file)] for file in files}


def make_pdf(site, toc, folder, browser):
    """Bytes of the PDF of a whole site, its contents with page numbers, from a browser of playwright."""
    files = [file for _, names in chapters(toc) for file in names]
    first = starting_pages(print_pdf(book_html(site, toc), folder, browser), files)
    printed = print_pdf(book_html(site, toc, first), folder, browser)
    if starting_pages(printed, files) != first:
        raise RuntimeError("The page numbers moved between the two prints. Widen BLANK_PAGE in workflow/pdf.py.")
    return printed


def find_chromium():
    """Path of a Chromium; ends the program with what to install if there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found or sys.exit("make pdf needs Chromium. On Debian: apt-get install chromium")


def _anchor(file, fragment=""):
    name = file.replace("/", "-").replace(".", "-")
    return f"{name}--{fragment}" if fragment else name


def _reworked(article, file, files, site):
    """Make an article fit to stand among others, in place: names of its own, links inside the book. Its title."""
    for element in article.select(SCREEN_ONLY):
        element.decompose()
    for element in article.find_all(True):
        for name in TARGETS:
            if name in element.attrs:
                element[name] = " ".join(_anchor(file, part) for part in str(element[name]).split())
    for link in article.select("a[href]"):
        _relink(link, file, files)
    for image in article.select("img[src]"):
        image["src"] = (site / posixpath.dirname(file) / unquote(image["src"])).resolve().as_uri()
        image.attrs.pop("loading", None)
    for level in (5, 4, 3, 2, 1):
        for heading in article.find_all(f"h{level}"):
            heading.name = f"h{level + 1}"
    return article.h2.get_text(" ", strip=True)


def _relink(link, file, files):
    """Lead a link to its place in the document; a link to a file that is not in it becomes plain words."""
    parts = urlparse(link["href"])
    if parts.scheme:
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(parts.path))) if parts.path else file
    target = path.removesuffix(".html")
    if target in files:
        link["href"] = "#" + _anchor(target, unquote(parts.fragment))
    else:
        link.name = "span"
        link.attrs = {}


def _book_title(site):
    return html.escape(_head(site).title.get_text().split("\N{EM DASH}")[-1].strip())


def _head(site):
    return BeautifulSoup((site / "intro.html").read_text(encoding="utf-8"), "html.parser")


def _title_page(site):
    config = yaml.safe_load((Path(__file__).parents[1] / "_config.yml").read_text(encoding="utf-8"))
    cite = yaml.safe_load((Path(__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8"))
    from mvi_core.results import commit
    from mvi_core.study import load_study

    study = cite["references"][0]
    author = study["authors"][0]["family-names"]
    lines = [
        f"An open, executable and audited reproduction of {author} et al. {study['year']}, "
        f"<em>{study['journal']}</em> {study['volume']}:{study['start']}, doi:{study['doi']}.",
        f"Version {cite['version']}, commit {commit()}, profile {load_study().profile}.",
        "Reconstructed and phantom numbers are no findings about patients. Research use only.",
        f"\N{COPYRIGHT SIGN} {config['copyright']}.",
    ]
    words = "".join(f"<p>{line}</p>" for line in lines)
    return f'<header class="title-page"><p class="title">{html.escape(config["title"])}</p>{words}</header>'


def _contents(parts, titles, pages):
    rows = []
    for name, files in parts:
        rows += [f'<li class="part">{html.escape(name)}</li>'] if name else []
        rows += [
            f'<li><a href="#{_anchor(file)}"><span>{html.escape(_numbered(file, titles[file]))}</span>'
            f"<span>{pages.get(file, BLANK_PAGE)}</span></a></li>"
            for file in files
        ]
    return f'<nav class="contents"><h1>Contents</h1><ol>{"".join(rows)}</ol></nav>'


def _numbered(file, title):
    """Title of a chapter with its number, which is that of its notebook."""
    number = posixpath.basename(file).split("_")[0]
    return f"{number} {title}" if number.isdigit() else title


def main():
    """Write ``_build/book.pdf``."""
    from playwright.sync_api import sync_playwright

    root = Path(__file__).parents[1]
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    with sync_playwright() as driver:
        options = {"executable_path": find_chromium(), "args": ["--no-sandbox", "--disable-gpu"]}
        browser = driver.chromium.launch(**options)
        printed = make_pdf(root / "_build" / "html", toc, root / "_build", browser)
        browser.close()
    (root / "_build" / "book.pdf").write_bytes(printed)
    print(f"_build/book.pdf, {len(printed) / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
