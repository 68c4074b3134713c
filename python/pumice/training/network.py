# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks that are trained for a device; see docs/training.md."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e.quantizer import QuantizationSpec

from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.frontend.batch_norms import fold_batch_norms
from pumice.frontend.constants import fold_weights
from pumice.frontend.convertible import ConvertibleNetwork
from pumice.frontend.decompositions.before_quantization import decompose_ops
from pumice.frontend.errors import FrontendError
from pumice.frontend.fake_quantize import Activations, EightBitWeights
from pumice.frontend.locations import module_path
from pumice.frontend.pt2e import (
    Arguments,
    calibrate,
    calibration_of,
    convert,
    export_any_batch,
    own_batch_norms,
)
from pumice.frontend.ptq import is_quantized
from pumice.frontend.quantizer import (
    PumiceQuantizer,
    activation_spec,
    is_layer,
    output_axis,
    weight_spec,
)
from pumice.frontend.silence import quiet
from pumice.frontend.training import (
    mark_coded,
    name_of,
    observe,
    observe_weights,
    set_training,
    step,
)
from pumice.training.chip import Chip, matrices_of
from pumice.training.functions import (
    MachineFunction,
    attach_nets,
    function_modules,
    replace_functions,
)
from pumice.training.layer import AnalogLayer, Draws, instead
from pumice.training.options import LayerOptions, options_of

if TYPE_CHECKING:
    from pumice.options import CompileOptions
    from pumice.program import Program

__all__ = ["EVALUATIONS", "HardwareAwareNetwork", "hardware_aware"]

#: How a network in evaluation mode computes.
EVALUATIONS = ("program", "arrays", "statistical", "quantized")


def hardware_aware(
    model: nn.Module,
    device: str | Device,
    calibration_inputs: Any,
    *,
    example_inputs: Any = None,
    options: LayerOptions | Mapping[str, Any] | None = None,
    layers: Mapping[str, Mapping[str, Any]] | None = None,
    activation_bits: int = 8,
    evaluation: str = "program",
    percentile: float = 100.0,
    seed: int = 0,
    threads: int | None = None,
    nonlinear: str | Mapping[str, str] | None = None,
    compile_options: CompileOptions | Mapping[str, Any] | None = None,
) -> HardwareAwareNetwork:
    """Makes a network that computes as a device does and can be trained for it.

    Batch norms are folded into layers first, and the network is quantized as by `quantize`. In
    training mode, its convolutions and linear layers have the quantization, converters, cells and
    noise of the device (`LayerOptions`). Gradients are those of the layers without them
    (straight-through), but errors grow with the scale of the weights. Nonlinear functions that nets
    or tables compute have the values of these nets, and their own gradients. In evaluation mode it
    runs the compiled program. `pumice.compile(net)` compiles it for its device.

    Args:
        model: a float module, trained or not; it is not changed.
        device: the name of a preset, the path of a device file, or a `Device`.
        calibration_inputs: as for `quantize`; ranges of activations start from these and follow
            the inputs in training. Calibrated converters get their ranges from them too.
        example_inputs: as for `quantize`; also the inputs that programs are compiled for.
        options: of all layers, as `LayerOptions` or a dict of its attributes.
        layers: changes of `options` by glob pattern of module paths, such as
            `{"head": {"weight_bits": 6}}`; later patterns override earlier ones.
        activation_bits: bit width of activations, 2 to 8.
        evaluation: see `HardwareAwareNetwork.evaluation`.
        percentile: of the column sums that calibrated converters resolve (`Program.calibrate`).
        seed: of the random numbers in training. Those of the program come from the device.
        threads: of the hardware model; all by default.
        nonlinear: how nonlinear functions are computed, as for `pumice.compile`.
        compile_options: as `options` of `pumice.compile`, for the programs that it compiles.

    Returns:
        The network, in training mode.

    Raises:
        FrontendError: not a float module, or one without convolutions and linear layers; otherwise
            as for `quantize`.
        CompileError: the model does not fit the device.
        PumiceError: no such device; an option out of range, or one for a layer that does not exist.
        ValueError: activation_bits out of range.
    """
    if not isinstance(model, nn.Module):
        raise FrontendError(f"expected a torch.nn.Module, got {type(model).__name__}")
    if isinstance(model, ConvertibleNetwork) or is_quantized(model):
        raise FrontendError("expected a float model, got one that is quantized already")
    from pumice.options import CompileOptions

    chip = Chip(as_device(device), threads)
    compiling = CompileOptions.of(compile_options)
    if nonlinear is not None:
        compiling = replace(compiling, nonlinear=nonlinear)
    defaults = options if isinstance(options, LayerOptions) else _options(options or {})
    example, items = calibration_of(model, calibration_inputs, example_inputs)
    kept = list(items)
    with quiet():
        from torchao.quantization.pt2e.quantize_pt2e import prepare_qat_pt2e

        exported = fold_weights(export_any_batch(copy.deepcopy(model), example))
        fold_batch_norms(exported)
        exported = decompose_ops(exported)
        names = list(dict.fromkeys(name_of(n) for n in exported.graph.nodes if is_layer(n)))
        if not names:
            raise FrontendError("expected a model with a convolution or linear layer, got none")
        by_name = options_of(defaults, layers or {}, names)
        quantizer = _Quantizer(activation_bits, by_name)
        with own_batch_norms():
            prepared = prepare_qat_pt2e(exported, quantizer)
    mark_coded(prepared)
    draws = Draws(seed)
    found = _replace_layers(prepared, by_name, chip, draws)
    floats = [name for name in names if by_name[name].mode == "float"]
    network = HardwareAwareNetwork(
        prepared, found, floats, chip, example, kept, percentile, compiling, evaluation
    )
    set_training(prepared, False)
    observe(prepared, True)
    calibrate(_Graph(prepared), kept)
    if compiling.approximates:
        replace_functions(prepared)
    network.refresh()
    return network.train()


