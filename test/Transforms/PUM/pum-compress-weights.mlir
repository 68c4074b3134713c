// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/decoder-device.mlir --crossbar-tile-to-arrays --convert-crossbar-to-pum --pum-compress-weights | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/decoder-device.mlir --crossbar-tile-to-arrays --crossbar-to-pum=compress-weights --pum-to-simulator | FileCheck %s --check-prefix=MACHINE
// RUN: sed 's/ in "plain"//' %s > %t.one.mlir
// RUN: not pumice-opt %t.one.mlir --pum-attach-device=device=%inputs/few-arrays.mlir --crossbar-tile-to-arrays --convert-crossbar-to-pum --pum-compress-weights 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/decoder-device.mlir --crossbar-tile-to-arrays --crossbar-to-pum=compress-weights -o %t.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/decoder-device.mlir --crossbar-tile-to-arrays --crossbar-to-pum="compress-weights schedule=overlap schedule-json=%t.json" -o /dev/null
// RUN: FileCheck %s --check-prefix=SCHEDULE --input-file=%t.json
// RUN: sed 's/compressed_bytes = 224/compressed_bytes = 0/' %t.mlir > %t.zero.mlir
// RUN: not pumice-opt %t.zero.mlir 2>&1 | FileCheck %s --check-prefix=ZERO
//
// 768 weights of one value take one bit each, 96 bytes, and the table has 128. Weights that do not become smaller, and
// those of a group without a decoder, stay as they are.
// CHECK: pum.program {{.*}}pum.compressed_bytes = 224 : i64
// CHECK-NOT: pum.compressed_bytes
// MACHINE: simulator.program {{.*}}pum.compressed_bytes = 224 : i64
// MACHINE-NOT: pum.compressed_bytes
//
// A schedule knows how many weights the decoder makes, and how fast: 768 in 1536 ns, while DRAM brings 224 bytes.
// SCHEDULE: "decoder_weights_per_us":500
// SCHEDULE: "bytes":224,{{.*}}"decoded_weights":768
// SCHEDULE: "transfers":[{{.*}}"end_ps":1536000
//
// NONE: error: weights cannot be compressed: device 'few-arrays' has no group with a weight_decoder
// ZERO: error: pum.compressed_bytes must be an i64 of at least 1, got 0 : i64

func.func @main(%x: tensor<2x48xi8>, %y: tensor<2x4xi8>) -> (tensor<2x16xi32>, tensor<2x2xi32>, tensor<2x16xi32>) {
  %w = arith.constant dense<3> : tensor<16x48xi8>
  %v = arith.constant dense<[[1, 2, 3, 4], [5, 6, 7, 8]]> : tensor<2x4xi8>
  %u = arith.constant dense<5> : tensor<16x48xi8>
  %0 = crossbar.mvm %x, %w : (tensor<2x48xi8>, tensor<16x48xi8>) -> tensor<2x16xi32>
  %1 = crossbar.mvm %y, %v : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x2xi32>
  %2 = crossbar.mvm %x, %u {pum.target = #pum.target<crossbar in "plain">} : (tensor<2x48xi8>, tensor<16x48xi8>) -> tensor<2x16xi32>
  return %0, %1, %2 : tensor<2x16xi32>, tensor<2x2xi32>, tensor<2x16xi32>
}
