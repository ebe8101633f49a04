"""Does the scan refuse what must not be published, and let a clean book pass?"""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mvi_core.results import write_result
from tests.study.conftest import project

__all__ = ["project"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def scan(script):
    return script("scan_site")


@pytest.fixture
def site(project):
    """A clean book of a ward whose patients are known to this machine."""
    write_result("ward", "patients.csv", pd.DataFrame({"patient_id": ["W-0417", "W-0418"], "age_years": [50, 60]}))
    folder = project / "site"
    for name in ("index.html", "intro.html", "search.html", "searchindex.js", "downloads/report.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<p>see results/ward/table1.csv, study lihc_tcga, https://host/home/page/</p>")
    (folder / "downloads/ward").mkdir()
    (folder / "downloads/ward/table1.csv").write_text("variable,n\nage,2\n")
    return folder


def test_a_clean_book_has_no_finding(scan, site):
    assert list(scan.findings(site, {"parts": [{"chapters": [{"file": "intro"}]}]})) == []


TABLE = "downloads/ward/roc.csv is a table of real or own patients that may hold rows of them"


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("a.html", "<p>/home/ann/study/x.py</p>", "a.html names a path of the machine that made it"),
        ("a.ipynb", '"/tmp/ipykernel_7/1.py:6: Warning"', "a.ipynb names a path of the machine that made it"),
        ("a.js", "x = 'file:///C:/x'", "a.js names a path of the machine that made it"),
        ("a.html", "<td>W-0417</td>", "a.html names a patient"),
        ("a.html", "<td>TCGA-XX-0000</td>", "a.html names a patient"),
        ("a.bin", b"\0" * 128 + b"DICM", "a.bin is a DICOM file"),
        ("a.dcm", "", "a.dcm is a .dcm file, which may hold an image or rows of patients"),
        ("downloads/ward/roc.csv", "x,y\n", TABLE),
        ("downloads/ward/size.csv", "patient_id,n\n1,2\n", "downloads/ward/size.csv has a column of patients"),
    ],
)  # fmt: skip
def test_what_must_stay_at_home_is_found_and_its_value_is_not_said(scan, site, name, content, finding):
    (site / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert list(scan.findings(site)) == [finding]


def test_the_checkout_itself_is_a_path_that_is_found(scan, site, project):
    (site / "a.html").write_text(f"<p>{project}/results</p>")
    assert "a.html names a path of the machine that made it" in list(scan.findings(site))


def test_a_book_that_is_not_whole_is_refused(scan, site, monkeypatch, capsys):
    (site / "search.html").unlink()
    toc = {"parts": [{"chapters": [{"file": "notebooks/ward/01_count"}]}]}
    assert list(scan.findings(site, toc)) == ["search.html is missing", "notebooks/ward/01_count.html is missing"]
    monkeypatch.setattr(scan.sys, "argv", ["scan_site.py", str(site)])
    assert scan.main() and "search.html is missing" in capsys.readouterr().out
    (site / "search.html").write_text("")
    assert not scan.main() and json.loads(capsys.readouterr().out)["findings"] == 0


def test_the_publishing_workflow_scans_before_it_uploads_and_asks_for_little():
    jobs = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))
    steps = [step.get("run") or step["uses"].partition("@")[0] for step in jobs["jobs"]["build"]["steps"]]
    order = [next(place for place, step in enumerate(steps) if words in step) for words in
             ("make book", "make browser", "scan_site.py _build/html", "upload-pages-artifact")]  # fmt: skip
    assert order == sorted(order)
    assert jobs["permissions"] == {"contents": "read"} and "permissions" not in jobs["jobs"]["build"]
    assert jobs["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
