// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Lookup.h"

#include "lib/Model/AP/Costs.h"
#include "lib/Model/AP/Machine.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>

using namespace pumice::model;
using llvm::Twine;

std::optional<LookupMethod>
pumice::model::parseLookupMethod(llvm::StringRef name) {
  if (name == "exact")
    return LookupMethod::exact;
  if (name == "ternary")
    return LookupMethod::ternary;
  if (name == "hamming")
    return LookupMethod::hamming;
  return std::nullopt;
}

namespace {

/// A column and the bit that is searched or written there.
struct Key {
  int64_t column;
  bool bit;
};

/// Where things are on a processor. Bit i of a word is in column i % perPlane,
/// at domain i / perPlane; of a ternary word in two columns, "may be 0" and
/// "may be 1". Behind them a column for a flag, one for another or for the
/// count of differing bits.
struct Places {
  Places(const APSpec &ap, const LookupSpec &spec)
      : spec(spec), columnsPerBit(spec.method == LookupMethod::ternary ? 2 : 1),
        perPlane(std::max<int64_t>(
            1, std::min(spec.bits, (ap.columns - 2) / columnsPerBit))),
        planes(llvm::divideCeil(spec.bits, perPlane)),
        flag(perPlane * columnsPerBit), other(flag + 1),
        countBits(llvm::Log2_64_Ceil(spec.bits + 1)) {}

  int64_t planeOf(int64_t bit) const { return bit / perPlane; }
  int64_t columnOf(int64_t bit) const { return bit % perPlane * columnsPerBit; }

  const LookupSpec &spec;
  int64_t columnsPerBit, perPlane, planes, flag, other, countBits;
};

/// Runs the cycles of a query on `Backend`: `move(column, domain)`,
/// `endMoves()` and `pass(searched, written)`.
template <typename Backend>
void runQuery(const Places &places, llvm::ArrayRef<int8_t> query,
              Backend &backend) {
  const int64_t bits = places.spec.bits;
  auto clear = [&](int64_t column) {
    backend.pass({{column, true}}, {{column, false}});
  };
  if (places.spec.method == LookupMethod::hamming) {
    for (int64_t i = 0; i < places.countBits; ++i) {
      backend.move(places.other, i);
      backend.endMoves();
      clear(places.other);
    }
    clear(places.flag);
    for (int64_t bit = 0; bit < bits; ++bit) {
      // Rows that differ get a carry, which ripples through their count.
      backend.move(places.columnOf(bit), places.planeOf(bit));
      backend.move(places.other, 0);
      backend.endMoves();
      backend.pass({{places.columnOf(bit), query[bit] == 0}},
                   {{places.flag, true}});
      const int64_t width = llvm::Log2_64_Ceil(bit + 2);
      for (int64_t i = 0; i < width; ++i) {
        backend.move(places.other, i);
        backend.endMoves();
        backend.pass({{places.flag, true}, {places.other, false}},
                     {{places.flag, false}, {places.other, true}});
        backend.pass({{places.flag, true}, {places.other, true}},
                     {{places.other, false}});
      }
    }
    return;
  }
  // A plane after the other: rows that match it and matched those before get
  // the next flag.
  for (int64_t plane = 0; plane < places.planes; ++plane) {
    const int64_t next = plane % 2 ? places.other : places.flag;
    llvm::SmallVector<Key> keys;
    if (plane > 0)
      keys.push_back({plane % 2 ? places.flag : places.other, true});
    const int64_t end = std::min(bits, (plane + 1) * places.perPlane);
    for (int64_t bit = plane * places.perPlane; bit < end; ++bit) {
      const int64_t column = places.columnOf(bit);
      for (int64_t i = 0; i < places.columnsPerBit; ++i)
        backend.move(column + i, plane);
      if (query[bit] == 2)
        continue;
      if (places.columnsPerBit == 2)
        keys.push_back({column + query[bit], true});
      else
        keys.push_back({column, query[bit] != 0});
    }
    backend.endMoves();
    clear(next);
    backend.pass(keys, {{next, true}});
  }
}

/// Counts cycles.
struct Counting {
  Counting(const APSpec &ap) : ports(ap.columns) {
    work.mostWritten.resize(ap.columns);
  }

