// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Transitions.h - Old and new levels of cells --------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_TRANSITIONS_H
#define PUMICE_LIB_MODEL_CROSSBAR_TRANSITIONS_H

#include <cstdint>
#include <vector>

namespace pumice::model {

/// Counts cells by old and new level.
class Transitions {
public:
  /// Of cells with this number of levels, at most 256.
  explicit Transitions(int64_t levels)
      : numLevels(levels), byLevels(levels * levels) {}

  /// Writes `count` cells. Returns how many of them change.
  int64_t write(uint8_t *held, const uint8_t *written, int64_t count);
  /// Writes one cell.
  bool write(uint8_t &held, uint8_t written) {
    ++byLevels[held * numLevels + written];
    const bool changes = held != written;
    held = written;
    return changes;
  }

  /// [old * levels + new].
  const std::vector<int64_t> &counts() const { return byLevels; }

private:
  int64_t numLevels;
  std::vector<int64_t> byLevels;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_TRANSITIONS_H
