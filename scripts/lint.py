# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of pre-commit that no published hook makes: licences, commit titles, clang-tidy's scope.

    python scripts/lint.py spdx FILE...       # the licence line on top of sources
    python scripts/lint.py titles             # titles of the commits since the base
    python scripts/lint.py title MESSAGE      # the commit message in a file
    python scripts/lint.py tidy [--all]       # clang-tidy on lines changed since the base

The base is where the branch left main (`--base REV` names another); on main itself, the commit
before the last. clang-tidy needs a configured and built tree: it takes the newest
build/*/compile_commands.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
TITLE = re.compile(r"\[[A-Z][\w/+ -]*\] (?P<verb>[A-Z][\w-]*) \S.*[^.\s]")
# Verbs that look like another form of a verb.
IMPERATIVES = ("Address", "Bring", "Bypass", "Embed", "Feed", "Pass", "Process", "Shed", "Speed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checks = parser.add_subparsers(dest="check", required=True)
    checks.add_parser("spdx").add_argument("files", nargs="*", type=Path)
    checks.add_parser("title").add_argument("message", type=Path)
    for name in ("titles", "tidy"):
        check = checks.add_parser(name)
        check.add_argument("--base", metavar="REV")
        if name == "tidy":
            check.add_argument("--all", action="store_true", help="every line of every file")
    arguments = parser.parse_args()
    if arguments.check == "spdx":
        problems = [f"{file}: expected a line '{LICENCE}' on top"
                    for file in arguments.files if not has_licence(file)]  # fmt: skip
    elif arguments.check == "title":
        lines = [line for line in arguments.message.read_text().splitlines()
                 if not line.startswith("#")]  # fmt: skip
        problems = message_problems(lines[0] if lines else "", "\n".join(lines[1:]))
    elif arguments.check == "titles":
        problems = commit_problems(arguments.base or base())
    else:
        return tidy(None if arguments.all else arguments.base or base())
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


def git(*command: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *command], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def base() -> str:
    """Where this branch left main; the commit before the last one on main itself."""
    head = git("rev-parse", "HEAD")
    for main_branch in ("origin/main", "main"):
        found = git("merge-base", "HEAD", main_branch)
        if found and found != head:
            return found
    return git("rev-parse", "HEAD~1") or head


def has_licence(file: Path) -> bool:
    """Whether the first line says it, or the second one below `#!`."""
    with file.open(errors="replace") as stream:
        lines = [stream.readline(), stream.readline()]
    first = next((line for line in lines if not line.startswith("#!")), "")
    return LICENCE in first


# ------------------------------------------------------------------ commits


def message_problems(title: str, body: str) -> list[str]:
    """What is wrong with a commit message."""
    if title.startswith(("Merge ", "Revert ", "fixup! ", "squash! ")):
        return []
    problems = []
    match = TITLE.fullmatch(title)
    if not match:
        problems.append(f"expected a title '[Area] Imperative verb ...', got '{title}'")
    elif match["verb"] not in IMPERATIVES and re.search(r"(?:[^s]s|ed|ing)$", match["verb"]):
        problems.append(f"expected an imperative verb, got '{match['verb']}' in '{title}'")
    if len(title) > 72:
        problems.append(f"expected a title of at most 72 characters, got {len(title)}: '{title}'")
    if not body.strip():
        problems.append(f"expected a body that says why: '{title}'")
    return problems


def commit_problems(since: str) -> list[str]:
    """Of all commits after `since`, merges aside."""
    text = git("log", "--no-merges", "--format=%h%x00%s%x00%b%x01", f"{since}..HEAD")
    problems = []
    for commit in filter(None, (part.strip() for part in text.split("\x01"))):
        name, title, body = commit.split("\x00")
        problems += [f"{name}: {problem}" for problem in message_problems(title, body)]
    return problems


# ------------------------------------------------------------------ clang-tidy


def tidy(since: str | None) -> int:
    """Runs clang-tidy on what changed after `since`, or on everything."""
    changed = changed_lines(since) if since else None
    if changed == {}:
        return 0
    database = compile_commands()
    files = sorted(file for file in database if changed is None or concerns(Path(file), changed))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "compile_commands.json").write_text(json.dumps(list(database.values())))
        command = ["clang-tidy", "-p", folder, "--quiet",
                   "--extra-arg=-Wno-unknown-warning-option"]  # fmt: skip
        if changed is not None:
            lines = [{"name": name, "lines": ranges} for name, ranges in changed.items()]
            command.append(f"--line-filter={json.dumps(lines)}")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = list(pool.map(lambda file: run_tidy(command, file), files))
    print(f"clang-tidy: {len(files)} files", file=sys.stderr)
    return max(done, default=0)


def concerns(source: Path, changed: Container[str]) -> bool:
    """Whether a source changed, or a header that it includes itself."""
    includes = re.findall(r'^#include "(.*)"', source.read_text(), re.M)
    return any(name in changed for name in (str(source.relative_to(ROOT)), *includes))


def run_tidy(command: list[str], file: str) -> int:
    done = subprocess.run([*command, file], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    return int(done.returncode != 0)


def changed_lines(since: str) -> dict[str, list[list[int]]]:
    """C++ file -> ranges of lines that the working tree adds to `since`."""
    changed: dict[str, list[list[int]]] = {}
    name = ""
    for line in git("diff", "-U0", "--no-color", since, "--", "*.cpp", "*.h").splitlines():
        if line.startswith("+++ "):
            name = line.removeprefix("+++ b/") if line.startswith("+++ b/") else ""
        hunk = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        count = int(hunk[2] or 1) if hunk else 0
        if hunk and count and name:
            changed.setdefault(name, []).append([int(hunk[1]), int(hunk[1]) + count - 1])
    return changed


def compile_commands() -> dict[str, dict[str, str]]:
    """Our own sources -> entries of the newest database, without compiler launchers."""
    found = sorted((ROOT / "build").glob("*/compile_commands.json"), key=os.path.getmtime)
    if not found:
        sys.exit("no build/*/compile_commands.json: configure and build first")
    if not shutil.which("clang-tidy"):
        sys.exit("no clang-tidy: pip install --group dev")
    entries = json.loads(found[-1].read_text())
    ours = tuple(f"{ROOT / room}/" for room in ("dialects", "lib", "tools", "python"))
    return {entry["file"]: entry for entry in entries if entry["file"].startswith(ours)}


if __name__ == "__main__":
    sys.exit(main())
