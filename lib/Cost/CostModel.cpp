// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cost/CostModel.h"

#include "lib/Cost/ConstantValue.h"
#include "lib/Model/AP/Lookup.h"
#include "lib/Model/AP/Wear.h"
#include "lib/Model/Machine/Circuits.h"
#include "lib/Reencoding/Reencoding.h"
#include "lib/Support/Saturating.h"
#include "mlir/IR/BuiltinOps.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace pumice;

GridSpec pumice::specOf(const TaskGrid &grid) {
  GridSpec spec;
  spec.matrix.groups = grid.type.getGroups();
  spec.matrix.rows = grid.type.getRows();
  spec.matrix.columns = grid.type.getColumns();
  spec.matrix.weightBits = grid.type.getElementType().getWidth();
  spec.matrix.adcRange = grid.adcRange.value_or(0);
  spec.matrix.inputBits = grid.type.getInputType().getWidth();
  spec.matrix.inputSigned = grid.type.getInputType().isSigned();
  if (crossbar::PartAttr part = grid.part) {
    spec.matrix.wholeGroups = part.getGroups();
    spec.matrix.wholeRows = part.getRows();
    spec.matrix.wholeColumns = part.getColumns();
    spec.matrix.firstGroup = part.getFirstGroup();
    spec.matrix.firstRow = part.getFirstRow();
    spec.matrix.firstColumn = part.getFirstColumn();
  }
  if (grid.tiles)
    spec.tiles = model::TileRange{(*grid.tiles)[0], (*grid.tiles)[1]};
  spec.tiling.rowTiles = grid.tiling.getRowTiles();
  spec.tiling.columnTiles = grid.tiling.getColumnTiles();
  spec.tiling.slices = grid.tiling.getSlices();
  spec.tiling.weightsPerRow = grid.array.getColumns() / grid.tiling.getSlices();
  spec.tiling.groupsPerArray = grid.tiling.getGroupsPerArray();
  spec.tiling.arrays = grid.tiling.getArrays();
  return spec;
}

SmallVector<model::ArrayRange> pumice::rangesOf(ArrayRef<int64_t> bounds) {
  SmallVector<model::ArrayRange> ranges;
  for (size_t i = 0; i < bounds.size(); i += 2)
    ranges.push_back({bounds[i], bounds[i + 1] - bounds[i]});
  return ranges;
}

/// Sorts ranges and merges those that touch.
static void mergeRanges(SmallVector<model::ArrayRange> &ranges) {
  llvm::sort(ranges,
             [](const auto &a, const auto &b) { return a.first < b.first; });
  size_t last = 0;
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first == ranges[last].first + ranges[last].count)
      ranges[last].count += ranges[i].count;
    else
      ranges[++last] = ranges[i];
  if (!ranges.empty())
    ranges.resize(last + 1);
}

SmallVector<model::ArrayRange> pumice::unitsOf(const TaskPlacement &placement,
                                               const model::UnitGroup &group,
                                               int64_t wanted) {
  if (!placement.ranges.empty())
    return rangesOf(placement.ranges);
  SmallVector<model::ArrayRange> ranges;
  if (wanted > 0)
    ranges.push_back(model::lowestUnits(group, wanted));
  return ranges;
}

model::Memory pumice::memoryOf(TaskMemory memory) {
  return memory == TaskMemory::buffer ? model::Memory::buffer
                                      : model::Memory::dram;
}

//===----------------------------------------------------------------------===//
// Where a task runs
//===----------------------------------------------------------------------===//

llvm::Expected<const model::UnitGroup *>
CostModel::crossbarsOf(const TaskGrid &grid) const {
  const std::string name = grid.placement.group.str();
  const model::UnitGroup *group =
      name.empty() ? spec.firstCrossbar() : spec.find(name);
  if (group && group->crossbar())
    return group;
  return llvm::createStringError(name.empty()
                                     ? "runs on crossbar arrays, but device '" +
                                           spec.name + "' has none"
                                     : "is placed on '" + name +
                                           "', which is not a group of "
                                           "crossbar arrays of device '" +
                                           spec.name + "'");
}

llvm::Expected<const model::UnitGroup *>
CostModel::processorsOf(const TaskPlacement &placement) const {
  const std::string name = placement.group.str();
  const model::UnitGroup *group =
      name.empty() ? spec.firstAP() : spec.find(name);
  if (group && group->ap())
    return group;
  return llvm::createStringError(
      name.empty() ? "runs on associative processors, but device '" +
                         spec.name + "' has none"
                   : "is placed on '" + name +
                         "', which is not a group of "
                         "associative processors of device '" +
                         spec.name + "'");
}

