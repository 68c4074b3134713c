// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantize.h - Rounding real nets --------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_NEON_QUANTIZE_H
#define PUMICE_LIB_NEON_QUANTIZE_H

#include "lib/Neon/RealFit.h"

#include <utility>

namespace pumice::neon {

/// Rounds real nets of one target. The first layer is exact: its weights are 1
/// and -1, because each column has a scale and a bias of its own. The second
/// layer is solved for again on the hidden values that the first one gives, and
/// its weights are rounded one after the other.
class Quantizer {
public:
  Quantizer(const Target &target, const Options &options,
            const Samples &samples, Format output);

  /// The best of several scales, and its errors over all inputs.
  std::pair<Net, Errors> quantize(const RealNet &real) const;

  /// Of any net, over all inputs.
  Errors errorsOf(const Net &net) const;

private:
  Errors errorsOf(const Net &net, llvm::ArrayRef<int32_t> table) const;
  /// `tanh` is Net::tanhTable() of `range`.
  Net round(const RealNet &real, double range, double shrink,
            llvm::ArrayRef<int32_t> tanh) const;
  const Target &target;
  const Options &options;
  const Samples &samples;
  Format output;
  std::vector<double> weights;
};

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_QUANTIZE_H
