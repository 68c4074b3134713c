// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --canonicalize | FileCheck %s

!grid = !crossbar.grid<1x12x2xi8, si8>

// CHECK-LABEL: func @join_of_one
// CHECK-SAME: %[[A:[^:]*]]:
// CHECK-NEXT: return %[[A]], %[[A]]
func.func @join_of_one(%a: !grid) -> (!grid, !grid) {
  %0 = crossbar.join %a : !grid
  %1 = crossbar.join %a, %a : !grid
  return %0, %1 : !grid, !grid
}

// CHECK-LABEL: func @join_of_joins
// CHECK-SAME: %[[A:[^:]*]]: {{[^,]*, [^,]*}}, %[[B:[^:]*]]: {{[^,]*, [^,]*}}, %[[C:[^:]*]]:
// CHECK-NEXT: %[[J:.*]] = crossbar.join %[[A]], %[[B]], %[[C]]
// CHECK-NEXT: return %[[J]]
func.func @join_of_joins(%a: !grid, %b: !grid, %c: !grid) -> !grid {
  %0 = crossbar.join %a, %b : !grid
  %1 = crossbar.join %0, %c, %b : !grid
  return %1 : !grid
}

// CHECK-LABEL: func @join_of_two
// CHECK-SAME: %[[A:[^:]*]]: {{[^,]*, [^,]*}}, %[[B:[^:]*]]:
// CHECK-NEXT: crossbar.join %[[B]], %[[A]]
func.func @join_of_two(%a: !grid, %b: !grid) -> !grid {
  %0 = crossbar.join %b, %a : !grid
  return %0 : !grid
}
