# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Complex numbers and Fourier transforms on the machine, against PyTorch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
from torch import nn  # noqa: E402

import pumice  # noqa: E402
from modules import Call  # noqa: E402
from pumice.errors import PumiceError  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402
from pumice.frontend.decompositions import fourier  # noqa: E402


def values(*shape: int, seed: int = 0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def check(function, *inputs) -> None:
    """Every result of a function, within the rounding of sums."""
    program = pumice.compile(Call(function), inputs, device="ideal", quantize=False)
    found, wanted = program.run(*inputs).outputs, function(*inputs)
    for value, expected in zip(found, wanted, strict=True):
        assert value.dtype == expected.dtype
        scale = float(expected.abs().max())
        tolerance = 1e-13 if value.dtype == torch.float64 else 1e-5
        torch.testing.assert_close(value, expected, rtol=tolerance, atol=tolerance * scale)


def parts(*spectra):
    return [torch.view_as_real(value.resolve_conj()) for value in spectra]


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_transforms(norm) -> None:
    def spectra(x, y):
        fft, numbers = torch.fft, torch.complex(x, y)
        return [
            *parts(fft.fft(x, norm=norm), fft.ifft(numbers, norm=norm), fft.fft2(x, norm=norm)),
            *parts(fft.fftn(numbers, norm=norm), fft.rfftn(x, norm=norm), fft.rfft(x, norm=norm)),
            *parts(fft.ihfft(x, norm=norm), fft.fft(x, n=9, dim=1, norm=norm)),
            fft.irfft(numbers, norm=norm),
            fft.irfft(numbers, n=11, norm=norm),
            fft.irfft2(numbers, norm=norm),
            fft.hfft(numbers, norm=norm),
            fft.hfft2(numbers, norm=norm),
            *parts(fft.rfft2(x, s=(5, 7), norm=norm), fft.ifftn(numbers, dim=(0, 2), norm=norm)),
            *parts(fft.fft(x.long(), norm=norm), fft.rfftn(x, s=(4, 4), norm=norm)),
            fft.fftshift(fft.fft(x, norm=norm)).abs(),
        ]

    check(spectra, values(2, 3, 12), values(2, 3, 12, seed=1))


def test_transforms_in_float64() -> None:
    check(lambda x: parts(torch.fft.fft(x)), values(2, 10, dtype=torch.float64))


@pytest.mark.parametrize("size", [1, 2, 1024, 1030, 1021])
def test_transforms_of_many_numbers(size) -> None:
    """By factors; 1021 is a prime, 1030 has the factor 103."""

    def spectra(x):
        spectrum = torch.fft.rfft(x)
        back = torch.fft.irfft(spectrum, n=size)
        return [*parts(torch.fft.fft(x), torch.fft.ifft(spectrum), spectrum), back]

    check(spectra, values(2, size))


def test_whole_spectrum_of_half() -> None:
    """The imaginary parts of the first and of the middle number do not count."""
    numbers = torch.complex(values(1, 601), values(1, 601, seed=1))
    assert 1200 > fourier.MOST_DIRECT

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("numbers", numbers)

        def forward(self, x):
            return torch.fft.irfft(self.numbers * x)

    x = values(1, 1)
    found = pumice.compile(Constant(), x, device="ideal", quantize=False).run(x).outputs
    torch.testing.assert_close(found, torch.fft.irfft(numbers * x), rtol=1e-5, atol=1e-6)


def test_arithmetic() -> None:
    def results(x, y):
        a, b = torch.complex(x, y), torch.polar(y.abs(), x)
        c = torch.cat([a, b * (2 - 1j), x], -1)
        return [
            *parts(a + b, a - b, a + x, y - a, a * b, a * x, 2 * a, a / b, x / a, a / 3, 1 / a),
            *parts(-a, a.conj() * b, a**3, a**-2, a**0, a**0.5, a.reciprocal(), a.sqrt()),
            *parts(a.exp(), a.log(), a.sgn(), a.square(), torch.add(a, b, alpha=2), 1j * x),
            *parts(a @ b.mT, torch.einsum("bij,bkj->bik", a, b), a.mean(-1), a.sum(1), a.cumsum(1)),
            *parts(c, c[:, 1:, ::2], c.flip(-1), c.reshape(2, -1), torch.stack([a, b], 1)),
            *parts(torch.where(x > 0, a, b), a.masked_fill(x > 0, 2.0), torch.zeros_like(a)),
            *parts(torch.full((2, 3), 1 + 2j) * x.mean(), a.to(torch.complex64), x + 0j),
            *parts(*a.unbind(1), *a.chunk(2, -1), torch.ones(3, dtype=torch.cfloat) * a[0, :, :3]),
            *parts(nn.functional.pad(a, (1, 2)), nn.functional.pad(a, (1, 2), value=1.5)),
            a.abs(), a.angle(), a.real, a.imag, torch.view_as_real(a).flatten(-2),
            (a == b).float(), (a != a).float(), (a == 1j).float(), a.isnan().float(),
        ]  # fmt: skip

    check(results, values(2, 3, 4), values(2, 3, 4, seed=1))


def test_products() -> None:
    def results(x, y):
        a, w = torch.complex(x, y), torch.complex(y, x)[0, :2]
        return parts(
            nn.functional.linear(a, w), nn.functional.linear(a, w, w[:, 0]), torch.mm(a[0], w.T),
            torch.addmm(w[:, 0], a[0], w.T, alpha=2, beta=3), torch.bmm(a, a.mT),
            torch.baddbmm(a @ a.mT, a, a.mT), a[0] @ w[0], torch.outer(w[0], w[1]),
            nn.functional.conv1d(a, torch.complex(torch.ones(4, 3, 3), torch.full((4, 3, 3), 0.3))),
        )  # fmt: skip

    check(results, values(2, 3, 4), values(2, 3, 4, seed=1))


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_frames(onesided, normalized) -> None:
    window = torch.hamming_window(50)
    options = {"window": window, "normalized": normalized, "onesided": onesided}

    def results(x):
        spectrum = torch.stft(x, 64, 16, 50, return_complex=True, **options)
        rows = torch.stft(x[0], 32, center=False, window=torch.ones(32), return_complex=True)
        back = torch.istft(spectrum, 64, 16, 50, **options)
        return [spectrum.abs(), back, torch.istft(spectrum[0], 64, 16, 50, length=200, **options),
                *parts(rows)]  # fmt: skip

    check(results, values(2, 256))


class Rotary(nn.Module):
    """Positions as complex factors, as the original Llama has them."""

    def __init__(self) -> None:
        super().__init__()
        angles = torch.outer(torch.arange(6.0), 10000 ** (-torch.arange(0, 8, 2) / 8))
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles))
        self.query, self.out = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        x = self.query(x)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return self.out(torch.view_as_real(pairs * self.turns).flatten(-2))


