#!/usr/bin/env python
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes the picture of a report in the documentation: docs/report.png.

Needs Chromium (`apt install chromium`, or the path of another browser in --browser) and plotly.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import pumice
from pumice.zoo import NETWORKS

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "report.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="resnet18", choices=list(NETWORKS))
    parser.add_argument("--device", default="isaac")
    parser.add_argument("--output", type=Path, default=PICTURE)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    parser.add_argument("--size", default="1280,1130", help="width and height in pixels")
    args = parser.parse_args()
    if args.browser is None:
        parser.error("expected Chromium: apt install chromium, or --browser PATH")
    network = NETWORKS[args.network].build()
    inputs = network.inputs(0)
    quantized = pumice.quantize(network.model, [inputs])
    report = pumice.compile(quantized, inputs, device=args.device).estimate()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        report.to_html(page, title=f"{args.network} on '{args.device}'")
        subprocess.run(
            [
                args.browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={args.size}", "--virtual-time-budget=10000",
                f"--screenshot={args.output.resolve()}", page.as_uri(),
            ],
            check=True, capture_output=True, env={"HOME": folder, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    print(f"wrote {args.output}")


if __name__ == "__main__":
    main()