llvm::Expected<const model::UnitGroup *>
CostModel::camsOf(const TaskPlacement &placement) const {
  const std::string name = placement.group.str();
  const model::UnitGroup *group =
      name.empty() ? spec.firstCam() : spec.find(name);
  if (group && group->cam())
    return group;
  return llvm::createStringError(
      name.empty() ? "runs on content-addressable memories, but device '" +
                         spec.name + "' has none"
                   : "is placed on '" + name +
                         "', which is not a group of content-addressable "
                         "memories of device '" +
                         spec.name + "'");
}

model::SearchSpec pumice::specOf(const CamSearchTask &task) {
  model::SearchSpec spec;
  switch (task.kind) {
  case TaskSearch::distances:
    spec.kind = model::SearchKind::distances;
    break;
  case TaskSearch::within:
    spec.kind = model::SearchKind::within;
    break;
  case TaskSearch::best:
    spec.kind = model::SearchKind::best;
    break;
  }
  spec.queries = task.queries;
  spec.rows = task.rows;
  spec.bits = task.bits;
  spec.limit = task.limit;
  spec.count = task.count;
  return spec;
}

model::SearchMapping pumice::mappingOf(const TaskCamMapping &mapping) {
  model::SearchMapping result;
  result.partBits = mapping.partBits;
  result.parts = mapping.parts;
  result.rowBlocks = mapping.rowBlocks;
  result.stacked = mapping.stacked;
  result.serial = mapping.serial;
  return result;
}

static model::LookupSpec specOf(const APLookupTask &task) {
  model::LookupSpec spec;
  spec.method = *model::parseLookupMethod(task.method);
  spec.queries = task.queries;
  spec.rows = task.rows;
  spec.bits = task.bits;
  return spec;
}

llvm::Expected<int64_t> CostModel::processorsOf(const TaskWork &work) {
  if (auto *run = std::get_if<APRunTask>(&work)) {
    auto group = processorsOf(run->placement);
    if (!group)
      return group.takeError();
    auto program = microprogram(run->program);
    if (!program)
      return program.takeError();
    return model::apProcessors(*(*group)->ap(), (*program)->program,
                               run->windows);
  }
  if (auto *lookup = std::get_if<APLookupTask>(&work)) {
    auto group = processorsOf(lookup->placement);
    if (!group)
      return group.takeError();
    return model::lookupProcessors(*(*group)->ap(), ::specOf(*lookup));
  }
  if (auto *search = std::get_if<CamSearchTask>(&work))
    return mappingOf(search->mapping).arrays();
  return 0;
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

llvm::Expected<model::Cost> CostModel::costOf(Operation *op,
                                              const TaskFacts &facts) {
  auto task = dyn_cast<TaskOpInterface>(op);
  if (!task)
    return llvm::createStringError("expected a task or an instruction, got '" +
                                   op->getName().getStringRef() + "'");
  FailureOr<TaskWork> work = task.getTaskWork();
  if (failed(work))
    return llvm::createStringError("'" + op->getName().getStringRef() +
                                   "' holds no work that has a cost");
  if (std::holds_alternative<MVMTask>(*work) && hasCircuits())
    if (Operation *module = op->getParentOfType<ModuleOp>();
        module && module != chipModule) {
      chip = chipOf(module);
      chipModule = module;
    }
  return costOf(*work, facts);
}

bool CostModel::hasCircuits() const {
  return llvm::any_of(spec.groups, [](const model::UnitGroup &group) {
    return group.crossbar() && group.crossbar()->circuits;
  });
}

model::MVMContext CostModel::contextOf(const MVMTask &task) const {
  return {task.kernelHeight, task.kernelWidth, chip.tiles, chip.intervalNs};
}

CostModel::Chip CostModel::chipOf(Operation *module) {
  Chip found;
  module->walk([&](TaskOpInterface op) {
    FailureOr<TaskWork> work = op.getTaskWork();
    const auto *task = succeeded(work) ? std::get_if<MVMTask>(&*work) : nullptr;
    if (!task)
      return;
    auto group = crossbarsOf(task->grid);
    if (!group) {
      llvm::consumeError(group.takeError());
      return;
    }
    const model::CrossbarSpec &crossbar = *(*group)->crossbar();
    if (!crossbar.circuits)
      return;
    const GridSpec grid = specOf(task->grid);
    const int64_t placed = model::totalUnits(
        rangesOf(task->grid.placement.ranges)); // 0 if it is not placed yet
    const int64_t replicas =
        std::max<int64_t>(placed / std::max<int64_t>(grid.tiling.arrays, 1), 1);
    found.tiles += model::circuitLayout(crossbar, grid.matrix, grid.tiling,
                                        contextOf(*task))
                       .tiles;
    found.intervalNs =
        std::max(found.intervalNs,
                 model::circuitNs(crossbar, grid.matrix,
                                  llvm::divideCeil(task->windows, replicas)));
  });
  return found;
}

llvm::Expected<model::Cost> CostModel::costOf(const TaskWork &work,
                                              const TaskFacts &facts) {
  llvm::Expected<model::Cost> result =
      std::visit([&](const auto &task) { return cost(task, facts); }, work);
  if (result)
    if (llvm::Error error = addTraffic(work, *result))
      return error;
  return result;
}

llvm::Expected<model::Cost> CostModel::cost(const TransferTask &task,
                                            const TaskFacts &) {
  return model::transferCost(spec, task.bytes, memoryOf(task.from),
                             memoryOf(task.to));
}

/// Bytes of the tables with which the tiles of a copy are re-encoded. Each
/// array has its own, as it held something else before.
static int64_t tableBytesOf(const TaskGrid &grid,
                            const model::ArraySpec &array) {
  const auto method = reencoding::methodOf(grid.reencoding);
  if (!method)
    return 0;
  const GridSpec spec = specOf(grid);
  const int64_t count = spec.tiles ? spec.tiles->count : spec.tiling.arrays;
  int64_t bytes = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t number =
        spec.tiles ? model::arrayOfTile(spec.tiling, spec.tiles->first + i) : i;
    const int64_t first =
        number % spec.tiling.columnTiles * spec.tiling.weightsPerRow;
    bytes += reencoding::tableBytes(
        *method,
        std::min(spec.tiling.weightsPerRow, spec.matrix.columns - first),
        array.columns, /*rowGroups=*/1);
  }
  return bytes;
}

