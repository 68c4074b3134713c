// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Compiler.h"

#include "lib/APCompiler/Epilogue.h"
#include "lib/APCompiler/Sharing.h"
#include "lib/APCompiler/Tile.h"
#include "lib/Model/AP/Costs.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

namespace {

/// The least number of work columns: carries and an unfinished sum.
constexpr int64_t leastWork = 3;

/// The layout of a layer on processors.
struct Layout {
  APMicroprogram program; ///< without bundles
  FreeColumns columns;
  int64_t slotsPerColumn = 0;
};

class Compiler {
public:
  Compiler(const Layer &layer, const APSpec &ap, const Options &options)
      : layer(layer), ap(ap), options(options),
        groupChannels(layer.channels / layer.groups),
        groupOutputs(layer.outputs / layer.groups) {}

  Error check() const;
  llvm::Expected<APMicroprogram> run(Statistics *statistics);

private:
  int8_t weight(int64_t output, int64_t channel, int64_t k) const {
    const int64_t first = output / groupOutputs * groupChannels;
    if (channel < first || channel >= first + groupChannels)
      return 0;
    return layer.weights[(output * groupChannels + channel - first) *
                             layer.kernelPositions +
                         k];
  }

  APAccumulator accumulatorOf(int64_t output) const;
  StepFunction stepFunctionOf(int64_t output) const;
  std::optional<Layout> layOut(int64_t lanes, int64_t blocks) const;
  llvm::Expected<Layout> choose() const;
  double costOf(const Layout &layout) const;
  /// Number of domains of an accumulator.
  int64_t slotOf() const {
    int64_t slot = std::max<int64_t>(codes.bits, 1);
    for (const APAccumulator &accumulator : accumulators)
      slot = std::max(slot, accumulator.width);
    return slot;
  }
  /// The weights of a channel set: [outputs of the block][inputs of the set].
  std::vector<int8_t> matrixOf(const APMicroprogram &program,
                               const APOutputBlock &block, int64_t first,
                               int64_t channels) const;
  Expressions expressionsOf(const APMicroprogram &program,
                            const APOutputBlock &block,
                            llvm::ArrayRef<int8_t> matrix, int64_t inputs,
                            const FreeColumns &columns) const;
  int64_t spreadOf(const APMicroprogram &program) const;

  const Layer &layer;
  const APSpec &ap;
  const Options &options;
  int64_t groupChannels, groupOutputs;
  std::vector<APAccumulator> accumulators;
  std::vector<StepFunction> stepFunctions; ///< empty if results are sums
  Codes codes;                             ///< width of the results
  int64_t flags = 0; ///< most columns that the thresholds of an output need
};

} // namespace

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

Error Compiler::check() const {
  if (layer.inputBits < 1 || layer.inputBits > 8)
    return llvm::createStringError("expected inputs of 1 to 8 bits, got " +
                                   Twine(layer.inputBits));
  const IntegerRange codes =
      IntegerRange::ofBits(layer.inputBits, layer.inputSigned);
  if (layer.inputZeroPoint < codes.low || layer.inputZeroPoint > codes.high)
    return llvm::createStringError(
        "expected a zero point in the range of the inputs, " +
        Twine(codes.low) + " to " + Twine(codes.high) + ", got " +
        Twine(layer.inputZeroPoint));
  int64_t wrong = 0;
  for (int8_t w : layer.weights)
    wrong += w < -1 || w > 1;
  if (wrong)
    return llvm::createStringError("expected weights of -1, 0 and 1, but " +
                                   Twine(wrong) + " of " +
                                   Twine(layer.weights.size()) + " are not");
  return Error::success();
}

IntegerRange pumice::apcompiler::sumRange(const Layer &layer, int64_t output) {
  const IntegerRange codes =
      IntegerRange::ofBits(layer.inputBits, layer.inputSigned);
  const IntegerRange x = {codes.low - layer.inputZeroPoint,
                          codes.high - layer.inputZeroPoint};
  const int64_t count = layer.channels / layer.groups * layer.kernelPositions;
  IntegerRange sum;
  for (int8_t w : layer.weights.slice(output * count, count)) {
    if (w > 0)
      sum = sum + x;
    else if (w < 0)
      sum = sum - x;
  }
  return sum;
}

/// The exact width of an accumulator, and its value before the first input.
APAccumulator Compiler::accumulatorOf(int64_t output) const {
  const int64_t count = groupChannels * layer.kernelPositions;
  int64_t weights = 0;
  for (int8_t w : layer.weights.slice(output * count, count))
    weights += w;
  return {sumRange(layer, output).signedBits(),
          -layer.inputZeroPoint * weights};
}

