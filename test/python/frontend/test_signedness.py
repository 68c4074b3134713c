# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small and unsigned integers keep their sign and their width."""

from __future__ import annotations

import pytest

import pumice
from pumice.frontend import FrontendError

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")


class Functions(torch.nn.Module):
    """Functions of one input, by name."""

    def __init__(self, functions) -> None:
        super().__init__()
        self.functions = functions

    def forward(self, x):
        return {name: function(x) for name, function in self.functions.items()}


def check(functions, x) -> None:
    found = pumice.compile(Functions(functions), x, quantize=False).run(x).outputs
    for name, function in functions.items():
        expected = function(x)
        assert found[name].dtype == expected.dtype, name
        torch.testing.assert_close(found[name], expected, msg=lambda text, name=name: name + text)


IMAGES = {
    "to float": lambda x: x.float() / 255,
    "divided": lambda x: x / 255,
    "scaled": lambda x: x * 0.5,
    "moved": lambda x: x + 0.5,
    "compared": lambda x: x > 0.5,
    "compared with one beyond int8": lambda x: x > 200,
    "summed": lambda x: x.sum(1),
    "largest": lambda x: x.amax(1),
    "sorted": lambda x: x.sort(1).values,
    "argmax": lambda x: x.argmax(1),
    "max": lambda x: x.max(1).values,
    "abs": lambda x: x.abs(),
    "sign": lambda x: x.sign(),
    "cat": lambda x: torch.cat([x, x.float()], 1),
    "cast back": lambda x: (x.float() * 0.9).to(torch.uint8),
    "one less": lambda x: x - 1,
    "twice": lambda x: x * 2,
    "rest": lambda x: x % 7,
    "quotient": lambda x: x // 7,
    "half": lambda x: x >> 1,
    "mixed": lambda x: x - x.to(torch.int8),
    "selected": lambda x: torch.where(x > 100, x, 0),
    "grey": lambda x: (x.float() @ torch.full((x.shape[1], 1), 0.1)).clamp(0, 255).to(torch.uint8),
    "padded": lambda x: torch.nn.functional.pad(x, (1, 1), value=200),
}


@pytest.mark.parametrize("width", [1, 3, 17, 67])
def test_images(width) -> None:
    x = torch.arange(2 * width, dtype=torch.int64).mul(97).remainder(256).to(torch.uint8)
    x[-1], x[0] = 255, 200
    check(IMAGES, x.reshape(2, width))


@pytest.mark.parametrize("width", [1, 5, 31, 33])
def test_floats_to_unsigned(width) -> None:
    x = torch.linspace(0, 255.9, width)
    wide = torch.cat([x, -x / 3])
    check({"u8": lambda x: x.to(torch.uint8), "i8": lambda x: (x / 2).to(torch.int8)}, wide)
    check({"u16": lambda x: (x * 257).to(torch.uint16)}, x)
    check({"u32": lambda x: (x * 2**23).to(torch.uint32)}, x)


def test_wide_unsigned_integers() -> None:
    x = torch.tensor([1, 2**31 - 1, 2**32 - 1, 7], dtype=torch.int64)
    for dtype in (torch.uint16, torch.uint32):
        check(
            {
                "float": lambda x: x.float(),
                "long": lambda x: x.long(),
                "again": lambda x: x.long().to(dtype),  # noqa: B023
                "view": lambda x: x.reshape(2, 2),
                "byte": lambda x: x.to(torch.uint8),
            },
            x.to(dtype),
        )


def test_64_bits_without_a_sign() -> None:
    """Views and casts to the same width only."""
    x = torch.tensor([1, 2**62, 5], dtype=torch.int64).to(torch.uint64)
    check({"long": lambda x: x.long(), "view": lambda x: x.reshape(3, 1)}, x)
    with pytest.raises(FrontendError, match="a cast from uint64 to float32 is not supported"):
        pumice.compile(Functions({"f": lambda x: x.float()}), x, quantize=False)
    with pytest.raises(FrontendError, match="uint64 is not supported, expected int64 or a"):
        pumice.compile(Functions({"f": lambda x: torch.lt(x, x)}), x, quantize=False)


def test_scalars_on_8_bits_in_a_quantized_network() -> None:
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.layer(x / 255)

    model, x = Net().eval(), torch.tensor([[1, 100, 200, 255]], dtype=torch.uint8)
    program = pumice.compile(model, x)
    assert program.estimate().arrays > 0
    torch.testing.assert_close(program.run(x).outputs, model(x), atol=0.02, rtol=0)
