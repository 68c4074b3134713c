// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CrossbarMeasurements.cpp - Verifiers of measured tables --*- C++ -*-===//
#include "dialects/Crossbar/Crossbar.h"
#include "dialects/Crossbar/Measurements.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

using namespace mlir;
using namespace pumice::crossbar;
using pumice::Number;

using EmitError = function_ref<InFlightDiagnostic()>;

/// Fails unless every number is finite and at least 0.
static LogicalResult
checkNumbers(EmitError emitError,
             ArrayRef<std::pair<StringRef, double>> numbers) {
  for (auto [field, value] : numbers)
    if (!std::isfinite(value) || value < 0)
      return emitError() << field << " must be at least 0, got " << value;
  return success();
}

/// A number as short as possible.
static std::string textOf(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

/// " at 300 K"; empty if the temperature is not stated.
static std::string atTemperature(double temperature) {
  return temperature == 0 ? "" : " at " + textOf(temperature) + " K";
}

/// Fails unless there is either a file or a list.
static LogicalResult checkSource(EmitError emitError, StringRef what,
                                 StringRef list, StringRef file,
                                 ArrayAttr items) {
  if (file.empty() != bool(items))
    return emitError() << what << " must have either file or " << list
                       << ", got " << (items ? "both" : "neither");
  if (items && items.empty())
    return emitError() << list << " must not be empty";
  return success();
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

LogicalResult CellLevelAttr::verify(EmitError emitError, Number temperature,
                                    Number mean, Number spread,
                                    Number driftExponent,
                                    Number driftExponentSigma,
                                    Number readNoise) {
  return checkNumbers(emitError, {{"temperature_k", temperature},
                                  {"mean_siemens", mean},
                                  {"spread_siemens", spread},
                                  {"drift_exponent", driftExponent},
                                  {"drift_exponent_sigma", driftExponentSigma},
                                  {"read_noise_siemens", readNoise}});
}

LogicalResult CellTableAttr::verify(EmitError emitError, StringRef file,
                                    ArrayAttr levels) {
  if (failed(checkSource(emitError, "cells", "levels", file, levels)))
    return failure();
  for (Attribute attr : levels ? levels.getValue() : ArrayRef<Attribute>())
    if (!isa<CellLevelAttr>(attr))
      return emitError() << "levels must hold #crossbar.cell_level, got "
                         << attr;
  return success();
}

LogicalResult CellTableAttr::verifyFor(EmitError emitError, int64_t cellBits,
                                       double temperature) {
  if (!getLevels()) // of a device file that is being read
    return success();
  auto levels = llvm::to_vector(getLevels().getAsRange<CellLevelAttr>());
  const size_t count = size_t(1) << cellBits;
  std::set<double> temperatures;
  double low = levels.front().getTemperatureK(), high = low;
  for (size_t first = 0; first < levels.size();) {
    const double at = levels[first].getTemperatureK();
    const size_t end =
        std::find_if(levels.begin() + first, levels.end(),
                     [&](CellLevelAttr level) {
                       return double(level.getTemperatureK()) != at;
                     }) -
        levels.begin();
    if (end - first != count)
      return emitError() << "cells must have " << count
                         << " levels at each temperature (cell_bits is "
                         << cellBits << "), got " << end - first
                         << atTemperature(at);
    for (size_t level = 1; level < count; ++level) {
      const double below = levels[first + level - 1].getMeanSiemens();
      const double mean = levels[first + level].getMeanSiemens();
      if (!(mean > below))
        return emitError() << "mean_siemens of cells must increase with the "
                              "level, got "
                           << textOf(mean) << " after " << textOf(below)
                           << " for level " << level << atTemperature(at);
    }
    if (!temperatures.insert(at).second)
      return emitError() << "cells must list each temperature once, got one"
                         << atTemperature(at) << " again";
    low = std::min(low, at);
    high = std::max(high, at);
    first = end;
  }
  if (temperatures.size() > 1 && low == 0)
    return emitError() << "cells must state temperature_k of all levels or of "
                          "none";
  const bool isOnly = temperatures.size() == 1 && temperature == 0;
  if (!isOnly && (temperature < low || temperature > high))
    return emitError() << "temperature_k must be between " << textOf(low)
                       << " and " << textOf(high)
                       << ", where cells were measured, got "
                       << textOf(temperature);
  return success();
}

LogicalResult WriteVerifyAttr::verify(EmitError emitError, int64_t pulses,
                                      Number tolerance, Number shrink) {
  if (pulses < 1 || pulses > 1024)
    return emitError() << "pulses must be between 1 and 1024, got " << pulses;
  if (!(std::isfinite(tolerance) && tolerance > 0))
    return emitError() << "tolerance must be above 0, got "
                       << double(tolerance);
  if (!(shrink > 0 && shrink <= 1))
    return emitError() << "shrink must be above 0 and at most 1, got "
                       << double(shrink);
  return success();
}

//===----------------------------------------------------------------------===//
// Converters
//===----------------------------------------------------------------------===//

LogicalResult AdcCodesAttr::verify(EmitError emitError,
                                   ArrayRef<Number> thresholds,
                                   ArrayRef<Number> values) {
  return verifyAdcCodes(emitError, thresholds, values, /*first=*/0);
}

LogicalResult pumice::crossbar::verifyAdcCodes(EmitError emitError,
                                               ArrayRef<Number> thresholds,
                                               ArrayRef<Number> values,
                                               size_t first) {
  if (values.size() != thresholds.size() + 1)
    return emitError() << "values must have one number more than thresholds, "
                          "got "
                       << values.size() << " and " << thresholds.size();
  for (auto [field, numbers, low, high] :
       {std::tuple<StringRef, ArrayRef<Number>, double, double>{
            "thresholds", thresholds, 0, 1},
        {"values", values, -1, 2}})
    for (size_t i = first; i < numbers.size(); ++i) {
      const Number number = numbers[i];
      if (!(number >= low && number <= high))
        return emitError() << field << " must be between " << textOf(low)
                           << " and " << textOf(high) << ", got "
                           << textOf(number) << " at number " << i;
      if (i > 0 && number < numbers[i - 1])
        return emitError() << field << " must not decrease, got "
                           << textOf(number) << " at number " << i << " after "
                           << textOf(numbers[i - 1]);
    }
  return success();
}

LogicalResult AdcTableAttr::verify(EmitError emitError, StringRef file,
                                   ArrayAttr converters) {
  if (failed(checkSource(emitError, "table", "converters", file, converters)))
    return failure();
  for (Attribute attr :
       converters ? converters.getValue() : ArrayRef<Attribute>())
    if (!isa<AdcCodesAttr>(attr))
      return emitError() << "converters must hold #crossbar.adc_codes, got "
                         << attr;
  return success();
}

LogicalResult AdcTableAttr::verifyFor(EmitError emitError, int64_t bits,
                                      AdcMode mode) {
  if (mode != AdcMode::full_scale && mode != AdcMode::calibrated)
    return emitError() << "mode must be full_scale or calibrated with table, "
                          "got "
                       << stringifyAdcMode(mode);
  if (bits > 12)
    return emitError() << "adc bits must be at most 12 with table, got "
                       << bits;
  if (!getConverters()) // of a device file that is being read
    return success();
  for (auto [i, codes] :
       llvm::enumerate(getConverters().getAsRange<AdcCodesAttr>()))
    if (codes.getValues().size() != size_t(1) << bits)
      return emitError() << "converters must have " << (1 << bits)
                         << " values (adc bits is " << bits << "), got "
                         << codes.getValues().size() << " of converter " << i;
  return success();
}
