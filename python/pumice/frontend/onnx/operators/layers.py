# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products and convolutions."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.movement import crop
from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__ = ["geometry", "windows"]

_CONVOLUTIONS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def geometry(
    call: NodeCall, sizes: list[int], kernel: list[int]
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Strides, dilations, and padding before and after, of a convolution or pooling.

    Raises:
        FrontendError: a list of another length; padding beside `auto_pad`.
    """
    rank = len(kernel)
    strides = call.attribute("strides") or [1] * rank
    dilations = call.attribute("dilations") or [1] * rank
    given = call.attribute("pads")
    pads = given or [0] * 2 * rank
    if [len(strides), len(dilations), len(pads)] != [rank, rank, 2 * rank]:
        raise call.error(f"expected strides, dilations and pads of {rank} dimensions")
    mode = call.expect("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    if mode == "NOTSET":
        return strides, dilations, list(zip(pads[:rank], pads[rank:], strict=True))
    if any(pads):
        raise call.error(f"expected no pads beside auto_pad {mode}, got {pads}")
    if mode == "VALID":
        return strides, dilations, [(0, 0)] * rank
    found = []
    for size, width, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        outputs = -(-size // stride)
        total = max((outputs - 1) * stride + dilation * (width - 1) + 1 - size, 0)
        less, more = total // 2, total - total // 2
        found.append((less, more) if mode == "SAME_UPPER" else (more, less))
    return strides, dilations, found


def _padded(x: Tensor, pads: list[tuple[int, int]], fill: Any = 0) -> Tensor:
    """Padding at the last dimensions; negative padding cuts."""
    for place, (before, after) in enumerate(pads):
        dim = x.dim() - len(pads) + place
        x = crop(x, dim, max(-before, 0), x.shape[dim] - max(-after, 0))
    widths = [max(width, 0) for pair in reversed(pads) for width in pair]
    return F.pad(x, widths, value=fill) if any(widths) else x


def windows(
    x: Tensor,
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    pads: list[tuple[int, int]],
    outputs: list[int],
    fill: Any,
) -> list[Tensor]:
    """For each tap of a kernel, the elements under it in every window."""
    grown = []
    rank = len(kernel)
    for i, (before, _) in enumerate(pads):
        last = (outputs[i] - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1
        grown.append((before, last - before - x.shape[x.dim() - rank + i]))
    x = _padded(x, grown, fill)
    taps = []
    for tap in itertools.product(*map(range, kernel)):
        part = x
        for i, place in enumerate(tap):
            start = place * dilations[i]
            stop = start + (outputs[i] - 1) * strides[i] + 1
            dim = x.dim() - rank + i
            if (start, stop, strides[i]) != (0, x.shape[dim], 1):
                part = torch.ops.aten.slice.Tensor(part, dim, start, stop, strides[i])
        taps.append(part)
    return taps


@operator("Conv")
def _conv(call: NodeCall, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    rank = x.dim() - 2
    kernel = _kernel(call, weight)
    strides, dilations, pads = geometry(call, list(x.shape[2:]), kernel)
    group = call.attribute("group", 1)
    if rank not in _CONVOLUTIONS:
        raise call.error(f"expected 1 to 3 dimensions of images, got {rank}")
    padding: Any = [before for before, _ in pads]
    if any(before != after or before < 0 for before, after in pads):
        x, padding = _padded(x, pads), [0] * rank
    y: Tensor = _CONVOLUTIONS[rank](x, weight, bias, strides, padding, dilations, group)
    return y


def _kernel(call: NodeCall, weight: Tensor) -> list[int]:
    kernel = list(weight.shape[2:])
    given = call.attribute("kernel_shape") or kernel
    if list(given) != kernel:
        raise call.error(f"expected the weights' kernel_shape {kernel}, got {list(given)}")
    return kernel


@operator("ConvTranspose")
def _conv_transpose(
    call: NodeCall, x: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    rank = x.dim() - 2
    kernel = _kernel(call, weight)
    strides = call.attribute("strides") or [1] * rank
    dilations = call.attribute("dilations") or [1] * rank
    more = call.attribute("output_padding") or [0] * rank
    group = call.attribute("group", 1)
    sizes = list(x.shape[2:])
    mode = call.expect("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    shape, pads = call.attribute("output_shape"), call.attribute("pads") or [0] * 2 * rank
    if rank not in _TRANSPOSED:
        raise call.error(f"expected 1 to 3 dimensions of images, got {rank}")
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    whole = [(n - 1) * s + r for n, s, r in zip(sizes, strides, reach, strict=True)]
    if shape:
        shape = shape[-rank:]
    elif mode.startswith("SAME"):
        shape = [n * s for n, s in zip(sizes, strides, strict=True)]
    if mode == "VALID":
        pads = [0] * 2 * rank
    pairs = list(zip(pads[:rank], pads[rank:], strict=True))
    if shape:
        pairs = []
        for total, size, extra in zip(whole, shape, more, strict=True):
            cut = total + extra - size
            # More at the end for SAME_UPPER, else at the start; as the specification has it.
            less = cut // 2
            pairs.append((less, cut - less) if mode == "SAME_UPPER" else (cut - less, less))
    # Elements before and behind the full result; behind it are `output_padding`, less the pads.
    ends = [extra - after for (_, after), extra in zip(pairs, more, strict=True)]
    starts = [before for before, _ in pairs]
    simple = all(start >= 0 for start in starts) and all(
        0 <= end + start < max(stride, dilation)
        for start, end, stride, dilation in zip(starts, ends, strides, dilations, strict=True)
    )
    function = _TRANSPOSED[rank]
    if simple:
        rest = [start + end for start, end in zip(starts, ends, strict=True)]
        direct: Tensor = function(x, weight, bias, strides, starts, rest, group, dilations)
        return direct
    y = function(x, weight, None, strides, 0, 0, group, dilations)
    y = _padded(y, [(-start, end) for start, end in zip(starts, ends, strict=True)])
    return y if bias is None else y + bias.reshape([-1] + [1] * rank)


@operator("ConvInteger")
def _conv_integer(
    call: NodeCall,
    x: Tensor,
    weight: Tensor,
    x_zero: Tensor | None = None,
    weight_zero: Tensor | None = None,
) -> Tensor:
    rank, group = x.dim() - 2, call.attribute("group", 1)
    kernel = _kernel(call, weight)
    strides, dilations, pads = geometry(call, list(x.shape[2:]), kernel)
    values, filters = x.to(torch.int32), weight.to(torch.int32)
    if x_zero is not None:
        values = values - x_zero.to(torch.int32)
    if weight_zero is not None:
        zero = weight_zero.to(torch.int32)
        filters = filters - (zero.reshape([-1] + [1] * (rank + 1)) if zero.dim() else zero)
    outputs = [
        (n + sum(pad) - d * (k - 1) - 1) // s + 1
        for n, pad, d, k, s in zip(x.shape[2:], pads, dilations, kernel, strides, strict=True)
    ]
    taps = windows(values, kernel, strides, dilations, pads, outputs, 0)
    batch, channels = x.shape[:2]
    columns = torch.stack(taps, 2).reshape(batch, group, channels // group * len(taps), -1)
    rows = filters.reshape(1, group, weight.shape[0] // group, -1)
    return torch.matmul(rows, columns).reshape(batch, weight.shape[0], *outputs)


@operator("MatMul")
def _matmul(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


@operator("MatMulInteger")
def _matmul_integer(
    call: NodeCall,
    a: Tensor,
    b: Tensor,
    a_zero: Tensor | None = None,
    b_zero: Tensor | None = None,
) -> Tensor:
    left, right = a.to(torch.int32), b.to(torch.int32)
    if a_zero is not None:
        zero = a_zero.to(torch.int32)
        left = left - (zero.unsqueeze(-1) if zero.dim() == 1 and zero.numel() > 1 else zero)
    if b_zero is not None:
        right = right - b_zero.to(torch.int32)
    return torch.matmul(left, right)


@operator("Gemm")
def _gemm(call: NodeCall, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    alpha, beta = call.attribute("alpha", 1.0), call.attribute("beta", 1.0)
    left = a.t() if call.attribute("transA", 0) else a
    right = b.t() if call.attribute("transB", 0) else b
    call.attribute("broadcast", 0)  # before opset 7, of C, which is always broadcast
    if alpha == 1 and beta == 1 and c is not None and c.dim() == 1 and a.is_floating_point():
        return torch.addmm(c, left, right) if right.shape[1] == c.shape[0] else left @ right + c
    product = torch.mm(left, right)
    if alpha != 1:
        product = _scaled(call, "alpha", product, alpha)
    if c is None:
        return product
    return product + (c if beta == 1 else _scaled(call, "beta", c, beta))


def _scaled(call: NodeCall, name: str, x: Tensor, factor: float) -> Tensor:
    if x.is_floating_point():
        return x * factor
    if not float(factor).is_integer():
        raise call.unsupported(name, factor)
    return x * int(factor)


@operator("Einsum")
def _einsum(call: NodeCall, *operands: Tensor) -> Tensor:
    return torch.einsum(call.attribute("equation"), *operands)


@operator("GridSample")
def _grid_sample(call: NodeCall, x: Tensor, grid: Tensor) -> Tensor:
    mode = call.expect("mode", "linear" if call.opset >= 20 else "bilinear", "linear", "bilinear",
                       "nearest", "cubic", "bicubic")  # fmt: skip
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    padding = call.expect("padding_mode", "zeros", "border", "reflection")
    corners = bool(call.attribute("align_corners", 0))
    return F.grid_sample(x, grid.to(x.dtype), mode, padding, corners)


@operator("AffineGrid")
def _affine_grid(call: NodeCall, theta: Tensor, size: Tensor) -> Tensor:
    given = call.integers(1, "size")
    assert given is not None
    corners = bool(call.attribute("align_corners", 0))
    sizes = given[2:]
    axes = []
    for extent in reversed(sizes):  # x first
        if corners:
            axes.append(torch.linspace(-1, 1, extent, dtype=theta.dtype))
        else:
            axes.append((2 * torch.arange(extent, dtype=theta.dtype) + 1) / extent - 1)
    shapes = [
        [-1 if i == len(sizes) - 1 - j else 1 for i in range(len(sizes))] for j in range(len(sizes))
    ]
    ones = torch.ones(sizes, dtype=theta.dtype)
    planes = [axis.reshape(shape) * ones for axis, shape in zip(axes, shapes, strict=True)]
    points = torch.stack([*planes, ones], -1).reshape(1, -1, len(sizes) + 1)
    moved = torch.matmul(points, theta.transpose(1, 2))
    return moved.reshape(theta.shape[0], *sizes, len(sizes))
