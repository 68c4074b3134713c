# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Estimates of the zoo's networks on every preset, recorded so that a change of them is seen.

    python test/python/zoo/zoo_estimates.py record [--full] [--device DEVICE ...] [NETWORK ...]
    python test/python/zoo/zoo_estimates.py check [--full] [--device DEVICE ...] [NETWORK ...]

`estimates-small.json` holds the scaled-down networks, which the suite compares;
`estimates-full.json` the networks at full size, which `check --full` compares. Both also hold
networks with random ternary weights, for associative processors.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import pumice
from pumice import zoo
from pumice.compiler import compile_imported
from pumice.frontend import import_model

HERE = Path(__file__).resolve().parent
DEVICES = ("ideal", "isaac", "neon", "neurosim-rram", "puma", "rtm-ap")
TERNARY = {"ternary-resnet18": "resnet18", "ternary-vgg16": "vgg16", "ternary-lenet": "lenet"}
NETWORKS = (*zoo.NETWORKS, *TERNARY)


def make_ternary(model: torch.nn.Module, sparsity: float = 0.8) -> torch.nn.Module:
    """Gives convolutions and linear layers random weights of -a, 0 and a, in place."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                shape = module.weight.shape
                sign = torch.randint(0, 2, shape, generator=generator) * 2 - 1
                kept = torch.rand(shape, generator=generator) >= sparsity
                fan_in = shape[1:].numel() * (1 - sparsity)
                module.weight.copy_(sign * kept * (2 / fan_in) ** 0.5)
    return model.eval()


def import_network(name: str, *, full: bool = False) -> Any:
    """The network, quantized on two inputs of its own, and imported."""
    network = zoo.NETWORKS[TERNARY.get(name, name)]
    instance = network.build() if full else network.small()
    model = make_ternary(instance.model) if name in TERNARY else instance.model
    x = instance.inputs(0)
    calibration = [instance.inputs(seed) for seed in (1, 2)]
    bits = {"weight_bits": 2, "activation_bits": 4} if name in TERNARY else {}
    return import_model(pumice.quantize(model, calibration, example_inputs=x, **bits), x)


def costs(report: dict[str, Any]) -> dict[str, Any]:
    """Time, energy and events; the records are older than multiply-accumulates."""
    kept = {key: report[key] for key in ("latency_ns", "energy_pj")}
    kept["counters"] = {key: n for key, n in report["counters"].items() if key != "macs"}
    return kept


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """What of a report is compared."""
    kept = costs(report)
    # The records are older than names of levels: by their order.
    for key in ("area_mm2", "power_mw"):
        levels = zip(("ima", "tile", "chip"), report["levels"], strict=True)
        kept[key] = {name: level[key] or 0 for name, level in levels}  # not stated: 0
    kept["utilisation"] = {
        name: [item["count"], item["busy_ns"]] for name, item in report["utilisation"].items()
    }
    wear = report["wear"]
    kept["wear"] = {
        key: wear[key]
        for key in (
            "max_writes_per_cell",
            "mean_writes_per_cell",
            "cells_written",
            "arrays_written",
        )
    }
    kept["layers"] = len(report["layers"])
    kept["instructions"] = len(report["instructions"])
    kept["peak_buffer_bytes"] = report.get("peak_buffer_bytes", 0)
    if "setup" in report:
        kept["setup"] = costs(report["setup"])
    return kept


def estimate(imported: Any, device: str) -> dict[str, Any]:
    """The figures of an imported network on a device, or why there are none."""
    try:
        return figures(compile_imported(imported, device).estimate().to_dict())
    except pumice.PumiceError as error:
        return {"error": str(error).splitlines()[0].partition(" (at ")[0]}


def pruned(value: Any) -> Any:
    """A dict without zeros and empty dicts, at any depth."""
    if not isinstance(value, dict):
        return value
    kept = {key: pruned(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in (0, {})}


def differences(found: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Where two figures differ by more than the rounding of sums; zeros may be left out."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            yield from differences(found.get(key, 0), expected.get(key, 0), f"{place}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for i, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{place}[{i}]")
    elif isinstance(found, float) or isinstance(expected, float):
        if not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12):
            yield f"{place}: expected {expected!r}, got {found!r}"
    elif found != expected:
        yield f"{place}: expected {expected!r}, got {found!r}"


def file_of(full: bool) -> Path:
    return HERE / f"estimates-{'full' if full else 'small'}.json"


def recorded(full: bool = False) -> dict[str, dict[str, Any]]:
    path = file_of(full)
    return json.loads(path.read_text()) if path.exists() else {}


def check(name: str, imported: Any, *, full: bool = False) -> None:
    """Asserts that the estimates of a network, scaled down or at full size, are the recorded."""
    expected = recorded(full)[name]
    assert set(expected) == set(DEVICES)
    for device in DEVICES:
        found = pruned(estimate(imported, device))
        assert list(differences(found, expected[device], device)) == []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["record", "check"])
    parser.add_argument("--full", action="store_true", help="networks at full size")
    parser.add_argument("--device", action="append", choices=DEVICES, help="default: all")
    parser.add_argument("networks", nargs="*", help="default: all")
    args = parser.parse_intermixed_args()
    known = recorded(args.full)
    failed = 0
    for name in args.networks or NETWORKS:
        imported = import_network(name, full=args.full)
        found = {device: pruned(estimate(imported, device)) for device in args.device or DEVICES}
        if args.verb == "record":
            known[name] = {**known.get(name, {}), **found}
            lines = [
                f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}"
                for key, value in known.items()
            ]
            file_of(args.full).write_text("{\n" + ",\n".join(lines) + "\n}\n")
            print(f"{name}: recorded", flush=True)
            continue
        expected = {device: known.get(name, {}).get(device, {}) for device in found}
        texts = list(differences(json.loads(json.dumps(found)), expected, name))
        failed += bool(texts)
        print(f"{name}: {'; '.join(texts[:5]) or 'equal'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
