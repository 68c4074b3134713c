# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of C++ that an interrupt (Ctrl-C) leaves at once.

Python delivers a signal when the main thread runs Python code again, which a call of C++ may delay
for minutes. So the main thread waits while another one makes the call. After an interrupt that
thread ends its call on its own; nothing else may use the same objects before.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

__all__ = ["interruptible"]

T = TypeVar("T")


class _Call:
    """A call that another thread makes."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._ended = threading.Event()
        self._value: Any = None
        self._error: BaseException | None = None

    def make(self) -> None:
        """Makes the call; for the thread that does so."""
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        finally:
            self._function = _nothing  # what it holds may be freed
            self._ended.set()

    def wait(self) -> None:
        """Waits for the end of the call; an interrupt ends the wait."""
        # With a limit: on some systems, a wait without one cannot be interrupted.
        while not self._ended.wait(3600):
            pass

    @property
    def result(self) -> Any:
        """What the call returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value


class _Worker:
    """A thread that makes the calls of the main thread. It is kept for its memory."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="pumice", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.calls.get().make()


_worker: _Worker | None = None


def interruptible(function: Callable[..., T], *arguments: Any) -> T:
    """The result of a function, which runs on another thread if this is the main one.

    Args:
        function: what to call; it releases the interpreter's lock while it works.
        arguments: of the call.

    Raises:
        KeyboardInterrupt: at once, while the call goes on.
    """
    global _worker
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    worker = _worker
    if worker is None or worker.process != os.getpid():  # a fork has no threads
        worker = _Worker()
    _worker = None  # what the call calls back is on that thread; after an interrupt it is busy
    call = _Call(partial(function, *arguments))
    worker.calls.put(call)
    call.wait()
    _worker = worker
    result: T = call.result
    return result


def _nothing() -> None:
    pass
