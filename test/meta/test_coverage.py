# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every pass, pipeline, op, attribute, type and error text occurs in a test."""

from __future__ import annotations

import re
from functools import cache

import pytest
from sources import (
    ROOT,
    Definition,
    ErrorText,
    Flag,
    cpp_error_texts,
    definitions,
    enum_cases,
    files_of_tests,
    passes,
    pipelines,
    python_error_texts,
    squeezed,
)

# Guards that no input reaches, each by a part of its text, with what stands before it. An entry
# that a test covers, or that no source has any more, is an error.
UNREACHABLE: dict[str, str] = {
    **dict.fromkeys(
        [
            "cannot lower a digital region",
            "compiled function",
            "cannot translate a digital region to LLVM IR",
            "code generation failed",
            "cannot link a digital region",
            "this target cannot emit assembly",
        ],
        "a failure of MLIR's or LLVM's own lowering; checkOps refuses what it cannot take",
    ),
    **dict.fromkeys(
        [
            "expected a reshape to as many elements",
            "expected the size of a view to be static",
            "expected loops of static extent",
        ],
        "checkOps: types are static, and upstream's verifiers hold",
    ),
    **dict.fromkeys(["expected no poison of type"], "poison is of numbers, tensors or vectors"),
    **dict.fromkeys(["the run was interrupted"], "nobody waits for the error of such a run"),
    **dict.fromkeys(["cannot start a process to read"], "the system has no more processes"),
    **dict.fromkeys(["the module has no bytecode"], "every op of the stack has bytecode"),
    **dict.fromkeys(
        ["expected inputs of 1 to 8 bits, got", "queries and"],
        "the verifiers of ap.mvm, ap.conv_2d and ap.lookup",
    ),
    **dict.fromkeys(
        ["reads array"],
        "verify-simulator-program: what is replaced waits for its readers; a second check",
    ),
    **dict.fromkeys(
        ["cannot be scheduled: the schedule moves"], "no algorithm of pum-schedule moves any"
    ),
    **dict.fromkeys(
        ["cannot be scheduled: tasks wait for one another", "this one waits"],
        "schedules are verified, and an array takes time to be written",
    ),
    **dict.fromkeys(
        ["expected a part within the"], "the verifiers of crossbar.program and simulator.program"
    ),
    **dict.fromkeys(["outputs, got"], "a caller's mistake: the interpreter passes what it counted"),
    **dict.fromkeys(["no instruction"], "verify-simulator-program: expected instructions"),
    **dict.fromkeys(
        [
            "expected a window over fewer than 2^63 elements, got more",
            "output extent of at most",
        ],
        "the types of grids and windows bound their sizes",
    ),
    **dict.fromkeys(
        [
            "expected results of type i32 or i64, got",
            "expected results of",
            "got an empty value",
            "of type i8, i16 or i32, got",
            "expected columns of at least",
            "expected a non-negative batch, got",
            "expected channels that",
        ],
        "the verifiers of crossbar.program, simulator.program and simulator.mvm",
    ),
    **dict.fromkeys(
        [
            "expected a range of arrays, got",
            "expected disjoint ranges of arrays, got array",
        ],
        "the verifier of #pum.placement",
    ),
    **dict.fromkeys(
        ["expected a task or an instruction, got"],
        "the walk of task_costs finds tasks only",
    ),
    **dict.fromkeys(
        [
            "expected at most one",
            "expected a dependency on one of",
            "expected a non-negative duration, got",
            "to start after",
            "expected one holder of",
        ],
        "invariants of the timeline, which checks what its own issue() made",
    ),
    **dict.fromkeys(["expected inputs of rank 4, got"], "the bindings take four dimensions only"),
    **dict.fromkeys(
        ["that waits for ever"],
        "the list scheduler keeps room for the first open unit, so that it never waits for ever",
    ),
    **dict.fromkeys(
        [
            "expected memory for a borrowed tensor of",
            "expected a shape of",
            "expected a non-negative extent on axis",
        ],
        "a caller's mistake: the interpreter makes values from static types",
    ),
}

DEFINITIONS = definitions()
FLAGS = passes()
PIPELINES = pipelines()
TEXTS = [*cpp_error_texts(), *python_error_texts()]


