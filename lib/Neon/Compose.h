// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compose.h - Functions of vectors from scalar nets --------*- C++ -*-===//
//
// Softmax, norms and squash: scalar nets, and sums, products and comparisons of
// a digital unit in double precision. One order of summation, one thread: the
// reference of what passes build from nets.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_COMPOSE_H
#define PUMICE_LIB_NEON_COMPOSE_H

#include "lib/Neon/Library.h"

#include <map>

namespace pumice::neon {

/// Nets by the name of their function.
using Nets = std::map<std::string, ScalarNet>;

/// A function of rows of `n` numbers.
struct Composition {
  const char *name;
  std::vector<const char *> nets; ///< library functions that it applies
};
llvm::ArrayRef<Composition> compositions();

/// What a composition takes besides its rows.
struct ComposeOptions {
  int64_t groups = 1; ///< of group_norm: parts of a row, equally long
  double epsilon = 0; ///< added to the variance, mean square or length
};

/// Computes composition `name` of each row, in place.
///
///   softmax      e_i = exp(x_i - max), p_i = e_i * reciprocal(sum e_i); the
///   sum
///                is that of the integers that stand for e_i
///   log_softmax  x_i - max - log(sum e_i)
///   layer_norm   (x_i - mean) * rsqrt(mean of squares + epsilon)
///   rms_norm     x_i * rsqrt(mean of squares + epsilon)
///   group_norm   layer_norm of each group
///   l2_norm      x_i * rsqrt(max(sum of squares, epsilon^2))
///   squash       x_i * (sqrt(s) * reciprocal(1 + s)), s the sum of squares
///
/// `mask` (one byte per number, 0: masked; softmax and log_softmax only, may be
/// empty) takes numbers out: they contribute exactly 0, and give 0 (softmax) or
/// -inf (log_softmax). A row that is masked as a whole gives these everywhere.
///
/// Fails for an unknown name, a net that is missing, a size or groups that do
/// not divide the row.
llvm::Error compose(llvm::StringRef name, const Nets &nets,
                    llvm::MutableArrayRef<double> values, int64_t n,
                    llvm::ArrayRef<uint8_t> mask,
                    const ComposeOptions &options);

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_COMPOSE_H
