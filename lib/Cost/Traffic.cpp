// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Traffic.cpp - What tasks move over the links of a device -*- C++ -*-===//
#include "lib/Cost/CostModel.h"
#include "lib/Model/Machine/Interconnect.h"

#include <algorithm>

using namespace mlir;
using namespace pumice;

namespace {
/// What an instruction reads and writes, as its cost counts it.
model::TileTraffic allOf(const model::Cost &cost) {
  model::TileTraffic all;
  all.fromBuffer = cost.counters.bufferBytesRead;
  all.fromDram = cost.counters.dramBytesRead;
  all.toBuffer = cost.counters.bufferBytesWritten;
  return all;
}
} // namespace

std::vector<model::TileTraffic>
CostModel::trafficOf(const ProgramTask &task, const model::UnitGroup &group,
                     const model::Cost &cost) const {
  const int64_t perCopy = specOf(task.grid).arraysPerCopy();
  const SmallVector<model::ArrayRange> arrays =
      unitsOf(task.grid.placement, group, perCopy);
  const int64_t replicas = std::max<int64_t>(
      model::totalUnits(arrays) / std::max<int64_t>(perCopy, 1), 1);
  // The memory is read once for all copies, but tables are those of each.
  auto ofCopy = [&](int64_t bytes) {
    const int64_t weights = std::min(bytes, task.bytes);
    return weights + (bytes - weights) / replicas;
  };
  model::TileTraffic traffic = allOf(cost);
  traffic.fromBuffer = ofCopy(traffic.fromBuffer);
  traffic.fromDram = ofCopy(traffic.fromDram);
  return model::programTraffic(group, arrays, perCopy, traffic);
}

std::vector<model::TileTraffic>
CostModel::trafficOf(const MVMTask &task, const model::UnitGroup &group) const {
  const GridSpec grid = specOf(task.grid);
  SmallVector<model::PlacedTiles> placed;
  int64_t arrays = 0;
  for (const MVMTask::Joined &part : task.joined) {
    std::optional<model::TileRange> tiles;
    if (part.tiles)
      tiles = model::TileRange{(*part.tiles)[0], (*part.tiles)[1]};
    placed.push_back({rangesOf(part.placement.ranges), tiles});
    arrays += model::totalUnits(placed.back().arrays);
  }
  if (task.joined.empty()) {
    placed.push_back(
        {unitsOf(task.grid.placement, group, grid.tiling.arrays), {}});
    arrays = model::totalUnits(placed.back().arrays);
  }
  return model::layerTraffic(group, grid.matrix, grid.tiling, task.windows,
                             placed, task.bytesIn, task.bytesOut,
                             arrays / std::max<int64_t>(grid.tiling.arrays, 1));
}

llvm::Error CostModel::addTraffic(const TaskWork &work, model::Cost &cost) {
  if (!spec.interconnect)
    return llvm::Error::success();
  const model::TileTraffic all = allOf(cost);
  if (auto *task = std::get_if<TransferTask>(&work)) {
    model::addTransferTraffic(cost, spec, task->bytes, memoryOf(task->from),
                              memoryOf(task->to));
  } else if (auto *task = std::get_if<ProgramTask>(&work)) {
    auto group = crossbarsOf(task->grid);
    if (!group)
      return group.takeError();
    model::addTraffic(cost, spec, trafficOf(*task, **group, cost));
  } else if (auto *task = std::get_if<MVMTask>(&work)) {
    auto group = crossbarsOf(task->grid);
    if (!group)
      return group.takeError();
    model::addTraffic(cost, spec, trafficOf(*task, **group));
  } else if (auto *task = std::get_if<ApplyTask>(&work)) {
    auto group = crossbarsOf(task->grids.front());
    if (!group)
      return group.takeError();
    auto units = [&](const TaskGrid &grid) {
      return unitsOf(grid.placement, **group, specOf(grid).tiling.arrays);
    };
    // What passes between the layers of a net is not counted.
    model::TileTraffic in = all, out = all;
    in.toBuffer = out.fromBuffer = out.fromDram = 0;
    std::vector<model::TileTraffic> traffic =
        model::evenTraffic(**group, units(task->grids.front()), in);
    llvm::append_range(
        traffic, model::evenTraffic(**group, units(task->grids.back()), out));
    model::addTraffic(cost, spec, traffic);
  } else if (auto *task = std::get_if<CamSearchTask>(&work)) {
    auto group = camsOf(task->placement);
    if (!group)
      return group.takeError();
    model::addTraffic(
        cost, spec,
        model::broadcastTraffic(**group,
                                unitsOf(task->placement, **group,
                                        mappingOf(task->mapping).arrays()),
                                all));
  } else if (auto *task = std::get_if<CamWriteTask>(&work)) {
    auto group = camsOf(task->placement);
    if (!group)
      return group.takeError();
    model::addTraffic(
        cost, spec,
        model::evenTraffic(**group,
                           unitsOf(task->placement, **group,
                                   mappingOf(task->mapping).arrays()),
                           all));
  } else if (!std::holds_alternative<DigitalTask>(work)) {
    auto *run = std::get_if<APRunTask>(&work);
    const TaskPlacement &placement =
        run ? run->placement : std::get<APLookupTask>(work).placement;
    auto group = processorsOf(placement);
    if (!group)
      return group.takeError();
    llvm::Expected<int64_t> wanted = processorsOf(work);
    if (!wanted)
      return wanted.takeError();
    model::addTraffic(
        cost, spec,
        model::evenTraffic(
            **group,
            model::firstUnits(unitsOf(placement, **group, *wanted), *wanted),
            all));
  }
  return llvm::Error::success();
}
