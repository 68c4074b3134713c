# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Searches of content-addressable memories against their definition, and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

import cam_oracle as oracle
from pumice import Device, Program, PumiceError, ir

DEVICE = Device("cam-fefet")


def changed(**fields: Any) -> Device:
    """The device with other numbers of its memories."""
    return DEVICE.replace(groups={"cams": {"cam": fields}})


def program_of(
    queries: int,
    table: np.ndarray,
    kind: str,
    *,
    limit: int = 0,
    count: int = 0,
    device: Device = DEVICE,
    goal: str = "latency",
) -> Program:
    rows, bits = table.shape
    q = f"tensor<{queries}x{bits}xi8>"
    results = {
        "distances": [f"tensor<{queries}x{rows}xi32>"],
        "within": [f"tensor<{queries}x{rows}xi8>"],
        "best": [f"tensor<{queries}x{count}xi32>", f"tensor<{queries}x{count}xi64>"],
    }[kind]
    types = f"({', '.join(results)})"
    values = ", ".join(f"%d#{i}" for i in range(len(results)))
    data = table.astype(np.int8).tobytes().hex()
    suffix = f" limit {limit}" if limit else ""
    with ir.Context() as context:
        module = ir.Module.parse(
            f"func.func @main(%q: {q}) -> {types} {{\n"
            f'  %d:{len(results)} = ap.cam_search %q in dense<"0x{data}"> :'
            f" tensor<{rows}x{bits}xi8> for {kind}{suffix} : ({q}) -> {types}\n"
            f"  return {values} : {', '.join(results)}\n}}\n"
        )
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for passes in (f"ap-map-searches{{goal={goal}}}", "crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({passes})").run(module.operation)
        return Program({"simulator": module}, {})


def run(program: Program, queries: np.ndarray, threads: int = 2) -> list[np.ndarray]:
    outputs = program.run(queries.astype(np.int8), threads=threads).outputs
    found = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(value) for value in found]


