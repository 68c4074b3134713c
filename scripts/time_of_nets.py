# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seconds that nets take to fit, on one thread and with an empty cache; a table in docs/neon.md.

Every function of the library at 16 bits, and all nets of Transformer-base: those that a program
has, in which all softmaxes share an exponential on [-12, 0], and those of the paper's setup, in
which each of the 144 attention heads has a net of its own. The domains of these come from a run
with random weights and inputs.

    python scripts/time_of_nets.py [--write]

Seconds are of the processor. Exits with 1 if a function takes more than 1 s, or the nets of
Transformer-base more than 10 s.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pumice import Device, ir, neon
from pumice.experiments.neon.networks import NETWORKS, Softmax
from pumice.experiments.page import Table, replaced
from pumice.files import write_text
from pumice.passes import run_passes
from pumice.tables import plain_text

PAGE = Path(__file__).resolve().parent.parent / "docs" / "neon.md"
BEGIN = "<!-- scripts/time_of_nets.py writes from here -->"
END = "<!-- to here: time_of_nets.py -->"

#: Most seconds of a scalar net, and of all nets of Transformer-base.
SCALAR, NETWORK = 1.0, 10.0

#: Softmaxes and layer norms of Transformer-base: 6 encoder and 6 decoder blocks.
ATTENTIONS, HEADS, NORMS = 18, 8, 30

_BODIES = {
    "exp": "%r = math.exp %a : tensor<8xf32>",
    "rsqrt": "%r = math.rsqrt %a : tensor<8xf32>",
    "reciprocal": "%c = arith.constant dense<1.0> : tensor<8xf32>\n"
    "    %r = arith.divf %c, %a : tensor<8xf32>",
}


@dataclass(frozen=True)
class Site:
    """A function of one number, and its domain if it needs one."""

    kind: str
    domain: tuple[float, float] | None = None


def seconds_of(sites: list[Site]) -> tuple[float, list[int]]:
    """Seconds of `pum-fit-nets` for some functions, and the hidden units of the nets."""
    context = ir.Context()
    device = Device("neon").to_attribute(context)
    regions = []
    for i, site in enumerate(sites):
        domain = "" if site.domain is None else f"domain [{site.domain[0]!r}, {site.domain[1]!r}] "
        regions.append(
            f"  %y{i} = pum.nonlinear {site.kind}(%x) {domain}method neon :"
            f" (tensor<8xf32>) -> tensor<8xf32> {{\n  ^bb0(%a: tensor<8xf32>):\n"
            f"    {_BODIES[site.kind]}\n    pum.yield %r : tensor<8xf32>\n  }}"
        )
    names = ", ".join(f"%y{i}" for i in range(len(sites)))
    types = ", ".join(["tensor<8xf32>"] * len(sites))
    text = (
        f"module attributes {{pum.device = {device}}} {{\n"
        f"func.func @main(%x: tensor<8xf32>) -> ({types}) {{\n"
        + "\n".join(regions)
        + f"\n  return {names} : {types}\n}}\n}}"
    )
    module = ir.Module.parse(text, context)
    begin = time.process_time()
    module = run_passes(module, "linalg", ["pum-fit-nets{cache=none threads=1}"], ())
    seconds = time.process_time() - begin
    found = [op for op in module.body.operations if op.operation.name == "crossbar.neon_net"]
    return seconds, [_units(op) for op in found]


def _units(op: ir.OpView) -> int:
    """Hidden units of a net: rows of its first matrix."""
    text = str(op.attributes["layers"][0])
    return int(text[text.index("tensor<") + len("tensor<") :].split("x")[0])


def domains_of_heads() -> list[tuple[float, float]]:
    """Of the exponentials of Transformer-base, one for each head of each attention."""
    torch.manual_seed(0)
    network = NETWORKS["transformer"]
    model = network.build().eval()
    found: list[tuple[float, float]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], result: Tensor) -> None:
        below = inputs[0] - inputs[0].amax(-1, keepdim=True)
        found.extend((max(float(head.min()), -12.0), 0.0) for head in below[0])

    for module in model.modules():
        if isinstance(module, Softmax):
            module.register_forward_hook(note)
    with torch.no_grad():
        model(*(torch.randn(shape) for shape in network.shapes))
    return found


def of_library() -> Table:
    """Rows of the functions of the library."""
    rows = []
    for item in neon.functions():
        begin = time.process_time()
        net = neon.function(item.name).net
        seconds = time.process_time() - begin
        rows.append([f"`{item.name}`", str(net.hidden), f"{seconds:.2f}"])
    return Table("Library, 16 bits: seconds of a fit", ["function", "units", "seconds"], rows)


def of_transformer() -> Table:
    """Rows of the nets of Transformer-base, and totals."""
    reciprocal, root = Site("reciprocal"), Site("rsqrt")
    shared = [("exp on [-12, 0]", Site("exp", (-12.0, 0.0)), ATTENTIONS)]
    shared += [("reciprocal", reciprocal, ATTENTIONS), ("rsqrt", root, NORMS)]
    rows = []
    for name, site, uses in shared:
        seconds, (units,) = seconds_of([site])
        rows.append([name, str(uses), str(units), f"{seconds:.2f}"])
    seconds, units = seconds_of([site for _, site, _ in shared])
    rows.append(
        ["all, as compiled", str(2 * ATTENTIONS + NORMS), f"{len(units)} nets", f"{seconds:.2f}"]
    )
    domains = domains_of_heads()
    assert len(domains) == ATTENTIONS * HEADS
    heads = [Site("exp", domain) for domain in domains]
    seconds, units = seconds_of([*heads, reciprocal, root])
    rows.append(
        ["all, a domain for each head", str(len(heads) + 2), f"{len(units)} nets", f"{seconds:.2f}"]
    )
    return Table(
        "Nets of Transformer-base, 16 bits: seconds of their fits",
        ["net", "sites", "units", "seconds"],
        rows,
    )


def wrong(library: Table, transformer: Table) -> list[str]:
    """What exceeds its limit."""
    found = [
        f"{row[0]}: {row[-1]} s > {SCALAR:g} s" for row in library.rows if float(row[-1]) > SCALAR
    ]
    found += [
        f"{row[0]}: {row[-1]} s > {limit:g} s"
        for row in transformer.rows
        if float(row[-1]) > (limit := NETWORK if row[0].startswith("all") else SCALAR)
    ]
    return found


def main() -> int:
    torch.set_num_threads(1)
    tables = [of_library(), of_transformer()]
    for table in tables:
        print(plain_text(table))
    if sys.argv[1:] == ["--write"]:
        text = "\n\n".join(table.markdown() for table in tables)
        write_text(PAGE, replaced(PAGE.read_text(), BEGIN, END, text))
    problems = wrong(*tables)
    for text in problems:
        print(f"wrong: {text}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
