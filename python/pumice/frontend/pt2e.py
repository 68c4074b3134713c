# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shared code for PT2E: export with a free batch size, calibration, conversion, batch norms."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch

from pumice.frontend.absent import is_absent, zeros
from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.export import as_arguments, export_program
from pumice.frontend.locations import module_path
from pumice.frontend.state import functional_updates, updated_attributes

if TYPE_CHECKING:
    from torch.fx import GraphModule

__all__ = [
    "Arguments", "calibrate", "calibration_of", "convert", "export_any_batch", "own_batch_norms",
]  # fmt: skip

#: Ops from a float to a quantized weight; their last argument is the type.
_QUANTIZES = frozenset(
    f"{library}.{name}.default"
    for library in ("quantized_decomposed", "torchao")
    for name in ("quantize_per_tensor", "quantize_per_channel")
)

#: Positional and keyword arguments of a call.
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def calibration_of(
    model: torch.nn.Module, inputs: Any, example_inputs: Any
) -> tuple[Arguments, Iterator[Arguments]]:
    """Arguments to export a model with, and those of each calibration input, as for `quantize`.

    Raises:
        FrontendError: no inputs, or not an iterable of them.
    """
    example = None if example_inputs is None else as_arguments(example_inputs)
    needed, most = _counts(model, example)
    items = (_arguments_of(item, most) for item in _as_iterable(inputs, needed))
    first = next(items, None)
    if first is None:
        raise FrontendError("expected at least one calibration input, got none")
    return example or first, itertools.chain([first], items)


def calibrate(prepared: Any, items: Iterable[Arguments]) -> None:
    """Shows inputs to the observers of a prepared module.

    Raises:
        FrontendError: an input that the model rejects.
    """
    with torch.no_grad(), _finite(prepared) as batch:
        for number, (args, kwargs) in enumerate(items):
            batch[0] = number
            leaves = torch.utils._pytree.tree_leaves((args, kwargs))
            if any(isinstance(leaf, torch.Tensor) and not leaf.numel() for leaf in leaves):
                raise FrontendError(
                    f"calibration input {number}: expected tensors that are not empty, got an empty"
                    " one"
                )
            try:
                prepared(*args, **kwargs)
            except FrontendError:
                raise
            except Exception as error:
                check_memory(error, f"compute the model with calibration input {number}")
                lines = str(error).strip().splitlines() or [type(error).__name__]
                raise FrontendError(
                    f"calibration input {number} does not fit the model: {lines[0].rstrip('.')}"
                ) from error
    # Observers see weights, but not biases.
    for name, parameter in prepared.named_parameters():
        if parameter.is_floating_point() and not bool(torch.isfinite(parameter).all()):
            raise FrontendError(
                f"expected finite numbers, got NaN or infinity in parameter '{name}'"
            )


@contextlib.contextmanager
def _finite(prepared: Any) -> Iterator[list[int]]:
    """Refuses what is not finite where an observer sees it; yields the place of the item's number.

    NaN would end an observer without a name, and infinity would give a scale that ruins the model.
    """
    batch = [0]
    hooks = []
    for node in getattr(getattr(prepared, "graph", None), "nodes", ()):
        if node.op != "call_module" or not node.args:
            continue
        source = node.args[0]
        place = f"input '{source.name}'" if source.op == "placeholder" else f"'{source.name}'"
        path = module_path(source)
        where = f"{place} of module '{path}'" if path else place

        def check(module: Any, inputs: tuple[Any, ...], where: str = where) -> None:
            value = inputs[0]
            if isinstance(value, torch.Tensor) and not bool(torch.isfinite(value).all()):
                raise FrontendError(
                    f"calibration input {batch[0]}: expected finite numbers, got NaN or infinity in"
                    f" {where}"
                )

        hooks.append(prepared.get_submodule(str(node.target)).register_forward_pre_hook(check))
    try:
        yield batch
    finally:
        for hook in hooks:
            hook.remove()


