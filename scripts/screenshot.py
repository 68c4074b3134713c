#!/usr/bin/env python
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes the pictures in the documentation: docs/report.png and docs/explorer.png.

Needs Chromium (`apt install chromium`, or the path of another browser in --browser) and plotly.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import pumice
from pumice import Program
from pumice.zoo import NETWORKS

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", default="resnet18", choices=list(NETWORKS), metavar="NETWORK")
    parser.add_argument(
        "--explorer", default="bert-base", choices=list(NETWORKS), metavar="NETWORK"
    )
    parser.add_argument("--device", default="isaac")
    parser.add_argument("--output", type=Path, default=DOCS, metavar="FOLDER")
    parser.add_argument("--browser", default=shutil.which("chromium"))
    parser.add_argument("--only", choices=["report", "explorer"])
    args = parser.parse_args()
    if args.browser is None:
        parser.error("expected Chromium: apt install chromium, or --browser PATH")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        if args.only != "explorer":
            title = f"{args.report} on '{args.device}'"
            compiled(args.report, args.device).estimate().to_html(page, title=title)
            photograph(args.browser, page.as_uri(), args.output / "report.png", "1280,1130")
        if args.only != "report":
            title = f"{args.explorer} on '{args.device}'"
            program = compiled(args.explorer, args.device)
            program.explore(page, title=title)
            layer = next(layer.name for layer in program.estimate().layers if "mvm" in layer.kinds)
            address = f"{page.as_uri()}#{layer}"
            photograph(args.browser, address, args.output / "explorer.png", "1500,800")


def compiled(name: str, device: str) -> Program:
    """A network of the zoo, quantized."""
    network = NETWORKS[name].build()
    inputs = network.inputs(0)
    return pumice.compile(pumice.quantize(network.model, [inputs]), inputs, device=device)


def photograph(browser: str, address: str, picture: Path, size: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={size}", "--virtual-time-budget=10000",
                f"--screenshot={picture.resolve()}", address,
            ],
            check=True, capture_output=True, env={"HOME": home, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    print(f"wrote {picture}")


if __name__ == "__main__":
    main()
