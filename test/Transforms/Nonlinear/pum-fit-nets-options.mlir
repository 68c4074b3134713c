// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --pum-fit-nets=input-bits=17 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pumice-opt %s --pum-fit-nets=weight-bits=1 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: not pumice-opt %s --pum-fit-nets=copies=0 2>&1 | FileCheck %s --check-prefix=COPIES
// RUN: not pumice-opt %s --pum-fit-nets=max-error=1 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: not pumice-opt %s --pum-fit-nets=max-hidden=1 2>&1 | FileCheck %s --check-prefix=HIDDEN
// RUN: not pumice-opt %s --pum-attach-device=device=neurosim-rram --pum-fit-nets 2>&1 | FileCheck %s --check-prefix=SUMS
// RUN: pumice-opt %s --pum-attach-device=device=neurosim-rram --choose-nonlinear-methods=methods=exp=auto --pum-fit-nets | FileCheck %s --check-prefix=AUTO
// RUN: not pumice-opt %s --pum-fit-nets=objective=area 2>&1 | FileCheck %s --check-prefix=OBJECTIVE
// RUN: pumice-opt %s "--pum-fit-nets=objective=latency cache=none input-bits=8" | FileCheck %s --check-prefix=NEON
// Where arrays compute no function, auto is digital.
// AUTO: pum.nonlinear exp(%{{.*}}) domain [-2.000000e+00, 0.000000e+00] :
// OBJECTIVE: error: expected an objective of energy, latency or energy-delay, got 'area'
// NEON: crossbar.apply @neon_
// BITS: error: expected input-bits of 2 to 16, got 17
// WEIGHTS: error: expected weight-bits of 2 to 16, got 1
// COPIES: error: expected copies of 1 to 65536, got 0
// ERROR: error: expected a max-error of at least 0 and less than 1, got 1
// HIDDEN: error: expected max-hidden of 2 to 256, got 1
// SUMS: error: nonlinear functions cannot be computed by arrays of device 'neurosim-rram': expected array.adc.mode lossless or clip, which give exact sums, got a converter of 5 bits that scales sums of 128 rows at a time

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = pum.nonlinear exp(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.exp %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
