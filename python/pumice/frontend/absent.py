# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models without weights, for estimates: their tensors on PyTorch's meta device, or fake ones.

Costs follow from shapes. Weights that are not there become zeros in pages that nothing writes to,
which take no memory however large they are. Small tensors (biases, norms, batch statistics) get
numbers of their own, so that nothing is folded away that a trained network would compute.
"""

from __future__ import annotations

import bisect
import copy
import math
import mmap
import operator
import os
import sys
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from pumice.frontend.errors import FrontendError
from pumice.frontend.silence import quiet
from pumice.frontend.torch_mlir import first_line

__all__ = [
    "configuration_of", "contiguous", "has_absent_weights", "is_absent", "model_of_configuration",
    "observe_assumed", "with_zeros", "zeros",
]  # fmt: skip

#: Tensors of at most so many elements have numbers.
_SMALL = 1 << 16
#: mmap.MAP_NORESERVE on Linux, which Python names from 3.12 on only.
_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)

#: Beginnings and ends of the memory of `zeros` that is in use, in ascending order.
_ranges: list[tuple[int, int]] = []


def has_absent_weights(model: Any) -> bool:
    """Whether a parameter or buffer of a module is on the meta device or is a fake tensor."""
    return isinstance(model, torch.nn.Module) and any(map(_is_shape_only, _tensors(model)))


def model_of_configuration(model: Any) -> Any:
    """The model of a configuration of transformers, without weights; other models as they are.

    The class is the first of the configuration's `architectures`, else its causal language model or
    its base model.

    Raises:
        FrontendError: transformers has no model for it.
    """
    transformers = sys.modules.get("transformers")
    if transformers is None or not isinstance(model, transformers.PretrainedConfig):
        return model
    model = copy.deepcopy(model)
    if getattr(model, "use_cache", False):
        model.use_cache = False  # a cache would be among the results
    names = [getattr(transformers, name, None) for name in model.architectures or ()]
    makers: list[Any] = [
        *(known._from_config for known in names if known is not None),
        transformers.AutoModelForCausalLM.from_config,
        transformers.AutoModel.from_config,
    ]
    for make in makers:
        try:
            with quiet(), torch.device("meta"):
                made: torch.nn.Module = make(model, attn_implementation="sdpa")
                return made.eval()
        except ValueError as error:
            problem = error
    raise FrontendError(
        f"transformers has no model for {type(model).__name__}: {first_line(problem)}"
    )


def configuration_of(path: str | os.PathLike[str]) -> Any:
    """The configuration of transformers in a file config.json, or in the folder of one.

    Raises:
        FrontendError: transformers is not installed, or knows no such configuration.
    """
    try:
        with quiet():
            from transformers import AutoConfig
    except ImportError as error:
        raise FrontendError(f"expected the wheel 'transformers' to be installed: {error}") from None
    try:
        return AutoConfig.from_pretrained(os.fspath(path), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise FrontendError(
            f"expected a configuration of transformers in '{path}': {first_line(error)}"
        ) from None


def _tensors(model: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Parameters, buffers, and tensors that modules hold as plain attributes."""
    for module in model.modules():
        values = (*module._parameters.values(), *module._buffers.values(), *vars(module).values())
        yield from (value for value in values if isinstance(value, torch.Tensor))


def _is_shape_only(value: torch.Tensor) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor

    return value.is_meta or isinstance(value, FakeTensor)


def is_absent(value: torch.Tensor) -> bool:
    """Whether a tensor is, or views, one of `zeros`."""
    if value.device.type != "cpu" or not _ranges:
        return False
    try:
        address = value.data_ptr()
    except RuntimeError:  # fake
        return False
    place = bisect.bisect_right(_ranges, (address, sys.maxsize)) - 1
    return place >= 0 and address < _ranges[place][1]


def zeros(shape: Any, dtype: torch.dtype, ends: Sequence[int] = ()) -> torch.Tensor:
    """A tensor of zeros that takes no memory until something writes to it.

    Args:
        shape, dtype: of the tensor.
        ends: the first elements, so that the range of values is that of weights.

    Raises:
        FrontendError: the system does not give so many addresses.
    """
    size = math.prod(shape) * dtype.itemsize
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        memory = mmap.mmap(-1, max(size, 1), flags=flags)
    except (AttributeError, OSError, ValueError):  # Windows has no flags
        try:
            return torch.zeros(shape, dtype=dtype)
        except RuntimeError as error:
            raise FrontendError(f"no room for a tensor of {size} bytes: {error}") from None
    found = torch.frombuffer(memory, dtype=dtype, count=math.prod(shape)).reshape(shape)
    place = (found.data_ptr(), found.data_ptr() + size)
    bisect.insort(_ranges, place)
    # Tensors keep the memory. Others may get its addresses when the last of them is gone.
    weakref.finalize(memory, _ranges.remove, place)
    for index, value in enumerate(ends[: found.numel()]):
        found.view(-1)[index] = value
    return found


