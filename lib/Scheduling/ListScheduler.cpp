// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/ListScheduler.h"
#include "lib/Scheduling/Recorder.h"

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>

using namespace pumice::scheduling;

namespace {

/// Fewest tiles of a batch, so that fast writes do not make many batches.
constexpr int64_t leastBatch = 4;
/// Tasks that wait for the buffer and are tried again at one moment.
constexpr int mostTries = 32;

enum class EventKind {
  ChannelFree,
  Written,
  ComputeEnd,
  DigitalReady,
  StoreReady,
  UnitDone
};

struct Event {
  Picoseconds time;
  int64_t sequence;
  EventKind kind;
  int index;
  bool operator<(const Event &other) const {
    return std::tie(time, sequence) > std::tie(other.time, other.sequence);
  }
};

/// When the writers of a processing element are free: (time, writers), sorted.
struct Writers {
  std::vector<std::pair<Picoseconds, int64_t>> free;
  size_t head = 0;

  Picoseconds first() const { return free[head].first; }
  /// Takes at most `most` of the writers that are free first.
  int64_t take(int64_t most) {
    const int64_t count = std::min(most, free[head].second);
    if (!(free[head].second -= count))
      ++head;
    return count;
  }
  void giveBack(Picoseconds time, int64_t count) {
    size_t at = free.size();
    while (at > head && free[at - 1].first > time)
      --at;
    free.insert(free.begin() + at, {time, count});
  }
};

struct UnitState {
  int openDependencies = 0;
  int openReaders = 0;
  int partsToStart = 0;
  bool isStarted = false, isDone = false;
  bool spillsOutput = false, streamsInput = false;
  Picoseconds lastStart = 0, lastEnd = 0;
  int64_t outputHeld = 0, inputHeld = 0, windowHeld = 0;
};

struct TaskState {
  int64_t issued = 0;
  Picoseconds written = 0;
  bool isWritten = false, isStarted = false;
  int strip = -1; ///< first task of the column that this part lies in
  int stripParts = 0;
  bool stripIsHeld = false;
  /// Arrays by pool, where writers are limited.
  std::vector<std::pair<int, int64_t>> arrays;
};

} // namespace

class ListScheduler::Run {
public:
  explicit Run(const Problem &problem)
      : problem(problem), machine(problem.machine),
        successors(problem.successors()), order(problem.units.size()),
        units(problem.units.size()), capacity(machine.bufferBytes()),
        reserve(problem.reservedBytes()) {}

  Picoseconds run(const Plan &newPlan, Picoseconds giveUpAfter,
                  Schedule *schedule) {
    reset(newPlan, schedule);
    int64_t left = static_cast<int64_t>(units.size());
    for (const Task &task : newPlan.tasks)
      left += task.isAhead;
    while (true) {
      advance();
      if (!left)
        break;
      if (events.empty())
        return never;
      now = events.top().time;
      if (now > giveUpAfter)
        return never;
      while (!events.empty() && events.top().time == now) {
        const Event event = events.top();
        events.pop();
        left -= handle(event);
      }
    }
    if (recorder)
      recorder->finish(now);
    return now;
  }

private:
  //===--------------------------------------------------------------------===//
  // Start
  //===--------------------------------------------------------------------===//

  void reset(const Plan &newPlan, Schedule *schedule) {
    plan = &newPlan;
    recorder.reset();
    if (schedule)
      recorder = std::make_unique<Recorder>(problem, newPlan, *schedule);
    now = 0;
    sequence = active = 0;
    nextSerial = firstOpen = 0;
    events = {};
    ready.clear();
    freeBytes = capacity;
    channels.assign(machine.dramChannels, 0);
    digitals.assign(machine.digitalUnits, 0);
    resetUnits();
    resetGroups();
    resetTasks();
    changed = true;
  }

  void resetUnits() {
    for (size_t u = 0; u < units.size(); ++u) {
      units[u] = UnitState();
      units[u].openDependencies =
          static_cast<int>(problem.units[u].dependencies.size());
      units[u].openReaders = static_cast<int>(successors[u].size());
      order[u].clear();
    }
  }

