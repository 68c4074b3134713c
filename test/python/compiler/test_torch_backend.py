# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile(model, backend="pumice") against eager PyTorch."""

from __future__ import annotations

import copy
import functools
from importlib.metadata import entry_points

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import PumiceError, torch_backend  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402


@pytest.fixture(autouse=True)
def fresh_dynamo():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled(model, **options):
    return torch.compile(model, backend=functools.partial(torch_backend.pumice, **options))


def test_by_name(digits) -> None:
    """Through the entry point of the installed package."""
    if not entry_points(group="torch_dynamo_backends", name="pumice"):
        pytest.skip("pumice is not installed")
    assert "pumice" in torch._dynamo.list_backends()
    reports = []
    options = {"device": "isaac", "on_report": reports.append}
    model = torch.compile(digits.quantized, backend="pumice", options=options)
    x = digits.inputs[:2]
    expected = pumice.compile(digits.quantized, x, device="isaac").run(x)
    assert torch.equal(model(x), expected.outputs)
    assert reports[0].latency_ns == expected.report.latency_ns


def test_float_model(digits) -> None:
    """Parameters come as inputs of the graph; the model stays float."""
    reports = []
    model = compiled(digits.model, on_report=reports.append)
    x = digits.inputs[:4]
    with torch.no_grad():
        assert torch.allclose(model(x), digits.model(x), atol=1e-4)
    assert [report.arrays for report in reports] == [0]


def test_with_gradients_enabled(digits) -> None:
    """Inference all the same: the result carries no gradient."""
    x = digits.inputs[:1]
    found = compiled(digits.model)(x)
    assert not found.requires_grad
    assert torch.allclose(found, digits.model(x), atol=1e-4)


def test_quantized_model(digits) -> None:
    """Weights that PT2E folded to codes reach the arrays."""
    reports = []
    model = compiled(digits.quantized, device="isaac", threads=1, on_report=reports.append)
    x = digits.inputs[:2]
    program = pumice.compile(digits.quantized, x, device="isaac")
    with torch.no_grad():
        assert torch.equal(model(x), program.run(x).outputs)
    assert reports[0].arrays == program.estimate().arrays > 0
    assert reports[0].latency_ns == program.estimate().latency_ns


def test_quantize_option(digits) -> None:
    reports = []
    model = compiled(digits.model, quantize=True, on_report=reports.append)
    x = digits.inputs[:20]
    with torch.no_grad():
        assert (model(x).argmax(1) == digits.model(x).argmax(1)).float().mean() >= 0.9
    assert reports[0].arrays > 0


def test_other_batch_sizes(digits) -> None:
    """Dynamo makes the batch symbolic at the second size; each size is a program."""
    model = compiled(digits.model)
    with torch.no_grad():
        for count in (1, 2, 3, 5, 2, 1):
            x = digits.inputs[:count]
            assert torch.allclose(model(x), digits.model(x), atol=1e-4)


def test_weights_that_change() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    model = compiled(layer)
    x = torch.randn(4, 3)
    with torch.no_grad():
        assert torch.allclose(model(x), layer(x), atol=1e-6)
        layer.bias.add_(1)
        assert torch.allclose(model(x), layer(x), atol=1e-6)
        layer.weight = nn.Parameter(torch.randn(2, 3))
        assert torch.allclose(model(x), layer(x), atol=1e-6)


class Kinds(nn.Module):
    """Buffers, a plain tensor, keyword and Python inputs, nested outputs, views of inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kept", torch.arange(3.0))
        self.register_buffer("lost", torch.ones(3), persistent=False)
        self.plain = torch.full((3,), 7.0)

    def forward(self, x, *, y=None, k=2):
        out = {"a": x * k + self.kept, "b": [self.lost + x, 3, None], "same": x}
        if y is not None:
            out["c"] = (y @ x.T + self.plain.sum()).to(torch.int64)
        return out


@pytest.mark.parametrize("extra", [{}, {"k": 5}, {"y": torch.ones(2, 3)}])
def test_kinds_of_values(extra) -> None:
    model = Kinds()
    x = torch.arange(6.0).reshape(2, 3)
    found, expected = compiled(model)(x, **extra), model(x, **extra)
    assert list(found) == list(expected)
    assert torch.equal(found["a"], expected["a"])
    assert torch.equal(found["b"][0], expected["b"][0])
    assert found["b"][1:] == [3, None]
    assert torch.equal(found["same"], x)
    if "c" in expected:
        assert torch.equal(found["c"], expected["c"])


def test_functions_and_graph_breaks() -> None:
    @functools.partial(compiled)
    def work(x):
        x = x * 2
        if x.sum() > 0:  # a graph break
            return x + 1
        return x - 1

    for sign in (1.0, -1.0):
        x = torch.full((2, 2), sign)
        assert torch.equal(work(x), 2 * x + sign)


def test_nothing_to_compute() -> None:
    assert compiled(lambda x: x)(torch.ones(2)).shape == (2,)


def test_unsupported_op_is_named() -> None:
    def work(x):
        return torch.linalg.eigh(x).eigenvalues

    with pytest.raises(FrontendError, match="linalg_eigh"):
        compiled(work)(torch.eye(3))


def test_other_devices_of_torch() -> None:
    with pytest.raises(FrontendError, match="expected tensors on the cpu, got one on meta"):
        compiled(lambda x: x + 1)(torch.ones(2, device="meta"))


def assert_same_buffers(model, other) -> None:
    for (name, buffer), (_, wanted) in zip(
        model.named_buffers(), other.named_buffers(), strict=True
    ):
        torch.testing.assert_close(buffer, wanted, msg=lambda text, name=name: f"{name}: {text}")


def test_training_updates_running_statistics(digits) -> None:
    """Batch norm in training mode changes its statistics, for batches of all sizes."""
    model = pumice.zoo.demo_cnn().train()
    wanted = copy.deepcopy(model)
    run = compiled(model)
    with torch.no_grad():
        for start, end in ((0, 4), (4, 8), (8, 10), (10, 14)):
            x = digits.inputs[start:end]
            torch.testing.assert_close(run(x), wanted(x), rtol=1e-4, atol=1e-4)
            assert_same_buffers(model, wanted)
    assert any("num_batches_tracked" in name for name, _ in model.named_buffers())


class Counter(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += x.sum(0)
        return self.seen * 2


def test_changes_of_the_buffers_from_outside_are_seen() -> None:
    model = Counter()
    run, x = compiled(model), torch.tensor([[1.0, 2.0, 3.0]])
    assert run(x).tolist() == [2, 4, 6]
    assert run(x).tolist() == [4, 8, 12]
    model.seen.zero_()
    assert run(x).tolist() == [2, 4, 6]
    assert run(x.repeat(2, 1)).tolist() == [6, 12, 18]
    assert run(x).tolist() == [8, 16, 24]
    model.seen = torch.ones(3)
    assert run(x).tolist() == [4, 6, 8]
    assert model.seen.tolist() == [2, 3, 4]


def test_bad_options(digits) -> None:
    def cause(**options) -> BaseException:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            compiled(digits.model, **options)(digits.inputs[:1])
        error = caught.value
        return getattr(error, "inner_exception", error)

    error = cause(options={"devise": "isaac"})
    assert isinstance(error, PumiceError)
    assert "expected options of ['device', 'on_report', 'quantize', 'threads'], got ['devise']" in (
        str(error)
    )
    assert "no device 'nope'" in str(cause(device="nope"))
