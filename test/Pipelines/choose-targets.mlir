// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed 's/name = "chip", holds = 8/name = "chip", holds = 64/' %inputs/mixed-device.mlir > %t.large.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.large.mlir --choose-targets="targets=net.*=auto" | FileCheck %s --check-prefix=ENERGY
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/mixed-device.mlir --choose-targets="targets=net.*=auto" | FileCheck %s --check-prefix=SMALL
// RUN: pumice-opt %s --pum-attach-device=device=%t.large.mlir --choose-targets="targets=net.*=auto objective=latency ap-share=false ap-layout=along ap-threads=1" | FileCheck %s --check-prefix=LATENCY
// RUN: pumice-opt %s --pum-attach-device=device=%t.large.mlir --choose-targets="targets=net.first=digital,*=auto" --assign-targets="targets=net.first=digital,*=auto" | FileCheck %s --check-prefix=ORDER
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/mixed-device.mlir --choose-targets="targets=net.first=digital" | FileCheck %s --check-prefix=NONE
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/mixed-device.mlir --assign-targets="targets=net.*=auto" | FileCheck %s --check-prefix=DEFAULT
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --choose-targets="targets=*=auto" | FileCheck %s --check-prefix=ALONE
// RUN: pumice-opt %s --linalg-to-simulator="device=%inputs/mixed-device.mlir targets=*=auto target-objective=energy-delay" | FileCheck %s --check-prefix=MACHINE
// RUN: not pumice-opt %s --choose-targets="targets=*=auto" 2>&1 | FileCheck %s --check-prefix=DEVICE
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --choose-targets="targets=net.third=auto" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --choose-targets="objective=area" 2>&1 | FileCheck %s --check-prefix=OBJECTIVE
//
// The digital unit computes a small layer with the least cost, and arrays a large one. Processors take a layer with
// ternary weights on a device without arrays, or with 16 arrays where the layer needs 128: it would be written for
// each inference.

// ENERGY: linalg.quantized_matmul {pum.reason = "the digital unit computes it with the least energy", pum.target = #pum.target<digital in "digital">}
// ENERGY: linalg.quantized_matmul {pum.target = #pum.target<crossbar in "arrays">}
// SMALL: linalg.quantized_matmul {pum.reason = "the digital unit computes it with the least energy", pum.target = #pum.target<digital in "digital">}
// SMALL: linalg.quantized_matmul {pum.target = #pum.target<ap in "processors">}
// LATENCY: linalg.quantized_matmul {pum.reason = "the digital unit computes it with the least latency", pum.target = #pum.target<digital in "digital">}
// LATENCY: linalg.quantized_matmul {pum.target = #pum.target<crossbar in "arrays">}
// ORDER: linalg.quantized_matmul {pum.reason = "it is assigned to the digital unit", pum.target = #pum.target<digital>}
// ORDER: linalg.quantized_matmul {pum.target = #pum.target<crossbar in "arrays">}
// NONE-NOT: pum.target
// DEFAULT: linalg.quantized_matmul {pum.target = #pum.target<crossbar>}
// DEFAULT: linalg.quantized_matmul {pum.target = #pum.target<ap>}
// ALONE: linalg.quantized_matmul {pum.reason = "the digital unit computes it with the least energy", pum.target = #pum.target<digital in "digital">}
// ALONE: linalg.quantized_matmul {pum.target = #pum.target<ap in "processors">}
// MACHINE: simulator.digital
// DEVICE: error: targets: 'auto' needs a device on the module, got none
// UNKNOWN: error: targets: 'net.third=auto' does not name an integer layer
// OBJECTIVE: error: expected an objective of energy, latency or energy-delay, got 'area'

func.func @main(%x: tensor<8x16xi8>, %q: tensor<8x64xi8>) -> (tensor<8x8xi32>, tensor<8x64xi32>) {
  %w = arith.constant dense<"0x0201fd017f7f7f7f02017f017f7f017ffd0201fd010101017f027f01027f7f02fd02027ffd017f0102fd01fd7f02fdfd7f7f017f027f7f02fdfd017f01027ffd7f017f01fd7f0202020102027ffdfd7ffd017f02027f017ffd027f7ffd7ffd01fd7f0102020201fd010101017f01fd02fd0102fdfd010202fd02fdfd7ffd7f7f"> : tensor<16x8xi8>
  %v = arith.constant dense<1> : tensor<64x64xi8>
  %zero = arith.constant 0 : i32
  %e0 = tensor.empty() : tensor<8x8xi32>
  %init0 = linalg.fill ins(%zero : i32) outs(%e0 : tensor<8x8xi32>) -> tensor<8x8xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<8x16xi8>, tensor<16x8xi8>, i32, i32)
      outs(%init0 : tensor<8x8xi32>) -> tensor<8x8xi32> loc("net.first"("linear"("net.py":3:0)))
  %e1 = tensor.empty() : tensor<8x64xi32>
  %init1 = linalg.fill ins(%zero : i32) outs(%e1 : tensor<8x64xi32>) -> tensor<8x64xi32>
  %z = linalg.quantized_matmul ins(%q, %v, %zero, %zero : tensor<8x64xi8>, tensor<64x64xi8>, i32, i32)
      outs(%init1 : tensor<8x64xi32>) -> tensor<8x64xi32> loc("net.second"("linear_1"("net.py":4:0)))
  return %y, %z : tensor<8x8xi32>, tensor<8x64xi32>
}
