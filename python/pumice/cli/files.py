# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models, programs and arrays from command line arguments."""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pumice.cli.errors import UsageError
from pumice.errors import PumiceError
from pumice.files import replacing, temporary_folder

__all__ = [
    "example_inputs",
    "from_stdin",
    "is_configuration",
    "is_model",
    "load_array",
    "load_function",
    "load_inputs",
    "load_model",
    "parse_shapes",
    "save_outputs",
    "zoo_inputs",
]


def is_model(text: str) -> bool:
    """True for FILE.py:NAME and package.module:NAME; a program is a file."""
    return not Path(text).is_file() and ":" in text


def is_configuration(text: str) -> bool:
    """True for a file of JSON, and for a folder with a config.json."""
    path = Path(text)
    return (path.suffix == ".json" and path.is_file()) or (path / "config.json").is_file()


def load_model(text: str, *, weights: bool = True) -> Any:
    """The torch.nn.Module that FILE.py:NAME or package.module:NAME refers to.

    Args:
        weights: False: build it on PyTorch's meta device.

    Raises:
        PumiceError: no such file, module or name; the code fails; the result is not a module.
    """
    from pumice.frontend.requirements import require_torch

    require_torch()
    import torch

    if is_configuration(text):
        from pumice.frontend.absent import configuration_of

        return configuration_of(text)
    if not weights:
        with torch.device("meta"):
            return load_model(text)
    place, _, name = text.rpartition(":")
    if place in ("zoo", "zoo-small"):
        return _from_zoo(text).model
    if not place or not name:
        raise UsageError(f"expected a model as FILE.py:NAME or package.module:NAME, got '{text}'")
    try:
        module = _import(place)
        if not hasattr(module, name):
            raise PumiceError(f"'{place}' has no '{name}'")
        model = getattr(module, name)
        if not isinstance(model, torch.nn.Module) and callable(model):
            model = model()
    except PumiceError:
        raise
    except Exception as error:
        raise PumiceError(f"cannot load model '{text}': {type(error).__name__}: {error}") from error
    if not isinstance(model, torch.nn.Module | torch.export.ExportedProgram):
        raise PumiceError(
            f"expected '{text}' to be or to return a torch.nn.Module, got {type(model).__name__}"
        )
    return model


def zoo_inputs(text: str) -> Any:
    """Inputs of a network zoo:NAME; None for other models."""
    if not is_model(text) or text.partition(":")[0] not in ("zoo", "zoo-small"):
        return None
    return _from_zoo(text).inputs(0)


def _from_zoo(text: str) -> Any:
    """The network that zoo:NAME, or zoo-small:NAME with fewer layers, refers to."""
    from pumice.zoo import NETWORKS

    place, _, name = text.partition(":")
    if name not in NETWORKS:
        similar = get_close_matches(name, list(NETWORKS), 1)
        hint = f" (did you mean '{similar[0]}'?)" if similar else ""
        raise PumiceError(f"no network '{name}' in the zoo, expected one of"
                          f" {', '.join(NETWORKS)}{hint}")  # fmt: skip
    network = NETWORKS[name]
    return network.build() if place == "zoo" else network.small()


def load_function(place: str, name: str) -> Any:
    """The function `name` of a file.

    Raises:
        PumiceError: no such file or function, or the file's code fails.
    """
    try:
        module = _import(place)
    except PumiceError:
        raise
    except Exception as error:
        raise PumiceError(f"cannot load '{place}': {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not callable(found):
        got = type(found).__name__ if hasattr(module, name) else "none"
        raise PumiceError(f"expected a function '{name}' in '{place}', got {got}")
    return found


def _import(place: str) -> Any:
    path = Path(place)
    if path.suffix != ".py":
        return importlib.import_module(place)
    if not path.is_file():
        raise PumiceError(f"no such file: '{place}'")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.parent))  # files beside the model, as for a script
    spec.loader.exec_module(module)
    return module


