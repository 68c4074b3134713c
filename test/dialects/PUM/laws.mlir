// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// Points hold integers and real numbers; a group and a level may be given.
// CHECK-LABEL: func private @laws
// CHECK-SAME: test.converters = #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy", at = {adc_bits = 8 : i64, rate_gsps = 1.280000e+00 : f64}>
// CHECK-SAME: test.ports = #pum.law<of = "buffer.ports", kind = "per_instance", at = {instances = 168 : i64}, group = "arrays", level = "tile">
func.func private @laws() attributes {
  test.converters = #pum.law<of = "arrays.energy.adc_pj", kind = "adc_energy",
                             at = {adc_bits = 8, rate_gsps = 1.28}>,
  test.ports = #pum.law<of = "buffer.ports", kind = "per_instance", at = {instances = 168},
                        group = "arrays", level = "tile">}
