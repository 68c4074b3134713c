// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s

func.func @main(%q: memref<5x3xi8, #simulator.memory<host>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  %i = simulator.buffer : memref<5x1xi64, #simulator.memory<buffer>>
  // CHECK: %[[T:.*]] = simulator.cam_write dense<{{.*}}> : tensor<1x3xi8> on <"cams", 0, 1> mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  %t = simulator.cam_write dense<[[0, 1, 1]]> : tensor<1x3xi8> on <"cams", 0, 1>
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1>
  // CHECK: simulator.cam_search %{{.*}}, %{{.*}}, %{{.*}} on <"cams", 0, 1> in dense<{{.*}}> : tensor<1x3xi8> for best mapping <{{.*}}> after(%[[T]])
  // CHECK-SAME: : memref<5x3xi8, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>, memref<5x1xi64, #simulator.memory<buffer>>
  %0 = simulator.cam_search %q, %d, %i on <"cams", 0, 1> in dense<[[0, 1, 1]]> : tensor<1x3xi8> for best
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1> after(%t)
    : memref<5x3xi8, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>, memref<5x1xi64, #simulator.memory<buffer>>
  // CHECK: simulator.cam_search %{{.*}}, %{{.*}} on <"cams", 0, 1> in dense<{{.*}}> : tensor<1x3xi8> for distances mapping <{{.*}}> after(%[[T]])
  %1 = simulator.cam_search %q, %d on <"cams", 0, 1> in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    mapping <part_bits = 3, parts = 1, row_blocks = 1, stacked = 1> after(%t)
    : memref<5x3xi8, #simulator.memory<host>>, memref<5x1xi32, #simulator.memory<buffer>>
  return
}
