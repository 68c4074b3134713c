// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Interconnect.h"

#include "lib/Model/Machine/RollUp.h"
#include "lib/Support/Saturating.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

using namespace pumice;
using namespace pumice::model;

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Instances of a level in a group; 0 if there is none, or no limit.
static int64_t instancesOf(const UnitGroup &group, const std::string &level) {
  int64_t count = 1;
  for (const LevelSpec &each : llvm::reverse(group.levels)) {
    if (each.name == level)
      return count;
    count = saturatingProduct({count, each.holds.value_or(0)});
  }
  return 0;
}

void pumice::model::numberTiles(DeviceSpec &device) {
  InterconnectSpec &interconnect = *device.interconnect;
  interconnect.tiles = 0;
  for (UnitGroup &group : device.groups) {
    group.firstTile = std::nullopt;
    const int64_t tiles = instancesOf(group, interconnect.level);
    if (!tiles)
      continue;
    group.firstTile = interconnect.tiles;
    group.unitsPerTile = std::max<int64_t>(
        group.unitsPer(interconnect.level).value_or(INT64_MAX), 1);
    saturatingAdd(interconnect.tiles, tiles);
  }
  double areaUm2 = 0;
  if (!interconnect.tilePitchMm)
    for (const LevelSum &level : rollUp(device).levels)
      if (level.level == interconnect.level)
        areaUm2 = std::max(areaUm2, level.each.areaUm2);
  interconnect.pitchMm =
      interconnect.tilePitchMm.value_or(std::sqrt(areaUm2) / 1000);
}

/// The tile of a unit; the group is of the interconnect.
static int64_t tileOf(const UnitGroup &group, int64_t unit) {
  return *group.firstTile + unit / group.unitsPerTile;
}

//===----------------------------------------------------------------------===//
// Links
//===----------------------------------------------------------------------===//

/// Devices may have more, but no use for them.
static constexpr int64_t mostBranches = 1 << 20;

Interconnect::Interconnect(const InterconnectSpec &spec)
    : spec(spec), rows(std::max<int64_t>(spec.rows.value_or(1), 1)),
      columns(std::max<int64_t>(spec.columns.value_or(1), 1)),
      branching(
          std::clamp<int64_t>(spec.branching.value_or(2), 2, mostBranches)) {
  if (spec.topology == Topology::mesh) {
    saturatingAdd(count, saturatingProduct({2, rows, columns - 1}));
    saturatingAdd(count, saturatingProduct({2, rows - 1, columns}));
    return;
  }
  // The parts of a node stand side by side, in rows of as many as fit a square
  // best; every other level the other way round if they are not as many rows.
  int64_t fewer =
      std::max<int64_t>(static_cast<int64_t>(std::sqrt(double(branching))), 1);
  while (branching % fewer)
    --fewer;
  const int64_t more = branching / fewer;
  double width = spec.pitchMm, height = spec.pitchMm;
  for (int64_t nodes = spec.tiles; nodes > 1;
       nodes = llvm::divideCeil(nodes, branching)) {
    const bool isWide = height < width;
    const auto across = double(isWide ? fewer : more);
    const auto down = double(isWide ? more : fewer);
    // As long as the outermost part needs: links of a level are of one length.
    levels.push_back({count, ((across - 1) * width + (down - 1) * height) / 2});
    width *= across;
    height *= down;
    saturatingAdd(count, nodes);
  }
  count = saturatingProduct({2, count});
}

const Interconnect::Level &Interconnect::levelOf(int64_t upLink) const {
  return *std::prev(
      llvm::upper_bound(levels, upLink, [](int64_t link, const Level &level) {
        return link < level.firstLink;
      }));
}

double Interconnect::lengthMm(int64_t link) const {
  return spec.topology == Topology::mesh ? spec.pitchMm
                                         : levelOf(link % (count / 2)).lengthMm;
}

