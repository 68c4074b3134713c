# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fourier transforms. ONNX keeps complex numbers as a last dimension of two, real ones of one."""

from __future__ import annotations

import torch
from torch import Tensor

from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__: list[str] = []


def _numbers(call: NodeCall, x: Tensor) -> Tensor:
    """The numbers that a last dimension of one or two stands for."""
    if x.dim() < 2 or x.shape[-1] not in (1, 2):
        raise call.error(f"expected a last dimension of 1 or 2, got {list(x.shape)}")
    return x[..., 0] if x.shape[-1] == 1 else torch.complex(x[..., 0], x[..., 1])


def _spectrum(call: NodeCall, x: Tensor, length: int, axis: int, onesided: int) -> Tensor:
    if not onesided:
        return torch.view_as_real(torch.fft.fft(x, length, axis))
    if x.is_complex():
        raise call.error("expected a real signal with onesided = 1, got a complex one")
    return torch.view_as_real(torch.fft.rfft(x, length, axis))


@operator("DFT")
def _dft(
    call: NodeCall, x: Tensor, length: Tensor | None = None, axis: Tensor | None = None
) -> Tensor:
    inverse = call.expect("inverse", 0, 1)
    onesided = call.expect("onesided", 0, 1)
    if call.opset < 20:
        place = call.attribute("axis", 1)
    else:
        place = (call.integers(2, "axis") or [-2])[0]
    place = call.axis(place, x.dim())
    if place == x.dim() - 1:
        raise call.error(f"expected an axis before the last, got {place}")
    numbers = _numbers(call, x)
    given = call.integers(1, "dft_length")
    if inverse and onesided:
        size = given[0] if given else 2 * (x.shape[place] - 1)
        signal: Tensor = torch.fft.irfft(numbers, size, place)
        return signal.unsqueeze(-1)
    size = given[0] if given else x.shape[place]
    if inverse:
        return torch.view_as_real(torch.fft.ifft(numbers, size, place))
    return _spectrum(call, numbers, size, place, onesided)


@operator("STFT")
def _stft(
    call: NodeCall,
    signal: Tensor,
    step: Tensor,
    window: Tensor | None = None,
    length: Tensor | None = None,
) -> Tensor:
    onesided = call.expect("onesided", 1, 0)
    (step_size,) = call.integers(1, "frame_step") or [0]
    if step_size < 1:
        raise call.error(f"expected a frame_step of at least 1, got {step_size}")
    given = call.integers(3, "frame_length")
    if given is None and window is None:
        raise call.error("expected a window or a frame_length, got neither")
    size = given[0] if given else int(window.shape[0])  # type: ignore[union-attr]
    if window is not None and window.shape[0] != size:
        raise call.error(f"expected a window of {size} numbers, got {window.shape[0]}")
    if not 1 <= size <= signal.shape[1]:
        raise call.error(f"expected frames of 1 to {signal.shape[1]} samples, got {size}")
    numbers = _numbers(call, signal)
    frames = numbers.unfold(1, size, step_size)
    if window is not None:
        frames = frames * window
    return _spectrum(call, frames, size, -1, onesided)
