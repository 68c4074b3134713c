# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The state of a resumable evaluation, in a file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from pumice.arrays import is_torch, to_numpy
from pumice.errors import PumiceError
from pumice.evaluation.batches import arrays_in
from pumice.evaluation.metrics import Metric
from pumice.files import parsed_json, write_text
from pumice.program import Program

__all__ = ["State", "chained", "key_of", "read", "write"]


@dataclass
class State:
    """Sums so far.

    Attributes:
        key: hash of the program and the metric.
        batches, items: number of batches and items in the sums.
        sums: by name.
        data: a chain of hashes of the batches.
    """

    key: str = ""
    batches: int = 0
    items: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    data: str = ""


def key_of(program: Any, metric: Metric) -> str:
    """A hash of everything that determines the values: the program and the metric."""
    found = hashlib.sha256()
    if isinstance(program, Program):
        buffer = io.BytesIO()
        program.module().operation.write_bytecode(buffer)
        found.update(buffer.getbuffer())
    elif hasattr(program, "state_dict"):
        found.update(f"{type(program).__qualname__} {program!r}".encode())
        found.update(str(getattr(program, "code", "")).encode())
        for name, tensor in program.state_dict().items():
            found.update(name.encode())
            if is_torch(tensor):
                found.update(to_numpy(tensor).tobytes())
    else:
        found.update(_code(program))
    found.update(_code(metric))
    return found.hexdigest()


def _code(function: Any) -> bytes:
    """A function's name, code and what it closes over."""
    code = getattr(function, "__code__", None)
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
    if code is None:
        state = _plain(getattr(function, "__dict__", None))
        return f"{type(function).__qualname__} {name} {state}".encode()
    closed = [_plain(cell.cell_contents) for cell in function.__closure__ or ()]
    return f"{name} {_words(code)} {_plain(function.__defaults__)} {closed}".encode()


def _words(code: CodeType) -> str:
    constants = [_words(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def _plain(value: Any) -> str:
    # Addresses differ from process to process.
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def chained(before: str, *values: Any) -> str:
    """The hash of the tensors in `values` and of those before."""
    found = hashlib.sha256(before.encode())
    for array in arrays_in(values):
        plain = to_numpy(array)
        found.update(f"{plain.dtype} {plain.shape} ".encode())
        found.update(plain.tobytes())
    return found.hexdigest()


def read(path: str | os.PathLike[str], state: State) -> State:
    """The state in a file; the empty state if there is no file.

    Raises:
        PumiceError: the file contains something else.
    """
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return State(state.key)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise PumiceError(f"cannot resume from '{path}': {reason}") from None
    try:
        found = State(**parsed_json(text))
        found.sums = {str(name): float(value) for name, value in found.sums.items()}
    except (ValueError, TypeError, AttributeError):
        raise PumiceError(f"expected '{path}' to be the state of an evaluation") from None
    if found.key != state.key:
        raise PumiceError(
            f"expected '{path}' to be the state of this program and metric, got that of another:"
            " delete it to start again"
        )
    return found


def write(path: str | os.PathLike[str], state: State) -> None:
    """Replaces the file atomically: an interruption leaves either the old or the new one."""
    write_text(path, json.dumps(vars(state)) + "\n")
