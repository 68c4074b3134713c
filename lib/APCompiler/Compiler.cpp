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
#include <cmath>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

namespace {

/// The least number of work columns: carries and an unfinished sum.
constexpr int64_t leastWork = 3;
/// The largest number of them that a layout across columns has.
constexpr int64_t mostWorkAcross = 24;
/// Across columns, energy decides: half of the time is worth 4 % of energy.
/// Along racetracks, it is the product of both.
constexpr double timeExponentAcross = 1.0 / 16;

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
  std::optional<Layout> layOutAcross(int64_t lanes, int64_t blocks,
                                     int64_t share) const;
  /// The layout without output blocks.
  Layout emptyLayout(int64_t lanes) const;
  /// Output blocks of `most` outputs with channel blocks of `channels`.
  void addBlocks(Layout &layout, int64_t most, int64_t channels,
                 const APOutputBlock &shape) const;
  void addCandidates(ValueLayout kind, std::vector<Layout> &layouts) const;
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
                               const APOutputBlock &block, int64_t firstOutput,
                               int64_t outputs, int64_t first,
                               int64_t channels) const;
  Expressions expressionsOf(const APMicroprogram &program, int64_t outputs,
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

Layout Compiler::emptyLayout(int64_t lanes) const {
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
  program.codeBits = codes.bits;
  program.codeSigned = codes.isSigned;
  return layout;
}

void Compiler::addBlocks(Layout &layout, int64_t most, int64_t channels,
                         const APOutputBlock &shape) const {
  for (int64_t first = 0; first < layer.outputs; first += most) {
    APOutputBlock &block = layout.program.outputBlocks.emplace_back(shape);
    block.firstOutput = first;
    const int64_t end = std::min(first + most, layer.outputs);
    block.outputs.assign(accumulators.begin() + first,
                         accumulators.begin() + end);
    // The block reads only channels in the groups of its outputs.
    const int64_t firstChannel = first / groupOutputs * groupChannels;
    const int64_t endChannel = ((end - 1) / groupOutputs + 1) * groupChannels;
    for (int64_t c = firstChannel; c < endChannel; c += channels)
      block.channelBlocks.push_back(
          {c, std::min(channels, endChannel - c), {}});
  }
}

/// The layout along racetracks with accumulators of `blocks` output blocks and
/// `lanes` interleaved channels; nullopt if there are too few columns or
/// domains.
std::optional<Layout> Compiler::layOut(int64_t lanes, int64_t blocks) const {
  Layout layout = emptyLayout(lanes);
  const int64_t inputs = lanes * layer.kernelPositions;
  const int64_t most = llvm::divideCeil(layer.outputs, blocks);
  const int64_t channelsPerBlock = ap.domains / layer.inputBits * lanes;
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

  APOutputBlock shape;
  shape.column = inputs;
  shape.columns = columns;
  shape.slot = slot;
  addBlocks(layout, most, channelsPerBlock, shape);
  return layout;
}

/// The layout across columns, with `1 / share` of the columns that neither
/// inputs nor carries need for shared sums, the rest for accumulators.
std::optional<Layout> Compiler::layOutAcross(int64_t lanes, int64_t blocks,
                                             int64_t share) const {
  Layout layout = emptyLayout(lanes);
  layout.program.isAcross = true;
  const int64_t inputs = lanes * layer.kernelPositions * layer.inputBits;
  const int64_t most = llvm::divideCeil(layer.outputs, blocks);
  const int64_t slot = slotOf();
  // A carry for every term of a sum, and the sum.
  const int64_t work =
      std::max(leastWork, std::min<int64_t>(lanes * layer.kernelPositions + 1,
                                            mostWorkAcross));
  const int64_t rest = ap.columns - inputs - work;
  const int64_t together = (rest - (share ? rest / share : 0)) / slot;
  if (together < 1)
    return std::nullopt;
  const int64_t levels =
      llvm::divideCeil(most, std::min(together, std::max<int64_t>(most, 1)));
  if (levels > ap.domains)
    return std::nullopt;
  // Levels of equal size.
  const int64_t columns =
      llvm::divideCeil(most, std::max<int64_t>(levels, 1)) * slot;
  if (ap.columns - columns < flags)
    return std::nullopt;
  FreeColumns &free = layout.columns;
  free.shared = inputs + columns;
  free.sharedCount = options.share ? rest - columns : 0;
  free.work = free.shared + free.sharedCount;
  free.workCount = work;

  APOutputBlock shape;
  shape.column = inputs;
  shape.columns = columns;
  shape.slot = slot;
  shape.isAcross = true;
  addBlocks(layout, most, ap.domains * lanes, shape);
  return layout;
}

std::vector<int8_t> Compiler::matrixOf(const APMicroprogram &program,
                                       const APOutputBlock &block,
                                       int64_t firstOutput, int64_t outputs,
                                       int64_t first, int64_t channels) const {
  const int64_t k = program.kernelPositions;
  std::vector<int8_t> matrix;
  matrix.reserve(outputs * channels * k);
  for (int64_t o = firstOutput; o < firstOutput + outputs; ++o)
    for (int64_t i = 0; i < channels * k; ++i)
      matrix.push_back(weight(block.firstOutput + o, first + i / k, i % k));
  return matrix;
}

Expressions Compiler::expressionsOf(const APMicroprogram &program,
                                    int64_t outputs,
                                    llvm::ArrayRef<int8_t> matrix,
                                    int64_t inputs,
                                    const FreeColumns &columns) const {
  if (!program.isAcross)
    return share(matrix, outputs, inputs, columns.sharedCount);
  // Sums have different widths; most have few terms.
  for (int64_t most = columns.sharedCount / (layer.inputBits + 1);; --most) {
    Expressions found =
        share(matrix, outputs, inputs, std::max<int64_t>(most, 0),
              /*mostTries=*/1);
    const int64_t taken = sharedColumns(program, found);
    if (most <= 0 || taken <= columns.sharedCount)
      return found;
    most = std::min<int64_t>(most, found.shared.size());
  }
}

/// What a layout is compared by: its estimated energy times a power of its
/// time, extrapolated from the channel set in the middle.
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
  const int64_t outputs =
      program.isAcross
          ? std::min<int64_t>(block.sideBySide(), block.outputs.size())
          : block.outputs.size();
  const std::vector<int8_t> matrix =
      matrixOf(program, block, 0, outputs,
               channelBlock.firstChannel + tile * program.lanes, lanes);
  const Expressions expressions =
      expressionsOf(program, outputs, matrix, lanes * program.kernelPositions,
                    layout.columns);
  // Across columns, ports stay where they are within a set: compute as if the
  // set was the first one, and add the step to the next set.
  const int64_t at = program.isAcross ? 0 : tile * program.lanes;
  APWork work = workOf(
      program,
      emitTile(program, block, at, 0, expressions, layout.columns, ap).bundles);
  double channels = 0, all = 0, energyPj = 0, timeNs = 0;
  for (const APOutputBlock &each : program.outputBlocks)
    for (const APChannelBlock &part : each.channelBlocks) {
      channels += double(part.channels);
      all += double(part.channels) / double(lanes) *
             (program.isAcross ? double(each.outputs.size()) / double(outputs)
                               : 1);
    }
  if (program.isAcross) {
    work.distance += program.inputColumns();
    work.waited += 1;
  }
  // Add the cost of loading inputs and of reading accumulators.
  const int64_t rows = std::clamp<int64_t>(layer.windows, 1, ap.rows);
  const double loads =
      channels * double(program.kernelPositions * program.inputBits);
  energyPj = all * work.energyPj(ap) + loads * ap.writePjPerBit;
  const double perBlock = double(program.outputBlocks.size());
  const double planes = program.isAcross ? 1 : double(program.inputBits);
  timeNs = all / perBlock * work.timeNs(ap) +
           channels / perBlock / double(program.lanes) * planes * double(rows) *
               ap.writeNs +
           double(block.planes() * rows) * ap.readNs;
  // Each output block has its own processors if there are enough.
  if (options.processors) {
    const double needed =
        perBlock * double(llvm::divideCeil(layer.windows, ap.rows));
    timeNs *= std::max(1.0, needed / double(*options.processors));
  }
  return energyPj * std::pow(timeNs, program.isAcross ? timeExponentAcross : 1);
}

