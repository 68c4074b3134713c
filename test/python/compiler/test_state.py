# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Buffers that a model updates are kept between runs, as PyTorch keeps them."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import Tensor, nn  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend import FrontendError, quantize  # noqa: E402


class Counter(nn.Module):
    """Integers, booleans, and a buffer that is not saved."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("seen", torch.zeros(4, dtype=torch.bool))
        self.register_buffer("last", torch.tensor([1, 2, 250, 9], dtype=torch.uint8), False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        before = self.last.float() + self.count
        self.count += 1
        self.seen |= x > 1
        self.last.copy_((x * 10).to(torch.uint8) + self.last)
        return before + x * self.seen, self.count


class RunningMean(nn.Module):
    weight = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("mean", torch.full((4,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        self.mean.mul_(1 - self.weight).add_(self.weight * x.mean(0))
        return self.linear(x - self.mean)


class Cache(nn.Module):
    """Attention over the rows so far, written into a cache at `position`."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 24)
        self.register_buffer("keys", torch.zeros(1, 6, 8))
        self.register_buffer("values", torch.zeros(1, 6, 8))

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        query, key, value = self.project(x).chunk(3, -1)
        self.keys.index_copy_(1, position, key)
        self.values.index_copy_(1, position, value)
        scores = query @ self.keys.transpose(1, 2) / 8**0.5
        hidden = torch.arange(6) > position[:, None]
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        return weights @ self.values


