// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Stream.h - Tensors that pass from unit to unit in pieces -*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_STREAM_H
#define PUMICE_LIB_SCHEDULING_STREAM_H

#include "lib/Scheduling/Problem.h"

#include <algorithm>

namespace pumice::scheduling {

/// An interval in which a tensor is made or read, at an even rate.
struct Flow {
  Picoseconds start = 0, end = 0;
  Picoseconds length() const { return end - start; }
};

/// Time from the first window to the end of the last one, where windows start
/// at even distances all over the period, those of successive inputs too.
inline Picoseconds evenDuration(const Unit &unit, Picoseconds period) {
  return static_cast<Picoseconds>(static_cast<__int128>(unit.windows - 1) *
                                  period / unit.windows) +
         unit.mvmPs;
}

/// Whether that many copies take windows at even distances: each of them has
/// finished a window before its next one starts, be it of the next input.
inline bool isEnoughForEven(const Unit &unit, int64_t copies,
                            Picoseconds period) {
  return static_cast<__int128>(copies) * period >=
         static_cast<__int128>(unit.windows) * unit.mvmPs;
}

/// When a unit on arrays makes its products. A compute that is longer than the
/// period overlaps the next one, but makes as many in a period.
inline Flow productsOf(Flow compute, Picoseconds period) {
  return {std::max(compute.start, compute.end - period), compute.end};
}

/// ceil(value * numerator / denominator).
inline int64_t scaledUp(int64_t value, int64_t numerator, int64_t denominator) {
  return static_cast<int64_t>(
      (static_cast<__int128>(value) * numerator + denominator - 1) /
      denominator);
}

/// The earliest start of what reads `made` for `duration`, the last window of
/// which takes `window`.
inline Picoseconds earliestStart(const Unit &reader, Flow made,
                                 Picoseconds duration, Picoseconds window) {
  if (!reader.streams())
    return made.end;
  return std::max(made.start +
                      scaledUp(made.length(), reader.leadPpm, wholeTensor),
                  made.end + window - duration);
}

/// The longest time for which a byte is kept between being made and being read
/// for the last time.
inline Picoseconds longestStay(const Unit &reader, Flow made, Flow read) {
  if (!reader.streams())
    return read.end - made.start;
  const int64_t rest = wholeTensor - reader.leadPpm;
  return std::max(
      {read.start - made.start, read.end - made.end,
       read.end - made.start - scaledUp(made.length(), rest, wholeTensor) + 1});
}

/// Bytes of a ring that holds a tensor of which each byte stays that long.
inline int64_t ringBytes(int64_t bytes, Flow made, Picoseconds stay,
                         Picoseconds period) {
  const int64_t whole = scaledUp(bytes, (stay + period - 1) / period, 1);
  return made.length() ? std::min(whole, scaledUp(bytes, stay, made.length()))
                       : whole;
}

/// Bytes of the rings of all results. Results that no unit reads stay whole.
inline std::vector<int64_t> ringsOf(const Problem &problem,
                                    const std::vector<Flow> &made,
                                    const std::vector<Flow> &read,
                                    Picoseconds period) {
  std::vector<int64_t> bytes(problem.units.size(), -1);
  for (size_t u = 0; u < problem.units.size(); ++u)
    for (int d : problem.units[u].dependencies)
      bytes[d] = std::max(
          bytes[d],
          ringBytes(problem.units[d].outputBytes, made[d],
                    longestStay(problem.units[u], made[d], read[u]), period));
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (bytes[u] < 0)
      bytes[u] = problem.units[u].outputBytes;
  return bytes;
}

/// Bytes of inputs from outside, which come at the rate at which they are read.
inline int64_t inputRingBytes(const Unit &unit) {
  return std::min(unit.inputBytes,
                  scaledUp(unit.inputBytes, 2 * unit.leadPpm, wholeTensor));
}

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_STREAM_H
