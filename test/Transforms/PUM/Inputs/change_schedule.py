# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Breaks one rule in the schedule of a file: change_schedule.py FILE WHAT RESULT."""

import json
import sys

source, what, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    data = json.load(file)
schedule = data["schedule"]
if what == "early":
    for compute in schedule["computes"]:
        if compute["part"] == 0:
            compute["end_ps"] -= compute["start_ps"]
            compute["start_ps"] = 0
elif what == "copies":
    schedule["parts"][0]["copies"] = 1000
elif what == "unit":
    schedule["parts"][0]["unit"] = "no such unit"
elif what == "resident":
    schedule["residents"].append(
        {"part": 7, "copy": 0, "first_tile": 0, "tiles": 1, "first_array": 0}
    )
elif what == "period":
    schedule["period_ps"] = schedule["end_ps"]
elif what == "ahead":
    schedule["transfers"][0]["ahead"] = True
with open(target, "w", encoding="utf-8") as file:
    json.dump(data, file)