  void resetGroups() {
    const size_t groups = machine.groups.size();
    heads.assign(groups, 0);
    if (queues.size() != groups)
      queues.resize(groups);
    freeArrays.assign(groups, 0);
    elements.resize(groups);
    firstPool.assign(groups, 0);
    freeInPool.clear();
    writers.resize(0);
    for (size_t g = 0; g < groups; ++g) {
      const Group &group = machine.groups[g];
      queues[g].clear();
      freeArrays[g] = group.arrays();
      firstPool[g] = static_cast<int>(freeInPool.size());
      elements[g] = {};
      const int64_t pools = group.writersPerElement ? group.elements : 1;
      for (int64_t e = 0; e < pools; ++e) {
        const int pool = static_cast<int>(freeInPool.size());
        freeInPool.push_back(group.arrays() / pools);
        writers.emplace_back();
        if (!group.writersPerElement)
          continue;
        writers.back().free.push_back({0, group.writersPerElement});
        elements[g].push({0, pool});
      }
    }
  }

  void resetTasks() {
    const std::vector<Task> &list = plan->tasks;
    if (tasks.size() < list.size())
      tasks.resize(list.size());
    openInSegment.clear();
    unwrittenInSegment.clear();
    segment = 0;
    for (size_t t = 0; t < list.size(); ++t) {
      const Task &task = list[t];
      const Unit &unit = problem.units[task.unit];
      TaskState &state = tasks[t];
      state.issued = state.written = 0;
      state.isWritten = state.isStarted = state.stripIsHeld = false;
      state.strip = -1;
      state.stripParts = 0;
      state.arrays.clear();
      if (task.isAhead) {
        queues[task.group].push_back(static_cast<int>(t));
        continue;
      }
      order[task.unit].push_back(static_cast<int>(t));
      ++units[task.unit].partsToStart;
      const size_t s = task.segment;
      if (openInSegment.size() <= s) {
        openInSegment.resize(s + 1);
        unwrittenInSegment.resize(s + 1);
      }
      ++openInSegment[s];
      if (!unit.usesArrays()) {
        state.isWritten = true;
      } else if (task.isResident) {
        state.isWritten = true;
        takeResident(static_cast<int>(t));
      } else {
        ++unwrittenInSegment[s];
        queues[task.group].push_back(static_cast<int>(t));
        if (task.tiles < unit.rowTiles) {
          const bool continues = t && list[t - 1].unit == task.unit &&
                                 list[t - 1].firstTile / unit.rowTiles ==
                                     task.firstTile / unit.rowTiles;
          state.strip = continues ? tasks[t - 1].strip : static_cast<int>(t);
          ++tasks[state.strip].stripParts;
        }
      }
      if (state.isWritten && !units[task.unit].openDependencies)
        ready.insert(static_cast<int>(t));
    }
  }

  void takeResident(int t) {
    const Task &task = plan->tasks[t];
    int64_t arrays = task.tiles * task.copies;
    freeArrays[task.group] -= arrays;
    const int first = firstPool[task.group];
    const int pools =
        machine.groups[task.group].writersPerElement
            ? static_cast<int>(machine.groups[task.group].elements)
            : 1;
    int64_t done = 0;
    for (int p = first; p < first + pools && arrays; ++p) {
      const int64_t count = std::min(arrays, freeInPool[p]);
      if (!count)
        continue;
      freeInPool[p] -= count;
      arrays -= count;
      if (recorder)
        recorder->addResidents(t, p, done, count);
      done += count;
    }
  }

  //===--------------------------------------------------------------------===//
  // Events
  //===--------------------------------------------------------------------===//

  void push(Picoseconds time, EventKind kind, int index) {
    events.push({time, sequence++, kind, index});
    if (kind != EventKind::ChannelFree && kind != EventKind::Written)
      ++active;
  }

