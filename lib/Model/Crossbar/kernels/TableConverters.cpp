// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/kernels/TableConverters.h"

#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

TableConverters::TableConverters(const ArraySpec &array,
                                 const MatrixSpec &matrix, int64_t unit) {
  if (!hasAdcTable(array))
    return;
  const double range = double(resolvedRange(array, matrix)) * double(unit);
  for (const AdcCodesSpec &spec : array.adcTable->converters) {
    Codes &codes = converters.emplace_back();
    for (double threshold : spec.thresholds) {
      codes.thresholds.push_back(threshold * range);
      codes.least.push_back(
          static_cast<int64_t>(std::ceil(codes.thresholds.back())));
    }
    for (double value : spec.values)
      codes.values.push_back(tableValue(array, matrix, value));
  }
}

/// The number of thresholds that are not above a sum.
template <typename T>
static int64_t codeOf(const std::vector<T> &thresholds, T sum) {
  return std::upper_bound(thresholds.begin(), thresholds.end(), sum) -
         thresholds.begin();
}

int64_t TableConverters::convert(int64_t codes, int64_t sum) const {
  const Codes &own = converters[codes];
  return own.values[codeOf(own.least, sum)];
}

int64_t TableConverters::convertNoisy(int64_t codes, double sum) const {
  const Codes &own = converters[codes];
  return own.values[codeOf(own.thresholds, sum)];
}