std::string Interconnect::nameOf(int64_t link) const {
  auto text = [](int64_t a, char between, int64_t b) {
    return std::to_string(a) + between + std::to_string(b);
  };
  if (spec.topology == Topology::htree) {
    const int64_t up = link % (count / 2);
    const Level &level = levelOf(up);
    const int64_t number = &level - levels.data(), node = up - level.firstLink;
    const std::string below = text(number, '.', node);
    const std::string above = text(number + 1, '.', node / branching);
    return link == up ? below + ">" + above : above + ">" + below;
  }
  const int64_t across = rows * (columns - 1), down = (rows - 1) * columns;
  const bool isAcross = link < 2 * across;
  const int64_t ofDirection = isAcross ? across : down;
  const int64_t within = isAcross ? link : link - 2 * across;
  const int64_t place = within % ofDirection;
  const int64_t perRow = isAcross ? columns - 1 : columns;
  const int64_t row = place / perRow, column = place % perRow;
  const std::string first = text(row, ',', column);
  const std::string second =
      isAcross ? text(row, ',', column + 1) : text(row + 1, ',', column);
  return within < ofDirection ? first + ">" + second : second + ">" + first;
}

void Interconnect::route(int64_t from, int64_t to,
                         llvm::SmallVectorImpl<int64_t> &links) const {
  if (spec.topology == Topology::mesh)
    routeInMesh(from, to, links);
  else
    routeInTree(from, to, links);
}

void Interconnect::routeInMesh(int64_t from, int64_t to,
                               llvm::SmallVectorImpl<int64_t> &links) const {
  const int64_t memory = spec.memoryNode.value_or(0);
  from = from == atMemories ? memory : from;
  to = to == atMemories ? memory : to;
  const int64_t across = rows * (columns - 1), down = (rows - 1) * columns;
  int64_t row = from / columns, column = from % columns;
  const int64_t toRow = to / columns, toColumn = to % columns;
  for (; column < toColumn; ++column)
    links.push_back(row * (columns - 1) + column);
  for (; column > toColumn; --column)
    links.push_back(across + row * (columns - 1) + column - 1);
  for (; row < toRow; ++row)
    links.push_back(2 * across + row * columns + column);
  for (; row > toRow; --row)
    links.push_back(2 * across + down + (row - 1) * columns + column);
}

void Interconnect::routeInTree(int64_t from, int64_t to,
                               llvm::SmallVectorImpl<int64_t> &links) const {
  llvm::SmallVector<int64_t, 16> downwards;
  for (const Level &level : levels) {
    if (from == to)
      break;
    if (from != atMemories) {
      links.push_back(level.firstLink + from);
      from /= branching;
    }
    if (to != atMemories) {
      downwards.push_back(count / 2 + level.firstLink + to);
      to /= branching;
    }
  }
  links.append(downwards.rbegin(), downwards.rend());
}

//===----------------------------------------------------------------------===//
// Traffic
//===----------------------------------------------------------------------===//

int64_t pumice::model::shareOf(int64_t total, int64_t parts, int64_t index) {
  const int64_t each = total / parts, rest = total % parts;
  return each + rest * (index + 1) / parts - rest * index / parts;
}

/// Units of each tile, by tiles.
static std::map<int64_t, int64_t>
unitsByTile(const UnitGroup &group, llvm::ArrayRef<ArrayRange> units) {
  std::map<int64_t, int64_t> counts;
  for (const ArrayRange &range : units)
    for (int64_t unit = range.first; unit < range.first + range.count;) {
      const int64_t left = group.unitsPerTile - unit % group.unitsPerTile;
      const int64_t now = std::min(left, range.first + range.count - unit);
      counts[tileOf(group, unit)] += now;
      unit += now;
    }
  return counts;
}

/// The units [first, first + count) of `all` as fractions of `total`.
static int64_t shareOf(int64_t total, int64_t all, int64_t first,
                       int64_t count) {
  const int64_t each = total / all, rest = total % all;
  return each * count + rest * (first + count) / all - rest * first / all;
}

static std::vector<TileTraffic> divided(const UnitGroup &group,
                                        llvm::ArrayRef<ArrayRange> units,
                                        const TileTraffic &all,
                                        bool isBroadcast) {
  std::vector<TileTraffic> traffic;
  if (!group.firstTile)
    return traffic;
  int64_t total = 0, first = 0;
  for (const ArrayRange &range : units)
    total += range.count;
  for (auto [tile, count] : unitsByTile(group, units)) {
    auto share = [&, units = count](int64_t bytes) {
      return shareOf(bytes, total, first, units);
    };
    traffic.push_back({tile,
                       isBroadcast ? all.fromBuffer : share(all.fromBuffer),
                       share(all.fromDram), share(all.toBuffer)});
    first += count;
  }
  return traffic;
}