  /// Returns the number of units, or writes for the next run, that are done.
  int handle(const Event &event) {
    changed = true;
    switch (event.kind) {
    case EventKind::ChannelFree:
      return 0;
    case EventKind::Written: {
      tasks[event.index].isWritten = true;
      const Task &task = plan->tasks[event.index];
      if (task.isAhead)
        return 1;
      --unwrittenInSegment[task.segment];
      if (!units[task.unit].openDependencies)
        ready.insert(event.index);
      return 0;
    }
    case EventKind::ComputeEnd:
      --active;
      endCompute(event.index);
      return 0;
    case EventKind::DigitalReady:
      --active;
      followDigitally(event.index);
      return 0;
    case EventKind::StoreReady:
      --active;
      store(event.index);
      return 0;
    case EventKind::UnitDone:
      --active;
      endUnit(event.index);
      return 1;
    }
    return 0;
  }

  void endCompute(int t) {
    const Task &task = plan->tasks[t];
    --openInSegment[task.segment];
    const int strip = tasks[t].strip;
    if (strip >= 0 && !--tasks[strip].stripParts) {
      const Unit &unit = problem.units[task.unit];
      drop(task.unit, Tensor::Partial, unit.partialBytesOfColumn(),
           task.firstTile / unit.rowTiles);
    }
    if (problem.units[task.unit].isPinned || task.stays)
      return;
    freeArrays[task.group] += task.tiles * task.copies;
    if (!machine.groups[task.group].writersPerElement)
      freeInPool[firstPool[task.group]] += task.tiles * task.copies;
    for (const auto &[pool, count] : tasks[t].arrays) {
      if (!freeInPool[pool])
        elements[task.group].push({writers[pool].first(), pool});
      freeInPool[pool] += count;
    }
    if (recorder)
      recorder->freeArrays(t);
  }

  void endUnit(int u) {
    UnitState &state = units[u];
    state.isDone = true;
    if (!problem.units[u].usesArrays())
      --openInSegment[plan->tasks[order[u].front()].segment];
    drop(u, Tensor::Window, state.windowHeld);
    drop(u, Tensor::Input, state.inputHeld);
    for (int d : problem.units[u].dependencies)
      if (!--units[d].openReaders)
        drop(d, Tensor::Output, units[d].outputHeld);
    if (successors[u].empty())
      drop(u, Tensor::Output, state.outputHeld);
    for (int s : successors[u])
      if (!--units[s].openDependencies)
        for (int t : order[s])
          if (tasks[t].isWritten)
            ready.insert(t);
  }

  void store(int u) {
    const Picoseconds duration =
        machine.transferPs(problem.units[u].outputBytes);
    const int channel = firstFree(channels);
    const Picoseconds start = std::max(now, channels[channel]);
    channels[channel] = start + duration;
    if (recorder)
      recorder->addSpill({u, -1, -1, channel, start, start + duration});
    push(start + duration, EventKind::ChannelFree, 0);
    push(start + duration, EventKind::UnitDone, u);
  }

  /// Does all that can be done now.
  void advance() {
    while (changed) {
      changed = false;
      while (firstOpen < plan->tasks.size() &&
             units[plan->tasks[firstOpen].unit].isDone)
        ++firstOpen;
      while (plan->hasBarriers && segment < openInSegment.size() &&
             !openInSegment[segment] && !active)
        ++segment;
      int tries = 0;
      for (auto it = ready.begin(); it != ready.end() && tries < mostTries;) {
        if (start(*it)) {
          it = ready.erase(it);
        } else {
          ++it;
          ++tries;
        }
      }
      while (issue())
        ;
    }
  }

  //===--------------------------------------------------------------------===//
  // Writes
  //===--------------------------------------------------------------------===//

  static int firstFree(const std::vector<Picoseconds> &times) {
    return static_cast<int>(std::min_element(times.begin(), times.end()) -
                            times.begin());
  }

