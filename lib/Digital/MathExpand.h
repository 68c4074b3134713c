// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MathExpand.h - Vectorisable float functions --------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_MATHEXPAND_H
#define PUMICE_LIB_DIGITAL_MATHEXPAND_H

#include "mlir/IR/PatternMatch.h"

namespace pumice::digital {

/// Rewrites f32 math.exp, math.expm1, math.tanh and math.erf into straight-line
/// f64 arithmetic that is rounded to f32 once at the end. The f64 error is below
/// 4e-10 relative, so that the result is the correctly rounded one except in
/// about one case of a hundred, where it is the other neighbour. No FMA and no
/// libm: the same bits on every host.
void populateMathExpandPatterns(mlir::RewritePatternSet &patterns);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_MATHEXPAND_H
