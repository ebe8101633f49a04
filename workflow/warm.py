"""A process that holds the imports of every page and step, and forks for each `mvi` verb of a run.

Starting Python, the kernel and the libraries costs a page several seconds; a fork costs none of them. `run.py` starts
this process and names its socket in ``MVI_WARM``; `mvi` hands its words over (`mvi_core.cli`). Each verb works in a
process of its own, which ends with it, so that pages share nothing but what importing left.
"""

import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

LIBRARIES = (
    "ipykernel.kernelapp", "IPython.core.completer", "jupytext", "lifelines", "matplotlib.pyplot", "myst_nb.ext.glue",
    "papermill", "scipy.optimize", "scipy.stats", "seaborn", "sklearn.linear_model", "sklearn.manifold",
    "sklearn.model_selection", "statsmodels.api", "torch",
)  # fmt: skip
LARGEST = 2**20  # bytes of a message: words, folder and environment of a verb
KERNEL = "mvi-warm"  # name of the provisioner that forks


class ForkedKernel(LocalProvisioner):
    """Kernel of a page in the process that was forked for it before anything ran here."""

    waiting = None  # (process id, pipe) of that process; one verb runs one page

    async def launch_kernel(self, cmd, **kwargs):
        """Tell the waiting process the connection file, at which it becomes the kernel."""
        process, pipe = ForkedKernel.waiting
        words = {
            "connection": self.parent.connection_file,
            "folder": str(kwargs.get("cwd") or Path.cwd()),
            "environment": kwargs["env"],
        }
        with os.fdopen(pipe, "w") as stream:
            json.dump(words, stream)
        self.process, self.pid, self.pgid = _Child(process), process, process
        return self.connection_info


class _Child:
    """What a provisioner asks of a `subprocess.Popen`, for a fork."""

    stdin = stdout = stderr = None

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self, how=os.WNOHANG):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self):
        return self.poll(0)

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)


def serve(address):
    """Import everything, then fork for each verb that comes; ends with the process that started it."""
    parent, line = os.getppid(), socket.socket(socket.AF_UNIX)
    line.bind(address)
    line.listen(64)  # a verb that comes early waits for the imports
    for name in (*LIBRARIES, *_package()):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # handlers leave nothing to wait for
    while os.getppid() == parent:
        if select.select([line], [], [], 1)[0]:
            verb, _ = line.accept()
            if os.fork() == 0:
                line.close()
                os._exit(_handle(verb))
            verb.close()


def _package():
    """Names of the modules of the package."""
    root = Path(__file__).parent.parent
    files = sorted(root.glob("mvi_core/**/[a-z]*.py"))
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in files]


def _handle(verb):
    """Run one verb in a fork and answer its exit status; end it if who asked for it goes away."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, streams, *_ = socket.recv_fds(verb, LARGEST, 2)
    asked = json.loads(text)
    worker = os.fork()
    if worker == 0:
        os.setpgid(0, 0)
        verb.close()
        _become(asked, streams)
        os._exit(_guarded(lambda: _verb(asked["words"])))
    ended = os.pidfd_open(worker)
    ready, *_ = select.select([verb, ended], [], [])
    if ended not in ready:
        os.killpg(worker, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if ended in ready:
        verb.sendall(str(status if status >= 0 else 128 - status).encode())
    return 0


def _become(asked, streams=()):
    """Take over folder, environment and streams."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)


def _verb(words):
    from mvi_core.cli import main

    if words[0] == "run":
        _prepare_kernel()
    return main(words)


def _prepare_kernel():
    """Fork the process that will be the page's kernel, while this one has no threads and no sockets yet."""
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(writing)
        os.setsid()
        with os.fdopen(reading) as stream:
            words = stream.read()
        os._exit(_guarded(lambda: _kernel(json.loads(words))) if words else 0)
    os.close(reading)
    sys.modules["workflow.warm"].ForkedKernel.waiting = process, writing
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[KERNEL] = EntryPoint(KERNEL, "workflow.warm:ForkedKernel", factory.GROUP_NAME)
    factory.default_provisioner_name = KERNEL


def _kernel(words):
    """Be the kernel of a page until it is told to stop."""
    import matplotlib
    import matplotlib.pyplot as plt
    from ipykernel.kernelapp import IPKernelApp

    _become(words)
    kernel = IPKernelApp.instance(parent_handle=os.getppid())  # ends with the process that runs the page
    kernel.initialize(["-f", words["connection"]])
    matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"  # as a kernel does before the import
    plt.switch_backend(matplotlib.rcParams["backend"])
    kernel.start()
    return 0


def _guarded(function):
    """Exit status of a function in a fork, which must never return to the code of its parent."""
    try:
        status = function()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return status or 0


if __name__ == "__main__":
    from workflow import warm  # as a module with its own name, by which the kernel's factory finds it

    warm.serve(sys.argv[1])
