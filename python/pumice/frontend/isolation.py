# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what may end the process, or never end, in a child."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import time
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["LIMIT_SECONDS", "Crash", "isolated"]

#: How long a call may take.
LIMIT_SECONDS = 1800.0


class Crash(Exception):
    """The child ended without a result; the text says how."""


def isolated(function: Callable[[], Any], limit: float | None = None) -> Any:
    """The result of a function that runs in a fork of this process; it must pickle.

    What the function changes stays in the child. Without `os.fork` it runs here.

    Args:
        function: must raise nothing, and start nothing that outlives it.
        limit: seconds that it may take; `LIMIT_SECONDS` if not given.

    Raises:
        Crash: a signal ended the child, or it took longer.
    """
    if not hasattr(os, "fork"):
        return function()
    limit = LIMIT_SECONDS if limit is None else limit
    source, sink = os.pipe()
    with warnings.catch_warnings():
        # Of threads: the child uses none of this process's.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _in_child(function, source, sink)
    os.close(sink)
    in_time = False
    try:
        data, in_time = _read(source, time.monotonic() + limit)
    finally:
        os.close(source)
        if not in_time or not _has_ended(child):
            os.kill(child, signal.SIGKILL)
    status = _status_of(child)
    if not in_time:
        raise Crash(f"it took longer than {limit:g} s")
    if os.WIFSIGNALED(status):
        raise Crash(f"signal {signal.Signals(os.WTERMSIG(status)).name}")
    if not data:
        raise Crash(f"exit status {os.waitstatus_to_exitcode(status)}")
    return pickle.loads(data)


def _in_child(function: Callable[[], Any], source: int, sink: int) -> None:
    status = 1
    try:
        import torch

        os.close(source)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # stack dumps
            os.dup2(nowhere, stream)
        torch.set_num_threads(1)  # the parent's threads are not here
        _limit_memory()
        data = pickle.dumps(function())
        with os.fdopen(sink, "wb") as file:
            file.write(data)
        status = 0
    finally:
        os._exit(status)


def _limit_memory() -> None:
    """No more than the machine has left: what asks for more gets an error, not the machine."""
    with contextlib.suppress(ImportError, OSError, ValueError, KeyError):  # not on Linux
        import resource

        left = _kibibytes("/proc/meminfo", "MemAvailable") << 10
        used = _kibibytes("/proc/self/status", "VmData") << 10
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([used + left, *limits]), hard))


def _kibibytes(path: str, name: str) -> int:
    with open(path, encoding="utf-8") as file:
        found = dict(line.split(":", 1) for line in file)
    return int(found[name].split()[0])


def _status_of(child: int) -> int:
    """What `os.waitpid` says; 0 in a process that ignores SIGCHLD, where it is lost."""
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return 0


def _has_ended(child: int) -> bool:
    """Waits a moment for a child that has said all, without collecting it."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
        except ChildProcessError:
            return True
        time.sleep(0.001)
    return False


def _read(source: int, end: float) -> tuple[bytes, bool]:
    """All that comes, and whether it came in time."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([source], [], [], max(end - time.monotonic(), 0))
        if not ready:
            return b"".join(parts), False
        part = os.read(source, 1 << 20)
        if not part:
            return b"".join(parts), True
        parts.append(part)
