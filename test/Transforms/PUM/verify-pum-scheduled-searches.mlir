// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --verify-pum-scheduled -split-input-file -verify-diagnostics

func.func @on_digital_units(%x: tensor<3x8xi8>) {
  %q, %t = pum.load %x : tensor<3x8xi8>
  // expected-error @below {{is placed on 'digital', which is not a group of content-addressable memories of device 'two-cams'}}
  %0, %t0 = pum.compute (%q) on <"digital", 0, 1> : (tensor<3x8xi8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<2x8xi8> for distances
      mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x2xi32>
    pum.yield %d : tensor<3x2xi32>
  }
  return
}
