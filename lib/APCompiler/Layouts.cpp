// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Layouts.h"

#include "lib/Model/AP/Costs.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;
using llvm::Twine;

namespace {

/// The least number of work columns: carries and an unfinished sum.
constexpr int64_t leastWork = 3;
/// The largest number of them that a layout across columns has, if thresholds
/// do not need more.
constexpr int64_t mostWorkAcross = 17;
/// Weights from which the cost of a layout across columns is extrapolated.
constexpr int64_t sampledWeights = 4096;
/// Bytes of an operation in the blob, about.
constexpr double bytesPerOperation = 6;
/// Estimates of a layout.
struct LayoutCost {
  double energyPj = 0; ///< of one row
  double score = 0;    ///< weighs energy and time; compares layouts of a kind
};

class Chooser {
public:
  Chooser(const PreparedLayer &layer, const APSpec &ap, const Options &options)
      : layer(layer), shape(layer.layer), ap(ap), options(options),
        groupChannels(shape.channels / shape.groups),
        groupOutputs(shape.outputs / shape.groups) {}

  llvm::Expected<Layout> choose() const;

private:
  std::optional<Layout> layOut(int64_t lanes, int64_t blocks) const;
  std::optional<Layout> layOutAcross(int64_t lanes, int64_t blocks,
                                     int64_t share) const;
  /// The layout without output blocks.
  Layout emptyLayout(int64_t lanes) const;
  /// Output blocks of `most` outputs with channel blocks of `channels`.
  void addBlocks(Layout &layout, int64_t most, int64_t channels,
                 const APOutputBlock &form) const;
  void addCandidates(ValueLayout kind, std::vector<Layout> &layouts) const;
  LayoutCost costAlong(const Layout &layout) const;
  LayoutCost costAcross(Layout &layout) const;
  double turnsOf(const APMicroprogram &program) const;
  double likelyPj(const APWork &work) const;
  /// Number of domains of an accumulator.
  int64_t slotOf() const {
    int64_t slot = std::max<int64_t>(layer.codes.bits, 1);
    for (const APAccumulator &accumulator : layer.accumulators)
      slot = std::max(slot, accumulator.width);
    return slot;
  }

  const PreparedLayer &layer;
  const Layer &shape;
  const APSpec &ap;
  const Options &options;
  int64_t groupChannels, groupOutputs;
};

} // namespace

Layout Chooser::emptyLayout(int64_t lanes) const {
  Layout layout;
  APMicroprogram &program = layout.program;
  program.columns = ap.columns;
  program.domains = ap.domains;
  program.kernelPositions = shape.kernelPositions;
  program.inputBits = shape.inputBits;
  program.inputSigned = shape.inputSigned;
  program.channels = shape.channels;
  program.outputs = shape.outputs;
  program.lanes = lanes;
  program.codeBits = layer.codes.bits;
  program.codeSigned = layer.codes.isSigned;
  return layout;
}

void Chooser::addBlocks(Layout &layout, int64_t most, int64_t channels,
                        const APOutputBlock &form) const {
  for (int64_t first = 0; first < shape.outputs; first += most) {
    APOutputBlock &block = layout.program.outputBlocks.emplace_back(form);
    block.firstOutput = first;
    const int64_t end = std::min(first + most, shape.outputs);
    block.outputs.assign(layer.accumulators.begin() + first,
                         layer.accumulators.begin() + end);
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
std::optional<Layout> Chooser::layOut(int64_t lanes, int64_t blocks) const {
  Layout layout = emptyLayout(lanes);
  const int64_t inputs = lanes * shape.kernelPositions;
  const int64_t most = llvm::divideCeil(shape.outputs, blocks);
  const int64_t channelsPerBlock = ap.domains / shape.inputBits * lanes;
  const int64_t slot = slotOf();
  if (slot > ap.domains || channelsPerBlock < 1)
    return std::nullopt;
  layout.slotsPerColumn = ap.domains / slot;
  const int64_t least = llvm::divideCeil(most, layout.slotsPerColumn);
  const int64_t rest = ap.columns - inputs - least;
  if (rest < leastWork || ap.columns - least < layer.flags)
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
                                   ap.columns - layer.flags - least),
                          0, most - least);
  const int64_t columns = least + more;
  free.shared = inputs + columns;
  free.work = free.shared + free.sharedCount;

  APOutputBlock form;
  form.column = inputs;
  form.columns = columns;
  form.slot = slot;
  addBlocks(layout, most, channelsPerBlock, form);
  return layout;
}

