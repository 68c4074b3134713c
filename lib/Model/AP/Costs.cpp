// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Costs.h"

#include "lib/Model/AP/Links.h"
#include "lib/Support/Saturating.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;
using namespace pumice::model;

double pumice::model::searchPj(const APSpec &ap, int64_t searched,
                               int64_t passes, double rows) {
  return double(searched) * rows * ap.searchPjPerBit +
         double(passes) * rows * ap.searchPjPerRow;
}

int64_t pumice::model::apProcessors(const APSpec &ap,
                                    const APMicroprogram &program,
                                    int64_t windows) {
  int64_t processors = 0;
  for (const APOutputBlock &block : program.outputBlocks)
    processors += block.processors(program.spread);
  return processors * llvm::divideCeil(windows, ap.rows);
}

ArrayRange pumice::model::lowestUnits(const UnitGroup &group, int64_t wanted) {
  return {0, std::min(wanted, group.count().value_or(wanted))};
}

int64_t pumice::model::totalUnits(llvm::ArrayRef<ArrayRange> ranges) {
  int64_t units = 0;
  for (const ArrayRange &range : ranges)
    units += range.count;
  return units;
}

llvm::SmallVector<ArrayRange>
pumice::model::firstUnits(llvm::ArrayRef<ArrayRange> ranges, int64_t count) {
  llvm::SmallVector<ArrayRange> result;
  for (const ArrayRange &range : ranges) {
    const int64_t now = std::min(count, range.count);
    if (now > 0)
      result.push_back({range.first, now});
    count -= now;
  }
  return result;
}

