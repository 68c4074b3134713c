// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Wear.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cassert>
#include <set>

using namespace pumice::model;

//===----------------------------------------------------------------------===//
// Summaries
//===----------------------------------------------------------------------===//

int64_t WearSummary::max() const {
  return cellsByWrites.empty() ? 0 : cellsByWrites.rbegin()->first;
}

int64_t WearSummary::cells() const {
  int64_t sum = 0;
  for (auto [writes, cells] : cellsByWrites)
    sum += cells;
  return sum;
}

int64_t WearSummary::cellsWritten() const {
  auto unwritten = cellsByWrites.find(0);
  return cells() - (unwritten == cellsByWrites.end() ? 0 : unwritten->second);
}

double WearSummary::mean() const {
  const int64_t all = cells();
  return all > 0 ? written / double(all) : 0;
}

WearSummary &WearSummary::operator+=(const WearSummary &other) {
  for (auto [writes, cells] : other.cellsByWrites)
    cellsByWrites[writes] += cells;
  written += other.written;
  return *this;
}

//===----------------------------------------------------------------------===//
// Accounting
//===----------------------------------------------------------------------===//

size_t Wear::stampOf(const ArrayWrites &writes, size_t layer) {
  // Arrays of one instruction have the same cells.
  const Shape *shape = stamps.empty() ? nullptr : shapes[stamps.back().shape];
  size_t index = 0;
  if (shape && shape->layer == layer &&
      llvm::ArrayRef(shape->blocks) == llvm::ArrayRef(writes.blocks)) {
    index = stamps.back().shape;
  } else {
    auto [known, isNew] = shapeIndices.try_emplace(
        {layer, {writes.blocks.begin(), writes.blocks.end()}}, shapes.size());
    if (isNew)
      shapes.push_back(&known->first);
    index = known->second;
  }
  double most = 0;
  for (const CellBlock &block : writes.blocks)
    most += double(block.rows) * double(block.columns) * double(block.writes);
  const double written = writes.written.value_or(most);
  auto [stamp, isNew] = stampIndices.try_emplace(
      {index, llvm::bit_cast<uint64_t>(written)}, stamps.size());
  if (isNew)
    stamps.push_back({index, written});
  return stamp->second;
}

void Wear::add(llvm::ArrayRef<ArrayWrites> all, llvm::StringRef name) {
  if (all.empty())
    return;
  assert(!isFrozen && "frozen wear takes no writes");
  summarized.reset();
  auto [layer, isNewLayer] = layerIndices.try_emplace(name, layers.size());
  if (isNewLayer)
    layers.push_back(name.str());
  // An entry that begins at `at`; the search starts behind `near`.
  auto split = [&](Histories::iterator near, int64_t at) {
    auto next = std::next(near);
    if (near->first > at || (next != histories.end() && next->first < at))
      next = histories.upper_bound(at);
    else if (next != histories.end() && next->first == at)
      return next;
    auto before = std::prev(next);
    return before->first == at
               ? before
               : histories.emplace_hint(next, at, before->second);
  };
  for (const ArrayWrites &writes : all) {
    hasBounds |= writes.written.has_value();
    const size_t stamp = stampOf(writes, layer->second);
    // Split the map at both ends of the range and increment the entries inside.
    const int64_t end = writes.arrays.first + writes.arrays.count;
    auto it = last = split(last, writes.arrays.first);
    for (const auto stop = split(last, end); it != stop; ++it) {
      History &history = it->second;
      // Most stamps are newer than all before.
      auto at = history.end();
      while (at != history.begin() && std::prev(at)->first >= stamp)
        --at;
      if (at != history.end() && at->first == stamp)
        ++at->second;
      else
        history.insert(at, {stamp, 1});
    }
  }
}

Wear::ShapeHistory Wear::shapesOf(const History &history) const {
  ShapeHistory found;
  found.reserve(history.size());
  for (auto [stamp, times] : history)
    found.emplace_back(stamps[stamp].shape, times);
  llvm::sort(found);
  size_t count = 0;
  for (auto [shape, times] : found)
    if (count > 0 && found[count - 1].first == shape)
      found[count - 1].second += times;
    else
      found[count++] = {shape, times};
  found.resize(count);
  return found;
}

