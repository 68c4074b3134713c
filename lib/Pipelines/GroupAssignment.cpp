// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Pipelines/GroupAssignment.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace pumice;

namespace {

/// Partial assignments that the search for the best one visits.
constexpr int64_t mostVisits = 400'000;

class Assigner {
public:
  Assigner(const std::vector<std::vector<LayerChoice>> &layers,
           const std::vector<std::optional<int64_t>> &arrays)
      : layers(layers), arrays(arrays), used(arrays.size()),
        largest(arrays.size()), now(layers.size()) {}

  std::vector<std::optional<size_t>> run() {
    for (size_t l = 0; l < layers.size(); ++l)
      if (!layers[l].empty())
        order.push_back(l);
    // Layers with the most to lose first: bounds get sharp early.
    std::vector<double> spread(layers.size());
    for (size_t l : order) {
      const auto [low, high] =
          std::minmax_element(layers[l].begin(), layers[l].end(),
                              [](const LayerChoice &a, const LayerChoice &b) {
                                return a.cost < b.cost;
                              });
      spread[l] = high->cost - low->cost;
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return spread[a] > spread[b]; });
    // What is left costs at least its cheapest choices.
    rest.assign(order.size() + 1, 0);
    byCost.resize(layers.size());
    for (size_t i = order.size(); i-- > 0;) {
      const auto &choices = layers[order[i]];
      std::vector<size_t> &own = byCost[order[i]];
      own.resize(choices.size());
      std::iota(own.begin(), own.end(), size_t(0));
      std::stable_sort(own.begin(), own.end(), [&](size_t a, size_t b) {
        return choices[a].cost < choices[b].cost;
      });
      rest[i] = rest[i + 1] + choices[own.front()].cost;
    }
    rewriteAll();
    search(0, 0);
    return best;
  }

private:
  /// Where nothing stays, everything fits: the first solution.
  void rewriteAll() {
    best.resize(layers.size());
    double sum = 0;
    for (size_t l : order) {
      for (size_t c : byCost[l])
        if (!best[l] && (layers[l][c].isRewritten || !layers[l][c].arrays))
          best[l] = c;
      sum += best[l] ? layers[l][*best[l]].cost : HUGE_VAL;
    }
    least = sum;
  }

  int64_t roomFor(size_t g, int64_t size) const {
    return arrays[g] ? std::min(size, *arrays[g]) : size;
  }
  bool fits(size_t g) const {
    return !arrays[g] || used[g] + roomFor(g, largest[g]) <= *arrays[g];
  }

  /// Depth first, cheap choices first.
  void search(size_t at, double cost) {
    if (cost + rest[at] >= least || visits >= mostVisits)
      return;
    if (at == order.size()) {
      least = cost;
      best = now;
      return;
    }
    ++visits;
    const size_t layer = order[at];
    for (size_t c : byCost[layer]) {
      const LayerChoice &choice = layers[layer][c];
      const int64_t before = largest[choice.group];
      if (choice.isRewritten)
        largest[choice.group] = std::max(before, choice.arrays);
      else
        used[choice.group] += choice.arrays;
      if (fits(choice.group)) {
        now[layer] = c;
        search(at + 1, cost + choice.cost);
      }
      largest[choice.group] = before;
      if (!choice.isRewritten)
        used[choice.group] -= choice.arrays;
    }
    now[layer] = std::nullopt;
  }

  const std::vector<std::vector<LayerChoice>> &layers;
  const std::vector<std::optional<int64_t>> &arrays;
  /// By group: arrays of what stays, and of the largest layer that does not.
  std::vector<int64_t> used, largest;
  std::vector<std::optional<size_t>> now, best;
  std::vector<size_t> order;
  std::vector<std::vector<size_t>> byCost;
  std::vector<double> rest;
  double least = HUGE_VAL;
  int64_t visits = 0;
};

} // namespace

std::vector<std::optional<size_t>>
pumice::assignToGroups(const std::vector<std::vector<LayerChoice>> &layers,
                       const std::vector<std::optional<int64_t>> &arrays) {
  return Assigner(layers, arrays).run();
}
