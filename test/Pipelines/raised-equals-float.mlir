// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layers of the tests of raise-quantized-ops compute, on crossbars, what they compute in float.
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/convolution.mlir %t \
// RUN:   signed_per_tensor unsigned_padded_per_channel_with_bias | FileCheck %s --check-prefix=LAYERS
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/grouped.mlir %t \
// RUN:   two_groups depthwise | FileCheck %s --check-prefix=LAYERS
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/matmul.mlir %t \
// RUN:   transposed_weights_per_channel straight_weights_per_tensor | FileCheck %s --check-prefix=LAYERS
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/weights.mlir %t \
// RUN:   unsigned_weights straight_weights_per_channel unsigned_weights_with_zero_points | FileCheck %s --check-prefix=LAYERS
// LAYERS-COUNT-2: raised on crossbars, float on digital
//
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/pooling.mlir %t \
// RUN:   signed_codes_with_padding unsigned_codes pool_from_zero_stays
// RUN: %python %inputs/raised_equals_float.py %S/../Transforms/Linalg/raise-quantized-ops/identity.mlir %t \
// RUN:   equal_parameters_are_dropped other_scale_is_kept narrow_clamp_is_kept