@cache
def corpus() -> str:
    return squeezed("\n".join(file.read_text() for file in files_of_tests(".mlir", ".py")))


@cache
def run_lines() -> str:
    lines = [
        line for file in files_of_tests(".mlir") for line in file.read_text().splitlines()
        if "RUN:" in line
    ]  # fmt: skip
    return "\n".join(lines)


def test_the_sources_are_understood() -> None:
    assert len(DEFINITIONS) > 25
    assert len(FLAGS) > 10
    assert len(PIPELINES) >= 5
    assert len(TEXTS) > 150
    kinds = {definition.kind for definition in DEFINITIONS}
    assert kinds == {"op", "attr", "type"}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d.name)
def test_definition_is_round_tripped(definition: Definition) -> None:
    folder = ROOT / "test" / definition.file.rsplit("/", 1)[0]
    files = [file for file in folder.glob("*.mlir") if not file.name.startswith("invalid")]
    # An attribute is #dialect.name<...> or #dialect<name ...>.
    name = re.escape(definition.name).replace(r"\.", "[.<]") + r"\b"
    assert any(re.search(name, file.read_text()) for file in files), (
        f"{definition.file}: {definition.name} occurs in no round trip of {folder}"
    )


@pytest.mark.parametrize(("file", "dialect", "case"), enum_cases())
def test_enumeration_case_occurs(file: str, dialect: str, case: str) -> None:
    texts = [path.read_text() for path in (ROOT / "test" / "dialects" / dialect).glob("*.mlir")]
    assert any(re.search(rf"\b{case}\b", text) for text in texts), f"{file}: {case}"


@pytest.mark.parametrize("flag", FLAGS, ids=lambda f: f.flag)
def test_pass_is_run(flag: Flag) -> None:
    if not re.search(rf"--?{flag.flag}(?![\w-])", run_lines()):
        pytest.fail(f"{flag.file}: no test runs --{flag.flag}", pytrace=False)
    for option in flag.options:
        if not re.search(rf"--?{flag.flag}=[^|]*\b{option}=", run_lines()):
            pytest.fail(f"{flag.file}: no test runs --{flag.flag}={option}=...", pytrace=False)


@pytest.mark.parametrize("flag", FLAGS, ids=lambda f: f.flag)
def test_pass_has_its_own_test(flag: Flag) -> None:
    room = ROOT / "test" / flag.file.removeprefix("lib/").rsplit("/", 1)[0]
    if flag.file.startswith("lib/Conversion"):
        words = flag.flag.removeprefix("convert-").replace("-", "")
        found = [folder for folder in room.iterdir() if folder.name.lower() == words]
    else:
        found = [room / f"{flag.flag}.mlir", room / flag.flag]
    assert any(path.exists() for path in found), f"no test of {flag.flag} in {room}"


@pytest.mark.parametrize("flag", PIPELINES, ids=lambda f: f.flag)
def test_pipeline_is_run(flag: Flag) -> None:
    if not re.search(rf"--?{flag.flag}(?![\w-])", run_lines()):
        pytest.fail(f"{flag.file}: no test runs --{flag.flag}", pytrace=False)


def is_tested(key: str) -> bool:
    """Whether four words in a row of the text, or all if it has fewer, are in a test."""
    words = squeezed(key).split()
    runs = [" ".join(words[i : i + 4]) for i in range(max(1, len(words) - 3))]
    return any(run in corpus() for run in runs)


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: t.place)
def test_error_text_occurs(text: ErrorText) -> None:
    if UNREACHABLE.keys() & set(text.keys):
        return
    for key in text.keys:
        if not is_tested(key):
            pytest.fail(f"{text.place}: no test has the text {key!r}", pytrace=False)


@pytest.mark.parametrize("key", UNREACHABLE)
def test_unreachable_text_is_one(key: str) -> None:
    assert any(key in text.keys for text in TEXTS), f"no source has {key!r}"
    assert not is_tested(key), f"a test reaches {key!r}"


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: t.place)
def test_error_text_is_styled(text: ErrorText) -> None:
    first, last = text.parts[0], text.parts[-1]
    assert not re.match(r"[A-Z][a-z]+ [a-z]", first), f"{text.place}: {first!r} begins in capitals"
    assert not last.endswith(".") or last.endswith("..."), f"{text.place}: {last!r} ends in a stop"
