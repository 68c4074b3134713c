// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Timeline.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <queue>
#include <set>

using namespace pumice::model;

Timeline::Timeline(const DeviceSpec &device) : arrayLimit(device.arrays()) {
  auto ports = [&](Resource resource, int64_t count) {
    portFree[static_cast<size_t>(resource)].assign(std::max<int64_t>(count, 1),
                                                   0);
  };
  ports(Resource::bufferPort, device.buffer.ports);
  ports(Resource::dramPort, device.dram.ports);
  ports(Resource::digitalUnit, device.digital.units);
  arrayFree[0] = 0;
}

int64_t Timeline::count(Resource resource) const {
  if (resource == Resource::array)
    return arrayLimit.value_or(arrayLimitUsed);
  return portFree[static_cast<size_t>(resource)].size();
}

double Timeline::utilisation(Resource resource) const {
  const double capacity = double(count(resource)) * double(endPs);
  return capacity > 0 ? busyPs(resource) / capacity : 0;
}

int64_t Timeline::arraysFreeAt(ArrayRange range) const {
  int64_t latest = 0;
  for (auto it = std::prev(arrayFree.upper_bound(range.first));
       it != arrayFree.end() && it->first < range.first + range.count; ++it)
    latest = std::max(latest, it->second);
  return latest;
}

void Timeline::holdArrays(ArrayRange range, int64_t untilPs) {
  const int64_t end = range.first + range.count;
  const int64_t after = std::prev(arrayFree.upper_bound(end))->second;
  arrayFree.erase(arrayFree.lower_bound(range.first),
                  arrayFree.upper_bound(end));
  arrayFree[range.first] = untilPs;
  arrayFree[end] = after;
}

/// Fails if the resources of one cost exclude each other.
static llvm::Error verifyDisjoint(const Cost &cost) {
  std::array<int, numResources> wanted = {};
  llvm::SmallVector<ArrayRange, 4> ranges;
  for (const ResourceUse &use : cost.resources) {
    if (use.resource == Resource::array)
      ranges.push_back(use.arrays);
    else if (++wanted[static_cast<size_t>(use.resource)] > 1)
      return llvm::createStringError("expected at most one " +
                                     name(use.resource) +
                                     " for an instruction, got 2");
  }
  llvm::sort(ranges, [](const ArrayRange &a, const ArrayRange &b) {
    return a.first < b.first;
  });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].first + ranges[i - 1].count)
      return llvm::createStringError(
          "expected disjoint ranges of arrays, got array " +
          llvm::Twine(ranges[i].first) + " twice");
  return llvm::Error::success();
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
  int64_t longest = cost.latencyPs;
  for (const ResourceUse &use : cost.resources) {
    longest = std::max(longest, use.durationPs);
    if (use.durationPs < 0 || cost.latencyPs < 0)
      return llvm::createStringError(
          "expected a non-negative duration, got " +
          llvm::Twine(std::min(use.durationPs, cost.latencyPs)) + " ps");
    if (use.resource != Resource::array) {
      const auto &ports = portFree[static_cast<size_t>(use.resource)];
      start = std::max(start, *std::min_element(ports.begin(), ports.end()));
      continue;
    }
    int64_t end;
    if (use.arrays.first < 0 || use.arrays.count < 1 ||
        llvm::AddOverflow(use.arrays.first, use.arrays.count, end))
      return llvm::createStringError("expected a range of arrays, got " +
                                     llvm::Twine(use.arrays.count) + " from " +
                                     llvm::Twine(use.arrays.first));
    if (arrayLimit && end > *arrayLimit)
      return llvm::createStringError(
          "expected arrays below " + llvm::Twine(*arrayLimit) +
          " (arrays of the device), got " + llvm::Twine(use.arrays.count) +
          " from " + llvm::Twine(use.arrays.first));
    start = std::max(start, arraysFreeAt(use.arrays));
  }
  if (llvm::Error error = verifyDisjoint(cost))
    return error;
  int64_t end;
  if (llvm::AddOverflow(start, longest, end) || end >= longestPs)
    return llvm::createStringError(
        "expected a program of less than 4000000 s, got more at instruction " +
        llvm::Twine(id));

  Event event;
  event.startPs = start;
  event.endPs = start + cost.latencyPs;
  event.dependencies.assign(dependencies.begin(), dependencies.end());
  for (const ResourceUse &use : cost.resources) {
    const auto kind = static_cast<size_t>(use.resource);
    const int64_t until = start + use.durationPs;
    Lane lane{use.resource, use.arrays.first, use.arrays.count, start, until};
    if (use.resource == Resource::array) {
      holdArrays(use.arrays, until);
      arrayLimitUsed =
          std::max(arrayLimitUsed, use.arrays.first + use.arrays.count);
    } else {
      auto &ports = portFree[kind];
      // The lowest free one: there is one, start was chosen so.
      auto port = llvm::find_if(ports, [&](int64_t at) { return at <= start; });
      lane.first = port - ports.begin();
      lane.count = 1;
      *port = until;
    }
    busy[kind] += double(lane.count) * double(use.durationPs);
    event.lanes.push_back(lane);
  }
  endPs = std::max(endPs, end);
  issued.push_back(std::move(event));
  return id;
}

llvm::Error Timeline::verify() const {
  // Sweep over time with the ranges held at the moment, by class.
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
  std::array<std::map<int64_t, Hold>, numResources> active; // by first index
  auto later = [](const Hold &a, const Hold &b) {
    return a.lane->endPs > b.lane->endPs;
  };
  std::priority_queue<Hold, std::vector<Hold>, decltype(later)> ends(later);
  for (const Hold &hold : holds) {
    const Lane &lane = *hold.lane;
    while (!ends.empty() && ends.top().lane->endPs <= lane.startPs) {
      const Lane &ended = *ends.top().lane;
      active[static_cast<size_t>(ended.resource)].erase(ended.first);
      ends.pop();
    }
    auto &ranges = active[static_cast<size_t>(lane.resource)];
    auto next = ranges.lower_bound(lane.first + lane.count);
    if (next != ranges.begin()) {
      const Hold &other = std::prev(next)->second;
      if (other.lane->first + other.lane->count > lane.first)
        return llvm::createStringError(
            "expected one holder of " + name(lane.resource) + " " +
            llvm::Twine(std::max(lane.first, other.lane->first)) + " at " +
            llvm::Twine(lane.startPs) + " ps, got instructions " +
            llvm::Twine(other.id) + " and " + llvm::Twine(hold.id));
    }
    ranges.emplace(lane.first, hold);
    ends.push(hold);
  }
  return llvm::Error::success();
}
