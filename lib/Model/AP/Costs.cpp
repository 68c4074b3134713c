// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Costs.h"

#include "lib/Support/Parallel.h"
#include "lib/Support/Saturating.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;
using namespace pumice::model;

APWork &APWork::operator+=(const APWork &other) {
  operations += other.operations;
  passes += other.passes;
  searched += other.searched;
  expectedWritten += other.expectedWritten;
  distance += other.distance;
  waited += other.waited;
  return *this;
}

double APWork::timeNs(const APSpec &ap) const {
  return double(passes) * (ap.searchNs + ap.writeNs) +
         double(waited) * ap.shiftNs;
}

double APWork::energyPj(const APSpec &ap) const {
  return double(searched) * ap.searchPjPerBit +
         double(passes) * ap.searchPjPerRow +
         expectedWritten * ap.writePjPerBit +
         double(distance) * ap.shiftPjPerBit;
}

double pumice::model::searchPj(const APSpec &ap, int64_t searched,
                               int64_t passes, double rows) {
  return double(searched) * rows * ap.searchPjPerBit +
         double(passes) * rows * ap.searchPjPerRow;
}

namespace {

/// The cycles of operations, which depend on their kind and widths only.
class OperationWork {
public:
  struct Cycles : APWork {
    /// Upper bound of the writes of C and D: a row matches once per step, not
    /// counting passes that clear.
    int32_t mostC = 0, mostD = 0;
    /// The same for D by step.
    std::vector<uint8_t> mostDByStep;
  };

  const Cycles &of(const APOperation &op) {
    const uint64_t key =
        static_cast<uint64_t>(op.code) | uint64_t(op.isBiased) << 4 |
        uint64_t(op.a.isSigned) << 5 | uint64_t(op.b.isSigned) << 6 |
        uint64_t(op.steps) << 8 | uint64_t(op.a.width) << 16 |
        uint64_t(op.b.width) << 24;
    auto [it, isNew] = known.try_emplace({key, op.constant});
    Cycles &work = it->second;
    for (int64_t i = 0; isNew && i < op.steps; ++i) {
      uint8_t cleared = 0, written = 0;
      for (const APPass &pass : passesOf(stepOf(op, i))) {
        const int searched = llvm::popcount(unsigned(pass.searched));
        ++work.passes;
        work.searched += searched;
        work.expectedWritten +=
            llvm::popcount(unsigned(pass.written)) / double(1 << searched);
        (clears(pass) ? cleared : written) |= pass.written;
      }
      work.mostC += !!(cleared & roleC) + !!(written & roleC);
      work.mostDByStep.push_back(!!(cleared & roleD) + !!(written & roleD));
      work.mostD += work.mostDByStep.back();
    }
    return work;
  }

private:
  /// Whether a pass clears one column and searches no other.
  static bool clears(const APPass &pass) {
    return llvm::popcount(unsigned(pass.searched)) == 1 &&
           pass.searched == pass.key && pass.searched == pass.written &&
           pass.bits == 0;
  }

  llvm::DenseMap<std::pair<uint64_t, int64_t>, Cycles> known;
};

/// Moves the ports as `walk` does. Every operand is needed from the first step
/// on, and in each step at the same domain as before or the next one.
void move(const APBundle &bundle, APPorts &ports) {
  int64_t last = 0; // step in which a port moves on
  for (const APOperation &op : bundle) {
    const APFields fields = fieldsOf(op.code);
    if (fields.carry)
      ports.need(op.carry, 0);
    auto need = [&](const APValue &value, int64_t domain) {
      for (int64_t i = 0; i < value.columns(); ++i)
        ports.need(value.column + i, domain);
    };
    if (fields.d)
      need(op.d, op.d.domain);
    if (fields.b)
      need(op.b, op.b.domain);
    if (fields.a)
      need(op.a, domainOfA(op, 0));
  }
  ports.endStep();
  auto finish = [&](const APValue &value, int64_t steps) {
    const int64_t moved = std::min<int64_t>(value.width, steps) - 1;
    if (value.isCell || value.isAcross || moved <= 0)
      return;
    last = std::max(last, moved);
    ports.slide(value.column, value.domain + moved);
  };
  for (const APOperation &op : bundle) {
    const APFields fields = fieldsOf(op.code);
    if (fields.d)
      finish(op.d, op.steps);
    if (fields.b)
      finish(op.b, op.steps);
    if (fields.a && op.code != APOpcode::top)
      finish(op.a, op.steps);
  }
  ports.waited += last;
}

} // namespace