/// The layout across columns, with `1 / share` of the columns that neither
/// inputs nor carries need for shared sums, the rest for accumulators.
std::optional<Layout> Chooser::layOutAcross(int64_t lanes, int64_t blocks,
                                            int64_t share) const {
  Layout layout = emptyLayout(lanes);
  layout.program.isAcross = true;
  const int64_t inputs = lanes * shape.kernelPositions * shape.inputBits;
  const int64_t most = llvm::divideCeil(shape.outputs, blocks);
  const int64_t slot = slotOf();
  // A carry for every term of a sum, and the sum; layer.flags.
  const int64_t work = std::max(
      {leastWork, layer.flags,
       std::min<int64_t>(lanes * shape.kernelPositions + 1, mostWorkAcross)});
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
  if (ap.columns - columns < layer.flags)
    return std::nullopt;
  FreeColumns &free = layout.columns;
  free.shared = inputs + columns;
  free.sharedCount = options.share ? rest - columns : 0;
  free.work = free.shared + free.sharedCount;
  free.workCount = work;

  APOutputBlock form;
  form.column = inputs;
  form.columns = columns;
  form.slot = slot;
  form.isAcross = true;
  addBlocks(layout, most, ap.domains * lanes, form);
  return layout;
}

/// What a layout along racetracks is compared by: its estimated energy times
/// its time, extrapolated from the channel set in the middle.
LayoutCost Chooser::costAlong(const Layout &layout) const {
  const APMicroprogram &program = layout.program;
  const APOutputBlock &block =
      program.outputBlocks[program.outputBlocks.size() / 2];
  const APChannelBlock &channelBlock =
      block.channelBlocks[block.channelBlocks.size() / 2];
  const int64_t lanes = std::min(program.lanes, channelBlock.channels);
  const int64_t tiles = llvm::divideCeil(channelBlock.channels, program.lanes);
  const int64_t tile =
      std::min(tiles / 2, (channelBlock.channels - lanes) / program.lanes);
  const std::vector<int8_t> matrix =
      layer.matrixOf(block, 0, block.outputs.size(),
                     channelBlock.firstChannel + tile * program.lanes, lanes);
  const Expressions expressions = expressionsOf(
      program, block.outputs.size(), matrix, lanes * program.kernelPositions,
      layout.columns, options.layout ? 8 : 1);
  const APWork work =
      workOf(program, emitTile(program, block, tile * program.lanes, 0,
                               expressions, layout.columns, ap)
                          .bundles);
  double channels = 0, initial = 0;
  // Ports go there and back to load inputs and first values, for the epilogue
  // and to read results.
  double moves = 0;
  for (const APOutputBlock &each : program.outputBlocks) {
    for (const APChannelBlock &part : each.channelBlocks) {
      channels += double(part.channels);
      moves += 2 * double(program.inputPlanes(part) * program.inputColumns());
    }
    for (const APAccumulator &accumulator : each.outputs)
      initial += double(accumulator.width);
    moves += double((layer.codes.bits ? 6 : 4) * each.planes() * each.columns);
  }
  // Add the cost of loading inputs and of reading accumulators.
  const int64_t rows = std::clamp<int64_t>(shape.windows, 1, ap.rows);
  const double all = channels / double(lanes);
  const double loads =
      channels * double(program.kernelPositions * program.inputBits);
  const double energyPj =
      all * likelyPj(work) + (loads + initial) * ap.writePjPerBit +
      moves * ap.shiftPjPerBit +
      all * double(work.operations) * bytesPerOperation * ap.fetchPjPerByte /
          double(std::max<int64_t>(shape.windows, 1));
  const double perBlock = double(program.outputBlocks.size());
  const double timeNs = all / perBlock * work.timeNs(ap) +
                        channels / perBlock / double(program.lanes) *
                            double(program.inputBits) * double(rows) *
                            ap.writeNs +
                        double(block.planes() * rows) * ap.readNs;
  // The score expects all carries that an estimate of the program does.
  return {energyPj, (all * work.energyPj(ap) + loads * ap.writePjPerBit) *
                        timeNs * turnsOf(program)};
}

