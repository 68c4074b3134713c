// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK-LABEL: func @values
// CHECK-SAME: (%[[A:.*]]: !ap.column<u4>, %[[B:.*]]: !ap.column<s3>)
func.func @values(%a: !ap.column<u4>, %b: !ap.column<s3>) {
  // -4 to 18 and -3 to 19 take 6 bits with a sign.
  // CHECK: ap.add %[[A]], %[[B]] : !ap.column<u4>, !ap.column<s3> -> !ap.column<s6>
  %0 = ap.add %a, %b : !ap.column<u4>, !ap.column<s3> -> !ap.column<s6>
  // CHECK: ap.sub %[[A]], %[[B]] : !ap.column<u4>, !ap.column<s3> -> !ap.column<s6>
  %1 = ap.sub %a, %b : !ap.column<u4>, !ap.column<s3> -> !ap.column<s6>
  // CHECK: ap.copy %[[A]] : !ap.column<u4> -> !ap.column<s5>
  %2 = ap.copy %a : !ap.column<u4> -> !ap.column<s5>
  // CHECK: ap.clear : !ap.column<s12>
  %3 = ap.clear : !ap.column<s12>
  return
}

// CHECK-LABEL: func @widest_column
// CHECK-SAME: (%{{.*}}: !ap.column<u63>, %{{.*}}: !ap.column<u64>)
func.func @widest_column(%a: !ap.column<u63>, %b: !ap.column<u64>) {
  // CHECK: ap.add %{{.*}} -> !ap.column<u64>
  %0 = ap.add %a, %a : !ap.column<u63>, !ap.column<u63> -> !ap.column<u64>
  // CHECK: ap.sub %{{.*}} -> !ap.column<s64>
  %1 = ap.sub %a, %a : !ap.column<u63>, !ap.column<u63> -> !ap.column<s64>
  return
}

// CHECK-LABEL: func @passes
func.func @passes() {
  // CHECK: ap.search [3, 7, 12] key [false, true, true]
  ap.search [3, 7, 12] key [false, true, true]
  // CHECK: ap.write [3, 7] key [true, false]
  ap.write [3, 7] key [true, false]
  // CHECK: ap.move [0, 1, 2, 3] by -2
  ap.move [0, 1, 2, 3] by -2
  return
}