/// Candidates: powers of two for the interleaved channels and output blocks.
void Compiler::addCandidates(ValueLayout kind,
                             std::vector<Layout> &layouts) const {
  const bool isAcross = kind == ValueLayout::across;
  const int64_t perChannel =
      layer.kernelPositions * (isAcross ? layer.inputBits : 1);
  std::vector<int64_t> lanes;
  if (options.lanes)
    lanes.push_back(*options.lanes);
  else
    for (int64_t n = 1; n * perChannel < ap.columns; n *= 2) {
      lanes.push_back(std::min(n, layer.channels));
      if (n >= layer.channels)
        break;
      if (isAcross && 3 * n * perChannel < 2 * ap.columns && n > 1)
        lanes.push_back(std::min(3 * n / 2, layer.channels));
    }
  for (int64_t n : lanes) {
    // Try the smallest number of blocks that fits, and twice as many; across
    // columns, where few blocks are large enough, also more.
    const int64_t wanted = isAcross ? 4 : 2;
    int64_t fitting = 0;
    for (int64_t q = options.outputBlocks.value_or(1);
         q <= layer.outputs && fitting < wanted; q *= 2) {
      bool fits = false;
      for (int64_t share : {0, 4, 2}) {
        if (share && !isAcross)
          break;
        std::optional<Layout> layout =
            isAcross ? layOutAcross(n, q, share) : layOut(n, q);
        if (!layout)
          continue;
        layouts.push_back(std::move(*layout));
        fits = true;
      }
      fitting += fits;
      if (options.outputBlocks)
        break;
    }
  }
}

