# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the fuzzer runs: each target makes inputs from a corpus and checks what comes of them.

A target raises `Refused` for an input that got an error, as it should, and any other exception for
a broken invariant. What ends the process is found by the runner.
"""

from __future__ import annotations

import hashlib
import io
import math
import random
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import file_targets
import mutations
import numpy as np
from file_targets import Refused, check_figures

import pumice
from regions import region_text

ROOT = Path(__file__).resolve().parents[2]
ERRORS = (pumice.PumiceError,)


@dataclass(frozen=True)
class Target:
    """A way in: `make` an input from a seed, and `check` it.

    `prepare` does what all inputs need, once, before children are forked.
    """

    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], None]
    prepare: Callable[[], object] = lambda: None


# ------------------------------------------------------------------ machine programs


def inputs_of(program: Any) -> list[Any]:
    chosen = np.random.default_rng(0)
    arrays = []
    for _, dtype, shape in program.inputs:
        if math.prod(shape) > 1 << 20:
            raise Refused(parsed=True)
        kind = np.dtype("int16" if dtype == "bfloat16" else dtype)
        values = chosen.integers(-5, 6, shape)
        arrays.append(values.astype(kind))
    return arrays


def check_program(program: Any) -> None:
    """Runs and estimates; results do not depend on threads or on saving."""
    try:
        report = program.estimate()
        check_figures({k: v for k, v in report.to_dict().items() if k != "timings_s"})
        arrays = inputs_of(program)
        found, report = program.run_flat(arrays, threads=1)
        check_figures({k: v for k, v in report.to_dict().items() if k != "timings_s"})
        again, _ = program.run_flat(arrays, threads=2)
        same(found, again, "with two threads")
        with tempfile.TemporaryDirectory() as folder:
            program.save(Path(folder) / "p")
            loaded, _ = pumice.load(Path(folder) / "p").run_flat(arrays, threads=1)
        same(found, loaded, "after saving")
    except ERRORS as error:
        raise Refused(parsed=True) from error


def same(one: list[Any], two: list[Any], when: str) -> None:
    for a, b in zip(one, two, strict=True):
        assert a.tobytes() == b.tobytes(), f"another result {when}"


def check_text(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
        file.write(data)
        file.flush()
        try:
            program = pumice.load(file.name)
        except ERRORS as error:
            raise Refused(parsed=False) from error
    check_program(program)


@cache
def region_corpus() -> list[str]:
    """Programs of one region each, with a device."""
    bodies = sorted((Path(__file__).parent / "corpus").glob("*.region"))
    texts = []
    for file in bodies:
        body, *types = (part.strip() for part in file.read_text().split("---"))
        type_, out = types or ("4xf32", "4xf32")
        texts.append(region_text(body, type_, out=out))
    return texts


def make_region(chosen: random.Random) -> bytes:
    text = chosen.choice(region_corpus())
    head, mark, region = text.partition("func.func private @r")
    return (head + mutations.mutate_text(chosen, mark + region)).encode()


def make_program(chosen: random.Random) -> bytes:
    return mutations.mutate_text(chosen, chosen.choice(region_corpus())).encode()


@cache
def saved_corpus() -> list[bytes]:
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for text in region_corpus():
            (Path(folder) / "p.mlir").write_text(text)
            pumice.load(Path(folder) / "p.mlir").save(Path(folder) / "p")
            files.append((Path(folder) / "p").read_bytes())
    return files


_MARK = b"\npumice-seal-end\n"


def make_saved(chosen: random.Random) -> bytes:
    """A damaged file, half of them with a seal that fits, as an attacker would make."""
    data = chosen.choice(saved_corpus())
    if chosen.random() < 0.5:
        return mutations.mutate_bytes(chosen, data)
    size, length = struct.unpack("<QQ", data[-len(_MARK) - 48 : -len(_MARK) - 32])
    line = data[-len(_MARK) - 48 - length : -len(_MARK) - 48]
    code = mutations.mutate_bytes(chosen, data[:size])
    blocks = [code[at : at + 65536] for at in range(0, len(code), 65536)]
    seal = b"".join(hashlib.sha256(block).digest() for block in blocks) + line
    seal += struct.pack("<QQ", len(code), length)
    return code + seal + hashlib.sha256(seal).digest() + _MARK


# ------------------------------------------------------------------ networks


def make_network(chosen: random.Random) -> bytes:
    text = (ROOT / "test" / "Inputs" / "network.mlir").read_text()
    return mutations.mutate_text(chosen, text).encode()


def check_network(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
        file.write(data)
        file.flush()
        try:
            program = pumice.compile(file.name, device="isaac")
        except pumice.CompileError as error:
            raise Refused(parsed=True) from error
        except ERRORS as error:
            raise Refused(parsed=False) from error
    check_program(program)


# ------------------------------------------------------------------ other files


@cache
def device_corpus() -> list[str]:
    presets = ROOT / "lib" / "Device" / "presets"
    return [(presets / f"{name}.mlir").read_text() for name in ("isaac", "neon", "rtm-ap")]


def make_device(chosen: random.Random) -> bytes:
    return mutations.mutate_text(chosen, chosen.choice(device_corpus())).encode()


def check_device(data: bytes) -> None:
    try:
        with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
            file.write(data)
            file.flush()
            device = pumice.Device(file.name)
        report = pumice.compile(ROOT / "test" / "Inputs" / "network.mlir", device=device).estimate()
    except ERRORS as error:
        raise Refused(parsed=False) from error
    check_figures({k: v for k, v in report.to_dict().items() if k != "timings_s"})


def make_npy(chosen: random.Random) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(12, dtype=chosen.choice(("f4", "i1", "i8"))).reshape(3, 4))
    data = stream.getvalue()
    if chosen.random() < 0.5:
        return mutations.mutate_bytes(chosen, data)
    head = mutations._numbers(chosen, data[:128].decode("latin-1"))
    return head.encode("latin-1") + data[128:]


def check_npy(data: bytes) -> None:
    from pumice.cli.files import load_array

    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        file.write(data)
        file.flush()
        try:
            load_array(file.name)
        except ERRORS as error:
            raise Refused(parsed=False) from error


TARGETS = {
    "regions": Target(make_region, check_text),
    "programs": Target(make_program, check_text),
    "saved": Target(make_saved, check_text),
    "networks": Target(make_network, check_network),
    "devices": Target(make_device, check_device),
    "arrays": Target(make_npy, check_npy),
    **{name: Target(*parts) for name, parts in file_targets.TARGETS.items()},
}