def words(rows: int, bits: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """A table with repeated rows, and queries near some of them."""
    rng = np.random.default_rng(rows * 1000 + bits)
    table = rng.integers(0, high, (rows, bits))
    table[rows // 2 :] = table[: rows - rows // 2]
    queries = np.concatenate([table[np.arange(3) % rows], rng.integers(0, high, (4, bits))])
    queries[1, -1] ^= queries[1, -1] < 2
    return table, queries


@pytest.mark.parametrize("high", [2, 3], ids=["binary", "ternary"])
@pytest.mark.parametrize(("rows", "bits"), [(1, 1), (5, 63), (300, 64), (9, 65), (257, 700)])
def test_results_are_those_of_the_definition(rows: int, bits: int, high: int) -> None:
    """Rows in one block and several, words in one part and several, equal rows."""
    table, queries = words(rows, bits, high)
    wanted = oracle.distances(queries, table)
    count = min(rows, 7)
    limit = int(np.median(wanted))
    for threads in (1, 2):
        (found,) = run(program_of(7, table, "distances"), queries, threads)
        np.testing.assert_array_equal(found, wanted)
        (found,) = run(program_of(7, table, "within", limit=limit), queries, threads)
        np.testing.assert_array_equal(found, wanted <= limit)
        near, at = run(program_of(7, table, "best", count=count), queries, threads)
        expected, places = oracle.best(wanted, count)
        np.testing.assert_array_equal(near, expected)
        np.testing.assert_array_equal(at, places)
    exact = run(program_of(7, table, "within"), queries)[0]
    np.testing.assert_array_equal(exact, wanted == 0)


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
def test_every_instruction_set_gives_the_same(isa: str) -> None:
    code = (
        "import numpy as np, test_cam_searches as t\n"
        "for high in (2, 3):\n"
        "    table, queries = t.words(70, 2100, high)\n"
        "    found = t.run(t.program_of(7, table, 'distances'), queries)[0]\n"
        "    assert (found == t.oracle.distances(queries, table)).all()\n"
    )
    folders = [os.path.dirname(__file__), os.path.dirname(oracle.__file__)]
    path = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PUMICE_ISA": isa, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def shape_of(table: np.ndarray, queries: np.ndarray, count: int = 0) -> dict[str, int]:
    return {
        "queries": len(queries),
        "rows": len(table),
        "bits": table.shape[1],
        "parts": -(-table.shape[1] // 256),
        "blocks": -(-len(table) // 256),
        "key_bits": int((queries != 2).sum()),
        "count": count,
    }


def held(report: Any) -> tuple[float, int]:
    """How long the search holds its arrays, and how many."""
    (search,) = (item for item in report.instructions if item["kind"] == "cam_search")
    lanes = [lane for lane in search["lanes"] if lane["resource"] == "array"]
    return lanes[0]["end_ns"] - lanes[0]["start_ns"], sum(lane["count"] for lane in lanes)


@pytest.mark.parametrize("high", [2, 3])
@pytest.mark.parametrize(("rows", "bits", "count"), [(10, 100, 0), (300, 1000, 5), (513, 64, 1)])
def test_costs_are_those_of_the_page(rows: int, bits: int, count: int, high: int) -> None:
    table, queries = words(rows, bits, high)
    kind = "best" if count else "distances"
    program = program_of(7, table, kind, count=count)
    report = program.run(queries.astype(np.int8)).report
    cam, shape = DEVICE.cams["cam"], shape_of(table, queries, count)
    wanted = oracle.energies(cam, shape)
    found = {
        name: value for name, value in report.components.items()
        if name in ("search_line", "match_line", "sense", "merge", "rank") and value
    }  # fmt: skip
    assert found == pytest.approx(wanted)
    arrays = shape["parts"] * shape["blocks"]
    assert report.counters["cam_searches"] == 7 * arrays
    assert report.counters["cam_rows"] == 7 * rows * shape["parts"]
    assert report.counters["cam_key_bits"] == shape["key_bits"] * shape["blocks"]
    assert held(report)[0] == pytest.approx(oracle.search_ns(cam, shape, cycles=1))
    # Only masked bits of queries make a difference.
    estimate = program.estimate()
    assert estimate.latency_ns == report.latency_ns
    if high == 2:
        assert estimate.dynamic_energy_pj == pytest.approx(report.dynamic_energy_pj)
    else:
        assert estimate.components["search_line"] > report.components["search_line"]


def test_words_are_stored_once() -> None:
    table, queries = words(300, 1000, 2)
    report = program_of(7, table, "distances").run(queries.astype(np.int8)).report
    cam, setup = DEVICE.cams["cam"], report.setup
    energy = setup.components
    assert energy["cam_write"] == pytest.approx(300 * 1000 * cam["write_pj_per_bit"])
    # A ternary cell takes two bits.
    dram = DEVICE.fields["dram"]["read_pj_per_byte"]
    assert energy["dram_read"] == pytest.approx(300 * 1000 * 2 / 8 * dram)
    assert setup.counters["cells_written"] == 300 * 1000
    (write,) = setup.instructions
    assert write["kind"] == "cam_write"
    rows = [lane for lane in write["lanes"] if lane["resource"] == "array"]
    assert rows[0]["end_ns"] - rows[0]["start_ns"] == pytest.approx(256 * cam["write_ns"])


def test_goals_trade_time_for_arrays_and_power() -> None:
    table, queries = words(30, 2048, 2)
    took, arrays = {}, {}
    for goal in ("latency", "power", "density"):
        program = program_of(7, table, "distances", goal=goal)
        (found,) = run(program, queries)
        np.testing.assert_array_equal(found, oracle.distances(queries, table))
        report = program.estimate()
        took[goal], arrays[goal] = held(report)
        components = report.components
        assert components["match_line"] == pytest.approx(
            oracle.energies(DEVICE.cams["cam"], shape_of(table, queries))["match_line"]
        )
    # Eight parts of 30 rows share an array of 256; a mat has four arrays.
    assert arrays == {"latency": 8, "power": 8, "density": 1}
    cam = DEVICE.cams["cam"]
    merge = 3 * cam["merge_ns"]
    assert took["latency"] == pytest.approx(7 * cam["search_ns"] + merge)
    assert took["power"] == pytest.approx(7 * 4 * cam["search_ns"] + merge)
    assert took["density"] == pytest.approx(7 * 8 * cam["search_ns"] + merge)


def test_noise_is_that_of_the_page() -> None:
    table, queries = words(20, 300, 3)
    device = changed(distance_noise=1.5, seed=11)
    cam = device.cams["cam"]
    wanted = oracle.noisy(queries, table, cam, 256, 0)
    assert (wanted != oracle.distances(queries, table)).any()
    for threads in (1, 2):
        (found,) = run(program_of(7, table, "distances", device=device), queries, threads)
        np.testing.assert_array_equal(found, wanted)
    near, at = run(program_of(7, table, "best", count=3, device=device), queries)
    expected, places = oracle.best(wanted, 3)
    np.testing.assert_array_equal(near, expected)
    np.testing.assert_array_equal(at, places)


@pytest.mark.parametrize(
    ("fields", "kind", "more", "message"),
    [
        (
            {"merge_parts": 3},
            "distances",
            {},
            "cuts words of 1000 cells into 4 parts of 256, but the periphery merges at most 3",
        ),
        (
            {"best_matches": 4},
            "best",
            {"count": 5},
            "ranks 5 best matches, but the periphery ranks at most 4",
        ),
        ({"max_distance": 8}, "distances", {}, "into 125 parts of 8, but the periphery merges"),
    ],
)
def test_searches_that_do_not_work_are_refused(fields, kind, more, message) -> None:
    with pytest.raises(Exception, match=message):
        program_of(7, words(10, 1000, 2)[0], kind, device=changed(**fields), **more)


def test_sense_amplifiers_limit_parts() -> None:
    """A threshold that amplifiers can tell needs no narrow parts."""
    device = changed(max_distance=100)
    table, queries = words(10, 1000, 2)
    text = str(program_of(7, table, "distances", device=device).ir("simulator"))
    assert "part_bits = 100, parts = 10" in text
    text = str(program_of(7, table, "within", limit=99, device=device).ir("simulator"))
    assert "part_bits = 256, parts = 4" in text
    (found,) = run(program_of(7, table, "within", limit=99, device=device), queries)
    np.testing.assert_array_equal(found, oracle.distances(queries, table) <= 99)


def test_wrong_entries_are_refused() -> None:
    table = np.zeros((4, 5), int)
    program = program_of(2, table, "distances")
    with pytest.raises(PumiceError, match="expected entries of 0, 1 or 2, got 3"):
        run(program, np.full((2, 5), 3))
    table[1, 1] = 2
    with pytest.raises(PumiceError, match="stores words with .don't care., but cells are binary"):
        run(program_of(2, table, "distances", device=changed(ternary=False)), np.zeros((2, 5)))


def test_no_more_arrays_than_there_are() -> None:
    device = DEVICE.replace(groups={"cams": {"levels": {"chip": {"holds": 1}}}})
    program_of(2, np.zeros((16 * 256, 5), int), "distances", device=device)
    with pytest.raises(Exception, match="the model needs 17 arrays, but device .* has 16"):
        program_of(2, np.zeros((16 * 256 + 1, 5), int), "distances", device=device)


COSTS = sorted(name for name in DEVICE.cams["cam"] if "_pj" in name or name.endswith("_ns"))


@pytest.mark.parametrize("name", COSTS)
def test_negative_costs_are_refused(name: str) -> None:
    with pytest.raises(PumiceError, match=f"{name} must be at least 0, got -1"):
        changed(**{name: -1.0})
