# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A device of crossbar arrays and processors, and a network that uses both.

The result against NumPy; costs of tasks against those of instructions; resources by group.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import itertools

from pumice.passmanager import PassManager

from pumice import Device, Program, PumiceError, ir
from pumice._mlir_libs import _pumice

INPUTS = Path(__file__).resolve().parents[2] / "Inputs"
DEVICE = Device(str(INPUTS / "mixed-device.mlir"))
TO_TASKS = "crossbar-tile-to-arrays,ap-compile-programs{layout=along threads=1},crossbar-to-pum"
ISOLATED = "convert-pum-to-simulator,verify-simulator-program"


def network_at(context, device: Device, pipelines: str) -> ir.Module:
    module = ir.Module.parse((INPUTS / "mixed-network.mlir").read_text(), context)
    module.operation.attributes["pum.device"] = device.to_attribute(context)
    PassManager.parse(f"builtin.module({pipelines})", context).run(module.operation)
    return module


def program_of(device: Device) -> Program:
    with ir.Context() as context:
        module = network_at(context, device, f"{TO_TASKS},pum-to-simulator")
        return Program({"simulator": module}, {})


def expected(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w1 = np.array([[1, -2, 3, -4, 5, -6, 7, -8, 9], [0, 10, -20, 30, -40, 50, -60, 70, -80]])
    patches = np.lib.stride_tricks.sliding_window_view(x[0, 0].astype(int), (3, 3))
    a = np.einsum("hwk,ck->chw", patches.reshape(4, 4, 9), w1)
    b = np.einsum("chw,oc->ohw", a & 7, np.array([[1, -1], [0, 1], [1, 1]]))
    q = (b & 1).reshape(3, 16)
    words = ["0000000011111111", "0101010101010101", "1111111111111111", "0011001100110011"]
    table = np.array([[int(bit) for bit in word] for word in words])
    n = (q[:, None] != table[None]).sum(axis=2)
    w3 = np.array([
        [1, 2, 3, 4], [-1, -2, -3, -4], [0, 0, 7, 0], [9, 9, 9, 9], [-8, 4, -2, 1],
        [100, -100, 50, -50],
    ])  # fmt: skip
    return n @ (y ^ 3).astype(int).T, n @ w3.T


def tensors(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(-128, 128, (1, 1, 6, 6)).astype(np.int8)
    return x, rng.integers(-128, 128, (5, 4)).astype(np.int8)


def test_results() -> None:
    program, (x, y) = program_of(DEVICE), tensors()
    for found, right in zip(program.run(x, y).outputs, expected(x, y), strict=True):
        assert np.array_equal(found, right)


@pytest.mark.parametrize("more", ["", "drivers", "links"])
def test_a_task_costs_what_its_instruction_does(more: str) -> None:
    """Load, store, programs of constants and of temporary weights, layers of all kinds, digital."""
    device = DEVICE
    if more == "drivers":
        device = device.replace(
            arrays={
                "write_drivers": {"level": "tile", "count": 1},
                "converters": {"level": "tile", "count": 1},
            }
        )
    if more == "links":
        device = device.replace(
            groups={"processors": {"levels": {"bank": None, "tile": {"holds": 4}}}},
            components={"processor": None},
            interconnect={
                "topology": "mesh", "level": "tile", "rows": 3, "columns": 3,
                "bandwidth_bytes_per_ns": 0.5, "router_ns": 2, "wire_ns_per_mm": 1,
                "router_pj_per_bit": 0.1, "wire_pj_per_bit_mm": 0.2, "memory_node": 7,
                "spread_buffer": True,
            },
        )  # fmt: skip
    with ir.Context() as context:
        module = network_at(context, device, TO_TASKS)
        tasks = json.loads(_pumice.task_costs(module))
        PassManager.parse(f"builtin.module({ISOLATED})", context).run(module.operation)
        instructions = json.loads(_pumice.task_costs(module))
        estimate = Program({"simulator": module}, {}).estimate().to_dict()
    kinds = {task["op"] for task in tasks}
    assert kinds == {f"pum.{kind}" for kind in ("load", "store", "program", "compute", "digital")}
    found = {instruction["op"] for instruction in instructions}
    names = ("transfer", "program", "mvm", "ap_exec", "ap_lookup", "digital")
    assert found == {f"simulator.{kind}" for kind in names}
    assert [task["cost"] for task in tasks] == [one["cost"] for one in instructions]
    assert all(task["cost"]["latency_ns"] > 0 for task in tasks)
    for task in tasks if more == "links" else ():
        held = {use["resource"] for use in task["cost"]["resources"]}
        assert ("link" in held) == (task["op"] != "pum.digital")
    # The machine takes the same: programs before the first inference are in the setup.
    timed = [*estimate["setup"]["instructions"], *estimate["instructions"]]
    taken = sorted(one["end_ns"] - one["start_ns"] for one in timed)
    assert taken == pytest.approx(sorted(task["cost"]["latency_ns"] for task in tasks))


def test_tasks_that_are_not_placed_have_a_cost() -> None:
    """As on the lowest units: a scheduler asks before it places anything."""
    with ir.Context() as context:
        passes = TO_TASKS.replace("crossbar-to-pum", "convert-crossbar-to-pum")
        free = json.loads(_pumice.task_costs(network_at(context, DEVICE, passes)))
        placed = json.loads(_pumice.task_costs(network_at(context, DEVICE, TO_TASKS)))

    def without_places(tasks):
        for task in tasks:
            for part in [*task["cost"]["resources"], *task["cost"]["writes"]]:
                part.pop("first")
        return tasks

    assert without_places(free) == without_places(placed)


def test_resources_have_the_names_of_their_groups() -> None:
    program, (x, y) = program_of(DEVICE), tensors()
    report = program.run(x, y).report
    assert set(report.utilisation) == {
        "arrays.array", "processors.array", "digital_unit", "buffer_port", "dram_port",
    }  # fmt: skip
    assert report.utilisation["arrays.array"].count == 16
    assert report.utilisation["processors.array"].count == 4
    assert report.utilisation["processors.array"].busy_ns > 0
    groups = {entry.group for entry in report.wear.ranges}
    assert groups == {"arrays", "processors"}
    assert report.wear.lifetime.runs is not None
    # Area: 8 tiles of 100 and 1000 of the chip, a bank of 400, 50 of no group.
    assert report.area_mm2 == pytest.approx((8 * 100 + 1000 + 400 + 50) / 1e6)
    assert report.static_energy_pj == pytest.approx(5 * report.latency_ns)
    names = [(level.group, level.level, level.count) for level in report.levels]
    assert names == [("arrays", "tile", 8), ("arrays", "chip", 1), ("processors", "bank", 1)]


def test_lifetime_is_that_of_the_first_group_to_wear_out() -> None:
    x, y = tensors()

    def lifetime(arrays: int | None, processors: int | None):
        changes = {"arrays": arrays, "processors": processors}
        device = DEVICE.replace(groups={k: {"endurance_writes": v} for k, v in changes.items()})
        return program_of(device).run(x, y).report.wear.lifetime

    many = lifetime(10**9, 10**9)
    assert lifetime(10, 10**9).runs < many.runs
    assert lifetime(10**9, 100).runs < many.runs
    assert lifetime(10, 100).runs == min(lifetime(10, 10**9).runs, lifetime(10**9, 100).runs)
    assert lifetime(None, 100).limit == "unknown"


def duration(task: dict) -> float:
    return max(use["busy_ns"] for use in task["cost"]["resources"])


def test_write_drivers_and_converters_are_shared() -> None:
    """Arrays of a tile are written one after the other with one driver, and not with two."""

    def program_and_layer(**changes):
        with ir.Context() as context:
            device = DEVICE.replace(arrays=changes)
            tasks = json.loads(_pumice.task_costs(network_at(context, device, TO_TASKS)))
        program = next(task for task in tasks if task["op"] == "pum.program")
        layer = next(
            task
            for task in tasks
            if task["op"] == "pum.compute" and "conversions" in task["cost"]["counters"]
        )
        return program["cost"], layer["cost"]

    def busy(cost, name):
        return [use["busy_ns"] for use in cost["resources"] if use["resource"] == name]

    # The convolution has 9 inputs: two row tiles of 8 rows, one for each array of a tile.
    free, layer = program_and_layer()
    assert busy(free, "arrays.array") == [8 * 50]
    one, _ = program_and_layer(write_drivers={"level": "tile", "count": 1})
    assert busy(one, "arrays.array") == busy(one, "write_driver") == [2 * 8 * 50]
    two, _ = program_and_layer(write_drivers={"level": "tile", "count": 2})
    assert busy(two, "arrays.array") == [8 * 50]
    drivers = [use for use in two["resources"] if use["resource"] == "write_driver"]
    assert [(use["first"], use["count"]) for use in drivers] == [(0, 2)]
    # 16 windows, 8 input bits, a read of 10 ns or 8 conversions; twice as many in turns.
    assert busy(layer, "arrays.array") == [16 * 8 * 10]
    _, shared = program_and_layer(converters={"level": "tile", "count": 1})
    assert busy(shared, "arrays.array") == busy(shared, "converter") == [16 * 8 * 16]


def test_drivers_of_a_tile_are_contended() -> None:
    """Two programs in one tile wait for its driver; in two tiles they do not."""
    device = DEVICE.replace(arrays={"write_drivers": {"level": "tile", "count": 1}})
    setup = program_of(device).estimate().setup
    held = [
        (lane["first"], lane["start_ns"], lane["end_ns"])
        for one in setup.instructions
        for lane in one["lanes"]
        if lane["resource"] == "write_driver"
    ]
    assert {first for first, _, _ in held} == {0, 1}
    for first in (0, 1):
        spans = sorted((start, end) for tile, start, end in held if tile == first)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert setup.utilisation["write_driver"].count == 8


def test_costs_of_what_is_no_task() -> None:
    with ir.Context() as context:
        module = ir.Module.parse("module {}", context)
        with pytest.raises(ValueError, match="expected a module that names a device"):
            _pumice.task_costs(module)
        module = network_at(context, DEVICE, TO_TASKS)
        for name, words in [
            (
                "isaac",
                "is placed on 'processors', which is not a group of associative processors of ",
            ),
            ("rtm-ap", "is placed on 'arrays', which is not a group of crossbar arrays of device"),
        ]:
            module.operation.attributes["pum.device"] = Device(name).to_attribute(context)
            with pytest.raises(ValueError, match=words):
                _pumice.task_costs(module)
        layers = ir.Module.parse(
            "func.func @f(%x: tensor<5x3xi8>) {\n"
            '  %d, %t = pum.compute (%x) on <"processors", 0, 1> : (tensor<5x3xi8>)'
            " -> tensor<5x1xi32> {\n  ^bb0(%a: tensor<5x3xi8>):\n"
            + "".join(
                f"    %{i} = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact"
                " : tensor<5x3xi8> -> tensor<5x1xi32>\n"
                for i in range(2)
            )
            + "    pum.yield %1 : tensor<5x1xi32>\n  }\n  return\n}\n",
            context,
        )
        layers.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
        with pytest.raises(ValueError, match=r"'pum.compute' holds no work that has a cost"):
            _pumice.task_costs(layers)
    with pytest.raises(PumiceError, match="components.clock: expected group and level"):
        DEVICE.replace(components={"clock": {"level": "tile"}})
