// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of ap.cam_search
func.func @shapes(%q: tensor<2x4xi8>) {
  // expected-error @below {{'ap.cam_search' op cannot search for queries of [2, 4] in 'tensor<1x3xi8>'}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances : (tensor<2x4xi8>) -> tensor<2x1xi32>
  return
}

// -----

// C2
func.func @type(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects results of QxR of i8, got [2, 1] of 'i32'}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for within : (tensor<2x3xi8>) -> tensor<2x1xi32>
  return
}

// -----

func.func @rows(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects results of QxR of i32, got [2, 2] of 'i32'}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances : (tensor<2x3xi8>) -> tensor<2x2xi32>
  return
}

// -----

func.func @indices(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects results of QxK of i32 and of i64, got [2, 1] of 'i32'}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for best : (tensor<2x3xi8>) -> tensor<2x1xi32>
  return
}

// -----

func.func @indices_of_distances(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects results of QxR of i32, got [2, 1] of 'i32' and another}}
  %0:2 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    : (tensor<2x3xi8>) -> (tensor<2x1xi32>, tensor<2x1xi64>)
  return
}

// -----

func.func @count(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects 1 to 1 best matches, got 2}}
  %0:2 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for best
    : (tensor<2x3xi8>) -> (tensor<2x2xi32>, tensor<2x2xi64>)
  return
}

// -----

func.func @limit(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects a limit of at least 0, and only for within, got 3}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances limit 3 : (tensor<2x3xi8>) -> tensor<2x1xi32>
  return
}

// -----

// C3
func.func @mapping(%q: tensor<2x3xi8>) {
  // expected-error @below {{expects a mapping that covers words of 3 cells, got #ap.cam_mapping<part_bits = 1, parts = 2}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for distances
    mapping <part_bits = 1, parts = 2, row_blocks = 1, stacked = 1> : (tensor<2x3xi8>) -> tensor<2x1xi32>
  return
}

// -----

func.func @kind(%q: tensor<2x3xi8>) {
  // expected-error @below {{expected ::pumice::ap::SearchKind to be one of: distances, within, best}}
  // expected-error @below {{failed to parse}}
  %0 = ap.cam_search %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> for nearest : (tensor<2x3xi8>) -> tensor<2x1xi32>
  return
}