/// The same across columns, of a layout whose order it chooses. Energy counts
/// more than time.
LayoutCost Chooser::costAcross(Layout &layout) const {
  const APMicroprogram &program = layout.program;
  // Some channel sets and accumulators, far from one another.
  std::vector<APBundle> bundles;
  int64_t sampled = 0, nonzeros = 0;
  for (uint64_t i = 0; i < 256 && sampled < sampledWeights; ++i) {
    auto pick = [&](uint64_t salt, int64_t count) {
      return int64_t((i * 2654435761u + salt * 40503u) % uint64_t(count));
    };
    const APOutputBlock &block =
        program.outputBlocks[pick(1, program.outputBlocks.size())];
    if (block.channelBlocks.empty() || block.outputs.empty())
      continue;
    const APChannelBlock &part =
        block.channelBlocks[pick(2, block.channelBlocks.size())];
    const int64_t sets = std::max<int64_t>(part.channels / program.lanes, 1);
    const int64_t first = pick(3, sets) * program.lanes;
    const int64_t channels = std::min(program.lanes, part.channels - first);
    const int64_t firstOutput = pick(4, block.slots()) * block.sideBySide();
    const int64_t outputs = std::min<int64_t>(
        block.sideBySide(), int64_t(block.outputs.size()) - firstOutput);
    const std::vector<int8_t> matrix = layer.matrixOf(
        block, firstOutput, outputs, part.firstChannel + first, channels);
    sampled += matrix.size();
    nonzeros += matrix.size() - std::count(matrix.begin(), matrix.end(), 0);
    const Expressions expressions =
        expressionsOf(program, outputs, matrix,
                      channels * program.kernelPositions, layout.columns);
    Tile tile = emitTile(program, block, first, firstOutput, expressions,
                         layout.columns, ap);
    llvm::append_range(bundles, tile.bundles);
  }
  APWork work = workOf(program, bundles);
  // Ports stay where they are within a tile.
  work.distance = work.waited = 0;
  const double all =
      double(layer.nonzeros) / double(std::max<int64_t>(nonzeros, 1));
  const double inputs = double(program.inputColumns());
  double channels = 0, moves = 0, movesOutermost = 0, planes = 0;
  double initial = 0;
  for (const APOutputBlock &each : program.outputBlocks) {
    const double levels = double(each.slots()), columns = double(each.columns);
    double sets = 0;
    for (const APChannelBlock &part : each.channelBlocks) {
      channels += double(part.channels);
      sets += double(program.inputPlanes(part));
    }
    const double parts = double(each.channelBlocks.size());
    moves += levels * sets * inputs + parts * levels * columns;
    movesOutermost += sets * levels * columns + sets * inputs;
    planes += sets;
    for (const APAccumulator &accumulator : each.outputs)
      initial += double(accumulator.width);
  }
  layout.setsOutermost = movesOutermost < moves;
  const double loads =
      channels * double(program.kernelPositions * program.inputBits) + initial;
  const double windows = double(std::max<int64_t>(shape.windows, 1));
  const double energyPj =
      all * (likelyPj(work) + double(work.operations) * bytesPerOperation *
                                  ap.fetchPjPerByte / windows) +
      std::min(moves, movesOutermost) * ap.shiftPjPerBit +
      loads * ap.writePjPerBit;
  const int64_t rows = std::clamp<int64_t>(shape.windows, 1, ap.rows);
  const double perBlock = double(program.outputBlocks.size());
  const double timeNs =
      all / perBlock * work.timeNs(ap) +
      planes / perBlock * double(rows) * ap.writeNs +
      double(program.outputBlocks[0].planes() * rows) * ap.readNs;
  return {energyPj,
          energyPj * std::pow(timeNs * turnsOf(program), timeExponentAcross)};
}

/// The energy of one row, with carries that are half as likely after each bit
/// of a ripple.
double Chooser::likelyPj(const APWork &work) const {
  return work.energyPj(ap) +
         (work.likelyWritten - work.expectedWritten) * ap.writePjPerBit;
}

/// How often processors take turns; each output block has its own ones.
double Chooser::turnsOf(const APMicroprogram &program) const {
  if (!options.processors)
    return 1;
  const double needed = double(program.outputBlocks.size()) *
                        double(llvm::divideCeil(shape.windows, ap.rows));
  return std::max(1.0, needed / double(*options.processors));
}

/// Candidates: powers of two for the interleaved channels and output blocks.
void Chooser::addCandidates(ValueLayout kind,
                            std::vector<Layout> &layouts) const {
  const bool isAcross = kind == ValueLayout::across;
  const int64_t perChannel =
      shape.kernelPositions * (isAcross ? shape.inputBits : 1);
  std::vector<int64_t> lanes;
  if (options.lanes)
    lanes.push_back(*options.lanes);
  else
    for (int64_t n = 1; n * perChannel < ap.columns; n *= 2) {
      lanes.push_back(std::min(n, shape.channels));
      if (n >= shape.channels)
        break;
      if (isAcross && 3 * n * perChannel < 2 * ap.columns && n > 1)
        lanes.push_back(std::min(3 * n / 2, shape.channels));
      if (isAcross && n == 4)
        lanes.push_back(std::min<int64_t>(5, shape.channels));
    }
  for (int64_t n : lanes) {
    // Try the smallest number of blocks that fits, and twice as many; across
    // columns, where few blocks are large enough, also more.
    const int64_t wanted = isAcross ? 4 : 2;
    int64_t fitting = 0;
    for (int64_t q = options.outputBlocks.value_or(1);
         q <= shape.outputs && fitting < wanted; q *= 2) {
      bool fits = false;
      for (int64_t share : {0, 4, 2}) {
        if (share && !isAcross)
          break;
        std::optional<Layout> layout =
            isAcross ? layOutAcross(n, q, share) : layOut(n, q);
        if (!layout)
          continue;
        fits = true;
        // Another share may leave as many columns.
        if (isAcross && !layouts.empty() && layouts.back().program.isAcross &&
            layouts.back().program.lanes == n &&
            layouts.back().program.outputBlocks.size() ==
                layout->program.outputBlocks.size() &&
            layouts.back().columns.sharedCount == layout->columns.sharedCount)
          continue;
        layouts.push_back(std::move(*layout));
      }
      fitting += fits;
      if (options.outputBlocks)
        break;
    }
  }
}

