# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The structure of a model's inputs and outputs, without torch objects, so that it can be saved.

A structure is JSON: ``{"kind": "leaf"}``, ``{"kind": "tuple" | "list",
"children": [...]}``, ``{"kind": "dict", "keys": [...], "children": [...]}``, for named tuples of
torch.return_types ``{"kind": "return_type", "name": "max", "children": [...]}``, or, for classes
that only torch's pytree registry knows (dataclasses, named tuples, transformers' ModelOutput),
``{"kind": "torch", "spec": <torch.utils._pytree.treespec_dumps>, "children": <number>}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pumice.errors import PumiceError
from pumice.frontend.errors import FrontendError

__all__ = ["leaf_count", "structure_of_spec", "unflatten"]


def structure_of_spec(spec: Any) -> dict[str, Any]:
    """Turns a torch TreeSpec into a JSON structure."""
    from torch.utils import _pytree as pytree

    if spec.is_leaf():
        return {"kind": "leaf"}
    children = spec.children()
    if spec.type in (tuple, list):
        kind = "tuple" if spec.type is tuple else "list"
        return {"kind": kind, "children": [structure_of_spec(child) for child in children]}
    if spec.type is dict and all(isinstance(key, (str, int)) for key in spec.context):
        return {
            "kind": "dict",
            "keys": list(spec.context),
            "children": [structure_of_spec(child) for child in children],
        }
    if spec.type.__module__ == "torch.return_types":
        return {
            "kind": "return_type",
            "name": spec.type.__name__,
            "children": [structure_of_spec(child) for child in children],
        }
    try:
        text = pytree.treespec_dumps(spec)
    except NotImplementedError as error:
        raise FrontendError(
            f"inputs or outputs of the class {spec.type.__qualname__} cannot be saved: {error}"
        ) from None
    return {"kind": "torch", "spec": text, "children": spec.num_leaves}


def leaf_count(structure: Mapping[str, Any]) -> int:
    """Number of leaves of a structure."""
    if structure["kind"] == "leaf":
        return 1
    if structure["kind"] == "torch":
        return int(structure["children"])
    return sum(leaf_count(child) for child in structure.get("children", ()))


def unflatten(structure: Mapping[str, Any], leaves: Sequence[Any]) -> Any:
    """Builds the nested object whose leaves, in order, are `leaves`.

    Raises:
        ValueError: the number of leaves does not fit the structure.
        PumiceError: the structure needs a class that torch's pytree does not know (yet).
    """
    expected = leaf_count(structure)
    if len(leaves) != expected:
        raise ValueError(f"expected {expected} leaves, got {len(leaves)}")
    return _build(structure, iter(leaves))


def _build(structure: Mapping[str, Any], leaves: Iterator[Any]) -> Any:
    kind = structure["kind"]
    if kind == "leaf":
        return next(leaves)
    if kind == "torch":
        from torch.utils import _pytree as pytree

        try:
            spec = pytree.treespec_loads(structure["spec"])
        except NotImplementedError as error:
            text = str(error).splitlines()[0].rstrip(".")
            raise PumiceError(
                f"the model's result has a type that is not known here: {text}"
                " (import the package that defines it first)"
            ) from error
        return pytree.tree_unflatten([next(leaves) for _ in range(structure["children"])], spec)
    children = [_build(child, leaves) for child in structure["children"]]
    if kind == "dict":
        return dict(zip(structure["keys"], children, strict=True))
    if kind == "return_type":  # what torch.max(x, 1) and its like return
        import torch

        return getattr(torch.return_types, structure["name"])(children)
    return tuple(children) if kind == "tuple" else children
