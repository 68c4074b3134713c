# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.compile: what it takes, what it refuses; passes and op classes from Python."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import CompileError, Device, PumiceError  # noqa: E402
from pumice.compiler import compile_module  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402


def test_float_models_stay_float(digits) -> None:
    """On the digital unit: the same floats up to the order of sums, no arrays."""
    x = digits.inputs[:2]
    result = pumice.compile(digits.model, x, quantize=False).run(x)
    assert torch.allclose(result.outputs, digits.model(x), atol=1e-4)
    assert result.report.arrays == 0
    assert result.report.setup is None
    assert result.report.counters["conversions"] == 0


def test_float_models_are_quantized_by_default(digits) -> None:
    x = digits.inputs[:2]
    model = digits.model
    state = {name: value.clone() for name, value in model.state_dict().items()}
    program = pumice.compile(model, x, calibration=[digits.inputs[::10]])
    assert torch.equal(program.run(x).outputs, pumice.compile(digits.quantized, x).run(x).outputs)
    assert program.timings["quantize"] > 0
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in state.items())


def test_exported_programs(digits) -> None:
    x = digits.inputs[:2]
    exported = torch.export.export(digits.quantized, (x,))
    expected = pumice.compile(digits.quantized, x, device="isaac").run(x).outputs
    assert torch.equal(pumice.compile(exported, device="isaac").run(x).outputs, expected)


def test_training_mode_is_left_alone(digits) -> None:
    digits.model.train()
    try:
        pumice.compile(digits.model, digits.inputs[:1], quantize=False)
        assert digits.model.training
    finally:
        digits.model.eval()


def test_model_larger_than_the_device() -> None:
    """It is scheduled; if a layer cannot be cut, the error says how many arrays are needed and
    there."""
    model, x = nn.Linear(300, 300), torch.randn(1, 300)
    tiny = Device("isaac").replace(
        name="tiny", levels={"ima": {"holds": 2}, "tile": {"holds": 1}, "chip": {"holds": 1}}
    )
    enough = pumice.compile(model, x, device="isaac")
    needed = enough.estimate().arrays
    assert torch.equal(pumice.compile(model, x, device=tiny).run(x).outputs, enough.run(x).outputs)
    with pytest.raises(CompileError) as caught:
        pumice.compile(model, x, device=tiny.replace(array={"adc": {"mode": "calibrated"}}))
    assert f"needs {needed} arrays at once for its smallest split" in str(caught.value)
    assert "but device 'tiny' has 2" in str(caught.value)
    assert "see current operation" not in str(caught.value)


def test_activations_larger_than_the_buffer(digits) -> None:
    small = Device("isaac").replace(name="small", buffer={"capacity_bytes": 5000})
    program = pumice.compile(digits.quantized, digits.inputs[:1], device=small)
    for work in (program.estimate, lambda: program.run(digits.inputs[:1])):
        with pytest.raises(PumiceError, match=r"bytes at once, but the buffer of device 'small'"):
            work()


class Nonzero(nn.Module):
    def forward(self, x):
        return torch.nonzero(x)


class Branch(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Nonzero(), "aten.nonzero.default.*data-dependent shape.*test_compile.py"),
        (Branch(), "depend on data"),
        (3, "expected a torch.nn.Module or a torch.export.ExportedProgram, got int"),
        (nn.Linear, "got the class Linear"),
    ],
)
def test_unsupported_models(model, words) -> None:
    with pytest.raises(FrontendError, match=words):
        pumice.compile(model, torch.ones(2, 3), quantize=False)


def test_bad_arguments() -> None:
    model = nn.Linear(4, 4)
    with pytest.raises(FrontendError, match="expected example inputs for Linear, got none"):
        pumice.compile(model, quantize=False)
    with pytest.raises(FrontendError, match="cannot export Linear"):
        pumice.compile(model, torch.ones(5), quantize=False)
    with pytest.raises(PumiceError, match="no device 'nope'"):
        pumice.compile(model, torch.ones(4), device="nope")
    with pytest.raises(CompileError, match="all by position or all by name"):
        pumice.compile(model, torch.ones(4), example_kwargs={"y": torch.ones(4)})
    with pytest.raises(FrontendError, match="at least one calibration input, got none"):
        pumice.compile(model, torch.ones(4), calibration=[])


LINALG = """
func.func @twice(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = arith.addf %x, %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
"""


def test_modules_of_linalg() -> None:
    from pumice import ir

    with ir.Context():
        module = ir.Module.parse(LINALG)
    before = str(module)
    program = compile_module(module, "isaac")
    assert str(module) == before
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(program.run(x).outputs, 2 * x)
    with pytest.raises(PumiceError, match="expected 1 inputs, got 2"):
        program.run(x, x)
    with pytest.raises(PumiceError, match=r"input 'input0' must be f32\[2, 3\], got f32\[3\]"):
        program.run(x[0])
    with pytest.raises(PumiceError, match=r"expected positional inputs only, got \['x'\]"):
        program.run(x=x)
    types = "arrays must be of bool, int8 to int64, uint8 to uint64, or float16 to float64"
    with pytest.raises(PumiceError, match=types):
        program.run(x.numpy().astype("complex64"))


def test_modules_without_a_device() -> None:
    from pumice import ir

    with ir.Context():
        module = ir.Module.parse(LINALG)
    with pytest.raises(CompileError, match="names no device"):
        compile_module(module)