class HardwareAwareNetwork(ConvertibleNetwork):
    """A model in training for a device; see `hardware_aware`.

    It takes the arguments of the model and returns its results. Parameters are the model's, in
    float, with batch norms folded into layers.

    Attributes:
        device: what it is trained for.
        layers: by path of the module, "arrays" for layers that run on crossbar arrays, "digital"
            for others, which are quantized in training only, and "float" for layers of that mode.
        functions: by path of the module and name in the graph, the kinds of nets that compute
            nonlinear functions, such as ("exp", "reciprocal") of a softmax; none: training computes
            the function exactly, because its nets belong to no single op of PyTorch.
        evaluation: what it computes in evaluation mode. "program": the results of the compiled
            program, bit for bit; it is compiled again after the parameters have changed. "arrays",
            "statistical", "quantized": the mode of all layers (`LayerOptions`), for comparison.
        example: positional and keyword arguments that programs are compiled for.
    """

    device: Device
    example: Arguments

    def __init__(
        self,
        graph_module: GraphModule,
        layers: list[AnalogLayer],
        floats: list[str],
        chip: Chip,
        example: Arguments,
        calibration: list[Arguments],
        percentile: float,
        compile_options: CompileOptions,
        evaluation: str,
    ) -> None:
        super().__init__()
        self.graph_module = graph_module
        self.device, self.example = chip.device, example
        self.compile_options = compile_options
        self._layers = [[layer] for layer in layers]  # lists: not registered twice
        self._floats, self._without_nets = floats, list[str]()
        self._chip, self._calibration, self._percentile = chip, calibration, percentile
        self._program: Program | None = None
        self._state: tuple[Any, ...] | None = None
        self.evaluation = evaluation

    @property
    def layers(self) -> dict[str, str]:
        """Where each layer runs: "arrays", "digital" or "float"."""
        return {
            **{layer.name: "digital" if layer.matrix is None else "arrays"
               for [layer] in self._layers},
            **dict.fromkeys(self._floats, "float"),
        }  # fmt: skip

    @property
    def functions(self) -> dict[str, tuple[str, ...]]:
        """Kinds of the nets that compute each nonlinear function."""
        found = function_modules(self.graph_module).values()
        return {
            **{item.name: tuple(item.nets) for item in found if item.nets},
            **{name: () for name in self._without_nets},
        }

    @property
    def evaluation(self) -> str:
        """What it computes in evaluation mode, one of `EVALUATIONS`."""
        return self._evaluation

    @evaluation.setter
    def evaluation(self, value: str) -> None:
        if value not in EVALUATIONS:
            raise PumiceError(
                f"expected evaluation to be one of {', '.join(EVALUATIONS)}, got '{value}'"
            )
        self._evaluation = value

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The model's results on the device."""
        if self.training:
            results = self._graph(None, args, kwargs)
            step(self.graph_module)
            return results
        if self.evaluation != "program":
            return self._graph(self.evaluation, args, kwargs)
        with torch.no_grad():
            exact = self._run(args, kwargs)
        if not torch.is_grad_enabled():
            return exact
        smooth = self._graph("quantized", args, kwargs)
        flat, structure = torch.utils._pytree.tree_flatten(smooth)
        values = [
            instead(a, b) if isinstance(a, torch.Tensor) and a.is_floating_point() else b
            for a, b in zip(flat, torch.utils._pytree.tree_leaves(exact), strict=True)
        ]
        return torch.utils._pytree.tree_unflatten(values, structure)

    def train(self, mode: bool = True) -> HardwareAwareNetwork:
        """Sets the mode; `eval` calls it with False."""
        self.training = mode  # exported graphs refuse `train`
        observe(self.graph_module, mode)
        set_training(self.graph_module, mode)
        for [layer] in self._layers:
            layer.train(mode)
        return self

    def program(self) -> Program:
        """The network as it is, compiled for its device; converters are calibrated."""
        state = self._versions()
        if self._program is None or state != self._state:
            from pumice.compiler import compile_imported
            from pumice.frontend.importer import import_model

            args, kwargs = self.example
            imported = import_model(self.convert(), args, example_kwargs=kwargs or None)
            program = compile_imported(
                imported,
                self.device,
                options=self.compile_options,
                calibration=self.calibration,
            )
            self.finish(program, self.device)
            self._program, self._state = program, state
        return self._program

    def refresh(self) -> None:
        """Reads from the compiled program how the network runs: arrays, converters and nets.

        `hardware_aware` does this. Do it again after much training if converters are calibrated or
        nonlinear functions are computed by nets: ranges and domains follow the weights.
        """
        program = self.program()
        found = matrices_of(program)
        for [layer] in self._layers:
            layer.matrix = found.get(layer.node)
        self._without_nets = attach_nets(self.graph_module, program, self._chip.threads)

    @property
    def calibration(self) -> list[Any]:
        """The calibration inputs, as programs take them."""
        return [{**kwargs} if kwargs else tuple(args) for args, kwargs in self._calibration]

    def unfreeze_neighbours(self) -> list[str]:
        """Freezes the network but for the layers before and after each function with nets.

        This is how the NEON paper fine-tunes. A layer here is a convolution or a linear layer.

        Returns:
            Paths of the layers that are not frozen, in their order.

        Raises:
            PumiceError: no function has nets, or none is beside a layer.
        """
        functions = function_modules(self.graph_module)
        modules = dict(self.graph_module.named_modules())
        order: list[Node | None] = []  # layers, and None for functions
        for node in self.graph_module.graph.nodes:
            if node in functions:
                order += [None] if functions[node].nets else []
            elif is_layer(node) or isinstance(modules.get(str(node.target)), AnalogLayer):
                order.append(node)
        kept: set[Node] = set()
        for place, node in enumerate(order):
            if node is None:
                kept.update(_first(reversed(order[:place])))
                kept.update(_first(order[place:]))
        if not kept:
            raise PumiceError(
                "expected a layer beside a nonlinear function that nets compute, got none (see"
                " 'nonlinear' of hardware_aware)"
            )
        self.requires_grad_(False)
        for node in kept:
            for source in node.args[1:3]:
                if isinstance(source, Node):
                    attrgetter(str(source.target))(self.graph_module).requires_grad_(True)
        return [name_of(node) for node in order if node in kept and node is not None]

    def finish(self, program: Program, device: Device) -> None:
        """Calibrates the converters of a program of this network, if its device asks for it."""
        if device.adc_mode != "calibrated":
            return
        from pumice.compiler import pieces

        batches = (piece for batch in self.calibration for piece in pieces(batch, program))
        program.calibrate(batches, percentile=self._percentile, threads=self._chip.threads)

    @torch.no_grad()
    def convert(self) -> GraphModule:
        """The integer network, as `quantize` returns it; training of this one can continue."""
        with quiet():
            model = copy.deepcopy(self.graph_module)
            observe(model, False)
            set_training(model, False)
        modules = dict(model.named_modules())
        layers: list[tuple[Node, str, int]] = []
        for node in list(model.graph.nodes):
            module = modules.get(str(node.target)) if node.op == "call_module" else None
            if isinstance(module, MachineFunction):
                _restore(model, node, module, node.args)
            if not isinstance(module, AnalogLayer):
                continue
            weight: Any = node.args[1]
            parameter = attrgetter(str(weight.target))(model)
            parameter.copy_(module.clipped(parameter))
            plain = _restore(model, node, module, (*node.args, *module.rest))
            layers.append((plain, f"{module.node}_weights", module.options.weight_bits))
        for node, name, bits in layers:
            observe_weights(model, node, name, bits)
        model.recompile()
        with quiet():
            return convert(model)

    def _graph(self, mode: str | None, args: Any, kwargs: Any) -> Any:
        for [layer] in self._layers:
            layer.mode = mode
        try:
            return self.graph_module(*args, **kwargs)
        finally:
            for [layer] in self._layers:
                layer.mode = None

    def _run(self, args: Any, kwargs: Any) -> Any:
        from pumice.evaluation.batches import Runner

        run = Runner(self.program(), self._chip.threads)
        with run:
            return run((args, kwargs))

    def _versions(self) -> tuple[Any, ...]:
        """What changes when a parameter or a range does."""
        state = [*self.graph_module.parameters(), *self.graph_module.buffers()]
        return tuple((value.data_ptr(), value._version) for value in state)

    def __getstate__(self) -> dict[str, Any]:
        # Programs cannot be copied.
        return {**self.__dict__, "_program": None, "_state": None}


