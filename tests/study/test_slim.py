"""Does the site lose what no page loads, and nothing else?"""

import json

from mvi_core.steps import book


def test_pictures_leave_the_notebooks_that_readers_take_and_their_words_stay(tmp_path):
    outputs = [{"data": {"image/png": "iVBOR", "text/plain": "<Figure>"}}, {"text": "said", "output_type": "stream"}]
    notebook = {"cells": [{"source": "x", "outputs": outputs}, {"source": "y"}]}
    (tmp_path / "_sources").mkdir()
    (tmp_path / "_sources/a.ipynb").write_text(json.dumps(notebook))
    book._slim(tmp_path)
    left = json.loads((tmp_path / "_sources/a.ipynb").read_text())
    assert left["cells"][0]["outputs"] == [{"data": {"text/plain": "<Figure>"}}, outputs[1]]
    assert [cell["source"] for cell in left["cells"]] == ["x", "y"]


def test_files_that_no_page_loads_go_and_those_it_loads_stay(tmp_path):
    gone = (
        "mathjax/tex-svg.js",
        "mathjax/output/svg.js",
        "mathjax/sre/mathmaps/de.json",
        "locales/de.mo",
        "a.js.map",
        "f.ttf",
    )
    kept = ("mathjax/tex-chtml.js", "mathjax/sre/mathmaps/en.json", "f.woff2", "alone.ttf", "custom.css")
    for name in (*gone, *kept):
        (tmp_path / "_static" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_static" / name).write_text("x")
    book._slim(tmp_path)
    left = {path.relative_to(tmp_path / "_static").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(kept)