APWork pumice::model::workOf(const APMicroprogram &program,
                             llvm::ArrayRef<APBundle> bundles,
                             int64_t inputDomain) {
  APWork work;
  work.mostWritten.resize(program.columns);
  APPorts ports(program.columns);
  ports.place(program.inputColumns(), inputDomain);
  OperationWork operations;
  for (const APBundle &bundle : bundles) {
    work.operations += bundle.size();
    for (const APOperation &op : bundle) {
      const OperationWork::Cycles &cycles = operations.of(op);
      work += cycles;
      const APFields fields = fieldsOf(op.code);
      if (fields.carry)
        work.mostWritten[op.carry] += cycles.mostC;
      if (fields.d && op.d.isAcross)
        for (int64_t i = 0; i < op.steps; ++i)
          work.mostWritten[columnAt(op.d, i)] += cycles.mostDByStep[i];
      else if (fields.d)
        work.mostWritten[op.d.column] += cycles.mostD;
    }
    move(bundle, ports);
  }
  ports.home();
  work.distance = ports.distance;
  work.waited = ports.waited;
  return work;
}

APMicroprogramWork pumice::model::workOf(const APMicroprogram &program,
                                         unsigned threads) {
  APMicroprogramWork work;
  work.outputBlocks.resize(program.outputBlocks.size());
  std::vector<std::pair<int64_t, int64_t>> units;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
    const APOutputBlock &block = program.outputBlocks[q];
    work.outputBlocks[q].channelBlocks.resize(block.channelBlocks.size());
    for (size_t s = 0; s < block.channelBlocks.size(); ++s)
      units.emplace_back(q, s);
    work.outputBlocks[q].epilogue = workOf(program, block.epilogue);
    if (program.spread > 1) {
      std::vector<APBundle> bundles;
      for (APReduction &step : reductionOf(program, block))
        bundles.push_back(std::move(step.bundle));
      work.outputBlocks[q].reduction = workOf(program, bundles);
    }
  }
  parallelFor(threads, units.size(), [&](int64_t i) {
    auto [q, s] = units[i];
    const APChannelBlock &channelBlock =
        program.outputBlocks[q].channelBlocks[s];
    work.outputBlocks[q].channelBlocks[s] = workOf(
        program, channelBlock.bundles, program.firstInputDomain(channelBlock));
  });
  for (const APMicroprogramWork::OutputBlock &block : work.outputBlocks) {
    for (const APWork &channelBlock : block.channelBlocks)
      work.total += channelBlock;
    work.total += block.epilogue;
  }
  return work;
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
                           std::optional<uint64_t> taggedWrites) {
  const APSpec &ap = *group.ap();
  const int64_t rowBlocks = llvm::divideCeil(windows, ap.rows);
  const int64_t fullest = std::min(windows, ap.rows);
  const double rows = double(windows);
  Cost cost = bufferCost(device, bytesIn, bytesOut);
  Counters &counters = cost.counters;
  auto energy = [&](Component component) -> double & {
    return cost.energyPj[static_cast<size_t>(component)];
  };

  // Along racetracks, ports return after inputs were loaded.
  const double loadWays = program.isAcross ? 1 : 2;
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
        double(planes) * ap.writeNs + 2 * double(planes) * ap.shiftNs;
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
    const int64_t resultColumns = program.codeBits && block.isAcross
                                      ? block.sideBySide() * program.codeBits
                                      : block.columns;
    const int64_t resultBits =
        program.codeBits ? int64_t(block.outputs.size()) * program.codeBits
                         : bits;
    const double leaveNs = double(resultPlanes) * double(fullest) * ap.readNs +
                           2 * double(resultSpan) * ap.shiftNs;
    const double accumulatorMoves = 2 * double(planes) * double(block.columns);
    loadedBits += double(bits) * double(spread);
    readBits += double(resultBits);
    distance += accumulatorMoves * double(spread) +
                2 * double(resultSpan) * double(resultColumns);

    double busiestNs = 0;
    for (int64_t p = 0; p < spread; ++p) {
      double ns = initialNs;
      for (int64_t s = p; s < count; s += spread) {
        const APChannelBlock &channelBlock = block.channelBlocks[s];
        const APWork &part = work.outputBlocks[q].channelBlocks[s];
        const int64_t inputPlanes = program.inputPlanes(channelBlock);
        ns += part.timeNs(ap) +
              double(inputPlanes) * double(fullest) * ap.writeNs +
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

  // Blocks take turns when there are too few processors.
  const int64_t wanted = saturatingProduct({processors, rowBlocks});
  const int64_t available = totalUnits(placed);
  const int64_t turns =
      available ? std::max<int64_t>(llvm::divideCeil(wanted, available), 1) : 1;
  const double expected = written * rows;
  counters.windows = windows;
  counters.apTaggedWrites =
      taggedWrites ? int64_t(*taggedWrites) : roundedCount(expected);
  counters.apShifts = roundedCount(distance * rows);
  energy(Component::tagWrite) =
      (taggedWrites ? double(*taggedWrites) : expected) * ap.writePjPerBit;
  energy(Component::shift) = distance * rows * ap.shiftPjPerBit;
  energy(Component::apLoad) = loadedBits * rows * ap.writePjPerBit;
  energy(Component::apRead) = readBits * rows * ap.readPjPerBit;
  energy(Component::link) = moved * rows * ap.linkPjPerBit;
  energy(Component::fetch) =
      double(programBytes) * double(turns) * ap.fetchPjPerByte;
  holdUnits(cost, group, firstUnits(placed, wanted), double(turns) * longestNs);
  return cost;
}
