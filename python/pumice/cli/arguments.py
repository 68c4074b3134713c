# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments that several subcommands share."""

from __future__ import annotations

import argparse

__all__ = [
    "DATA", "MODEL", "PROGRAM", "add_debug", "add_json", "add_json_file", "add_layers",
    "add_markdown", "add_model", "add_reports", "add_set", "add_threads", "add_version", "positive",
]  # fmt: skip

MODEL = (
    "FILE.py:NAME or package.module:NAME, where NAME is a torch.nn.Module or a function that"
    " returns one; zoo:NAME, a network of pumice.zoo, or zoo-small:NAME; a configuration of"
    " transformers (config.json), for estimates without weights; MODEL.onnx; or MODEL.mlir"
    " of TOSA, linalg or any level above the machine program"
)
PROGRAM = (
    f"a program of `pumice compile` or Program.save; or a model: {MODEL}; - is a program or MLIR on"
    " standard input"
)

DATA = (
    "an .npz file with an array y of targets, and x of inputs or, for models with several, an array"
    " for each by its name; items are along the first dimension"
)


def positive(text: str) -> int:
    """The type of an argument: an integer of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text}")
    return value


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        import pumice

        print(f"pumice {pumice.__version__}")
        parser.exit()


def add_version(parser: argparse.ArgumentParser) -> None:
    """--version, for every program."""
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json, for commands that print tables."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def add_json_file(parser: argparse.ArgumentParser) -> None:
    """--json, with or without a file."""
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="R.json",
        help="where to write the results as JSON; without a file, print it instead of tables",
    )  # fmt: skip


def add_markdown(parser: argparse.ArgumentParser) -> None:
    """--markdown."""
    parser.add_argument(
        "--markdown", metavar="PAGE.md",
        help="page to put the tables into, between the lines for them",
    )  # fmt: skip


def add_debug(parser: argparse.ArgumentParser) -> None:
    """--debug, for every command."""
    parser.add_argument("--debug", action="store_true", help="show Python's traceback of an error")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """--threads."""
    parser.add_argument(
        "--threads", type=positive, metavar="T", help="threads to compute with; all by default"
    )


def add_reports(parser: argparse.ArgumentParser) -> None:
    """--report and --trace."""
    parser.add_argument(
        "--report",
        metavar="R.json",
        help="where to write the report as JSON; - is standard output, instead of tables",
    )
    parser.add_argument(
        "--html", metavar="R.html", help="where to write the report as a page (needs plotly)"
    )
    parser.add_argument(
        "--trace", metavar="T.json", help="where to write the timeline for https://ui.perfetto.dev"
    )
    parser.add_argument(
        "--trace-setup",
        action="store_true",
        help="begin the timeline with the programming of arrays before the first run",
    )


def add_layers(parser: argparse.ArgumentParser) -> None:
    """--sort, --top and --depth, of the table of layers."""
    parser.add_argument(
        "--sort",
        choices=["time", "energy", "arrays", "conversions", "instructions"],
        help="sort the table of layers, the largest first; in the order of the model by default",
    )
    parser.add_argument(
        "--top", type=positive, metavar="N", help="show only the first N layers of the table"
    )
    parser.add_argument(
        "--depth",
        type=positive,
        metavar="N",
        help="sum layers up by the first N parts of their names: with 1, encoder.layer.0 is a part"
        " of encoder",
    )


def add_set(parser: argparse.ArgumentParser, more: str = "") -> None:
    """--set, of fields of devices."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=V,V,...",
        help="values of a field, as array.rows=64,128; fields that change together as"
        f" array.adc.bits,energy.adc_pj=6:0.4,8:1.56{more}; repeat for several",
    )


def add_model(parser: argparse.ArgumentParser, several_devices: str = "") -> None:
    """Arguments of compilation; --device may be repeated if `several_devices` names a default."""
    parser.add_argument(
        "--input",
        "-i",
        action="append",
        default=[],
        metavar="[NAME=]X.npy",
        help="one input, in order, or a keyword argument by its name; repeat for several."
        " A model is compiled for the shapes and dtypes of its inputs",
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="[NAME=]1x3x224x224[:DTYPE]",
        help="shape of an input: of an ONNX model, by name, if neither the file nor --input fixes"
        " it; of a PyTorch model for estimates, instead of --input",
    )
    device = "name of a device (see `pumice devices`) or path of a device file"
    if several_devices:
        parser.add_argument(
            "--device",
            "-d",
            action="append",
            metavar="D",
            help=f"{device}; repeat for several; {several_devices} by default",
        )
    else:
        parser.add_argument("--device", "-d", metavar="D", help=f"{device}; ideal by default")
    parser.add_argument(
        "--schedule",
        metavar="ALGORITHM|FILE.json",
        help="algorithm that decides when weights are written and where: naive, strong, overlap,"
        " copies or steady, or a file with a schedule; by default, overlap for networks whose"
        " weights do not fit the arrays of the device",
    )
    parser.add_argument(
        "--calibration",
        "-c",
        action="append",
        default=[],
        metavar="[NAME=]C.npy",
        help="calibration inputs for the quantization, like --input, with batches of any size; the"
        " inputs by default",
    )
    parser.add_argument(
        "--nonlinear",
        action="append",
        default=[],
        metavar="[KEY=]METHOD",
        help="how to compute nonlinear functions: digital (default), lut, neon or auto; for those"
        " of a kind (gelu) or module path (encoder.*) if KEY is given; repeat for several",
    )
    parser.add_argument(
        "--max-error",
        type=float,
        metavar="E",
        help="bound on the error of nets and tables, as a part of the range of their function",
    )
    parser.add_argument(
        "--nonlinear-objective",
        choices=("energy", "latency", "energy-delay"),
        help="what auto makes least (default energy)",
    )
    parser.add_argument(
        "--no-quantize",
        action="store_true",
        help="keep a float model in float: it runs entirely on the digital unit",
    )
    parser.add_argument(
        "--no-weights",
        action="store_true",
        help="build the model on PyTorch's meta device, for estimates of models that do not fit"
        " into memory",
    )
    parser.add_argument(
        "--passes",
        action="append",
        default=[],
        metavar="LEVEL=PASSES",
        help="passes to run at a level: a pipeline such as canonicalize,cse, or FILE.py:NAME, a"
        " function that changes a module; repeat for several",
    )
    parser.add_argument(
        "--pass-plugin",
        action="append",
        default=[],
        metavar="P.so",
        help="plugin of pumice-opt whose passes --passes may name; repeat for several",
    )
    parser.add_argument(
        "--dump-levels-to",
        metavar="DIR",
        help="write the IR of every level to a folder, as LEVEL.mlir",
    )
