// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Verify.cpp - Whether a schedule keeps every constraint -------------===//
//
// One function for each constraint V1, V2, ... of docs/scheduling.md. The
// functions share derived times, but nothing with the algorithms.
//
//===----------------------------------------------------------------------===//
#include "lib/Scheduling/Schedule.h"
#include "lib/Scheduling/Stream.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace pumice::scheduling;
using llvm::Error;
using llvm::Twine;

namespace {

Error fail(const Twine &text) { return llvm::createStringError(text.str()); }

/// A span in which something is in use.
struct Span {
  Picoseconds start, end;
  int64_t amount; ///< or who uses it
};

class Verifier {
public:
  Verifier(const Problem &problem, const Schedule &schedule)
      : problem(problem), machine(problem.machine), schedule(schedule),
        end(schedule.end) {}

  Error verify() {
    if (Error error = checkIndices())
      return error;
    if (schedule.isStream && (!schedule.period || !*schedule.period))
      return fail("expected a stream to have a period, got none");
    for (auto step :
         {&Verifier::checkParts, &Verifier::checkComputesAreThere,
          &Verifier::checkDigitalIsThere, &Verifier::derive,
          &Verifier::checkWrites, &Verifier::checkTiles, &Verifier::checkArrays,
          &Verifier::checkWriters, &Verifier::checkChannels,
          &Verifier::checkDependencies, &Verifier::checkDigital,
          &Verifier::checkSpills, &Verifier::checkTensors,
          &Verifier::checkBanks, &Verifier::checkStart})
      if (Error error = (this->*step)())
        return error;
    return Error::success();
  }

private:
  std::string nameOf(int unit) const {
    return "unit '" + problem.units[unit].name + "'";
  }
  std::string nameOfPart(int part) const {
    return nameOf(schedule.parts[part].unit) + ", part " + std::to_string(part);
  }
  const Unit &unitOf(int part) const {
    return problem.units[schedule.parts[part].unit];
  }

  //===--------------------------------------------------------------------===//
  // V1: all numbers name something, all intervals lie in the schedule
  //===--------------------------------------------------------------------===//

  Error index(const char *what, int64_t value, size_t count) const {
    if (value >= 0 && value < static_cast<int64_t>(count))
      return Error::success();
    return fail(Twine(what) + ": expected a number below " + Twine(count) +
                ", got " + Twine(value));
  }
  Error interval(const char *what, Picoseconds from, Picoseconds to) const {
    if (from >= 0 && from <= to && to <= end)
      return Error::success();
    return fail(Twine(what) + ": expected an interval in [0, " + Twine(end) +
                "], got [" + Twine(from) + ", " + Twine(to) + ")");
  }
  /// Tiles of a part, and arrays from `firstArray`.
  Error range(const char *what, int part, int64_t first, int64_t tiles) const {
    const Part &own = schedule.parts[part];
    if (tiles >= 1 && first >= own.firstTile &&
        first - own.firstTile <= own.tiles - tiles)
      return Error::success();
    return fail(Twine(what) + " of " + nameOfPart(part) +
                ": expected tiles of the part, got " + Twine(tiles) + " from " +
                Twine(first));
  }
  Error arrays(int64_t first, int64_t count) {
    int64_t limit = 0;
    for (const Group &group : machine.groups)
      limit += group.arrays();
    if (first >= 0 && first <= limit - count)
      return Error::success();
    return fail("expected arrays below " + Twine(limit) + ", got " +
                Twine(count) + " from " + Twine(first));
  }

