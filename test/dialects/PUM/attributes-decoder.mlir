// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics | pumice-opt -split-input-file | FileCheck %s

// CHECK: test.decoder = #pum.weight_decoder<weights_per_ns = 0.5, pj_per_weight = 0.25>
module attributes {
  test.decoder = #pum.weight_decoder<weights_per_ns = 0.5, pj_per_weight = 0.25>
} {
}

// -----

// expected-error @below {{pj_per_weight}}
#bad = #pum.weight_decoder<weights_per_ns = 0.5, pj_per_weight = -1>
