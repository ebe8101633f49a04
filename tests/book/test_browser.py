"""Does the rendered book meet its readers well: every page in Chromium, from disk, on a desktop and on a phone?

The folder is ``_build/html`` or the one named by ``MVI_SITE``. Made for ``pytest -m browser tests/book``.
"""

import html
import json
import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

pytestmark = pytest.mark.browser

SITE = Path(os.environ.get("MVI_SITE", Path(__file__).parents[2] / "_build" / "html")).resolve()
VIEWS = {  # every page at both widths, once in the light and once in the dark
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
KNOWN_ERROR = "THEBE_JS_URL"  # sphinx-thebe declares its constant twice; harmless
MEGABYTE = 1024**2
LARGE_PAGE = 0.3 * MEGABYTE  # a reference of the code: its colours are checked on the smaller ones, made alike

FACTS = """async () => {
  if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const signed = all("figure, table.study-table, .made-by, article h1, article h2, article h3, article h4");
  const unsigned = signed.filter((item, place) =>
    item.matches("figure, table") && !signed[place + 1]?.matches(".made-by"));
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    headings: all("article h1, article h2, article h3, article h4, article h5").map((item) => Number(item.tagName[1])),
    images: all("main img").map((item) => [item.getAttribute("src"), item.getAttribute("alt") ?? ""]),
    loose: all("main .cell_output img").filter((item) => !item.closest("figure")).length,
    bare: all("figure").filter((item) => !item.querySelector("figcaption")?.innerText.trim()).length
        + all("table.study-table").filter((item) => !item.caption?.innerText.trim()).length,
    unsigned: unsigned.length,
    links: all("a[href]").map((item) => item.href),
  };
}"""


AXE = """async (options) => (await axe.run(document, options)).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => `${found.id}: ${found.nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" and ")}`)"""


@dataclass(frozen=True)
class Visit:
    """What one page showed in one view."""

    page: str
    facts: dict
    errors: list
    requests: list
    navigation: bool
    barriers: list  # what axe finds serious or critical


def pages():
    """Pages of the site by name, without redirects and Sphinx's own index."""
    found = sorted(SITE.rglob("*.html"))
    kept = [page for page in found if page.name != "genindex.html" and "_static" not in page.parts]
    kept = [page for page in kept if 'http-equiv="Refresh"' not in page.read_text(encoding="utf-8")]
    return [page.relative_to(SITE).as_posix() for page in kept] or ["intro.html"]


@pytest.fixture(autouse=True)
def site():
    if not (SITE / "index.html").is_file():
        pytest.skip(f"there is no rendered book at {SITE}; make book makes it")


@pytest.fixture(scope="module")
def tabs(browser):
    """A tab for each view."""
    kept = {name: browser.new_context(**view).new_page() for name, view in VIEWS.items()}
    yield kept
    for tab in kept.values():
        tab.context.close()


@pytest.fixture(scope="session")
def axe():
    """Text of axe-core, which the package brings."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def visit_page(tab, page, view, axe):
    """Open a page and look at everything that is judged."""
    errors, requests = [], []
    heard = {
        "console": lambda message: errors.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: errors.append(str(error)),
        "request": lambda request: requests.append(request.url),
    }
    for event, listener in heard.items():
        tab.on(event, listener)
    tab.goto((SITE / page).as_uri())
    facts = tab.evaluate(FACTS)
    for event, listener in heard.items():
        tab.remove_listener(event, listener)
    tab.evaluate(axe)
    large = "/api/" in page and (SITE / page).stat().st_size > LARGE_PAGE
    barriers = tab.evaluate(AXE, {"rules": {"color-contrast": {"enabled": not large}}})
    navigation = view == "desktop" or opens_navigation(tab)
    return Visit(page, facts, errors, requests, navigation, barriers)


def opens_navigation(tab):
    tab.locator("button.primary-toggle").first.click()
    link = tab.locator("#pst-primary-sidebar-modal nav a, .bd-sidebar-primary nav a").locator("visible=true").first
    link.wait_for(timeout=2000)
    box = link.bounding_box()
    return box is not None and 0 <= box["x"] < VIEWS["phone"]["viewport"]["width"]


def local_file(url):
    return Path(unquote(urlparse(url).path))


def is_outside(url):
    parts = urlparse(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in ("localhost", "127.0.0.1")


def skips_a_level(levels):
    return levels[:1] != [1] or levels.count(1) > 1 or any(b - a > 1 for a, b in pairwise(levels))


ANCHORS = {}  # of each page that a link led to


def leads_somewhere(url):
    target, anchor = local_file(url), unquote(urlparse(url).fragment)
    if not target.is_file():
        return False
    if target not in ANCHORS:
        ANCHORS[target] = set(re.findall(r'\sid="([^"]+)"', target.read_text(encoding="utf-8", errors="ignore")))
    return not anchor or anchor in ANCHORS[target]


def megabytes(visit):
    files = {local_file(url) for url in visit.requests if url.startswith("file:")}
    size = sum(path.stat().st_size for path in files if path.is_file())
    return round(size / MEGABYTE, 1)


JUDGES = {  # what must be empty, by the sentence that a failing test says
    "the console reports an error": lambda v: [error for error in v.errors if KNOWN_ERROR not in error],
    "the page asks something of the network": lambda v: [url for url in v.requests if is_outside(url)],
    "the page asks for a file that is not there": lambda v: [
        url for url in v.requests if url.startswith("file:") and not local_file(url).is_file()
    ],
    "the page scrolls sideways, by pixels": lambda v: max(v.facts["overflow"], 0),
    "the navigation does not open": lambda v: not v.navigation,
    "headings start elsewhere than at one, or skip a level": lambda v: (
        v.page != "search.html" and skips_a_level(v.facts["headings"]) and v.facts["headings"]  # the theme's, outside
    ),
    "an image does not say in words what it shows": lambda v: [
        src for src, alt in v.facts["images"] if not alt.strip() or alt.endswith((".png", ".svg", ".jpg"))
    ],
    "a figure or table lacks its caption or the line that says what made it": lambda v: {
        key: n for key in ("bare", "unsigned", "loose") if (n := v.facts[key])
    },
    "a link inside the book is dead": lambda v: [
        url for url in v.facts["links"] if urlparse(url).scheme == "file" and not leads_somewhere(url)
    ],
    "the page is heavier than three megabytes": lambda v: megabytes(v) if megabytes(v) > 3 else None,
    "axe finds serious or critical barriers": lambda v: v.barriers,
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("page", pages())
def test_a_page_meets_its_reader_well(tabs, axe, page, view):
    visit = visit_page(tabs[view], page, view, axe)
    faults = {sentence: found for sentence, judge in JUDGES.items() if (found := judge(visit))}
    assert not faults


def test_the_judges_see_what_is_wrong(browser, axe, tmp_path, monkeypatch):
    bad = """<!doctype html><html><title>t</title><main><article><h2>First</h2><figure></figure>
      <p style="width: 3000px; color: #eee; background: #fff">Wide and pale</p><img src="no.png">
      <a href="gone.html">x</a>
      </article></main><button class="primary-toggle"></button><script>boom()</script></html>"""
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    monkeypatch.setitem(globals(), "SITE", tmp_path)
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    visit = visit_page(tab, "bad.html", "desktop", axe)
    tab.close()
    silent = {sentence for sentence, judge in JUDGES.items() if not judge(visit)}
    assert silent == {
        "the page asks something of the network", "the navigation does not open",
        "the page is heavier than three megabytes",
    }  # fmt: skip


def test_the_whole_site_stays_below_sixty_megabytes():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) <= 60 * MEGABYTE


def glued(notebook):
    """Texts that a page of the book takes from executed pages, by place: `notebooks/.../page.ipynb::name`."""
    return re.findall(r"\{glue:text\}`(?:(notebooks/[^`:]+)::)?([\w-]+)(?::s)?`", notebook)


def test_a_number_on_the_first_page_is_the_one_of_the_report(browser):
    report = json.loads((SITE / "downloads" / "report.json").read_text(encoding="utf-8"))
    said = {entry["id"]: entry["text"] for entry in report["numbers"] + report["statements"]}
    shown = [text.strip() for text in re.findall(r'class="pasted-text">([^<]*)<', (SITE / "intro.html").read_text())]
    source = (SITE / "_sources" / "intro.md").read_text(encoding="utf-8")
    wanted = [said[f"{path.removeprefix('notebooks/').removesuffix('.ipynb')}/{key}"] for path, key in glued(source)]
    assert wanted and [html.unescape(text) for text in shown] == wanted


def test_every_file_that_is_offered_is_there_and_no_row_of_a_patient_is(browser):
    files = [path for path in (SITE / "downloads").rglob("*") if path.is_file()]
    people = [path for path in files if path.relative_to(SITE / "downloads").parts[0] in ("clca-2024", "tcga-lihc")]
    assert {".svg", ".png", ".csv", ".tex", ".docx"} <= {path.suffix for path in files}
    assert not [path for path in people if path.suffix == ".svg"]
    tables = [path for path in people if path.suffix == ".csv"]
    assert not [path for path in tables if "patient_id" in path.read_text(encoding="utf-8").partition("\n")[0]]


def test_the_search_finds_a_function(browser):
    tab = browser.new_page()
    tab.goto((SITE / "search.html").as_uri() + "?q=net_benefit")
    tab.locator("#search-results li a[href*='api/']").first.wait_for(timeout=10_000)
    tab.close()


def test_the_search_works_from_disk(browser):
    tab = browser.new_page()
    tab.goto((SITE / "search.html").as_uri() + "?q=invasion")
    tab.locator("#search-results li a").first.wait_for(timeout=10_000)
    tab.close()