llvm::Expected<model::Cost> CostModel::cost(const ProgramTask &task,
                                            const TaskFacts &facts) {
  auto group = crossbarsOf(task.grid);
  if (!group)
    return group.takeError();
  const GridSpec grid = specOf(task.grid);
  const SmallVector<model::ArrayRange> arrays =
      unitsOf(task.grid.placement, **group, grid.arraysPerCopy());
  const int64_t replicas =
      std::max<int64_t>(model::totalUnits(arrays) / grid.arraysPerCopy(), 1);
  // A constant may be written whole; of temporary weights only what changes.
  const bool pulsesAll =
      task.constant && (*group)->crossbar()->pulsesUnchangedCells;
  const int64_t bytes =
      task.bytes +
      tableBytesOf(task.grid, (*group)->crossbar()->array) * replicas;
  return model::programCost(spec, **group, grid.matrix, grid.tiling, arrays,
                            bytes, memoryOf(task.from), replicas, facts.changed,
                            pulsesAll, grid.tiles, task.decoded);
}

llvm::Expected<model::Cost> CostModel::cost(const MVMTask &task,
                                            const TaskFacts &) {
  auto group = crossbarsOf(task.grid);
  if (!group)
    return group.takeError();
  const GridSpec grid = specOf(task.grid);
  SmallVector<model::ArrayRange> arrays;
  for (const MVMTask::Joined &part : task.joined)
    llvm::append_range(arrays, rangesOf(part.placement.ranges));
  mergeRanges(arrays);
  if (task.joined.empty())
    arrays = unitsOf(task.grid.placement, **group, grid.tiling.arrays);
  model::Cost cost =
      model::mvmCost(spec, **group, grid.matrix, grid.tiling, task.windows,
                     arrays, task.bytesIn, task.bytesOut,
                     model::totalUnits(arrays) / grid.tiling.arrays,
                     task.weightZeroPoint, contextOf(task));
  if (const auto method = reencoding::methodOf(task.grid.reencoding)) {
    // One for each column of a tile and window undoes offset and flips.
    DigitalOps ops;
    ops[DigitalOpKind::multiply] = ops[DigitalOpKind::add] = saturatingProduct(
        {cost.counters.windows, grid.tiling.rowTiles,
         reencoding::correctionsOf(*method, grid.matrix.columns,
                                   /*rowGroups=*/1)});
    model::addPeriphery(cost, spec, ops);
  }
  return cost;
}

