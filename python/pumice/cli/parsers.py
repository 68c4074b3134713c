# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parser of `pumice`: a function for each subcommand."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING

from pumice.cli.arguments import (
    DATA,
    MODEL,
    PROGRAM,
    add_debug,
    add_json,
    add_layers,
    add_model,
    add_reports,
    add_set,
    add_threads,
    add_version,
    positive,
)
from pumice.experiments import EXPERIMENTS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["parser"]


def parser() -> argparse.ArgumentParser:
    """The parser; `module` and `command` of what it returns name the function to call."""
    root = argparse.ArgumentParser(
        prog="pumice",
        description="Compile PyTorch models for processing-using-memory hardware and run them on a"
        " simulated machine.",
    )
    add_version(root)
    root.set_defaults(command=None, debug=False)
    commands = root.add_subparsers(title="commands", metavar="COMMAND")

    for add in (
        _add_demo, _add_run, _add_compile, _add_estimate, _add_report, _add_explore, _add_evaluate,
        _add_sweep, _add_sensitivity, _add_compare, _add_devices, _add_completion,
    ):  # fmt: skip
        add(commands)
    _add_experiments(
        commands,
        "study",
        "accuracy of networks on non-ideal hardware",
        "Studies that ship with Pumice.",
        "studies",
    )
    _add_experiments(
        commands,
        "reproduce",
        "reproductions of the comparisons in papers",
        "Repeats the comparisons of papers, on networks of the same shapes and Pumice's devices.",
        "papers",
    )
    return root


def _add_demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="classify handwritten digits with a small trained CNN",
        description="Quantizes and compiles the CNN that Pumice ships, runs it on real handwritten"
        " digits and compares its answers with PyTorch's.",
    )
    add_json(parser)
    add_debug(parser)
    parser.add_argument(
        "--device",
        "-d",
        action="append",
        metavar="D",
        help="device to run on; repeat for several; ideal and isaac by default",
    )
    parser.add_argument(
        "--images", "-n", type=positive, metavar="N", help="digits to test with; all by default"
    )
    parser.add_argument(
        "--batch", type=positive, default=1, metavar="B", help="digits per run (default 1)"
    )
    add_threads(parser)
    parser.set_defaults(module="pumice.cli.demo", command="demo")


def _add_run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="run a model or a compiled program on inputs",
        description="Compiles a model, or loads a compiled program, and runs it on the simulated"
        " machine.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser)
    parser.add_argument("program", metavar="PROGRAM|MODEL", help=PROGRAM)
    parser.add_argument(
        "--output",
        "-o",
        metavar="Y.npy",
        help="where to write the output; several outputs go to Y.0.npy, Y.1.npy, ..., or all of"
        " them to one Y.npz by name",
    )
    add_reports(parser)
    add_layers(parser)
    parser.add_argument(
        "--estimate",
        action="store_true",
        help="estimate the cost without computing values or writing outputs",
    )
    add_threads(parser)
    parser.set_defaults(module="pumice.cli.run", command="run")


