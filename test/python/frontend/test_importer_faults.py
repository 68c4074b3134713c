# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ended the process or hung: negative axes and padding, tensors without elements."""

from __future__ import annotations

import os
import signal
import time

import pytest

import pumice
from pumice.frontend import FrontendError, isolation, lowering
from pumice.frontend.isolation import Crash, isolated

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
F = torch.nn.functional


class Function(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def compute(function, *inputs):
    """What the program gives."""
    program = pumice.compile(Function(function), inputs, quantize=False)
    return program.run(*inputs).outputs


def check(function, *inputs) -> None:
    found, expected = compute(function, *inputs), function(*inputs)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected)


X = torch.arange(1.0, 25.0).reshape(1, 2, 3, 4)

PADS = [(0, -1), (-1, 0), (-1, 1), (1, -1), (0, 0, -1, 0), (0, 0, 0, -1), (-1, -1, -1, -1),
        (2, -2, -1, 1), (0, 0, 0, 0, -1, 0), (1, 1, 1, 1, -1, 2)]  # fmt: skip


@pytest.mark.parametrize("pad", PADS)
@pytest.mark.parametrize("value", [0.0, -7.0])
def test_negative_padding_crops(pad, value) -> None:
    check(lambda x: F.pad(x, pad, value=value), X)


AXES = {
    "softmax": lambda x: x.softmax(-2),
    "sum": lambda x: x.sum((-1, -3)),
    "mean": lambda x: x.mean(-3, keepdim=True),
    "amax": lambda x: x.amax((-2, -1)),
    "argmax": lambda x: x.argmax(-3),
    "max": lambda x: x.max(-2).values,
    "cat": lambda x: torch.cat([x, x], -3),
    "stack": lambda x: torch.stack([x, x], -2),
    "unsqueeze": lambda x: x.unsqueeze(-3),
    "squeeze": lambda x: x.squeeze(-4),
    "transpose": lambda x: x.transpose(-1, -3),
    "permute": lambda x: x.permute(0, -1, -3, -2),
    "flatten": lambda x: x.flatten(-3, -2),
    "flip": lambda x: x.flip(-1, -2),
    "roll": lambda x: x.roll((1, -1), (-1, -2)),
    "select": lambda x: x.select(-2, -1),
    "slice": lambda x: x[..., -3:-1],
    "split": lambda x: x.split(2, -1)[1],
    "chunk": lambda x: x.chunk(2, -3)[0],
    "unbind": lambda x: x.unbind(-2)[1],
    "index_select": lambda x: x.index_select(-1, torch.tensor([3, 0])),
    "gather": lambda x: x.gather(-1, torch.zeros(1, 2, 3, 2, dtype=torch.int64)),
    "cumsum": lambda x: x.cumsum(-2),
    "sort": lambda x: x.sort(-3).values,
    "topk": lambda x: x.topk(2, -2).values,
    "any": lambda x: (x > 5).any(-3),
    "logsumexp": lambda x: (x / 9).logsumexp((-1, -2)),
    "layer_norm": lambda x: F.layer_norm(x, (3, 4)),
    "glu": lambda x: F.glu(x / 9, -3),
    "diagonal": lambda x: x.diagonal(0, -2, -1),
    "unfold": lambda x: x.unfold(-1, 2, 1),
    "norm": lambda x: x.norm(dim=(-1, -3)),
    "var": lambda x: x.var((-1, -2)),
    "prod": lambda x: (x / 9).prod(-3),
    "narrow": lambda x: x.narrow(-1, -3, 2),
    "movedim": lambda x: x.movedim(-1, -4),
    "repeat_interleave": lambda x: x.repeat_interleave(2, -2),
    "tensor_split": lambda x: x.tensor_split(3, -1)[2],
    "cross": lambda x: torch.linalg.cross(x, x + 1, dim=-2),
    "circular": lambda x: F.pad(x, (1, 1, 1, 1), mode="circular"),
    "reflect": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "replicate": lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"),
}


