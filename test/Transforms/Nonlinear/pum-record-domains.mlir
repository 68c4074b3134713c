// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-record-domains | FileCheck %s --check-prefix=PROBE
// RUN: pumice-opt %s --pum-record-domains=file=%S/Inputs/observed.json | FileCheck %s
// RUN: not pumice-opt %s --pum-record-domains=file=%S/Inputs/observed-empty.json 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not pumice-opt %s --pum-record-domains=file=%S/Inputs/observed-constant.json 2>&1 | FileCheck %s --check-prefix=CONSTANT
// RUN: not pumice-opt %s --pum-record-domains=file=%S/Inputs/observed-nan.json 2>&1 | FileCheck %s --check-prefix=NAN
// RUN: echo '{}' > %t.json
// RUN: not pumice-opt %s --pum-record-domains=file=%t.json 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: echo '[]' > %t.list.json
// RUN: not pumice-opt %s --pum-record-domains=file=%t.list.json 2>&1 | FileCheck %s --check-prefix=LIST
// RUN: not pumice-opt %s --pum-record-domains=file=%t.none 2>&1 | FileCheck %s --check-prefix=FILE
// EMPTY: error: 'pum.nonlinear' op has no domain: the calibration is empty for gelu at 'domain:act'
// CONSTANT: error: 'pum.nonlinear' op has no domain: the calibration is constant for gelu at 'domain:act': 1.5
// NAN: error: 'pum.nonlinear' op has no domain: expected finite numbers in the calibration, got 2 that are NaN or infinite of 8 for gelu at 'domain:act'
// MISSING: error: 'pum.nonlinear' op has no domain: the calibration shows nothing as 'domain:act'
// LIST: error: cannot read observations '{{.*}}': expected an object by names of probes
// FILE: error: cannot read observations '{{.*}}'

// PROBE-LABEL: func @main
// PROBE: pum.probe %[[X:.*]] as "domain:act" : tensor<4xf32>
// PROBE-NEXT: pum.nonlinear gelu(%[[X]]) :
// PROBE: pum.probe %{{.*}} as "domain:act#2"
// PROBE: pum.nonlinear exp(%{{.*}}) domain [-1.200000e+01, 0.000000e+00] :
// PROBE: pum.nonlinear rsqrt(%{{.*}}) :
// PROBE-NOT: pum.probe

// CHECK-LABEL: func @main
// CHECK-NOT: pum.probe
// CHECK: pum.nonlinear gelu(%{{.*}}) domain [-2.500000e+00, 3.000000e+00] method neon
// CHECK: pum.nonlinear gelu(%{{.*}}) domain [-1.000000e+00, 1.000000e+00] method lut
// CHECK: pum.nonlinear exp(%{{.*}}) domain [-1.200000e+01, 0.000000e+00] method neon
// CHECK: pum.nonlinear rsqrt(%{{.*}}) method neon
// CHECK: pum.nonlinear tanh(%{{.*}}) :
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = pum.nonlinear gelu(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.erf %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  } loc(#act)
  %b = pum.nonlinear gelu(%a) method lut : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.erf %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  } loc(#act)
  %c = pum.nonlinear exp(%b) domain [-12.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.exp %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %d = pum.nonlinear rsqrt(%c) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.rsqrt %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  %e = pum.nonlinear tanh(%d) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.tanh %in : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %e : tensor<4xf32>
}
#act = loc("layer"("act"("net.py":1:1)))
