// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Recorder.h - What the list scheduler did -----------------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_RECORDER_H
#define PUMICE_LIB_SCHEDULING_RECORDER_H

#include "lib/Scheduling/ListScheduler.h"

#include <deque>
#include <map>

namespace pumice::scheduling {

/// Chooses arrays and banks, and adds what happens to a schedule.
class Recorder {
public:
  Recorder(const Problem &problem, const Plan &plan, Schedule &schedule);

  /// `count` arrays of a pool for tiles of all copies of a task; `done` of them
  /// were there before. Copies follow one another.
  void addResidents(int task, int pool, int64_t done, int64_t count);
  void addTransfer(int task, int64_t firstTile, int64_t tiles, int64_t channel,
                   Picoseconds start, Picoseconds end);
  /// Writes tiles of all copies of the last transfer.
  void addWrites(int task, int pool, int64_t done, int64_t count,
                 Picoseconds start, Picoseconds end);
  /// Spill::readerPart is a task here.
  void addSpill(Spill spill);
  /// Compute::part is a task here.
  void addCompute(Compute compute);
  void addDigital(const Digital &digital);
  void freeArrays(int task);
  void hold(int unit, Tensor tensor, int64_t column, int64_t bytes,
            Picoseconds now);
  void drop(int unit, Tensor tensor, int64_t column, Picoseconds now);
  void finish(Picoseconds end);

private:
  struct Interval {
    int64_t first, count;
  };
  /// Takes consecutive arrays, at most `most`.
  Interval take(int task, int pool, int64_t most);
  void holdIn(size_t bank, int unit, Tensor tensor, int64_t column,
              int64_t bytes, Picoseconds now);

  const Problem &problem;
  const Plan &plan;
  Schedule &schedule;
  std::vector<int> partOf;
  std::vector<std::deque<Interval>> pools;
  std::vector<std::vector<std::pair<int, Interval>>> arraysOf;
  std::vector<int64_t> freeInBank;
  std::map<std::tuple<int, Tensor, int64_t>, std::vector<size_t>> open;
};

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_RECORDER_H
