# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs PyTorch and the machine and compares them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.fx import Node

from pumice.comparison.graph import Codes, Evaluation, Graph, Product
from pumice.comparison.metrics import Errors, errors_of
from pumice.comparison.result import Comparison, TensorComparison
from pumice.errors import PumiceError
from pumice.frontend.export import check_program, export_program
from pumice.tensors import MachineTensor, Place

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = ["compare"]

_IR_OPERATIONS = 12


@dataclass(frozen=True)
class _Target:
    """The reference for a tensor of the machine."""

    node: Node
    place: Place
    kind: str
    product: Product | None = None
    codes: Codes | None = None
    real: Node | None = None  # in the float graph


def compare(
    program: Program,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    tolerance: float,
    reference: Any,
    threads: int | None,
) -> Comparison:
    """See `Program.compare`."""
    if not tolerance >= 0:
        raise PumiceError(f"expected a tolerance of at least 0, got {tolerance}")
    if program.state:
        raise PumiceError(
            f"expected a program without state to compare, got one that keeps"
            f" '{next(iter(program.state))}' between runs"
        )
    tensors = [_tensor(leaf) for leaf in program.flatten_inputs(args, kwargs)]
    graph, real = _graphs(program, reference, args, kwargs)
    return _Run(program, graph, real, tensors, tolerance).compare(threads)


def _graphs(
    program: Program, reference: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Graph, Graph | None]:
    """The graph that was compiled, and the float model's."""

    def exported(model: Any) -> Graph:
        positional = tuple(map(_tensor, args))
        found = export_program(model, positional, {k: _tensor(v) for k, v in kwargs.items()})
        check_program(found)
        return Graph(found)

    compiled = Graph(program.exported) if program.exported is not None else None
    given = exported(reference) if reference is not None else None
    if given is not None and (given.quantized or compiled is None or not compiled.quantized):
        compiled, given = given, None
    if compiled is None:
        raise PumiceError(
            "expected `reference`, the PyTorch model to compare with: a program that was loaded or"
            " compiled from MLIR holds none"
        )
    if given is None and program.float_model is not None:
        given = exported(program.float_model)
    return compiled, given


