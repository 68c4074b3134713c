# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiler options other than the device."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pumice.errors import CompileError
from pumice.levels import PIPELINES
from pumice.passes import Passes, checked

__all__ = ["CAM_GOALS", "METHODS", "OBJECTIVES", "CompileOptions", "Value"]

#: Ways to compute a nonlinear function.
METHODS = ("digital", "lut", "neon", "auto")

#: What method "auto" makes least.
OBJECTIVES = ("energy", "latency", "energy-delay")

#: What a mapping of stored words is good at.
CAM_GOALS = ("latency", "power", "density")

#: Value of an option of a pipeline.
Value = bool | int | float | str


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class CompileOptions:
    """How to compile a model for a device.

    Only options of nonlinear functions, and passes of your own, change results.

    Attributes:
        nonlinear: how nonlinear functions are computed: "digital" (the default), "lut", "neon" or
            "auto", for all of them; or a mapping of kinds ("gelu") and glob patterns of module
            paths ("encoder.layer.*") to such methods, the first that fits first, "*" last. See
            docs/neon.md.
        max_error: bound on the largest error of nets and tables, as a part of the range of their
            function, from 0 to 1; None: no bound. "auto" takes the best method within it.
        objective: what "auto" makes least, for functions and for targets: "energy" (dynamic energy
            of the function or layer), "latency", or their product, "energy-delay".
        net_bits: bits of the inputs, hidden values and results of nets and tables, 2 to 16; at
            most as many as the arrays of the device take.
        net_copies: elements that a net or table computes at a time, at least 1.
        max_hidden: most hidden units of a net, 2 to 256.
        ap_share: associative processors compute sums that several outputs have in common once.
        ap_layout: where associative processors keep the bits of values: "along" racetracks,
            "across" columns, or "cheapest", which None means: for each layer, whichever takes less
            energy (docs/ap.md).
        keep_codes: whether quantized values stay in associative processors between layers where
            that makes the objective less (docs/ap.md, "Values that stay").
        cam_goal: what the mapping of stored words to content-addressable memories is good at:
            "latency" (all arrays are searched at once), "power" (the arrays of a mat take turns) or
            "density" (parts of words share arrays where they fit). See docs/cam.md.
        threads: threads that compile microprograms, at least 1; None means all threads of the
            machine.
        probe_nodes: nodes of the graph whose values `Program.observe` shows.
        probe_kinds: kinds of nonlinear functions, such as "gelu", whose inputs and results
            `Program.observe` shows.
        targets: what layers run on, by module path: "crossbar", "ap", "digital", the name of a
            group of units of the device, or "auto" for the units that compute the layer with the
            least `objective`. The first match counts; others as by default.
        schedule: algorithm that decides when weights are written and where: "naive", "strong",
            "overlap", "copies" or "steady" (docs/scheduling.md). None schedules, with "overlap",
            only networks whose weights do not fit the arrays of the device; others are written
            once, before the first inference. A name that ends in ".json" is a file with a
            schedule, as the option `schedule-json` of the pipeline crossbar-to-pum writes it.
        schedule_time_share: share of the best time that the schedule may give up for fewer copies
            and writes, from 0.
        reencode: whether weights that the schedule rewrites are stored with levels close to those
            in the cells (docs/reencoding.md): True, False, or a method of "centre", "fitted",
            "columns" and "bitlines" (True). Results do not change.
        compress_weights: whether constant weights are compressed in DRAM, on devices whose arrays
            have a `weight_decoder` (docs/reencoding.md). Results do not change.
        passes: passes of your own by level, run when a module has reached it: `{"crossbar":
            [function, "canonicalize,cse"]}`. A function changes a pumice.ir.Module in place; a text
            is a pipeline as `pumice-opt --pass-pipeline` takes it, without `builtin.module(...)`.
        plugins: files of pass plugins, whose passes the texts may name. These texts run in a
            process of pumice-opt.
        pipelines: options of individual pipelines, by pumice-opt's names, such as
            `{"quantized-to-crossbar": {"ap-share": False}}`. They override the options above.

    Raises:
        CompileError: a value out of range, or no such pipeline.
    """

    nonlinear: str | Mapping[str, str] | None = None
    max_error: float | None = None
    objective: str = "energy"
    net_bits: int = 16
    net_copies: int = 16
    max_hidden: int = 64
    ap_share: bool = True
    ap_layout: str | None = None
    keep_codes: bool = True
    cam_goal: str = "latency"
    threads: int | None = None
    probe_nodes: Sequence[str] = ()
    probe_kinds: Sequence[str] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    schedule: str | None = None
    schedule_time_share: float = 0.0
    reencode: bool | str = False
    compress_weights: bool = False
    passes: Passes = field(default_factory=_nothing)
    plugins: Sequence[str] = ()
    pipelines: Mapping[str, Mapping[str, Value]] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise CompileError(f"expected at least 1 thread to compile with, got {self.threads}")
        if self.ap_layout not in (None, "along", "across", "cheapest"):
            raise CompileError(
                f"expected an ap_layout of along, across, cheapest, got '{self.ap_layout}'"
            )
        if self.cam_goal not in CAM_GOALS:
            raise CompileError(
                f"expected a cam_goal of {', '.join(CAM_GOALS)}, got '{self.cam_goal}'"
            )
        for key, method in self.methods.items():
            if method not in METHODS:
                raise CompileError(
                    f"expected a method of {', '.join(METHODS)} for '{key}', got '{method}'"
                )
        if self.max_error is not None and not 0 < self.max_error < 1:
            raise CompileError(
                f"expected a max_error above 0 and less than 1, got {self.max_error}"
            )
        if self.objective not in OBJECTIVES:
            raise CompileError(
                f"expected an objective of {', '.join(OBJECTIVES)}, got '{self.objective}'"
            )
        if not 0 <= self.schedule_time_share < math.inf:
            raise CompileError(
                "expected a finite schedule_time_share of at least 0, got"
                f" {self.schedule_time_share}"
            )
        checked(self.passes)
        for name in self.pipelines:
            if name not in PIPELINES.values():
                raise CompileError(
                    f"expected a pipeline of {', '.join(PIPELINES.values())}, got '{name}'"
                )

    @property
    def methods(self) -> Mapping[str, str]:
        """`nonlinear` as a mapping."""
        if self.nonlinear is None:
            return {}
        return {"*": self.nonlinear} if isinstance(self.nonlinear, str) else self.nonlinear

    @property
    def approximates(self) -> bool:
        """Whether some nonlinear function may be computed by a net or table."""
        return any(method != "digital" for method in self.methods.values())

    @staticmethod
    def of(options: CompileOptions | Mapping[str, object] | None) -> CompileOptions:
        """Options from an instance, from a dict of attributes, or the defaults for None.

        Raises:
            CompileError: an unknown name, or a value out of range.
        """
        if isinstance(options, CompileOptions):
            return options
        known = [item.name for item in fields(CompileOptions)]
        for name in options or {}:
            if name not in known:
                raise CompileError(f"expected a compile option of {', '.join(known)}, got '{name}'")
        return CompileOptions(**dict(options or {}))  # type: ignore[arg-type]

    def with_domains(self, key: str, value: Value) -> CompileOptions:
        """These options, and one of the pipeline to crossbars."""
        name = "quantized-to-crossbar"
        own = {**self.pipelines.get(name, {}), key: value}
        return replace(self, pipelines={**self.pipelines, name: own})

    def with_schedule(self, schedule: str | None) -> CompileOptions:
        """These options with another algorithm; None keeps that of these options."""
        return self if schedule is None else replace(self, schedule=schedule)

    def pipeline(self, name: str) -> str:
        """The text of a pipeline for PassManager.parse, with its options in braces."""
        given: dict[str, Value] = {}
        if name == "quantized-to-crossbar":
            given = {"ap-share": self.ap_share, "ap-threads": self.threads or 0}
            if self.ap_layout is not None:
                given["ap-layout"] = self.ap_layout
            if self.cam_goal != "latency":
                given["cam-goal"] = self.cam_goal
            if self.methods:
                methods = (f"{key}={method}" for key, method in self.methods.items())
                given |= {
                    "methods": ",".join(methods),
                    "net-input-bits": self.net_bits,
                    "net-hidden-bits": self.net_bits,
                    "net-output-bits": self.net_bits,
                    "net-copies": self.net_copies,
                    "max-hidden": self.max_hidden,
                    "max-error": self.max_error or 0.0,
                }
                if self.objective != OBJECTIVES[0]:
                    given["net-objective"] = self.objective
            if self.targets:
                pairs = (f"{layer}={target}" for layer, target in self.targets.items())
                given["targets"] = ",".join(pairs)
            if "auto" in self.targets.values() and self.objective != OBJECTIVES[0]:
                given["target-objective"] = self.objective
            for key, probes in (
                ("probe-nodes", self.probe_nodes),
                ("probe-kinds", self.probe_kinds),
            ):
                if probes:
                    given[key] = ",".join(probes)
        if name == "crossbar-to-pum" and self.schedule is not None:
            key = "schedule-file" if self.schedule.endswith(".json") else "schedule"
            given[key] = self.schedule
        if name == "crossbar-to-pum" and self.reencode:
            given["reencode"] = "bitlines" if self.reencode is True else self.reencode
        if name == "crossbar-to-pum" and not self.keep_codes:
            given["keep-codes"] = "never"
        elif name == "crossbar-to-pum" and self.objective != OBJECTIVES[0]:
            given["keep-codes"] = self.objective
        if name == "crossbar-to-pum" and self.compress_weights:
            given["compress-weights"] = True
        if name == "crossbar-to-pum" and self.schedule_time_share:
            given["schedule-time-share"] = self.schedule_time_share
        given |= self.pipelines.get(name, {})
        words = " ".join(f"{key}={_text(value)}" for key, value in given.items())
        return f"{name}{{{words}}}" if words else name


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