Cost pumice::model::apCost(const DeviceSpec &device, const UnitGroup &group,
                           llvm::ArrayRef<ArrayRange> placed,
                           const APMicroprogram &program,
                           const APMicroprogramWork &work, int64_t windows,
                           int64_t programBytes, int64_t bytesIn,
                           int64_t bytesOut,
                           std::optional<uint64_t> taggedWrites,
                           const APLinks *links) {
  const APSpec &ap = *group.ap();
  const int64_t rowBlocks = llvm::divideCeil(windows, ap.rows);
  const int64_t fullest = std::min(windows, ap.rows);
  const double rows = double(windows);
  Cost cost = bufferCost(device, bytesIn, bytesOut);
  Counters &counters = cost.counters;
  auto energy = [&](Component component) -> double & {
    return cost.energyPj[static_cast<size_t>(component)];
  };

  // Along racetracks, ports return after inputs were loaded. Across columns,
  // moves are those of the channel blocks.
  const double loadWays = program.isAcross ? 0 : 2;
  const bool keeps = links && links->keeps;
  std::optional<APLinkWork> linked;
  if (links && !links->sources.empty())
    linked = linkWork(ap, program, links->sources);
  double longestNs = 0;
  double distance = 0, written = 0, moved = 0, readBits = 0, loadedBits = 0;
  int64_t processors = 0;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
    const APOutputBlock &block = program.outputBlocks[q];
    int64_t bits = 0;
    for (const APAccumulator &accumulator : block.outputs)
      bits += accumulator.width;
    const int64_t spread = block.processors(program.spread);
    processors += spread;
    const int64_t planes = block.planes();
    // First values, and reading out: every domain of the accumulators, there
    // and back.
    const double initialNs =
        double(planes) * ap.writeNs + loadWays * double(planes) * ap.shiftNs;
    const double readNs = double(planes) * double(fullest) * ap.readNs +
                          2 * double(planes) * ap.shiftNs;
    // Codes are in the first domains of their accumulators' slots.
    const int64_t count = block.channelBlocks.size();
    // Across columns, they are in the first columns of these.
    const bool firstDomains = program.codeBits && !block.isAcross;
    const int64_t resultPlanes =
        firstDomains ? block.slots() * program.codeBits : planes;
    const int64_t resultSpan =
        firstDomains
            ? std::max<int64_t>(planes - block.slot + program.codeBits, 0)
            : planes;
    const APWork &results = work.outputBlocks[q].results;
    const int64_t resultBits =
        program.codeBits ? int64_t(block.outputs.size()) * program.codeBits
                         : bits;
    const double leaveNs =
        keeps ? 0
              : double(resultPlanes) * double(fullest) * ap.readNs +
                    loadWays * double(resultSpan) * ap.shiftNs +
                    results.timeNs(ap);
    const double accumulatorMoves = 2 * double(planes) * double(block.columns);
    loadedBits += double(bits) * double(spread);
    if (!block.isAcross)
      distance += accumulatorMoves * double(spread);
    if (!keeps) {
      readBits += double(resultBits);
      distance += block.isAcross
                      ? double(results.distance)
                      : 2 * double(resultSpan) * double(block.columns);
    }

    double busiestNs = 0;
    for (int64_t p = 0; p < spread; ++p) {
      double ns = initialNs;
      for (int64_t s = p; s < count; s += spread) {
        const APChannelBlock &channelBlock = block.channelBlocks[s];
        const APWork &part = work.outputBlocks[q].channelBlocks[s];
        const int64_t inputPlanes = program.inputPlanes(channelBlock);
        double loadNs = double(inputPlanes) * double(fullest) * ap.writeNs;
        if (linked) {
          const APLinkWork::Load &load = linked->loads[q][s];
          loadNs = load.rowNs * double(fullest) + load.moveNs;
        }
        ns += part.timeNs(ap) + loadNs +
              loadWays * double(inputPlanes) * ap.shiftNs;
        loadedBits += double(channelBlock.channels) *
                      double(program.kernelPositions * program.inputBits);
        distance += double(part.distance) + loadWays * double(inputPlanes) *
                                                double(program.inputColumns());
        written += part.expectedWritten;
        saturatingAdd(counters.apPasses,
                      saturatingProduct({part.passes, rowBlocks}));
        energy(Component::search) +=
            searchPj(ap, part.searched, part.passes, rows);
      }
      busiestNs = std::max(busiestNs, ns);
    }
    if (spread > 1) {
      const APWork &part = work.outputBlocks[q].reduction;
      const double additions = double(spread - 1);
      const double levels = double(llvm::Log2_64_Ceil(spread));
      // Accumulators are read, sent and written as inputs are.
      busiestNs += levels * (part.timeNs(ap) + readNs +
                             double(planes) * double(fullest) * ap.writeNs);
      moved += additions * double(bits);
      readBits += additions * double(bits);
      loadedBits += additions * double(bits);
      distance += additions * (double(part.distance) + accumulatorMoves);
      written += additions * part.expectedWritten;
      saturatingAdd(counters.apPasses,
                    saturatingProduct({spread - 1, part.passes, rowBlocks}));
      energy(Component::search) +=
          additions * searchPj(ap, part.searched, part.passes, rows);
    }
    const APWork &epilogue = work.outputBlocks[q].epilogue;
    distance += double(epilogue.distance);
    written += epilogue.expectedWritten;
    saturatingAdd(counters.apPasses,
                  saturatingProduct({epilogue.passes, rowBlocks}));
    energy(Component::search) +=
        searchPj(ap, epilogue.searched, epilogue.passes, rows);
    longestNs = std::max(longestNs, busiestNs + epilogue.timeNs(ap) + leaveNs);
  }

  double sourceDistance = 0;
  if (linked) {
    readBits += double(linked->bits);
    moved += double(linked->bits);
    sourceDistance = linked->distance;
  }

  // Blocks take turns when there are too few processors.
  const int64_t wanted = saturatingProduct({processors, rowBlocks});
  const int64_t available = totalUnits(placed);
  const int64_t turns =
      available ? std::max<int64_t>(llvm::divideCeil(wanted, available), 1) : 1;
  const double expected = written * rows;
  counters.windows = windows;
  counters.apTaggedWrites =
      taggedWrites ? int64_t(*taggedWrites) : roundedCount(expected);
  counters.apShifts = roundedCount(distance * rows + sourceDistance);
  energy(Component::tagWrite) =
      (taggedWrites ? double(*taggedWrites) : expected) * ap.writePjPerBit;
  energy(Component::shift) =
      (distance * rows + sourceDistance) * ap.shiftPjPerBit;
  energy(Component::apLoad) = loadedBits * rows * ap.writePjPerBit;
  energy(Component::apRead) = readBits * rows * ap.readPjPerBit;
  energy(Component::link) = moved * rows * ap.linkPjPerBit;
  energy(Component::fetch) =
      double(programBytes) * double(turns) * ap.fetchPjPerByte;
  llvm::SmallVector<ArrayRange> held = firstUnits(placed, wanted);
  if (linked)
    for (const APSource &source : links->sources)
      held.append(source.processors);
  holdUnits(cost, group, held, double(turns) * longestNs);
  return cost;
}