class Shift(nn.Module):
    """A delay line, written through a view, and one whole-buffer assignment from the input."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("line", torch.zeros(3, 5))
        self.register_buffer("previous", torch.zeros(5))

    def forward(self, x: Tensor) -> Tensor:
        self.line[1:] = self.line[:-1].clone()
        self.line[0] = x
        result = self.line.sum(0) - self.previous
        self.previous.copy_(x)
        return result


def steps_of(model: nn.Module, number: int = 4) -> list[tuple[Tensor, ...]]:
    torch.manual_seed(1)
    if isinstance(model, Cache):
        return [(torch.randn(1, 1, 8), torch.tensor([i])) for i in range(number)]
    shape = {Counter: (4,), RunningMean: (3, 4), Shift: (5,)}[type(model)]
    return [(torch.rand(shape) * 2,) for _ in range(number)]


def same(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def exported(model: nn.Module, *x: Any) -> Any:
    return pumice.compile(model, x, quantize=False, device="isaac")


MODELS = [Counter, RunningMean, Cache, Shift]


@pytest.mark.parametrize("make", MODELS)
def test_runs_continue_as_in_pytorch(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = make().eval()
    steps, twin = steps_of(model), copy.deepcopy(model)
    before = {name: value.clone() for name, value in model.named_buffers()}
    program = exported(model, *steps[0])
    for name, value in model.named_buffers():
        torch.testing.assert_close(value, before[name])  # compiling changes nothing
        np.testing.assert_array_equal(program.state[name], signless(value))
    assert len(program.inputs) == len(steps[0])
    with torch.no_grad():
        expected = [copy.deepcopy(twin(*step)) for step in steps]
    for step, outputs in zip(steps[:2], expected[:2], strict=True):
        same(program.run(*step).outputs, outputs)
    program.save(tmp_path / "p.mlirbc")
    for step, outputs in zip(steps[2:], expected[2:], strict=True):
        same(program.run(*step).outputs, outputs)
    for name, value in twin.named_buffers():
        np.testing.assert_allclose(program.state[name], signless(value), rtol=1e-5, atol=1e-6)

    # A saved program goes on where it was saved, and can go back to the start.
    loaded = pumice.load(tmp_path / "p.mlirbc")
    for step, outputs in zip(steps[2:], expected[2:], strict=True):
        same(loaded.run(*step).outputs, outputs)
    for back in (program, loaded):
        back.reset()
        same(back.run(*steps[0]).outputs, expected[0])
    loaded.reset()
    loaded.save(tmp_path / "reset.mlirbc")
    same(pumice.load(tmp_path / "reset.mlirbc").run(*steps[0]).outputs, expected[0])


def signless(value: Tensor) -> np.ndarray[Any, Any]:
    found = value.numpy()
    return found.view(np.int8) if found.dtype == np.uint8 else found


def test_ir_says_which_result_updates_which_argument() -> None:
    program = exported(Counter().eval(), torch.ones(4))
    for level in ("linalg", "quantized", "crossbar", "pum", "simulator"):
        states = re.findall(r"#pum.state<name = \"(\w+)\", .*?result = (\d)>", program.ir(level))
        assert {name for name, _ in states} == {"count", "seen", "last"}, level
        assert sorted(result for _, result in states) == ["2", "3", "4"], level


def test_estimates_and_failed_runs_leave_the_state() -> None:
    model = Counter().eval()
    program = exported(model, torch.ones(4))
    program.estimate()
    with pytest.raises(FrontendError):
        program.run(torch.ones(5))
    assert program.state["count"] == 3
    program.run(torch.ones(4))
    assert program.state["count"] == 4
    # Another program of the network starts from its initial state.
    assert program.recompile("puma").state["count"] == 3


@pytest.mark.parametrize("make", [RunningMean, Cache])
def test_quantized_model_keeps_state(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    model = make().eval()
    steps, twin = steps_of(model, 6), copy.deepcopy(model)
    converted = quantize(model, steps)
    for (name, value), other in zip(model.named_buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(value, other)  # calibration leaves it
        torch.testing.assert_close(converted.get_buffer(name), other)
    program = pumice.compile(converted, steps[0], device="isaac")
    assert "simulator.mvm" in program.ir()
    for step in steps:
        with torch.no_grad():
            expected = twin(*step)
        found = program.run(*step).outputs
        assert float((found - expected).abs().max()) < 0.05 * float(expected.abs().max())
    for name, value in twin.named_buffers():
        np.testing.assert_allclose(program.state[name], value.numpy(), atol=0.02)


def test_small_updates_of_a_quantized_model_add_up() -> None:
    """A step of the mean is far smaller than one of 8 bits."""
    torch.manual_seed(0)
    model = RunningMean().eval()
    model.weight = 1e-4
    converted = quantize(model, [step[0] for step in steps_of(model)])
    program = pumice.compile(converted, torch.ones(3, 4))
    for _ in range(20):
        program.run(torch.ones(3, 4))
    expected = 1 - 0.5 * (1 - 1e-4) ** 20
    np.testing.assert_allclose(program.state["mean"], np.full(4, expected), rtol=1e-6)


def test_model_that_changes_its_input() -> None:
    class Changes(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x.add_(1)
            return x * 2

    words = "the model changes its input 'x', expected it to change only its own buffers"
    with pytest.raises(FrontendError, match=words):
        exported(Changes(), torch.ones(3))


def test_compare_needs_a_pure_function() -> None:
    program = exported(Counter().eval(), torch.ones(4))
    with pytest.raises(pumice.PumiceError, match="program without state to compare, got one that"):
        program.compare(torch.ones(4))


def test_programs_share_state() -> None:
    model = Counter().eval()
    first, second = exported(model, torch.ones(4)), exported(model, torch.ones(4))
    second.share_state(first)
    first.run(torch.ones(4))
    assert second.state["count"] == 4
    second.run(torch.ones(4))
    assert first.state["count"] == 5
    other = exported(Shift().eval(), torch.ones(5))
    with pytest.raises(pumice.PumiceError, match="expected programs with the same state to share"):
        other.share_state(first)


class Prefix(Cache):
    """The same for any number of new rows."""


def test_programs_of_several_sizes_share_state() -> None:
    """Three rows at once, and then one by one."""
    torch.manual_seed(0)
    model, length = Prefix().eval(), torch.export.Dim("length", min=1, max=6)
    twin = copy.deepcopy(model)
    program = pumice.compile_dynamic(
        model,
        (torch.randn(1, 3, 8), torch.arange(3)),
        dynamic_shapes=({1: length}, {0: length}),
        quantize=False,
    )
    x = torch.randn(1, 5, 8)
    for rows in (range(3), range(3, 4), range(4, 5)):
        given = x[:, rows.start : rows.stop], torch.arange(rows.start, rows.stop)
        with torch.no_grad():
            expected = twin(*given)
        same(program.run(*given).outputs, expected)
    assert len(program.programs) == 2
    np.testing.assert_allclose(program.state["keys"], twin.keys.numpy(), rtol=1e-5, atol=1e-6)
    program.reset()
    assert not program.state["keys"].any()


def test_buffer_that_the_model_reaches_another_way() -> None:
    """torch.export takes it for a constant."""

    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.box = [torch.zeros(3)]
            self.register_buffer("sum", self.box[0])

        def forward(self, x: Tensor) -> Tensor:
            self.box[0].add_(x)
            return self.box[0] * 2

    program = exported(Hidden().eval(), torch.ones(3))
    assert [program.run(torch.ones(3)).outputs.tolist() for _ in range(2)] == [[2] * 3, [4] * 3]
    assert program.state["sum"].tolist() == [2, 2, 2]


def test_updated_tensor_that_is_no_buffer() -> None:
    class Lost(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.box = [torch.zeros(3)]

        def forward(self, x: Tensor) -> Tensor:
            self.box[0].add_(x)
            return self.box[0] * 2

    words = r"the model updates the tensor '[\w.]+', which is not a buffer: register it"
    with pytest.raises(FrontendError, match=words):
        exported(Lost().eval(), torch.ones(3))