def convert(prepared: Any) -> GraphModule:
    """PT2E's conversion of a module that holds observers."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    with own_batch_norms(), _updates_unfolded():
        converted: GraphModule = convert_pt2e(prepared)
    _drop_unused_state(converted)
    return converted


@contextlib.contextmanager
def _updates_unfolded() -> Iterator[None]:
    """Keeps PT2E from evaluating what a model does to the buffers that it updates.

    Its constant folding takes buffers for constants. It would run their updates, and replace
    quantized values of them by those of the first run. Weights that are absent stay so.
    """
    folding: Any = importlib.import_module("torchao.quantization.pt2e.constant_fold")
    original = folding.ConstantFolder

    class Folder(original):  # type: ignore[misc, valid-type]
        def __init__(self, module: GraphModule, *args: Any, **kwargs: Any) -> None:
            super().__init__(module, *args, **kwargs)
            self._updated = updated_attributes(module.graph)

        def run_node(self, node: Any) -> Any:
            if node.op == "get_attr" and str(node.target) in self._updated:
                return self.unknown_value
            return super().run_node(node)

        def _deduce_value(self, node: Any) -> Any:
            first = next(iter(node.args), None)
            source = self.env[first] if isinstance(first, torch.fx.Node) else None
            if isinstance(source, torch.Tensor) and is_absent(source):
                if str(node.target) in _QUANTIZES:
                    return zeros(source.shape, node.args[-1], ends=node.args[-3:-1])
                if "dequantize" in str(node.target):  # stays in the graph
                    return self.unknown_value
            return super()._deduce_value(node)

    folding.ConstantFolder = Folder
    try:
        yield
    finally:
        folding.ConstantFolder = original


@contextlib.contextmanager
def own_batch_norms() -> Iterator[None]:
    """Has PT2E fold batch norms by `fold_batch_norms`, in evaluation mode only.

    This replaces four functions of torchao.quantization.pt2e.quantize_pt2e, which has no option
    for it, for two reasons:

    - `_fuse_conv_bn_` and `_fuse_linear_bn_` also fold into layers whose result or weights others
      use, which changes results; `fold_batch_norms` leaves those alone.
    - `_fuse_conv_bn_qat` and `_fold_conv_bn_qat` export 96 patterns to look for, which takes most
      of the time of quantizing a DenseNet. Training here needs no folding (see `ternarize`).
    """
    from torchao.quantization.pt2e import quantize_pt2e

    from pumice.frontend.batch_norms import fold_batch_norms

    ours = {
        "_fuse_conv_bn_": fold_batch_norms,
        "_fuse_linear_bn_": lambda model: None,
        "_fuse_conv_bn_qat": lambda model: model,
        "_fold_conv_bn_qat": lambda model: model,
    }
    originals = {name: getattr(quantize_pt2e, name) for name in ours}
    for name, function in ours.items():
        setattr(quantize_pt2e, name, function)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(quantize_pt2e, name, original)


def export_any_batch(model: torch.nn.Module, example: Arguments) -> Any:
    """Exports with a free batch size if the model allows it, else with the example's."""
    from torch.export import Dim

    from pumice.frontend.decompositions.recurrent import has_free_steps

    args, kwargs = example
    tensors = [value for value in [*args, *kwargs.values()] if isinstance(value, torch.Tensor)]
    batches = {value.shape[0] if value.dim() else None for value in tensors}
    nested = len(tensors) != len(args) + len(kwargs)
    if len(batches) == 1 and None not in batches and not nested:
        # A batch of 1 would be taken for a constant.
        if batches == {1}:
            args = tuple(torch.cat([value, value]) for value in args)
            kwargs = {name: torch.cat([value, value]) for name, value in kwargs.items()}
        shapes: Any = tuple({0: Dim.AUTO} for _ in args)
        if kwargs:
            shapes = _named_shapes(model, args, kwargs, {0: Dim.AUTO})
        try:
            program = functional_updates(export_program(model, args, kwargs, shapes))
            exported = program.module(check_guards=False)
            if not has_free_steps(exported):
                return exported
        except FrontendError:
            pass  # the model needs its batch size; errors that remain show below
    return functional_updates(export_program(model, *example)).module()


def _named_shapes(
    model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Any
) -> dict[str, Any]:
    try:
        bound = inspect.signature(model.forward).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise FrontendError(
            f"the inputs do not fit forward of {type(model).__name__}: {error}"
        ) from None
    return dict.fromkeys(bound, shape)


def _drop_unused_state(model: GraphModule) -> None:
    """Frees the float weights, which PT2E leaves in the module next to the quantized ones."""
    used = {str(node.target) for node in model.graph.nodes if node.op == "get_attr"}
    for kind in (dict(model.named_parameters()), dict(model.named_buffers())):
        for name in kind.keys() - used:
            owner, _, attribute = name.rpartition(".")
            delattr(model.get_submodule(owner), attribute)


def _counts(model: torch.nn.Module, example: Arguments | None) -> tuple[int | None, int | None]:
    """Arguments of an item that are needed, and that are taken at most; None for any."""
    if example is not None:
        return len(example[0]), len(example[0])
    parameters = inspect.signature(model.forward).parameters.values()
    kinds = inspect.Parameter
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]
    required = sum(parameter.default is kinds.empty for parameter in positional)
    if any(parameter.kind is kinds.VAR_POSITIONAL for parameter in parameters):
        return required or None, None
    return required or None, len(positional) or None


def _as_iterable(inputs: Any, taken: int | None) -> Iterable[Any]:
    whole = isinstance(inputs, tuple) and taken is not None and taken > 1
    if whole and len(inputs) == taken and all(isinstance(item, torch.Tensor) for item in inputs):
        return [inputs]
    if isinstance(inputs, (torch.Tensor, Mapping)):
        return [inputs]
    if not isinstance(inputs, Iterable):
        raise FrontendError(
            f"expected an iterable of calibration inputs, got {type(inputs).__name__}"
        )
    return inputs


def _arguments_of(item: Any, taken: int | None) -> Arguments:
    if isinstance(item, (tuple, list)) and taken is not None:
        item = tuple(item)[:taken]
    return as_arguments(item)
