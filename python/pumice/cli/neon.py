# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce neon`: nonlinear functions as nets, compared with units and tables."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from pumice.cli.errors import UsageError
from pumice.errors import PumiceError

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
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="R.json",
        help="where to write the results as JSON; without a file, print it instead of tables",
    )  # fmt: skip
    parser.add_argument(
        "--markdown", metavar="PAGE.md",
        help="page to put the tables into, between the lines for them",
    )  # fmt: skip
    parser.add_argument(
        "--plot", metavar="P.svg", help="where to plot the crossover (.svg, .pdf or .png)"
    )


def main(args: Namespace) -> None:
    """Computes all, prints tables."""
    from pumice.cli.terminal import counting, say, show, working
    from pumice.experiments import neon
    from pumice.experiments.figures import require_matplotlib
    from pumice.files import write_text

    if args.plot:
        require_matplotlib()
    chosen: dict[str, Any] = {"networks": ("capsnet",), "whole": False} if args.quick else {}
    if args.networks:
        chosen["networks"] = tuple(dict.fromkeys(args.networks))
    try:
        settings = neon.Settings(**chosen, bits=args.bits)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    with working("loading PyTorch"):
        import torch  # noqa: F401
    with counting(neon.count(settings)) as advance:
        results = neon.run(settings, advance=advance)
    text = json.dumps(results.to_dict(), indent=2)
    if args.markdown:
        neon.write_markdown(results, args.markdown)
    if args.plot:
        neon.plot(results, args.plot)
    if args.json == "-":
        print(text)
        return
    if args.json:
        write_text(args.json, text + "\n")
    for table in results.tables():
        show(table)
        show("")
    for sentence in neon.summary(results):
        show(sentence)
    for file in filter(None, [args.json, args.markdown, args.plot]):
        say(f"wrote {file}")
