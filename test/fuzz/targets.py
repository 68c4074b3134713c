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
import re
import struct
import subprocess
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

    `prepare` does what all inputs need, once, before children are forked. Targets get parts of the
    time that are as `share`.
    """

    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], None]
    prepare: Callable[[], object] = lambda: None
    share: int = 8


def read_here() -> None:
    """From now on this process reads MLIR itself, not in a child."""
    from pumice._mlir_libs import _pumice

    _pumice.set_isolation(False)


# ------------------------------------------------------------------ machine programs


def inputs_of(program: Any) -> list[Any]:
    chosen = np.random.default_rng(0)
    arrays = []
    text = str(program.module())
    low, end = (0, 2) if "ap_lookup" in text or "cam_search" in text else (-5, 6)
    for _, dtype, shape in program.inputs:
        if math.prod(shape) > 1 << 20:
            raise Refused(parsed=True)
        kind = np.dtype("int16" if dtype == "bfloat16" else dtype)
        values = chosen.integers(low, end, shape)
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


#: Files of the tests, and the passes that make machine programs of them.
MACHINES = (
    ("Interpreter/mvm.mlir", "pum-attach-device{device=ideal}"),
    ("Interpreter/convolution.mlir", "pum-attach-device{device=ideal}"),
    (
        "Interpreter/ap-nearest.mlir",
        "pum-attach-device{device=rtm-ap},crossbar-to-pum,pum-to-simulator",
    ),
    (
        "fuzz/corpus/searches.ap",
        "pum-attach-device{device=cam-fefet},ap-map-searches,crossbar-to-pum,pum-to-simulator",
    ),
    ("Pipelines/associative.mlir", "linalg-to-simulator{device=rtm-ap}"),
    ("Inputs/network.mlir", "linalg-to-simulator{device=isaac}"),
)


@cache
def machine_corpus() -> list[str]:
    """Programs of one region, and of instructions on arrays."""
    from pumice.passmanager import PassManager

    from pumice import ir

    texts = region_corpus()[:]
    for file, passes in MACHINES:
        context = ir.Context()
        module = ir.Module.parse((ROOT / "test" / file).read_text(), context)
        PassManager.parse(f"builtin.module({passes})", context).run(module.operation)
        texts.append(str(module))
    return texts


def make_region(chosen: random.Random) -> bytes:
    text = chosen.choice(region_corpus())
    head, mark, region = text.partition("func.func private @r")
    return (head + mutations.mutate_text(chosen, mark + region)).encode()


def make_program(chosen: random.Random) -> bytes:
    return mutations.mutate_text(chosen, chosen.choice(machine_corpus())).encode()


@cache
def saved_corpus() -> list[bytes]:
    """Bytecode of programs, and of a few mutated ones that load."""
    chosen, files = random.Random(0), []
    texts = [*machine_corpus(), *(make_program(chosen).decode() for _ in range(40))]
    with tempfile.TemporaryDirectory() as folder:
        for text in texts:
            (Path(folder) / "p.mlir").write_text(text)
            try:
                pumice.load(Path(folder) / "p.mlir").save(Path(folder) / "p")
            except ERRORS:
                continue
            files.append((Path(folder) / "p").read_bytes())
    return files


_MARK = b"\npumice-seal-end\n"


def make_saved(chosen: random.Random) -> bytes:
    """A damaged file, most of them with a seal that fits, as an attacker would make."""
    data = chosen.choice(saved_corpus())
    if chosen.random() < 0.2:
        return mutations.mutate_bytes(chosen, data)
    size, length = struct.unpack("<QQ", data[-len(_MARK) - 48 : -len(_MARK) - 32])
    line = data[-len(_MARK) - 48 - length : -len(_MARK) - 48]
    mutate = mutations.flip_bits if chosen.random() < 0.6 else mutations.mutate_bytes
    code = mutate(chosen, data[:size])
    blocks = [code[at : at + 65536] for at in range(0, len(code), 65536)]
    seal = b"".join(hashlib.sha256(block).digest() for block in blocks) + line
    seal += struct.pack("<QQ", len(code), length)
    return code + seal + hashlib.sha256(seal).digest() + _MARK


# ------------------------------------------------------------------ networks


#: Devices, and how a network is compiled for them; the first line of an input names its own.
SYSTEMS: dict[str, dict[str, Any]] = {
    "isaac": {},
    "puma": {},
    "neon": {"nonlinear": "auto"},
    "rtm-ap": {},
    "neurosim-rram": {},
    "aras": {"schedule": "overlap"},
    "tpu-like": {"schedule": "copies"},
}


def make_network(chosen: random.Random) -> bytes:
    text = (ROOT / "test" / "Inputs" / "network.mlir").read_text()
    device = chosen.choice(list(SYSTEMS))
    return f"// {device}\n{mutations.mutate_text(chosen, text)}".encode()


def check_network(data: bytes) -> None:
    device = data.split(b"\n")[0].decode().removeprefix("// ")
    with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
        file.write(data)
        file.flush()
        try:
            program = pumice.compile(file.name, device=device, **SYSTEMS[device])
        except pumice.CompileError as error:
            raise Refused(parsed=True) from error
        except ERRORS as error:
            raise Refused(parsed=False) from error
    check_program(program)


# ------------------------------------------------------------------ passes


@cache
def passes() -> list[str]:
    """What `pumice-opt --help` lists, with a device where one is needed."""
    tool = Path(pumice.__file__).parent / "_mlir_libs" / "pumice-opt"
    text = subprocess.run([tool, "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(
        r"^ {6}--([\w-]+)", text.split("Passes:")[1].split("\n  --")[0], re.MULTILINE
    )
    assert "canonicalize" in names
    assert "linalg-to-simulator" in names
    devices = ("linalg-to-simulator", "quantized-to-crossbar", "pum-attach-device")
    with_devices = [f"{n}{{device={d}}}" for n in devices for d in file_targets.PRESETS]
    quiet = [n for n in names if n not in (*devices, "print-ir")]
    return [*quiet, *with_devices]


@cache
def level_corpus() -> list[str]:
    """Modules of every level."""
    networks = [file_targets.network(), file_targets.network().recompile("neon")]
    return [
        *(network.ir(level) for network in networks for level in network.levels),
        *machine_corpus()[-len(MACHINES) :],
        *((ROOT / "test" / file).read_text() for file, _ in MACHINES),
    ]


def make_passes(chosen: random.Random) -> bytes:
    """A pass, and a module that is often as it was."""
    name, text = chosen.choice(passes()), chosen.choice(level_corpus())
    if chosen.random() < 0.8:
        text = mutations.mutate_text(chosen, text)
    return f"// {name}\n{text}".encode()


def check_passes(data: bytes) -> None:
    """The module verifies after the pass."""
    from pumice.passmanager import PassManager

    from pumice import ir
    from pumice.levels import parse_file

    name = data.split(b"\n")[0].decode().removeprefix("// ")
    try:
        module = file_targets.in_file(data, ".mlir", parse_file)
    except ERRORS as error:
        raise Refused(parsed=False) from error
    with module.context:
        try:
            PassManager.parse(f"builtin.module({name})").run(module.operation)
        except (ir.MLIRError, ValueError) as error:
            raise Refused(parsed=True) from error
        assert module.operation.verify()


# ------------------------------------------------------------------ other files


@cache
def device_corpus() -> list[str]:
    presets = ROOT / "lib" / "Device" / "presets"
    return [(presets / f"{name}.mlir").read_text() for name in file_targets.PRESETS]


def make_device(chosen: random.Random) -> bytes:
    return mutations.mutate_text(chosen, chosen.choice(device_corpus())).encode()


def check_device(data: bytes) -> None:
    try:
        with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
            file.write(data)
            file.flush()
            device = pumice.Device(file.name)
    except ERRORS as error:
        raise Refused(parsed=False) from error
    try:
        report = file_targets.network().recompile(device).estimate()
    except ERRORS as error:
        raise Refused(parsed=True) from error
    check_figures({k: v for k, v in report.to_dict().items() if k != "timings_s"})


def make_npy(chosen: random.Random) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(12, dtype=chosen.choice(("f4", "i1", "i8"))).reshape(3, 4))
    data = stream.getvalue()
    if chosen.random() < 0.3:
        return mutations.mutate_bytes(chosen, data)
    head = mutations._numbers(chosen, data[:128].decode("latin-1"))
    return head.encode("latin-1") + data[128:]


def check_npy(data: bytes) -> None:
    from pumice.cli.files import load_array

    def has_header() -> bool:
        stream = io.BytesIO(data)
        try:
            np.lib.format.read_magic(stream)
            np.lib.format.read_array_header_1_0(stream)
        except Exception:  # more than it says
            return False
        return True

    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        file.write(data)
        file.flush()
        try:
            load_array(file.name)
        except ERRORS as error:
            raise Refused(parsed=has_header()) from error


TARGETS = {
    "regions": Target(make_region, check_text, region_corpus, share=20),
    "programs": Target(make_program, check_text, machine_corpus, share=12),
    "saved": Target(make_saved, check_text, saved_corpus, share=12),
    "networks": Target(make_network, check_network, share=12),
    "passes": Target(make_passes, check_passes, level_corpus, share=12),
    "devices": Target(make_device, check_device, file_targets.network),
    "arrays": Target(make_npy, check_npy, share=6),
    **{name: Target(*parts) for name, parts in file_targets.TARGETS.items()},
}
