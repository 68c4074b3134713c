# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What moves elements: shapes, slices, gathers, paddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.nodes import NodeCall, operator, tensor_of, torch_dtype

__all__ = ["crop", "from_front", "select"]


def crop(x: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """Elements [start, stop) of a dimension."""
    return x if (start, stop) == (0, x.shape[dim]) else x.narrow(dim, start, stop - start)


def select(x: Tensor, dim: int, places: Any) -> Tensor:
    """Elements of a dimension by constant places."""
    places = np.asarray(places, np.int64)
    if np.array_equal(places, np.arange(x.shape[dim])):
        return x
    return torch.index_select(x, dim, tensor_of(places))


def from_front(index: Tensor, size: int) -> Tensor:
    """Indices that may count from the back, as ones that do not."""
    index = index.to(torch.int64)
    return torch.where(index < 0, index + size, index)


def _indices(call: NodeCall, place: int, index: Tensor, size: int) -> Tensor:
    """As `from_front`; constants need no computing.

    Raises:
        FrontendError: a constant that is out of range.
    """
    value = call.value(place)
    if value is None:
        return from_front(index, size)
    if value.size and not (-size <= value.min() and value.max() < size):
        raise call.error(
            f"expected indices of {-size} to {size - 1}, got {value.min()} to {value.max()}"
        )
    if value.size and value.min() >= 0:
        return index.to(torch.int64)
    return tensor_of(np.where(value < 0, value + size, value).astype(np.int64))


@operator("Reshape")
def _reshape(call: NodeCall, x: Tensor, shape: Tensor | None = None) -> Tensor:
    given = call.attribute("shape") if call.opset < 5 else call.integers(1, "shape")
    assert given is not None
    if not call.attribute("allowzero", 0):
        given = [x.shape[i] if extent == 0 else extent for i, extent in enumerate(given)]
    return x.reshape(given)


@operator("Flatten")
def _flatten(call: NodeCall, x: Tensor) -> Tensor:
    axis = call.attribute("axis", 1)
    axis = axis + x.dim() if axis < 0 else axis
    return x.reshape(
        int(np.prod(x.shape[:axis])), -1 if x.numel() else int(np.prod(x.shape[axis:]))
    )


@operator("Transpose")
def _transpose(call: NodeCall, x: Tensor) -> Tensor:
    return x.permute(call.attribute("perm") or list(range(x.dim()))[::-1])


@operator("Squeeze")
def _squeeze(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    given = call.attribute("axes") or call.integers(1, "axes")
    if given is None:
        given = [dim for dim, extent in enumerate(x.shape) if extent == 1]
    dims = {call.axis(axis, x.dim()) for axis in given}
    if any(x.shape[dim] != 1 for dim in dims):
        raise call.error(f"expected dimensions of 1 to leave out, got {list(x.shape)}")
    return x.reshape([extent for dim, extent in enumerate(x.shape) if dim not in dims])


@operator("Unsqueeze")
def _unsqueeze(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    given = call.attribute("axes") or call.integers(1, "axes")
    assert given is not None
    for dim in sorted(call.axis(axis, x.dim() + len(given)) for axis in given):
        x = x.unsqueeze(dim)
    return x


@operator("Concat")
def _concat(call: NodeCall, *parts: Tensor) -> Tensor:
    axis = call.attribute("axis") if call.opset >= 4 else call.attribute("axis", 1)
    return torch.cat(parts, call.axis(axis, parts[0].dim()))


@operator("Split")
def _split(call: NodeCall, x: Tensor, split: Tensor | None = None) -> Any:
    axis = call.axis(call.attribute("axis", 0), x.dim())
    sizes = call.attribute("split") or call.integers(1, "split")
    count = call.attribute("num_outputs") or len(call.outputs)
    if sizes is None:
        each = -(-x.shape[axis] // count)
        sizes = [max(min(each, x.shape[axis] - each * part), 0) for part in range(count)]
    if sum(sizes) != x.shape[axis] or len(sizes) != len(call.outputs):
        raise call.error(f"expected parts that sum to {x.shape[axis]}, got {sizes}")
    return tuple(torch.split(x, sizes, axis))


@operator("Slice")
def _slice(
    call: NodeCall,
    x: Tensor,
    starts: Tensor | None = None,
    ends: Tensor | None = None,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    if call.opset < 10:
        first, last = call.attribute("starts"), call.attribute("ends")
        dims, stride = call.attribute("axes"), None
    else:
        first, last = call.integers(1, "starts"), call.integers(2, "ends")
        dims, stride = call.integers(3, "axes"), call.integers(4, "steps")
    dims = range(len(first)) if dims is None else dims
    stride = [1] * len(first) if stride is None else stride
    for dim, start, end, step in zip(dims, first, last, stride, strict=True):
        dim = call.axis(dim, x.dim())
        taken = range(*slice(start, end, step).indices(x.shape[dim]))
        if taken.step < 0:
            x = torch.flip(x, [dim])
            size = x.shape[dim]
            taken = range(size - 1 - taken.start, size - 1 - taken.stop, -taken.step)
        if len(taken) == x.shape[dim]:
            continue
        stop = taken[-1] + 1 if len(taken) else taken.start
        x = torch.ops.aten.slice.Tensor(x, dim, taken.start, stop, taken.step)
    return torch.clone(x) if x.dim() == 0 else x


@operator("Gather")
def _gather(call: NodeCall, x: Tensor, index: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", 0), x.dim())
    places = _indices(call, 1, index, x.shape[axis])
    shape = [*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]]
    return torch.index_select(x, axis, places.reshape(-1)).reshape(shape)


@operator("GatherElements")
def _gather_elements(call: NodeCall, x: Tensor, index: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", 0), x.dim())
    return torch.gather(x, axis, _indices(call, 1, index, x.shape[axis]))


@operator("GatherND")
def _gather_nd(call: NodeCall, x: Tensor, index: Tensor) -> Tensor:
    batch = call.attribute("batch_dims", 0)
    width = index.shape[-1]
    sizes = x.shape[batch : batch + width]
    rest = x.shape[batch + width :]
    index = index.to(torch.int64)
    number = torch.zeros(index.shape[:-1], dtype=torch.int64)
    for place, size in enumerate(sizes):
        number = number * size + from_front(index[..., place], size)
    groups = x.shape[:batch].numel()
    if batch:
        offsets = torch.arange(groups) * sizes.numel()
        number = number.reshape(groups, -1) + offsets.unsqueeze(-1)
    rows = x.reshape(groups * sizes.numel(), *rest)
    shape = [*index.shape[:-1], *rest]
    return torch.index_select(rows, 0, number.reshape(-1)).reshape(shape)


@operator("Expand")
def _expand(call: NodeCall, x: Tensor, shape: Tensor) -> Tensor:
    given = call.integers(1, "shape")
    assert given is not None
    return torch.clone(x.expand(np.broadcast_shapes(tuple(x.shape), tuple(given))))


@operator("Tile")
def _tile(call: NodeCall, x: Tensor, repeats: Tensor, axis: Tensor | None = None) -> Tensor:
    times = call.integers(1, "repeats")
    assert times is not None
    if call.opset < 6:
        dims = call.integers(2, "axis") or [0]
        times = [times[0] if dim == dims[0] else 1 for dim in range(x.dim())]
    for dim, count in enumerate(times):
        if count > 1:
            x = torch.cat([x] * count, dim)
        elif count == 0:
            x = x.narrow(dim, 0, 0)
    return torch.clone(x)


@operator("Pad")
def _pad(
    call: NodeCall,
    x: Tensor,
    pads: Tensor | None = None,
    value: Tensor | None = None,
    axes: Tensor | None = None,
) -> Tensor:
    mode = call.expect(
        "mode", "constant", "reflect", "edge", *(["wrap"] if call.opset >= 19 else [])
    )
    fill: Any = 0
    if call.opset < 11:
        widths = call.attribute("pads") or call.attribute("paddings")
        fill = call.attribute("value", 0.0)
    else:
        widths = call.integers(1, "pads")
        if mode == "constant" and call.has(2):
            constant = call.constant(2, "constant_value")
            assert constant is not None
            fill = constant.item()
    given = call.integers(3, "axes")
    dims = list(range(x.dim())) if given is None else [call.axis(a, x.dim()) for a in given]
    assert widths is not None
    for place, dim in enumerate(dims):
        before, after = widths[place], widths[place + len(dims)]
        size = x.shape[dim]
        if before < 0 or after < 0:
            start, stop = max(-before, 0), size - max(-after, 0)
            if start > stop:
                raise call.error(f"expected pads that leave some of {size}, got {widths}")
            x = crop(x, dim, start, stop)
            before, after = max(before, 0), max(after, 0)
        if before or after:
            x = _pad_dim(x, dim, before, after, mode, fill)
    return torch.clone(x)


def _pad_dim(x: Tensor, dim: int, before: int, after: int, mode: str, fill: Any) -> Tensor:
    if mode == "constant":
        return F.pad(x, [0, 0] * (x.dim() - 1 - dim) + [before, after], value=fill)
    places = np.arange(x.shape[dim])
    return select(x, dim, np.pad(places, (before, after), mode=mode))  # type: ignore[call-overload]


@operator("DepthToSpace")
def _depth_to_space(call: NodeCall, x: Tensor) -> Tensor:
    block = call.attribute("blocksize")
    batch, channels, height, width = x.shape
    rest = channels // block**2
    if call.expect("mode", "DCR", "CRD") == "DCR":
        x = x.reshape(batch, block, block, rest, height, width).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(batch, rest, block, block, height, width).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(batch, rest, height * block, width * block)


@operator("SpaceToDepth")
def _space_to_depth(call: NodeCall, x: Tensor) -> Tensor:
    block = call.attribute("blocksize")
    batch, channels, height, width = x.shape
    order = (0, 3, 5, 1, 2, 4) if call.expect("mode", "DCR", "CRD") == "DCR" else (0, 1, 3, 5, 2, 4)
    x = x.reshape(batch, channels, height // block, block, width // block, block)
    return x.permute(*order).reshape(batch, channels * block**2, height // block, width // block)


@operator("Trilu")
def _trilu(call: NodeCall, x: Tensor, k: Tensor | None = None) -> Tensor:
    offset = (call.integers(1, "k") or [0])[0]
    keep = np.tri(
        x.shape[-2], x.shape[-1], offset if not call.attribute("upper", 1) else offset - 1
    )
    kept = tensor_of(keep.astype(bool) if not call.attribute("upper", 1) else keep == 0)
    return torch.where(kept, x, torch.zeros((), dtype=x.dtype))


@operator("EyeLike")
def _eye_like(call: NodeCall, x: Tensor) -> Tensor:
    kind = call.attribute("dtype", 0)
    dtype = torch_dtype(kind) if kind else x.dtype
    if dtype is None:
        raise call.unsupported("dtype", kind)
    eye = tensor_of(np.eye(x.shape[0], x.shape[1], call.attribute("k", 0)))
    return eye.to(dtype)


@operator("OneHot")
def _one_hot(call: NodeCall, index: Tensor, depth: Tensor, values: Tensor) -> Tensor:
    given = call.integers(1, "depth")
    assert given is not None
    axis = call.axis(call.attribute("axis", -1), index.dim() + 1)
    places = torch.arange(given[0]).reshape([-1] + [1] * (index.dim() - axis))
    hit = from_front(index, given[0]).unsqueeze(axis) == places
    return torch.where(hit, values[1], values[0])


@operator("Compress")
def _compress(call: NodeCall, x: Tensor, condition: Tensor) -> Tensor:
    kept = call.constant(1, "condition")
    assert kept is not None
    axis = call.attribute("axis")
    if axis is None:
        x, axis = x.reshape(-1), 0
    places = np.nonzero(kept.reshape(-1))[0]
    return select(x, call.axis(axis, x.dim()), places)


@operator("ReverseSequence")
def _reverse_sequence(call: NodeCall, x: Tensor, lengths: Tensor) -> Tensor:
    time = call.axis(call.attribute("time_axis", 0), x.dim())
    batch = call.axis(call.attribute("batch_axis", 1), x.dim())
    shape = [1] * x.dim()
    shape[time] = x.shape[time]
    places = torch.arange(x.shape[time]).reshape(shape)
    shape = [1] * x.dim()
    shape[batch] = x.shape[batch]
    ends = lengths.to(torch.int64).reshape(shape)
    index = torch.where(places < ends, ends - 1 - places, places)
    return torch.gather(x, time, index.expand(x.shape))


@operator("CenterCropPad")
def _center_crop_pad(call: NodeCall, x: Tensor, shape: Tensor) -> Tensor:
    sizes = call.integers(1, "shape")
    axes = call.attribute("axes") or list(range(x.dim()))
    assert sizes is not None
    for axis, size in zip(axes, sizes, strict=True):
        dim = call.axis(axis, x.dim())
        more = size - x.shape[dim]
        if more < 0:
            start = -more // 2
            x = crop(x, dim, start, start + size)
        elif more:
            x = _pad_dim(x, dim, more // 2, more - more // 2, "constant", 0)
    return torch.clone(x)


@operator("ConstantOfShape")
def _constant_of_shape(call: NodeCall, shape: Tensor) -> Tensor:
    # Those of constant and small shapes are constants already.
    raise call.error(f"expected a result of at most 2^20 elements, got {call.integers(0, 'shape')}")


@operator("Col2Im")
def _col2im(call: NodeCall, x: Tensor, image: Tensor, block: Tensor) -> Tensor:
    size, kernel = call.integers(1, "image_shape"), call.integers(2, "block_shape")
    assert size is not None
    assert kernel is not None
    rank = len(size)
    dilations: Any = call.attribute("dilations") or [1] * rank
    strides: Any = call.attribute("strides") or [1] * rank
    pads = call.attribute("pads") or [0] * 2 * rank
    if rank != 2:
        raise call.error(f"expected an image of 2 dimensions, got {rank}")
    window: Any = kernel
    # Padding that differs between sides is cut off afterwards.
    whole: Any = [s + pads[i] + pads[i + 2] for i, s in enumerate(size)]
    y = F.fold(x, whole, window, dilations, 0, strides)
    for i in range(2):
        y = crop(y, y.dim() - 2 + i, pads[i], pads[i] + size[i])
    return torch.clone(y)
