# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every network of the zoo, scaled down: quantized, compiled, run, compared with PyTorch."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import zoo_estimates  # noqa: E402

import pumice  # noqa: E402
from pumice import zoo  # noqa: E402
from pumice.compiler import compile_imported  # noqa: E402
from pumice.frontend import import_model  # noqa: E402
from pumice.zoo.measure import Figures, check, describe, run  # noqa: E402
from zoo_networks import call, needs, tensors_of  # noqa: E402

#: Deeper or wider than another one: their figures are checked in the nightly run.
LARGER = ("vgg11", "vgg16", "resnet34", "bert-large")
PARAMS = [
    pytest.param(name, marks=pytest.mark.nightly if name in LARGER else []) for name in zoo.NETWORKS
]


@pytest.fixture(scope="module", params=PARAMS)
def network(request) -> SimpleNamespace:
    """A scaled-down network, its inputs, and what PyTorch makes of them."""
    needs(request.param)
    instance = zoo.NETWORKS[request.param].small()
    x = instance.inputs(0)
    with torch.no_grad():
        expected = tensors_of(call(instance.model, x))
    return SimpleNamespace(name=request.param, instance=instance, x=x, expected=expected)


def test_inputs_are_the_same_every_time_and_differ_by_seed(network) -> None:
    first, again, other = (tensors_of(network.instance.inputs(seed)) for seed in (0, 0, 1))
    assert all(map(torch.equal, first, again))
    assert not all(map(torch.equal, first, other))


def test_activations_neither_vanish_nor_explode(network) -> None:
    with torch.no_grad():
        other = tensors_of(call(network.instance.model, network.instance.inputs(1)))[0]
    for tensor in network.expected:
        assert torch.isfinite(tensor).all()
        assert 1e-3 < float(tensor.std()) < 100
    # The result depends on the input.
    assert float((network.expected[0] - other).abs().max()) > 1e-2 * float(other.abs().max())


@pytest.fixture(scope="module")
def imported(network):
    """The network quantized to 8 bits, and imported."""
    calibration = [network.instance.inputs(seed) for seed in (1, 2)]
    quantized = pumice.quantize(network.instance.model, calibration, example_inputs=network.x)
    return import_model(quantized, network.x)


def test_estimates_are_the_recorded_ones(network, imported) -> None:
    zoo_estimates.check(network.name, imported)


@pytest.mark.parametrize("name", list(zoo_estimates.TERNARY))
def test_estimates_of_ternary_networks_are_the_recorded_ones(name: str) -> None:
    zoo_estimates.check(name, zoo_estimates.import_network(name))


def test_quantized_network_on_ideal_and_isaac(network, imported) -> None:
    instance = network.instance
    for device in ("ideal", "isaac"):
        program = compile_imported(imported, device)
        figures = Figures(network.name, device, instance.parameters)
        describe(figures, program)
        run(figures, program, instance)
        assert check(figures) == []
        assert figures.integers > 0
        if device == "ideal":
            assert figures.instructions["mvm"] > 0
            assert figures.arrays > 0
