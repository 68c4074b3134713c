# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that appear whole: a crash or a full disk leaves the old file or the new one."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from pumice.errors import FileError, PumiceError

__all__ = [
    "csv_text",
    "is_utf8",
    "native_path",
    "parsed_json",
    "replacing",
    "temporary_folder",
    "write_text",
]

#: Nothing that Pumice writes nests deeper.
_MOST_LEVELS = 200
_TOO_DEEP = f"expected values nested at most {_MOST_LEVELS} deep, got more"


def native_path(path: str | os.PathLike[str]) -> str:
    """A path as C++ takes it.

    Raises:
        PumiceError: its name is not UTF-8, as the bindings' texts are.
    """
    text = os.fsdecode(path)
    if not is_utf8(text):
        raise PumiceError(f"expected a path in UTF-8, got {os.fsencode(text)!r}")
    return text


def is_utf8(text: str) -> bool:
    """False for lone surrogates: of JSON, or of paths that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parsed_json(text: str) -> Any:
    """Plain data from JSON that anyone may have written.

    Raises:
        ValueError: it is not JSON, or nests so deep that what walks through it would fail.
    """
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = _containers([data])
    for _ in range(_MOST_LEVELS):
        level = [part for one in level for part in _containers(one)]
    if level:
        raise ValueError(_TOO_DEEP)
    return data


def _containers(data: Any) -> list[Any]:
    """The lists and dicts directly in one."""
    values = data.values() if isinstance(data, dict) else data
    return [value for value in values if isinstance(value, dict | list)]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A stream whose bytes replace the file when the block ends without an exception.

    The stream is a file next to it, flushed to the disk and renamed. Where there is something else
    than a file (a device, a pipe), the stream is that.

    Raises:
        FileError: the file cannot be written; the text names it.
    """
    target = os.path.realpath(path)  # the file behind a link is replaced, not the link
    part = None
    try:
        mode = _mode(target)
        if mode is not None and not stat.S_ISREG(mode):
            with open(target, "wb") as stream:
                yield stream
            return
        folder, name = os.path.split(target)
        descriptor, part = tempfile.mkstemp(prefix=f"{name}.part", dir=folder or ".")
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(part, stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask())
        os.replace(part, target)
        part = None
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}") from None
    finally:
        if part is not None:
            with contextlib.suppress(OSError):
                os.unlink(part)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone after the block.

    Raises:
        FileError: the folder cannot be made.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="pumice-", ignore_cleanup_errors=True)
    except OSError as error:
        raise FileError(f"cannot make a temporary folder: {error.strerror or error}") from None
    with folder as name:
        yield Path(name)


def csv_text(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> str:
    """Records as CSV; what a record does not have is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a file as `replacing` does, in UTF-8.

    Raises:
        FileError: the file cannot be written; the text names it.
    """
    with replacing(path) as stream:
        stream.write(text.encode())


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
