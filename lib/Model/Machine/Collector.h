// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Collector.h - Statistics of probed values ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_COLLECTOR_H
#define PUMICE_LIB_MODEL_MACHINE_COLLECTOR_H

#include "lib/Model/Crossbar/i_crossbar_kernel.h"
#include "lib/Model/Machine/i_observer.h"

#include "llvm/Support/JSON.h"

#include <map>
#include <string>
#include <vector>

namespace pumice::model {

/// A histogram whose bin width is a power of two, with an edge at zero. Bins
/// widen as numbers grow, so counts do not depend on the order of the numbers.
class Histogram {
public:
  static constexpr size_t bins = 2048;

  void add(llvm::ArrayRef<double> numbers);

  /// Bin i holds the numbers of [lowest() + i * width(), ... + width()).
  double width() const { return binWidth; }
  double lowest() const { return -binWidth * (bins / 2); }
  llvm::ArrayRef<uint64_t> counts() const { return binCounts; }

private:
  void widen();

  double binWidth = 0;
  std::vector<uint64_t> binCounts;
};

/// Statistics of one probe. Elements that are not finite are only counted.
struct Observation {
  uint64_t count = 0;     ///< number of finite elements
  uint64_t nonFinite = 0; ///< number of other elements
  double least = 0, greatest = 0;
  Histogram histogram;
  /// All elements in order, up to the limit; beyond it, a random sample of that
  /// size, which depends on the elements only.
  std::vector<double> samples;
};

/// Collects statistics of probes over any number of runs. Integers are read as
/// signed. On request, it also collects the column sums of calibrated
/// converters.
class Collector : public IObserver {
public:
  struct Options {
    int64_t maxSamples = 0; ///< per probe
    bool columnSums = false;
  };
  explicit Collector(Options options) : options(options) {}

  void onProbe(llvm::StringRef name, const Value &value) override;
  SumHistogram *columnSums(int64_t matrix) override {
    return options.columnSums ? &sums[matrix] : nullptr;
  }

  bool countsColumnSums() const { return options.columnSums; }
  const std::map<std::string, Observation> &observations() const {
    return found;
  }
  /// Keyed by the number of the weight matrix in the program.
  const std::map<int64_t, SumHistogram> &allColumnSums() const { return sums; }

private:
  Options options;
  std::map<std::string, Observation> found;
  std::map<int64_t, SumHistogram> sums;
};

/// The observations, keyed by the name of their probe. Empty bins at both ends
/// are omitted.
llvm::json::Value toJson(const Collector &collector);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_COLLECTOR_H
