# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of JSON lines, to which runs that may be interrupted append one result at a time.

Several processes may append to one file: each line is one write, under a lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pumice.errors import FileError, PumiceError

__all__ = ["append_line", "kept_lines"]


def kept_lines(path: Path) -> list[str]:
    """The complete lines of a file; an incomplete line at its end is cut off.

    Creates the file and its folder if they do not exist.

    Raises:
        PumiceError: the file cannot be read or written, or is not a text file.
    """
    with _locked(path) as stream:
        end = _cut(stream)
        stream.seek(0)
        whole = stream.read(end)
        try:
            return whole.decode().splitlines()
        except UnicodeDecodeError:
            raise PumiceError(f"cannot keep results in '{path}': it is not a text file") from None


def append_line(path: Path, record: Any) -> None:
    """Appends a record of plain data; all of it is in the file then, or nothing.

    Raises:
        FileError: the file cannot be written.
    """
    line = (json.dumps(record) + "\n").encode()
    with _locked(path) as stream:
        end = _cut(stream)
        try:
            if stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(stream.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                stream.truncate(end)
            raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, without a buffer, while no other process has it so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as stream:
            with contextlib.suppress(ImportError, OSError):  # not every file system has locks
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream
    except OSError as error:
        raise FileError(f"cannot keep results in '{path}': {error.strerror or error}") from None


def _cut(stream: IO[bytes]) -> int:
    """Cuts off the part of a line that a crash left at the end; returns where lines end."""
    size = end = stream.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - (1 << 16))
        stream.seek(start)
        last = stream.read(end - start).rfind(b"\n")
        if last >= 0:
            end = start + last + 1
            break
        end = start
    if end != size:
        stream.truncate(end)
    return end
