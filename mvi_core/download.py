"""How does a file come over the network: resumed where it was cut off, in its place only when its hash is right."""

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request

from mvi_core.errors import ManifestError

CHUNK = 1 << 20  # bytes
TIMEOUT = 60  # s without a byte
PART = ".part"  # end of the name of an unfinished file; kept, so that the next call goes on from it


def download(url, path, *, sha256, size, tries=3, progress=True):
    """Path of a downloaded file, which takes its name only when its hash is the recorded one.

    What an interrupted call has received stays beside it as ``<name>.part``; the next call asks for the rest only (HTTP
    range) and starts anew where the server cannot do that. A whole file of another hash is thrown away.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``.
    path : Path
    sha256 : str
    size : int
        Bytes of the whole file; the download stops where more arrives.
    tries : int
        Connections that may break without a single new byte before it gives up.
    progress : bool
        Show a bar.

    Raises
    ------
    ManifestError
        If the address is no web address, the disk is too small, the server refuses, or what arrives is another file.
    """
    if not url.startswith(("http://", "https://")):
        raise ManifestError(f"{path.name}: its address must start with https:// or http://. Correct files.csv.")
    part = path.with_name(path.name + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    have, left, problem = _size(part), tries, None
    if (free := shutil.disk_usage(part.parent).free) < size - have:
        raise ManifestError(f"{path.name} needs {size - have:,} bytes more, {free:,} are free. Make room first.")
    while _size(part) != size and left:
        before = _size(part)
        try:
            _receive(url, part, size, progress)
        except urllib.error.HTTPError as caught:
            problem = f"HTTP {caught.code}"
            caught.close()
        except (OSError, http.client.HTTPException) as caught:
            problem = type(caught).__name__
        left = left if _size(part) > before else left - 1
    if (have := _size(part)) < size:
        kept = f"; {have:,} of {size:,} bytes are kept for the next try" if have else ""
        why = problem or "the connection was cut"
        raise ManifestError(f"{path.name} could not be downloaded from {url} ({why}){kept}.")
    found = _digest(part) if have == size else None
    if found != sha256:
        part.unlink()
        told = f"sha256 {found[:12]}..." if found else f"more than {size:,} bytes"
        raise ManifestError(
            f"{path.name} could not be downloaded from {url}: another file arrived (expected sha256 {sha256[:12]}..., "
            f"got {told}). It was thrown away."
        )
    part.replace(path)
    return path


def _receive(url, part, size, progress):
    """Append what is missing to an unfinished file, until the server stops or more than its size is there."""
    from tqdm import tqdm

    have = _size(part)
    asked = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=asked)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumes = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumes and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise http.client.HTTPException("the server sent another range")
        start = have if resumes else 0
        promised = start + int(answer.headers.get("Content-Length") or size - start)
        if promised != size:
            raise ManifestError(
                f"{part.stem} could not be downloaded from {url}: another file is there (expected {size:,} bytes, got "
                f"{promised:,})."
            )
        bar = {"total": size, "initial": start, "unit": "B", "unit_scale": True, "disable": not progress}
        with part.open("ab" if resumes else "wb") as stream, tqdm(desc=part.stem, **bar) as shown:
            while start <= size and (chunk := answer.read(CHUNK)):
                start += stream.write(chunk)
                shown.update(len(chunk))


def _size(part):
    return part.stat().st_size if part.is_file() else 0


def _digest(path):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
