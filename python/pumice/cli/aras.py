# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce aras`: networks larger than the machine, scheduled with each optimization."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from pumice.cli.arguments import add_json_file, add_markdown, add_threads
from pumice.cli.errors import UsageError
from pumice.errors import PumiceError

__all__ = ["add_arguments", "main"]

#: What `--quick` compares, where no option says otherwise.
QUICK: dict[str, Any] = {"networks": ("resnet50", "bert-base"), "writers": (0,)}


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--networks", "-n", nargs="+", metavar="N",
        help="of vgg16, resnet50, inception-v3, densenet161, bert-base and bert-large; all by"
        " default",
    )  # fmt: skip
    parser.add_argument(
        "--writers", "-w", nargs="+", type=int, metavar="W",
        help="arrays of an element that are written at once, 0 for all (default 0 8 1)",
    )  # fmt: skip
    parser.add_argument(
        "--share", type=float, metavar="S",
        help="of the best time that may be given up for fewer copies (default 0.05)",
    )  # fmt: skip
    parser.add_argument(
        "--quantizer", metavar="Q",
        help="of the codes that are re-encoded: channel (default) or tensor",
    )  # fmt: skip
    parser.add_argument(
        "--gaps", type=int, metavar="G",
        help="random instances of each size to compare with the optimum (default 10; 0: none)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="ResNet-50 and BERT-Base with all writers, no sensitivities, no gaps, where the"
        " options above say nothing else",
    )  # fmt: skip
    add_json_file(parser)
    add_markdown(parser)
    add_threads(parser)


def main(args: Namespace) -> None:
    """Schedules everything, prints tables."""
    from pumice.cli.reproduce import give
    from pumice.cli.terminal import counting
    from pumice.experiments import aras

    given: dict[str, Any] = {
        "networks": args.networks and tuple(dict.fromkeys(args.networks)),
        "writers": args.writers and tuple(dict.fromkeys(args.writers)),
        "share": args.share,
        "quantizer": args.quantizer,
        "gaps": args.gaps,
    }
    chosen: dict[str, Any] = QUICK | {"sensitivity": False, "gaps": 0} if args.quick else {}
    chosen = chosen | {name: value for name, value in given.items() if value is not None}
    try:
        settings = aras.Settings(**chosen, threads=args.threads)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    with counting(aras.count(settings)) as advance:
        results = aras.run(settings, advance=advance)
    give(aras, results, args, [args.json, args.markdown])
