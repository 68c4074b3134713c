# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports say which products ran on the digital unit, and why; and what nonlinear functions."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402

import attention_models  # noqa: E402
import pumice  # noqa: E402
from pumice.frontend import PumiceQuantizer  # noqa: E402

NOT_QUANTIZED = "its operands are not quantized"


class Middle(PumiceQuantizer):
    """Leaves the second layer in float."""

    def annotate(self, model):
        super().annotate(model)
        layers = [node for node in model.graph.nodes if "linear" in str(node.target)]
        del layers[1].meta["quantization_annotation"]
        return model


def reasons(report):
    return {layer.name: layer.reasons for layer in report.layers if layer.reasons}


def three_layers():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 10), nn.Linear(10, 9), nn.GELU(), nn.Linear(9, 4)).eval()


def test_layers_on_crossbars_have_none() -> None:
    x = torch.randn(3, 12)
    program = pumice.compile(pumice.quantize(three_layers(), [x]), x, device="isaac")
    report = program.estimate()
    assert reasons(report) == {}
    assert "Matrix products that the digital unit computes" not in str(report)
    assert {layer.name: layer.nonlinear for layer in report.layers if layer.nonlinear} != {}
    assert {kind for layer in report.layers for kind in layer.nonlinear} == {"gelu"}
    assert "reason" not in json.dumps(report.instructions)


def test_a_layer_left_in_float(tmp_path) -> None:
    x = torch.randn(3, 12)
    quantized = pumice.quantize(three_layers(), [x], quantizer=Middle())
    program = pumice.compile(quantized, x, device="isaac")
    report = program.run(x).report
    assert reasons(report) == {"1": ("its weights are not quantized",)}
    (layer,) = [layer for layer in report.layers if layer.name == "1"]
    assert "mvm" not in layer.kinds
    assert layer.arrays == 0
    assert reasons(program.estimate()) == reasons(report)
    program.save(tmp_path / "partly.mlirbc")
    again = pumice.load(tmp_path / "partly.mlirbc").estimate()
    assert reasons(again) == reasons(report)
    assert [layer.nonlinear for layer in again.layers] == [
        layer.nonlinear for layer in report.layers
    ]


def test_a_float_model() -> None:
    x = torch.randn(3, 12)
    report = pumice.compile(three_layers(), x, device="isaac", quantize=False).estimate()
    assert reasons(report) == dict.fromkeys(["0", "1", "3"], (NOT_QUANTIZED,))
    lines = [line.split(maxsplit=1) for line in str(report).splitlines()]
    start = lines.index(["Matrix", "products that the digital unit computes"])
    assert lines[start + 1 : start + 5] == [
        ["layer", "reason"],
        *([name, NOT_QUANTIZED] for name in ["0", "1", "3"]),
    ]


def test_convolution_in_three_dimensions() -> None:
    """One that is padded on one side only: others are 2-D ones."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv3d(2, 3, 2, padding="same"), nn.ReLU(), nn.MaxPool3d(2)).eval()
    x = torch.randn(1, 2, 5, 5, 5)
    report = pumice.compile(model, x, device="isaac").estimate()
    assert reasons(report) == {"0": ("crossbars have no 'conv_3d_ncdhw_fcdhw'",)}


def test_pooling_is_no_product() -> None:
    x = torch.randn(1, 2, 6, 6)
    report = pumice.compile(nn.AvgPool2d(2), x, device="isaac", quantize=False).estimate()
    assert reasons(report) == {}


@pytest.mark.parametrize("where", ["digital", "crossbar"])
def test_products_of_activations(where) -> None:
    module, inputs = attention_models.cases()["cross"]
    quantized = pumice.quantize(module.eval(), [inputs], example_inputs=inputs)
    device = pumice.Device("isaac").replace(dynamic_matmul=where)
    report = pumice.compile(quantized, inputs, device=device).estimate()
    found = set().union(*reasons(report).values())
    assert found == ({"its weights are not constant"} if where == "digital" else set())
    kinds = {kind for layer in report.layers for kind in layer.nonlinear}
    assert kinds == {"division", "softmax"}


def test_products_left_in_float() -> None:
    module, inputs = attention_models.cases()["cross"]
    quantizer = PumiceQuantizer(attention=False)
    quantized = pumice.quantize(module.eval(), [inputs], example_inputs=inputs, quantizer=quantizer)
    report = pumice.compile(quantized, inputs, device="isaac").estimate()
    assert set().union(*reasons(report).values()) == {NOT_QUANTIZED}