class _Run:
    def __init__(
        self,
        program: Program,
        graph: Graph,
        real: Graph | None,
        inputs: list[torch.Tensor],
        tolerance: float,
    ) -> None:
        self._program, self._graph, self._real = program, graph, real
        self._inputs, self._tolerance = inputs, tolerance
        self._tensors: list[TensorComparison] = []
        self._compared: set[Node] = set()
        self._first: tuple[TensorComparison, Node] | None = None
        # A run names its tensors; those of one name come in the order of the program.
        self._expected: dict[str, deque[tuple[MachineTensor, _Target | None]]] = defaultdict(deque)
        wanted: list[Node] = []
        real_wanted: list[Node] = []
        for tensor in program.tensors():
            target = self._target(tensor)
            self._expected[tensor.name].append((tensor, target))
            if target is not None:
                wanted.append(target.node)
                real_wanted += [target.real] if target.real is not None else []
        wanted += [leaf for leaf in graph.outputs if isinstance(leaf, Node)]
        self._values = Evaluation(graph, inputs, wanted)
        self._real_values: Evaluation | None = None
        if real is not None:
            real_wanted += [leaf for leaf in real.outputs if isinstance(leaf, Node)]
            self._real_values = Evaluation(real, inputs, real_wanted)

    def compare(self, threads: int | None) -> Comparison:
        results, report = self._program.run_flat(
            self._inputs, threads=threads, observe=self._observe
        )
        outputs = self._outputs(results)
        first = self._first[0] if self._first else None
        if first is None:
            first = next((o for o in outputs if self._beyond(o.errors)), None)
        names = self._graph.names
        return Comparison(
            report.device,
            self._tolerance,
            self._tensors,
            outputs,
            first,
            self._ir(self._first[1]) if self._first else "",
            [names[n] for n in self._graph.operations if n not in self._compared and n in names],
        )

    def _target(self, tensor: MachineTensor) -> _Target | None:
        for place in tensor.places:
            node = self._graph.nodes.get(place.node)
            if node is None or node.op != "call_function":
                continue
            value = node.meta.get("val")
            if not isinstance(value, torch.Tensor) or not _reshapes(tensor.shape, value.shape):
                continue
            target = self._kind(tensor, node, place, value.dtype)
            if target is not None:
                return target
        return None

    def _kind(
        self, tensor: MachineTensor, node: Node, place: Place, dtype: torch.dtype
    ) -> _Target | None:
        real = self._float_node(node)
        if tensor.kind == "sums":
            product = self._graph.product(node)
            return _Target(node, place, "sums", product=product, real=real) if product else None
        integers = not tensor.element.startswith(("f", "bf"))
        if integers and (dtype.is_floating_point or self._graph.codes(node) is not None):
            maker, codes = self._graph.codes_of(node)
            if codes is None:
                return None
            return _Target(maker or node, place, "codes", codes=codes, real=real)
        if integers == dtype.is_floating_point:
            return None
        return _Target(node, place, "values", real=real)

    def _float_node(self, node: Node) -> Node | None:
        if self._real is None:
            return None
        node = self._graph.real(node)
        name = self._graph.names.get(node, "")
        found = self._real.find(name, self._graph.path(name), self._graph)
        if found is None or found.meta["val"].shape != node.meta["val"].shape:
            return None
        return found

    def _observe(self, name: str, value: Any) -> None:
        """Takes a tensor of the machine, which may change after this."""
        queue = self._expected.get(name)
        if not queue:
            return
        tensor, target = queue.popleft()
        if target is None or value.shape != tensor.shape:
            return
        found = torch.from_numpy(np.array(value))
        node = target.node
        found = found.reshape(node.meta["val"].shape)
        reference, own = self._values.both(node)
        if target.product is not None:
            scale = target.product.scale
            theirs, by_itself = self._values.sums(node)
            errors = errors_of(found, theirs, scale.numpy())
            alone = errors if by_itself is theirs else errors_of(found, by_itself, scale.numpy())
            found = found.to(torch.float32) * scale
            real = found = found if target.product.bias is None else found + target.product.bias
        elif target.codes is not None:
            codes = target.codes
            found = found.view(codes.dtype) if found.element_size() == 1 else found.to(codes.dtype)
            real = codes.real(found)
            if self._graph.codes(node) is None:  # codes of a node of real numbers
                found = real
                errors, alone = _errors(real, reference, own)
            else:
                theirs = codes.real(reference)
                mine = theirs if own is reference else codes.real(own)
                errors, alone = _errors(real, theirs, mine)
        else:
            real = found = found.to(reference.dtype)
            errors, alone = _errors(found, reference, own)
        self._values.replace(node, found)
        self._values.release(node)
        self._add(target, errors, alone, self._float_errors(target.real, real))

    def _add(self, target: _Target, errors: Errors, own: Errors, to_float: Errors | None) -> None:
        place, node = target.place, target.node
        row = TensorComparison(
            place.layer or place.node,
            self._graph.names[node],
            str(node.target),
            target.kind,
            tuple(node.meta["val"].shape),
            place.source,
            errors,
            own,
            to_float,
        )
        self._tensors.append(row)
        if self._first is None and self._beyond(errors):
            self._first = row, node
        if self._first is None or self._first[1] is not node:
            self._compared.add(node)

    def _float_errors(self, node: Node | None, found: torch.Tensor) -> Errors | None:
        if node is None or self._real_values is None:
            return None
        expected, _ = self._real_values.both(node)
        self._real_values.release(node)
        return errors_of(found, expected)

    def _outputs(self, results: Sequence[Any]) -> list[TensorComparison]:
        leaves = self._graph.outputs
        real = self._real.outputs if self._real is not None else []
        signature = self._program.signature
        places = (
            [(i, s.index) for i, s in enumerate(signature.outputs) if s.source == "result"]
            if signature is not None
            else [(i, i) for i in range(len(results))]
        )
        rows = []
        for leaf, index in places:
            node = leaves[leaf] if leaf < len(leaves) else None
            found = torch.from_numpy(np.asarray(results[index]))
            if not isinstance(node, Node) or node.meta["val"].shape != found.shape:
                raise PumiceError(
                    f"expected a reference with results like the program's, whose result {leaf} is"
                    f" {found.dtype}{list(found.shape)}"
                )
            reference, own = self._values.both(node)
            errors, alone = _errors(found, reference, own)
            to_float = None
            if leaf < len(real) and isinstance(real[leaf], Node):
                to_float = self._float_errors(real[leaf], found)
            rows.append(
                TensorComparison(
                    "output", str(leaf), node.name, "values", tuple(found.shape), None, errors,
                    alone, to_float,
                )
            )  # fmt: skip
        return rows

    def _beyond(self, errors: Errors) -> bool:
        return errors.relative > self._tolerance

    def _ir(self, node: Node) -> str:
        """The operations between a tensor and those that were compared before it."""
        between: set[Node] = set()
        stack = [node]
        while stack:
            top = stack.pop()
            if top.op == "call_function" and top not in between and top not in self._compared:
                between.add(top)
                stack += top.all_input_nodes
        names = {self._graph.names[node] for node in between if node in self._graph.names}
        level = "crossbar" if "crossbar" in self._program.levels else "simulator"
        texts = self._program.operations(names, level)
        more = len(texts) - _IR_OPERATIONS
        if more > 0:
            texts = [*texts[:_IR_OPERATIONS], f"... {more} more operations"]
        return "\n".join(texts)


def _errors(found: Any, reference: Any, own: Any) -> tuple[Errors, Errors]:
    errors = errors_of(found, reference)
    return errors, errors if own is reference else errors_of(found, own)


def _reshapes(shape: Sequence[int], other: Sequence[int]) -> bool:
    """True if one shape only groups dimensions of the other, so that no element moves."""

    def ends(sizes: Sequence[int]) -> set[int]:
        found, product = set(), 1
        for size in sizes:
            product *= size
            found.add(product)
        return found

    if Counter(shape)[0] or Counter(other)[0]:
        return tuple(shape) == tuple(other)
    ours, theirs = ends([1, *shape]), ends([1, *other])
    return max(ours) == max(theirs) and (ours <= theirs or theirs <= ours)


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    return torch.utils._pytree.tree_map_only(
        np.ndarray, lambda array: torch.from_numpy(np.ascontiguousarray(array)), value
    )
