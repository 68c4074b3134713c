# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the meta-tests read from the sources: definitions, flags, error texts, examples."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CPP_ROOMS = ("dialects", "lib", "tools", "python/bindings")
LITERAL = r'"((?:[^"\\\n]|\\.)*)"'

# Functions, ours and MLIR's, whose string arguments reach a user as an error, remark or note.
REPORTERS = (
    "emitOpError|emitError|emitRemark|emitWarning|attachNote|createStringError|"
    "unsupported|errorAt|problem|fail|requireDone|verifyZeroPoint"
)


def tracked(*suffixes: str) -> list[Path]:
    """The files of the repository with one of these endings; without git, all but hidden ones."""
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True)
    if done.returncode == 0:
        paths = [ROOT / line for line in done.stdout.splitlines()]
    else:
        skipped = ("build", "dist")
        paths = [path for path in ROOT.rglob("*") if not any(
            part.startswith(".") or part in skipped for part in path.relative_to(ROOT).parts
        )]  # fmt: skip
    return sorted(path for path in paths if path.is_file() and path.name.endswith(suffixes))


def below(path: Path, *folders: str) -> bool:
    return any(path.is_relative_to(ROOT / folder) for folder in folders)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ------------------------------------------------------------------ TableGen


@dataclass(frozen=True)
class Definition:
    """An op, attribute or type of a dialect."""

    file: str
    dialect: str
    kind: str
    """op, attr or type"""
    mnemonic: str
    description: str

    @property
    def name(self) -> str:
        return {"op": "", "attr": "#", "type": "!"}[self.kind] + f"{self.dialect}.{self.mnemonic}"

    @property
    def examples(self) -> list[str]:
        return re.findall(r"```mlir\n(.*?)```", self.description, re.S)


def dialect_folders() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "dialects").glob("*/*Dialect.td"))


def definitions() -> list[Definition]:
    """Every op, attribute and type with a mnemonic, in dialects/*/*.td."""
    found = []
    for folder in dialect_folders():
        text = (folder / f"{folder.name}Dialect.td").read_text()
        dialect = re.search(r"let name = " + LITERAL, text)
        assert dialect, f"{folder}: no dialect name"
        for kind in ("op", "attr", "type"):
            file = folder / f"{folder.name}{kind.capitalize()}s.td"
            if not file.exists():
                continue
            for block in re.split(r"^(?=def |class )", file.read_text(), flags=re.M):
                mnemonic = _mnemonic(block, kind)
                if mnemonic:
                    description = re.search(r"let description = \[\{(.*?)\}\]", block, re.S)
                    found.append(Definition(
                        name_of(file), dialect[1], kind, mnemonic,
                        description[1] if description else "",
                    ))  # fmt: skip
    return found


def _mnemonic(block: str, kind: str) -> str | None:
    if not block.startswith("def "):
        return None
    if kind == "op":
        match = re.match(r"def \w+\s*:\s*\w+<\s*" + LITERAL, block)
        return match[1] if match else None
    match = re.search(r"let mnemonic = " + LITERAL, block)
    match = match or re.match(r'def \w+\s*:\s*\w+<\s*"\w+"\s*,\s*' + LITERAL, block)
    match = match or re.match(r"def \w+\s*:\s*EnumAttr<[^\"]*" + LITERAL, block)
    return match[1] if match else None


def enum_cases() -> list[tuple[str, str, str]]:
    """(file, folder of the dialect, case) of every enumeration."""
    return [
        (name_of(file), folder.name, case)
        for folder in dialect_folders()
        for file in folder.glob("*.td")
        for case in re.findall(r"I32EnumAttrCase<" + LITERAL, file.read_text())
    ]


@dataclass(frozen=True)
class Flag:
    """A pass or pipeline as pumice-opt names it."""

    file: str
    flag: str
    options: tuple[str, ...] = ()