StepFunction Compiler::stepFunctionOf(int64_t output) const {
  const int64_t steps = layer.steps;
  return StepFunction::within(
      sumRange(layer, output),
      llvm::ArrayRef(layer.thresholds).slice(output * steps, steps),
      llvm::ArrayRef(layer.codes).slice(output * (steps + 1), steps + 1));
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// The layout with accumulators of `blocks` output blocks and `lanes`
/// interleaved channels; nullopt if there are too few columns or domains.
std::optional<Layout> Compiler::layOut(int64_t lanes, int64_t blocks) const {
  Layout layout;
  APMicroprogram &program = layout.program;
  program.columns = ap.columns;
  program.domains = ap.domains;
  program.kernelPositions = layer.kernelPositions;
  program.inputBits = layer.inputBits;
  program.inputSigned = layer.inputSigned;
  program.channels = layer.channels;
  program.outputs = layer.outputs;
  program.lanes = lanes;
  const int64_t inputs = lanes * layer.kernelPositions;
  const int64_t most = llvm::divideCeil(layer.outputs, blocks);
  const int64_t channelsPerBlock = ap.domains / layer.inputBits * lanes;
  program.codeBits = codes.bits;
  program.codeSigned = codes.isSigned;
  const int64_t slot = slotOf();
  if (slot > ap.domains || channelsPerBlock < 1)
    return std::nullopt;
  layout.slotsPerColumn = ap.domains / slot;
  const int64_t least = llvm::divideCeil(most, layout.slotsPerColumn);
  const int64_t rest = ap.columns - inputs - least;
  if (rest < leastWork || ap.columns - least < flags)
    return std::nullopt;

  // Shared sums have diminishing returns; with more work columns, inputs move
  // less often.
  FreeColumns &free = layout.columns;
  free.sharedCount = options.share ? rest / 2 : 0;
  free.workCount =
      std::max(leastWork, std::min<int64_t>(rest - free.sharedCount, 64));
  free.sharedCount = std::min(free.sharedCount, rest - free.workCount);
  const int64_t more =
      std::clamp<int64_t>(std::min(rest - free.sharedCount - free.workCount,
                                   ap.columns - flags - least),
                          0, most - least);
  const int64_t columns = least + more;
  free.shared = inputs + columns;
  free.work = free.shared + free.sharedCount;

  for (int64_t first = 0; first < layer.outputs; first += most) {
    APOutputBlock &block = program.outputBlocks.emplace_back();
    block.firstOutput = first;
    const int64_t end = std::min(first + most, layer.outputs);
    block.outputs.assign(accumulators.begin() + first,
                         accumulators.begin() + end);
    block.column = inputs;
    block.columns = columns;
    block.slot = slot;
    // The block reads only channels in the groups of its outputs.
    const int64_t firstChannel = first / groupOutputs * groupChannels;
    const int64_t endChannel = ((end - 1) / groupOutputs + 1) * groupChannels;
    for (int64_t c = firstChannel; c < endChannel; c += channelsPerBlock)
      block.channelBlocks.push_back(
          {c, std::min(channelsPerBlock, endChannel - c), {}});
  }
  return layout;
}

std::vector<int8_t> Compiler::matrixOf(const APMicroprogram &program,
                                       const APOutputBlock &block,
                                       int64_t first, int64_t channels) const {
  const int64_t k = program.kernelPositions;
  std::vector<int8_t> matrix;
  matrix.reserve(block.outputs.size() * channels * k);
  for (size_t o = 0; o < block.outputs.size(); ++o)
    for (int64_t i = 0; i < channels * k; ++i)
      matrix.push_back(weight(block.firstOutput + o, first + i / k, i % k));
  return matrix;
}

Expressions Compiler::expressionsOf(const APMicroprogram &,
                                    const APOutputBlock &block,
                                    llvm::ArrayRef<int8_t> matrix,
                                    int64_t inputs,
                                    const FreeColumns &columns) const {
  return share(matrix, block.outputs.size(), inputs, columns.sharedCount);
}

/// Estimated time times energy of a layout, extrapolated from the channel set
/// in the middle.
double Compiler::costOf(const Layout &layout) const {
  const APMicroprogram &program = layout.program;
  const APOutputBlock &block =
      program.outputBlocks[program.outputBlocks.size() / 2];
  const APChannelBlock &channelBlock =
      block.channelBlocks[block.channelBlocks.size() / 2];
  const int64_t lanes = std::min(program.lanes, channelBlock.channels);
  const int64_t tiles = llvm::divideCeil(channelBlock.channels, program.lanes);
  const int64_t tile =
      std::min(tiles / 2, (channelBlock.channels - lanes) / program.lanes);
  const std::vector<int8_t> matrix = matrixOf(
      program, block, channelBlock.firstChannel + tile * program.lanes, lanes);
  const Expressions expressions = expressionsOf(
      program, block, matrix, lanes * program.kernelPositions, layout.columns);
  const APWork work =
      workOf(program, emitTile(program, block, tile * program.lanes,
                               expressions, layout.columns, ap)
                          .bundles);
  double channels = 0, energyPj = 0, timeNs = 0;
  for (const APOutputBlock &each : program.outputBlocks)
    for (const APChannelBlock &part : each.channelBlocks)
      channels += double(part.channels);
  const double all = channels / double(lanes);
  // Add the cost of loading inputs and of reading accumulators.
  const int64_t rows = std::clamp<int64_t>(layer.windows, 1, ap.rows);
  const double loads =
      channels * double(program.kernelPositions * program.inputBits);
  energyPj = all * work.energyPj(ap) + loads * ap.writePjPerBit;
  const double perBlock = double(program.outputBlocks.size());
  timeNs = all / perBlock * work.timeNs(ap) +
           channels / perBlock / double(program.lanes) *
               double(program.inputBits * rows) * ap.writeNs +
           double(block.planes() * rows) * ap.readNs;
  // Each output block has its own processors if there are enough.
  if (options.processors) {
    const double needed =
        perBlock * double(llvm::divideCeil(layer.windows, ap.rows));
    timeNs *= std::max(1.0, needed / double(*options.processors));
  }
  return energyPj * timeNs;
}

llvm::Expected<Layout> Compiler::choose() const {
  // Candidates: powers of two for the interleaved channels and output blocks.
  std::vector<int64_t> lanes, blocks;
  if (options.lanes)
    lanes.push_back(*options.lanes);
  else
    for (int64_t n = 1; n * layer.kernelPositions < ap.columns; n *= 2) {
      lanes.push_back(std::min(n, layer.channels));
      if (n >= layer.channels)
        break;
    }
  std::vector<Layout> layouts;
  for (int64_t n : lanes) {
    // Try the smallest number of blocks that fits, and twice as many.
    int64_t fitting = 0;
    for (int64_t q = options.outputBlocks.value_or(1);
         q <= layer.outputs && fitting < 2; q *= 2) {
      if (std::optional<Layout> layout = layOut(n, q)) {
        layouts.push_back(std::move(*layout));
        ++fitting;
      }
      if (options.outputBlocks)
        break;
    }
  }
  if (layouts.empty())
    return llvm::createStringError(
        "needs at least " +
        Twine(std::max(layer.kernelPositions * options.lanes.value_or(1) +
                           leastWork,
                       flags) +
              1) +
        " columns and " + Twine(std::max(slotOf(), layer.inputBits)) +
        " domains, but processors have " + Twine(ap.columns) + " and " +
        Twine(ap.domains));
  if (layouts.size() == 1)
    return std::move(layouts[0]);
  std::vector<double> costs(layouts.size());
  parallelFor(options.threads, layouts.size(),
              [&](int64_t i) { costs[i] = costOf(layouts[i]); });
  return std::move(
      layouts[std::min_element(costs.begin(), costs.end()) - costs.begin()]);
}

//===----------------------------------------------------------------------===//
// Microprograms
//===----------------------------------------------------------------------===//

llvm::Expected<APMicroprogram> Compiler::run(Statistics *statistics) {
  if (Error error = check())
    return std::move(error);
  for (int64_t o = 0; o < layer.outputs; ++o)
    accumulators.push_back(accumulatorOf(o));
  for (int64_t o = 0; o < layer.outputs && !layer.codes.empty(); ++o) {
    stepFunctions.push_back(stepFunctionOf(o));
    flags = std::max(flags, stepFunctions.back().flags());
  }
  codes = Codes::holding(stepFunctions);
  llvm::Expected<Layout> layout = choose();
  if (!layout)
    return layout.takeError();
  APMicroprogram &program = layout->program;

  struct Unit {
    int64_t block, channelBlock, first, channels;
    Tile tile;
    Statistics statistics;
  };
  std::vector<Unit> units;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q)
    for (size_t s = 0; s < program.outputBlocks[q].channelBlocks.size(); ++s) {
      const int64_t channels =
          program.outputBlocks[q].channelBlocks[s].channels;
      for (int64_t c = 0; c < channels; c += program.lanes)
        units.push_back({int64_t(q),
                         int64_t(s),
                         c,
                         std::min(program.lanes, channels - c),
                         {},
                         {}});
    }
  parallelFor(options.threads, units.size(), [&](int64_t i) {
    Unit &unit = units[i];
    const APOutputBlock &block = program.outputBlocks[unit.block];
    const int64_t first =
        block.channelBlocks[unit.channelBlock].firstChannel + unit.first;
    const std::vector<int8_t> matrix =
        matrixOf(program, block, first, unit.channels);
    const int64_t inputs = unit.channels * program.kernelPositions;
    const Expressions expressions =
        expressionsOf(program, block, matrix, inputs, layout->columns);
    unit.tile =
        emitTile(program, block, unit.first, expressions, layout->columns, ap);
    if (statistics) {
      unit.statistics.nonzeros =
          matrix.size() - std::count(matrix.begin(), matrix.end(), 0);
      unit.statistics.additions = expressions.additions();
      unit.statistics.shared = expressions.shared.size();
      unit.statistics.fewest =
          fewestAdditions(matrix, block.outputs.size(), inputs);
    }
  });

  for (Unit &unit : units) {
    APOutputBlock &block = program.outputBlocks[unit.block];
    std::vector<APBundle> &bundles =
        block.channelBlocks[unit.channelBlock].bundles;
    bundles.insert(bundles.end(),
                   std::make_move_iterator(unit.tile.bundles.begin()),
                   std::make_move_iterator(unit.tile.bundles.end()));
    for (size_t o = 0; o < block.outputs.size(); ++o)
      block.outputs[o].initial += unit.tile.corrections[o];
    if (statistics) {
      statistics->nonzeros += unit.statistics.nonzeros;
      statistics->additions += unit.statistics.additions;
      statistics->shared += unit.statistics.shared;
      statistics->fewest += unit.statistics.fewest;
    }
  }
  // Initial values are modulo 2^width.
  for (APOutputBlock &block : program.outputBlocks)
    for (APAccumulator &accumulator : block.outputs)
      accumulator.initial =
          llvm::SignExtend64(accumulator.initial, accumulator.width);
  if (!stepFunctions.empty())
    for (APOutputBlock &block : program.outputBlocks)
      block.epilogue =
          emitEpilogue(program, block,
                       llvm::ArrayRef(stepFunctions)
                           .slice(block.firstOutput, block.outputs.size()));
  program.spread = spreadOf(program);
  return std::move(program);
}

