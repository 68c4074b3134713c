// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Library.h - Functions that have nets ---------------------*- C++ -*-===//
//
// Scalar functions with the domains, tails, reductions of range and bounds that
// their nets are fitted with.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_LIBRARY_H
#define PUMICE_LIB_NEON_LIBRARY_H

#include "lib/Neon/Fit.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>

namespace pumice::neon {

/// How inputs outside of a net's domain get into it. x = m 2^e with an exponent
/// e, a multiple of `radixBits`, and m in [1, 2^radixBits).
enum class Reduction {
  none,
  reciprocal,     ///< f(x) = f(m) 2^-e, odd
  squareRoot,     ///< f(x) = f(m) 2^(e/2), m in [1, 4)
  reciprocalRoot, ///< f(x) = f(m) 2^(-e/2), m in [1, 4)
  logarithm,      ///< f(x) = f(m) + e ln 2
  exponential,    ///< f(x) = f(x - k ln 2) 2^k, |x - k ln 2| <= ln 2 / 2
};
llvm::StringRef name(Reduction reduction);

/// A function of the library.
struct Function {
  const char *name;
  double low, high; ///< of the net's domain
  double (*value)(double x);
  Tail below, above;
  Reduction reduction = Reduction::none;
  /// The bound on the largest error over all inputs of the domain that nets of
  /// 16 bits are fitted to.
  double maxAbs;
};

llvm::ArrayRef<Function> library();
/// Fails, naming the functions there are.
llvm::Expected<const Function *> findFunction(llvm::StringRef name);

/// A net of a library function, with one table of all of its outputs.
class ScalarNet {
public:
  ScalarNet(Net net, Reduction reduction);

  const Net &getNet() const { return net; }
  Reduction getReduction() const { return reduction; }
  const std::vector<int32_t> &getTable() const { return *table; }

  /// The function's value at `x`: reduction, tails, and the table's number. Of
  /// 0 (no reciprocal, no logarithm) the value at the least positive float32
  /// that is not subnormal; a root of a number below 0 is that of 0.
  double operator()(double x) const;
  /// The output as an integer of its format, without reduction and tails.
  int64_t code(double x) const;

  /// Inputs that were outside of the net's domain and had no linear tail.
  mutable int64_t clamped = 0;

private:
  double lookUp(double x) const;

  Net net;
  Reduction reduction;
  std::shared_ptr<const std::vector<int32_t>> table; ///< of equal nets, one
};

/// The target of a library function with inputs of `bits` bits.
Target targetOf(const Function &function, int64_t bits);

/// A net of the native tanh unit: tanh itself, or a sigmoid through it.
Net nativeTanh(int64_t bits, bool sigmoid);

/// Fits the library function with inputs, weights, hidden and output values of
/// `bits` bits; the bound is the function's, or of fewer bits at least two
/// steps of the output. tanh and sigmoid are exact uses of the native unit.
llvm::Expected<Fitted> fitFunction(llvm::StringRef name, int64_t bits,
                                   int64_t maxHidden);

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_LIBRARY_H