  /// Tiles that the next batch of a task has now.
  int64_t batchOf(int t) const {
    const Task &task = plan->tasks[t];
    if (plan->hasBarriers && size_t(task.segment) > segment)
      return 0;
    const int64_t left = task.tiles - tasks[t].issued;
    const int64_t fitting = freeArrays[task.group] / task.copies;
    if (plan->writesAtomically)
      return fitting >= left ? left : 0;
    const Group &group = machine.groups[task.group];
    const Unit &unit = problem.units[task.unit];
    int64_t most = left;
    if (unit.bytes) {
      const Picoseconds transfer =
          machine.arrivalPs(unit, task.group, unit.tiles() - 1, 1);
      most = std::min(most, std::max(leastBatch, group.writePs() / transfer));
    }
    if (group.writersPerElement)
      most =
          std::min(most, std::max<int64_t>(1, group.writers() / task.copies));
    return std::min(most, fitting);
  }

  /// Starts the transfer of one batch; false when none can be.
  bool issue() {
    const int channel = firstFree(channels);
    int best = -1;
    int64_t batch = 0;
    for (size_t g = 0; g < queues.size(); ++g) {
      if (heads[g] == queues[g].size())
        continue;
      const int t = queues[g][heads[g]];
      if (best >= 0 && t > best)
        continue;
      if (channels[channel] > now && problem.units[plan->tasks[t].unit].bytes)
        continue;
      if (const int64_t tiles = batchOf(t)) {
        best = t;
        batch = tiles;
      }
    }
    if (best < 0)
      return false;
    issue(best, batch, channel);
    return true;
  }

  void issue(int t, int64_t tiles, int channel) {
    const Task &task = plan->tasks[t];
    TaskState &state = tasks[t];
    const Group &group = machine.groups[task.group];
    const int64_t first = task.firstTile + state.issued;
    const Picoseconds arrival =
        now +
        machine.arrivalPs(problem.units[task.unit], task.group, first, tiles);
    if (arrival > now) {
      channels[channel] = arrival;
      push(arrival, EventKind::ChannelFree, 0);
    }
    if (recorder)
      recorder->addTransfer(t, first, tiles, channel, now, arrival);
    int64_t arrays = tiles * task.copies;
    freeArrays[task.group] -= arrays;
    if (!group.writersPerElement) {
      const int pool = firstPool[task.group];
      freeInPool[pool] -= arrays;
      state.written = std::max(state.written, arrival + group.writePs());
      if (recorder)
        recorder->addWrites(t, pool, 0, arrays, arrival,
                            arrival + group.writePs());
    } else {
      state.written = std::max(
          state.written, writeByElement(t, arrays, arrival, group.writePs()));
    }
    state.issued += tiles;
    if (state.issued == task.tiles) {
      push(state.written, EventKind::Written, t);
      ++heads[task.group];
    }
  }

  /// Writes a batch where writers are free first; returns when it is written.
  Picoseconds writeByElement(int t, int64_t arrays, Picoseconds arrival,
                             Picoseconds duration) {
    auto &heap = elements[plan->tasks[t].group];
    Picoseconds end = 0;
    int64_t done = 0;
    while (done < arrays) {
      const int pool = heap.top().second;
      heap.pop();
      if (!freeInPool[pool])
        continue; // residents took all of it
      Writers &own = writers[pool];
      const Picoseconds start = std::max(own.first(), arrival);
      const int64_t count = own.take(std::min(freeInPool[pool], arrays - done));
      own.giveBack(start + duration, count);
      freeInPool[pool] -= count;
      if (freeInPool[pool])
        heap.push({own.first(), pool});
      auto &held = tasks[t].arrays;
      if (held.empty() || held.back().first != pool)
        held.push_back({pool, 0});
      held.back().second += count;
      end = std::max(end, start + duration);
      if (recorder)
        recorder->addWrites(t, pool, done, count, start, start + duration);
      done += count;
    }
    return end;
  }

  //===--------------------------------------------------------------------===//
  // Computes
  //===--------------------------------------------------------------------===//

