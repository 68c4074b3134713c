# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pages in headless Chromium (Debian's package `chromium`): measured and photographed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

#: Runs in the frame's window `w` and document `d` when the page is ready; gives `result`.
PROBE = """
<body style="margin:0"><iframe id="f" style="width:%(width)dpx;height:%(height)dpx;border:0"
src="%(page)s"></iframe><script>
const frame = document.getElementById('f');
let tries = 0;
function look() {
  const w = frame.contentWindow, d = frame.contentDocument;
  if (!d || !d.body || !(%(ready)s)) { if (tries++ < 400) setTimeout(look, 50); return; }
  let result;
  try { result = (%(script)s)(w, d); } catch (error) { result = {error: String(error)}; }
  Promise.resolve(result).then(value => {
    document.title = 'probe ' + JSON.stringify(value ?? null); });
}
frame.addEventListener('load', look);
</script></body>
"""


def probe(
    page: Path, script: str, *, ready: str = "true", width: int = 1280, height: int = 900,
    dark: bool = False, picture: Path | None = None,
) -> Any:  # fmt: skip
    """What a function of the page's window and document returns.

    Args:
        page: an HTML file.
        script: JavaScript of a function of (window, document), which may return a promise.
        ready: JavaScript with `w` and `d` that is true when the page has loaded.
        width, height: of the page in pixels; a browser's window could not be as narrow.
        dark: show the dark colours.
        picture: where to write a PNG of the page after the script.
    """
    with tempfile.TemporaryDirectory() as home:
        wrapper = Path(home, "probe.html")
        wrapper.write_text(
            PROBE
            % {"width": width, "height": height, "page": page.resolve().as_uri(),
               "ready": ready, "script": script}
        )  # fmt: skip
        command = [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--allow-file-access-from-files", f"--window-size={max(width, 500)},{height}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--virtual-time-budget=30000",
        ]  # fmt: skip
        if picture is not None:
            command.append(f"--screenshot={picture.resolve()}")
        done = subprocess.run(
            [*command, "--dump-dom", wrapper.as_uri()],
            capture_output=True, text=True, timeout=300, env={**os.environ, "HOME": home},
        )  # fmt: skip
    title = re.search(r"<title>probe (.*?)</title>", done.stdout, re.S)
    assert title, done.stdout[-500:] + done.stderr[-500:]
    return json.loads(unescape(title[1]))