def _restore(
    model: GraphModule, node: Node, module: AnalogLayer | MachineFunction, arguments: Any
) -> Node:
    """The op that a module stands for, in its place."""
    with model.graph.inserting_before(node):
        plain = model.graph.create_node(
            "call_function", module.target, tuple(arguments), node.kwargs, name=module.node
        )
    plain.meta = dict(node.meta)
    node.replace_all_uses_with(plain)
    model.graph.erase_node(node)
    return plain


def _first(order: Iterable[Node | None]) -> list[Node]:
    return [node for node in order if node is not None][:1]


def _options(given: Mapping[str, Any]) -> LayerOptions:
    return options_of(LayerOptions(), {"*": given}, ["*"])["*"]


class _Graph(nn.Module):
    """Moves ranges of activations after each call of a prepared graph."""

    def __init__(self, graph_module: GraphModule) -> None:
        super().__init__()
        self.inner = graph_module
        self.graph = graph_module.graph

    def get_submodule(self, target: str) -> nn.Module:
        return self.inner.get_submodule(target)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        results = self.inner(*args, **kwargs)
        step(self.inner)
        return results


class _Quantizer(PumiceQuantizer):
    """Fake quantization of activations; weights are quantized by `AnalogLayer`.

    Layers of mode "float" are left alone; if all are, products of activations are too.
    """

    def __init__(self, activation_bits: int, options: Mapping[str, LayerOptions]) -> None:
        is_quantized = any(item.mode != "float" for item in options.values())
        super().__init__(activation_bits=activation_bits, attention=is_quantized)
        self._activation = activation_spec(Activations, activation_bits)
        self._options = options

    def _takes(self, node: Node) -> bool:
        return super()._takes(node) and self._options[name_of(node)].mode != "float"

    def _weight_of(self, layer: Node) -> QuantizationSpec:
        axis = output_axis(layer)
        spec = weight_spec(axis, self._options[name_of(layer)].weight_bits)
        return replace(spec, observer_or_fake_quant_ctr=EightBitWeights.with_args(axis=axis))