llvm::Expected<Layout> Chooser::choose() const {
  std::vector<Layout> layouts;
  for (ValueLayout kind : {ValueLayout::along, ValueLayout::across})
    if (!options.layout || *options.layout == kind)
      addCandidates(kind, layouts);
  if (layouts.empty())
    return llvm::createStringError(
        "needs at least " +
        Twine(std::max(shape.kernelPositions * options.lanes.value_or(1) +
                           leastWork,
                       layer.flags) +
              1) +
        " columns and " + Twine(std::max(slotOf(), shape.inputBits)) +
        " domains, but processors have " + Twine(ap.columns) + " and " +
        Twine(ap.domains));
  std::vector<LayoutCost> costs(layouts.size());
  if (layouts.size() > 1)
    parallelFor(options.threads, layouts.size(), [&](int64_t i) {
      costs[i] = layouts[i].program.isAcross ? costAcross(layouts[i])
                                             : costAlong(layouts[i]);
    });
  // The best of each kind, and of these the one that takes less energy.
  std::optional<size_t> best[2];
  for (size_t i = 0; i < layouts.size(); ++i) {
    std::optional<size_t> &least = best[layouts[i].program.isAcross];
    if (!least || costs[i].score < costs[*least].score)
      least = i;
  }
  const size_t chosen = !best[1] || (best[0] && costs[*best[0]].energyPj <=
                                                    costs[*best[1]].energyPj)
                            ? *best[0]
                            : *best[1];
  return std::move(layouts[chosen]);
}

std::vector<int8_t> PreparedLayer::matrixOf(const APOutputBlock &block,
                                            int64_t firstOutput,
                                            int64_t outputs,
                                            int64_t firstChannel,
                                            int64_t channels) const {
  const int64_t k = layer.kernelPositions;
  const int64_t groupChannels = layer.channels / layer.groups;
  const int64_t groupOutputs = layer.outputs / layer.groups;
  std::vector<int8_t> matrix;
  matrix.reserve(outputs * channels * k);
  for (int64_t i = 0; i < outputs; ++i) {
    const int64_t output = block.firstOutput + firstOutput + i;
    // The channels of the output's group; all others have no weights.
    const int64_t first = output / groupOutputs * groupChannels;
    for (int64_t c = firstChannel; c < firstChannel + channels; ++c)
      for (int64_t position = 0; position < k; ++position)
        matrix.push_back(
            c < first || c >= first + groupChannels
                ? 0
                : layer.weights[(output * groupChannels + c - first) * k +
                                position]);
  }
  return matrix;
}

Expressions pumice::apcompiler::expressionsOf(const APMicroprogram &program,
                                              int64_t outputs,
                                              llvm::ArrayRef<int8_t> matrix,
                                              int64_t inputs,
                                              const FreeColumns &columns,
                                              int64_t mostTries) {
  if (!program.isAcross)
    return share(matrix, outputs, inputs, columns.sharedCount, mostTries);
  // Sums have different widths; most have few terms. A single output has no
  // sums to share.
  for (int64_t most =
           outputs > 1 ? columns.sharedCount / (program.inputBits + 1) : 0;
       ; --most) {
    Expressions found =
        share(matrix, outputs, inputs, std::max<int64_t>(most, 0),
              /*mostTries=*/1);
    const int64_t taken = sharedColumns(program, found);
    if (most <= 0 || taken <= columns.sharedCount)
      return found;
    most = std::min<int64_t>(most, found.shared.size());
  }
}

llvm::Expected<Layout>
pumice::apcompiler::chooseLayout(const PreparedLayer &layer, const APSpec &ap,
                                 const Options &options) {
  return Chooser(layer, ap, options).choose();
}
