"""Does the rendered book meet its readers well: every page in Chromium, from disk, on a desktop and on a phone?

The folder is ``_build/html`` or the one named by ``MVI_SITE``. Made for ``pytest -m browser tests/book``.
"""

import html
import json
import os
import re
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

pytestmark = pytest.mark.browser

SITE = Path(os.environ.get("MVI_SITE", Path(__file__).parents[2] / "_build" / "html")).resolve()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
KNOWN_ERROR = "THEBE_JS_URL"  # sphinx-thebe declares its constant twice; harmless
MEGABYTE = 1024**2

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


@dataclass(frozen=True)
class Visit:
    """What one page showed at one width."""

    page: str
    width: str
    facts: dict
    errors: list
    requests: list
    navigation: bool


def pages():
    """Pages of the site, without redirects and Sphinx's own index."""
    found = sorted(SITE.rglob("*.html"))
    kept = [page for page in found if page.name != "genindex.html" and "_static" not in page.parts]
    return [page for page in kept if 'http-equiv="Refresh"' not in page.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def browser():
    if not (SITE / "index.html").is_file():
        pytest.skip(f"there is no rendered book at {SITE}; make book makes it")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visits(browser):
    return [visit for width in WIDTHS for visit in open_pages(browser, width)]


def open_pages(browser, width):
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    tab = browser.new_context(viewport=size).new_page()
    errors, requests = [], []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    for page in pages():
        errors.clear()
        requests.clear()
        tab.goto(page.as_uri())
        facts = tab.evaluate(FACTS)
        navigation = width == "desktop" or opens_navigation(tab)
        yield Visit(str(page.relative_to(SITE)), width, facts, list(errors), list(requests), navigation)
    tab.context.close()


def opens_navigation(tab):
    tab.locator("button.primary-toggle").first.click()
    link = tab.locator("#pst-primary-sidebar-modal nav a, .bd-sidebar-primary nav a").locator("visible=true").first
    link.wait_for(timeout=2000)
    box = link.bounding_box()
    return box is not None and 0 <= box["x"] < WIDTHS["phone"][0]


def expect_none(visits, judge):
    """Fail with page, width and evidence of every visit for which a judge returns something."""
    found = [f"{visit.page} ({visit.width}): {evidence}" for visit in visits if (evidence := judge(visit))]
    assert not found, "\n".join(["", *found])


def local_file(url):
    return Path(unquote(urlparse(url).path))


def is_outside(url):
    parts = urlparse(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in ("localhost", "127.0.0.1")


def skips_a_level(levels):
    return levels[:1] != [1] or levels.count(1) > 1 or any(b - a > 1 for a, b in pairwise(levels))


def dead_links(visit, anchors):
    inside = [url for url in visit.facts["links"] if urlparse(url).scheme == "file"]
    return [url for url in inside if not leads_somewhere(url, anchors)]


def leads_somewhere(url, anchors):
    target, anchor = local_file(url), unquote(urlparse(url).fragment)
    if not target.is_file():
        return False
    if target not in anchors:
        anchors[target] = set(re.findall(r'\sid="([^"]+)"', target.read_text(encoding="utf-8", errors="ignore")))
    return not anchor or anchor in anchors[target]


def test_the_console_stays_quiet_on_every_page(visits):
    expect_none(visits, lambda visit: [error for error in visit.errors if KNOWN_ERROR not in error])


def test_no_page_asks_anything_of_the_network(visits):
    expect_none(visits, lambda visit: [url for url in visit.requests if is_outside(url)])


def test_no_page_asks_for_a_file_that_is_not_there(visits):
    def missing(visit):
        return [url for url in visit.requests if url.startswith("file:") and not local_file(url).is_file()]

    expect_none(visits, missing)


def test_no_page_scrolls_sideways(visits):
    expect_none(visits, lambda visit: max(visit.facts["overflow"], 0))


def test_the_navigation_opens_on_a_phone(visits):
    expect_none(visits, lambda visit: not visit.navigation)


def test_headings_start_at_one_and_skip_no_level(visits):
    written = [visit for visit in visits if visit.page != "search.html"]  # its heading is the theme's, outside article
    expect_none(written, lambda visit: skips_a_level(visit.facts["headings"]))


def test_every_image_says_in_words_what_it_shows(visits):
    def silent(visit):
        return [src for src, alt in visit.facts["images"] if not alt.strip() or alt.endswith((".png", ".svg", ".jpg"))]

    expect_none(visits, silent)


def test_every_figure_and_table_has_a_caption_and_the_line_that_says_what_made_it(visits):
    expect_none(visits, lambda visit: {key: n for key in ("bare", "unsigned", "loose") if (n := visit.facts[key])})


def test_no_link_inside_the_book_is_dead(visits):
    anchors = {}
    expect_none(visits, lambda visit: visit.width == "desktop" and dead_links(visit, anchors))


def test_no_page_is_heavier_than_three_megabytes(visits):
    def megabytes(visit):
        size = sum(local_file(url).stat().st_size for url in set(visit.requests) if url.startswith("file:"))
        return round(size / MEGABYTE, 1) if size > 3 * MEGABYTE else None

    expect_none(visits, megabytes)


def test_the_whole_site_stays_below_sixty_megabytes(browser):
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
