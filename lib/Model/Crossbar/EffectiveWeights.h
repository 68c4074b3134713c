// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EffectiveWeights.h - Weights as the cells hold them ------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_EFFECTIVEWEIGHTS_H
#define PUMICE_LIB_MODEL_CROSSBAR_EFFECTIVEWEIGHTS_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/ArrayRef.h"

namespace pumice::model {

/// The weights of a matrix as its cells hold them: out[(g * columns + n) * rows
/// + k] is the factor of input k in result n of group g if converters neither
/// round nor limit and reads have no noise. With ideal cells, these are the
/// weights. The cells are those of `cellConductances`. The result does not
/// depend on the number of threads.
void effectiveWeights(const ArraySpec &array, const MatrixSpec &matrix,
                      const Tiling &tiling, const WeightReader &weights,
                      unsigned threads, llvm::MutableArrayRef<float> out);

/// The root of the sum, over the conversions of one result, of the squares of
/// the factors with which they enter it. Independent errors of conversions with
/// a standard deviation of 1 level give the result this standard deviation.
double conversionGain(const ArraySpec &array, const MatrixSpec &matrix,
                      const Tiling &tiling);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_EFFECTIVEWEIGHTS_H