llvm::Expected<Layout> Compiler::choose() const {
  std::vector<Layout> layouts;
  for (ValueLayout kind : {ValueLayout::along, ValueLayout::across})
    if (!options.layout || *options.layout == kind)
      addCandidates(kind, layouts);
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
    int64_t block, channelBlock, firstOutput, outputs, first, channels;
    Tile tile;
    Statistics statistics;
  };
  std::vector<Unit> units;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q)
    for (size_t s = 0; s < program.outputBlocks[q].channelBlocks.size(); ++s) {
      const APOutputBlock &block = program.outputBlocks[q];
      const int64_t channels = block.channelBlocks[s].channels;
      const int64_t outputs = block.outputs.size();
      // Across columns, accumulators stay at their ports while all channels
      // pass, from the last channel that was loaded back to the first one, and
      // forth again for the next accumulators.
      const int64_t together =
          program.isAcross ? block.sideBySide() : std::max<int64_t>(outputs, 1);
      const int64_t sets = llvm::divideCeil(channels, program.lanes);
      for (int64_t o = 0; o < outputs; o += together)
        for (int64_t set = 0; set < sets; ++set) {
          const bool isBack = program.isAcross && o / together % 2 == 0;
          const int64_t c = (isBack ? sets - 1 - set : set) * program.lanes;
          units.push_back({int64_t(q),
                           int64_t(s),
                           o,
                           std::min(together, outputs - o),
                           c,
                           std::min(program.lanes, channels - c),
                           {},
                           {}});
        }
    }
  parallelFor(options.threads, units.size(), [&](int64_t i) {
    Unit &unit = units[i];
    const APOutputBlock &block = program.outputBlocks[unit.block];
    const int64_t first =
        block.channelBlocks[unit.channelBlock].firstChannel + unit.first;
    const std::vector<int8_t> matrix = matrixOf(
        program, block, unit.firstOutput, unit.outputs, first, unit.channels);
    const int64_t inputs = unit.channels * program.kernelPositions;
    const Expressions expressions =
        expressionsOf(program, unit.outputs, matrix, inputs, layout->columns);
    unit.tile = emitTile(program, block, unit.first, unit.firstOutput,
                         expressions, layout->columns, ap);
    if (statistics) {
      unit.statistics.nonzeros =
          matrix.size() - std::count(matrix.begin(), matrix.end(), 0);
      unit.statistics.additions = expressions.additions();
      unit.statistics.shared = expressions.shared.size();
      unit.statistics.fewest = fewestAdditions(matrix, unit.outputs, inputs);
    }
  });

  for (Unit &unit : units) {
    APOutputBlock &block = program.outputBlocks[unit.block];
    std::vector<APBundle> &bundles =
        block.channelBlocks[unit.channelBlock].bundles;
    bundles.insert(bundles.end(),
                   std::make_move_iterator(unit.tile.bundles.begin()),
                   std::make_move_iterator(unit.tile.bundles.end()));
    for (int64_t o = 0; o < unit.outputs; ++o)
      block.outputs[unit.firstOutput + o].initial += unit.tile.corrections[o];
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

/// The cost of a microprogram on as many processors as it can use, without that
/// of the buffer and of fetching it.
static Cost costWith(const Layer &layer, const APSpec &ap,
                     const Options &options, const APMicroprogram &program,
                     const APMicroprogramWork &work) {
  DeviceSpec device;
  UnitGroup &group = device.groups.emplace_back();
  group.unit = ap;
  group.levels.push_back({"chip", options.processors});
  declareResources(device);
  const int64_t windows = std::max<int64_t>(layer.windows, 1);
  return apCost(device, group,
                lowestUnits(group, apProcessors(ap, program, windows)), program,
                work, windows, 0, 0, 0);
}

/// The number of processors that share the channel blocks of an output block:
/// the one with the least product of time and energy.
int64_t Compiler::spreadOf(const APMicroprogram &program) const {
  int64_t most = 1;
  for (const APOutputBlock &block : program.outputBlocks)
    most = std::max<int64_t>(most, block.channelBlocks.size());
  if (program.isAcross && !program.outputBlocks.empty() &&
      reductionOf(program, program.outputBlocks.front()).empty())
    return 1; // no columns for the accumulators of another processor
  if (options.spread)
    return std::clamp<int64_t>(*options.spread, 1, most);
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
    const Cost cost = costWith(layer, ap, options, spread, work);
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
  if (options.layout)
    return Compiler(layer, ap, options).run(statistics);
  // The layout whose microprogram takes less energy.
  std::optional<APMicroprogram> best;
  double least = 0;
  Error problem = Error::success();
  for (ValueLayout kind : {ValueLayout::along, ValueLayout::across}) {
    Options only = options;
    only.layout = kind;
    Statistics found;
    llvm::Expected<APMicroprogram> program =
        Compiler(layer, ap, only).run(statistics ? &found : nullptr);
    if (!program) {
      if (problem)
        llvm::consumeError(program.takeError());
      else
        problem = program.takeError();
      continue;
    }
    const double energy = total(costWith(layer, ap, options, *program,
                                         workOf(*program, options.threads))
                                    .energyPj);
    if (best && energy >= least)
      continue;
    best = std::move(*program);
    least = energy;
    if (statistics)
      *statistics = found;
  }
  if (!best)
    return std::move(problem);
  llvm::consumeError(std::move(problem));
  return std::move(*best);
}
