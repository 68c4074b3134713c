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
};

class Timeline {
public:
  explicit Timeline(const DeviceSpec &device);

  /// Fails if a range of units is empty, negative or beyond the device, two of
  /// them overlap, an instance of a pool is asked for twice or for more than it
  /// has, a dependency was not issued before, a duration is negative, or times
  /// leave the range of the clock.
  llvm::Expected<EventId> issue(const Cost &cost,
                                llvm::ArrayRef<EventId> dependencies);

  llvm::ArrayRef<Event> events() const { return issued; }
  int64_t makespanPs() const { return endPs; }

  llvm::ArrayRef<ResourceClass> classes() const { return resources; }
  /// Sum over the units of a class of the time that they are held.
  double busyPs(ResourceId resource) const { return states[resource].busy; }
  /// Units of a class; of an unlimited one, those used.
  int64_t count(ResourceId resource) const;
  /// busyPs over count times makespan; 0 for an empty timeline.
  double utilisation(ResourceId resource) const;
  /// One more than the highest index of a unit that was held.
  int64_t used(ResourceId resource) const { return states[resource].used; }

  /// Checks what was recorded: no resource is held twice at a time, no
  /// instruction starts before what it depends on has ended.
  llvm::Error verify() const;

private:
  struct State {
    /// Of a located class: free time of units from the key on, up to the next
    /// key; 0 before the first key.
    std::map<int64_t, int64_t> freeFrom = {{0, 0}};
    /// Of a pool: free time of the units of each instance that was used.
    std::map<int64_t, std::vector<int64_t>> instances;
    double busy = 0;
    int64_t used = 0;
  };

  /// When what `use` asks for is free.
  llvm::Expected<int64_t> freeAt(const ResourceUse &use);
  /// Latest free time of units in [first, first + count).
  static int64_t freeAt(const State &state, ArrayRange range);
  static void hold(State &state, ArrayRange range, int64_t untilPs);
  llvm::Error verifyDisjoint(const Cost &cost) const;

  std::vector<ResourceClass> resources;
  std::vector<State> states;
  std::vector<Event> issued;
  int64_t endPs = 0;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_TIMELINE_H
