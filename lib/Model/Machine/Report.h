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
///   area_mm2, power_mw of the device,
///   levels           [{group, level, count, area_mm2, power_mw}]
///                    count: instances in the device; the rest is of one,
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
///                     ranges [{group, first, count, layers,
///                              max_writes_per_cell, mean_writes_per_cell}]}.
/// Resources have the names that the device declares.
/// Components and counters that are 0 are left out of layers and instructions,
/// `reason` and `nonlinear` out of instructions that have none.
///
/// With `setup`, what was done once before the run, there is also its report,
/// `setup`, and `lifetime` in `wear`: {limit, endurance_writes, runs,
/// years_back_to_back}. `limit` is "none" (a run writes nothing), "unknown"
/// (a group that is written names no endurance) or "endurance"; the last two
/// fields are for "endurance" only.
///
/// With `steady`, an inference in the steady state, there is its report,
/// `steady_state`; the lifetime counts such runs then.
///
/// The interpreter adds peak_buffer_bytes and, if values of a run saturate far
/// more than in calibration, saturated [{layer, node, end, fraction,
/// calibrated}] (lib/Interpreter/Saturation.h).
llvm::json::Value toJson(const Machine &machine, const Machine *setup = nullptr,
                         const Machine *steady = nullptr);

/// A cost: latency_ns, resources [{resource, first, count, busy_ns}] (of a
/// pool, `first` is the instance), energy_pj and counters as of an instruction,
/// writes
/// [{group, first, count, blocks [{row, column, rows, columns, writes}],
/// written}].
llvm::json::Value toJson(const Cost &cost, const DeviceSpec &device);

/// The levels of a roll-up, as above.
llvm::json::Array toJson(const RollUp &sum);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_REPORT_H