def test_passes_one_by_one(digits) -> None:
    """A user's own pipeline: the levels' pipelines by name, with IR in between."""
    from pumice.passmanager import PassManager

    from pumice import ir
    from pumice.frontend import import_model

    imported = import_model(digits.quantized, digits.inputs[:1])
    module = imported.module
    with module.context:
        device = Device("isaac").to_attribute(module.context)
        module.operation.attributes["pum.device"] = device
        for pipeline, op in (
            ("linalg-to-quantized", "linalg.conv_2d"),
            ("quantized-to-crossbar", "crossbar.conv_2d"),
            ("crossbar-to-pum", "pum.compute"),
            ("pum-to-simulator", "simulator.mvm"),
        ):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
            assert op in str(module)
        with pytest.raises(ValueError, match="does not refer to a registered pass"):
            PassManager.parse("builtin.module(no-such-pass)")
        with pytest.raises(ir.MLIRError):
            PassManager.parse("builtin.module(linalg-to-quantized)").run(module.operation)


def op_classes(module) -> set[str]:
    return {
        value.OPERATION_NAME
        for value in vars(module).values()
        if isinstance(value, type) and hasattr(value, "OPERATION_NAME")
    }


def test_op_classes_of_all_dialects() -> None:
    from pumice.dialects import crossbar, pum, simulator

    for module, some in (
        (crossbar, {"program", "mvm", "conv_2d"}),
        (pum, {"program", "compute", "digital", "load", "store"}),
        (simulator, {"program", "mvm", "digital", "transfer", "buffer", "constant"}),
    ):
        name = module.__name__.rpartition(".")[2]
        assert {f"{name}.{op}" for op in some} <= op_classes(module)


def test_building_each_level_from_op_classes() -> None:
    """A matrix product by hand: logical, placed, and as a machine program that runs."""
    import numpy as np

    from pumice import ir
    from pumice.dialects import crossbar, func, pum, simulator

    weights = np.random.default_rng(0).integers(-128, 128, (3, 4)).astype(np.int8)
    x = np.arange(8, dtype=np.int8).reshape(2, 4)
    with ir.Context(), ir.Location.unknown():
        device = Device("isaac").to_attribute(ir.Context.current)
        array = ir.Attribute.parse(_array_of("isaac"))
        tiling = ir.Attribute.parse(
            "#crossbar.tiling<row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1,"
            " arrays = 1>"
        )
        grid = ir.Type.parse("!crossbar.grid<1x4x3xi8, si8>")
        data = ir.DenseElementsAttr.get(weights)

        types = [ir.Type.parse("tensor<2x4xi8>"), ir.Type.parse("tensor<3x4xi8>")]
        logical = ir.Module.create()
        with ir.InsertionPoint(logical.body):
            function = func.FuncOp("f", (types, [ir.Type.parse("tensor<2x3xi32>")]))
        block = function.add_entry_block()
        with ir.InsertionPoint(block):
            programmed = crossbar.ProgramOp(grid, block.arguments[1], tiling, array)
            product = crossbar.MVMOp(
                function.type.results[0], block.arguments[0], programmed.grid, input_zero_point=3
            )
            func.ReturnOp([product.result])
        assert logical.operation.verify()
        assert "crossbar.mvm" in str(logical)
        with ir.InsertionPoint(block.operations[0]):
            wrong = crossbar.MVMOp(ir.Type.parse("tensor<2x5xi32>"), *block.arguments)
        with pytest.raises(ir.MLIRError) as caught:
            logical.operation.verify()
        assert "2x5" in str(caught.value)
        wrong.erase()
        assert logical.operation.verify()

        placed = ir.Module.create()
        with ir.InsertionPoint(placed.body):
            task = func.FuncOp("f", ([ir.Type.parse("tensor<3x4xi8>")], [grid]))
            block = task.add_entry_block()
            with ir.InsertionPoint(block):
                token = ir.Type.parse("!pum.token")
                written = pum.ProgramOp(grid, token, block.arguments[0], [], [], tiling, array)
                func.ReturnOp([written.grid])
        assert placed.operation.verify()

        def memref(shape: str, memory: str):
            return ir.Type.parse(f"memref<{shape}, #simulator.memory<{memory}>>")

        program = ir.Module.create()
        program.operation.attributes["pum.device"] = device
        token = ir.Type.parse("!simulator.token")
        with ir.InsertionPoint(program.body):
            host = memref("2x3xi32", "host")
            main = func.FuncOp("main", ([memref("2x4xi8", "host")], [host]))
            with ir.InsertionPoint(main.add_entry_block()):
                constant = simulator.ConstantOp(memref("3x4xi8", "dram"), data)
                placement = ir.Attribute.parse('#pum.placement<"arrays", 5, 6>')
                written = simulator.ProgramOp(
                    grid, token, constant, [], [], placement, tiling, array, setup=True
                )
                codes = simulator.BufferOp(memref("2x4xi8", "buffer"))
                loaded = simulator.TransferOp(token, main.arguments[0], codes, [])
                sums = simulator.BufferOp(memref("2x3xi32", "buffer"))
                product = simulator.MVMOp(
                    token,
                    written.grid,
                    codes,
                    sums,
                    [loaded.token, written.token],
                    [],
                    input_zero_point=3,
                )
                result = simulator.BufferOp(host)
                simulator.TransferOp(token, sums, result, [product.token])
                func.ReturnOp([result])
        assert program.operation.verify()
    run = pumice.Program({"simulator": program}, {}).run(x)
    expected = (x.astype(np.int32) - 3) @ weights.astype(np.int32).T
    assert np.array_equal(run.outputs, expected)
    assert run.report.arrays == 1


def _array_of(name: str) -> str:
    """The array of a preset as an attribute's text."""
    import re

    text = " ".join(str(Device(name)).split())
    found = re.search(r"array = (<.*?encoding = \w+ ?>)", text)
    assert found
    return f"#crossbar.array{found.group(1)}"
