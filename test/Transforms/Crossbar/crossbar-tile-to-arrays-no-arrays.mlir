// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --crossbar-tile-to-arrays -verify-diagnostics

func.func @main(%x: tensor<2x3xi8>, %w: tensor<1x3xi8>) -> tensor<2x1xi32> {
  // expected-error @below {{cannot be tiled: device 'rtm-ap' has no arrays}}
  %y = crossbar.mvm %x, %w : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
