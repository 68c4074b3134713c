// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MathExpand.h - Vectorisable float functions --------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_MATHEXPAND_H
#define PUMICE_LIB_DIGITAL_MATHEXPAND_H

#include "mlir/IR/PatternMatch.h"

namespace pumice::digital {

/// Rewrites f32 math.exp, math.expm1, math.tanh and math.erf into straight-line
/// f64 arithmetic that is rounded to f32 once at the end. The relative error
/// before rounding is below 1e-11 (erf: 4e-10), so that nearly every result is
/// the correctly rounded one and the rest is its neighbour: measured on 4M
/// arguments, 3 of a million (erf: 1.3 of a thousand). No libm, and where an
/// fma is used it is an fma by definition: the same bits on every host (slow on
/// one without the instruction).
void populateMathExpandPatterns(mlir::RewritePatternSet &patterns);

/// Rewrites what the LLVM conversions would reject: math.fpowi with an exponent
/// that is not i32 becomes math.powf.
void populateMathLegalizePatterns(mlir::RewritePatternSet &patterns);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_MATHEXPAND_H
