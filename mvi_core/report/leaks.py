"""Does any output hold a value that tells who a patient is: pages, notebooks, tables and pictures, however wrapped."""

import base64
import binascii
import gzip
import html
import io
import re
import urllib.parse
import zipfile
import zlib

import pandas as pd

from mvi_core.cohort.spec import load_spec
from mvi_core.dataset.identity import holds, identifying_values, word_index, words
from mvi_core.errors import MviError
from mvi_core.names import PATIENT_ID

BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?![\w.])")  # a measured number; its digits are nobody's
PSEUDONYM = re.compile(r"P[0-9a-f]{10}")
PNG, DICOM = b"\x89PNG\r\n\x1a\n", b"DICM"
PNG_TEXTS = (b"tEXt", b"iTXt", b"zTXt", b"eXIf")
DEEPEST = 3  # wrappings inside wrappings
LARGEST = 2**28  # bytes of a packed part
SHOWN = 20


def refuse_leaks(cohorts, folders, *, foreign=()):
    """Stop where a file of some folders holds an identifying value of the inputs of an own cohort.

    Parameters
    ----------
    cohorts : iterable of str
        Those that are not a user's own are passed over.
    folders : iterable of path
        Rendered book, executed notebooks, results: every file below them is searched, its name too.
    foreign : iterable of path
        Folders of what came with the theme; they are not searched. A name that is a word there (White, Mark) cannot be
        told from it, and is searched only together with the rest of the name.

    Returns
    -------
    int
        Files that were searched.

    Raises
    ------
    MviError
        With the files, how the value was wrapped, and the name of its attribute; never the value.
    """
    own = [spec for spec in map(load_spec, cohorts) if spec.source["reader"] == "folder"]
    values = {key: label for spec in own for key, label in identifying_values(spec)[0].items()}
    theirs = (
        {word for folder in foreign for path in folder.rglob("*.*") for word in words(_text(path))} if own else set()
    )
    values = {
        key: label for key, label in values.items() if len(key) > 1 or key[0] not in theirs or not key[0].isalpha()
    }
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()] if own else []
    files = [path for path in files if not any(path.is_relative_to(folder) for folder in foreign)]
    paths = [path for path in files if path.parts[-5:-3] != ("images", "dicom")]  # a phantom's, drawn here
    index, hits = word_index(values), []
    for path in paths:
        raw = path.read_bytes()
        found = {(values[key], "file name") for key in holds(words(path.name), values, index)}
        for wrapping, text in views(raw):
            found |= {(values[key], wrapping) for key in holds(words(DECIMAL.sub(" ", text)), values, index)}
        inside = path.parts[-3:]
        if any(spec.id in path.parts for spec in own):
            found |= {(PATIENT_ID, "a column without pseudonyms")} if _names_people(path) else set()
            found |= {("the image itself", "DICOM file")} if raw[128:132] == DICOM else set()
        hits += [f"{'/'.join(inside)}: {label}, in {wrapping}" for label, wrapping in sorted(found)]
    if hits:
        listed = "\n".join(hits[:SHOWN])
        more = f"\nand {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
        raise MviError(
            f"{len(hits)} place(s) would give a patient's identity away, so the book is not put in place. Take "
            f"the value out of the cohort's title or notes and make it again; else report a bug.\n{listed}{more}"
        )
    return len(paths)


def _text(path):
    return path.read_text(encoding="utf-8", errors="ignore") if path.is_file() else ""


def views(raw, depth=0):
    r"""Yield the texts that a file's bytes hold, each with the wrapping they were found in.

    As they are, with HTML entities, per cent and ``\u`` escapes undone, as UTF-16, out of base64, gzip, zip (also docx
    and npz), and the compressed text of PNG files.
    """
    text = raw.decode("utf-8", "ignore")
    yield "the text", ESCAPE.sub(lambda match: chr(int(match[1], 16)), urllib.parse.unquote(html.unescape(text)))
    if b"\0" in raw[:4096]:
        yield "UTF-16", raw.decode("utf-16-le", "ignore")
        yield "wide text", raw.replace(b"\0", b"").decode("utf-8", "ignore")  # as numpy stores texts
    if depth < DEEPEST:
        for wrapping, part in _unpacked(raw):
            for inner, found in views(part, depth + 1):
                yield f"{wrapping}, {inner}", found


def _unpacked(raw):
    """Parts that are packed inside some bytes, with the name of the packing; what is damaged is no part."""
    for coded in set(BASE64.findall(raw)):
        try:
            yield "base64", base64.b64decode(coded[: len(coded) // 4 * 4])
        except binascii.Error:
            continue
    try:
        if raw[:2] == b"\x1f\x8b":
            yield "gzip", gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST)
        elif raw[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                for info in archive.infolist():
                    yield "zip", info.filename.encode() + b"\n" + archive.open(info).read(LARGEST)
        elif raw[:8] == PNG:
            yield from _png_texts(raw)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return


def _png_texts(raw):
    place = len(PNG)
    while place + 8 <= len(raw):
        size, name = int.from_bytes(raw[place : place + 4], "big"), raw[place + 4 : place + 8]
        chunk = raw[place + 8 : place + 8 + size]
        if name in PNG_TEXTS:
            yield "PNG text", chunk
            for start in (match.end() for match in re.finditer(rb"\0", chunk)):  # where compressed text may begin
                inflater = zlib.decompressobj()
                try:
                    yield "PNG text", inflater.decompress(chunk[start + (name == b"zTXt") :], LARGEST)
                except zlib.error:
                    continue
        place += 12 + size


def _names_people(path):
    """Tell whether a table of an own cohort names patients by anything but a pseudonym."""
    if path.suffix != ".csv":
        return False
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return PATIENT_ID in table and not table[PATIENT_ID].map(lambda name: bool(PSEUDONYM.fullmatch(name))).all()
