// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

crossbar.table @ramp input <bits = 2, low = 0, high = 3>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>

// CHECK-LABEL: func @main
func.func @main(%g: !crossbar.grid<2x2x2xi2, ui1>, %x: memref<8x64xf32, #simulator.memory<buffer>>, %t: !simulator.token) {
  %y = simulator.buffer : memref<8x64xf32, #simulator.memory<buffer>>
  // CHECK: simulator.apply @ramp on(%{{.*}}), %{{.*}}, %{{.*}} after(%{{.*}}) : (!crossbar.grid<2x2x2xi2, ui1>), memref<8x64xf32, #simulator.memory<buffer>>, memref<8x64xf32, #simulator.memory<buffer>>
  %0 = simulator.apply @ramp on (%g), %x, %y after(%t)
      : (!crossbar.grid<2x2x2xi2, ui1>), memref<8x64xf32, #simulator.memory<buffer>>, memref<8x64xf32, #simulator.memory<buffer>>
  return
}