std::vector<TileTraffic>
pumice::model::evenTraffic(const UnitGroup &group,
                           llvm::ArrayRef<ArrayRange> units,
                           const TileTraffic &all) {
  return divided(group, units, all, /*isBroadcast=*/false);
}

std::vector<TileTraffic>
pumice::model::broadcastTraffic(const UnitGroup &group,
                                llvm::ArrayRef<ArrayRange> units,
                                const TileTraffic &all) {
  return divided(group, units, all, /*isBroadcast=*/true);
}

/// The arrays of ranges, one by one.
template <typename Callback>
static void forEachArray(llvm::ArrayRef<ArrayRange> arrays, Callback callback) {
  int64_t number = 0;
  for (const ArrayRange &range : arrays)
    for (int64_t i = 0; i < range.count; ++i)
      callback(number++, range.first + i);
}

std::vector<TileTraffic> pumice::model::programTraffic(
    const UnitGroup &group, llvm::ArrayRef<ArrayRange> arrays,
    int64_t arraysPerCopy, const TileTraffic &ofCopy) {
  if (!group.firstTile || arraysPerCopy < 1)
    return {};
  std::map<int64_t, TileTraffic> byTile;
  forEachArray(arrays, [&](int64_t number, int64_t array) {
    const int64_t tile = tileOf(group, array);
    TileTraffic &sum = byTile[tile];
    sum.tile = tile;
    auto share = [&](int64_t bytes) {
      return shareOf(bytes, arraysPerCopy, number % arraysPerCopy);
    };
    saturatingAdd(sum.fromBuffer, share(ofCopy.fromBuffer));
    saturatingAdd(sum.fromDram, share(ofCopy.fromDram));
  });
  std::vector<TileTraffic> traffic;
  for (auto &[tile, sum] : byTile)
    traffic.push_back(sum);
  return traffic;
}

std::vector<TileTraffic>
pumice::model::layerTraffic(const UnitGroup &group, const MatrixSpec &matrix,
                            const Tiling &tiling, int64_t windows,
                            llvm::ArrayRef<PlacedTiles> placed, int64_t bytesIn,
                            int64_t bytesOut, int64_t replicas) {
  const int64_t vectors = saturatingProduct({windows, matrix.groups});
  const int64_t inputs = saturatingProduct({vectors, matrix.rows});
  const int64_t sums = saturatingProduct({vectors, matrix.columns});
  if (!group.firstTile || !inputs || !sums)
    return {};
  const int64_t inputBytes = bytesIn / inputs, sumBytes = bytesOut / sums;
  replicas = std::max<int64_t>(replicas, 1);

  // Runs of rows and columns that a tile has of a copy, each once.
  struct Run {
    int64_t tile, copy, isOut, block, size;
    auto key() const { return std::tie(tile, copy, isOut, block); }
  };
  std::vector<Run> runs;
  const ArraySpec &spec = group.crossbar()->array;
  auto add = [&](int64_t tile, int64_t copy, int64_t array) {
    if (tiling.groupsPerArray > 1) {
      const int64_t groups = std::min(
          tiling.groupsPerArray, matrix.groups - array * tiling.groupsPerArray);
      runs.push_back({tile, copy, 0, array, groups * matrix.rows});
      runs.push_back({tile, copy, 1, array, groups * matrix.columns});
      return;
    }
    const int64_t rowBlock = array / tiling.columnTiles;
    const int64_t column = array % tiling.columnTiles;
    runs.push_back(
        {tile, copy, 0, rowBlock,
         std::min(spec.rows,
                  matrix.rows - rowBlock % tiling.rowTiles * spec.rows)});
    runs.push_back({tile, copy, 1,
                    rowBlock / tiling.rowTiles * tiling.columnTiles + column,
                    std::min(tiling.weightsPerRow,
                             matrix.columns - column * tiling.weightsPerRow)});
  };
  for (const PlacedTiles &part : placed) {
    const int64_t perCopy = part.tiles ? part.tiles->count : tiling.arrays;
    forEachArray(part.arrays, [&](int64_t number, int64_t array) {
      const int64_t within = number % perCopy;
      add(tileOf(group, array), number / perCopy,
          part.tiles ? arrayOfTile(tiling, part.tiles->first + within)
                     : within);
    });
  }
  llvm::sort(runs,
             [](const Run &a, const Run &b) { return a.key() < b.key(); });

  std::vector<TileTraffic> traffic;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run &run = runs[i];
    if (i && runs[i - 1].key() == run.key())
      continue;
    if (traffic.empty() || traffic.back().tile != run.tile)
      traffic.push_back({run.tile, 0, 0, 0});
    const int64_t share = shareOf(windows, replicas, run.copy);
    if (run.isOut)
      saturatingAdd(traffic.back().toBuffer,
                    saturatingProduct({share, run.size, sumBytes}));
    else
      saturatingAdd(traffic.back().fromBuffer,
                    saturatingProduct({share, run.size, inputBytes}));
  }
  return traffic;
}

