// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Timeline.h - When instructions hold resources ------------*- C++ -*-===//
//
// A deterministic timeline on integer picoseconds. Instructions are issued in
// program order. Each starts when its dependencies have ended and all of its
// resources are free, and acquires them all at once. Gaps that earlier
// instructions left are not filled.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_TIMELINE_H
#define PUMICE_LIB_MODEL_MACHINE_TIMELINE_H

#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pumice::model {

/// Index of an issued instruction, in program order.
using EventId = int64_t;

/// One or more units of a class of resources, held by one instruction for
/// [startPs, endPs).
struct Lane {
  ResourceId resource = 0;
  int64_t first = 0; ///< index within its class
  int64_t count = 1;
  int64_t startPs = 0;
  int64_t endPs = 0;
};

struct Event {
  int64_t readyPs = 0; ///< when all that it depends on has ended
  int64_t startPs = 0;
  int64_t endPs = 0;
  llvm::SmallVector<Lane, 4> lanes;
  llvm::SmallVector<EventId, 4> dependencies;
  /// What was free last, if it was not when the instruction was ready.
  std::optional<ResourceId> waitedFor;
  int64_t waitedForUnit = 0; ///< the first one of the units or the instance
};

class Timeline {
public:
  explicit Timeline(const DeviceSpec &device);

  /// Fails if a range of units is empty, negative or exceeds the device, if two
  /// ranges overlap, if an instance of a pool is named twice or has too few
  /// units, if a dependency has not been issued, if a duration is negative, or
  /// if a time exceeds the range of the clock.
  llvm::Expected<EventId> issue(const Cost &cost,
                                llvm::ArrayRef<EventId> dependencies);

  llvm::ArrayRef<Event> events() const { return issued; }
  int64_t makespanPs() const { return endPs; }

  llvm::ArrayRef<ResourceClass> classes() const { return resources; }
  /// Time during which units of a class are held, summed over the units.
  double busyPs(ResourceId resource) const { return states[resource].busy; }
  /// Number of units of a class; for an unlimited class, of those used.
  int64_t count(ResourceId resource) const;
  /// busyPs over count times makespan; 0 for an empty timeline.
  double utilisation(ResourceId resource) const;
  /// One more than the highest index of a held unit.
  int64_t used(ResourceId resource) const { return states[resource].used; }

  /// Checks the recorded events: no unit has two holders at a time, and no
  /// instruction starts before its dependencies have ended.
  llvm::Error verify() const;

private:
  /// The times at which the units from each key up to the next become free.
  using FreeTimes = std::map<int64_t, int64_t>;

  struct State {
    /// For a located class.
    FreeTimes freeFrom = {{0, 0}};
    /// For a pool: of the units of each instance that is used.
    std::map<int64_t, FreeTimes> instances;
    double busy = 0;
    int64_t used = 0;
  };

  /// The time at which the units of `use` are free.
  llvm::Expected<int64_t> freeAt(const ResourceUse &use);
  /// The time at which all units of a range are free.
  static int64_t freeAt(const FreeTimes &times, ArrayRange range);
  /// The time at which any `wanted` of the first `count` units are free.
  static int64_t freeAt(const FreeTimes &times, int64_t count, int64_t wanted);
  /// The lowest `wanted` of the first `count` units that are free at `atPs`.
  static std::vector<ArrayRange> lowestFree(const FreeTimes &times,
                                            int64_t count, int64_t wanted,
                                            int64_t atPs);
  static void hold(FreeTimes &times, ArrayRange range, int64_t untilPs);
  /// Of an instance of a pool.
  static FreeTimes &timesOf(State &state, int64_t instance);
  llvm::Error verifyDisjoint(const Cost &cost) const;

  std::vector<ResourceClass> resources;
  std::vector<State> states;
  std::vector<Event> issued;
  int64_t endPs = 0;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_TIMELINE_H
