// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PUMInterconnect.cpp - Verifiers of links between tiles --------*- C++
//-*-===//
#include "dialects/PUM/Checks.h"
#include "dialects/PUM/PUM.h"
#include "lib/Support/Saturating.h"

using namespace mlir;
using namespace pumice::pum;
using pumice::Number;

using EmitError = function_ref<InFlightDiagnostic()>;

/// Links are modelled one by one.
static constexpr int64_t mostNodes = 1 << 18;
/// The parts of a buffer: each tile has a route to each of them.
static constexpr int64_t mostParts = 1024;

LogicalResult InterconnectAttr::verify(
    EmitError emitError, Topology topology, StringRef,
    std::optional<int64_t> rows, std::optional<int64_t> columns,
    std::optional<int64_t> branching, std::optional<Number> pitch,
    Number bandwidth, Number routerTime, Number wireTime, Number routerEnergy,
    Number wireEnergy, std::optional<int64_t> memoryNode, bool) {
  const bool isMesh = topology == Topology::mesh;
  const std::pair<StringRef, std::optional<int64_t>> foreign[] = {
      {"rows", rows}, {"columns", columns}, {"memory_node", memoryNode}};
  if (isMesh && branching)
    return emitError() << "branching is a field of an htree, got it in a mesh";
  if (!isMesh)
    for (const auto &field : foreign)
      if (field.second)
        return emitError() << field.first
                           << " is a field of a mesh, got it in an htree";
  if (isMesh && (!rows || !columns))
    return emitError() << "a mesh must have rows and columns";
  if (!isMesh && !branching)
    return emitError() << "an htree must have branching";
  if (branching && *branching < 2)
    return emitError() << "branching must be at least 2, got " << *branching;
  if (isMesh) {
    if (failed(
            checkCounts(emitError, {{"rows", *rows}, {"columns", *columns}})))
      return failure();
    const int64_t nodes = saturatingProduct({*rows, *columns});
    if (nodes > mostNodes)
      return emitError() << "a mesh must have at most " << mostNodes
                         << " nodes, got " << *rows << " x " << *columns;
    if (memoryNode && (*memoryNode < 0 || *memoryNode >= nodes))
      return emitError() << "memory_node must be one of the " << nodes
                         << " nodes of the mesh, got " << *memoryNode;
  }
  if (failed(checkNumbers(emitError, {{"bandwidth_bytes_per_ns", bandwidth}},
                          /*positive=*/true)) ||
      (pitch && failed(checkNumbers(emitError, {{"tile_pitch_mm", *pitch}},
                                    /*positive=*/true))))
    return failure();
  return checkNumbers(emitError, {{"router_ns", routerTime},
                                  {"wire_ns_per_mm", wireTime},
                                  {"router_pj_per_bit", routerEnergy},
                                  {"wire_pj_per_bit_mm", wireEnergy}});
}

/// Whether components give an area to a level of a group.
static bool hasArea(UnitGroup group, StringRef name, ArrayAttr components) {
  if (!components)
    return false;
  for (auto level : group.getLevels().getAsRange<LevelAttr>()) {
    for (auto part : components.getAsRange<ComponentAttr>())
      if (part.getGroup() == group.getName() &&
          part.getLevel() == level.getName() && part.getAreaUm2() > 0)
        return true;
    if (level.getName() == name)
      return false;
  }
  return false;
}

LogicalResult pumice::pum::checkInterconnect(EmitError emitError,
                                             ArrayAttr groups,
                                             ArrayAttr components,
                                             InterconnectAttr interconnect) {
  if (!interconnect)
    return success();
  StringRef level = interconnect.getLevel();
  int64_t tiles = 0;
  bool isSized = interconnect.getTilePitchMm().has_value();
  for (Attribute attr : groups) {
    auto group = cast<UnitGroup>(attr);
    ArrayAttr levels = group.getLevels();
    if (!levels)
      continue;
    int64_t count = 0; // instances of the level
    for (auto each : levels.getAsRange<LevelAttr>()) {
      if (count && !each.getHolds())
        return emitError() << "interconnect joins level \"" << level
                           << "\", expected a limit to its number, got level "
                              "\""
                           << each.getName() << "\" of group \""
                           << group.getName() << "\" without one";
      if (count)
        count = saturatingProduct({count, *each.getHolds()});
      else if (each.getName() == level)
        count = 1;
    }
    if (!count)
      continue;
    saturatingAdd(tiles, count);
    isSized |= hasArea(group, level, components);
    auto crossbars = dyn_cast<CrossbarGroupAttr>(attr);
    if (crossbars && crossbars.getCircuits())
      return emitError() << "interconnect and the circuits of group \""
                         << group.getName()
                         << "\" both count the interconnect, expected one of "
                            "them";
  }
  if (!tiles)
    return emitError() << "interconnect joins level \"" << level
                       << "\", expected a level of a group";
  if (tiles > mostNodes)
    return emitError() << "interconnect must join at most " << mostNodes
                       << " tiles, got " << tiles;
  if (interconnect.getTopology() == Topology::mesh &&
      tiles > *interconnect.getRows() * *interconnect.getColumns())
    return emitError() << "interconnect has a mesh of "
                       << *interconnect.getRows() << " x "
                       << *interconnect.getColumns()
                       << " nodes, expected room for the " << tiles
                       << " tiles of the device";
  if (interconnect.getSpreadBuffer() && tiles > mostParts)
    return emitError() << "interconnect must spread the buffer over at most "
                       << mostParts << " tiles, got " << tiles;
  if (!isSized)
    return emitError()
           << "interconnect needs tile_pitch_mm: no component gives "
              "level \""
           << level << "\" an area";
  return success();
}
