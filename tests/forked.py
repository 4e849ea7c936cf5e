"""`python -m MODULE` without the second that its imports take: a fork of one process that has made them already.

What is run is the module's own code as `__main__`, in a process with the working directory, environment and output of
its own. It can be stopped, continued and killed like any other.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.imported"])


class Forked:
    """A process under way."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    def send_signal(self, number: signal.Signals) -> None:
        """ProcessLookupError where it has ended."""
        if self._process.exitcode is not None:
            raise ProcessLookupError
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """The exit code; the negative of a signal's number where one has ended it."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        # A descriptor of this wait's own: several may wait at once, and a loop has one reader for each.
        descriptor = os.dup(self._process.sentinel)
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode


def start(module: str, *arguments: str, cwd: Path, environment: dict[str, str], out: Path, err: Path) -> Forked:
    """Run `python -m MODULE ARGUMENTS`; what it writes goes to the files, which may be one, and are made anew."""
    for file in (out, err):
        file.write_bytes(b"")
    process = _CONTEXT.Process(target=_run, args=([module, *arguments], cwd, environment, out, err))
    process.start()
    return Forked(process)


def _run(command: list[str], cwd: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for descriptor, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
