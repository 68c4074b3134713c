# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices: the hardware numbers for which a model is compiled."""

from __future__ import annotations

import json
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pumice.errors import PumiceError, PumiceWarning
from pumice.files import native_path, parsed_json

__all__ = ["Device", "as_device", "devices", "source_of"]


def devices() -> list[str]:
    """Names of the devices that Pumice ships."""
    from pumice._mlir_libs import _pumice

    return list(_pumice.preset_names())


class Device:
    """A `#pum.device`: a preset by name, a device file by path, or either with changes.

    Fields are those of the device file (docs/devices.md), nested as dicts:

        Device("isaac").replace(name="isaac-6b", array={"adc": {"bits": 6}})

    Devices with the same fields are equal. `str(device)` is the text of a device file.

    Args:
        device: name of a preset; path of a device file, or of a JSON file (.json) with the fields;
            or the fields themselves, as `fields` returns them.

    Raises:
        PumiceError: no such device, or a field has an impossible value; the text names the field.
    """

    _fields: dict[str, Any]
    _after: dict[str, Any] | None = None  #: what laws make of the fields, when it is known

    def __init__(self, device: str | os.PathLike[str] | Mapping[str, Any]) -> None:
        from pumice import ir
        from pumice._mlir_libs import _pumice

        if not isinstance(device, Mapping) and str(device).endswith(".json"):
            device = _with_tables_in(_read_json(device), Path(device).parent)
        if isinstance(device, Mapping):
            self._fields = _json_value(device)
            with ir.Context() as context:
                self._check(str(device.get("name", "")), context)
            return
        name = device
        try:
            with ir.Context() as context:
                text = _pumice.device_to_json(_pumice.load_device(context, native_path(name)))
        except ValueError as error:
            raise PumiceError(_with_hint(_plain(error), str(name))) from None
        self._fields = json.loads(text)

    @property
    def name(self) -> str:
        """Name of the device."""
        return str(self._fields["name"])

    @property
    def fields(self) -> dict[str, Any]:
        """All numbers, nested as in the device file (a copy).

        `groups` is a list of groups, each with its `kind`: crossbar, systolic, associative, cam or
        digital.
        """
        return deepcopy(self._fields)

    @property
    def effective(self) -> dict[str, Any]:
        """The numbers that costs are computed with: `fields` after its laws (docs/devices.md)."""
        return deepcopy(dict(self._laws()["effective"]))

    @property
    def notes(self) -> list[str]:
        """A text for each law that leaves the range of its source or cannot be applied."""
        return list(self._laws()["notes"])

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of units by name (a copy)."""
        return {group["name"]: group for group in self.fields["groups"]}

    @property
    def crossbars(self) -> dict[str, Any]:
        """The only, or first, group of crossbar arrays (a copy).

        Raises:
            PumiceError: there is none.
        """
        return self._first("crossbar", "crossbar arrays")

    @property
    def processors(self) -> dict[str, Any]:
        """The only, or first, group of associative processors (a copy).

        Raises:
            PumiceError: there is none.
        """
        return self._first("associative", "associative processors")

    @property
    def cams(self) -> dict[str, Any]:
        """The only, or first, group of content-addressable memories (a copy).

        Raises:
            PumiceError: there is none.
        """
        return self._first("cam", "content-addressable memories")

    @property
    def digital(self) -> dict[str, Any]:
        """The only, or first, group of digital units (a copy)."""
        return self._first("digital", "digital units")

    def has(self, kind: str) -> bool:
        """Whether it has a group of a kind: crossbar, systolic, associative, cam or digital."""
        return any(group["kind"] == kind for group in self._fields["groups"])

    @property
    def adc_mode(self) -> str:
        """The mode of the converters: lossless, clip, full_scale or calibrated.

        `Program.calibrate` sets the ranges of calibrated converters. A device without crossbar
        arrays has no converters and is lossless. Of several groups of arrays, one with calibrated
        converters decides, else the first.
        """
        modes = [
            str(group["array"]["adc"]["mode"])
            for group in self._fields["groups"]
            if group["kind"] == "crossbar"
        ]
        return "calibrated" if "calibrated" in modes else [*modes, "lossless"][0]

    @property
    def dynamic_matmul(self) -> str:
        """Where integer products of two activations run: digital or crossbar."""
        if not self.has("crossbar"):
            return "digital"
        return str(self.crossbars.get("dynamic_matmul", "digital"))

    def replace(self, **fields: Any) -> Device:
        """A device with some fields changed; a field set to None is left out (no limit).

        A list of named parts (groups, levels, components, digital ops) takes a mapping from
        names to changes; None removes a part. A keyword that is not a field of a device is the name
        of a group, or a field of the only group that can have it:

            device.replace(groups={"arrays": {"levels": {"chip": {"holds": 64}}}})
            device.replace(levels={"chip": {"holds": 64}})  # with one group that has levels

        Costs follow changed fields where the device has laws for them. A cost that is changed
        itself is that of the new device: its law starts from there.

        Warns:
            PumiceWarning: fields changed, and no cost that depends on them did; a law left the
                range of its source.
        """
        from pumice.laws import unscaled

        device = self.replaced(fields)
        for text in unscaled(self, device):
            warnings.warn(
                f"device '{device.name}': costs did not follow {text}: set them together",
                PumiceWarning,
                stacklevel=2,
            )
        known = self.notes
        for text in device.notes:
            if text not in known:
                warnings.warn(f"device '{device.name}': {text}", PumiceWarning, stacklevel=2)
        return device

    def replaced(self, fields: Mapping[str, Any]) -> Device:
        """As `replace`, without warnings.

        Raises:
            PumiceError: as `Device`.
        """
        from pumice import ir

        device = object.__new__(Device)
        device._fields = self._changed(fields)
        with ir.Context() as context:
            device._check(self.name, context)
            if "laws" in device._fields:
                device._after = _after_laws(context, device._fields, self._fields)
                device._fields["laws"] = device._after["stated"]["laws"]
        return device

    def _changed(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """All fields after a change, which may be impossible."""
        changes: dict[str, Any] = {}
        for key, value in fields.items():
            if key in _field_names()["device"]:
                changes[key] = _merged_change(changes.get(key), value)
            else:
                groups = changes.setdefault("groups", {})
                if not isinstance(groups, dict):
                    raise PumiceError(f"device '{self.name}': {key}: groups are replaced already")
                path = self._group_for(key, value)
                for name, change in path.items():
                    groups[name] = _merged_change(groups.get(name), change)
        try:
            return _merge(self._fields, changes)
        except PumiceError as error:
            raise PumiceError(f"device '{self.name}': {error}") from None

    def changed_attribute(self, fields: Mapping[str, Any], context: Any) -> tuple[Any, list[str]]:
        """The attribute of `replaced(fields)` in a context, and its notes, without the device.

        Raises:
            PumiceError: as `Device`.
        """
        from pumice._mlir_libs import _pumice

        before, after = _json_text(self._fields), _json_text(self._changed(fields))
        try:
            found = _pumice.device_changed(context, before, after, self.name)
        except ValueError as error:
            raise PumiceError(_about(self.name, error)) from None
        return found

    def to_attribute(self, context: Any) -> Any:
        """The device as an attribute of `context` (a pumice.ir.Context)."""
        return self._attribute(context, self.name)

    def roll_up(self) -> dict[str, Any]:
        """Area (mm2) and power (mW), summed over components; None where there are none.

        Of the device, and in `levels` of one instance of each level of each group.
        """
        from pumice import ir
        from pumice._mlir_libs import _pumice

        with ir.Context() as context:
            result: dict[str, Any] = json.loads(_pumice.roll_up(self.to_attribute(context)))
        return result

    def value_costs(self) -> dict[str, str]:
        """Groups whose costs depend on values of weights or inputs.

        With the field that makes it so, which is empty for associative processors: their programs
        are made of weights.
        """
        from pumice import ir
        from pumice._mlir_libs import _pumice

        with ir.Context() as context:
            found = json.loads(_pumice.value_costs(self.to_attribute(context)))
        return {item["group"]: item["field"] for item in found}

    def _laws(self) -> dict[str, Any]:
        if self._after is None:
            from pumice import ir

            with ir.Context() as context:
                self._after = _after_laws(context, self._fields)
        return self._after

    def _first(self, kind: str, what: str) -> dict[str, Any]:
        for group in self._fields["groups"]:
            if group["kind"] == kind:
                return deepcopy(dict(group))
        raise PumiceError(f"device '{self.name}' has no {what}")

    def _group_for(self, key: str, value: Any) -> dict[str, Any]:
        """The change of `groups` that a keyword stands for."""
        names = [group["name"] for group in self._fields["groups"]]
        if key in names:
            return {key: value}
        having = [
            group["name"]
            for group in self._fields["groups"]
            if key in _field_names()[group["kind"]]
        ]
        if len(having) == 1:
            return {having[0]: {key: value}}
        if not having:
            known = [*_field_names()["device"], *names]
            groups = [
                field for kind, own in _field_names().items() if kind != "device" for field in own
            ]
            inner = [path for path in _paths(self._fields["groups"]) if path.endswith(f".{key}")]
            every = {*known, *groups} - {key}
            similar = inner or get_close_matches(key, sorted(every), 1)
            hint = f" (did you mean '{similar[0]}'?)" if similar else ""
            raise PumiceError(
                f"device '{self.name}': unknown field '{key}', expected one of {', '.join(known)},"
                f" or a field of a group{hint}"
            )
        raise PumiceError(
            f"device '{self.name}': {key}: expected the group, as in "
            f"groups={{'{having[0]}': {{'{key}': ...}}}}; {' and '.join(having)} have this field"
        )

    def _attribute(self, context: Any, name: str) -> Any:
        from pumice._mlir_libs import _pumice

        return _pumice.device_from_json(context, _json_text(self._fields), name)

    def _check(self, name: str, context: Any) -> None:
        """Raises if this cannot be a device; the text begins with `name`.

        Tables that the fields name are read into them.
        """
        from pumice._mlir_libs import _pumice

        try:
            attribute = self._attribute(context, name)
        except ValueError as error:
            raise PumiceError(_about(name, error)) from None
        if any(_tables(self._fields)):
            self._fields = json.loads(_pumice.device_to_json(attribute))

    def __str__(self) -> str:
        from pumice import ir

        with ir.Context() as context:
            return "\n".join(_broken(str(self.to_attribute(context)), 0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(json.dumps(self._fields, sort_keys=True))

    def __repr__(self) -> str:
        return f"Device({self.name!r})"

    def _repr_html_(self) -> str:
        from pumice.tables import html_text, simple_table

        sums = self.roll_up()["levels"]
        rows = [
            (item["group"], item["level"], f"{item['area_mm2']:.4g}", f"{item['power_mw']:.4g}")
            for item in sums
        ]
        groups = ", ".join(f"{name} ({group['kind']})" for name, group in self.groups.items())
        columns = ["group", "level", "mm2 of one", "mW of one"]
        return html_text(simple_table(f"Device '{self.name}': {groups}", columns, rows, left=2))


def as_device(device: str | os.PathLike[str] | Mapping[str, Any] | Device | None) -> Device:
    """Returns a device, or makes one of a name, path or fields; "ideal" for None.

    Raises:
        PumiceError: no such device.
    """
    return device if isinstance(device, Device) else Device(device or "ideal")


@cache
def _field_names() -> dict[str, list[str]]:
    """Names of the fields of a device and of each kind of group."""
    from pumice._mlir_libs import _pumice

    names: dict[str, list[str]] = json.loads(_pumice.device_fields())
    return names


def _json_text(fields: Mapping[str, Any]) -> str:
    text = json.dumps(fields, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.end]
        raise PumiceError(f"expected a device in UTF-8, got {found!r}") from None
    return text


def _about(name: str, error: Exception) -> str:
    """What is wrong with a device."""
    text = re.sub(r"^device '[^']*': ", "", _plain(error))
    return f"device '{name}': {text}"


def _after_laws(
    context: Any, fields: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> Any:
    """What laws make of fields (`pumiceDeviceLaws` in lib/CAPI/Pumice.h)."""
    from pumice._mlir_libs import _pumice

    old = json.dumps(before) if before is not None else ""
    return json.loads(_pumice.device_laws(context, old, json.dumps(fields)))


def source_of(name: str) -> str:
    """The file of a preset, or of a path, with its comments: the start of a device of one's own.

    Raises:
        PumiceError: no such device.
    """
    from pumice._mlir_libs import _pumice

    path = Path(name)
    if name in devices():
        folder = os.environ.get("PUMICE_PRESETS") or Path(_pumice.__file__).parent / "presets"
        path = Path(folder) / f"{name}.mlir"
    else:
        Device(name)  # says what is wrong
    return path.read_text(encoding="utf-8")


def _read_json(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """The fields in a JSON file; what `pumice devices NAME --json` prints has them in `fields`."""
    try:
        fields = parsed_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PumiceError(f"cannot read device file '{path}': {error.strerror}") from None
    except ValueError as error:
        raise PumiceError(f"device file '{path}': expected JSON: {error}") from None
    if isinstance(fields, Mapping) and isinstance(fields.get("fields"), Mapping):
        fields = fields["fields"]
    if not isinstance(fields, Mapping):
        raise PumiceError(f"device file '{path}': expected an object of fields")
    return fields


def _tables(fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a device that name tables of measurements."""
    groups = fields.get("groups")
    for group in groups if isinstance(groups, list) else []:
        for path in (("array", "analog", "cells"), ("array", "adc", "table")):
            part: Any = group
            for key in path:
                part = part.get(key) if isinstance(part, Mapping) else None
            if isinstance(part, dict) and isinstance(part.get("file"), str):
                yield part