def contiguous(value: torch.Tensor) -> torch.Tensor:
    """A tensor in the order of its elements; zeros that take no memory stay so."""
    if value.is_contiguous() or not (value.is_floating_point() and is_absent(value)):
        return value.contiguous()
    return zeros(value.shape, value.dtype)


def with_zeros(model: torch.nn.Module) -> torch.nn.Module:
    """A copy of a module that has zeros in place of tensors of which only the shape is there.

    Floating-point tensors become float32, in which networks are quantized.
    """
    memo: dict[int, Any] = {}
    for value in _tensors(model):
        if id(value) in memo or not _is_shape_only(value):
            continue
        dtype = torch.float32 if value.is_floating_point() else value.dtype
        small = value.numel() <= _SMALL or value.dim() < 2
        made = _numbers(value, dtype) if small else zeros(value.shape, dtype)
        if isinstance(value, torch.nn.Parameter):
            made = torch.nn.Parameter(made, requires_grad=False)
        memo[id(value)] = made
    return copy.deepcopy(model, memo)


def _numbers(value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Different positive numbers below 1; zeros for integers, which may be indices."""
    if not dtype.is_floating_point:
        return torch.zeros(value.shape, dtype=dtype)
    count = max(value.numel(), 1)
    return torch.linspace(0.25, 0.75, count).to(dtype)[: value.numel()].reshape(value.shape)


#: Results of these are not negative.
_POSITIVE = frozenset(
    {
        "relu",
        "relu_",
        "relu6",
        "relu6_",
        "sigmoid",
        "sigmoid_",
        "hardsigmoid",
        "softmax",
        "_softmax",
    }
)


def observe_assumed(prepared: Any) -> None:
    """Shows the observers of a prepared module weights that are there, and ranges for the rest.

    A range is from 0 where nothing is negative (behind a relu or a softmax), else symmetric.
    """
    from pumice.frontend.quantizer import AVERAGES, CONCATENATIONS, SAME_CODES

    followed = SAME_CODES | AVERAGES | CONCATENATIONS
    positive: set[Any] = set()
    ends: dict[Any, float] = {}  # different: equal scales would need no change between them
    with torch.no_grad():
        for node in prepared.graph.nodes:
            sources = node.all_input_nodes
            if node.op == "call_function":
                name = str(node.target).removeprefix("aten.").partition(".")[0]
                is_positive = name in _POSITIVE or (
                    node.target in followed and all(source in positive for source in sources)
                )
            else:
                is_positive = node.op == "call_module" and sources[0] in positive
            if is_positive:
                positive.add(node)
            if node.op == "call_module" and sources:
                observer = prepared.get_submodule(str(node.target))
                if not hasattr(observer, "calculate_qparams"):
                    continue  # of torch.export: checks of inputs
                root = sources[0]
                while root.op == "call_module" or root.target in SAME_CODES:
                    root = root.all_input_nodes[0]
                end = ends.setdefault(root, 1.0 + len(ends) / 1024)
                low = 0.0 if is_positive else -end
                observer(_shown(prepared, sources[0], observer, low, end))


def _shown(prepared: Any, source: Any, observer: Any, low: float, high: float) -> torch.Tensor:
    """What an observer sees of a node."""
    ends = torch.tensor([low, high])
    if source.op != "get_attr":
        return ends
    weight: torch.Tensor = operator.attrgetter(str(source.target))(prepared)
    if not is_absent(weight):
        return weight
    axis = getattr(observer, "ch_axis", -1)
    if axis < 0:
        return ends
    two = [1] * weight.dim()
    two[0 if axis else 1] = 2
    channels = [1] * weight.dim()
    channels[axis] = weight.shape[axis]
    # Each channel has a scale of its own, which the digital unit reads.
    return ends.reshape(two) * torch.linspace(0.5, 1.0, channels[axis]).reshape(channels)
