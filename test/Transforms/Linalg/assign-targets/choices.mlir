// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --assign-targets="targets=net.first=digital,net.*=crossbar" | FileCheck %s --check-prefix=EXACT
// RUN: pumice-opt %s --pum-attach-device=device=isaac --assign-targets="targets=net.s*=digital" | FileCheck %s --check-prefix=GLOB
// RUN: pumice-opt %s --pum-attach-device=device=isaac --assign-targets="targets=*=ap" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --assign-targets="targets=*=crossbar" 2>&1 | FileCheck %s --check-prefix=ARRAYS
// RUN: pumice-opt %s --linalg-to-simulator="device=isaac targets=net.first=digital" | FileCheck %s --check-prefix=MACHINE
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --assign-targets="targets=net.first=ap" 2>&1 | FileCheck %s --check-prefix=CANNOT
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --assign-targets="targets=net.third=digital" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not pumice-opt %s --assign-targets="targets=net.first=tpu" 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not pumice-opt %s --assign-targets="targets=net.[=digital" 2>&1 | FileCheck %s --check-prefix=PATTERN
//
// Targets by the user's choice: the first entry that matches the module path counts.

// EXACT: linalg.quantized_matmul {pum.reason = "it is assigned to the digital unit", pum.target = #pum.target<digital>}
// EXACT: linalg.quantized_matmul {pum.target = #pum.target<crossbar>}
// GLOB: linalg.quantized_matmul {pum.target = #pum.target<crossbar>}
// GLOB: linalg.quantized_matmul {pum.reason = "it is assigned to the digital unit", pum.target = #pum.target<digital>}
// NONE: remark: stays on the digital unit: the device has no associative processors
// NONE: linalg.quantized_matmul {pum.reason = "the device has no associative processors", pum.target = #pum.target<digital>}
// ARRAYS: linalg.quantized_matmul {pum.reason = "the device has no crossbars", pum.target = #pum.target<digital>}
// MACHINE: simulator.digital @{{.*}} {pum.reason = "it is assigned to the digital unit"}
// MACHINE: simulator.mvm
// CANNOT: error: cannot be assigned to ap as targets asks: the device has no associative processors
// UNKNOWN: error: targets: 'net.third=digital' does not name a layer
// TARGET: error: targets: expected LAYER=TARGET with crossbar, ap, cam, digital, auto or a group of the device as target, got 'net.first=tpu'
// PATTERN: error: targets: 'net.[=digital': invalid glob pattern

func.func @main(%x: tensor<2x3xi8>) -> (tensor<2x3xi32>, tensor<2x3xi32>) {
  %w = arith.constant dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi8>
  %v = arith.constant dense<[[9, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x3xi32>) -> tensor<2x3xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x3xi8>, i32, i32)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32> loc("net.first"("linear"("net.py":3:0)))
  %z = linalg.quantized_matmul ins(%x, %v, %zero, %zero : tensor<2x3xi8>, tensor<3x3xi8>, i32, i32)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32> loc("net.second"("linear_1"("net.py":4:0)))
  return %y, %z : tensor<2x3xi32>, tensor<2x3xi32>
}
