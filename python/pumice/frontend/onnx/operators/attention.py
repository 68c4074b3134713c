# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention, and the pooling of regions of interest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pumice.frontend.onnx.operators.nodes import NodeCall, operator, torch_dtype

__all__: list[str] = []


@operator("Attention")
def _attention(
    call: NodeCall,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    valid: Tensor | None = None,
) -> Any:
    """softmax(query key^T scale + bias) value; the bias is 0 or -inf where the masks hide keys.

    A query that they keep from every key gives zeros.
    """
    heads, key_heads = call.attribute("q_num_heads"), call.attribute("kv_num_heads")
    is_joined = query.dim() == 3
    if is_joined:
        if not heads or not key_heads:
            raise call.error("expected q_num_heads and kv_num_heads for inputs of 3 dimensions")
        query, key, value = (
            x.reshape(x.shape[0], x.shape[1], count, -1).transpose(1, 2)
            for x, count in ((query, heads), (key, key_heads), (value, key_heads))
        )
    if (past_key is None) != (past_value is None):
        raise call.error("expected past_key and past_value together, got one of them")
    if past_key is not None and valid is not None:
        raise call.error("expected past_key or nonpad_kv_seqlen, got both")
    before = 0
    if past_key is not None and past_value is not None:
        before = past_key.shape[2]
        key, value = torch.cat([past_key, key], 2), torch.cat([past_value, value], 2)
    present = key, value

    bias, hidden = _bias(call, query, key, mask, before, valid)
    repeats = query.shape[1] // key.shape[1]
    if query.shape[1] % key.shape[1]:
        raise call.error(
            f"expected query heads in groups of {key.shape[1]} key heads, got {query.shape[1]}"
        )
    if repeats > 1:
        key, value = (x.repeat_interleave(repeats, 1) for x in (key, value))
    scale = call.attribute("scale")
    root = (query.shape[-1] ** -0.5 if scale is None else scale) ** 0.5
    scores = (query * root) @ (key * root).transpose(2, 3)
    mode = call.expect("qk_matmul_output_mode", 0, 1, 2, 3)
    shown = scores
    softcap = call.attribute("softcap", 0.0)
    if softcap:
        scores = torch.tanh(scores / softcap) * softcap
        shown = scores if mode == 1 else shown
    if bias is not None:
        scores = scores + bias
    shown = scores if mode == 2 else shown
    precision = call.attribute("softmax_precision")
    dtype = query.dtype if precision is None else torch_dtype(precision)
    if dtype is None or not dtype.is_floating_point:
        raise call.unsupported("softmax_precision", precision)
    weights = torch.softmax(scores.to(dtype), -1)
    if hidden is not None:
        weights = torch.where(hidden, torch.zeros((), dtype=dtype), weights)
    weights = weights.to(query.dtype)
    shown = weights if mode == 3 else shown
    result = weights @ value
    if is_joined:
        result = result.transpose(1, 2).flatten(2)
    return result, *present, shown


def _bias(
    call: NodeCall,
    query: Tensor,
    key: Tensor,
    mask: Tensor | None,
    before: int,
    valid: Tensor | None,
) -> tuple[Tensor | None, Tensor | None]:
    """What is added to the scores, and which queries see no key; None if there is no mask."""
    queries, keys = query.shape[2], key.shape[2]
    zero = torch.zeros((), dtype=query.dtype)
    lowest = torch.full((), float("-inf"), dtype=query.dtype)
    bias: Tensor | None = None

    def add(term: Tensor) -> None:
        nonlocal bias
        bias = term if bias is None else bias + term

    if mask is not None:
        given = mask
        if given.dtype is torch.bool:
            given = torch.where(given, zero, lowest)
        if given.shape[-1] < keys:
            given = torch.nn.functional.pad(
                given, (0, keys - given.shape[-1]), "constant", -torch.inf
            )
        add(given)
    # Where a query stands among the keys: behind the past, or at the end of the valid keys.
    place = torch.arange(queries).reshape(queries, 1) + before
    if valid is not None:
        place = (valid.reshape(-1, 1, 1, 1) - queries) + torch.arange(queries).reshape(queries, 1)
    ahead = torch.arange(keys) - place
    if call.expect("is_causal", 0, 1):
        add(torch.where(ahead <= 0, zero, lowest))
    left, right = call.attribute("left_window_size", -1), call.attribute("right_window_size", -1)
    for name, size in (("left_window_size", left), ("right_window_size", right)):
        if size < -1:
            raise call.unsupported(name, size)
    if left >= 0:
        add(torch.where(ahead >= -left, zero, lowest))
    if right >= 0:
        add(torch.where(ahead <= right, zero, lowest))
    if valid is not None:
        add(torch.where(torch.arange(keys) < valid.reshape(-1, 1, 1, 1), zero, lowest))
    if bias is None:
        return None, None
    return bias, bias.amax(-1, True) == lowest


