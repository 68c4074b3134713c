// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ApCosts.h - Time and energy of associative programs ------*- C++ -*-===//
//
// What a program does does not depend on data, but for how many rows its
// searches tag: an estimate expects that a search of s columns tags 2^-s of
// them (docs/ap.md, "Costs").
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_APCOSTS_H
#define PUMICE_LIB_MODEL_APCOSTS_H

#include "lib/Model/ApMachine.h"
#include "lib/Model/ApProgram.h"
#include "lib/Model/Costs.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

/// What a processor does, per active row where rows count.
struct ApWork {
  int64_t operations = 0;
  int64_t passes = 0;
  int64_t searched = 0;       ///< columns, summed over searches
  double expectedWritten = 0; ///< bits that a row expects to be written
  int64_t distance = 0;       ///< domains that racetracks of a row move
  int64_t waited = 0;         ///< domains that are moved one after the other
  /// By column: bits that passes write to a racetrack, at most. Not summed.
  std::vector<int32_t> mostWritten;

  ApWork &operator+=(const ApWork &other);
  double timeNs(const ApSpec &ap) const;
  /// Of one row.
  double energyPj(const ApSpec &ap) const;
};

/// The work of some groups, from ports at domain 0 and back.
ApWork workOf(const ApProgram &program, llvm::ArrayRef<ApGroup> groups);

/// The work of every part of a program.
struct ApProgramWork {
  struct Chunk {
    std::vector<ApWork> slices;
    ApWork reduction; ///< adding another processor's accumulators
    ApWork epilogue;  ///< making codes of accumulators
  };
  std::vector<Chunk> chunks;
  ApWork total; ///< of all slices and epilogues
};
ApProgramWork workOf(const ApProgram &program, unsigned threads);

/// A layer of `windows` output positions. `programBytes`: of the blob.
/// `bytesIn` and `bytesOut` go through a port of the buffer. `taggedWrites`:
/// bits that passes wrote; without it they are expected. Occupies processors
/// [0, n) of the device's, n as many as blocks, chunks and spread take, or all.
Cost apCost(const DeviceSpec &device, const ApProgram &program,
            const ApProgramWork &work, int64_t windows, int64_t programBytes,
            int64_t bytesIn, int64_t bytesOut,
            std::optional<uint64_t> taggedWrites = std::nullopt);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_APCOSTS_H