namespace {
/// Messages of one instruction, by links.
class Messages {
public:
  Messages(const InterconnectSpec &spec)
      : spec(spec), interconnect(spec), loads(interconnect.links()) {}

  /// Bytes to or from the memories of a tile; also between the memories, if the
  /// buffer is in tiles.
  void fromMemories(int64_t tile, int64_t bytes) {
    move(atMemories, tile, bytes, inNs);
  }
  void toMemories(int64_t tile, int64_t bytes) {
    move(tile, atMemories, bytes, outNs);
  }
  void fromBuffer(int64_t tile, int64_t bytes) {
    if (!spec.spreadBuffer)
      return fromMemories(tile, bytes);
    for (int64_t i = 0; i < spec.tiles; ++i)
      move(i, tile, shareOf(bytes, spec.tiles, i), inNs);
  }
  void toBuffer(int64_t tile, int64_t bytes) {
    if (!spec.spreadBuffer)
      return toMemories(tile, bytes);
    for (int64_t i = 0; i < spec.tiles; ++i)
      move(tile, i, shareOf(bytes, spec.tiles, i), outNs);
  }

  /// All links carry their bytes at the same time; the first bytes have to
  /// arrive before, and the last ones after it.
  void addTo(Cost &cost) const {
    double &energy =
        cost.energyPj[static_cast<size_t>(Component::interconnect)];
    for (int64_t link = 0; link < interconnect.links(); ++link) {
      if (!loads[link])
        continue;
      saturatingAdd(cost.counters.linkBytes, loads[link]);
      energy += 8 * double(loads[link]) * interconnect.hopPjPerBit(link);
      holdResource(cost, spec.linkResource, {link, 1},
                   double(loads[link]) / spec.bandwidthBytesPerNs);
    }
    delay(cost, inNs + outNs);
  }

private:
  void move(int64_t from, int64_t to, int64_t bytes, double &farthestNs) {
    if (!bytes)
      return;
    route.clear();
    interconnect.route(from, to, route);
    double ns = 0;
    for (int64_t link : route) {
      saturatingAdd(loads[link], bytes);
      ns += interconnect.hopNs(link);
    }
    farthestNs = std::max(farthestNs, ns);
  }

  const InterconnectSpec &spec;
  Interconnect interconnect;
  std::vector<int64_t> loads;
  llvm::SmallVector<int64_t, 64> route;
  double inNs = 0, outNs = 0; ///< of the farthest routes
};
} // namespace

void pumice::model::addTraffic(Cost &cost, const DeviceSpec &device,
                               llvm::ArrayRef<TileTraffic> traffic) {
  Messages messages(*device.interconnect);
  for (const TileTraffic &tile : traffic) {
    messages.fromBuffer(tile.tile, tile.fromBuffer);
    messages.fromMemories(tile.tile, tile.fromDram);
    messages.toBuffer(tile.tile, tile.toBuffer);
  }
  messages.addTo(cost);
}

void pumice::model::addTransferTraffic(Cost &cost, const DeviceSpec &device,
                                       int64_t bytes, Memory from, Memory to) {
  const InterconnectSpec &interconnect = *device.interconnect;
  if (!interconnect.spreadBuffer || from == to)
    return;
  Messages messages(interconnect);
  for (int64_t tile = 0; tile < interconnect.tiles; ++tile) {
    const int64_t share = shareOf(bytes, interconnect.tiles, tile);
    if (to == Memory::buffer)
      messages.fromMemories(tile, share);
    else
      messages.toMemories(tile, share);
  }
  messages.addTo(cost);
}
