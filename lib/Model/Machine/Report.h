// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Report.h - A run as JSON ---------------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_REPORT_H
#define PUMICE_LIB_MODEL_MACHINE_REPORT_H

#include "lib/Model/Machine/Machine.h"

#include "llvm/Support/JSON.h"

#include <string>

namespace pumice::model {

/// The accounts of a machine, as JSON:
///   device, latency_ns,
///   energy_pj        {total, dynamic, static, <component>...},
///   area_mm2, power_mw of the device; null if it lists no components,
///   levels           [{group, level, count, area_mm2, power_mw}]
///                    count: instances in the device; area and power of one,
///                    likewise,
///   interval_ns      the time between the starts of inferences that follow
///                    each other as closely as resources allow: that of the
///                    unit that is held longest,
///   kinds_ns         {<kind>}: time in which an instruction of a kind runs,
///   layers           [{name, kinds, units, reasons, nonlinear, start_ns,
///                      end_ns, busy_ns, instructions,
///                      energy_pj {total, <component>...}, counters, arrays}]
///                    in order of first appearance; reasons: why products run
///                    on the digital unit; nonlinear: functions it computes;
///                    busy_ns: time during which its instructions run,
///   instructions     [{id, label, kind, unit, layer, reason, nonlinear,
///                      start_ns, end_ns, energy_pj, counters, arrays,
///                      buffer_bytes, depends_on, lanes [{resource, first,
///                      count, start_ns, end_ns}]}],
///   utilisation      {<resource> {count, busy_ns, share}},
///   waiting_ns       {weights, <resource>}, summed over instructions: how long
///                    layers whose inputs were there waited for their weights,
///                    and instructions that were ready for a resource,
///   counters,
///   wear             {max_writes_per_cell, mean_writes_per_cell,
///                     cells_written, arrays_written, max_is_bound,
///                     histogram [{writes, cells}],
///                     ranges [{group, first, count, layers,
///                              max_writes_per_cell, mean_writes_per_cell}]}.
/// Resources have the names that the device declares.
/// A device with an interconnect has `links` [{link, name, busy_ns, share,
/// waiting_ns}], those that were used, by their numbers, which are also those
/// of lanes: `waiting_ns` is how long instructions waited for this link last.
/// Layers and instructions omit components and counters that are 0;
/// instructions omit an empty `reason`, `nonlinear` and `buffer_bytes`, the
/// activations in the buffer when the program issues the instruction.
///
/// With `setup`, the work done once before the run, the report also has
/// `setup` and, in `wear`, `lifetime`: {limit, endurance_writes, runs,
/// years_back_to_back}. `limit` is "none" (runs write nothing), "unknown" (a
/// group that is written has no endurance) or "endurance". Only "endurance" has
/// the last two fields.
///
/// A program that pum-schedule has scheduled has `schedule`, the numbers of its
/// attribute `pum.schedule`.
///
/// With `steady`, an inference in the steady state, the report also has
/// `steady_state`, and the lifetime counts such runs.
///
/// The interpreter has `more` fields: peak_buffer_bytes and, if values of a run
/// saturate far more than in calibration, saturated [{layer, node, end,
/// fraction, calibrated}] (lib/Interpreter/Saturation.h).
std::string toText(const Machine &machine, const Machine *setup = nullptr,
                   const Machine *steady = nullptr,
                   llvm::json::Object more = {});

/// A cost: latency_ns, resources [{resource, first, count, busy_ns}] (for a
/// pool, `first` is the instance), energy_pj and counters as for an
/// instruction, writes [{group, first, count, blocks [{row, column, rows,
/// columns, writes}], written}].
llvm::json::Value toJson(const Cost &cost, const DeviceSpec &device);

/// Area in mm2 and power in mW; null if nothing is stated.
llvm::json::Value areaToJson(const AreaAndPower &sum);
llvm::json::Value powerToJson(const AreaAndPower &sum);

/// The levels of a roll-up, as in a report.
llvm::json::Array toJson(const RollUp &sum);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_REPORT_H