Wear::CellsByWrites Wear::count(const Wear &wear, const ShapeHistory &history,
                                const Wear *other,
                                const ShapeHistory *otherHistory) {
  struct Written {
    CellBlock block;
    int64_t one, two;
  };
  std::vector<Written> all;
  for (auto [shape, times] : history)
    for (const CellBlock &block : wear.shapes[shape]->blocks)
      all.push_back({block, times * block.writes, 0});
  if (other)
    for (auto [shape, times] : *otherHistory)
      for (const CellBlock &block : other->shapes[shape]->blocks)
        all.push_back({block, 0, times * block.writes});

  // All wordlines between two adjacent edges of blocks are alike, and so are
  // all cells between two adjacent edges along such a wordline.
  std::vector<int64_t> edges;
  for (const Written &written : all) {
    edges.push_back(written.block.row);
    edges.push_back(written.block.row + written.block.rows);
  }
  llvm::sort(edges);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  llvm::sort(all, [](const Written &a, const Written &b) {
    return a.block.row < b.block.row;
  });
  CellsByWrites cells;
  int64_t touched = 0;
  std::vector<Written> active;
  size_t next = 0;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    llvm::erase_if(active, [&](const Written &written) {
      return written.block.row + written.block.rows <= edges[i];
    });
    for (; next < all.size() && all[next].block.row <= edges[i]; ++next)
      active.push_back(all[next]);
    std::map<int64_t, std::pair<int64_t, int64_t>> steps;
    for (const Written &written : active) {
      auto &begin = steps[written.block.column];
      begin.first += written.one;
      begin.second += written.two;
      auto &end = steps[written.block.column + written.block.columns];
      end.first -= written.one;
      end.second -= written.two;
    }
    std::pair<int64_t, int64_t> writes = {0, 0};
    for (auto it = steps.begin(); it != steps.end(); ++it) {
      writes.first += it->second.first;
      writes.second += it->second.second;
      auto after = std::next(it);
      if (after == steps.end() || (writes.first == 0 && writes.second == 0))
        continue;
      const int64_t area =
          (edges[i + 1] - edges[i]) * (after->first - it->first);
      cells[writes] += area;
      touched += area;
    }
  }
  if (touched < wear.rows * wear.columns)
    cells[{0, 0}] = wear.rows * wear.columns - touched;
  return cells;
}

void Wear::freeze() {
  summary();
  isFrozen = true;
  stamps = {};
  stampIndices = decltype(stampIndices)();
  layers = {};
  layerIndices.clear();
  histories = {{0, {}}};
  last = histories.begin();
}

const Wear::Summary &Wear::summary() const {
  if (summarized)
    return *summarized;
  Summary &made = summarized.emplace();
  std::map<ShapeHistory, size_t> numbers;
  std::vector<CellsByWrites> cells; // by number
  llvm::SmallVector<size_t, 8> lastLayers, own;
  for (auto it = histories.begin(); it != histories.end(); ++it) {
    const History &history = it->second;
    const int64_t first = it->first;
    auto [known, isNew] =
        numbers.try_emplace(shapesOf(history), numbers.size());
    if (isNew) {
      made.histories.push_back(known->first);
      cells.push_back(count(*this, known->first, nullptr, nullptr));
    }
    made.historyFrom.emplace_back(first, known->second);
    if (history.empty())
      continue;
    const int64_t arrays = std::next(it)->first - first;
    made.arraysWritten += arrays;
    WearSummary sum;
    for (auto [writes, count] : cells[known->second])
      sum.cellsByWrites.emplace_hint(sum.cellsByWrites.end(), writes.first,
                                     count * arrays);
    own.clear();
    for (auto [stamp, times] : history) {
      sum.written += stamps[stamp].written * double(times);
      const size_t layer = shapes[stamps[stamp].shape]->layer;
      if (!llvm::is_contained(own, layer))
        own.push_back(layer);
    }
    sum.written *= double(arrays);
    WearRange *previous = made.ranges.empty() ? nullptr : &made.ranges.back();
    if (previous && previous->arrays.first + previous->arrays.count == first &&
        lastLayers == own) {
      previous->arrays.count += arrays;
      previous->summary += sum;
      continue;
    }
    std::vector<std::string> names;
    for (size_t layer : own)
      names.push_back(layers[layer]);
    made.ranges.push_back({{first, arrays}, std::move(names), std::move(sum)});
    lastLayers = own;
  }
  return made;
}

std::optional<int64_t> Wear::survivedRuns(const Wear &setup, const Wear &run,
                                          int64_t enduranceWrites) {
  std::optional<int64_t> least;
  std::set<std::pair<size_t, size_t>> known; // of the setup, of a run
  const Summary &before = setup.summary(), &during = run.summary();
  size_t at = 0; // in `before`: the last that begins at or before a range
  for (size_t i = 0; i + 1 < during.historyFrom.size(); ++i) {
    auto [first, history] = during.historyFrom[i];
    if (during.histories[history].empty())
      continue;
    const int64_t end = during.historyFrom[i + 1].first;
    while (at + 1 < before.historyFrom.size() &&
           before.historyFrom[at + 1].first <= first)
      ++at;
    for (size_t j = at;
         j < before.historyFrom.size() && before.historyFrom[j].first < end;
         ++j) {
      const size_t once = before.historyFrom[j].second;
      if (!known.emplace(once, history).second)
        continue;
      for (auto [writes, cells] : count(run, during.histories[history], &setup,
                                        &before.histories[once]))
        if (writes.first > 0) {
          const int64_t runs =
              std::max<int64_t>(enduranceWrites - writes.second, 0) /
              writes.first;
          least = std::min(least.value_or(runs), runs);
        }
    }
  }
  return least;
}