def _add_compile(commands: Commands) -> None:
    parser = commands.add_parser(
        "compile",
        help="compile a model to a program file",
        description="Compiles a model and writes the machine program for `pumice run` and"
        " pumice-sim.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser)
    parser.add_argument("program", metavar="MODEL", help=MODEL)
    parser.add_argument("--output", "-o", metavar="FILE", help="program file (MLIR bytecode)")
    parser.add_argument(
        "--emit",
        metavar="LEVEL",
        help="write the IR of a level as text instead, to the output or the terminal: linalg,"
        " quantized, crossbar, pum or simulator",
    )
    parser.set_defaults(module="pumice.cli.run", command="compile_")


def _add_estimate(commands: Commands) -> None:
    parser = commands.add_parser(
        "estimate",
        help="time, energy and area of a model or program, without running it",
        description="Estimates the cost of a run. --input or --shape gives the shapes of a model's"
        " inputs. Several devices, or several values of --set, are shown side by side.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser, several_devices="ideal")
    add_set(parser)
    parser.add_argument("program", metavar="PROGRAM|MODEL", help=PROGRAM)
    add_reports(parser)
    add_layers(parser)
    parser.set_defaults(module="pumice.cli.run", command="estimate")


def _add_report(commands: Commands) -> None:
    parser = commands.add_parser(
        "report",
        help="show reports again, as tables, an HTML page or CSV",
        description="Reads reports that --report wrote. Several are shown side by side.",
    )
    add_debug(parser)
    add_layers(parser)
    parser.add_argument("reports", nargs="+", metavar="R.json", help="reports of runs or estimates")
    parser.add_argument(
        "--html", metavar="R.html", help="write a self-contained page with figures (needs plotly)"
    )
    parser.add_argument("--csv", metavar="R.csv", help="write the table of layers of one report")
    parser.add_argument(
        "--format",
        choices=["markdown", "latex"],
        help="print the table of layers of one report for a page of Markdown or for LaTeX",
    )
    parser.add_argument(
        "--plot",
        action="append",
        default=[],
        metavar="KIND=P.svg",
        help="draw a figure of one report: timeline, time, energy, components, in_use, occupancy,"
        " waiting, wear or network (needs matplotlib); repeat for several",
    )
    parser.add_argument(
        "--comparison",
        metavar="C.json",
        help="what `pumice compare --json` printed; the page shows its errors on the network",
    )
    parser.add_argument("--title", metavar="TEXT", help="title of the page")
    parser.set_defaults(module="pumice.cli.report", command="report")


def _add_explore(commands: Commands) -> None:
    parser = commands.add_parser(
        "explore",
        help="write a page with the IR of every level, linked by layer and source line",
        description="Compiles a model and writes a self-contained page: the IR of every level side"
        " by side with the cost of each op, search, and differences between levels. A program file"
        " holds only the machine program.",
    )
    add_debug(parser)
    add_model(parser)
    parser.add_argument("program", metavar="PROGRAM|MODEL", help=PROGRAM)
    parser.add_argument("--html", required=True, metavar="E.html", help="where to write the page")
    parser.add_argument(
        "--show-passes",
        action="store_true",
        help="also show what each pass of the compiler changed",
    )
    parser.add_argument("--title", metavar="TEXT", help="title of the page")
    parser.set_defaults(module="pumice.cli.explore", command="explore")


def _add_sweep(commands: Commands) -> None:
    parser = commands.add_parser(
        "sweep",
        help="time, energy, area and accuracy of a model over devices and their fields",
        description="Estimates a model on devices with varied fields. With --data, each point also"
        " runs on the data.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser, several_devices="isaac")
    parser.add_argument("programs", nargs="+", metavar="MODEL", help=f"{MODEL}; or several")
    add_set(
        parser,
        "; also model.weight_bits, model.activation_bits and model.batch, and options of"
        " compilation such as compile.schedule=naive,overlap, compile.nonlinear=digital,lut or"
        " compile.targets.LAYER=crossbar,digital",
    )
    parser.add_argument(
        "--search",
        default="grid",
        choices=["grid", "random", "nsga2", "tpe", "optuna"],
        help="all combinations, combinations drawn at random, or a search for the best by NSGA-II"
        " (also called optuna) or TPE (these need optuna)",
    )
    parser.add_argument("--trials", type=positive, metavar="N", help="number of points")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the search (default 0)"
    )
    parser.add_argument(
        "--objective",
        action="append",
        metavar="FIGURE",
        help="figure of the Pareto front and of optuna's search, with - in front if more is better;"
        " repeat for several; latency_ns and dynamic_energy_pj by default",
    )
    parser.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="FIGURE<=X",
        help="bound on a figure, as area_mm2<=100 or metric>=0.9; repeat for several",
    )
    parser.add_argument("--data", metavar="D.npz", help=f"data for the accuracy: {DATA}")
    parser.add_argument(
        "--metric",
        default="accuracy",
        metavar="M",
        help="accuracy (default), top5 and so on, mse or cosine",
    )
    parser.add_argument("--store", metavar="S.jsonl", help="keeps points; computed ones are read")
    parser.add_argument(
        "--study", metavar="S.log|URL", help="where optuna keeps its trials: a file or a database,"
        " such as sqlite:///s.db; a study that is there goes on"
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes that compute points"
    )
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="scheduler of a Dask cluster whose workers compute"
        " points, such as tcp://10.0.0.1:8786"
    )  # fmt: skip
    parser.add_argument("--csv", metavar="S.csv", help="where to write the points")
    parser.add_argument("--parquet", metavar="S.parquet", help="where to write the points")
    parser.add_argument(
        "--parallel", metavar="S.svg", help="where to draw fields and objectives as parallel axes"
    )
    parser.add_argument("--plot", metavar="S.svg", help="where to draw the first two objectives")
    parser.add_argument(
        "--best", metavar="D.mlir", help="where to write the device that is best in the first"
        " objective"
    )  # fmt: skip
    parser.set_defaults(module="pumice.cli.sweep", command="sweep")