class Spectral(nn.Module):
    """A layer of a Fourier neural operator."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        weight = torch.randn(4, 4, 5, 5, dtype=torch.cfloat, generator=generator)
        self.weight, self.skip = nn.Parameter(0.1 * weight), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        low = torch.fft.rfft2(x)[:, :, :5, :5]
        out = torch.zeros(x.shape[0], 4, 16, 9, dtype=torch.cfloat)
        out[:, :, :5, :5] = torch.einsum("bixy,ioxy->boxy", low, self.weight)
        return torch.relu(torch.fft.irfft2(out, s=(16, 16)) + self.skip(x))


@pytest.mark.parametrize(("make", "shape"), [(Rotary, (6, 8)), (Spectral, (4, 16, 16))])
def test_models(make, shape) -> None:
    torch.manual_seed(0)
    model, x = make().eval(), values(30, *shape)
    wanted = model(x[:2]).detach()
    plain = pumice.compile(model, x[:2], device="ideal", quantize=False)
    torch.testing.assert_close(plain.run(x[:2]).outputs, wanted, rtol=1e-5, atol=1e-6)
    quantized = pumice.compile(pumice.quantize(model, [x]), x[:2], device="ideal")
    found = quantized.run(x[:2]).outputs
    assert float((found - wanted).norm() / wanted.norm()) < 0.02
    names = {layer.name for layer in quantized.estimate().layers if layer.arrays}
    assert {"query", "out"} <= names if make is Rotary else "skip" in names


def test_transforms_run_on_arrays() -> None:
    model, x = Call(lambda x: torch.fft.fft(x).real), values(4, 12)
    program = pumice.compile(model, x, device="isaac", calibration=[x])
    assert program.estimate().arrays == 1
    exported = torch.export.export(model, (x,))
    found = pumice.compile(exported, device="ideal").run(x).outputs
    torch.testing.assert_close(found, torch.fft.fft(x).real, rtol=1e-5, atol=1e-5)


def test_sizes_on_demand() -> None:
    model, batch = Rotary().eval(), torch.export.Dim("batch", min=1, max=8)
    program = pumice.compile_dynamic(
        model, values(2, 6, 8), dynamic_shapes=({0: batch},), device="ideal", quantize=False
    )
    x = values(5, 6, 8, seed=2)
    torch.testing.assert_close(program.run(x).outputs, model(x).detach(), rtol=1e-5, atol=1e-6)


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(3, dtype=torch.cfloat))

    def forward(self, x):
        self.total += x
        return self.total.abs()


@pytest.mark.parametrize(
    ("model", "x", "words"),
    [
        (
            Call(torch.fft.fft),
            values(3),
            "result 0 of the model is complex, expected real results: return torch.view_as_real",
        ),
        (
            Call(torch.abs),
            values(3) + 0j,
            "input '.*' is complex64, expected a real tensor: pass torch.view_as_real of",
        ),
        (
            Call(lambda x: torch.linalg.eigvals(x).abs()),
            values(3, 3),
            r"op 'aten.linalg_eig.default' of complex numbers is not supported \(node '.*'\) at ",
        ),
        (
            Call(lambda x: torch.fft.fft(x).abs()),
            values(8191),
            "the Fourier transform '.*' has a length with the prime factor 8191,"
            " expected factors up to 4096: pad its input",
        ),
        (
            Call(lambda x: torch.complex(x, x).abs()),
            values(8).half(),
            "op 'aten.* of complex32 is not supported",
        ),
        (
            Call(lambda x: torch.stft(
                x + 0j, 4, center=False, window=torch.ones(4), onesided=False, return_complex=True
            ).abs()),
            values(16),
            "op 'aten.stft.default' of complex signals is not supported",
        ),
        (
            Call(lambda x: torch.view_as_real(torch.istft(
                torch.complex(x, x), 4, window=torch.ones(4), onesided=False, return_complex=True
            ))),
            values(4, 9),
            "op 'aten.istft.default' with return_complex is not supported",
        ),
        (
            Counter(),
            values(3),
            "updates the complex buffer 'total', expected real buffers: keep torch.view_as_real",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(model, x, words) -> None:
    with pytest.raises(FrontendError, match=words):
        pumice.compile(model, x, device="ideal", quantize=False)


def test_a_length_that_is_not_known() -> None:
    size = torch.export.Dim("size", min=2, max=64)
    words = "the Fourier transform '.*' has a length that depends on an input, expected a constant"
    with pytest.raises(FrontendError, match=words):
        pumice.compile_dynamic(
            Call(lambda x: torch.fft.fft(x).abs()), values(2, 8), dynamic_shapes=(({1: size},),),
            device="ideal", quantize=False,
        )  # fmt: skip


OUT_OF_MEMORY = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't allocate memory: you"
    " tried to allocate 4096 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (
            OUT_OF_MEMORY,
            PumiceError,
            r"not enough memory to trace op 'aten.\w+.default': 4,096 bytes more are not available",
        ),
        (MemoryError(), PumiceError, "not enough memory to trace op 'aten"),
        (
            KeyError("an internal error"),
            FrontendError,
            r"cannot trace op 'aten.\w+.default' \(node '.*'\) at .*: KeyError: 'an internal",
        ),
        (
            NotImplementedError("no kernel"),
            FrontendError,
            "op 'aten.* of complex numbers is not supported",
        ),
    ],
)
def test_failures_of_tracing_say_what_failed(monkeypatch, raised, kind, words) -> None:
    from torch.fx.experimental import proxy_tensor

    def fails(*args):
        def trace(*inputs):
            raise raised

        return trace

    monkeypatch.setattr(proxy_tensor, "make_fx", fails)
    model = Call(lambda x: torch.kron(torch.complex(x, x), torch.complex(x, x)).abs())
    with pytest.raises(kind, match=words) as caught:
        pumice.compile(model, values(2, 2), device="ideal", quantize=False)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is raised
