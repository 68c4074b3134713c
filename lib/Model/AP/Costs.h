// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Costs.h - Time and energy of microprograms ---------------*- C++ -*-===//
//
// The work of a microprogram does not depend on data, except for the number of
// rows that its searches tag. An estimate expects that a search of s columns
// tags 2^-s of the rows (docs/ap.md, "Costs").
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_COSTS_H
#define PUMICE_LIB_MODEL_AP_COSTS_H

#include "lib/Model/AP/Machine.h"
#include "lib/Model/AP/Microprogram.h"
#include "lib/Model/Machine/Costs.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

struct APLinks;

/// The work of a processor; per active row where it depends on rows.
struct APWork {
  int64_t operations = 0;
  int64_t passes = 0;
  int64_t searched = 0;       ///< columns, summed over searches
  double expectedWritten = 0; ///< expected number of bits written in a row
  /// The same if a carry is half as likely after each bit of a ripple. Closer
  /// to runs; compares layouts.
  double likelyWritten = 0;
  int64_t distance = 0; ///< domains that racetracks of a row move
  int64_t waited = 0;   ///< domains of moves that happen one after the other
  /// By column: upper bound of the bits that passes write to a racetrack. Not
  /// summed.
  std::vector<int32_t> mostWritten;

  APWork &operator+=(const APWork &other);
  double timeNs(const APSpec &ap) const;
  /// Energy of one row.
  double energyPj(const APSpec &ap) const;
};

/// Energy of searches of `searched` columns in all, one per pass, in `rows`
/// active rows.
double searchPj(const APSpec &ap, int64_t searched, int64_t passes,
                double rows);

/// The work of some bundles, with ports at domain 0 before and after.
APWork workOf(const APMicroprogram &program, llvm::ArrayRef<APBundle> bundles);

/// The work of every part of a microprogram. Across columns, ports stay where
/// they are between parts, and the moves of loading and of first values are
/// those of the channel blocks.
struct APMicroprogramWork {
  struct OutputBlock {
    std::vector<APWork> channelBlocks;
    APWork reduction; ///< adding another processor's accumulators
    APWork epilogue;  ///< turning accumulators into quantized values
    APWork results;   ///< moves of reading results; across columns only
    /// Ports of the processor with the results, before these are read.
    std::optional<APPorts> ports;
  };
  std::vector<OutputBlock> outputBlocks;
  APWork total; ///< of all channel blocks and epilogues
};
APMicroprogramWork workOf(const APMicroprogram &program, unsigned threads);

/// Processors that a layer of `windows` output positions takes: as many as
/// row blocks, output blocks and spread need.
int64_t apProcessors(const APSpec &ap, const APMicroprogram &program,
                     int64_t windows);

/// The lowest processors of a group that `wanted` ones are placed on: all of
/// the group's if there are fewer.
ArrayRange lowestUnits(const UnitGroup &group, int64_t wanted);

/// A layer of `windows` output positions on some processors of a group; they
/// take turns if there are too few. `programBytes`: of the blob. `bytesIn` and
/// `bytesOut` go through a port of the buffer. `taggedWrites`: bits that passes
/// wrote; without it they are expected. `links`: what stays in processors; the
/// processors that hold inputs are held, too.
Cost apCost(const DeviceSpec &device, const UnitGroup &group,
            llvm::ArrayRef<ArrayRange> processors,
            const APMicroprogram &program, const APMicroprogramWork &work,
            int64_t windows, int64_t programBytes, int64_t bytesIn,
            int64_t bytesOut,
            std::optional<uint64_t> taggedWrites = std::nullopt,
            const APLinks *links = nullptr);

/// The first `count` units of some ranges.
llvm::SmallVector<ArrayRange> firstUnits(llvm::ArrayRef<ArrayRange> ranges,
                                         int64_t count);
int64_t totalUnits(llvm::ArrayRef<ArrayRange> ranges);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_COSTS_H
