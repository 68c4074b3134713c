// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --verify-ap-contract -split-input-file -verify-diagnostics

func.func @unmapped(%q: tensor<3x8xi8>) {
  // expected-error @below {{has no mapping (ap-map-searches)}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x8xi8> for distances : (tensor<3x8xi8>) -> tensor<3x2xi32>
  return
}

// -----

// C4 of ap.cam_search
func.func @columns(%q: tensor<3x9xi8>) {
  // expected-error @below {{cuts words into parts of 9 cells, but arrays have 8 columns}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x9xi8> for distances
    mapping <part_bits = 9, parts = 1, row_blocks = 1, stacked = 1> : (tensor<3x9xi8>) -> tensor<3x2xi32>
  return
}

// -----

func.func @rows(%q: tensor<3x8xi8>) {
  // expected-error @below {{places 5 words in 1 blocks, with 1 parts of the last in one array, but arrays have 4 rows}}
  %0 = ap.cam_search %q in dense<1> : tensor<5x8xi8> for distances
    mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x5xi32>
  return
}

// -----

func.func @sensing(%q: tensor<3x8xi8>) {
  // expected-error @below {{needs distances of up to 6 cells, but sense amplifiers tell at most 4 apart}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x8xi8> for within limit 5
    mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> {pum.target = #pum.target<cam in "wide">}
    : (tensor<3x8xi8>) -> tensor<3x2xi8>
  return
}

// -----

func.func @group(%q: tensor<3x8xi8>) {
  // expected-error @below {{searches content-addressable memories, but device 'two-cams' has no such group}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x8xi8> for distances
    mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> {pum.target = #pum.target<cam in "digital">}
    : (tensor<3x8xi8>) -> tensor<3x2xi32>
  return
}
