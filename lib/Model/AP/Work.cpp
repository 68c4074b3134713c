// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Costs.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/bit.h"

#include <algorithm>

using namespace pumice;
using namespace pumice::model;

APWork &APWork::operator+=(const APWork &other) {
  operations += other.operations;
  passes += other.passes;
  searched += other.searched;
  expectedWritten += other.expectedWritten;
  likelyWritten += other.likelyWritten;
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
    double carry = 1; // likelihood, compared with that of a random bit
    for (int64_t i = 0; isNew && i < op.steps; ++i) {
      uint8_t cleared = 0, written = 0;
      for (const APPass &pass : passesOf(stepOf(op, i))) {
        const int searched = llvm::popcount(unsigned(pass.searched));
        ++work.passes;
        work.searched += searched;
        const double bits =
            llvm::popcount(unsigned(pass.written)) / double(1 << searched);
        work.expectedWritten += bits;
        work.likelyWritten += clears(pass) ? bits : bits * carry;
        (clears(pass) ? cleared : written) |= pass.written;
      }
      if (ripples(stepOf(op, i)))
        carry /= 2;
      work.mostC += !!(cleared & roleC) + !!(written & roleC);
      work.mostDByStep.push_back(!!(cleared & roleD) + !!(written & roleD));
      work.mostD += work.mostDByStep.back();
    }
    return work;
  }

private:
  /// Whether only the carry is added.
  static bool ripples(const APStep &step) {
    return step.aIsZero &&
           (step.code == APOpcode::add || step.code == APOpcode::sub ||
            (step.bIsZero &&
             (step.code == APOpcode::addNew || step.code == APOpcode::subNew)));
  }
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

/// The passes of bundles, and moves of `ports`. `before` is called for each
/// bundle.
template <typename Before>
static APWork workOf(const APMicroprogram &program,
                     llvm::ArrayRef<APBundle> bundles, APPorts &ports,
                     Before before) {
  APWork work;
  work.mostWritten.resize(program.columns);
  const int64_t distance = ports.distance, waited = ports.waited;
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
    before(bundle);
    move(bundle, ports);
  }
  work.distance = ports.distance - distance;
  work.waited = ports.waited - waited;
  return work;
}

APWork pumice::model::workOf(const APMicroprogram &program,
                             llvm::ArrayRef<APBundle> bundles) {
  APPorts ports(program.columns);
  APWork work = ::workOf(program, bundles, ports, [](const APBundle &) {});
  ports.home();
  work.distance = ports.distance;
  work.waited = ports.waited;
  return work;
}

namespace {

/// Moves the ports of an output block across columns: domains of inputs and of
/// accumulators are written when operations first need them.
class Arrivals {
public:
  Arrivals(const APMicroprogram &program, const APOutputBlock &block,
           APPorts &ports)
      : program(program), block(block), ports(ports), levels(block.slots()) {}

  void startChannelBlock(const APChannelBlock &channelBlock) {
    planes.assign(program.inputPlanes(channelBlock), false);
  }
  void before(const APBundle &bundle) {
    for (const APOperation &op : bundle) {
      const APFields fields = fieldsOf(op.code);
      if (fields.d)
        before(op.d);
      if (fields.b)
        before(op.b);
      if (fields.a)
        before(op.a);
    }
  }
  /// Loads the domains that no operation needed.
  void endChannelBlock() {
    for (size_t plane = 0; plane < planes.size(); ++plane)
      load(plane);
  }
  void endChannelBlocks() {
    for (size_t level = 0; level < levels.size(); ++level)
      start(level);
  }

private:
  void before(const APValue &value) {
    if (value.column < program.inputColumns()) {
      if (size_t(value.domain) < planes.size())
        load(value.domain);
    } else if (value.column >= block.column &&
               value.column < block.column + block.columns &&
               size_t(value.domain) < levels.size()) {
      start(value.domain);
    }
  }
  void load(size_t plane) {
    if (!planes[plane])
      ports.arrive(0, program.inputColumns(), plane);
    planes[plane] = true;
  }
  void start(size_t level) {
    if (!levels[level])
      ports.arrive(block.column, block.columns, level);
    levels[level] = true;
  }

