// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/WriteVerify.h"

#include "lib/Model/Crossbar/CellLaw.h"
#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace pumice::model;

/// Probability that a standard normal number is below x.
static double below(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

PulseCounts::PulseCounts(const ArraySpec &array) {
  const CellLaw law = cellLaw(array);
  means.assign(law.levels.size(), 1.0);
  unfinished = {1.0};
  if (!array.analog || !array.analog->writeVerify)
    return;
  const WriteVerifySpec &write = *array.analog->writeVerify;
  const double tolerance = write.tolerance * double(highestLevel(array));
  unfinished.resize(write.pulses);
  for (size_t level = 0; level < law.levels.size(); ++level) {
    const LevelLaw &of = law.levels[level];
    double left = 1, spread = of.spread;
    means[level] = 0;
    for (int64_t pulse = 0; pulse < write.pulses && left > 0; ++pulse) {
      means[level] += left;
      if (pulse > 0)
        unfinished[pulse] += left / double(law.levels.size());
      if (spread == 0)
        break;
      // Conductances are not below 0, which is close enough to a low level.
      double miss = below(-tolerance / spread);
      if (of.mean > tolerance)
        miss *= 2;
      left *= miss;
      spread *= write.shrink;
    }
  }
}

double PulseCounts::mean() const {
  return std::accumulate(means.begin(), means.end(), 0.0) /
         double(means.size());
}

double PulseCounts::largest(int64_t cells) const {
  double sum = 0;
  for (double share : unfinished)
    sum += share < 1 ? -std::expm1(double(cells) * std::log1p(-share)) : 1;
  return sum;
}

double pumice::model::rowWriteNs(const CrossbarSpec &crossbar) {
  const ArrayTiming &timing = crossbar.timing;
  if (!crossbar.array.analog || !crossbar.array.analog->writeVerify)
    return timing.rowWriteNs;
  return PulseCounts(crossbar.array).largest(crossbar.array.columns) *
         (timing.rowWriteNs + timing.verifyNs);
}

void pumice::model::addVerifiedPulses(Cost &cost, const CrossbarSpec &crossbar,
                                      const ChangedCells *changed,
                                      bool pulsesAll) {
  const ArraySpec &array = crossbar.array;
  if (!array.analog || !array.analog->writeVerify)
    return;
  const PulseCounts counts(array);
  const double cells = double(cost.counters.cellsWritten);
  double pulses = 0;
  if (changed) {
    double known = 0;
    for (int64_t to = 0; to < changed->levels; ++to)
      for (int64_t from = 0; from < changed->levels; ++from)
        if (pulsesAll || from != to) {
          const double of =
              double(changed->byLevels[from * changed->levels + to]);
          known += of;
          pulses += of * counts.of(to);
        }
    pulses += (cells - known) * counts.mean();
  } else {
    pulses = cells * counts.mean();
  }
  cost.energyPj[static_cast<size_t>(Component::cellWrite)] +=
      (pulses - cells) * crossbar.energy.cellWritePj +
      pulses * crossbar.energy.verifyPj;
  if (array.analog->writeVerify->pulses == 1)
    return;
  // Wear counts pulses: at most `pulses` of a cell, in sum the expectation.
  const double perCell = cells > 0 ? pulses / cells : 1;
  for (ArrayWrites &writes : cost.writes) {
    double all = 0;
    for (CellBlock &block : writes.blocks) {
      all += double(block.rows) * double(block.columns) * double(block.writes);
      block.writes *= array.analog->writeVerify->pulses;
    }
    writes.written = writes.written.value_or(all) * perCell;
  }
}