def passes() -> list[Flag]:
    found = []
    for file in tracked("Passes.td"):
        for block in re.split(r"^(?=def )", file.read_text(), flags=re.M):
            match = re.match(r"def \w+\s*:\s*(?:Interface)?Pass<\s*" + LITERAL, block)
            if match:
                options = re.findall(r'(?:List)?Option<"\w+",\s*' + LITERAL, block)
                found.append(Flag(name_of(file), match[1], tuple(options)))
    return found


def pipelines() -> list[Flag]:
    return [
        Flag(name_of(file), name)
        for file in tracked(".cpp")
        for name in re.findall(
            r"PassPipelineRegistration<[^;(]*>\s*\(\s*" + LITERAL, file.read_text()
        )
    ]


# ------------------------------------------------------------------ error texts


@dataclass(frozen=True)
class ErrorText:
    """The constant parts of one message."""

    place: str
    parts: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """What a test has to contain: each long part, or else the longest one."""
        long = [part for part in self.parts if len(part) >= 10 and " " in part]
        return long or sorted(self.parts, key=len)[-1:]


def _message(place: str, parts: list[str]) -> ErrorText | None:
    pieces = [piece for part in parts for piece in re.split(r"%(?:s|d|u|zu|ll[du]|l[du])", part)]
    words = [piece.strip(" '\"\n()[],:") for piece in pieces]
    words = [word for word in words if re.search(r"[A-Za-z]{3}", word)]
    return ErrorText(place, tuple(words)) if words else None


def _without_comments(text: str) -> str:
    blank = lambda match: match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    return re.sub(LITERAL + r"|//[^\n]*|/\*.*?\*/", blank, text, flags=re.S)


def _statement(text: str, start: int) -> str:
    """From `start` to the end of the statement, or of the call that it is an argument of."""
    depth = 0
    for match in re.finditer(LITERAL + r"|'(?:[^'\\]|\\.)'|[()\[\]{};]", text[start:]):
        token = match[0]
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
        if depth < 0 or (token == ";" and depth == 0):
            return text[start : start + match.start()]
        if (
            token == ")"
            and depth == 0
            and re.match(r"\s*(?:const )?\{", text[start + match.end() :])
        ):
            return text[start : start + match.end()]  # the head of a definition
    return text[start:]


def cpp_error_texts() -> Iterator[ErrorText]:
    pattern = re.compile(rf"\b(?:{REPORTERS})\(|\b\*?why = ")
    for file in tracked(".cpp", ".h"):
        if not below(file, *CPP_ROOMS):
            continue
        text = _without_comments(file.read_text())
        end = 0
        for match in pattern.finditer(text):
            if match.start() < end:
                continue  # part of the statement before
            statement = _statement(text, match.start())
            end = match.start() + len(statement)
            groups = re.findall(rf"{LITERAL}((?:\s*{LITERAL})*)", statement)
            parts = [first + "".join(re.findall(LITERAL, rest)) for first, rest, *_ in groups]
            line = text.count("\n", 0, match.start()) + 1
            message = _message(f"{name_of(file)}:{line}", parts)
            if message:
                yield message


def python_error_texts() -> Iterator[ErrorText]:
    for file in tracked(".py"):
        if not below(file, "python/pumice"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            parts: list[str] = []
            for argument in node.exc.args:
                for child in ast.walk(argument):
                    text = child.value if isinstance(child, ast.Constant) else None
                    if isinstance(text, str) and " " in text.strip():
                        parts.append(text)
            message = _message(f"{name_of(file)}:{node.lineno}", parts)
            if message:
                yield message


# ------------------------------------------------------------------ tests


def squeezed(text: str) -> str:
    """`text` as it is compared: string literals joined, no escapes, single spaces."""
    text = re.sub(r'"\s*\n\s*[rf]*"', "", text)
    return re.sub(r"\s+", " ", text.replace("\\", ""))


def files_of_tests(*suffixes: str) -> list[Path]:
    return [
        file for file in tracked(*suffixes)
        if below(file, "test") and not below(file, "test/meta")
    ]  # fmt: skip
