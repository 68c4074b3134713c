# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What several files of tests need: the demo's network, quantized and compiled once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def whole_tables(monkeypatch) -> None:
    """Tables are not cut to the width of the terminal that the tests run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def digits() -> SimpleNamespace:
    """The demo: float model, PT2E-quantized model, inputs (300, 1, 28, 28), labels."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_mlir")
    pytest.importorskip("torchao")
    import pumice
    from pumice import demo

    images, labels = demo.load_digits()
    inputs = torch.from_numpy(demo.preprocess(images))
    model = demo.load_model()
    quantized = pumice.quantize(model, [inputs[::10]])
    return SimpleNamespace(model=model, quantized=quantized, inputs=inputs, labels=labels)


@pytest.fixture(scope="session")
def isaac(digits):
    """The demo for one image on `isaac`: program, input, result of a run that kept everything."""
    import pumice

    x = digits.inputs[:1]
    program = pumice.compile(digits.quantized, x, device="isaac")
    return SimpleNamespace(program=program, x=x, result=program.run(x, keep=True))
