# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce neurosim`: the crossbar baseline beside runs of DNN+NeuroSim."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from pumice.cli.arguments import add_json_file, add_markdown, add_threads
from pumice.cli.errors import UsageError
from pumice.errors import PumiceError

__all__ = ["add_arguments", "main"]


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--networks", "-n", nargs="+", metavar="N",
        help="of resnet18, 'resnet18 (shipped)' and vgg8; all by default",
    )  # fmt: skip
    add_json_file(parser)
    add_markdown(parser)
    add_threads(parser)


def main(args: Namespace) -> None:
    """Estimates every run and prints tables."""
    from pumice.cli.reproduce import give
    from pumice.cli.terminal import counting
    from pumice.experiments import neurosim

    given = {"networks": tuple(dict.fromkeys(args.networks))} if args.networks else {}
    try:
        settings = neurosim.Settings(**given, threads=args.threads)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    with counting(neurosim.count(settings)) as advance:
        results = neurosim.run(settings, advance=advance)
    give(neurosim, results, args, [args.json, args.markdown])