  Error checkIndices() {
    const size_t units = problem.units.size();
    const size_t parts = schedule.parts.size();
    if (end < 0 || (schedule.period && *schedule.period < 0))
      return fail("expected a schedule of at least 0 ps");
    for (const Part &part : schedule.parts) {
      if (Error error = index("unit of a part", part.unit, units))
        return error;
      const Unit &unit = problem.units[part.unit];
      const int64_t most = std::min(unit.maxCopies, unit.windows);
      if (part.copies < 1 || part.copies > most)
        return fail(nameOf(part.unit) + ": expected 1 to " + Twine(most) +
                    " copies, got " + Twine(part.copies));
    }
    for (const Resident &r : schedule.residents) {
      if (Error error = index("part of a resident", r.part, parts))
        return error;
      if (Error error = index("copy of a resident", r.copy,
                              schedule.parts[r.part].copies))
        return error;
      if (Error error = range("resident", r.part, r.firstTile, r.tiles))
        return error;
      if (Error error = arrays(r.firstArray, r.tiles))
        return error;
    }
    for (const Transfer &t : schedule.transfers) {
      if (Error error = index("part of a transfer", t.part, parts))
        return error;
      if (Error error =
              index("channel of a transfer", t.channel, machine.dramChannels))
        return error;
      if (Error error = range("transfer", t.part, t.firstTile, t.tiles))
        return error;
      if (Error error = interval("transfer", t.start, t.end))
        return error;
    }
    for (const Write &w : schedule.writes) {
      if (Error error = index("transfer of a write", w.transfer,
                              schedule.transfers.size()))
        return error;
      const Transfer &transfer = schedule.transfers[w.transfer];
      if (Error error = index("copy of a write", w.copy,
                              schedule.parts[transfer.part].copies))
        return error;
      if (w.tiles < 1 || w.firstTile < transfer.firstTile ||
          w.firstTile - transfer.firstTile > transfer.tiles - w.tiles)
        return fail("write of " + nameOfPart(transfer.part) +
                    ": expected tiles of its transfer, got " + Twine(w.tiles) +
                    " from " + Twine(w.firstTile));
      if (Error error = arrays(w.firstArray, w.tiles))
        return error;
      if (Error error = interval("write", w.start, w.end))
        return error;
    }
    for (const Compute &c : schedule.computes) {
      if (Error error = index("part of a compute", c.part, parts))
        return error;
      if (Error error = interval("compute", c.start, c.end))
        return error;
    }
    for (const Digital &d : schedule.digitals) {
      if (Error error = index("unit of digital work", d.unit, units))
        return error;
      if (Error error =
              index("digital unit", d.digitalUnit, machine.digitalUnits))
        return error;
      if (Error error = interval("digital work", d.start, d.end))
        return error;
    }
    for (const Spill &s : schedule.spills) {
      if (Error error = index("unit of a spill", s.unit, units))
        return error;
      if (s.reader != -1)
        if (Error error = index("reader of a spill", s.reader, units))
          return error;
      if (s.readerPart != -1)
        if (Error error = index("reading part of a spill", s.readerPart, parts))
          return error;
      if (Error error =
              index("channel of a spill", s.channel, machine.dramChannels))
        return error;
      if (Error error = interval("spill", s.start, s.end))
        return error;
    }
    for (const Held &h : schedule.held) {
      if (Error error = index("unit of a tensor", h.unit, units))
        return error;
      if (Error error = index("bank", h.bank, machine.banks.size()))
        return error;
      if (Error error = interval("tensor", h.start, h.end))
        return error;
      if (h.bytes < 1)
        return fail("expected at least one byte held, got " + Twine(h.bytes));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V2: the parts of a unit are all of its tiles, each once
  //===--------------------------------------------------------------------===//

  Error checkParts() {
    partsOf.resize(problem.units.size());
    for (size_t p = 0; p < schedule.parts.size(); ++p)
      partsOf[schedule.parts[p].unit].push_back(static_cast<int>(p));
    for (size_t u = 0; u < problem.units.size(); ++u) {
      auto &parts = partsOf[u];
      std::sort(parts.begin(), parts.end(), [&](int a, int b) {
        return schedule.parts[a].firstTile < schedule.parts[b].firstTile;
      });
      int64_t next = 0;
      for (int p : parts) {
        const Part &part = schedule.parts[p];
        if (part.firstTile != next || part.tiles < 1 ||
            part.tiles > problem.units[u].tiles() - next)
          return fail(nameOf(u) + ": expected a part from tile " + Twine(next) +
                      ", got " + Twine(part.tiles) + " tiles from " +
                      Twine(part.firstTile));
        next += part.tiles;
      }
      if (next != problem.units[u].tiles())
        return fail(nameOf(u) + ": expected parts of " +
                    Twine(problem.units[u].tiles()) + " tiles, got " +
                    Twine(next));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V3: each part computes once, long enough for its windows
  //===--------------------------------------------------------------------===//

  /// Of a stream: whether windows of successive inputs follow one another at
  /// even distances.
  bool isEven(const Compute &c) const {
    return c.end - c.start == evenDuration(unitOf(c.part), *schedule.period) &&
           isEnoughForEven(unitOf(c.part), schedule.parts[c.part].copies,
                           *schedule.period);
  }

  Error checkComputesAreThere() {
    computeOf.assign(schedule.parts.size(), nullptr);
    for (const Compute &c : schedule.computes) {
      if (computeOf[c.part])
        return fail(nameOfPart(c.part) + ": expected one compute, got two");
      computeOf[c.part] = &c;
      const Picoseconds needed =
          unitOf(c.part).computePs(schedule.parts[c.part].copies);
      if (schedule.isStream && isEven(c))
        continue;
      if (c.end - c.start < needed)
        return fail(nameOfPart(c.part) + ": expected a compute of at least " +
                    Twine(needed) + " ps, got " + Twine(c.end - c.start));
      if (schedule.period && c.end - c.start > *schedule.period)
        return fail(
            nameOfPart(c.part) + ": expected a compute within the period of " +
            Twine(*schedule.period) + " ps, got " + Twine(c.end - c.start));
    }
    for (size_t p = 0; p < schedule.parts.size(); ++p)
      if (!computeOf[p])
        return fail(nameOfPart(p) + ": expected one compute, got none");
    return Error::success();
  }

  Error checkDigitalIsThere() {
    digitalOf.assign(problem.units.size(), nullptr);
    for (const Digital &d : schedule.digitals) {
      if (digitalOf[d.unit])
        return fail(nameOf(d.unit) + ": expected digital work once, got twice");
      digitalOf[d.unit] = &d;
      if (d.end - d.start < problem.units[d.unit].digitalPs)
        return fail(nameOf(d.unit) + ": expected digital work of at least " +
                    Twine(problem.units[d.unit].digitalPs) + " ps, got " +
                    Twine(d.end - d.start));
    }
    for (size_t u = 0; u < problem.units.size(); ++u)
      if (!digitalOf[u] &&
          (problem.units[u].digitalPs || !problem.units[u].usesArrays()))
        return fail(nameOf(u) + ": expected digital work once, got none");
    return Error::success();
  }

  /// When units begin, and when their results are there.
  Error derive() {
    const size_t units = problem.units.size();
    firstStart.assign(units, end);
    lastStart.assign(units, 0);
    lastEnd.assign(units, 0);
    store.assign(units, nullptr);
    for (const Compute &c : schedule.computes) {
      const int u = schedule.parts[c.part].unit;
      firstStart[u] = std::min(firstStart[u], c.start);
      lastStart[u] = std::max(lastStart[u], c.start);
      lastEnd[u] = std::max(lastEnd[u], c.end);
    }
    computed = lastEnd;
    for (size_t u = 0; u < units; ++u) {
      const Digital *digital = digitalOf[u];
      if (!digital)
        continue;
      computed[u] = std::max(computed[u], digital->end);
      if (!problem.units[u].usesArrays())
        firstStart[u] = lastStart[u] = digital->start;
    }
    done = computed;
    for (const Spill &s : schedule.spills)
      if (s.reader == -1) {
        if (store[s.unit])
          return fail(nameOf(s.unit) +
                      ": expected results to be stored once, got twice");
        store[s.unit] = &s;
        done[s.unit] = std::max(done[s.unit], s.end);
      }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V4: transfers and writes take their time, in this order
  //===--------------------------------------------------------------------===//

  int groupOf(int64_t array) const {
    int g = 0;
    while (array >= machine.groups[g].arrays())
      array -= machine.groups[g++].arrays();
    return g;
  }

  /// All arrays of a part lie in one group that its unit allows.
  Error checkGroup(int part, int64_t first, int64_t count) const {
    const std::vector<int> &allowed = unitOf(part).groups;
    const int g = groupOf(first);
    if (std::find(allowed.begin(), allowed.end(), g) == allowed.end() ||
        groupOf(first + count - 1) != g)
      return fail(nameOfPart(part) +
                  ": expected arrays of a group that the "
                  "unit allows, got " +
                  Twine(count) + " from " + Twine(first));
    return Error::success();
  }

  Error checkWrites() {
    for (const Transfer &t : schedule.transfers) {
      const Picoseconds needed =
          machine.transferPs(unitOf(t.part).bytesOf(t.firstTile, t.tiles));
      if (t.end - t.start < needed)
        return fail(nameOfPart(t.part) + ": expected a transfer of at least " +
                    Twine(needed) + " ps, got " + Twine(t.end - t.start));
    }
    for (const Write &w : schedule.writes) {
      const Transfer &transfer = schedule.transfers[w.transfer];
      if (Error error = checkGroup(transfer.part, w.firstArray, w.tiles))
        return error;
      const Group &group = machine.groups[groupOf(w.firstArray)];
      const Picoseconds decoding = group.decodePs(
          unitOf(transfer.part).decodedOf(transfer.firstTile, transfer.tiles));
      if (transfer.end - transfer.start < decoding)
        return fail(nameOfPart(transfer.part) +
                    ": expected a transfer of at least " + Twine(decoding) +
                    " ps for the decoder, got " +
                    Twine(transfer.end - transfer.start));
      const Picoseconds needed = group.writePs();
      if (w.end - w.start < needed)
        return fail(nameOfPart(transfer.part) +
                    ": expected a write of at least " + Twine(needed) +
                    " ps, got " + Twine(w.end - w.start));
      if (w.start < transfer.end)
        return fail(nameOfPart(transfer.part) +
                    ": expected a write after its transfer ends at " +
                    Twine(transfer.end) + ", got " + Twine(w.start));
      if (transfer.isAhead)
        continue;
      if (w.end > computeOf[transfer.part]->start)
        return fail(nameOfPart(transfer.part) +
                    ": expected all writes before it computes at " +
                    Twine(computeOf[transfer.part]->start) + ", got " +
                    Twine(w.end));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V5: each copy of a part has every tile, once
  //===--------------------------------------------------------------------===//

  Error checkTiles() {
    std::vector<Range> ranges;
    isAhead.assign(schedule.parts.size(), false);
    for (const Transfer &t : schedule.transfers)
      if (t.isAhead)
        isAhead[t.part] = true;
    for (const Resident &r : schedule.residents) {
      if (Error error = checkGroup(r.part, r.firstArray, r.tiles))
        return error;
      ranges.push_back({r.part, r.copy, r.firstTile, r.tiles});
    }
    std::vector<Range> next;
    for (const Write &w : schedule.writes) {
      const Transfer &transfer = schedule.transfers[w.transfer];
      (transfer.isAhead ? next : ranges)
          .push_back({transfer.part, w.copy, w.firstTile, w.tiles});
    }
    if (Error error =
            checkCopies(std::move(ranges), "", [](int) { return true; }))
      return error;
    return checkCopies(std::move(next), " for the next run",
                       [&](int part) { return isAhead[part]; });
  }

  struct Range {
    int part;
    int64_t copy, first, tiles;
  };
  template <typename Wanted>
  Error checkCopies(std::vector<Range> ranges, const char *when,
                    Wanted isWanted) const {
    std::sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) {
      return std::tie(a.part, a.copy, a.first) <
             std::tie(b.part, b.copy, b.first);
    });
    size_t at = 0;
    for (size_t p = 0; p < schedule.parts.size(); ++p) {
      const Part &part = schedule.parts[p];
      for (int64_t c = 0; c < part.copies && isWanted(p); ++c) {
        int64_t next = part.firstTile;
        for (; at < ranges.size() && ranges[at].part == static_cast<int>(p) &&
               ranges[at].copy == c && ranges[at].first == next;
             ++at)
          next += ranges[at].tiles;
        const bool isOver = at == ranges.size() ||
                            ranges[at].part != static_cast<int>(p) ||
                            ranges[at].copy != c;
        if (next != part.firstTile + part.tiles || !isOver)
          return fail(
              nameOfPart(p) + ", copy " + Twine(c) + when +
              ": expected each tile in one array, got tile " +
              Twine(isOver ? next : ranges[at].first) +
              (isOver || ranges[at].first > next ? " in none" : " in two"));
      }
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V6: an array is in one interval at once
  //===--------------------------------------------------------------------===//

  Error checkArrays() {
    struct Use {
      int64_t array;
      Picoseconds start, end;
      int unit;
    };
    std::vector<Use> uses;
    for (const Write &w : schedule.writes) {
      const Transfer &transfer = schedule.transfers[w.transfer];
      const int u = schedule.parts[transfer.part].unit;
      const Picoseconds until = problem.units[u].isPinned || transfer.isAhead
                                    ? end
                                    : computeOf[transfer.part]->end;
      for (int64_t i = 0; i < w.tiles; ++i)
        uses.push_back({w.firstArray + i, transfer.start, until, u});
    }
    for (const Resident &r : schedule.residents)
      for (int64_t i = 0; i < r.tiles; ++i)
        // Residents hold their arrays even in a schedule of no time.
        uses.push_back({r.firstArray + i, 0,
                        isAhead[r.part] ? computeOf[r.part]->end
                                        : std::max<Picoseconds>(end, 1),
                        schedule.parts[r.part].unit});
    std::sort(uses.begin(), uses.end(), [](const Use &a, const Use &b) {
      return std::tie(a.array, a.start, a.end) <
             std::tie(b.array, b.start, b.end);
    });
    for (size_t i = 1; i < uses.size(); ++i)
      if (uses[i].array == uses[i - 1].array && uses[i].start < uses[i - 1].end)
        return fail("array " + Twine(uses[i].array) +
                    ": expected one user at once, got " +
                    nameOf(uses[i - 1].unit) + " until " +
                    Twine(uses[i - 1].end) + " and " + nameOf(uses[i].unit) +
                    " from " + Twine(uses[i].start));
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V7: an element writes no more arrays at once than it has writers
  //===--------------------------------------------------------------------===//

  /// The most that is in use at once; `at` is where.
  static int64_t peak(std::vector<Span> &spans, Picoseconds &at) {
    std::vector<std::pair<Picoseconds, int64_t>> changes;
    for (const Span &span : spans)
      if (span.start < span.end) {
        changes.push_back({span.start, span.amount});
        changes.push_back({span.end, -span.amount});
      }
    // What ends at a moment makes room for what starts.
    std::sort(changes.begin(), changes.end());
    int64_t now = 0, most = 0;
    for (const auto &[time, change] : changes) {
      now += change;
      if (now > most) {
        most = now;
        at = time;
      }
    }
    return most;
  }

  Error checkWriters() {
    std::map<std::pair<int, int64_t>, std::vector<Span>> byElement;
    for (const Write &w : schedule.writes) {
      const int g = groupOf(w.firstArray);
      const Group &group = machine.groups[g];
      if (!group.writersPerElement)
        continue;
      int64_t first = w.firstArray - machine.firstArray(g), left = w.tiles;
      while (left) {
        const int64_t element = first / group.arraysPerElement;
        const int64_t count =
            std::min(left, (element + 1) * group.arraysPerElement - first);
        byElement[{g, element}].push_back({w.start, w.end, count});
        first += count;
        left -= count;
      }
    }
    for (auto &[key, spans] : byElement) {
      const Group &group = machine.groups[key.first];
      Picoseconds at = 0;
      const int64_t most = peak(spans, at);
      if (most > group.writersPerElement)
        return fail(
            "element " + Twine(key.second) + " of group '" + group.name +
            "': expected at most " + Twine(group.writersPerElement) +
            " arrays written at once, got " + Twine(most) + " at " + Twine(at));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V8: a channel moves one thing at a time
  //===--------------------------------------------------------------------===//

  /// With a period, intervals repeat: folds them into one period.
  std::vector<Span> folded(const std::vector<Span> &spans) const {
    if (!schedule.period || !*schedule.period)
      return spans;
    const Picoseconds period = *schedule.period;
    std::vector<Span> result;
    for (Span span : spans) {
      const Picoseconds whole = (span.end - span.start) / period;
      if (whole)
        result.push_back({0, period, span.amount * whole});
      const Picoseconds start = span.start % period;
      const Picoseconds rest = start + (span.end - span.start) % period;
      result.push_back({start, std::min(rest, period), span.amount});
      if (rest > period)
        result.push_back({0, rest - period, span.amount});
    }
    return result;
  }

  Error exclusive(const Twine &what, std::vector<Span> spans) const {
    for (Span &span : spans)
      span.amount = 1;
    spans = folded(spans);
    Picoseconds at = 0;
    if (peak(spans, at) > 1)
      return fail(what + ": expected one use at once, got two at " + Twine(at));
    return Error::success();
  }

  Error checkChannels() {
    std::vector<std::vector<Span>> spans(machine.dramChannels);
    for (const Transfer &t : schedule.transfers)
      spans[t.channel].push_back({t.start, t.end, 1});
    for (const Spill &s : schedule.spills)
      spans[s.channel].push_back({s.start, s.end, 1});
    for (size_t c = 0; c < spans.size(); ++c)
      if (Error error = exclusive("DRAM channel " + Twine(c), spans[c]))
        return error;
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V9: a unit starts when all that it reads is done
  //===--------------------------------------------------------------------===//

  Error checkDependencies() {
    if (schedule.isStream)
      return schedule.verifyStream(problem);
    for (size_t u = 0; u < problem.units.size(); ++u)
      for (int d : problem.units[u].dependencies)
        if (firstStart[u] < done[d])
          return fail(nameOf(u) + ": expected a start after " + nameOf(d) +
                      " is done at " + Twine(done[d]) + ", got " +
                      Twine(firstStart[u]));
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V10: digital work stays one window behind the products
  //===--------------------------------------------------------------------===//

  Error checkDigital() {
    if (schedule.isStream)
      return Error::success();
    std::vector<std::vector<Span>> spans(machine.digitalUnits);
    for (const Digital &d : schedule.digitals) {
      const Unit &unit = problem.units[d.unit];
      spans[d.digitalUnit].push_back({d.start, d.end, 1});
      if (schedule.period && d.end - d.start > *schedule.period)
        return fail(
            nameOf(d.unit) + ": expected digital work within the period of " +
            Twine(*schedule.period) + " ps, got " + Twine(d.end - d.start));
      if (!unit.usesArrays())
        continue;
      const Picoseconds start = lastStart[d.unit] + unit.mvmPs;
      const Picoseconds finish = lastEnd[d.unit] + unit.lag(unit.digitalPs);
      if (d.start < start || d.end < finish)
        return fail(nameOf(d.unit) + ": expected digital work from " +
                    Twine(start) + " or later to " + Twine(finish) +
                    " or later, got [" + Twine(d.start) + ", " + Twine(d.end) +
                    ")");
    }
    for (size_t i = 0; i < spans.size(); ++i)
      if (Error error = exclusive("digital unit " + Twine(i), spans[i]))
        return error;
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V11: what leaves the buffer is stored, then read by each part that needs it
  //===--------------------------------------------------------------------===//

  Error checkSpills() {
    streams.assign(problem.units.size(), false);
    std::map<std::pair<int, int>, int> loads; // (unit, part or -1 - reader)
    for (const Spill &s : schedule.spills) {
      const Unit &unit = problem.units[s.unit];
      const bool isInput = s.unit == s.reader;
      const int64_t bytes = isInput ? unit.inputBytes : unit.outputBytes;
      const Picoseconds needed = machine.transferPs(bytes);
      if (s.end - s.start < needed || schedule.period)
        return fail(nameOf(s.unit) + ": expected a spill of at least " +
                    Twine(needed) + " ps outside of pipelines, got " +
                    Twine(s.end - s.start));
      if (s.reader == -1) {
        streams[s.unit] = true;
        const Picoseconds window =
            unit.usesArrays() ? unit.mvmPs : unit.lag(unit.digitalPs);
        const Picoseconds start = lastStart[s.unit] + window;
        const Picoseconds finish = computed[s.unit] + unit.lag(needed);
        if (s.start < start || s.end < finish)
          return fail(nameOf(s.unit) + ": expected results stored from " +
                      Twine(start) + " or later to " + Twine(finish) +
                      " or later, got [" + Twine(s.start) + ", " +
                      Twine(s.end) + ")");
        continue;
      }
      const Unit &reader = problem.units[s.reader];
      streams[s.reader] = true;
      const bool hasPart = s.readerPart >= 0;
      if (hasPart != reader.usesArrays() ||
          (hasPart && schedule.parts[s.readerPart].unit != s.reader))
        return fail(nameOf(s.reader) + ": expected reads by its own parts");
      if (!loads.insert({{s.unit, hasPart ? s.readerPart : -1 - s.reader}, 1})
               .second)
        return fail(nameOf(s.reader) + ": expected one read of " +
                    nameOf(s.unit) + " for each part, got two");
      const Picoseconds start =
          hasPart ? computeOf[s.readerPart]->start : digitalOf[s.reader]->start;
      const Picoseconds finish =
          hasPart ? computeOf[s.readerPart]->end : digitalOf[s.reader]->end;
      const Picoseconds window =
          hasPart ? reader.mvmPs : reader.lag(reader.digitalPs);
      if (start < s.start + reader.lag(needed) || finish < s.end + window ||
          (!isInput && s.start < done[s.unit]))
        return fail(nameOf(s.reader) + ": expected reads of " + nameOf(s.unit) +
                    " after it is done and one window before they are needed, "
                    "got [" +
                    Twine(s.start) + ", " + Twine(s.end) + ")");
    }
    // Each part reads each spilled tensor once.
    std::vector<int64_t> expected(problem.units.size());
    std::vector<int64_t> found(problem.units.size());
    for (const auto &[key, count] : loads)
      ++found[key.second >= 0 ? schedule.parts[key.second].unit
                              : -1 - key.second];
    streamsInput.assign(problem.units.size(), false);
    for (const Spill &s : schedule.spills)
      if (s.unit == s.reader)
        streamsInput[s.unit] = true;
    for (size_t u = 0; u < problem.units.size(); ++u) {
      const int64_t parts =
          problem.units[u].usesArrays() ? partsOf[u].size() : 1;
      int64_t tensors = streamsInput[u];
      for (int d : problem.units[u].dependencies)
        tensors += store[d] ? 1 : 0;
      if (found[u] != tensors * parts)
        return fail(nameOf(u) + ": expected " + Twine(tensors * parts) +
                    " reads of spilled tensors, got " + Twine(found[u]));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V12: live tensors and partial sums lie in the buffer
  //===--------------------------------------------------------------------===//

  Error checkTensor(int unit, Tensor tensor, const char *name, int64_t column,
                    int64_t bytes, Picoseconds from, Picoseconds to) const {
    if (!bytes)
      return Error::success();
    int64_t held = 0;
    const auto found = heldOf.find({unit, tensor, column});
    if (found != heldOf.end())
      for (const Held *h : found->second)
        if (h->start <= from && h->end >= to)
          held += h->bytes;
    if (held < bytes)
      return fail(nameOf(unit) + ": expected " + Twine(bytes) + " bytes of " +
                  name + " held in [" + Twine(from) + ", " + Twine(to) +
                  "), got " + Twine(held));
    return Error::success();
  }

  Error checkTensors() {
    if (schedule.isStream)
      return Error::success();
    for (const Held &h : schedule.held)
      heldOf[{h.unit, h.tensor, h.column}].push_back(&h);
    std::vector<Picoseconds> read = done;
    for (size_t u = 0; u < problem.units.size(); ++u)
      for (int d : problem.units[u].dependencies)
        read[d] = std::max(read[d], done[u]);
    for (size_t u = 0; u < problem.units.size(); ++u) {
      const Unit &unit = problem.units[u];
      const Picoseconds from = firstStart[u];
      if (!store[u])
        if (Error error = checkTensor(u, Tensor::Output, "results", 0,
                                      unit.outputBytes, from, read[u]))
          return error;
      if (!streamsInput[u])
        if (Error error = checkTensor(u, Tensor::Input, "inputs", 0,
                                      unit.inputBytes, from, done[u]))
          return error;
      if (streams[u])
        if (Error error = checkTensor(u, Tensor::Window, "a window", 0,
                                      unit.windowBytes, from, done[u]))
          return error;
      // Parts are sorted by tile: those of a column follow one another.
      const auto &parts = partsOf[u];
      for (size_t i = 0; i < parts.size();) {
        const int64_t column =
            schedule.parts[parts[i]].firstTile / unit.rowTiles;
        Picoseconds first = end, last = 0;
        size_t count = 0;
        for (; i < parts.size(); ++i, ++count) {
          const Part &part = schedule.parts[parts[i]];
          if (part.firstTile % unit.rowTiles + part.tiles > unit.rowTiles &&
              (part.firstTile % unit.rowTiles || part.tiles % unit.rowTiles))
            return fail(nameOf(u) + ": expected a part to be whole columns or "
                                    "to lie in one column");
          if (part.firstTile / unit.rowTiles != column)
            break;
          first = std::min(first, computeOf[parts[i]]->start);
          last = std::max(last, computeOf[parts[i]]->end);
        }
        if (count > 1)
          if (Error error =
                  checkTensor(u, Tensor::Partial, "partial sums", column,
                              unit.partialBytesOfColumn(), first, last))
            return error;
      }
    }
    return Error::success();
  }

  Error checkBanks() {
    std::vector<std::vector<Span>> spans(machine.banks.size());
    for (const Held &h : schedule.held)
      spans[h.bank].push_back({h.start, h.end, h.bytes});
    for (size_t b = 0; b < spans.size(); ++b) {
      std::vector<Span> own = folded(spans[b]);
      Picoseconds at = 0;
      const int64_t most = peak(own, at);
      if (most > machine.banks[b].bytes)
        return fail("bank " + Twine(b) + ": expected at most " +
                    Twine(machine.banks[b].bytes) + " bytes, got " +
                    Twine(most) + " at " + Twine(at));
    }
    return Error::success();
  }

  //===--------------------------------------------------------------------===//
  // V13: the end is like the start
  //===--------------------------------------------------------------------===//

  Error checkStart() {
    if (schedule.start == Start::Cold && !schedule.residents.empty())
      return fail("expected no weights in arrays at a cold start, got " +
                  nameOfPart(schedule.residents.front().part));
    if (schedule.period && !schedule.writes.empty())
      return fail("expected a pipeline without writes, got " +
                  Twine(schedule.writes.size()));
    // What is brought for the next run lies where the residents of this one do,
    // up to the names of arrays that are written alike.
    std::map<std::tuple<int, int, int64_t>, int64_t> places;
    const auto count = [&](int part, int64_t first, int64_t tiles,
                           int64_t sign) {
      const int g = groupOf(first);
      const Group &group = machine.groups[g];
      for (int64_t i = 0; i < tiles; ++i) {
        const int64_t element =
            group.writersPerElement
                ? (first + i - machine.firstArray(g)) / group.arraysPerElement
                : 0;
        places[{part, g, element}] += sign;
      }
    };
    for (const Resident &r : schedule.residents)
      if (isAhead[r.part])
        count(r.part, r.firstArray, r.tiles, 1);
    for (const Write &w : schedule.writes)
      if (schedule.transfers[w.transfer].isAhead)
        count(schedule.transfers[w.transfer].part, w.firstArray, w.tiles, -1);
    for (const auto &[place, difference] : places)
      if (difference)
        return fail(nameOfPart(std::get<0>(place)) +
                    ": expected as many arrays of each element for the next "
                    "run as for this one");
    if (schedule.start == Start::Steady)
      for (const Transfer &t : schedule.transfers)
        if (unitOf(t.part).isPinned)
          return fail(nameOfPart(t.part) +
                      ": expected a pinned unit to be resident in the steady "
                      "state, got a transfer");
    return Error::success();
  }

  const Problem &problem;
  const Machine &machine;
  const Schedule &schedule;
  const Picoseconds end;
  std::vector<std::vector<int>> partsOf;
  std::vector<const Compute *> computeOf;
  std::vector<const Digital *> digitalOf;
  std::vector<const Spill *> store;
  /// By unit: first and last start of a part, last end, end of all work, and
  /// when the results may be read.
  std::vector<Picoseconds> firstStart, lastStart, lastEnd, computed, done;
  std::vector<bool> streams, streamsInput;
  std::vector<bool> isAhead; ///< parts that are written for the next run
  std::map<std::tuple<int, Tensor, int64_t>, std::vector<const Held *>> heldOf;
};

} // namespace

Error Schedule::verify(const Problem &problem) const {
  return Verifier(problem, *this).verify();
}

int64_t Schedule::tilesWritten() const {
  int64_t tiles = 0;
  for (const Write &write : writes)
    tiles += write.tiles;
  return tiles;
}

int64_t Schedule::mostWrites() const {
  std::vector<std::pair<int64_t, int64_t>> changes;
  for (const Write &write : writes) {
    changes.push_back({write.firstArray, 1});
    changes.push_back({write.firstArray + write.tiles, -1});
  }
  std::sort(changes.begin(), changes.end());
  int64_t now = 0, most = 0;
  for (const auto &change : changes)
    most = std::max(most, now += change.second);
  return most;
}