def _with_tables_in(fields: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Fields whose tables are relative to `folder`."""
    fields = deepcopy(dict(fields))
    for part in _tables(fields):
        part["file"] = str(folder / part["file"])
    return fields


#: Columns within which a device is printed.
_COLUMNS = 100
_OPEN, _CLOSE = "<[", ">]"
_MARKS = re.compile(r'[",<>\[\]]')


def _broken(text: str, indent: int) -> list[str]:
    """An attribute's text in lines that are short where its brackets allow it."""
    start = -1
    if indent + len(text) > _COLUMNS:
        start = min((at for c in _OPEN if (at := text.find(c)) >= 0), default=-1)
    if start < 0:
        return [" " * indent + text]
    lines = [" " * indent + text[: start + 1]]
    rest, parts = _parts(text, start + 1)
    for part in parts:
        lines += _broken(part, indent + 2)
    lines.append(" " * indent + text[rest:])
    return lines


def _parts(text: str, start: int) -> tuple[int, list[str]]:
    """What stands between commas up to the closing bracket, and the place of that bracket."""
    parts, first, depth, quoted = [], start, 0, False
    for found in _MARKS.finditer(text, start):
        c, place = found.group(), found.start()
        if c == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif c in _OPEN:
            depth += 1
        elif c in _CLOSE and depth:
            depth -= 1
        elif depth == 0 and (c == "," or c in _CLOSE):
            comma = "," if c == "," else ""
            parts.append(text[first:place].strip() + comma)
            if not comma:
                return place, parts
            first = place + 1
    return len(text), [text[start:].strip()]


def _plain(error: Exception) -> str:
    """The first message of a diagnostic, without its position in generated text."""
    diagnostics = getattr(error, "diagnostics", None) or getattr(error, "error_diagnostics", None)
    if diagnostics:
        return str(diagnostics[0].message).rstrip()
    return re.sub(r"^at \S+: ", "", str(error)).splitlines()[0]


def _with_hint(text: str, device: str) -> str:
    """A message about a device, with the device or the field that was probably meant."""
    if text.startswith("no device '"):
        similar = get_close_matches(device, devices(), 1)
        return f"{text} (did you mean '{similar[0]}'?)" if similar else text
    unknown = re.search(r"duplicate or unknown struct parameter name: (\w+)$", text)
    if not unknown:
        return text
    known = {name for names in _field_names().values() for name in names}
    for preset in devices():
        known.update(_keys(Device(preset).fields))
    similar = get_close_matches(unknown[1], sorted(known - {unknown[1]}), 1)
    return f"{text} (did you mean '{similar[0]}'?)" if similar else text


def _paths(groups: list[dict[str, Any]]) -> list[str]:
    """The fields inside of fields of groups, as `replace` takes them."""

    def inner(value: Mapping[str, Any], path: str) -> Iterator[str]:
        for key, item in value.items():
            if path:
                yield f"{path}.{key}"
            if isinstance(item, Mapping):
                yield from inner(item, f"{path}.{key}" if path else key)

    return [path for group in groups for path in inner(group, "")]


def _keys(value: Any) -> set[str]:
    """All keys in nested dicts and lists."""
    if isinstance(value, Mapping):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = _merge(result[key], value)
        elif isinstance(value, Mapping) and isinstance(result.get(key), list):
            if key == "levels":
                _check_levels(result[key], value)
            result[key] = _merge_parts(result[key], value)
        else:
            result[key] = _json_value(value)
    if "file" in new:  # a table in place of the one that was read
        for rows in {"levels", "converters"} - new.keys():
            result.pop(rows, None)
    return result


def _check_levels(levels: list[Any], changes: Mapping[str, Any]) -> None:
    """Levels have an order, so that a mapping can add one only in place of those that it removes.

    Raises:
        PumiceError: an unknown level.
    """
    if None in changes.values():
        return
    named = (level for level in levels if isinstance(level, Mapping) and "name" in level)
    known = [str(level["name"]) for level in named]
    for name in changes:
        if known and name not in known:
            similar = get_close_matches(str(name), known, 1)
            hint = f" (did you mean '{similar[0]}'?)" if similar else ""
            raise PumiceError(f"unknown level '{name}', expected one of {', '.join(known)}{hint}")


def _merge_parts(parts: list[Any], changes: Mapping[str, Any]) -> list[Any]:
    """A list of named parts with some of them changed, added or (None) removed."""
    label = next((key for key in ("name", "of", "kind") if parts and key in parts[0]), "name")
    if parts and label not in parts[0]:
        raise PumiceError(f"expected a list in place of one without names, got {dict(changes)}")
    named = {part[label]: part for part in parts}
    for name, change in changes.items():
        if change is None:
            named.pop(name, None)
        elif isinstance(change, Mapping):
            named[name] = _merge(named.get(name, {label: name}), change)
        else:
            named[name] = _json_value(change)
    return list(named.values())


def _merged_change(old: Any, new: Any) -> Any:
    """Two changes of the same field, one after the other."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _merged_change(old.get(key), value) for key, value in new.items()}}
    return new


def _json_value(value: Any) -> Any:
    """A value as JSON has it: NumPy's scalars are plain, what JSON has not is text."""
    if isinstance(value, Mapping):
        return {key: _json_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool) else str(value)
