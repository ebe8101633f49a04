import csv
import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from mvi_core import manifest
from mvi_core.errors import ManifestError

ROOT = Path(__file__).resolve().parents[1]
CONTENT = b"patient_id\tvalue\nP1\t1\n" * 200
HEADER = "id,cohort,path,sha256,bytes,licence,url,source,date\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Project of its own whose manifest records one file; the address is set by the test."""
    root = tmp_path / "project"
    (root / "data_manifest").mkdir(parents=True)
    (root / "_config.yml").touch()
    digest = hashlib.sha256(CONTENT).hexdigest()

    def record(url="http://127.0.0.1:9/none"):
        row = f"one,real,set/one.txt,{digest},{len(CONTENT)},ODbL 1.0,{url},somewhere,2026-01-01\n"
        (root / "data_manifest" / "files.csv").write_text(HEADER + row)
        return root

    for name in ("MVI_DATA", "MVI_DATA_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MVI_ROOT", str(root))
    monkeypatch.setattr(manifest, "N_RETRIES", 0)
    record()
    return record


@pytest.fixture
def server():
    """Local server; `server.body` is what it sends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(200 if self.server.body else 404)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.body, running.asked = CONTENT, []
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def put(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_project_is_found_by_environment_then_by_the_current_folder_then_by_the_package(
    project, monkeypatch, tmp_path
):
    root = project()
    assert manifest.project_root() == root
    monkeypatch.delenv("MVI_ROOT")
    (root / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(root / "a" / "b")
    assert manifest.project_root() == root
    monkeypatch.chdir(tmp_path)
    assert manifest.project_root() == ROOT


def test_a_folder_that_is_no_project_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    with pytest.raises(ManifestError, match=r"does not hold _config.yml.*Set it to the project folder"):
        manifest.project_root()


@pytest.mark.parametrize("place", ["clinical/set/one.txt", "set/one.txt"])
@pytest.mark.parametrize("relative", [True, False])
def test_a_copy_is_taken_from_the_folder_in_the_environment(project, monkeypatch, tmp_path, place, relative):
    copy = put(tmp_path / "copies" / place)
    monkeypatch.setenv("MVI_DATA", "../copies" if relative else str(tmp_path / "copies"))
    assert manifest.locate("one").samefile(copy)


def test_a_file_is_found_in_the_data_folder_of_the_project(project):
    path = put(project() / "data" / "set" / "one.txt")
    assert manifest.locate("one") == path
    assert manifest.fetch("one") == path


def test_a_changed_file_is_refused_with_both_hashes_even_after_it_was_once_right(project):
    path = put(project() / "data" / "set" / "one.txt")
    manifest.locate("one")
    put(path, CONTENT + b"x")
    found = hashlib.sha256(CONTENT + b"x").hexdigest()[:12]
    with pytest.raises(ManifestError, match=rf"set/one.txt does not match.*expected sha256 .*{found}.*make data"):
        manifest.locate("one")


def test_a_wrong_copy_does_not_hide_a_right_one(project, monkeypatch, tmp_path):
    put(tmp_path / "copies" / "set" / "one.txt", b"other")
    right = put(project() / "data" / "set" / "one.txt")
    monkeypatch.setenv("MVI_DATA", str(tmp_path / "copies"))
    assert manifest.locate("one") == right


def test_an_absent_file_and_an_unknown_name_give_the_remedy(project):
    with pytest.raises(ManifestError, match=r"is not here.*`make data`, or set MVI_DATA"):
        manifest.locate("one")
    with pytest.raises(ManifestError, match=r"'two' is not in data_manifest/files.csv, which lists one"):
        manifest.locate("two")


def test_a_download_takes_its_place_only_when_its_hash_is_right(project, server):
    root = project(f"{server.address}/one.txt")
    assert manifest.fetch_all(progress=False) == {"one": root / "data" / "set" / "one.txt"}
    assert manifest.locate("one").read_bytes() == CONTENT
    manifest.fetch("one", progress=False)
    assert server.asked == ["/one.txt"]


@pytest.mark.parametrize(
    ("body", "promised"),
    [(b"<html>login</html>", None), (CONTENT[:-1] + b"?", None), (CONTENT + b"?", None), (b"", None)],
)
def test_an_altered_longer_or_refused_download_never_counts(project, server, body, promised):
    root = project(f"{server.address}/one.txt")
    server.body = body
    with pytest.raises(ManifestError, match=r"could not be downloaded from .*set MVI_DATA_URL to another address"):
        manifest.fetch("one", progress=False)
    assert not list((root / "data").rglob("*.*"))
    server.body = CONTENT
    assert manifest.fetch("one", progress=False).read_bytes() == CONTENT


def test_a_large_file_is_fetched_only_when_its_cohort_is_named(project, server, monkeypatch):
    monkeypatch.setattr(manifest, "ON_REQUEST", len(CONTENT) - 1)
    root = project(f"{server.address}/one.txt")
    with pytest.raises(ManifestError, match=rf"Fetch it with `mvi fetch real` \({len(CONTENT)} bytes\)"):
        manifest.locate("one")
    assert manifest.fetch_all(progress=False) == {}
    assert manifest.fetch_all("real", progress=False) == {"one": root / "data" / "set" / "one.txt"}


def test_a_wrong_file_in_the_data_folder_is_replaced_by_a_download(project, server):
    path = put(project(f"{server.address}/one.txt") / "data" / "set" / "one.txt", b"half")
    assert manifest.fetch("one", progress=False) == path
    assert path.read_bytes() == CONTENT


def test_another_address_can_be_given(project, server, monkeypatch):
    monkeypatch.setenv("MVI_DATA_URL", server.address + "/")
    manifest.fetch("one", progress=False)
    assert server.asked == ["/set/one.txt"]


def test_an_address_that_does_not_answer_gives_one_sentence(project):
    with pytest.raises(ManifestError, match=r"could not be downloaded"):
        manifest.fetch("one", progress=False)


def test_the_committed_manifest_is_complete():
    with (ROOT / "data_manifest" / "files.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert len(row["sha256"]) == 64
        assert int(row["bytes"]) > 0
        assert row["url"].startswith("https://") and row["url"].endswith(row["path"])
        assert row["licence"] and row["source"]
        assert (ROOT / "data_manifest" / "cohorts" / f"{row['cohort']}.yaml").is_file()
    assert len({row["id"] for row in rows}) == len(rows)
