// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Wear.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

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

void Wear::add(const ArrayWrites &writes, llvm::StringRef layer) {
  double most = 0;
  for (const CellBlock &block : writes.blocks)
    most += double(block.rows) * double(block.columns) * double(block.writes);
  hasBounds |= writes.written.has_value();
  auto [stamp, isNew] =
      indices.try_emplace({layer.str(),
                           {writes.blocks.begin(), writes.blocks.end()},
                           writes.written.value_or(most)},
                          stamps.size());
  if (isNew)
    stamps.push_back(&stamp->first);
  // Split the map at both ends of the range and increment the entries inside.
  const int64_t first = writes.arrays.first, end = first + writes.arrays.count;
  for (int64_t at : {first, end})
    histories.emplace(at, std::prev(histories.upper_bound(at))->second);
  for (auto it = histories.find(first); it->first != end; ++it)
    ++it->second[stamp->second];
}

Wear::CellsByWrites Wear::count(const Wear &wear, const History &history,
                                const Wear *other,
                                const History *otherHistory) {
  struct Written {
    CellBlock block;
    int64_t one, two;
  };
  std::vector<Written> all;
  for (auto [stamp, times] : history)
    for (const CellBlock &block : wear.stamps[stamp]->blocks)
      all.push_back({block, times * block.writes, 0});
  if (other)
    for (auto [stamp, times] : *otherHistory)
      for (const CellBlock &block : other->stamps[stamp]->blocks)
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

WearSummary Wear::summaryOf(const History &history) const {
  WearSummary summary;
  for (auto [writes, cells] : count(*this, history, nullptr, nullptr))
    summary.cellsByWrites[writes.first] = cells;
  for (auto [stamp, times] : history)
    summary.written += stamps[stamp]->written * double(times);
  return summary;
}

int64_t Wear::arraysWritten() const {
  int64_t arrays = 0;
  for (auto it = histories.begin(); std::next(it) != histories.end(); ++it)
    if (!it->second.empty())
      arrays += std::next(it)->first - it->first;
  return arrays;
}

std::vector<WearRange> Wear::ranges() const {
  std::map<History, WearSummary> perArray; // shared by most arrays
  std::vector<WearRange> ranges;
  for (auto it = histories.begin(); std::next(it) != histories.end(); ++it) {
    const History &history = it->second;
    if (history.empty())
      continue;
    const int64_t first = it->first, arrays = std::next(it)->first - first;
    auto [known, isNew] = perArray.try_emplace(history);
    if (isNew)
      known->second = summaryOf(history);
    WearSummary summary = known->second;
    for (auto &[writes, cells] : summary.cellsByWrites)
      cells *= arrays;
    summary.written *= double(arrays);
    std::vector<std::string> layers;
    for (auto [stamp, times] : history)
      if (!llvm::is_contained(layers, stamps[stamp]->layer))
        layers.push_back(stamps[stamp]->layer);
    WearRange *last = ranges.empty() ? nullptr : &ranges.back();
    if (last && last->arrays.first + last->arrays.count == first &&
        last->layers == layers) {
      last->arrays.count += arrays;
      last->summary += summary;
    } else {
      ranges.push_back({{first, arrays}, std::move(layers), summary});
    }
  }
  return ranges;
}

std::optional<int64_t> Wear::survivedRuns(const Wear &setup, const Wear &run,
                                          int64_t enduranceWrites) {
  std::optional<int64_t> least;
  std::map<std::pair<History, History>, std::optional<int64_t>> known;
  auto runsOf = [&](const History &before, const History &during) {
    auto [entry, isNew] = known.try_emplace({during, before});
    if (isNew)
      for (auto [writes, cells] : count(run, during, &setup, &before)) {
        auto [perRun, once] = writes;
        if (perRun == 0)
          continue;
        const int64_t runs =
            std::max<int64_t>(enduranceWrites - once, 0) / perRun;
        entry->second = std::min(entry->second.value_or(runs), runs);
      }
    return entry->second;
  };
  for (auto it = run.histories.begin(); std::next(it) != run.histories.end();
       ++it) {
    if (it->second.empty())
      continue;
    const int64_t end = std::next(it)->first;
    for (auto before = std::prev(setup.histories.upper_bound(it->first));
         before != setup.histories.end() && before->first < end; ++before)
      if (std::optional<int64_t> runs = runsOf(before->second, it->second))
        least = std::min(least.value_or(*runs), *runs);
  }
  return least;
}
