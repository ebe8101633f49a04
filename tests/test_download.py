"""A download resumes by range, starts anew where it cannot, and never gives a wrong file its name."""

import hashlib
import http.server
import threading

import pytest

from mvi_core import download as module
from mvi_core.download import download
from mvi_core.errors import ManifestError

BODY = bytes(range(256)) * 40
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server():
    """Local server that can cut connections, ignore ranges, lie about them, or send another file."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            self.server.ranges.append(asked)
            if self.server.status != 200:
                return self.send_error(self.server.status)
            start = int(asked[6:-1]) if asked and self.server.ranged else 0
            self.send_response(206 if start else 200)
            if start:
                told = start + self.server.shift
                self.send_header("Content-Range", f"bytes {told}-{len(self.server.body) - 1}/{len(self.server.body)}")
            self.send_header("Content-Length", str(len(self.server.body) - start))
            self.end_headers()
            end = start + self.server.cut if self.server.cut else None
            return self.wfile.write(self.server.body[start:end])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.body, running.cut, running.ranged, running.shift, running.status = BODY, None, True, 0, 200
        running.ranges = []
        running.url = f"http://127.0.0.1:{running.server_port}/file.zip"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(server, path, **changed):
    told = {"sha256": DIGEST, "size": len(BODY), "progress": False} | changed
    return download(server.url, path, **told)


def test_a_cut_connection_goes_on_where_it_stopped(server, tmp_path):
    server.cut = 4000
    assert fetch(server, tmp_path / "file.zip").read_bytes() == BODY
    assert server.ranges == [None, "bytes=4000-", "bytes=8000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file.zip"]


def test_an_interrupted_call_is_taken_up_by_the_next(server, tmp_path, monkeypatch):
    server.cut = 3000
    calls, receive = [], module._receive

    def stopped(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        receive(*args)

    monkeypatch.setattr(module, "_receive", stopped)
    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path / "file.zip")
    assert (tmp_path / "file.zip.part").read_bytes() == BODY[:3000]
    assert not (tmp_path / "file.zip").exists()
    server.cut = None
    assert fetch(server, tmp_path / "file.zip").read_bytes() == BODY
    assert server.ranges[-1] == "bytes=3000-"


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(b"x" * 500)
    server.ranged = False
    assert fetch(server, tmp_path / "file.zip").read_bytes() == BODY


def test_a_part_of_another_file_is_thrown_away_by_the_hash(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(b"x" * 500)
    with pytest.raises(ManifestError, match=r"another file arrived \(expected sha256 .*It was thrown away"):
        fetch(server, tmp_path / "file.zip")
    assert not list(tmp_path.iterdir())
    assert fetch(server, tmp_path / "file.zip").read_bytes() == BODY


def test_one_changed_byte_is_refused(server, tmp_path):
    server.body = BODY[:100] + b"!" + BODY[101:]
    with pytest.raises(ManifestError, match="another file arrived"):
        fetch(server, tmp_path / "file.zip")
    assert not list(tmp_path.iterdir())


def test_another_length_is_told_before_it_is_read_and_a_part_survives_it(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(BODY[:700])
    server.ranged, server.body = False, b"<html>please log in</html>"
    with pytest.raises(ManifestError, match=r"another file is there \(expected 10,240 bytes, got 26\)"):
        fetch(server, tmp_path / "file.zip")
    assert (tmp_path / "file.zip.part").read_bytes() == BODY[:700]


def test_a_range_that_lies_is_not_believed(server, tmp_path):
    (tmp_path / "file.zip.part").write_bytes(BODY[:700])
    server.shift = -50
    with pytest.raises(ManifestError, match=r"\(HTTPException\); 700 of 10,240 bytes are kept"):
        fetch(server, tmp_path / "file.zip")


@pytest.mark.parametrize("status", [403, 404, 416, 503])
def test_a_refusal_is_told_after_the_given_tries(server, tmp_path, status):
    server.status = status
    with pytest.raises(ManifestError, match=rf"\(HTTP {status}\)"):
        fetch(server, tmp_path / "file.zip", tries=2)
    assert len(server.ranges) == 2


def test_no_space_and_no_web_address_are_told_before_anything_is_asked(server, tmp_path, monkeypatch):
    with pytest.raises(ManifestError, match="must start with https"):
        download("file:///etc/passwd", tmp_path / "x", sha256=DIGEST, size=1)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 10}))
    with pytest.raises(ManifestError, match=r"needs 10,240 bytes more, 10 are free"):
        fetch(server, tmp_path / "file.zip")
    assert server.ranges == []
