// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Net.h - A scalar function as a small tanh network --------*- C++ -*-===//
//
// A net approximates a function of one number on crossbar arrays: one input, a
// hidden layer of tanh units, one output. All of it is integers but for the
// rescaling of column sums, which is float32 as everywhere in the machine, so
// that a net is a function of its input value and can be checked on all of
// them.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_NET_H
#define PUMICE_LIB_NEON_NET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pumice::neon {

/// `bits` bits, unsigned, that stand for the `2^bits` equidistant numbers from
/// `low` to `high`.
struct Format {
  int64_t bits = 16;
  double low = 0, high = 1;

  int64_t count() const { return int64_t(1) << bits; }
  double step() const { return (high - low) / double(count() - 1); }
  double value(int64_t code) const { return low + double(code) * step(); }
  /// The nearest of the format (ties to even), clamped to it.
  int64_t quantize(double x) const;
};

/// What a net computes outside of its domain.
struct Tail {
  bool isLinear = false; ///< else the net's value at the end of the domain
  double slope = 0, offset = 0; ///< slope * x + offset

  bool operator==(const Tail &other) const {
    return isLinear == other.isLinear && slope == other.slope &&
           offset == other.offset;
  }
};

/// One hidden unit. Its column of the first array holds one weight, and its row
/// of the second array one.
struct Unit {
  int32_t inputWeight = 1;  ///< of `weightBits`
  float inputScale = 1;     ///< of the column sum
  float bias = 0;           ///< added after scaling
  int32_t outputWeight = 0; ///< of `weightBits`
};

/// For an input q of `input`:
///
///   s_j = inputWeight_j * q                                   (integer)
///   z_j = clamp(round(fl(fl(s_j * inputScale_j) + bias_j) / zStep))
///   h_j = round(tanh(z_j * zStep) * H),  H = 2^(hiddenBits - 1) - 1
///   a   = sum_j outputWeight_j * h_j                          (integer)
///   y   = fl(fl(a * outputScale) + outputBias)
///   p   = clamp(round((y - output.low) / output.step()))
///
/// with fl() rounding to float32, round() half to even, z of `hiddenBits` bits
/// in two's complement and zStep = tanhRange / 2^(hiddenBits - 1).
struct Net {
  Format input, output;
  int64_t weightBits = 16;
  int64_t hiddenBits = 16;
  double tanhRange = 4;
  std::vector<Unit> units;
  float outputScale = 0;
  float outputBias = 0;
  Tail below, above;

  int64_t hiddenPeak() const { return (int64_t(1) << (hiddenBits - 1)) - 1; }
  double zStep() const {
    return tanhRange / double(int64_t(1) << (hiddenBits - 1));
  }
  /// Values of the tanh unit by z, from the least z on.
  std::vector<int32_t> tanhTable() const;
  /// The output values of all inputs of `input.bits` bits. `tanh` is that of
  /// tanhTable().
  std::vector<int32_t> table() const;
  std::vector<int32_t> table(llvm::ArrayRef<int32_t> tanh) const;
  /// What the net stands for at `x`: tails, and the table's value elsewhere.
  double evaluate(double x, llvm::ArrayRef<int32_t> table) const;
};

/// Fails, naming the field, unless every number of `net` is in its range.
llvm::Error verify(const Net &net);

llvm::json::Value toJson(const Net &net);
llvm::Expected<Net> netFromJson(const llvm::json::Value &json);
/// SHA-256 of the net's JSON, in hexadecimal: equal nets have equal names.
std::string contentHash(const Net &net);

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_NET_H
