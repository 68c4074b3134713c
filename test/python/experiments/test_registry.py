# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of experiments: each is a command with options, and light to import."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys

import pytest

from pumice.cli import main
from pumice.experiments import EXPERIMENTS, Experiment, Results


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)
def test_experiment_is_a_command(experiment: Experiment, capsys) -> None:
    assert experiment.command in ("study", "reproduce")
    with pytest.raises(SystemExit) as leaving:
        main([experiment.command, experiment.name, "--help"])
    assert leaving.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"usage: pumice {experiment.command} {experiment.name}" in text
    assert "--json" in text
    assert "--debug" in text
    parser = argparse.ArgumentParser()
    importlib.import_module(experiment.cli).add_arguments(parser)
    if experiment.name != "neon":  # which fits its nets on one thread
        assert any("--threads" in action.option_strings for action in parser._actions)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)
def test_results_are_tables_and_plain_data(experiment: Experiment) -> None:
    pytest.importorskip("torch")
    package = importlib.import_module(f"pumice.experiments.{experiment.name.replace('-', '_')}")
    for name in (member for member in vars(Results) if not member.startswith("_")):
        assert callable(getattr(package.Results, name)), name
    assert callable(package.run)


def test_names_are_unique() -> None:
    names = [(experiment.command, experiment.name) for experiment in EXPERIMENTS]
    assert len(set(names)) == len(names)


def test_the_parser_imports_nothing_heavy() -> None:
    script = (
        "import sys, pumice.cli.parsers as p; p.parser();"
        "print([m for m in ('torch', 'numpy', 'rich', 'pumice._mlir_libs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
