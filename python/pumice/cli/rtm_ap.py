# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce rtm-ap`: ternary networks on processors, compared with crossbars."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from pumice.cli.arguments import add_json_file, add_markdown, add_threads
from pumice.cli.errors import UsageError
from pumice.errors import PumiceError
from pumice.frontend.requirements import require_torch

__all__ = ["add_arguments", "main"]

#: What `--quick` compares, where no option says otherwise.
QUICK: dict[str, Any] = {"networks": ("vgg9",), "sparsities": (0.8,), "activation_bits": (4,)}


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--networks", "-n", nargs="+", metavar="N",
        help="of vgg9, vgg11 and resnet18; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--sparsity", "-s", nargs="+", type=float, metavar="S",
        help="parts of the weights that are 0 (default 0.8 0.85 0.9)",
    )  # fmt: skip
    parser.add_argument(
        "--activation-bits", "-b", nargs="+", type=int, metavar="B",
        help="widths of activations, 2 to 8 (default 4 8)",
    )  # fmt: skip
    parser.add_argument(
        "--run", action="store_true",
        help="also simulate every pass of one sparsity and width of each network, and compare the"
        " outputs with those of the device ideal",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="VGG-9, sparsity 0.8 and 4 bits, where the options above say nothing else",
    )  # fmt: skip
    add_json_file(parser)
    parser.add_argument(
        "--out", "-o", metavar="DIR",
        help="folder of results; what it holds is not computed again",
    )  # fmt: skip
    add_markdown(parser)
    parser.add_argument(
        "--plot", metavar="P.svg",
        help="where to plot the map of the ratio over energies of searches, writes and shifts"
        " (.svg, .pdf or .png)",
    )  # fmt: skip
    add_threads(parser)


def main(args: Namespace) -> None:
    """Estimates what is not in the folder yet, prints tables."""
    from pumice.cli.reproduce import give
    from pumice.cli.terminal import counting, working
    from pumice.experiments import rtm_ap
    from pumice.experiments.figures import require_matplotlib

    if args.plot:
        require_matplotlib()

    given: dict[str, Any] = {
        "networks": args.networks,
        "sparsities": args.sparsity,
        "activation_bits": args.activation_bits,
    }
    chosen: dict[str, Any] = QUICK if args.quick else {}
    chosen = chosen | {name: tuple(dict.fromkeys(v)) for name, v in given.items() if v}
    try:
        settings = rtm_ap.Settings(**chosen, run=args.run, threads=args.threads)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    path = None if args.out is None else Path(args.out) / "rtm-ap.jsonl"
    require_torch("torch", "torch-mlir", "torchao")
    with working("loading PyTorch"):
        import torch  # noqa: F401
    with counting(rtm_ap.count(settings)) as advance:
        results = rtm_ap.run(settings, path=path, advance=advance)
    if args.plot:
        rtm_ap.plot(results, args.plot)
    give(rtm_ap, results, args, [path, args.json, args.markdown, args.plot])