llvm::Expected<model::Cost> CostModel::cost(const APRunTask &task,
                                            const TaskFacts &facts) {
  auto group = processorsOf(task.placement);
  if (!group)
    return group.takeError();
  auto read = microprogramWithWork(task.program);
  if (!read)
    return read.takeError();
  const Microprogram &program = **read;
  const int64_t wanted =
      model::apProcessors(*(*group)->ap(), program.program, task.windows);
  const SmallVector<model::ArrayRange> processors =
      unitsOf(task.placement, **group, wanted);
  llvm::Expected<model::APLinks> links = linksOf(task, program.program);
  if (!links)
    return links.takeError();
  if (const int64_t units = model::totalUnits(processors);
      units < wanted && (links->keeps || !links->sources.empty()))
    return llvm::createStringError(
        "keeps or reads values in processors, so it needs " +
        llvm::Twine(wanted) + " of them at once, got " + llvm::Twine(units));
  // Every window is fetched whole, by each output block.
  int64_t codes = 0, macs = 0;
  for (const model::APOutputBlock &block : program.program.outputBlocks)
    for (const model::APChannelBlock &channels : block.channelBlocks) {
      const int64_t terms = channels.channels * program.program.kernelPositions;
      codes += model::channelsFromBuffer(channels, links->sources) *
               program.program.kernelPositions;
      macs += terms * int64_t(block.outputs.size());
    }
  std::optional<uint64_t> written;
  if (facts.taggedWrites)
    written = std::accumulate(facts.taggedWrites->begin(),
                              facts.taggedWrites->end(), uint64_t(0));
  model::Cost cost = model::apCost(
      spec, **group, processors, program.program, *program.work, task.windows,
      program.bytes, task.windows * codes * task.codeBytes,
      links->keeps ? 0 : task.bytesOut, written, &*links);
  cost.counters.macs = saturatingProduct({task.windows, macs});
  cost.writes =
      model::apWrites(**group, processors, program.program, *program.work,
                      task.windows, facts.taggedWrites);
  return cost;
}

llvm::Expected<model::APLinks>
CostModel::linksOf(const APRunTask &task,
                   const model::APMicroprogram &program) {
  model::APLinks links;
  links.keeps = task.keeps;
  if (task.keeps && !program.codeBits)
    return llvm::createStringError(
        "keeps sums in processors, expected quantized values");
  int64_t firstChannel = 0;
  for (const APSourceTask &from : task.sources) {
    if (!from.program)
      continue;
    auto read = microprogramWithWork(from.program);
    if (!read)
      return read.takeError();
    const model::APMicroprogram &made = (*read)->program;
    if (&from == &task.sources[1])
      firstChannel = program.channels - from.channels;
    if (made.codeBits != program.inputBits ||
        made.codeSigned != program.inputSigned || made.outputs != from.channels)
      return llvm::createStringError(
          "reads " + llvm::Twine(from.channels) + " channels of " +
          llvm::Twine(program.inputBits) +
          (program.inputSigned ? " signed" : " unsigned") +
          " bits from processors that hold " + llvm::Twine(made.outputs) +
          " of " + llvm::Twine(made.codeBits) +
          (made.codeSigned ? " signed" : " unsigned") + " bits");
    links.sources.push_back({&made, &*(*read)->work, from.windows, firstChannel,
                             rangesOf(from.placement.ranges)});
  }
  return links;
}

llvm::Expected<model::Cost> CostModel::cost(const APLookupTask &task,
                                            const TaskFacts &facts) {
  auto group = processorsOf(task.placement);
  if (!group)
    return group.takeError();
  const model::LookupSpec lookup = ::specOf(task);
  llvm::Expected<model::LookupWork> work =
      model::lookupWork(*(*group)->ap(), lookup);
  if (!work)
    return work.takeError();
  const SmallVector<model::ArrayRange> processors =
      unitsOf(task.placement, **group,
              model::lookupProcessors(*(*group)->ap(), lookup));
  std::optional<uint64_t> written;
  if (facts.taggedWrites)
    written = std::accumulate(facts.taggedWrites->begin(),
                              facts.taggedWrites->end(), uint64_t(0));
  model::Cost cost =
      model::lookupCost(spec, **group, processors, lookup, *work, written);
  cost.writes =
      model::lookupWrites(**group, processors, lookup, *work, written);
  return cost;
}

llvm::Expected<model::Cost> CostModel::cost(const CamSearchTask &task,
                                            const TaskFacts &facts) {
  auto group = camsOf(task.placement);
  if (!group)
    return group.takeError();
  const model::SearchMapping mapping = mappingOf(task.mapping);
  const model::SearchSpec search = pumice::specOf(task);
  if (llvm::Error error =
          model::verifyMapping(*(*group)->cam(), search, mapping))
    return error;
  const SmallVector<model::ArrayRange> arrays =
      unitsOf(task.placement, **group, mapping.arrays());
  return model::searchCost(spec, **group, arrays, search, mapping, task.bytesIn,
                           task.bytesOut, facts.keyBits);
}

