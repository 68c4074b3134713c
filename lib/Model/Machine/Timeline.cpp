// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Timeline.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

using namespace pumice::model;

Timeline::Timeline(const DeviceSpec &device)
    : resources(device.resources), states(device.resources.size()) {}

int64_t Timeline::count(ResourceId resource) const {
  return resources[resource].count.value_or(states[resource].used);
}

double Timeline::utilisation(ResourceId resource) const {
  const double capacity = double(count(resource)) * double(endPs);
  return capacity > 0 ? busyPs(resource) / capacity : 0;
}

int64_t Timeline::freeAt(const FreeTimes &times, ArrayRange range) {
  int64_t latest = 0;
  for (auto it = std::prev(times.upper_bound(range.first));
       it != times.end() && it->first < range.first + range.count; ++it)
    latest = std::max(latest, it->second);
  return latest;
}

int64_t Timeline::freeAt(const FreeTimes &times, int64_t count,
                         int64_t wanted) {
  llvm::SmallVector<std::pair<int64_t, int64_t>> free; // times and units
  for (auto it = times.begin(); it != times.end() && it->first < count; ++it) {
    auto next = std::next(it);
    const int64_t end = next == times.end() ? count : next->first;
    free.emplace_back(it->second, std::min(end, count) - it->first);
  }
  llvm::sort(free);
  for (const auto &[time, units] : free) {
    if (units >= wanted)
      return time;
    wanted -= units;
  }
  return std::numeric_limits<int64_t>::max();
}

std::vector<ArrayRange> Timeline::lowestFree(const FreeTimes &times,
                                             int64_t count, int64_t wanted,
                                             int64_t atPs) {
  std::vector<ArrayRange> found;
  for (auto it = times.begin();
       wanted > 0 && it != times.end() && it->first < count; ++it) {
    if (it->second > atPs)
      continue;
    auto next = std::next(it);
    const int64_t end = next == times.end() ? count : next->first;
    const int64_t taken = std::min(wanted, end - it->first);
    wanted -= taken;
    if (!found.empty() && found.back().first + found.back().count == it->first)
      found.back().count += taken;
    else
      found.push_back({it->first, taken});
  }
  return found;
}

void Timeline::hold(FreeTimes &times, ArrayRange range, int64_t untilPs) {
  const int64_t end = range.first + range.count;
  const int64_t after = std::prev(times.upper_bound(end))->second;
  times.erase(times.lower_bound(range.first), times.upper_bound(end));
  times[range.first] = untilPs;
  times[end] = after;
}

Timeline::FreeTimes &Timeline::timesOf(State &state, int64_t instance) {
  return state.instances.try_emplace(instance, FreeTimes{{0, 0}}).first->second;
}

llvm::Error Timeline::verifyDisjoint(const Cost &cost) const {
  llvm::SmallVector<ResourceUse, 4> uses(cost.resources);
  llvm::stable_sort(uses, [](const ResourceUse &a, const ResourceUse &b) {
    return std::pair(a.resource, a.units.first) <
           std::pair(b.resource, b.units.first);
  });
  for (size_t i = 1; i < uses.size(); ++i) {
    const ResourceUse &last = uses[i - 1], &use = uses[i];
    if (last.resource != use.resource)
      continue;
    const ResourceClass &resource = resources[use.resource];
    if (!resource.isLocated && last.units.first == use.units.first)
      return llvm::createStringError("expected at most one " + resource.name +
                                     " for an instruction, got 2");
    if (resource.isLocated &&
        use.units.first < last.units.first + last.units.count)
      return llvm::createStringError(
          "expected disjoint ranges of arrays, got array " +
          llvm::Twine(use.units.first) + " twice");
  }
  return llvm::Error::success();
}

llvm::Expected<int64_t> Timeline::freeAt(const ResourceUse &use) {
  const ResourceClass &resource = resources[use.resource];
  State &state = states[use.resource];
  const ArrayRange units = use.units;
  int64_t end;
  if (units.first < 0 || units.count < 1 ||
      llvm::AddOverflow(units.first, units.count, end))
    return llvm::createStringError("expected a range of arrays, got " +
                                   llvm::Twine(units.count) + " from " +
                                   llvm::Twine(units.first));
  if (resource.isLocated) {
    if (resource.count && end > *resource.count)
      return llvm::createStringError(
          "expected arrays below " + llvm::Twine(*resource.count) +
          " (arrays of the device), got " + llvm::Twine(units.count) +
          " from " + llvm::Twine(units.first));
    return freeAt(state.freeFrom, units);
  }
  if (units.count > resource.perInstance)
    return llvm::createStringError(
        "expected at most " + llvm::Twine(resource.perInstance) + " of " +
        resource.name + " at once, got " + llvm::Twine(units.count));
  return freeAt(timesOf(state, units.first), resource.perInstance, units.count);
}

