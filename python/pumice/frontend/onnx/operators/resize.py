# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Resize and Upsample: dimension by dimension, with places and weights worked out in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pumice.frontend.onnx.operators.movement import select
from pumice.frontend.onnx.operators.nodes import NodeCall, operator, tensor_of

__all__: list[str] = []


def _coordinate(
    mode: str, size: int, output: int, scale: float, roi: tuple[float, float]
) -> Callable[[Any], Any]:
    """From places in the result to places in the input."""
    if mode == "half_pixel":
        return lambda x: (x + 0.5) / scale - 0.5
    if mode == "half_pixel_symmetric":
        whole = scale * size
        adjustment = output / whole
        offset = size / 2 * (1 - adjustment)
        return lambda x: offset + (x + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return lambda x: (x + 0.5) / scale - 0.5 if output > 1 else x * 0.0
    if mode == "align_corners":
        whole = scale * size  # not always a whole number
        return lambda x: x * (size - 1) / (whole - 1) if whole != 1 else x * 0.0
    if mode == "asymmetric":
        return lambda x: x / scale
    start, end = roi
    if output > 1:
        return lambda x: start * (size - 1) + x * (end - start) * (size - 1) / (output - 1)
    return lambda x: x * 0.0 + 0.5 * (start + end) * (size - 1)


def _round(mode: str, x: Any) -> Any:
    if mode == "round_prefer_floor":
        return np.ceil(x - 0.5)
    if mode == "round_prefer_ceil":
        return np.floor(x + 0.5)
    return np.floor(x) if mode == "floor" else np.ceil(x)


def _cubic(x: Any, a: float) -> Any:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _taps(
    places: Any, mode: str, a: float, scale: float, antialias: bool, exclude: bool, size: int
) -> tuple[Any, Any]:
    """Places (outputs, taps) that may lie outside, and their weights."""
    shrink = min(scale, 1.0) if antialias else 1.0
    reach = (1 if mode == "linear" else 2) / shrink
    first = np.floor(places - reach).astype(np.int64) + 1
    count = math.ceil(2 * reach)
    taps = first[:, None] + np.arange(count)
    apart = (taps - places[:, None]) * shrink
    weights = np.maximum(1 - np.abs(apart), 0) if mode == "linear" else _cubic(apart, a)
    if antialias:
        weights = weights / weights.sum(1, keepdims=True)
    if exclude:
        weights = np.where((taps >= 0) & (taps < size), weights, 0)
        weights = weights / weights.sum(1, keepdims=True)
    return taps, weights


@operator("Resize", "Upsample")
def _resize(
    call: NodeCall,
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    old = call.op == "Upsample" or call.opset < 11
    mode = call.expect("mode", "nearest", "linear", *(["cubic"] if not old else ["bilinear"]))
    mode = "linear" if mode == "bilinear" else mode
    default = "asymmetric" if old else "half_pixel"
    transformation = call.expect(
        "coordinate_transformation_mode", default, "half_pixel", "half_pixel_symmetric",
        "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
    )  # fmt: skip
    rounding = call.expect(
        "nearest_mode", "floor" if old else "round_prefer_floor", "round_prefer_floor",
        "round_prefer_ceil", "floor", "ceil",
    )  # fmt: skip
    a = call.attribute("cubic_coeff_a", -0.75)
    exclude = bool(call.attribute("exclude_outside", 0))
    outside = call.attribute("extrapolation_value", 0.0)
    antialias = bool(call.attribute("antialias", 0))
    policy = call.expect("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
    axes = [call.axis(axis, x.dim()) for axis in call.attribute("axes") or range(x.dim())]
    factors = list(call.attribute("scales") or []) if call.op == "Upsample" else []
    if not factors:
        given = call.constant(1 if old else 2, "scales")
        factors = [] if given is None else [float(item) for item in given.reshape(-1)]
    shape = call.integers(3, "sizes")
    window = None
    if transformation == "tf_crop_and_resize":
        region = call.constant(1, "roi")
        if region is None:
            raise call.error("expected a roi for tf_crop_and_resize, got none")
        window = [float(item) for item in region.reshape(-1)]
    if shape:
        if policy != "stretch":
            ratios = [size / x.shape[dim] for size, dim in zip(shape, axes, strict=True)]
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            shape = [math.floor(ratio * x.shape[dim] + 0.5) for dim in axes]
            factors = [ratio] * len(axes)
        else:
            factors = [size / x.shape[dim] for size, dim in zip(shape, axes, strict=True)]
    elif factors:
        shape = [math.floor(x.shape[dim] * f) for dim, f in zip(axes, factors, strict=True)]
    else:
        raise call.error("expected scales or sizes, got neither")
    dtype = x.dtype
    fills = []
    for place, dim in enumerate(axes):
        size, output, scale = x.shape[dim], shape[place], factors[place]
        area = (window[place], window[place + len(axes)]) if window else (0.0, 1.0)
        if output == size and scale == 1 and area == (0.0, 1.0):
            continue
        points = np.arange(output, dtype=np.float64)
        at = _coordinate(transformation, size, output, scale, area)(points)
        if window:
            fills.append((dim, (at < 0) | (at > size - 1)))
        if mode == "nearest":
            chosen = np.clip(_round(rounding, at).astype(np.int64), 0, size - 1)
            x = _repeated(x, dim, chosen)
            continue
        taps, weights = _taps(at, mode, a, scale, antialias, exclude, size)
        taps = np.clip(taps, 0, size - 1)
        x = x if x.is_floating_point() else x.to(torch.float32)
        parts = []
        for tap in range(taps.shape[1]):
            if not weights[:, tap].any():
                continue
            by = weights[:, tap].reshape([-1] + [1] * (x.dim() - 1 - dim))
            parts.append(select(x, dim, taps[:, tap]) * tensor_of(by).to(x.dtype))
        x = reduce(torch.add, parts)
    for dim, out in fills:
        if out.any():
            shape_of = [-1] + [1] * (x.dim() - 1 - dim)
            x = torch.where(
                tensor_of(out).reshape(shape_of), torch.full((), outside, dtype=x.dtype), x
            )
    if x.dtype != dtype:
        x = x.to(dtype) if not dtype.is_floating_point else x
    return torch.clone(x)


def _repeated(x: Tensor, dim: int, places: Any) -> Tensor:
    """`select`; where each element comes equally often, as an expansion that moves nothing."""
    size = x.shape[dim]
    times = len(places) // size
    if times * size != len(places) or not np.array_equal(places, np.repeat(np.arange(size), times)):
        return select(x, dim, places)
    shape = [*x.shape[:dim], size * times, *x.shape[dim + 1 :]]
    wide = [*x.shape[: dim + 1], times, *x.shape[dim + 1 :]]
    return x.unsqueeze(dim + 1).expand(wide).reshape(shape)