llvm::Expected<model::Cost> CostModel::cost(const CamWriteTask &task,
                                            const TaskFacts &) {
  auto group = camsOf(task.placement);
  if (!group)
    return group.takeError();
  const model::SearchMapping mapping = mappingOf(task.mapping);
  model::SearchSpec words;
  words.rows = task.rows;
  words.bits = task.bits;
  return model::storeCost(spec, **group,
                          unitsOf(task.placement, **group, mapping.arrays()),
                          words, mapping);
}

llvm::Expected<model::Cost> CostModel::cost(const ApplyTask &task,
                                            const TaskFacts &) {
  model::DigitalOps ops = task.periphery;
  for (int64_t &count : ops)
    count *= task.elements;
  auto group = crossbarsOf(task.grids.front());
  if (!group)
    return group.takeError();
  SmallVector<model::Cost, 2> stages;
  for (const TaskGrid &taskGrid : task.grids) {
    GridSpec grid = specOf(taskGrid);
    const SmallVector<model::ArrayRange> arrays =
        unitsOf(taskGrid.placement, **group, grid.tiling.arrays);
    // A look-up drives one wordline and converts the cells of one value.
    int64_t windows = llvm::divideCeil(task.elements, task.copies);
    int64_t replicas = 1;
    if (task.isTable) {
      grid.matrix.groups = grid.matrix.rows = grid.matrix.columns = 1;
      grid.tiling.rowTiles = grid.tiling.columnTiles = 1;
      grid.tiling.groupsPerArray = grid.tiling.arrays = 1;
      windows = task.elements;
      replicas = task.copies;
    }
    const bool isFirst = stages.empty();
    stages.push_back(model::mvmCost(spec, **group, grid.matrix, grid.tiling,
                                    windows, arrays, isFirst ? task.bytesIn : 0,
                                    isFirst ? task.bytesOut : 0, replicas));
    stages.back().counters.macs = 0; // of a function, not of the network
  }
  return model::pipelineCost(spec, stages[0],
                             stages.size() > 1 ? stages[1] : model::Cost(),
                             llvm::divideCeil(task.elements, task.copies), ops);
}

llvm::Expected<model::Cost> CostModel::cost(const DigitalTask &task,
                                            const TaskFacts &) {
  const model::UnitGroup *group = spec.find(task.group.str());
  if (!task.group.empty() && !(group && group->digital()))
    return llvm::createStringError("is assigned to '" + task.group +
                                   "', which is not a group of digital units "
                                   "of device '" +
                                   spec.name + "'");
  const digital::OpCounts &counts = countsOf(*task.body);
  model::Cost cost = model::digitalCost(spec, counts.ops, counts.bytesRead,
                                        counts.bytesWritten, group);
  cost.counters.macs = counts.macs;
  return cost;
}

//===----------------------------------------------------------------------===//
// What is read once
//===----------------------------------------------------------------------===//

llvm::Expected<const CostModel::Microprogram *>
CostModel::microprogram(ElementsAttr attr) {
  return findMicroprogram(attr);
}

llvm::Expected<CostModel::Microprogram *>
CostModel::findMicroprogram(ElementsAttr attr) {
  std::unique_ptr<Microprogram> &known = microprograms[attr];
  if (known)
    return known.get();
  llvm::Expected<model::Value> bytes = constantValue(attr);
  if (!bytes)
    return bytes.takeError();
  llvm::Expected<model::APMicroprogram> program =
      model::decode(bytes->as<uint8_t>());
  if (!program)
    return program.takeError();
  known.reset(
      new Microprogram{std::move(*program), bytes->numBytes(), std::nullopt});
  return known.get();
}

llvm::Expected<const CostModel::Microprogram *>
CostModel::microprogramWithWork(ElementsAttr attr) {
  llvm::Expected<Microprogram *> read = findMicroprogram(attr);
  if (!read)
    return read.takeError();
  Microprogram &known = **read;
  if (!known.work)
    known.work = model::workOf(known.program, threads);
  return &known;
}

const digital::OpCounts &CostModel::countsOf(Region &region) {
  std::unique_ptr<digital::OpCounts> &known = counts[&region];
  if (!known)
    known = std::make_unique<digital::OpCounts>(digital::count(region));
  return *known;
}
