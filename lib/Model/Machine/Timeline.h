// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Timeline.h - Who holds what, when ------------------------*- C++ -*-===//
//
// A deterministic timeline on integer picoseconds. Instructions are issued in
// program order; each starts when what it depends on has ended and everything
// it needs is free, and takes its resources at once. Nothing is started in a
// gap that an earlier instruction left.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_TIMELINE_H
#define PUMICE_LIB_MODEL_MACHINE_TIMELINE_H

#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace pumice::model {

/// Index of an issued instruction, in program order.
using EventId = int64_t;

/// One or more resources held by one instruction for [startPs, endPs).
struct Lane {
  Resource resource;
  int64_t first = 0; ///< index within its class
  int64_t count = 1;
  int64_t startPs = 0;
  int64_t endPs = 0;
};

struct Event {
  int64_t startPs = 0;
  int64_t endPs = 0;
  llvm::SmallVector<Lane, 4> lanes;
  llvm::SmallVector<EventId, 4> dependencies;
};

class Timeline {
public:
  explicit Timeline(const DeviceSpec &device);

  /// Fails if an array range is empty, negative or beyond the device, two of
  /// them overlap, another class is asked for twice, a dependency was not
  /// issued before, a duration is negative, or times leave the range of the
  /// clock.
  llvm::Expected<EventId> issue(const Cost &cost,
                                llvm::ArrayRef<EventId> dependencies);

  llvm::ArrayRef<Event> events() const { return issued; }
  int64_t makespanPs() const { return endPs; }

  /// Sum over the resources of a class of the time that they are held.
  double busyPs(Resource resource) const {
    return busy[static_cast<size_t>(resource)];
  }
  /// Resources of a class; of unlimited arrays, those used.
  int64_t count(Resource resource) const;
  /// busyPs over count times makespan; 0 for an empty timeline.
  double utilisation(Resource resource) const;
  /// One more than the highest index of an array that was held.
  int64_t arraysUsed() const { return arrayLimitUsed; }

  /// Checks what was recorded: no resource is held twice at a time, no
  /// instruction starts before what it depends on has ended.
  llvm::Error verify() const;

private:
  /// Latest free time of arrays in [first, first + count).
  int64_t arraysFreeAt(ArrayRange range) const;
  void holdArrays(ArrayRange range, int64_t untilPs);

  std::optional<int64_t> arrayLimit;
  int64_t arrayLimitUsed = 0;
  /// Free time of arrays from the key on, up to the next key; 0 before the
  /// first key.
  std::map<int64_t, int64_t> arrayFree;
  /// Free time by index, for the classes with several of a kind.
  std::array<std::vector<int64_t>, numResources> portFree;
  std::array<double, numResources> busy = {};
  std::vector<Event> issued;
  int64_t endPs = 0;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_TIMELINE_H
