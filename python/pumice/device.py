# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices: the hardware numbers for which a model is compiled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from pumice.errors import PumiceError

__all__ = ["Device", "as_device", "devices"]

_TOKEN = re.compile(r'\s*("[^"]*"|#?[A-Za-z_][\w.]*|-?\d[\w.+-]*|[<>\[\]=,])')


#: Optional fields whose value is a bare keyword.
_KEYWORDS = {"dynamic_matmul"}


def devices() -> list[str]:
    """Names of the devices that Pumice ships."""
    from pumice._mlir_libs import _pumice

    return list(_pumice.preset_names())


class Device:
    """A `#pum.device`: a preset by name, a device file by path, or either with changes.

    Fields are those of the device file (docs/devices.md), nested as dicts:

        Device("isaac").replace(name="isaac-6b", array={"adc": {"bits": 6}})

    Raises:
        PumiceError: no such device, or a field has an impossible value; the text names the field.
    """

    def __init__(self, name: str) -> None:
        from pumice import ir
        from pumice._mlir_libs import _pumice

        try:
            with ir.Context() as context:
                text = str(_pumice.load_device(context, str(name)))
        except ValueError as error:
            raise PumiceError(_plain(error)) from None
        self._fields: dict[str, Any] = _Parser(text).struct()

    @property
    def name(self) -> str:
        """Name of the device."""
        return str(self._fields["name"])

    @property
    def adc_mode(self) -> str:
        """The mode of the converters: lossless, clip, full_scale or calibrated.

        `Program.calibrate` sets the ranges of calibrated converters. A device with associative
        processors has no converters and is lossless.
        """
        array = self._fields.get("array")
        return str(array["adc"]["mode"]) if array else "lossless"

    @property
    def dynamic_matmul(self) -> str:
        """Where integer products of two activations run: digital or crossbar."""
        return str(self._fields.get("dynamic_matmul", "digital"))

    @property
    def fields(self) -> dict[str, Any]:
        """All numbers, nested as in the device file (a copy)."""
        return deepcopy(self._fields)

    def replace(self, **fields: Any) -> Device:
        """A device with some fields changed; a field set to None is removed (no limit)."""
        device = self._changed(fields)
        problem = device._problem()
        if problem is None:
            return device
        # Name the field where the text does not: the first that cannot be on its own.
        changes = list(_leaves(fields))
        alone = (path for path in changes if self._changed(_nested(path))._problem())
        path = next(alone, (changes or [((), None)])[0])[0]
        where = "" if not path or path[-1] in problem else f"{'.'.join(path)}: "
        raise PumiceError(f"device '{device.name}': {where}{problem}")

    def to_attribute(self, context: Any) -> Any:
        """The device as an attribute of `context` (a pumice.ir.Context)."""
        from pumice import ir

        return ir.Attribute.parse(str(self), context)

    def roll_up(self) -> dict[str, Any]:
        """Area (mm2) and power (mW) of one IMA, one tile and the chip, summed over components."""
        from pumice import ir
        from pumice._mlir_libs import _pumice

        with ir.Context() as context:
            result: dict[str, Any] = json.loads(_pumice.roll_up(self.to_attribute(context)))
        return result

    def _changed(self, fields: Mapping[str, Any]) -> Device:
        device = object.__new__(Device)
        device._fields = _merge(self._fields, fields)
        return device

    def _problem(self) -> str | None:
        """Why this cannot be a device."""
        from pumice import ir

        try:
            with ir.Context() as context:
                self.to_attribute(context)
        except ir.MLIRError as error:
            return _plain(error)
        return None

    def __str__(self) -> str:
        return f"#pum.device{_text(self._fields)}"

    def __repr__(self) -> str:
        return f"Device({self.name!r})"


def as_device(device: str | Device | None) -> Device:
    """Returns a device, or reads it by name or path; "ideal" for None.

    Raises:
        PumiceError: no such device.
    """
    return device if isinstance(device, Device) else Device(device or "ideal")


def _plain(error: Exception) -> str:
    """The first message of a diagnostic, without its position in generated text."""
    diagnostics = getattr(error, "error_diagnostics", None)
    if diagnostics:
        return str(diagnostics[0].message)
    return re.sub(r"^at \S+: ", "", str(error))


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = _merge(result[key], value)
        elif isinstance(value, str) and (isinstance(result.get(key), _Word) or key in _KEYWORDS):
            result[key] = _Word(value)
        else:
            result[key] = value
    return result


def _leaves(fields: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from (((key, *path), leaf) for path, leaf in _leaves(value))
        else:
            yield (key,), value


def _nested(change: tuple[tuple[str, ...], Any]) -> dict[str, Any]:
    path, value = change
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        kind = value.get("#", "")
        pairs = (f"{key} = {_text(item)}" for key, item in value.items() if key != "#")
        return f"{kind}<{', '.join(pairs)}>"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        digits = repr(float(value))  # also of NumPy's
        return digits.replace("e", ".0e") if "e" in digits and "." not in digits else digits
    if isinstance(value, str) and not isinstance(value, _Word):
        return json.dumps(value)
    return str(value)


class _Word(str):
    """A bare keyword of a device file."""


class _Parser:
    """Reads the text of a device attribute as nested dicts and lists."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._next = 0

    def _take(self) -> str:
        self._next += 1
        return str(self._tokens[self._next - 1])

    def struct(self) -> dict[str, Any]:
        """`#kind<key = value, ...>` or `<key = value, ...>`."""
        result: dict[str, Any] = {}
        kind = self._take()
        if kind != "<":
            if kind != "#pum.device":
                result["#"] = kind
            self._take()
        while self._tokens[self._next] != ">":
            key = self._take()
            self._take()  # the equals sign
            result[key] = self._value()
            if self._tokens[self._next] == ",":
                self._take()
        self._take()
        return result

    def _value(self) -> Any:
        token = self._tokens[self._next]
        if token == "<" or token.startswith("#"):
            return self.struct()
        self._take()
        if token == "[":
            items = []
            while self._tokens[self._next] != "]":
                items.append(self._value())
                if self._tokens[self._next] == ",":
                    self._take()
            self._take()
            return items
        if token.startswith('"'):
            return json.loads(token)
        if token in ("true", "false"):
            return token == "true"
        if token[0].isalpha():
            return _Word(token)
        return int(token) if re.fullmatch(r"-?\d+", token) else float(token)