  void hold(int u, Tensor tensor, int64_t bytes, int64_t column = 0) {
    freeBytes -= bytes;
    if (recorder && bytes)
      recorder->hold(u, tensor, column, bytes, now);
  }
  void drop(int u, Tensor tensor, int64_t bytes, int64_t column = 0) {
    freeBytes += bytes;
    if (recorder && bytes)
      recorder->drop(u, tensor, column, now);
  }

  /// Finds room for what a task holds in the buffer. The first open unit may
  /// use the reserve for windows and partial sums, and spills what does not fit
  /// when waiting frees nothing.
  bool makeRoom(int t) {
    const Task &task = plan->tasks[t];
    const Unit &unit = problem.units[task.unit];
    UnitState &state = units[task.unit];
    const bool isFirst = task.unit == plan->tasks[firstOpen].unit;
    const int64_t strip = tasks[t].strip;
    const int64_t partial = strip >= 0 && !tasks[strip].stripIsHeld
                                ? unit.partialBytesOfColumn()
                                : 0;
    const int64_t room = freeBytes - reserve;
    if (!state.isStarted) {
      bool streams = false;
      for (int d : unit.dependencies)
        streams |= units[d].spillsOutput;
      const int64_t kept = unit.outputBytes + unit.inputBytes;
      const int64_t passing = (streams ? unit.windowBytes : 0) + partial;
      if (kept + (isFirst ? 0 : passing) > room) {
        if (!isFirst || active)
          return false;
        int64_t left = room;
        state.spillsOutput = unit.outputBytes > left;
        left -= state.spillsOutput ? 0 : unit.outputBytes;
        state.streamsInput = unit.inputBytes > left;
      }
      streams |= state.spillsOutput || state.streamsInput;
      state.outputHeld = state.spillsOutput ? 0 : unit.outputBytes;
      state.inputHeld = state.streamsInput ? 0 : unit.inputBytes;
      state.windowHeld = streams ? unit.windowBytes : 0;
      hold(task.unit, Tensor::Output, state.outputHeld);
      hold(task.unit, Tensor::Input, state.inputHeld);
      hold(task.unit, Tensor::Window, state.windowHeld);
    } else if (partial > (isFirst ? freeBytes : room)) {
      return false;
    }
    if (partial)
      hold(task.unit, Tensor::Partial, partial, task.firstTile / unit.rowTiles);
    if (strip >= 0)
      tasks[strip].stripIsHeld = true;
    return true;
  }

  /// Reads tensors that are not in the buffer. A task starts one window after
  /// each of them and ends one window after it.
  struct Streams {
    Picoseconds start = 0, end = 0;
  };
  Streams load(int t, Picoseconds lag) {
    const Task &task = plan->tasks[t];
    const Unit &unit = problem.units[task.unit];
    Streams result{now, now};
    const auto read = [&](int u, int64_t bytes) {
      const Picoseconds duration = machine.transferPs(bytes);
      const int channel = firstFree(channels);
      const Picoseconds start = std::max(now, channels[channel]);
      channels[channel] = start + duration;
      push(start + duration, EventKind::ChannelFree, 0);
      result.start = std::max(result.start, start + unit.lag(duration));
      result.end = std::max(result.end, start + duration + lag);
      if (recorder)
        recorder->addSpill({u, task.unit, unit.usesArrays() ? t : -1, channel,
                            start, start + duration});
    };
    for (int d : unit.dependencies)
      if (units[d].spillsOutput)
        read(d, problem.units[d].outputBytes);
    if (units[task.unit].streamsInput)
      read(task.unit, unit.inputBytes);
    return result;
  }

