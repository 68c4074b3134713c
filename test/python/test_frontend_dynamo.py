# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile with Pumice as the backend."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import demo  # noqa: E402
from pumice.frontend import FrontendError, quantize  # noqa: E402
from pumice.frontend.dynamo import backend  # noqa: E402


@pytest.fixture(autouse=True)
def fresh_dynamo():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def digits(count: int) -> torch.Tensor:
    images, _ = demo.load_digits()
    return torch.from_numpy(demo.preprocess(images[:count]))


def test_quantized_model_gives_the_programs_result() -> None:
    converted = quantize(demo.load_model(), digits(64))
    compiled = torch.compile(converted, backend=backend)
    with torch.no_grad():
        found = compiled(digits(4))
    expected = pumice.compile(converted, (digits(4),)).run(digits(4)).outputs
    assert torch.equal(found, expected)


def test_float_model_is_quantized_and_keeps_its_answers() -> None:
    model, x = demo.load_model(), digits(20)
    compiled = torch.compile(model, backend=backend, options={"calibration": [digits(64)]})
    with torch.no_grad():
        exact, found = model(x), compiled(x)
    assert not torch.equal(exact, found)  # codes, not floats
    assert (exact.argmax(1) == found.argmax(1)).all()


def test_options_shapes_and_structure() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x, y):
            z = self.fc(x)
            return {"sum": z + y, "x": x, "rest": [z, 3]}

    model = Two().eval()
    compiled = torch.compile(model, backend=backend, options={"quantize": False})
    for batch in (2, 3, 5, 2):
        x, y = torch.randn(batch, 6), torch.randn(batch, 4)
        with torch.no_grad():
            found, expected = compiled(x, y), model(x, y)
        assert list(found) == list(expected)
        assert found["rest"][1] == 3
        torch.testing.assert_close(found["sum"], expected["sum"])
        torch.testing.assert_close(found["rest"][0], expected["rest"][0])
        assert torch.equal(found["x"], x)


def test_unknown_option() -> None:
    with pytest.raises(FrontendError, match=r"expected options of .*, got \['devcie'\]"):
        backend(torch.fx.symbolic_trace(nn.ReLU()), [torch.zeros(1)], options={"devcie": "isaac"})
