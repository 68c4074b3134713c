// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interconnect.h - Links between tiles and memories --------*- C++ -*-===//
//
// The links of a device's interconnect, the routes over them, and what moving
// bytes over them costs (docs/interconnect.md). A link leads one way.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_INTERCONNECT_H
#define PUMICE_LIB_MODEL_MACHINE_INTERCONNECT_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pumice::model {

/// Numbers the tiles of an interconnect through the groups that have its level,
/// and sets the side of a tile.
void numberTiles(DeviceSpec &device);

/// The end of a route where the memories are.
constexpr int64_t atMemories = -1;

/// Links of a mesh, numbered: to the east by rows, to the west, to the south,
/// to the north. Links of an H-tree: up, by levels from the tiles, then down.
class Interconnect {
public:
  explicit Interconnect(const InterconnectSpec &spec);

  int64_t links() const { return count; }
  double lengthMm(int64_t link) const;
  /// Time and energy of a bit for one link, with the router before it.
  double hopNs(int64_t link) const {
    return spec.routerNs + spec.wireNsPerMm * lengthMm(link);
  }
  double hopPjPerBit(int64_t link) const {
    return spec.routerPjPerBit + spec.wirePjPerBitMm * lengthMm(link);
  }
  /// "ROW,COLUMN>ROW,COLUMN" of a mesh; "LEVEL.NODE>LEVEL.NODE" of an H-tree,
  /// whose tiles have level 0.
  std::string nameOf(int64_t link) const;
  /// Appends the links from one tile (or `atMemories`) to another: along the
  /// row and then the column in a mesh, over the lowest common node in an
  /// H-tree.
  void route(int64_t from, int64_t to,
             llvm::SmallVectorImpl<int64_t> &links) const;

private:
  void routeInMesh(int64_t from, int64_t to,
                   llvm::SmallVectorImpl<int64_t> &links) const;
  void routeInTree(int64_t from, int64_t to,
                   llvm::SmallVectorImpl<int64_t> &links) const;

  const InterconnectSpec &spec;
  int64_t rows = 0, columns = 0, branching = 0;
  int64_t count = 0;
  /// Of an H-tree: for each level below the root, the number of its first link
  /// up and the length of its links.
  struct Level {
    int64_t firstLink = 0;
    double lengthMm = 0;
  };
  std::vector<Level> levels;
  const Level &levelOf(int64_t upLink) const;
};

/// What a tile exchanges with the memories for one instruction, in bytes.
struct TileTraffic {
  int64_t tile = 0;
  int64_t fromBuffer = 0, fromDram = 0, toBuffer = 0;
};

/// Part `index` of `total` that is divided among `parts`, as evenly as whole
/// numbers allow.
int64_t shareOf(int64_t total, int64_t parts, int64_t index);

/// Traffic of units that share all bytes evenly; those of the interconnect
/// only.
std::vector<TileTraffic> evenTraffic(const UnitGroup &group,
                                     llvm::ArrayRef<ArrayRange> units,
                                     const TileTraffic &all);

/// The same with all of `fromBuffer` for each tile.
std::vector<TileTraffic> broadcastTraffic(const UnitGroup &group,
                                          llvm::ArrayRef<ArrayRange> units,
                                          const TileTraffic &all);

/// Arrays that some tiles of a matrix, or all of it, are on: one copy after the
/// other.
struct PlacedTiles {
  llvm::SmallVector<ArrayRange> arrays;
  std::optional<TileRange> tiles;
};

/// Traffic of writing copies of a matrix or of some tiles: `ofCopy` goes to
/// each copy, evenly to its arrays.
std::vector<TileTraffic> programTraffic(const UnitGroup &group,
                                        llvm::ArrayRef<ArrayRange> arrays,
                                        int64_t arraysPerCopy,
                                        const TileTraffic &ofCopy);

/// Traffic of a layer on crossbars. A tile gets the inputs of the rows that its
/// arrays hold, and sends a sum for each column that they hold, once for each
/// window of the copy, whatever number of its arrays these inputs and sums
/// belong to.
std::vector<TileTraffic> layerTraffic(const UnitGroup &group,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling, int64_t windows,
                                      llvm::ArrayRef<PlacedTiles> placed,
                                      int64_t bytesIn, int64_t bytesOut,
                                      int64_t replicas);

/// Adds energy, links, and the time of the farthest routes to a cost.
void addTraffic(Cost &cost, const DeviceSpec &device,
                llvm::ArrayRef<TileTraffic> traffic);

/// The same for bytes that move between DRAM and buffer.
void addTransferTraffic(Cost &cost, const DeviceSpec &device, int64_t bytes,
                        Memory from, Memory to);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_INTERCONNECT_H
