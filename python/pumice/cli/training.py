# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice study training`: accuracy on devices before and after training for them."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from pumice.cli.arguments import add_json_file, add_markdown, add_threads, positive
from pumice.cli.errors import UsageError
from pumice.files import write_text

__all__ = ["add_arguments", "main"]


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    add_json_file(parser)
    parser.add_argument(
        "--network", "-n", action="append", metavar="N",
        help="demo or resnet; repeat for both; both by default",
    )  # fmt: skip
    parser.add_argument(
        "--setting", "-s", action="append", metavar="S",
        help="read noise, calibrated converters, or converters and read noise; repeat for several;"
        " all by default",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=positive, default=6, metavar="N", help="epochs of training (default 6)"
    )
    parser.add_argument(
        "--images", type=positive, metavar="N", help="digits to test with; all by default"
    )
    parser.add_argument(
        "--seeds", type=positive, default=3, metavar="N",
        help="chips to test on: seeds of cells and noise (default 3)",
    )  # fmt: skip
    parser.add_argument(
        "--output", "-o", metavar="R.jsonl",
        help="file of results, one per line; what it holds is not run again",
    )  # fmt: skip
    add_markdown(parser)
    add_threads(parser)


def main(args: Namespace) -> None:
    """Trains, measures, prints a table."""
    from pumice.cli.terminal import counting, say, show, working

    with working("loading PyTorch"):
        from pumice.experiments import training
    for option, known in (("setting", list(training.SETTINGS)), ("network", training.NETWORKS)):
        for name in getattr(args, option) or []:
            if name not in known:
                raise UsageError(
                    f"expected --{option} to be one of {', '.join(known)}, got '{name}'"
                )
    settings = args.setting or list(training.SETTINGS)
    networks = args.network or list(training.NETWORKS)
    with counting(len(networks) * (1 + 3 * len(settings))) as advance:
        results = training.run(
            settings, networks, epochs=args.epochs, images=args.images, seeds=args.seeds,
            threads=args.threads, path=args.output, advance=advance,
        )  # fmt: skip
    if args.output:
        say(f"results are in {args.output}")
    text = json.dumps(results.to_dict(), indent=2)
    if args.markdown:
        training.write_markdown(results, args.markdown)
        say(f"wrote {args.markdown}")
    if args.json == "-":
        print(text)
        return
    if args.json:
        write_text(args.json, text + "\n")
        say(f"wrote {args.json}")
    for table in results.tables():
        show(table)