def _add_sensitivity(commands: Commands) -> None:
    parser = commands.add_parser(
        "sensitivity",
        help="accuracy of a model with other arrays or narrow weights in single layers",
        description="Changes one layer at a time, and with --greedy one layer after the other.",
    )
    add_json(parser)
    add_debug(parser)
    parser.add_argument(
        "program",
        metavar="MODEL",
        help="FILE.py:NAME or package.module:NAME, where NAME is a float torch.nn.Module or a"
        " function that returns one; or zoo:NAME",
    )
    parser.add_argument(
        "--data", required=True, metavar="D.npz", help="inputs and labels (arrays x and y)"
    )
    parser.add_argument(
        "--calibration", "-c", action="append", default=[], metavar="C.npy",
        help="calibration inputs for the quantization; those of the data by default",
    )  # fmt: skip
    parser.add_argument(
        "--device", "-d", metavar="D", help="name of a device or path of a file; isaac by default"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=V",
        help="field of the arrays of a changed layer, as array.adc.bits=4; repeat for several",
    )  # fmt: skip
    parser.add_argument(
        "--weight-bits", type=positive, metavar="B", help="bits of the weights of a changed layer"
    )
    parser.add_argument(
        "--layer", action="append", metavar="PATH", help="a layer to change; all by default"
    )
    parser.add_argument(
        "--greedy", action="store_true", help="also add layers, each time the least harmful one"
    )
    parser.add_argument("--plot", metavar="S.svg", help="where to draw the drops")
    parser.set_defaults(module="pumice.cli.sensitivity", command="sensitivity")


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="accuracy of a model on a data set, on several devices",
        description="Compiles a model for each device and runs it on a data set, beside the float"
        " model.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser, several_devices="isaac")
    parser.add_argument("program", metavar="MODEL", help=MODEL)
    parser.add_argument("--data", required=True, metavar="D.npz", help=DATA)
    parser.add_argument(
        "--metric",
        default="accuracy",
        metavar="M",
        help="accuracy (default), top5 and so on, mse or cosine",
    )
    parser.add_argument(
        "--batch",
        "-b",
        type=positive,
        default=64,
        metavar="B",
        help="items per run (default 64); the first batch calibrates the quantization unless"
        " --calibration does",
    )
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="batches after which to stop; all by default"
    )
    add_threads(parser)
    parser.set_defaults(module="pumice.cli.evaluate", command="evaluate")


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="compare the simulated machine with PyTorch or onnxruntime, tensor by tensor",
        description="Runs the PyTorch model, or an ONNX model in onnxruntime, and the simulated"
        " machine on the same inputs, and names the first layer that diverges. Exits with 3 if one"
        " does.",
    )
    add_json(parser)
    add_debug(parser)
    add_model(parser)
    parser.add_argument("program", metavar="MODEL|PROGRAM", help=PROGRAM)
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        metavar="E",
        help="largest relative error that passes: root of the squared errors' sum over that of the"
        " values (default 0.05, which is 26 dB)",
    )
    parser.add_argument(
        "--reference",
        metavar="MODEL",
        help="the PyTorch model of a compiled program, or the float model of a quantized one:"
        " FILE.py:NAME or package.module:NAME, a torch.nn.Module or a function that returns one; or"
        " an ONNX model, which onnxruntime runs (by default the compared model itself)",
    )
    add_threads(parser)
    parser.set_defaults(module="pumice.cli.compare", command="compare")


def _add_devices(commands: Commands) -> None:
    parser = commands.add_parser(
        "devices",
        help="list devices, or the numbers of one",
        description="Lists the devices that Pumice ships or those given, or all numbers of one.",
    )
    add_json(parser)
    add_debug(parser)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a device, or a device file; or several"
    )
    parser.add_argument(
        "--diff", action="store_true", help="show the fields in which two devices differ"
    )
    parser.add_argument(
        "--effective",
        action="store_true",
        help="show the numbers that costs are computed with, after the device's laws",
    )
    parser.add_argument(
        "--source",
        action="store_true",
        help="print the device's file with its comments, as a start for a file of your own",
    )
    parser.set_defaults(module="pumice.cli.devices", command="devices")


def _add_completion(commands: Commands) -> None:
    parser = commands.add_parser(
        "completion",
        help="print the script that completes commands and options in a shell",
        description='Prints a script for the shell to load: for bash, add `eval "$(pumice'
        ' completion bash)"` to ~/.bashrc; for zsh, write it to a file _pumice in a folder of'
        " $fpath; for fish, to ~/.config/fish/completions/pumice.fish. Needs shtab: pip install"
        " 'pumice[completion]'.",
    )
    add_debug(parser)
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"))
    parser.set_defaults(module="pumice.cli.completion", command="completion")


def _add_experiments(
    commands: Commands, command: str, help: str, description: str, title: str
) -> None:
    """A subcommand with a subcommand for each of its experiments."""
    parser = commands.add_parser(command, help=help, description=description)
    metavar = {"studies": "STUDY", "papers": "PAPER"}[title]
    names = parser.add_subparsers(title=title, metavar=metavar, required=True)
    for experiment in EXPERIMENTS:
        if experiment.command == command:
            own = names.add_parser(
                experiment.name, help=experiment.help, description=experiment.description
            )
            if experiment.json_switch:
                add_json(own)
            add_debug(own)
            importlib.import_module(experiment.cli).add_arguments(own)
            own.set_defaults(module=experiment.cli, command="main")