  const APMicroprogram &program;
  const APOutputBlock &block;
  APPorts &ports;
  std::vector<bool> planes, levels; ///< written
};

} // namespace

/// The moves of reading results: from the nearer end of their levels to the
/// other one.
static APWork readResults(const APMicroprogram &program,
                          const APOutputBlock &block, APPorts &ports) {
  const int64_t distance = ports.distance, waited = ports.waited;
  const int64_t last = block.slots() - 1;
  const bool isUp = 2 * ports.at(block.column) <= last;
  for (int64_t i = 0; i <= last; ++i) {
    const int64_t level = isUp ? i : last - i;
    for (int64_t place = 0; place < block.sideBySide(); ++place) {
      const int64_t bits = program.codeBits ? program.codeBits : block.slot;
      for (int64_t bit = 0; bit < bits; ++bit)
        ports.need(block.column + place * block.slot + bit, level);
    }
    ports.endStep();
  }
  APWork work;
  work.distance = ports.distance - distance;
  work.waited = ports.waited - waited;
  return work;
}

/// The work of an output block across columns, without its reduction.
static void workAcross(const APMicroprogram &program,
                       const APOutputBlock &block,
                       APMicroprogramWork::OutputBlock &work) {
  const int64_t spread = block.processors(program.spread);
  const size_t count = block.channelBlocks.size();
  std::optional<APPorts> first; // of the processor that delivers results
  for (int64_t p = 0; p < spread; ++p) {
    APPorts ports(program.columns);
    Arrivals arrivals(program, block, ports);
    for (size_t s = p; s < count; s += spread) {
      const APChannelBlock &channelBlock = block.channelBlocks[s];
      arrivals.startChannelBlock(channelBlock);
      APWork &part = work.channelBlocks[s];
      part = ::workOf(program, channelBlock.bundles, ports,
                      [&](const APBundle &bundle) { arrivals.before(bundle); });
      const int64_t distance = ports.distance, waited = ports.waited;
      arrivals.endChannelBlock();
      if (s + spread >= count)
        arrivals.endChannelBlocks();
      // Sums are received with all ports at domain 0.
      if (s + spread >= count && spread > 1)
        ports.home();
      part.distance += ports.distance - distance;
      part.waited += ports.waited - waited;
    }
    if (p == 0)
      first = ports;
  }
  work.epilogue =
      ::workOf(program, block.epilogue, *first, [](const APBundle &) {});
  work.ports = first;
  work.results = readResults(program, block, *first);
}

APMicroprogramWork pumice::model::workOf(const APMicroprogram &program,
                                         unsigned threads) {
  APMicroprogramWork work;
  work.outputBlocks.resize(program.outputBlocks.size());
  // Along racetracks, channel blocks do not depend on one another.
  std::vector<std::pair<int64_t, int64_t>> units;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
    const APOutputBlock &block = program.outputBlocks[q];
    work.outputBlocks[q].channelBlocks.resize(block.channelBlocks.size());
    if (program.isAcross)
      units.emplace_back(q, 0);
    else
      for (size_t s = 0; s < block.channelBlocks.size(); ++s)
        units.emplace_back(q, s);
    if (!program.isAcross) {
      work.outputBlocks[q].epilogue = workOf(program, block.epilogue);
      work.outputBlocks[q].ports.emplace(program.columns);
    }
    if (program.spread > 1) {
      std::vector<APBundle> bundles;
      for (APReduction &step : reductionOf(program, block))
        bundles.push_back(std::move(step.bundle));
      work.outputBlocks[q].reduction = workOf(program, bundles);
    }
  }
  parallelFor(threads, units.size(), [&](int64_t i) {
    const int64_t q = units[i].first, s = units[i].second;
    const APOutputBlock &block = program.outputBlocks[q];
    if (program.isAcross)
      workAcross(program, block, work.outputBlocks[q]);
    else
      work.outputBlocks[q].channelBlocks[s] =
          workOf(program, block.channelBlocks[s].bundles);
  });
  for (const APMicroprogramWork::OutputBlock &block : work.outputBlocks) {
    for (const APWork &channelBlock : block.channelBlocks)
      work.total += channelBlock;
    work.total += block.epilogue;
  }
  return work;
}
