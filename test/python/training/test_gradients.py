# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gradients of hardware-aware training, and what it recovers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import Device  # noqa: E402
from training_networks import isaac, lossless, network_of, source_of  # noqa: E402

# ---- gradients --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["quantized", "statistical", "arrays"])
def test_gradients_are_those_of_the_layer_with_quantized_values(mode: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    x = torch.randn(8, 3, 6, 6)
    net = pumice.hardware_aware(
        model, isaac(analog={"read_noise": 0.3}), [x], options={"mode": mode}
    )
    head = net._layers[-1][0]
    taken: dict[str, torch.Tensor] = {}
    head.register_forward_hook(lambda module, args, result: taken.update(x=args[0]))
    net(x).square().sum().backward()
    gradients = {name: p.grad for name, p in net.graph_module.named_parameters()}
    assert all(g is not None and g.isfinite().all() and g.abs().sum() > 0
               for g in gradients.values())  # fmt: skip
    # Of the last layer, for the sum of results: the inputs, as for a plain linear layer. The
    # largest weight of each output, which sets the scale, also gets what errors grow with it.
    net.zero_grad()
    y = net(x)
    y.backward(torch.ones_like(y))
    weight = net.graph_module.get_parameter(source_of(net, head))
    rest = weight.grad - taken["x"].detach().sum(0)
    largest = weight.abs() == weight.abs().amax(1, keepdim=True)
    codes, scale = head.quantized(weight)
    bias = net.graph_module.get_parameter(source_of(net, head, 2))
    errors = y - nn.functional.linear(taken["x"], codes * scale, bias)
    torch.testing.assert_close(rest * ~largest, torch.zeros(5, 64), rtol=0, atol=1e-5)
    torch.testing.assert_close((rest * weight).sum(1), errors.sum(0), rtol=1e-3, atol=1e-4)
    assert (errors.abs().sum() > 0.1) == (mode != "quantized")


@pytest.mark.parametrize("mode", ["statistical", "arrays"])
@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("kind", ["Linear", "ConvTranspose2d"])
def test_gradients_have_errors_grow_with_the_weights(
    kind: str, clip: float | None, mode: str
) -> None:
    """Errors are proportional to the weights, so weights times gradients are these errors."""
    torch.manual_seed(0)
    shape = (8, 24) if kind == "Linear" else (8, 6, 4, 4)
    layer = nn.Linear(24, 5) if kind == "Linear" else nn.ConvTranspose2d(6, 4, 3, groups=2)
    net = pumice.hardware_aware(
        nn.Sequential(layer),
        lossless(read_noise=1.0, program_error_absolute=0.1),
        [torch.randn(*shape)],
        options={"weight_clip": clip},
    )
    [analog] = net._layers[0]
    weight = net.graph_module.get_parameter(source_of(net, analog))
    x = analog.activations(torch.randn(*shape))
    direction = None
    found = {}
    for analog.mode in (mode, "quantized"):
        y = analog(x, weight)
        direction = torch.randn(y.shape) if direction is None else direction
        total = (y * direction).sum()
        [gradient] = torch.autograd.grad(total, weight)
        found[analog.mode] = float(total.detach()), float((gradient * weight).sum())
    errors, growth = (a - b for a, b in zip(found[mode], found["quantized"], strict=True))
    assert abs(errors) > 0.1
    assert growth == pytest.approx(errors, rel=1e-3)


def test_evaluation_has_gradients() -> None:
    net, x = network_of("Every", Device("isaac"))
    net.eval()
    y = net(x)
    assert torch.equal(y.detach(), pumice.compile(net).run(x).outputs)
    y.sum().backward()
    assert all(p.grad is not None for p in net.parameters())


# ---- training -------------------------------------------------------------------------------


def task_of(classes: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy copies of random images, and which they are."""
    torch.manual_seed(0)
    centres = 0.6 * torch.randn(classes, 1, 8, 8)
    labels = torch.arange(count) % classes
    return centres[labels] + 0.8 * torch.randn(count, 1, 8, 8), labels


def fit(model: nn.Module, x: torch.Tensor, y: torch.Tensor, steps: int) -> list[float]:
    """The loss of each step."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    losses = []
    for _ in range(steps):
        chosen = torch.randperm(len(y))[:64]
        loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses


def test_training_recovers_accuracy() -> None:
    """More than half of what read noise of one level costs, which is that of docs/training.md."""
    x, y = task_of(8, 1024)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 8),
    )  # fmt: skip
    fit(model, x[:768], y[:768], 150)
    device = lossless(read_noise=1.0)
    net = pumice.hardware_aware(model.eval(), device, [x[:64]], options={"weight_clip": 2.5})

    def accuracy(mode: str) -> float:
        net.eval().evaluation = mode
        with torch.no_grad():
            return float((net(x[768:]).argmax(1) == y[768:]).float().mean())

    before, quantized = accuracy("program"), accuracy("quantized")
    assert quantized > before + 0.2
    net.train()
    fit(net, x[:768], y[:768], 150)
    assert accuracy("program") > before + 0.5 * (quantized - before)


def test_training_does_not_diverge() -> None:
    """With noise that no training makes up for, the loss falls nevertheless."""
    x, y = task_of(4, 512)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 4)
    )
    fit(model, x, y, 60)
    net = pumice.hardware_aware(model.eval(), lossless(read_noise=4.0), [x[:64]])
    losses = fit(net, x, y, 120)
    assert np.mean(losses[-20:]) < 0.75 * np.mean(losses[:20])
