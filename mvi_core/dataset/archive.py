"""Which files does a zip archive hold, read one by one: none leaves the archive's folder, none fills the memory."""

import os
import stat
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from mvi_core.errors import ManifestError

SEPARATOR = "!"  # between an archive and the file in it: images.zip!study/1.dcm
MAX_MEMBERS = 500_000
MAX_MEMBER_BYTES = 2**29
MAX_RATIO = 100  # of all files together: MR images shrink to a half or a third
FREE_BYTES = 2**30  # below this in all, any ratio is harmless
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def split_member(place):
    """Archive and member of a place, ``("images.zip", "study/1.dcm")``; the member is None for a plain file.

    >>> split_member("a/images.zip!study/1.dcm")
    (PosixPath('a/images.zip'), 'study/1.dcm')
    """
    before, separator, member = str(place).partition(f".zip{SEPARATOR}")
    return (Path(f"{before}.zip"), member) if separator else (Path(place), None)


def members(path):
    """Files of a zip archive as a dict of name to size in bytes, in the archive's order; folders are left out.

    Parameters
    ----------
    path : path

    Raises
    ------
    ManifestError
        If it is no regular zip file, or one of its members is a link, is encrypted, stands twice, or would leave the
        folder into which it is unpacked; or if all of them would grow beyond `MAX_RATIO` times the archive.
    """
    path = Path(path)
    files = [info for info in _opened(path).infolist() if not info.filename.endswith("/")]
    sizes = {info.filename: info.file_size for info in files}
    for number, info in enumerate(files, start=1):
        if fault := _fault(info):
            raise ManifestError(f"{path.name}: member {number} {fault} Pack the plain files again.")
    if len(files) > MAX_MEMBERS or len(sizes) < len(files):
        found = f"holds {len(files)} files, over {MAX_MEMBERS}," if len(files) > MAX_MEMBERS else "names a file twice"
        raise ManifestError(f"{path.name} {found} and is not read. Pack the plain files again.")
    if (total := sum(sizes.values())) > max(FREE_BYTES, MAX_RATIO * path.stat().st_size):
        raise ManifestError(f"{path.name} would unpack to {total} bytes (a bomb?) and is not read. Pack it again.")
    return sizes


def read_member(path, name, *, limit=MAX_MEMBER_BYTES):
    """Bytes of one file of an archive that `members` accepts, at most `limit`; a `ManifestError` names the archive."""
    path = Path(path)
    sizes = _checked(path, *_state(path))
    if name not in sizes:
        raise ManifestError(f"{path.name} holds no such file (member of an archive). Run `mvi scan` again.")
    if sizes[name] > limit:
        raise ManifestError(f"A file in {path.name} is larger than {limit} bytes. Export single-frame slices.")
    try:
        with _opened(path).open(name) as stream:
            return stream.read(limit + 1)  # no more than the size that the archive declares, compared with its CRC
    except _BROKEN as problem:
        raise ManifestError(f"A file in {path.name} is damaged or packed unusually. Pack it again.") from problem


def _fault(info):
    name = info.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in info.orig_filename:
        return "has an unsafe name, outside the archive's own folder ('..' or absolute)."
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a link or no regular file."
    return "is encrypted." if info.flag_bits & _ENCRYPTED else ""


@lru_cache(maxsize=4)
def _checked(path, *_state):
    return members(path)


def _opened(path):
    return _open(path, *_state(path))


def _state(path):
    if path.is_symlink() or not path.is_file():
        raise ManifestError(f"{path.name} is missing, a link, or no regular file. Copy the archive itself.")
    info = path.stat()
    return info.st_size, info.st_mtime_ns, os.getpid()  # a forked child must not share the parent's place in the file


@lru_cache(maxsize=4)
def _open(path, *_state):
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as problem:
        raise ManifestError(f"{path.name} is no whole zip archive. Copy it again, or unpack it.") from problem
