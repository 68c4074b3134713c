// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Kernels.h"
using namespace pumice::model;
std::unique_ptr<const ICrossbarKernel>
pumice::model::makeClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
                              const Tiling &tiling, WeightColumns weights) {
  return makeLiteralKernel(array, matrix, tiling, weights);
}