def _replace_layers(
    model: GraphModule, options: Mapping[str, LayerOptions], chip: Chip, draws: Draws
) -> list[AnalogLayer]:
    """Replaces the layers of a prepared graph by modules."""
    modules = dict(model.named_modules(remove_duplicate=False))
    found: list[AnalogLayer] = []
    for node in list(model.graph.nodes):
        fake: Any = node.args[1] if len(node.args) > 1 else None
        if not (isinstance(fake, Node) and fake.op == "call_module"):
            continue
        if not isinstance(modules.get(str(fake.target)), EightBitWeights):
            continue
        source: Any = fake.args[0]
        x: Any = node.args[0]
        seen = modules.get(str(x.target)) if x.op == "call_module" else None
        weight = attrgetter(str(source.target))(model)
        name = module_path(node) or str(source.target)
        layer = AnalogLayer(
            name, node.name, node.target, tuple(node.args[3:]), output_axis(node), weight,
            seen if isinstance(seen, Activations) else None, options[name], chip, draws,
        )  # fmt: skip
        place = f"analog_{len(found)}"
        model.add_submodule(place, layer)
        with model.graph.inserting_before(node):
            call = model.graph.call_module(place, tuple(node.args[:3]))
        call.update_arg(1, source)
        call.meta = dict(node.meta)
        node.replace_all_uses_with(call)
        model.graph.erase_node(node)
        if not fake.users:
            model.graph.erase_node(fake)
        found.append(layer)
    model.delete_all_unused_submodules()
    model.recompile()
    return found