/// The number of processors that share the channel blocks of an output block:
/// the one with the least product of time and energy.
int64_t Compiler::spreadOf(const APMicroprogram &program) const {
  int64_t most = 1;
  for (const APOutputBlock &block : program.outputBlocks)
    most = std::max<int64_t>(most, block.channelBlocks.size());
  if (options.spread)
    return std::clamp<int64_t>(*options.spread, 1, most);
  DeviceSpec device;
  UnitGroup &group = device.groups.emplace_back();
  group.unit = ap;
  group.levels.push_back({"chip", options.processors});
  declareResources(device);
  APMicroprogramWork work = workOf(program, options.threads);
  int64_t best = 1;
  double least = 0;
  APMicroprogram spread = program; // with `p` processors per output block
  for (int64_t p = 1; p <= most; p *= 2) {
    spread.spread = p;
    if (p == 2)
      for (size_t q = 0; q < spread.outputBlocks.size(); ++q) {
        std::vector<APBundle> bundles;
        for (APReduction &step : reductionOf(spread, spread.outputBlocks[q]))
          bundles.push_back(std::move(step.bundle));
        work.outputBlocks[q].reduction = workOf(spread, bundles);
      }
    const int64_t windows = std::max<int64_t>(layer.windows, 1);
    const ArrayRange processors =
        lowestUnits(group, apProcessors(ap, spread, windows));
    const Cost cost =
        apCost(device, group, processors, spread, work, windows, 0, 0, 0);
    const double product = total(cost.energyPj) * double(cost.latencyPs);
    if (p == 1 || product < least) {
      least = product;
      best = p;
    }
  }
  return best;
}

llvm::Expected<APMicroprogram>
pumice::apcompiler::compile(const Layer &layer, const APSpec &ap,
                            const Options &options, Statistics *statistics) {
  return Compiler(layer, ap, options).run(statistics);
}
