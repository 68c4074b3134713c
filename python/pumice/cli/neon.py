# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce neon`: nonlinear functions as nets, compared with units and tables."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from pumice.cli.arguments import add_json_file, add_markdown
from pumice.cli.errors import UsageError
from pumice.errors import PumiceError
from pumice.frontend.requirements import require_torch

__all__ = ["add_arguments", "main"]


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--networks", "-n", nargs="+", metavar="N",
        help="of vgg16, gru, transformer and capsnet; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--bits", "-b", type=int, default=16, metavar="B",
        help="of inputs, hidden values and weights of the nets, 8 to 16 (default 16)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="only CapsNet, and no nets of whole vectors, where no option says otherwise",
    )  # fmt: skip
    add_json_file(parser)
    add_markdown(parser)
    parser.add_argument(
        "--plot", metavar="P.svg", help="where to plot the crossover (.svg, .pdf or .png)"
    )


def main(args: Namespace) -> None:
    """Computes all, prints tables."""
    from pumice.cli.reproduce import give
    from pumice.cli.terminal import counting, working
    from pumice.experiments import neon
    from pumice.experiments.figures import require_matplotlib

    if args.plot:
        require_matplotlib()
    chosen: dict[str, Any] = {"networks": ("capsnet",), "whole": False} if args.quick else {}
    if args.networks:
        chosen["networks"] = tuple(dict.fromkeys(args.networks))
    try:
        settings = neon.Settings(**chosen, bits=args.bits)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    require_torch("torch", "torch-mlir", "torchao")
    with working("loading PyTorch"):
        import torch  # noqa: F401
    with counting(neon.count(settings)) as advance:
        results = neon.run(settings, advance=advance)
    if args.plot:
        neon.plot(results, args.plot)
    give(neon, results, args, [args.json, args.markdown, args.plot])