  void move(int64_t column, int64_t domain) { ports.need(column, domain); }
  void endMoves() { ports.endStep(); }
  void pass(llvm::ArrayRef<Key> searched, llvm::ArrayRef<Key> written) {
    ++work.passes;
    work.searched += searched.size();
    work.expectedWritten +=
        double(written.size()) /
        double(uint64_t(1) << std::min<size_t>(searched.size(), 62));
    for (const Key &key : written)
      ++work.mostWritten[key.column];
  }

  LookupWork work;
  APPorts ports;
};

/// Executes cycles on the rows of some processors.
struct Executing {
  Executing(APArray &array, llvm::ArrayRef<uint64_t> active)
      : array(array), active(active) {}

  void move(int64_t column, int64_t domain) {
    array.ports.need(column, domain);
  }
  void endMoves() { array.ports.endStep(); }
  void pass(llvm::ArrayRef<Key> searched, llvm::ArrayRef<Key> written) {
    auto under = [&](int64_t column) {
      return array.plane(column, array.ports.at(column));
    };
    for (size_t w = 0; w < active.size(); ++w) {
      uint64_t tags = active[w];
      for (const Key &key : searched)
        tags &= key.bit ? under(key.column)[w] : ~under(key.column)[w];
      for (const Key &key : written) {
        uint64_t &word = under(key.column)[w];
        word = key.bit ? word | tags : word & ~tags;
        array.taggedWrites += llvm::popcount(tags);
      }
    }
  }

  APArray &array;
  llvm::ArrayRef<uint64_t> active;
};

} // namespace

llvm::Expected<LookupWork> pumice::model::lookupWork(const APSpec &ap,
                                                     const LookupSpec &spec) {
  const Places places(ap, spec);
  if (places.other >= ap.columns || places.planes > ap.domains ||
      places.countBits > ap.domains)
    return llvm::createStringError(
        "words of " + Twine(spec.bits) + " bits take " +
        Twine(places.other + 1) + " columns and " +
        Twine(std::max(places.planes, places.countBits)) +
        " domains, but processors have " + Twine(ap.columns) + " and " +
        Twine(ap.domains));
  Counting counting(ap);
  runQuery(places, std::vector<int8_t>(spec.bits), counting);
  counting.ports.home();
  counting.work.distance = counting.ports.distance;
  counting.work.waited = counting.ports.waited;
  return counting.work;
}

