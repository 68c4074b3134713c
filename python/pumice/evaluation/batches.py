# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs batches of any size on programs of one size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pumice.arrays import is_torch
from pumice.errors import PumiceError
from pumice.program import Program
from pumice.report import Report

__all__ = ["Inputs", "Runner", "arrays_in", "items_of", "pair_of"]

#: Positional and keyword arguments.
Inputs = tuple[tuple[Any, ...], dict[str, Any]]


def pair_of(batch: Any, number: int) -> tuple[Inputs, Any]:
    """Inputs and targets of a batch."""
    if not isinstance(batch, list | tuple) or len(batch) < 2:
        raise PumiceError(
            f"batch {number}: expected a tuple (inputs, targets), got {type(batch).__name__}"
        )
    *inputs, targets = batch
    if len(inputs) == 1 and isinstance(inputs[0], Mapping):
        return ((), dict(inputs[0])), targets
    if len(inputs) == 1 and isinstance(inputs[0], list | tuple):
        return (tuple(inputs[0]), {}), targets
    return (tuple(inputs), {}), targets


def items_of(inputs: Inputs) -> int:
    """Size of a batch."""
    sizes = [array.shape[0] for array in arrays_in(inputs) if array.shape]
    if not sizes:
        raise PumiceError("expected inputs with a batch dimension, got none")
    return int(max(sizes))


def arrays_in(value: Any) -> Iterator[Any]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from arrays_in(item)
    elif hasattr(value, "shape"):
        yield value


class Runner:
    """Runs a model on batches of any size."""

    def __init__(self, program: Any, threads: int | None) -> None:
        self.report: Report | None = None
        self._threads = threads
        self._program = program if isinstance(program, Program) else None
        self._model = program
        self._around = contextlib.ExitStack()

    def __enter__(self) -> None:
        if self._program is None and hasattr(self._model, "state_dict"):
            import torch

            from pumice.frontend.export import evaluation_mode

            self._around.enter_context(evaluation_mode(self._model))
            self._around.enter_context(torch.no_grad())

    def __exit__(self, *_: object) -> None:
        self._around.close()

    def __call__(self, inputs: Inputs) -> Any:
        """Outputs of the program, or of the model, for one batch."""
        args, kwargs = inputs
        if self._program is None:
            return self._model(*args, **kwargs)
        shapes, leaves = self._shapes(args, kwargs)
        # Inputs whose first dimension alone differs: all must do so alike.
        batched: dict[int, tuple[int, int]] = {}
        for index, (shape, leaf) in enumerate(zip(shapes, leaves, strict=True)):
            if shape and leaf.shape != shape and tuple(leaf.shape[1:]) == shape[1:]:
                batched[index] = (leaf.shape[0], shape[0])
        sizes = set(batched.values())
        if len(sizes) != 1:  # as compiled, or else `run` says what is wrong
            result = self._program.run(*args, threads=self._threads, **kwargs)
            self.report = result.report
            return result.outputs
        count, size = next(iter(sizes))
        parts = []
        for start in range(0, count, size):
            taken = min(size, count - start)
            piece = list(leaves)
            for index in batched:
                piece[index] = _filled(leaves[index][start : start + taken], size)
            args, kwargs = self._arguments(piece)
            result = self._program.run(*args, threads=self._threads, **kwargs)
            self.report = result.report
            parts.append(_cut(result.outputs, size, taken))
        return _joined(parts)

    def _shapes(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[tuple[int, ...] | None], list[Any]]:
        """The program's shape for each leaf of the inputs, and the leaf's value."""
        assert self._program is not None
        signature = self._program.signature
        if signature is None:
            return [shape for _, _, shape in self._program.inputs], self._program.flatten_inputs(
                args, kwargs
            )
        leaves = signature.leaves(args, kwargs)
        return [spec.shape for spec in signature.inputs], leaves

    def _arguments(self, leaves: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        assert self._program is not None
        if self._program.signature is None:
            return tuple(leaves), {}
        from pumice.frontend.pytree import unflatten

        args, kwargs = unflatten(self._program.signature.input_structure, leaves)
        return args, kwargs


def _filled(part: Any, size: int) -> Any:
    missing = size - part.shape[0]
    if not missing:
        return part
    if is_torch(part):
        import torch

        return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])])
    return np.concatenate([part, np.repeat(part[-1:], missing, 0)])


def _tree(value: Any, change: Callable[[Any], Any]) -> Any:
    """Applies `change` to each tensor in a model's result."""
    if hasattr(value, "shape"):
        return change(value)
    if isinstance(value, dict):
        changed = {key: _tree(item, change) for key, item in value.items()}
        return changed if type(value) is dict else type(value)(**changed)
    if isinstance(value, list | tuple):
        items = [_tree(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _cut(outputs: Any, size: int, taken: int) -> Any:
    def cut(leaf: Any) -> Any:
        if not leaf.shape or leaf.shape[0] != size:
            raise PumiceError(
                f"expected outputs with the program's batch of {size} in front, got"
                f" {tuple(leaf.shape)}: give it batches of {size} items"
            )
        return leaf[:taken]

    return _tree(outputs, cut)


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    flat = [list(arrays_in(part)) for part in parts]
    columns = iter(list(zip(*flat, strict=True)))

    def join(_: Any) -> Any:
        column = next(columns)
        if is_torch(column[0]):
            import torch

            return torch.cat(column)
        return np.concatenate(column)

    return _tree(parts[0], join)
