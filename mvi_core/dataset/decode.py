"""What pixels does a compressed image hold: decoded in a process of its own, so that a crash of a codec is an error.

The codecs are C and C++ code that reads untrusted bytes. The child gets the compressed bytes and their description
through a pipe and gives words back; if it dies, takes too long or too much memory, the parent says so and goes on.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from functools import lru_cache

import numpy as np

from mvi_core.errors import DicomError

MAX_SECONDS = 120
MAX_BYTES = 2**32  # of the child's memory


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
