"""Zip archives: plain ones are read file by file, those that escape or explode are refused with a sentence."""

import stat
import zipfile

import pytest

from mvi_core.dataset import archive
from mvi_core.dataset.archive import members, read_member, split_member
from mvi_core.errors import ManifestError


def packed(path, *files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in files:
            made.writestr(name, content)
    return path


def test_a_plain_archive_lists_its_files_and_gives_their_bytes(tmp_path):
    path = packed(tmp_path / "a.zip", ("x/", b""), ("x/1.dcm", b"one"), ("x/2.dcm", b"second"))
    assert members(path) == {"x/1.dcm": 3, "x/2.dcm": 6}
    assert read_member(*split_member(f"{path}!x/2.dcm")) == b"second"
    assert split_member("plain/1!.dcm")[1] is None


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "..\\out", "c:/out", "C:\\out"])
def test_a_member_that_would_leave_the_folder_is_refused(tmp_path, name):
    path = packed(tmp_path / "a.zip", (name, b"x"))
    with pytest.raises(ManifestError, match="unsafe name, outside"):
        members(path)
    with pytest.raises(ManifestError, match="unsafe name, outside"):
        read_member(path, name)


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = packed(tmp_path / "a.zip", (link, b"/etc/passwd"))
    with pytest.raises(ManifestError, match="link or no regular file"):
        members(path)


def test_a_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = packed(tmp_path / "a.zip", *((f"{i}", bytes(2**20)) for i in range(8)))
    monkeypatch.setattr(archive, "FREE_BYTES", 2**20)
    with pytest.raises(ManifestError, match="would unpack to 8388608 bytes"):
        members(path)


def test_a_large_member_is_read_no_further_than_the_limit(tmp_path):
    path = packed(tmp_path / "a.zip", ("1", bytes(5000)))
    with pytest.raises(ManifestError, match="larger than 4999"):
        read_member(path, "1", limit=4999)
    assert len(read_member(path, "1", limit=5000)) == 5000


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.raises(ManifestError, match="twice"):
        members(packed(tmp_path / "a.zip", ("1", b"x"), ("1", b"y")))


def test_damage_is_told_and_not_read_over(tmp_path):
    path = packed(tmp_path / "a.zip", ("1", b"0123456789" * 9), method=zipfile.ZIP_STORED)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"0123456789", b"0123456780", 1))
    with pytest.raises(ManifestError, match="damaged"):
        read_member(path, "1")
    for cut in (0, 10, len(raw) // 2):
        path.write_bytes(raw[:cut])
        with pytest.raises(ManifestError, match="no whole zip"):
            members(path)
    with pytest.raises(ManifestError, match="missing, a link"):
        members(tmp_path / "none.zip")


def test_an_encrypted_member_is_told(tmp_path):
    path = packed(tmp_path / "a.zip", ("1", b"x"))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(ManifestError, match="encrypted"):
        members(path)