  /// Starts a task whose weights and inputs are there.
  bool start(int t) {
    const Task &task = plan->tasks[t];
    if (plan->isSerial && (size_t(t) != nextSerial || active))
      return false;
    if (plan->hasBarriers &&
        (size_t(task.segment) != segment || unwrittenInSegment[task.segment]))
      return false;
    if (!makeRoom(t))
      return false;
    ++nextSerial;
    changed = true;
    const Unit &unit = problem.units[task.unit];
    UnitState &state = units[task.unit];
    state.isStarted = true;
    --state.partsToStart;
    if (!unit.usesArrays()) {
      const int digital = firstFree(digitals);
      const Streams streams = load(t, unit.lag(unit.digitalPs));
      const Picoseconds begin = std::max(streams.start, digitals[digital]);
      const Picoseconds end = std::max(begin + unit.digitalPs, streams.end);
      digitals[digital] = end;
      if (recorder)
        recorder->addDigital({task.unit, digital, begin, end});
      state.lastStart = begin;
      finish(task.unit, end);
      return true;
    }
    const Streams streams = load(t, unit.mvmPs);
    const Picoseconds begin = std::max(now, streams.start);
    const Picoseconds end =
        std::max(begin + unit.computePs(task.copies), streams.end);
    if (recorder)
      recorder->addCompute({t, begin, end});
    push(end, EventKind::ComputeEnd, t);
    state.lastStart = std::max(state.lastStart, begin);
    state.lastEnd = std::max(state.lastEnd, end);
    if (state.partsToStart)
      return true;
    if (unit.digitalPs)
      push(
          std::max({now, state.lastStart + unit.mvmPs,
                    state.lastEnd + unit.lag(unit.digitalPs) - unit.digitalPs}),
          EventKind::DigitalReady, task.unit);
    else
      finish(task.unit, state.lastEnd);
    return true;
  }

  /// Digital work on results of arrays, which may start now.
  void followDigitally(int u) {
    const int digital = firstFree(digitals);
    const Picoseconds from = std::max(now, digitals[digital]);
    const Picoseconds done = from + problem.units[u].digitalPs;
    digitals[digital] = done;
    if (recorder)
      recorder->addDigital({u, digital, from, done});
    finish(u, done);
  }

  /// The results of a unit are all there at `end`, or on their way to DRAM.
  void finish(int u, Picoseconds end) {
    if (!units[u].spillsOutput) {
      push(end, EventKind::UnitDone, u);
      return;
    }
    const Unit &unit = problem.units[u];
    const Picoseconds duration = machine.transferPs(unit.outputBytes);
    const Picoseconds window =
        unit.usesArrays() ? unit.mvmPs : unit.lag(unit.digitalPs);
    push(std::max({now, units[u].lastStart + window,
                   end + unit.lag(duration) - duration}),
         EventKind::StoreReady, u);
  }

  const Problem &problem;
  const Machine &machine;
  const std::vector<std::vector<int>> successors;
  const Plan *plan = nullptr;
  std::unique_ptr<Recorder> recorder;

  Picoseconds now = 0;
  int64_t sequence = 0;
  int64_t active = 0; ///< events that free room in the buffer
  bool changed = false;
  std::priority_queue<Event> events;

  std::vector<TaskState> tasks;
  std::set<int> ready;                 ///< tasks that may start but for room
  std::vector<std::vector<int>> order; ///< tasks by unit
  size_t nextSerial = 0, firstOpen = 0;
  size_t segment = 0;
  std::vector<int> openInSegment, unwrittenInSegment;

  std::vector<UnitState> units;
  const int64_t capacity, reserve;
  int64_t freeBytes = 0;
  std::vector<Picoseconds> channels, digitals;

  /// Arrays lie in pools: a group, or an element where writers are limited.
  std::vector<std::vector<int>> queues;
  std::vector<size_t> heads;
  std::vector<int64_t> freeArrays, freeInPool;
  std::vector<int> firstPool;
  std::vector<Writers> writers;
  /// Elements with free arrays, those whose writers are free first on top.
  using Heap = std::priority_queue<std::pair<Picoseconds, int>,
                                   std::vector<std::pair<Picoseconds, int>>,
                                   std::greater<std::pair<Picoseconds, int>>>;
  std::vector<Heap> elements;
};

ListScheduler::ListScheduler(const Problem &problem)
    : state(std::make_unique<Run>(problem)) {}
ListScheduler::~ListScheduler() = default;

Picoseconds ListScheduler::run(const Plan &plan, Picoseconds giveUpAfter,
                               Schedule *record) {
  return state->run(plan, giveUpAfter, record);
}
