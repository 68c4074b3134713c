// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s

// CHECK-LABEL: func private @methods
// CHECK-SAME: a = #ap<lookup_method exact>, b = #ap<lookup_method ternary>, c = #ap<lookup_method hamming>
func.func private @methods() attributes {a = #ap<lookup_method exact>, b = #ap<lookup_method ternary>,
  c = #ap<lookup_method hamming>}

// CHECK-LABEL: func private @opcode
// CHECK-SAME: code = #ap<opcode add>
func.func private @opcode() attributes {code = #ap<opcode add>}

ap.program for "opcodes" {
  // CHECK: ap.serial add steps 1
  ap.serial add steps 1
  // CHECK: ap.serial sub steps 1
  ap.serial sub steps 1
  // CHECK: ap.serial add_new steps 1
  ap.serial add_new steps 1
  // CHECK: ap.serial sub_new steps 1
  ap.serial sub_new steps 1
  // CHECK: ap.serial copy steps 1
  ap.serial copy steps 1
  // CHECK: ap.serial clear steps 1
  ap.serial clear steps 1
  // CHECK: ap.serial compare steps 1
  ap.serial compare steps 1
  // CHECK: ap.serial select steps 1
  ap.serial select steps 1
  // CHECK: ap.serial mask steps 1
  ap.serial mask steps 1
  // CHECK: ap.serial top steps 1
  ap.serial top steps 1
  // CHECK: ap.serial less steps 1
  ap.serial less steps 1
  // CHECK: ap.serial set steps 1
  ap.serial set steps 1
  // CHECK: ap.serial between steps 1
  ap.serial between steps 1
}