@operator("RotaryEmbedding")
def _rotary_embedding(
    call: NodeCall,
    x: Tensor,
    cosines: Tensor,
    sines: Tensor,
    positions: Tensor | None = None,
) -> Tensor:
    """Turns pairs of the first elements of each head by an angle of their position."""
    heads = call.attribute("num_heads", 0)
    shape = x.shape
    if x.dim() == 3:
        if not heads:
            raise call.error("expected num_heads for an input of 3 dimensions")
        x = x.reshape(shape[0], shape[1], heads, -1)
    else:
        x = x.transpose(1, 2)
    turned = call.attribute("rotary_embedding_dim", 0) or x.shape[-1]
    if positions is not None:
        cosines, sines = cosines[positions], sines[positions]
    if cosines.dim() != 3 or cosines.shape[-1] != turned // 2:
        raise call.error(
            f"expected {turned // 2} cosines for a position, got {list(cosines.shape)}"
        )
    cosines, sines = cosines.unsqueeze(2), sines.unsqueeze(2)
    first, rest = x[..., :turned], x[..., turned:]
    if call.attribute("interleaved", 0):
        a, b = first[..., 0::2], first[..., 1::2]
    else:
        a, b = first[..., : turned // 2], first[..., turned // 2 :]
    real, imaginary = cosines * a - sines * b, sines * a + cosines * b
    if call.attribute("interleaved", 0):
        first = torch.stack([real, imaginary], -1).flatten(-2)
    else:
        first = torch.cat([real, imaginary], -1)
    x = torch.cat([first, rest], -1)
    return x.reshape(shape) if len(shape) == 3 else x.transpose(1, 2)


@operator("RoiAlign")
def _roi_align(call: NodeCall, x: Tensor, rois: Tensor, batches: Tensor) -> Tensor:
    """Samples of each region, bilinear, pooled per bin."""
    samples = call.attribute("sampling_ratio", 0)
    if samples <= 0:
        raise call.unsupported("sampling_ratio", samples)  # the count would depend on the regions
    modes = ("half_pixel", "output_half_pixel")
    default = modes[0] if call.opset >= 16 else modes[1]
    half = call.expect("coordinate_transformation_mode", default, *modes) == modes[0]
    mode = call.expect("mode", "avg", "max")
    sizes = call.attribute("output_height", 1), call.attribute("output_width", 1)
    channels, height, width = x.shape[1:]
    corners = rois * call.attribute("spatial_scale", 1.0) - (0.5 if half else 0.0)

    def along(start: Tensor, end: Tensor, bins: int, size: int) -> tuple[Tensor, ...]:
        """Per region and sample: the two neighbours, the weight of the second, whether inside."""
        extent = end - start
        if not half:
            extent = extent.clamp(min=1.0)
        step = (extent / bins).reshape(-1, 1, 1)
        within = (torch.arange(samples, dtype=x.dtype) + 0.5) / samples
        at = start.reshape(-1, 1, 1) + step * (
            torch.arange(bins, dtype=x.dtype).reshape(-1, 1) + within
        )
        at = at.flatten(1)
        inside = (at >= -1.0) & (at <= size)
        at = at.clamp(0.0, size - 1.0)
        low = at.floor()
        return low.long(), (low + 1).clamp(max=size - 1.0).long(), at - low, inside

    left, top, right, bottom = (corners[:, side] for side in range(4))
    y_low, y_high, y_weight, y_inside = along(top, bottom, sizes[0], height)
    x_low, x_high, x_weight, x_inside = along(left, right, sizes[1], width)
    inside = (y_inside.unsqueeze(2) & x_inside.unsqueeze(1)).unsqueeze(1)
    pixels = x.index_select(0, batches.long()).flatten(2)
    terms = []
    for rows, row_weight in ((y_low, 1 - y_weight), (y_high, y_weight)):
        for columns, column_weight in ((x_low, 1 - x_weight), (x_high, x_weight)):
            place = (rows.unsqueeze(2) * width + columns.unsqueeze(1)).flatten(1).unsqueeze(1)
            found = pixels.gather(2, place.expand(-1, channels, -1))
            found = found.reshape(-1, channels, rows.shape[1], columns.shape[1])
            weight = (row_weight.unsqueeze(2) * column_weight.unsqueeze(1)).unsqueeze(1)
            terms.append(torch.where(inside, found * weight, torch.zeros((), dtype=x.dtype)))
    shape = (-1, channels, sizes[0], samples, sizes[1], samples)
    if mode == "max":  # of the weighted neighbours, as ONNX has it
        return torch.stack(terms).amax(0).reshape(shape).amax((3, 5))
    total: Tensor = terms[0] + terms[1] + terms[2] + terms[3]
    return total.reshape(shape).mean((3, 5))
