# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Look-ups in associative processors against their definition, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

from pumice import Device, Program, PumiceError, ir

DEVICE = Device("rtm-ap")


def program_of(queries: int, table: np.ndarray, method: str, device: Device = DEVICE) -> Program:
    rows, bits = table.shape
    q, d = f"tensor<{queries}x{bits}xi8>", f"tensor<{queries}x{rows}xi32>"
    data = table.astype(np.int8).tobytes().hex()
    with ir.Context() as context:
        module = ir.Module.parse(
            f"func.func @main(%q: {q}) -> {d} {{\n"
            f'  %d = ap.lookup %q in dense<"0x{data}"> : tensor<{rows}x{bits}xi8>'
            f" by {method} : {q} -> {d}\n  return %d : {d}\n}}\n"
        )
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for pipeline in ("crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        return Program({"simulator": module}, {})


def expected(queries: np.ndarray, table: np.ndarray, method: str) -> np.ndarray:
    q, t = queries[:, None], table[None]
    if method == "hamming":
        return (q != t).sum(axis=2)
    same = (q == t) | ((method == "ternary") & ((q == 2) | (t == 2)))
    return same.all(axis=2).astype(int)


@pytest.mark.parametrize("method", ["exact", "ternary", "hamming"])
@pytest.mark.parametrize(("rows", "bits"), [(5, 1), (300, 9), (20, 140), (7, 600)])
def test_every_row_answers_every_query(method: str, rows: int, bits: int) -> None:
    """One block and several, words of one plane and of more."""
    rng = np.random.default_rng(bits)
    high = 3 if method == "ternary" else 2
    table = rng.integers(0, high, (rows, bits))
    queries = np.concatenate([table[:2], rng.integers(0, high, (3, bits))])
    queries[1, -1] ^= queries[1, -1] < 2
    program = program_of(len(queries), table, method)
    for threads in (1, 2):
        found = program.run(queries.astype(np.int8), threads=threads).outputs
        np.testing.assert_array_equal(np.asarray(found), expected(queries, table, method))


def test_costs() -> None:
    """An exact match of a short word is one search of its columns; the count of rows is free."""
    table = np.zeros((200, 64), int)
    program = program_of(3, table, "exact")
    report, ap = program.run(np.zeros((3, 64), np.int8)).report, DEVICE.fields["ap"]
    # A pass clears the flag, a pass matches.
    assert report.counters["ap_passes"] == 3 * 2
    searched = 3 * 200 * (1 + 64)
    assert report.components["search"] == pytest.approx(searched * ap["search_pj_per_bit"])
    assert program.estimate().latency_ns == report.latency_ns
    wide = program_of(3, np.zeros((256, 64), int), "hamming").estimate()
    many = program_of(3, np.zeros((2560, 64), int), "hamming").estimate()
    assert many.counters["ap_passes"] == 10 * wide.counters["ap_passes"]

    def busy(report) -> float:
        return sum(
            item["end_ns"] - item["start_ns"]
            for item in report.instructions
            if item["kind"] == "lookup"
        )

    assert busy(many) == pytest.approx(busy(wide), rel=0.01)
    few = DEVICE.replace(arrays_per_ima=1, imas_per_tile=2, tiles=1)
    taking_turns = program_of(3, np.zeros((2560, 64), int), "hamming", few).estimate()
    assert busy(taking_turns) == pytest.approx(5 * busy(wide), rel=0.01)


def test_bad_input() -> None:
    program = program_of(1, np.zeros((2, 3), int), "exact")
    with pytest.raises(PumiceError, match="expected bits from 0 to 1, got 2"):
        program.run(np.array([[0, 2, 0]], np.int8))
    small = DEVICE.replace(ap={"columns": 6, "domains": 4})
    program = program_of(1, np.zeros((2, 17), int), "exact", small)
    with pytest.raises(PumiceError, match="words of 17 bits take 6 columns and 5 domains"):
        program.estimate()
