# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers on groups of units that the user names: results, resources and costs of these groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

from pumice import Device, Program, PumiceError, ir

TESTS = Path(__file__).resolve().parents[2]
DEVICE = Device(str(TESTS / "Inputs" / "two-groups-device.mlir"))
NETWORK = (TESTS / "Transforms" / "Linalg" / "assign-targets" / "groups.mlir").read_text()
GROUPS = "targets=net.first=small,net.second=more,net.third=slow"


def module_of(context, options: str, text: str = NETWORK) -> ir.Module:
    module = ir.Module.parse(text, context)
    module.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
    PassManager.parse(f"builtin.module(linalg-to-simulator{{{options}}})", context).run(
        module.operation
    )
    return module


def program_of(options: str) -> Program:
    with ir.Context() as context:
        return Program({"simulator": module_of(context, options)}, {})


def test_results_and_resources() -> None:
    x = np.array([[1, -2, 3], [100, 7, -128]], np.int8)
    matrices = (
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        [[1, 0, -1], [1, 1, 0], [-1, 0, 0]],
        [[9, 2, 3], [4, 5, 6], [7, 8, 9]],
    )
    expected = [x.astype(np.int32) @ np.array(matrix) for matrix in matrices]
    used = {}
    for name, options in (("named", GROUPS), ("first", "targets=net.third=digital")):
        result = program_of(options).run(x)
        for found, right in zip(result.outputs, expected, strict=True):
            assert np.array_equal(found, right)
        busy = result.report.utilisation
        used[name] = {resource for resource, item in busy.items() if item.busy_ns > 0}
    units = {"array", "processor", "digital_unit"}
    for name, groups in (
        ("named", {"small", "more", "slow"}),
        ("first", {"arrays", "processors", "digital"}),
    ):
        found = {use.partition(".")[0] for use in used[name] if use.partition(".")[2] in units}
        assert found == groups


def test_costs_are_those_of_the_group() -> None:
    def time_of(options: str, layer: str) -> float:
        report = program_of(options).estimate()
        (found,) = [item for item in report.layers if item.name == layer]
        return found.busy_ns

    fast = time_of("targets=net.third=digital", "net.third")
    slow = time_of("targets=net.third=slow", "net.third")
    # The buffer takes part of the time of both.
    assert 4 < slow / fast <= 16
    # 3 searches for 1, and no change of writes.
    assert time_of("targets=net.second=more", "net.second") > time_of("", "net.second")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'digital in "slow"',
            'digital in "arrays"',
            "is assigned to 'arrays', which is not a group of digital units of device 'two-groups'",
        ),
    ],
)
def test_a_program_with_another_group_is_refused(old: str, new: str, message: str) -> None:
    with ir.Context() as context:
        text = str(module_of(context, GROUPS))
        module = ir.Module.parse(text.replace(old, new), context)
        with pytest.raises((PumiceError, ir.MLIRError), match=message):
            Program({"simulator": module}, {}).estimate()
