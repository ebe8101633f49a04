"""What pixels does a compressed image hold: decoded in a process of its own, so that a crash of a codec is an error.

The codecs are C and C++ code that reads untrusted bytes. The child gets the compressed bytes and their description
through a pipe and gives words back; if it dies, takes too long or too much memory, the parent says so and goes on.
"""

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from functools import lru_cache

import numpy as np
from pydicom.uid import UID, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from mvi_core.errors import DicomError

LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless)
MAX_SECONDS = 120
MAX_BYTES = 2**32  # of the child's memory
J2K_START, J2K_STYLE, JPEG_START = b"\xff\x4f\xff\x51", b"\xff\x52", b"\xff\xd8"
JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # markers of a frame header


def decode(encapsulated, syntax, *, frames, options):
    """Words of some frames of encapsulated PixelData, as stored: array (n_frames, rows, columns).

    ``frames`` count from 0; ``options`` describe the image as pydicom's decoders take it (rows, columns, ...). A
    `DicomError` without a place says why there are none.
    """
    request = json.dumps({"syntax": str(syntax), "frames": list(frames), "options": options}).encode()
    worker = _worker(os.getpid())
    clock = threading.Timer(MAX_SECONDS, worker.kill)
    clock.start()
    try:
        for part in (request, encapsulated):
            _send(worker.stdin, part)
        reply, pixels = json.loads(_receive(worker.stdout)), _receive(worker.stdout)
    except (OSError, EOFError, ValueError) as problem:
        _stop(worker, os.getpid())
        _worker.cache_clear()
        raise DicomError("its compressed pixels stopped the decoder (crash, or no end)") from problem
    finally:
        clock.cancel()
    if reply["failed"]:
        raise DicomError(f"its pixels cannot be decoded ({reply['failed']})")
    return np.frombuffer(pixels, reply["dtype"]).reshape(reply["shape"])


@lru_cache(maxsize=1)
def _worker(_pid):
    command = [sys.executable, "-m", "mvi_core.dataset.decode"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    atexit.register(_stop, process, os.getpid())
    return process


def _stop(process, owner):
    if os.getpid() == owner:  # not in a forked child
        process.kill()
        process.communicate()  # closes the pipes and waits


def _send(stream, part):
    stream.write(len(part).to_bytes(8, "little"))
    stream.write(part)
    stream.flush()


def _receive(stream):
    size = stream.read(8)
    part = stream.read(int.from_bytes(size, "little")) if len(size) == 8 else b""
    if len(size) < 8 or len(part) < int.from_bytes(size, "little"):
        raise EOFError
    return part


def coded_size(stream):
    """Rows and columns by the header of a JPEG, JPEG-LS or JPEG 2000 stream itself; None where it is another coding."""
    at = stream.find(J2K_START, 0, 512)  # behind the boxes of a JP2 file too
    if at >= 0:  # Xsiz, Ysiz, XOsiz, YOsiz (ISO 15444-1 A.5.1)
        right, bottom, left, top = struct.unpack_from(">4I", stream, at + 8)
        return bottom - top, right - left
    at = 2
    while stream.startswith(JPEG_START) and at + 9 < len(stream) and stream[at] == 0xFF:
        if stream[at + 1] in JPEG_FRAMES:
            return struct.unpack_from(">2H", stream, at + 5)
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None


def is_lossy(syntax, encapsulated):
    """Tell by the coding itself whether values were lost, whatever LossyImageCompression says or leaves out."""
    start = encapsulated.find(J2K_START, 0, 512) if UID(syntax).is_encapsulated else -1
    style = encapsulated.find(J2K_STYLE, start) if start >= 0 else -1
    return syntax in LOSSY or (style >= 0 and encapsulated[style + 13 : style + 14] == b"\0")  # 9-7 wavelet


def _expect_frames(encapsulated, options):
    """Refuse offsets out of order and streams of another size: decoders would exchange frames, or fold their rows."""
    from pydicom.encaps import generate_frames, parse_basic_offsets

    offsets = parse_basic_offsets(encapsulated)
    if offsets != sorted(set(offsets)):
        raise ValueError("offset table out of order")
    for stream in generate_frames(encapsulated, number_of_frames=options["number_of_frames"]):
        if coded_size(stream) not in (None, (options["rows"], options["columns"])):
            raise ValueError("another size than Rows and Columns")


def _serve(incoming, outgoing):
    import resource
    import warnings

    from pydicom.pixels import get_decoder

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        request, encapsulated = json.loads(_receive(incoming)), _receive(incoming)
        try:
            decoder, options = get_decoder(request["syntax"]), request["options"]
            _expect_frames(encapsulated, options)
            arrays = [decoder.as_array(encapsulated, index=i, raw=True, **options)[0] for i in request["frames"]]
            words, failed = np.stack(arrays), ""
        except Exception as problem:
            words, failed = np.zeros(0), type(problem).__name__
        words = np.ascontiguousarray(words)
        _send(outgoing, json.dumps({"failed": failed, "dtype": words.dtype.str, "shape": words.shape}).encode())
        _send(outgoing, words.tobytes())


if __name__ == "__main__":
    try:
        _serve(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
    except EOFError:
        sys.exit(0)
