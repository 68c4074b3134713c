// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MathExpand.h - Vectorizable float functions --------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_MATHEXPAND_H
#define PUMICE_LIB_DIGITAL_MATHEXPAND_H

#include "mlir/IR/PatternMatch.h"

namespace pumice::digital {

/// Rewrites f32 math.exp, math.expm1, math.tanh and math.erf into straight-line
/// f64 arithmetic that is rounded to f32 once at the end. The relative error
/// before rounding is below 1e-11 (erf: 4e-10), so almost every result is
/// correctly rounded and the others are off by one unit in the last place: of
/// 4M arguments, 3 in a million (erf: 1.3 in a thousand). Results have the same
/// bits on every host: there are no calls of libm, and an fma is always an fma
/// (slow on hosts without the instruction).
void populateMathExpandPatterns(mlir::RewritePatternSet &patterns);

/// Rewrites ops that the LLVM conversions reject: math.fpowi with an exponent
/// other than i32 becomes math.powf.
void populateMathLegalizePatterns(mlir::RewritePatternSet &patterns);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_MATHEXPAND_H
