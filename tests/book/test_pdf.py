"""Is the PDF one document: names of their own, links inside, contents that tell the page on which a chapter starts?"""

import io
import re

import pytest
from bs4 import BeautifulSoup

PAGE = """<html><head><title>{title} &#8212; The book</title></head><body><article class="bd-article"><section id="top">
<h1>{title}<a class="headerlink" href="#top">#</a></h1><p>{words}</p><section id="more"><h2>More</h2>
<a class="inside" href="{other}#more">there</a> <a class="code" href="{up}notebooks/api/stats.html#x">code</a>
<a class="file" href="{up}downloads/a.csv" download>data</a> <a class="web" href="https://doi.org/1">paper</a>
<details class="hide"><summary>Show code cell source</summary>x = 1</details><form><input></form>
<noscript>off</noscript>
<figure><img src="{up}_images/a.png" alt="a"><figcaption>Fig. 1</figcaption></figure>
</section></section></article></body></html>"""
TOC = {
    "root": "intro",
    "parts": [
        {"caption": "The part", "chapters": [{"file": "notebooks/paper/01_cohort"}, {"file": "notebooks/api/stats"}]},
        {"caption": "Code", "chapters": [{"file": "notebooks/api/model"}]},
    ],
}


@pytest.fixture
def pdf(script):
    return script("pdf")


@pytest.fixture
def site(tmp_path):
    """A rendered book of two chapters; the first is two pages long."""
    (tmp_path / "notebooks/paper").mkdir(parents=True)
    (tmp_path / "_static").mkdir()
    (tmp_path / "_images").mkdir()
    first = {"title": "First?", "words": "word " * 1500, "other": "notebooks/paper/01_cohort.html", "up": ""}
    second = {"title": "Second?", "words": "A word.", "other": "../../intro.html", "up": "../../"}
    (tmp_path / "intro.html").write_text(PAGE.format(**first))
    (tmp_path / "notebooks/paper/01_cohort.html").write_text(PAGE.format(**second))
    return tmp_path


def test_chapters_stand_in_the_order_of_the_contents_without_the_reference_of_the_code(pdf):
    assert pdf.chapters(TOC) == [("", ["intro"]), ("The part", ["notebooks/paper/01_cohort"])]


def test_every_name_is_there_once_and_every_link_leads_to_one(pdf, site):
    soup = BeautifulSoup(pdf.book_html(site, TOC), "html.parser")
    names = [element["id"] for element in soup.find_all(id=True)]
    assert len(set(names)) == len(names)
    assert {link["href"][1:] for link in soup.select("a[href^='#']")} <= set(names)
    assert [link["href"] for link in soup.select("a.inside")] == ["#notebooks-paper-01_cohort--more", "#intro--more"]
    assert {link["href"] for link in soup.find_all("a", href=True) if link["href"][0] != "#"} == {"https://doi.org/1"}


def test_what_only_a_screen_can_use_is_left_out_and_headings_move_one_level_down(pdf, site):
    soup = BeautifulSoup(pdf.book_html(site, TOC), "html.parser")
    assert not soup.select("form, details, noscript, .headerlink")
    assert [head.get_text() for head in soup.find_all("h2")] == ["First?", "Second?"]
    assert [head.get_text() for head in soup.find_all("h1")] == ["Contents", "The part"]
    assert all(
        image["src"].endswith("/_images/a.png") and "/notebooks/" not in image["src"] for image in soup.find_all("img")
    )


@pytest.mark.browser
def test_the_contents_tell_the_page_on_which_a_chapter_starts(pdf, site, tmp_path, browser):
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(pdf.make_pdf(site, TOC, tmp_path, browser)))
    texts = [page.extract_text() for page in reader.pages]
    told = dict(re.findall(r"(First|01 Second)\?\s*(\d+)", texts[1]))
    starts = {
        title: next(n for n, text in enumerate(texts[2:], start=3) if f"{title[-6:].strip()}?" in text)
        for title in told
    }
    assert len(told) == 2 and {title: int(page) for title, page in told.items()} == starts
    assert texts[2].startswith("3\n") and not re.search(r"^1\n|\n1$", texts[0]) and starts["01 Second"] == 5
    assert [float(size) for size in reader.pages[0].mediabox[2:]] == pytest.approx([595, 842], abs=1)  # A4
