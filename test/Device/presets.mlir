// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal | pumice-opt | FileCheck %s --check-prefixes=CHECK,IDEAL
// RUN: pumice-opt %s --pum-attach-device=device=isaac | pumice-opt | FileCheck %s --check-prefixes=CHECK,ISAAC
// RUN: pumice-opt %s --pum-attach-device=device=isaac --emit-bytecode | pumice-opt | FileCheck %s --check-prefixes=CHECK,ISAAC
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-roundtrip -o /dev/null
// RUN: cp %presets/isaac.mlir %t.own.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.own.mlir | FileCheck %s --check-prefixes=CHECK,ISAAC
// RUN: mkdir -p %t && cp %t.own.mlir %t/own.mlir && cd %t && pumice-opt %s --pum-attach-device=device=own.mlir | FileCheck %s --check-prefixes=CHECK,ISAAC
//
// A preset by name, a file by path; comments in the file, a `>` and brackets in them included, are skipped.

// IDEAL: #array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16, dac_bits = 1, adc = <bits = 9, mode = lossless>
// IDEAL: #device = #pum.device<name = "ideal", groups = [#pum.crossbar_group<name = "arrays", array = #array,
// The last level has no limit.
// IDEAL-SAME: #pum.level<name = "tile", holds = 12>, #pum.level<name = "chip">]>, #pum.digital_group<name = "digital", units = 168,
// IDEAL-SAME: buffer = <ports = 168,
// ISAAC: #array = #crossbar.array<{{.*}} adc = <bits = 8, mode = clip>
// ISAAC: #device = #pum.device<name = "isaac", groups = [#pum.crossbar_group<name = "arrays", array = #array,
// ISAAC-SAME: #pum.level<name = "chip", holds = 168>], endurance_writes = 1000000>, #pum.digital_group<
// ISAAC-SAME: buffer = <capacity_bytes = 11010048, ports = 168,
// ISAAC-SAME: #pum.component<name = "hypertransport", group = "arrays", level = "chip", count = 4, power_mw = 10400, area_um2 = 22880000, always_on = true>
// CHECK: module attributes {pum.device = #device}
func.func @f() {
  return
}
