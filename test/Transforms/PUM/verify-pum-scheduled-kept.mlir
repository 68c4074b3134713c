// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --verify-pum-scheduled -split-input-file -verify-diagnostics

func.func @digital(%x: tensor<4x3xi8>) {
  %0, %t0 = pum.load %x : tensor<4x3xi8>
  // expected-error @below {{keeps its results in processors, but 'pum.digital' reads them}}
  %1, %t1 = pum.compute (%0) on <"processors", 0, 1> {pum.kept} : (tensor<4x3xi8>) -> tensor<4x2xi8> {
  ^bb0(%a: tensor<4x3xi8>):
    %y = ap.run %a program dense<[80, 65, 80]> : tensor<3xi8> : tensor<4x3xi8> -> tensor<4x2xi8>
    pum.yield %y : tensor<4x2xi8>
  }
  // expected-note @below {{they are read here}}
  %2, %t2 = pum.digital (%1) : (tensor<4x2xi8>) -> tensor<4x2xi32> {
  ^bb0(%a: tensor<4x2xi8>):
    %y = arith.extui %a : tensor<4x2xi8> to tensor<4x2xi32>
    pum.yield %y : tensor<4x2xi32>
  }
  return
}

// -----

func.func @lookup(%x: tensor<4x3xi8>) {
  %0, %t0 = pum.load %x : tensor<4x3xi8>
  // expected-error @below {{keeps its results in processors, expected a microprogram}}
  %1, %t1 = pum.compute (%0) on <"processors", 0, 1> {pum.kept} : (tensor<4x3xi8>) -> tensor<4x2xi32> {
  ^bb0(%a: tensor<4x3xi8>):
    %y = ap.lookup %a in dense<1> : tensor<2x3xi8> by exact : tensor<4x3xi8> -> tensor<4x2xi32>
    pum.yield %y : tensor<4x2xi32>
  }
  return
}

// -----

// expected-error @below {{pum.kept must be a unit attribute of a pum.compute, got unit of func.func}}
func.func @function() attributes {pum.kept} {
  return
}