llvm::Expected<uint64_t>
pumice::model::runLookup(const APSpec &ap, const LookupSpec &spec,
                         const Value &queries, const Value &table,
                         Value &result, unsigned threads) {
  if (queries.numElements() != spec.queries * spec.bits ||
      table.numElements() != spec.rows * spec.bits ||
      result.numElements() != spec.queries * spec.rows)
    return llvm::createStringError("expected " + Twine(spec.queries) +
                                   " queries and " + Twine(spec.rows) +
                                   " rows of " + Twine(spec.bits) + " bits");
  const int8_t most = spec.method == LookupMethod::ternary ? 2 : 1;
  for (llvm::ArrayRef<int8_t> entries :
       {queries.as<int8_t>(), table.as<int8_t>()})
    for (int8_t entry : entries)
      if (entry < 0 || entry > most)
        return llvm::createStringError("expected bits from 0 to " +
                                       Twine(int(most)) + ", got " +
                                       Twine(int(entry)));
  if (llvm::Expected<LookupWork> work = lookupWork(ap, spec); !work)
    return work.takeError();
  const Places places(ap, spec);
  std::atomic<uint64_t> written{0};
  parallelFor(
      threads, llvm::divideCeil(spec.rows, ap.rows), [&](int64_t block) {
        const int64_t first = block * ap.rows;
        const int64_t rows = std::min(ap.rows, spec.rows - first);
        APArray array(ap.columns, ap.domains, rows);
        llvm::ArrayRef<int8_t> words =
            table.as<int8_t>().slice(first * spec.bits, rows * spec.bits);
        std::vector<int64_t> column(rows);
        for (int64_t bit = 0; bit < spec.bits; ++bit)
          for (int64_t i = 0; i < places.columnsPerBit; ++i) {
            for (int64_t r = 0; r < rows; ++r) {
              const int8_t entry = words[r * spec.bits + bit];
              column[r] =
                  places.columnsPerBit == 2 ? entry == 2 || entry == i : entry;
            }
            array.write({uint16_t(places.columnOf(bit) + i),
                         uint16_t(places.planeOf(bit)), 1, false, false},
                        column);
          }
        Executing executing(array, array.activeRows());
        const bool counts = spec.method == LookupMethod::hamming;
        const int64_t where =
            counts || places.planes % 2 == 0 ? places.other : places.flag;
        const APValue found{uint16_t(where), 0,
                            uint8_t(counts ? places.countBits : 1), false,
                            false};
        std::vector<int64_t> numbers(rows);
        for (int64_t q = 0; q < spec.queries; ++q) {
          runQuery(places, queries.as<int8_t>().slice(q * spec.bits, spec.bits),
                   executing);
          array.ports.home();
          array.read(found, numbers);
          for (int64_t r = 0; r < rows; ++r)
            result.asMutable<int32_t>()[q * spec.rows + first + r] =
                int32_t(numbers[r]);
        }
        written += array.taggedWrites;
      });
  return written.load();
}

int64_t pumice::model::lookupProcessors(const APSpec &ap,
                                        const LookupSpec &spec) {
  return llvm::divideCeil(spec.rows, ap.rows);
}

Cost pumice::model::lookupCost(const DeviceSpec &device, const UnitGroup &group,
                               llvm::ArrayRef<ArrayRange> placed,
                               const LookupSpec &spec, const LookupWork &work,
                               std::optional<uint64_t> taggedWrites) {
  const APSpec &ap = *group.ap();
  const Places places(ap, spec);
  const bool counts = spec.method == LookupMethod::hamming;
  const int64_t resultBits = counts ? places.countBits : 1;
  const int64_t blocks = llvm::divideCeil(spec.rows, ap.rows);
  const double times = double(spec.queries), rows = double(spec.rows);
  Cost cost = bufferCost(device, spec.queries * spec.bits,
                         spec.queries * spec.rows * 4);
  auto energy = [&](Component component) -> double & {
    return cost.energyPj[static_cast<size_t>(component)];
  };
  const double written = taggedWrites ? double(*taggedWrites)
                                      : work.expectedWritten * times * rows;
  cost.counters.apPasses = spec.queries * work.passes * blocks;
  cost.counters.apTaggedWrites = int64_t(written);
  // Results are read plane by plane, there and back.
  const int64_t readMoves = counts ? 2 * resultBits : 0;
  const double distance = double(work.distance + readMoves) * times * rows;
  cost.counters.apShifts = int64_t(distance);
  energy(Component::search) =
      times * searchPj(ap, work.searched, work.passes, rows);
  energy(Component::tagWrite) = written * ap.writePjPerBit;
  energy(Component::shift) = distance * ap.shiftPjPerBit;
  energy(Component::apRead) =
      double(resultBits) * times * rows * ap.readPjPerBit;
  const double ns =
      times * (double(work.passes) * (ap.searchNs + ap.writeNs) +
               double(work.waited + readMoves) * ap.shiftNs +
               double(resultBits * std::min(spec.rows, ap.rows)) * ap.readNs);
  const int64_t available = totalUnits(placed);
  const int64_t turns =
      available ? std::max<int64_t>(llvm::divideCeil(blocks, available), 1) : 1;
  holdUnits(cost, group, firstUnits(placed, blocks), double(turns) * ns);
  return cost;
}
