# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs and outputs of a compiled model, in terms of the PyTorch model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.pytree import structure_of_spec, unflatten

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import Node

__all__ = ["InputSpec", "OutputSpec", "Signature", "dynamic_inputs", "signature_of"]


@dataclass(frozen=True)
class InputSpec:
    """One leaf of the model's arguments.

    Attributes:
        name: name of the argument as torch.export gives it.
        shape, dtype: of a tensor ("float32"); None for a Python value.
        value: the Python value for which the model was specialized, if shape is None.
        keyword: the top-level keyword argument that it belongs to, or None.
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: str | None
    value: Any = None
    keyword: str | None = None


@dataclass(frozen=True)
class OutputSpec:
    """One leaf of the model's result: a result of the function, an input, or a constant.

    Attributes:
        source: "result" | "input" | "constant".
        index: position among the function's results or among its tensor inputs.
        value: the constant: a Python value, or a NumPy array for a tensor.
        dtype: of a result, with PyTorch's name ("uint8"); MLIR's integers are signless.
    """

    source: str
    index: int = 0
    value: Any = None
    dtype: str | None = None


@dataclass(frozen=True)
class Signature:
    """Inputs in order, positional then keyword, and outputs with their structure."""

    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    input_structure: Mapping[str, Any]
    output_structure: Mapping[str, Any]

    @property
    def tensor_inputs(self) -> tuple[InputSpec, ...]:
        """The arguments of the compiled function, in order."""
        return tuple(spec for spec in self.inputs if spec.shape is not None)

    def leaves(self, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> list[Any]:
        """The leaves of the arguments of a call, one for each of `inputs`.

        If there are no keyword arguments, all inputs may be passed by the names of `inputs`.

        Raises:
            FrontendError: wrong number, name or structure.
        """
        positional = self.input_structure["children"][0]
        keywords = self.input_structure["children"][1]
        given = dict(kwargs or {})
        names = list(keywords.get("keys", ()))
        if not args and not names and set(given) == {spec.name for spec in self.inputs}:
            args, given = [given[spec.name] for spec in self.inputs], {}
        if len(args) != len(positional["children"]):
            raise FrontendError(
                f"expected {len(positional['children'])} positional inputs"
                f" ({', '.join(spec.name for spec in self.inputs)}), got {len(args)}"
            )
        if set(given) != set(names):
            raise FrontendError(f"expected the keyword inputs {sorted(names)}, got {sorted(given)}")
        leaves: list[Any] = []
        for structure, value in zip(positional["children"], args, strict=True):
            _flatten(structure, value, leaves, "input")
        for structure, name in zip(keywords.get("children", ()), names, strict=True):
            _flatten(structure, given[name], leaves, f"input '{name}'")
        return leaves

    def flatten_inputs(
        self, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Checks the arguments of a call; returns the tensors that the function takes, in order.

        Tensors may be torch tensors, arrays, or anything with `shape` and `dtype`.

        Raises:
            FrontendError: wrong number, name, structure, shape, dtype, or a Python value that
                differs from the one that the model was compiled for.
        """
        leaves = self.leaves(args, kwargs)
        tensors = []
        for spec, leaf in zip(self.inputs, leaves, strict=True):
            if spec.shape is None:
                if leaf is not spec.value and leaf != spec.value:
                    raise FrontendError(
                        f"input '{spec.name}': expected {spec.value!r}, which the model was"
                        f" compiled for, got {leaf!r}"
                    )
                continue
            shape = getattr(leaf, "shape", None)
            dtype = str(getattr(leaf, "dtype", None)).removeprefix("torch.")
            if shape is None or tuple(shape) != spec.shape or dtype != spec.dtype:
                got = type(leaf).__name__ if shape is None else f"{dtype}{list(shape)}"
                raise FrontendError(
                    f"input '{spec.name}': expected {spec.dtype}{list(spec.shape)}, got {got}"
                )
            tensors.append(leaf)
        return tensors

    def unflatten_outputs(self, results: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """Builds the model's own result from the function's results and its tensor inputs.

        Constant tensors are torch tensors if any result or input is one, else arrays.
        """
        leaves: list[Any] = []
        with_torch = any(
            type(value).__module__.startswith("torch") for value in [*results, *inputs]
        )
        for spec in self.outputs:
            if spec.source == "result":
                leaves.append(results[spec.index])
            elif spec.source == "input":
                leaves.append(inputs[spec.index])
            elif with_torch and isinstance(spec.value, np.ndarray):
                import torch

                leaves.append(torch.from_numpy(spec.value.copy()))
            else:
                leaves.append(spec.value)
        return unflatten(self.output_structure, leaves)

    def to_dict(self) -> dict[str, Any]:
        """Data that json can write.

        Raises:
            FrontendError: the model was specialized for, or returns, a value that it cannot.
        """
        data = asdict(self)
        for spec in (*data["inputs"], *data["outputs"]):
            value = spec["value"]
            if isinstance(value, np.ndarray):
                spec["value"] = {"array": value.tolist(), "dtype": str(value.dtype)}
            elif not isinstance(value, (int, float, str, bool, type(None))):
                raise FrontendError(f"cannot save a model with the value {value!r}")
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Signature:
        """Undoes `to_dict`."""

        def restored(spec: Mapping[str, Any]) -> OutputSpec:
            value = spec["value"]
            if isinstance(value, Mapping):
                value = np.array(value["array"], value["dtype"])
            return OutputSpec(spec["source"], spec["index"], value, spec.get("dtype"))

        inputs = (
            {**spec, "shape": None if spec["shape"] is None else tuple(spec["shape"])}
            for spec in data["inputs"]
        )
        return Signature(
            tuple(InputSpec(**spec) for spec in inputs),
            tuple(restored(spec) for spec in data["outputs"]),
            data["input_structure"],
            data["output_structure"],
        )


def _flatten(structure: Mapping[str, Any], value: Any, leaves: list[Any], where: str) -> None:
    kind = structure["kind"]
    if kind == "leaf":
        leaves.append(value)
        return
    if kind == "torch":
        from torch.utils import _pytree as pytree

        found, spec = pytree.tree_flatten(value)
        if pytree.treespec_dumps(spec) != structure["spec"]:
            raise FrontendError(f"{where}: got another structure than the example's")
        leaves.extend(found)
        return
    children = structure["children"]
    expected = {"tuple": tuple, "list": list, "dict": dict}[kind]
    if not isinstance(value, expected) or len(value) != len(children):
        raise FrontendError(
            f"{where}: expected a {kind} of {len(children)}, got {type(value).__name__}"
        )
    if kind == "dict":
        if set(value) != set(structure["keys"]):
            raise FrontendError(
                f"{where}: expected the keys {sorted(structure['keys'])}, got {sorted(value)}"
            )
        value = [value[key] for key in structure["keys"]]
    for child, item in zip(children, value, strict=True):
        _flatten(child, item, leaves, where)


def signature_of(program: ExportedProgram) -> tuple[Signature, dict[str, int]]:
    """Reads a program's signature and trims its graph to a function of tensors.

    The program's parameters are in attributes already. Python-valued placeholders are erased, and
    so are outputs that nothing computes: they become part of the signature. New values of buffers
    are the last results of the function.

    Returns:
        The signature, and the results that are new values, by name of the buffer.
    """
    import torch
    from torch.export.graph_signature import OutputKind
    from torch.fx import Node

    graph = program.graph
    placeholders = {node.name: node for node in graph.nodes if node.op == "placeholder"}
    structure = structure_of_spec(program.call_spec.in_spec)
    inputs: list[InputSpec] = []
    tensor_position: dict[str, int] = {}
    keywords = _keyword_of_leaves(structure)
    for spec, keyword in zip(_user_inputs(program), keywords, strict=True):
        node = placeholders.get(spec.arg.name)
        value = node.meta.get("val") if node is not None else None
        if isinstance(value, torch.Tensor):
            tensor_position[spec.arg.name] = len(tensor_position)
            dtype = str(value.dtype).removeprefix("torch.")
            inputs.append(InputSpec(spec.arg.name, tuple(value.shape), dtype, None, keyword))
        else:
            inputs.append(
                InputSpec(spec.arg.name, None, None, getattr(spec.arg, "value", None), keyword)
            )
            if node is not None and not node.users:
                graph.erase_node(node)
    output = next(node for node in graph.nodes if node.op == "output")
    outputs: list[OutputSpec] = []
    results: list[Node] = []
    new_values: dict[str, Node] = {}
    for value, given in zip(output.args[0], program.graph_signature.output_specs, strict=True):
        if given.kind is OutputKind.BUFFER_MUTATION:
            new_values[str(given.target)] = _computed(value, output)
        elif isinstance(value, Node) and value.op == "placeholder":
            outputs.append(OutputSpec("input", tensor_position[value.name]))
        elif isinstance(value, Node) and value.op == "get_attr":
            tensor = getattr(program.graph_module, str(value.target))
            outputs.append(OutputSpec("constant", 0, tensor.detach().cpu().numpy().copy()))
        elif isinstance(value, Node):
            if value not in results:
                results.append(value)
            dtype = str(value.meta["val"].dtype).removeprefix("torch.")
            outputs.append(OutputSpec("result", results.index(value), dtype=dtype))
        else:
            outputs.append(OutputSpec("constant", 0, value))
    updates = {name: len(results) + index for index, name in enumerate(new_values)}
    output.args = ((*results, *new_values.values()),)
    graph.eliminate_dead_code()
    signature = Signature(
        tuple(inputs), tuple(outputs), structure, structure_of_spec(program.call_spec.out_spec)
    )
    return signature, updates


def _computed(value: Node, output: Node) -> Node:
    """A value that an op computes, so that a function can return it."""
    import torch

    if value.op == "call_function":
        return value
    with output.graph.inserting_before(output):
        copy = output.graph.call_function(torch.ops.aten.clone.default, (value,))
    copy.meta = dict(value.meta)
    return copy


def dynamic_inputs(program: ExportedProgram) -> tuple[Signature, dict[str, tuple[Any, ...]]]:
    """The inputs of a program with symbolic dimensions.

    Returns:
        A signature without outputs, in which symbolic sizes are -1; and the shape of each tensor
        input by name, in which they are SymInts.
    """
    import torch

    placeholders = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    structure = structure_of_spec(program.call_spec.in_spec)
    inputs: list[InputSpec] = []
    shapes: dict[str, tuple[Any, ...]] = {}
    for spec, keyword in zip(_user_inputs(program), _keyword_of_leaves(structure), strict=True):
        name = spec.arg.name
        node = placeholders.get(name)
        value = node.meta.get("val") if node is not None else None
        if not isinstance(value, torch.Tensor):
            inputs.append(InputSpec(name, None, None, getattr(spec.arg, "value", None), keyword))
            continue
        shapes[name] = tuple(value.shape)
        known = tuple(size if isinstance(size, int) else -1 for size in value.shape)
        dtype = str(value.dtype).removeprefix("torch.")
        inputs.append(InputSpec(name, known, dtype, None, keyword))
    return Signature(tuple(inputs), (), structure, {"kind": "leaf"}), shapes


def _user_inputs(program: ExportedProgram) -> list[Any]:
    from torch.export.graph_signature import InputKind

    specs = program.graph_signature.input_specs
    return [spec for spec in specs if spec.kind is InputKind.USER_INPUT]


def _keyword_of_leaves(structure: Mapping[str, Any]) -> list[str | None]:
    from pumice.frontend.pytree import leaf_count

    positional, keywords = structure["children"]
    found: list[str | None] = [None] * leaf_count(positional)
    for name, child in zip(keywords.get("keys", ()), keywords.get("children", ()), strict=True):
        found += [name] * leaf_count(child)
    return found
