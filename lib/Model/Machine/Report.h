// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Report.h - A run as JSON ---------------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_REPORT_H
#define PUMICE_LIB_MODEL_MACHINE_REPORT_H

#include "lib/Model/Machine/Machine.h"

#include "llvm/Support/JSON.h"

namespace pumice::model {

/// Everything that a machine has in its books:
///   device, latency_ns,
///   energy_pj        {total, dynamic, static, <component>...},
///   area_mm2, power_mw {ima, tile, chip}, tiles,
///   layers           [{name, kinds, units, reasons, nonlinear, start_ns,
///                      end_ns, busy_ns, instructions,
///                      energy_pj {total, <component>...}, counters, arrays}]
///                    in order of first appearance; reasons: why products of it
///                    are on the digital unit; nonlinear: functions computed;
///                    busy_ns: how long an instruction of it was running,
///   instructions     [{id, label, kind, unit, layer, reason, nonlinear,
///                      start_ns, end_ns, energy_pj, counters, arrays,
///                      depends_on, lanes [{resource, first, count, start_ns,
///                      end_ns}]}],
///   utilisation      {<resource> {count, busy_ns, share}},
///   counters,
///   wear             {max_writes_per_cell, mean_writes_per_cell,
///                     cells_written, arrays_written, max_is_bound,
///                     histogram [{writes, cells}],
///                     ranges [{first, count, layers, max_writes_per_cell,
///                              mean_writes_per_cell}]}.
/// Components and counters that are 0 are left out of layers and instructions,
/// `reason` and `nonlinear` out of instructions that have none.
///
/// With `setup`, what was done once before the run, there is also its report,
/// `setup`, and `lifetime` in `wear`: {limit, endurance_writes, runs,
/// years_back_to_back}. `limit` is "none" (a run writes nothing), "unknown"
/// (the device names no endurance) or "endurance"; the last two fields are for
/// "endurance" only.
llvm::json::Value toJson(const Machine &machine,
                         const Machine *setup = nullptr);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_REPORT_H
