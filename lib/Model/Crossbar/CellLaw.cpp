// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/CellLaw.h"

#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

namespace {

/// The levels of one temperature.
using Measured = llvm::ArrayRef<CellLevelSpec>;

double between(double low, double high, double share) {
  return low + share * (high - low);
}

/// The levels at `temperature`, between those of two temperatures.
std::vector<CellLevelSpec> between(Measured low, Measured high,
                                   double temperature) {
  const double from = low.front().temperatureK;
  const double to = high.front().temperatureK;
  const double share = to > from ? (temperature - from) / (to - from) : 0;
  std::vector<CellLevelSpec> levels(low);
  for (size_t i = 0; i < levels.size(); ++i) {
    CellLevelSpec &level = levels[i];
    level.meanSiemens = between(level.meanSiemens, high[i].meanSiemens, share);
    level.spreadSiemens =
        between(level.spreadSiemens, high[i].spreadSiemens, share);
    level.driftExponent =
        between(level.driftExponent, high[i].driftExponent, share);
    level.driftExponentSigma =
        between(level.driftExponentSigma, high[i].driftExponentSigma, share);
    level.readNoiseSiemens =
        between(level.readNoiseSiemens, high[i].readNoiseSiemens, share);
  }
  return levels;
}

/// The levels of a table at a temperature; 0: the first of the table.
std::vector<CellLevelSpec> levelsAt(Measured all, size_t count,
                                    double temperature) {
  Measured low, high;
  for (Measured rest = all; rest.size() >= count;
       rest = rest.drop_front(count)) {
    const Measured here = rest.take_front(count);
    const double at = here.front().temperatureK;
    if (at <= temperature && (low.empty() || at > low.front().temperatureK))
      low = here;
    if (at >= temperature && (high.empty() || at < high.front().temperatureK))
      high = here;
  }
  if (temperature == 0 || low.empty() || high.empty())
    return std::vector<CellLevelSpec>(all.take_front(count));
  return between(low, high, temperature);
}

CellLaw lawOfTable(const ArraySpec &array) {
  const AnalogSpec &analog = *array.analog;
  const Measured all = analog.cells->levels;
  const size_t count = highestLevel(array) + 1;
  CellLaw law;
  law.levels.resize(count);
  if (all.size() < count) // refused by tile()
    return law;
  // Arrays are calibrated at the first temperature.
  const double bottom = all.front().meanSiemens;
  const double step =
      (all[count - 1].meanSiemens - bottom) / double(highestLevel(array));
  law.lowest = bottom / step;
  const auto levels = levelsAt(all, count, analog.temperatureK);
  for (size_t i = 0; i < count; ++i)
    law.levels[i] = {levels[i].meanSiemens / step,
                     levels[i].spreadSiemens / step, levels[i].driftExponent,
                     levels[i].driftExponentSigma,
                     levels[i].readNoiseSiemens / step};
  return law;
}

} // namespace

CellLaw pumice::model::cellLaw(const ArraySpec &array) {
  if (array.analog && array.analog->cells)
    return lawOfTable(array);
  static const AnalogSpec none;
  const AnalogSpec &analog = array.analog ? *array.analog : none;
  const double highest = double(highestLevel(array));
  CellLaw law;
  law.lowest = analog.onOffRatio > 1 ? highest / (analog.onOffRatio - 1) : 0;
  const double a = analog.nonlinearity;
  for (double level = 0; level <= highest; ++level) {
    LevelLaw &here = law.levels.emplace_back();
    here.mean =
        law.lowest +
        (a == 0 ? level
                : highest * std::expm1(-a * level / highest) / std::expm1(-a));
    here.spread = std::hypot(analog.programErrorRelative * here.mean,
                             analog.programErrorAbsolute * highest);
    here.driftExponent = analog.driftExponent;
    here.driftExponentSigma = analog.driftExponentSigma;
  }
  return law;
}

bool pumice::model::hasCellNoise(const ArraySpec &array) {
  return array.analog && array.analog->cells &&
         std::any_of(array.analog->cells->levels.begin(),
                     array.analog->cells->levels.end(),
                     [](const CellLevelSpec &level) {
                       return level.readNoiseSiemens != 0;
                     });
}