llvm::Expected<EventId> Timeline::issue(const Cost &cost,
                                        llvm::ArrayRef<EventId> dependencies) {
  const EventId id = issued.size();
  int64_t start = 0;
  for (EventId dependency : dependencies) {
    if (dependency < 0 || dependency >= id)
      return llvm::createStringError(
          "expected a dependency on one of " + llvm::Twine(id) +
          " earlier instructions, got " + llvm::Twine(dependency));
    start = std::max(start, issued[dependency].endPs);
  }
  const int64_t ready = start;
  std::optional<ResourceId> waitedFor;
  int64_t waitedForUnit = 0;
  int64_t longest = cost.latencyPs;
  for (const ResourceUse &use : cost.resources) {
    longest = std::max(longest, use.durationPs);
    if (use.durationPs < 0 || cost.latencyPs < 0)
      return llvm::createStringError(
          "expected a non-negative duration, got " +
          llvm::Twine(std::min(use.durationPs, cost.latencyPs)) + " ps");
    llvm::Expected<int64_t> free = freeAt(use);
    if (!free)
      return free.takeError();
    if (*free > start) {
      start = *free;
      waitedFor = use.resource;
      waitedForUnit = use.units.first;
    }
  }
  if (llvm::Error error = verifyDisjoint(cost))
    return error;
  int64_t end;
  if (llvm::AddOverflow(start, longest, end) || end >= longestPs)
    return llvm::createStringError(
        "expected a program of less than 4000000 s, got more at instruction " +
        llvm::Twine(id));

  Event event;
  event.readyPs = ready;
  event.waitedFor = waitedFor;
  event.waitedForUnit = waitedForUnit;
  event.startPs = start;
  event.endPs = start + cost.latencyPs;
  event.dependencies.assign(dependencies.begin(), dependencies.end());
  for (const ResourceUse &use : cost.resources) {
    const ResourceClass &resource = resources[use.resource];
    State &state = states[use.resource];
    const int64_t until = start + use.durationPs;
    state.busy += double(use.units.count) * double(use.durationPs);
    if (resource.isLocated) {
      hold(state.freeFrom, use.units, until);
      state.used = std::max(state.used, use.units.first + use.units.count);
      event.lanes.push_back(
          {use.resource, use.units.first, use.units.count, start, until});
      continue;
    }
    // Take the lowest free units; `startPs` was chosen such that enough are
    // free.
    FreeTimes &times = timesOf(state, use.units.first);
    const int64_t base = use.units.first * resource.perInstance;
    state.used = std::max(state.used, base + resource.perInstance);
    for (ArrayRange taken :
         lowestFree(times, resource.perInstance, use.units.count, start)) {
      hold(times, taken, until);
      event.lanes.push_back(
          {use.resource, base + taken.first, taken.count, start, until});
    }
  }
  endPs = std::max(endPs, end);
  issued.push_back(std::move(event));
  return id;
}

llvm::Error Timeline::verify() const {
  // Sweep over time with the set of ranges that are held, by class.
  struct Hold {
    const Lane *lane;
    EventId id;
  };
  std::vector<Hold> holds;
  for (auto [id, event] : llvm::enumerate(issued)) {
    for (EventId dependency : event.dependencies)
      if (issued[dependency].endPs > event.startPs)
        return llvm::createStringError(
            "expected instruction " + llvm::Twine(id) + " to start after " +
            llvm::Twine(dependency) + " has ended at " +
            llvm::Twine(issued[dependency].endPs) + " ps, got " +
            llvm::Twine(event.startPs));
    for (const Lane &lane : event.lanes)
      if (lane.endPs > lane.startPs)
        holds.push_back({&lane, static_cast<EventId>(id)});
  }
  llvm::stable_sort(holds, [](const Hold &a, const Hold &b) {
    return a.lane->startPs < b.lane->startPs;
  });
  std::vector<std::map<int64_t, Hold>> active(
      resources.size()); // by first index
  auto later = [](const Hold &a, const Hold &b) {
    return a.lane->endPs > b.lane->endPs;
  };
  std::priority_queue<Hold, std::vector<Hold>, decltype(later)> ends(later);
  for (const Hold &hold : holds) {
    const Lane &lane = *hold.lane;
    while (!ends.empty() && ends.top().lane->endPs <= lane.startPs) {
      const Lane &ended = *ends.top().lane;
      active[ended.resource].erase(ended.first);
      ends.pop();
    }
    auto &ranges = active[lane.resource];
    auto next = ranges.lower_bound(lane.first + lane.count);
    if (next != ranges.begin()) {
      const Hold &other = std::prev(next)->second;
      if (other.lane->first + other.lane->count > lane.first)
        return llvm::createStringError(
            "expected one holder of " + resources[lane.resource].name + " " +
            llvm::Twine(std::max(lane.first, other.lane->first)) + " at " +
            llvm::Twine(lane.startPs) + " ps, got instructions " +
            llvm::Twine(other.id) + " and " + llvm::Twine(hold.id));
    }
    ranges.emplace(lane.first, hold);
    ends.push(hold);
  }
  return llvm::Error::success();
}
