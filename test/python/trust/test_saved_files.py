# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Saved programs are as they were written, or refused before anything of them is interpreted."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import resource
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice import ir, levels
from regions import region_program

BODY = """
%y = arith.addf %a, %a : tensor<4xf32>
return %y : tensor<4xf32>
"""
X = np.arange(4, dtype=np.float32)
MARK = b"\npumice-seal-end\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "p.mlirbc"
    region_program(BODY).save(path)
    again = pumice.load(path)
    assert again.run(X).outputs.tolist() == (2 * X).tolist()
    return path.read_bytes()


def refused(tmp_path: Path, data: bytes, match: str) -> None:
    path = tmp_path / "p.mlirbc"
    path.write_bytes(data)
    with pytest.raises(pumice.PumiceError, match=match):
        pumice.load(path)


def parts_of(data: bytes) -> tuple[bytes, bytes]:
    """The bytecode, and the line of versions."""
    bytecode, length = struct.unpack("<QQ", data[-len(MARK) - 48 : -len(MARK) - 32])
    return data[:bytecode], data[-len(MARK) - 48 - length : -len(MARK) - 48]


def sealed(code: bytes, line: bytes) -> bytes:
    """A file with a seal that fits, by what lib/Support says; as an attacker would make it."""
    blocks = [code[at : at + 65536] for at in range(0, len(code), 65536)]
    seal = b"".join(hashlib.sha256(block).digest() for block in blocks) + line
    seal += struct.pack("<QQ", len(code), len(line))
    return code + seal + hashlib.sha256(seal).digest() + MARK


def resealed(data: bytes, **line: object) -> bytes:
    """The file with another line of versions."""
    code, old = parts_of(data)
    return sealed(code, (json.dumps({**json.loads(old), **line}) + "\n").encode())


def test_flipped_bits(saved: bytes, tmp_path: Path) -> None:
    chosen = random.Random(1)
    for _ in range(200):
        at = chosen.randrange(len(saved))
        data = bytearray(saved)
        data[at] ^= 1 << chosen.randrange(8)
        refused(tmp_path, bytes(data), r"the file is damaged: .*(bytes|seal)")


def test_the_place_is_named(saved: bytes, tmp_path: Path) -> None:
    data = bytearray(saved)
    data[100] ^= 4
    refused(tmp_path, bytes(data), r"bytes 0 to \d+ are not as they were written")
    data = bytearray(saved)
    data[-len(MARK) - 50] ^= 4
    refused(tmp_path, bytes(data), r"the seal, bytes \d+ to \d+, is not as it was written")


def test_cut_files(saved: bytes, tmp_path: Path) -> None:
    for size in [*range(4, len(saved), 97), len(saved) - 1]:
        refused(tmp_path, saved[:size], rf"expected a seal at the end .* got none in {size} bytes")
    refused(tmp_path, saved + b"\0", "expected a seal at the end")


def test_versions(saved: bytes, tmp_path: Path) -> None:
    assert resealed(saved, format=1)[-100:] != b""
    (tmp_path / "same").write_bytes(resealed(saved))
    assert pumice.load(tmp_path / "same").run(X).outputs.tolist() == (2 * X).tolist()
    mine = pumice.__version__.replace(".", r"\.")
    refused(
        tmp_path,
        resealed(saved, format=2, pumice="9.9.9"),
        rf"expected a program of pumice {mine} \(format 1\), got one of pumice 9\.9\.9 \(format 2",
    )
    refused(tmp_path, resealed(saved, pumice="0.0.1"), r"got one of pumice 0\.0\.1 \(format 1\)")
    refused(tmp_path, resealed(saved, format="x"), "expected a format and a version in its seal")


def test_lines_of_versions(saved: bytes, tmp_path: Path) -> None:
    """Read before anything else: LLVM's parser of JSON recurses, and terminals obey escapes."""
    code, _ = parts_of(saved)
    version = json.dumps({"format": 2, "pumice": "1\x1b[2J"}).encode()
    long = json.dumps({"format": 2, "pumice": "1" * 100_000}).encode()
    for line in (b"[" * 3_000_000, b'{"a":' * 2_000_000, b'{"format": 1e999}', version, long, b""):
        refused(tmp_path, sealed(code, line), "expected a format and a version in its seal")


def test_types_that_expand_for_ever(saved: bytes, tmp_path: Path) -> None:
    """MLIR's reader does not end for a tuple in itself; its process has a limit of its own."""
    stream = io.BytesIO()
    module = ir.Module.parse(
        "func.func private @f() -> tuple<tuple<i8, i8, i8, i8>, i16>", ir.Context()
    )
    module.operation.write_bytecode(stream)
    code = stream.getvalue()
    inner = bytes([9, 1, 1, 1, 1])  # four elements, each type 0
    assert code.count(inner) == 1
    _, line = parts_of(saved)
    (tmp_path / "p").write_bytes(sealed(code.replace(inner, bytes([9, 3, 3, 3, 3])), line))
    tool = Path(pumice.__file__).parent / "_mlir_libs" / "pumice-sim"
    done = subprocess.run(
        [tool, tmp_path / "p"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 20)),
        check=False,
    )
    assert "got what ends MLIR's reader (CPU time limit exceeded)" in done.stderr
    assert done.returncode == 1


def test_text_that_the_reader_does_not_survive(tmp_path: Path) -> None:
    """MLIR's parser asserts on some types; a child reads the file first."""
    path = tmp_path / "p.mlir"
    deadly = 0
    for text in (
        "func.func private @f() -> memref<4xf32, strided<[1], offset: 9223372036854775808>>",
        "func.func private @f() -> vector<9223372036854775807x9223372036854775807xf32>",
        'func.func private @f() attributes {a = dense<"0x00"> : tensor<9223372036854775807x4xi8>}',
        "module {" * 100000,
        "func.func private @f() -> " + "tuple<" * 50000,
    ):
        path.write_text(text)
        with contextlib.suppress(pumice.PumiceError):  # or it is valid, but no program
            levels.parse_file(path)
        with pytest.raises(pumice.PumiceError) as caught:
            pumice.load(path)
        deadly += "to be MLIR, got what ends MLIR's reader" in str(caught.value)
    assert deadly > 0


def test_sizes_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "p.mlir"
    path.write_text(
        "func.func @main(%x: memref<9223372036854775807xf32, #simulator.memory<host>>) { return }"
    )
    with pytest.raises(pumice.PumiceError, match=r"expected tensors of fewer than 2\^50 bytes"):
        pumice.load(path)
    path.write_text("module {" * 200 + "}" * 200)
    with pytest.raises(pumice.PumiceError, match="expected ops nested at most 128 deep, got more"):
        pumice.load(path)
