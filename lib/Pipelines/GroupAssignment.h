// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- GroupAssignment.h - Layers to groups with so many arrays -*- C++ -*-===//
#ifndef PUMICE_LIB_PIPELINES_GROUPASSIGNMENT_H
#define PUMICE_LIB_PIPELINES_GROUPASSIGNMENT_H

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice {

/// One way to compute a layer: its weights stay in arrays of a group, or they
/// are written in each inference, or it needs no arrays.
struct LayerChoice {
  int group = 0;
  int64_t arrays = 0;
  bool isRewritten = false;
  double cost = 0;
};

/// The choice of each layer with the least sum of costs, of those where the
/// weights that stay leave, in each group, room for the largest layer that is
/// rewritten there, or all of the group if that layer is larger. `arrays`: of
/// each group; none: no limit. A layer without choices gets none. The best of
/// all for a few layers, else the best that a bounded search finds.
std::vector<std::optional<size_t>>
assignToGroups(const std::vector<std::vector<LayerChoice>> &layers,
               const std::vector<std::optional<int64_t>> &arrays);

} // namespace pumice

#endif // PUMICE_LIB_PIPELINES_GROUPASSIGNMENT_H
