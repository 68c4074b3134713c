#!/usr/bin/env python
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the documentation as a site: build/docs/site/index.html.

    pip install --group docs && python scripts/build_docs.py

The pages are docs/*.md in the order of mkdocs.yml, the tutorials with the results of their cells
(nbclient runs them), the generated reference, the rationale of the dialects, and a gallery of pages
that Pumice writes. A link to a page or heading that does not exist is an error. Needs an installed
package or a build, as scripts/reference.py does.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "docs" / "pages"

#: Pages from elsewhere in the tree.
OTHERS = {
    "SECURITY.md": "security-policy.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
    **{f"dialects/{name}/README.md": f"dialects/{name.lower()}.md"
       for name in ("Crossbar", "AP", "PUM", "Simulator")},
}  # fmt: skip
_LINK = re.compile(r"(\]\()([^)\s:#]+)(#[^)\s]*)?(\))")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--no-run", action="store_true", help="leave the cells of tutorials and the gallery out"
    )
    parser.add_argument("--mlir", metavar="DIR", help="as for scripts/reference.py")
    parser.add_argument("--tools", metavar="DIR", help="as for scripts/reference.py")
    args = parser.parse_args()
    assemble(PAGES)
    tutorials(PAGES, run=not args.no_run)
    command = [sys.executable, ROOT / "scripts" / "reference.py", "--output", PAGES / "reference"]
    for option in ("mlir", "tools"):
        if getattr(args, option):
            command += [f"--{option}", getattr(args, option)]
    subprocess.run(command, check=True)
    gallery(PAGES, run=not args.no_run)
    # With --quiet, warnings would not count.
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict"], check=True, cwd=ROOT)
    print(f"wrote {ROOT / 'build' / 'docs' / 'site' / 'index.html'}")


def assemble(pages: Path) -> None:
    """Copies the guides, and pages from elsewhere with their links turned to where they are now."""
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    for file in sorted((ROOT / "docs").iterdir()):
        if file.suffix in (".png", ".svg"):
            shutil.copy(file, pages)
        elif file.suffix == ".md":
            (pages / file.name).write_text(turned(file, pages / file.name))
    for source, name in OTHERS.items():
        target = pages / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(turned(ROOT / source, target))


def turned(file: Path, target: Path) -> str:
    """The text of a page with relative links as they are from its place on the site.

    Links to files that are not on the site become plain text.
    """

    def link(found: re.Match[str]) -> str:
        place = (file.parent / found[2]).resolve()
        if not place.exists() or not place.is_relative_to(ROOT):
            return found[0]  # mkdocs reports it
        inside = place.relative_to(ROOT).as_posix()
        if inside == "README.md":
            name = "index.md"
        elif inside in OTHERS:
            name = OTHERS[inside]
        elif inside.startswith("docs/") and place.is_file():
            name = inside.removeprefix("docs/").replace(".ipynb", ".md")
        elif inside == "examples" or inside.startswith("examples/"):
            name = "examples.md"
        elif (place / "README.md").exists() and f"{inside}/README.md" in OTHERS:
            name = OTHERS[f"{inside}/README.md"]
        else:
            return f"]({relative('index.md', target)})"
        return f"{found[1]}{relative(name, target)}{found[3] or ''}{found[4]}"

    return _LINK.sub(link, file.read_text(encoding="utf-8"))


def relative(name: str, target: Path) -> str:
    """A page of the site as seen from another one."""
    depth = len(target.relative_to(PAGES).parts) - 1
    return "../" * depth + name


def tutorials(pages: Path, *, run: bool) -> None:
    """Notebooks as pages, with the results of their cells."""
    import nbclient
    import nbformat
    from nbconvert import MarkdownExporter

    folder = pages / "tutorials"
    folder.mkdir()
    for file in sorted((ROOT / "docs" / "tutorials").glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        if run:
            nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
        text, resources = MarkdownExporter().from_notebook_node(notebook)
        for name, content in resources["outputs"].items():
            unique = f"{file.stem}-{name}"
            text = text.replace(f"]({name})", f"]({unique})")
            (folder / unique).write_bytes(content)
        (folder / f"{file.stem}.md").write_text(text)
        print(f"ran {file.name}" if run else f"converted {file.name}")


def gallery(pages: Path, *, run: bool) -> None:
    """Pages that Pumice writes, of the network of the demo."""
    folder = pages / "gallery"
    folder.mkdir()
    names = ("report", "scheduled", "devices", "explorer")
    if not run:
        for name in names:
            (folder / f"{name}.html").write_text("<p>left out by --no-run</p>\n")
        return
    import torch

    import pumice
    from pumice import demo
    from pumice.pages import report_page

    images, _ = demo.load_digits()
    x = torch.from_numpy(demo.preprocess(images))
    quantized = pumice.quantize(demo.load_model(), [x[:30]])
    program = pumice.compile(quantized, x[:1], device="isaac")
    comparison = program.compare(x[:1])
    report = program.estimate()
    report.to_html(folder / "report.html", comparison=comparison, title="The demo on 'isaac'")
    program.explore(folder / "explorer.html", passes=True, title="The demo on 'isaac'")
    aras = pumice.Device("aras")
    levels = aras.fields["groups"][0]["levels"]
    levels[-1]["holds"] = 1
    few = program.recompile(aras.replace(name="few-arrays", levels=levels)).estimate()
    few.to_html(folder / "scheduled.html", title="The demo on too few arrays")
    both = {"isaac": report, "puma": program.estimate(device="puma")}
    (folder / "devices.html").write_text(report_page(both, "The demo on two devices"))


if __name__ == "__main__":
    main()
