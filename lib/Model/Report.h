// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Report.h - A run as JSON ---------------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_REPORT_H
#define PUMICE_LIB_MODEL_REPORT_H

#include "lib/Model/Machine.h"

#include "llvm/Support/JSON.h"

namespace pumice::model {

/// Everything that a machine has in its books:
///   device, latency_ns,
///   energy_pj        {total, dynamic, static, <component>...},
///   area_mm2, power_mw {ima, tile, chip}, tiles,
///   layers           [{name, kinds, units, start_ns, end_ns, instructions,
///                      energy_pj {total, <component>...}, counters, arrays}]
///                    in order of first appearance,
///   instructions     [{id, label, kind, unit, layer, start_ns, end_ns,
///                      energy_pj, counters, arrays, depends_on,
///                      lanes [{resource, first, count, start_ns, end_ns}]}],
///   utilisation      {<resource> {count, busy_ns, share}},
///   counters, wear   {max_writes_per_cell, mean_writes_per_cell,
///                     arrays_written}.
/// Components and counters that are 0 are left out of layers and instructions.
llvm::json::Value toJson(const Machine &machine);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_REPORT_H
