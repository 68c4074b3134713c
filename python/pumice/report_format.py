# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a report in JSON must hold (lib/Model/Machine/Report.h), checked when one is read."""

from __future__ import annotations

import math
from typing import Any

from pumice.files import is_utf8

__all__ = ["problem_of"]

_NUMBER, _COUNT, _TEXT, _FLAG = "a number", "an integer", "a text", "true or false"
#: Largest count: counters have 64 bits.
_MOST = 2**64

# A dict states keys: "?" marks those that may be missing, "*" allows any other. A list of one
# states its items.
_COUNTERS = {"*": _COUNT, "digital_ops?": {"*": _COUNT}}
_ENERGY = {"total": _NUMBER, "*": _NUMBER}
_LANE = {
    "resource": _TEXT, "first": _COUNT, "count": _COUNT, "start_ns": _NUMBER, "end_ns": _NUMBER,
}  # fmt: skip
_LEVEL = {
    "group": _TEXT, "level": _TEXT, "count": _COUNT, "area_mm2": (_NUMBER,),
    "power_mw": (_NUMBER,),
}  # fmt: skip
_TIMED = {
    "start_ns": _NUMBER, "end_ns": _NUMBER, "energy_pj": _ENERGY, "counters": _COUNTERS,
    "arrays": _COUNT,
}  # fmt: skip
_LAYER = {
    **_TIMED, "name": _TEXT, "kinds": [_TEXT], "units": [_TEXT], "instructions": _COUNT,
    "busy_ns": _NUMBER, "reasons?": [_TEXT], "nonlinear?": [_TEXT],
}  # fmt: skip
_INSTRUCTION = {
    **_TIMED, "id": _COUNT, "label": _TEXT, "kind": _TEXT, "unit": _TEXT, "layer": _TEXT,
    "reason?": _TEXT, "nonlinear?": [_TEXT], "depends_on": [_COUNT], "lanes": [_LANE], "*": None,
}  # fmt: skip
_RANGE = {
    "group": _TEXT, "first": _COUNT, "count": _COUNT, "layers": [_TEXT],
    "max_writes_per_cell": _COUNT, "mean_writes_per_cell": _NUMBER,
}  # fmt: skip
_LIFETIME = {
    "limit": _TEXT, "endurance_writes": (_COUNT,), "runs?": (_NUMBER,),
    "years_back_to_back?": (_NUMBER,),
}  # fmt: skip
_WEAR = {
    "max_writes_per_cell": _COUNT, "mean_writes_per_cell": _NUMBER, "arrays_written": _COUNT,
    "cells_written?": _COUNT, "max_is_bound?": _FLAG,
    "histogram?": [{"writes": _COUNT, "cells": _COUNT}], "ranges?": [_RANGE],
    "lifetime?": (_LIFETIME,),
}  # fmt: skip
_FUNCTION = {
    "name": _TEXT, "kind?": _TEXT, "method": _TEXT, "elements": _COUNT, "outside": _COUNT,
}  # fmt: skip
_SATURATION = {
    "layer": _TEXT, "node": _TEXT, "end": _TEXT, "fraction": _NUMBER, "calibrated": _NUMBER,
}  # fmt: skip
_LINK = {
    "link": _COUNT, "name": _TEXT, "busy_ns": _NUMBER, "share": _NUMBER, "waiting_ns": _NUMBER,
}  # fmt: skip
_RUN: dict[str, Any] = {
    "device": _TEXT, "latency_ns": _NUMBER,
    "energy_pj": {**_ENERGY, "dynamic": _NUMBER, "static": _NUMBER},
    "area_mm2": (_NUMBER,), "power_mw": (_NUMBER,), "levels": [_LEVEL], "layers": [_LAYER],
    "instructions": [_INSTRUCTION],
    "utilisation": {"*": {"count": _COUNT, "busy_ns": _NUMBER, "share": _NUMBER}},
    "waiting_ns?": {"*": _NUMBER}, "counters": _COUNTERS, "wear": _WEAR,
    "functions?": [_FUNCTION], "peak_buffer_bytes?": _COUNT, "interval_ns?": _NUMBER,
    "kinds_ns?": {"*": _NUMBER}, "saturated?": [_SATURATION], "links?": [_LINK], "*": None,
}  # fmt: skip
_CODE = {
    "regions": _COUNT, "distinct": _COUNT, "cached": _COUNT, "seconds": _NUMBER, "warning?": _TEXT,
}  # fmt: skip
_REPORT: dict[str, Any] = {
    **_RUN, "setup?": (_RUN,), "steady_state?": (_RUN,), "schedule?": ({"*": None},),
    "timings_s?": {"*": _NUMBER, "code_generation?": (_CODE,)},
}  # fmt: skip


def problem_of(data: Any) -> str | None:
    """What is not as in a report, with its place; None if nothing is."""
    return _problem(data, _REPORT, "")


def _problem(value: Any, shape: Any, place: str) -> str | None:
    if shape is None:
        return None
    if isinstance(shape, tuple):  # or null
        return None if value is None else _problem(value, shape[0], place)
    if isinstance(shape, dict):
        return _problem_of_object(value, shape, place)
    where = f"{place or 'the file'}: expected "
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where}a list, got {_short(value)}"
        found = (_problem(item, shape[0], f"{place}[{i}]") for i, item in enumerate(value))
        return next((text for text in found if text), None)
    return None if _fits(value, shape) else f"{where}{shape}, got {_short(value)}"


def _problem_of_object(value: Any, shape: dict[str, Any], place: str) -> str | None:
    if not isinstance(value, dict):
        return f"{place or 'the file'}: expected an object, got {_short(value)}"
    for key in shape:
        if key != "*" and not key.endswith("?") and key not in value:
            return f"{place or 'it'} has no '{key}'"
    for key, item in value.items():
        inner = shape.get(key, shape.get(f"{key}?", shape.get("*", "")))
        if inner == "" or not is_utf8(key):
            return f"{place or 'it'} has an unknown {key!r}"
        text = _problem(item, inner, f"{place}.{key}" if place else key)
        if text:
            return text
    return None


def _fits(value: Any, shape: str) -> bool:
    if shape == _TEXT:
        return isinstance(value, str) and is_utf8(value)
    if shape == _FLAG:
        return isinstance(value, bool)
    if not _is_number(value):
        return False
    return shape == _NUMBER or (float(value).is_integer() and abs(value) <= _MOST)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**1023


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
