# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figures of points of a study: a network on a device, lowered once for a shape of arrays."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pumice.device import Device
from pumice.errors import FileError, PumiceError
from pumice.evaluation import Metric, evaluate
from pumice.exploration.axes import fields_in, options_in, source_of, with_options
from pumice.exploration.result import figures_of
from pumice.exploration.space import (
    device_with,
    mapping_key,
    nested,
    sets_costs_only,
    sizes_follow_costs,
)
from pumice.files import replacing, temporary_folder
from pumice.laws import unscaled

if TYPE_CHECKING:
    from pumice.options import CompileOptions
    from pumice.program import Program
    from pumice.report import Report

__all__ = ["Evaluator", "Network", "Point", "Study"]

#: Programs are kept for this many shapes of arrays at a time.
_KEPT = 8
#: A context keeps every device that is made in it: it is renewed after so many.
_RENEWED = 256


@dataclass(frozen=True)
class Point:
    """A point of a sweep.

    Attributes:
        network: its name; empty if there is one network.
        device: name of the device whose fields vary.
        values: of fields and other axes, by path.
    """

    network: str
    device: str
    values: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Key of its program."""
        return source_of(self.network, self.values)


@dataclass(frozen=True)
class Network:
    """A quantized network as bytes, for other processes and machines.

    Attributes:
        bytecode: the module at level "quantized".
        options: `CompileOptions`.
        observed, signature, costs_only: of `Program`.
    """

    bytecode: bytes
    options: Any
    observed: str | None
    signature: Any
    costs_only: bool = False

    @staticmethod
    def of(program: Program) -> Network:
        """The network of a program.

        Raises:
            PumiceError: the program does not contain its quantized network.
        """
        if "quantized" not in program.levels:
            raise PumiceError(
                "expected programs that contain their quantized networks for several processes, got"
                f" one with {', '.join(program.levels)}: compile the model again"
            )
        if program._is_absent:
            raise PumiceError(
                "expected programs with weights for several processes, got one without: use one"
                " process"
            )
        import io

        stream = io.BytesIO()
        program.module("quantized").operation.write_bytecode(stream)
        own = {name: dict(options) for name, options in program.options.pipelines.items()}
        options = replace(program.options, pipelines=own)  # a mapping that can be pickled
        return Network(
            stream.getvalue(), options, program.observed, program.signature, program.costs_only
        )

    def program(self, device: Device) -> Program:
        """The program on a device."""
        from pumice.compiler import check_costs_only, program_of_quantized
        from pumice.levels import parse_file

        with temporary_folder() as folder:
            path = folder / "quantized.mlirbc"
            with replacing(path) as file:
                file.write(self.bytecode)
            module = parse_file(path)
        if self.costs_only:
            check_costs_only(device, self.options)
        found = program_of_quantized(module, device, self.options, self.observed)
        found.signature, found.costs_only = self.signature, self.costs_only
        return found


@dataclass(frozen=True)
class Study:
    """Everything that decides figures of points; it can be pickled.

    Attributes:
        networks: by `Point.source`.
        devices: fields of the devices that vary, by name.
        data, metric: as for `pumice.sweep`.
        key: different for each study.
    """

    networks: Mapping[str, Network]
    devices: Mapping[str, dict[str, Any]]
    data: list[Any] | None
    metric: str | Metric
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Evaluator:
    """Computes the points of one network."""

    def __init__(
        self,
        program: Program | Network,
        data: list[Any] | None,
        metric: str | Metric,
        options: CompileOptions | None = None,
    ) -> None:
        self._source = program
        self._options: CompileOptions = options or program.options
        self._variants: dict[str, Evaluator] = {}  #: with other options
        self._program: Program | None = None
        self._data, self._metric = data, metric
        self._lowered: dict[str, Program] = {}
        self._scores: dict[str, float] = {}
        self._bases: dict[str, str | None] = {}  #: keys of `_lowered` by device
        self._context: Any = None
        self._made = 0  #: devices in contexts so far

    def figures(self, base: Device, values: Mapping[str, Any]) -> dict[str, Any]:
        """Figures of a point, or the error that makes it impossible."""
        options, values = options_in(values), fields_in(values)
        try:
            if options:
                return self._variant(options).figures(base, values)
            if self._data is None and self._has_same_sizes(base, values):
                return self._with_costs(base, values)
            device = device_with(base, values)
            report = self._estimated(device)
            found: dict[str, Any] = figures_of(report)
            if self._data is not None:
                found["metric"] = self._scored(device)
        except FileError:  # of the machine, not of the point
            raise
        except PumiceError as error:
            return {"error": str(error).splitlines()[0]}
        same = unscaled(base, device)
        outside = [note for note in device.notes if note not in base.notes]
        return {
            **found,
            **({"unscaled": "; ".join(same)} if same else {}),
            **({"outside": "; ".join(outside)} if outside else {}),
        }

    def _variant(self, values: Mapping[str, Any]) -> Evaluator:
        """The evaluator of the network compiled with other options."""
        key = repr(sorted(values.items()))
        if key not in self._variants:
            options = with_options(self._options, values)
            self._variants[key] = Evaluator(self._source, self._data, self._metric, options)
        return self._variants[key]

    def _has_same_sizes(self, base: Device, values: Mapping[str, Any]) -> bool:
        """Whether a point can be an estimate of the machine program for `base`."""
        if not all(path.split(".")[0] != "laws" and sets_costs_only(path) for path in values):
            return False
        if base.name not in self._bases:
            self._estimated(base)  # lowers
            key = None if sizes_follow_costs(base) else mapping_key(base)
            self._bases[base.name] = key
        return self._bases[base.name] in self._lowered

    def _with_costs(self, base: Device, values: Mapping[str, Any]) -> dict[str, Any]:
        """Figures of a point that differs from `base` in costs only."""
        program = self._lowered[str(self._bases[base.name])]
        attribute, notes = base.changed_attribute(nested(values), self._devices())
        found: dict[str, Any] = figures_of(program._sums_on(attribute))
        outside = [note for note in notes if note not in base.notes]
        return {**found, **({"outside": "; ".join(outside)} if outside else {})}

    def _devices(self) -> Any:
        """The context of the next device."""
        if self._made % _RENEWED == 0:
            from pumice import ir

            self._context = ir.Context()
        self._made += 1
        return self._context

    def _on(self, device: Device) -> Program:
        if isinstance(self._source, Network):
            if self._program is None:
                self._program = replace(self._source, options=self._options).program(device)
                return self._program
            return self._program.recompile(device)
        return self._source.recompile(device, self._options)

    def _estimated(self, device: Device) -> Report:
        if "auto" in {
            *self._options.methods.values(),
            *self._options.targets.values(),
        }:  # chosen by costs
            return self._on(device).estimate()
        key = mapping_key(device)
        if key in self._lowered:
            context = self._devices()
            return self._lowered[key]._sums_on(device.to_attribute(context))
        program = self._on(device)
        report = program.estimate()
        if report.schedule is None:  # a schedule is chosen by costs
            while len(self._lowered) >= _KEPT:
                self._lowered.pop(next(iter(self._lowered)))
            self._lowered[key] = program
        return report

    def _scored(self, device: Device) -> float:
        """The metric, which does not depend on costs."""
        key = mapping_key(device)
        if key not in self._scores:
            self._scores[key] = self._score(device)
        return self._scores[key]

    def _score(self, device: Device) -> float:
        assert self._data is not None
        program = self._on(device)
        if device.adc_mode == "calibrated":
            inputs = self._data[0][:-1]
            program.calibrate([inputs[0] if isinstance(inputs[0], Mapping) else tuple(inputs)])
        values = evaluate(program, self._data, self._metric, progress=False).values
        return float(next(iter(values.values())))
