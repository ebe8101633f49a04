"""A Chromium for the tests, and forms opened in it as pages from disk."""

import shutil
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "book" / "_static" / "scripts"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a text as a page from disk, with one script of the book."""
    tabs = []

    def show(text, script, **options):
        source = f'<script src="{(SCRIPTS / script).as_uri()}"></script>'
        body = f'<!doctype html><html lang="en"><title>t</title>{text}{source}</html>'
        (tmp_path / "page.html").write_text(body, encoding="utf-8")
        tab = browser.new_context(**options).new_page()
        tab.set_default_timeout(5000)
        tab.goto((tmp_path / "page.html").as_uri())
        tabs.append(tab)
        return tab

    yield show
    for tab in tabs:
        tab.context.close()