@cache
def from_stdin() -> Path:
    """A file with what standard input holds, which is gone at the end of the process."""
    stack = ExitStack()
    atexit.register(stack.close)
    path = stack.enter_context(temporary_folder()) / "stdin.mlir"
    with replacing(path) as file:
        file.write(sys.stdin.buffer.read())
    return path


def load_array(path: str) -> Any:
    """An array of an .npy file.

    Raises:
        PumiceError: no such file, or not one array.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise PumiceError(f"cannot read '{path}': {error.strerror or error}") from None
    except MemoryError:  # a header may name any shape
        raise PumiceError(f"not enough memory for the array of '{path}'") from None
    except Exception:  # NumPy's reader of headers raises more than it says
        raise PumiceError(f"expected '{path}' to be an .npy file of numbers") from None
    if not isinstance(array, np.ndarray):
        raise PumiceError(f"expected '{path}' to hold one array, got an archive of several")
    return array


def load_inputs(texts: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arrays of texts like x.npy and mask=m.npy."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if equals and not Path(text).exists():
            if name in kwargs:
                raise UsageError(f"input '{name}' is given twice")
            kwargs[name] = load_array(path)
        else:
            args.append(load_array(text))
    return args, kwargs


def parse_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Shapes by name of texts like x=1x3x224x224 ("x=" is a scalar)."""
    shapes = {}
    for text in texts:
        name, equals, extents = text.rpartition("=")
        shape = _extents(extents)
        if not equals or shape is None:
            raise UsageError(f"expected --shape NAME=1x3x224x224, got '{text}'")
        shapes[name] = shape
    return shapes


def example_inputs(texts: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Random inputs of shapes like 1x3x224x224, mask=1x128 or ids=1x128:int64, for estimates.

    Numbers are float32 from a normal distribution, or those of another dtype of NumPy after a
    colon; integers are 0 and thus valid indices.
    """
    generator = np.random.default_rng(0)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for text in texts:
        name, _, rest = text.rpartition("=")
        extents, _, kind = rest.partition(":")
        shape = _extents(extents)
        try:
            dtype = np.dtype(kind or "float32")
        except TypeError:
            shape = None
        if shape is None:
            raise UsageError(
                f"expected --shape [NAME=]1x3x224x224[:DTYPE] for a PyTorch model, got '{text}'"
            )
        array = np.zeros(shape, dtype)
        if dtype.kind == "f":
            array = generator.standard_normal(shape).astype(dtype)
        if not name:
            args.append(array)
        elif name in kwargs:
            raise UsageError(f"input '{name}' is given twice")
        else:
            kwargs[name] = array
    return args, kwargs


def _extents(text: str) -> tuple[int, ...] | None:
    try:
        shape = tuple(int(extent) for extent in text.split("x") if extent)
    except ValueError:
        return None
    return None if any(extent < 1 for extent in shape) else shape


def save_outputs(path: str, outputs: Any) -> list[str]:
    """Writes each array of a model's result; returns the names of the files.

    An .npz file holds all of them, by their keys or places.
    """
    target = Path(path)
    if target.suffix == ".npz":
        named = {name or "output": np.asarray(array) for name, array in _named(outputs)}
        with replacing(target) as stream:
            np.savez(stream, allow_pickle=False, **named)
        return [str(target)]
    arrays = [array for _, array in _named(outputs)]
    paths = [target]
    if len(arrays) != 1:
        paths = [target.with_suffix(f".{i}{target.suffix}") for i in range(len(arrays))]
    for file, array in zip(paths, arrays, strict=True):
        with replacing(file) as stream:
            np.save(stream, np.asarray(array), allow_pickle=False)
    return [str(file) for file in paths]


def _named(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays of a result, with keys and places that lead to them."""
    items: Any = None
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    elif is_dataclass(value):
        items = [(field.name, getattr(value, field.name)) for field in fields(value)]
    if items is not None:
        for key, item in items:
            yield from _named(item, f"{name}.{key}" if name else str(key))
    elif value is not None:
        yield name, value