def test_negative_axes() -> None:
    """All in one program."""
    program = pumice.compile(
        Function(lambda x: {name: f(x) for name, f in AXES.items()}), X, quantize=False
    )
    for name, found in program.run(X).outputs.items():
        torch.testing.assert_close(found, AXES[name](X), msg=lambda text, name=name: name + text)


EMPTY = {
    "cat": lambda x: torch.cat([x[:0], x]),
    "cat of all": lambda x: torch.cat([x[:0], x[:0]]) + 1,
    "sum": lambda x: x[:0].sum() + x,
    "sum of rows": lambda x: x[:0].sum(0) + x[0],
    "product": lambda x: x[:, :0] @ x[:0] + 1,
    "empty result": lambda x: x[:0] * 2,
    "new": lambda x: torch.cat([x.new_zeros(0, 3), x]),
    "scatter": lambda x: x.scatter(0, torch.zeros(0, 3, dtype=torch.int64), x[:0]),
    "scatter_add": lambda x: x.scatter_add(0, torch.zeros(0, 3, dtype=torch.int64), x[:0]),
    "all": lambda x: x[:0].all() & (x[0, 0] > 0),
}


@pytest.mark.parametrize("function", EMPTY.values(), ids=EMPTY)
def test_tensors_without_elements(function) -> None:
    check(function, torch.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_inputs_without_elements(shape) -> None:
    check(lambda x: torch.relu(x) + 1, torch.zeros(shape))
    check(lambda x, y: torch.cat([x.flatten(), y]), torch.zeros(shape), torch.ones(3))
    layer = torch.nn.Linear(shape[1], 2).eval()
    with torch.no_grad():
        check(layer, torch.zeros(shape))


def test_an_op_that_reads_nothing_and_something() -> None:
    def function(x):
        return x.index_copy(0, torch.zeros(0, dtype=torch.int64), torch.zeros(0, 3))

    with pytest.raises(FrontendError, match="reads a tensor without elements, expected at least"):
        compute(function, torch.zeros(2, 3))


def test_a_child_that_ends() -> None:
    assert isolated(lambda: {"a": 1}) == {"a": 1}
    with pytest.raises(Crash, match="signal SIGABRT"):
        isolated(os.abort)
    with pytest.raises(Crash, match="signal SIGSEGV"):
        isolated(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    with pytest.raises(Crash, match="exit status 3"):
        isolated(lambda: os._exit(3))
    start = time.monotonic()
    with pytest.raises(Crash, match="it took longer than 0.5 s"):
        isolated(lambda: time.sleep(60), 0.5)
    assert time.monotonic() - start < 20


def test_without_fork(monkeypatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert isolated(os.getpid) == os.getpid()


def test_an_op_that_ends_torch_mlir_is_named(monkeypatch) -> None:
    original = lowering.to_linalg

    def aborting(module, names):
        if any("aten.sin" in str(node.target) for node in module.graph.nodes):
            os.abort()
        return original(module, names)

    monkeypatch.setattr(lowering, "to_linalg", aborting)
    words = r"op 'aten.sin.default' \(node 'sin'.*: torch-mlir ends on it \(signal SIGABRT\)"
    with pytest.raises(FrontendError, match=words) as caught:
        compute(lambda x: x.cos() + x.sin(), X)
    assert caught.value.op == "aten.sin.default"


def test_a_model_that_ends_torch_mlir_as_a_whole(monkeypatch) -> None:
    def endless(module, names):
        if len(module.graph.nodes) > 4:
            time.sleep(60)
        return "", {}, []

    monkeypatch.setattr(lowering, "to_linalg", endless)
    monkeypatch.setattr(isolation, "LIMIT_SECONDS", 0.5)
    with pytest.raises(FrontendError, match="torch-mlir ends on the model .it took longer than"):
        compute(lambda x: x.cos() + x.sin(), X)
