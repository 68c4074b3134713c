# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the commands of `pumice reproduce` do with their results."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from pumice.cli.terminal import say, show
from pumice.files import write_text

__all__ = ["give"]


def give(
    experiment: ModuleType,
    results: Any,
    args: Namespace,
    files: Iterable[str | os.PathLike[str] | None],
) -> None:
    """Writes and prints results as the options say.

    Args:
        experiment: its package, with `write_markdown` and `summary`.
        files: all that the options name, to say that they were written.
    """
    text = json.dumps(results.to_dict(), indent=2)
    if args.markdown:
        experiment.write_markdown(results, args.markdown)
    if args.json == "-":
        print(text)
        return
    if args.json:
        write_text(args.json, text + "\n")
    for table in results.tables():
        show(table)
        show("")
    for sentence in experiment.summary(results):
        show(sentence)
    for file in filter(None, files):
        say(f"wrote {file}")
