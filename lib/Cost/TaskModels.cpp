// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TaskModels.cpp - TaskOpInterface of tasks and instructions -*- C++ -*-=//
#include "dialects/AP/AP.h"
#include "dialects/PUM/Kept.h"
#include "dialects/Simulator/Simulator.h"
#include "lib/Cost/ConstantValue.h"
#include "lib/Cost/CostModel.h"
#include "lib/Device/Device.h"
#include "lib/Support/Saturating.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

#include <cmath>

using namespace mlir;
using namespace pumice;

static int64_t bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  std::optional<model::ElementType> element =
      elementTypeOf(shaped.getElementType());
  return shaped.getNumElements() * (element ? model::byteWidth(*element) : 0);
}

/// The placement of a task; without one, the group that it is assigned to.
static TaskPlacement placementOf(Operation *task,
                                 pum::PlacementAttr placement) {
  if (!placement)
    return {pum::targetGroupOf(task), {}};
  return {placement.getGroup(), placement.getRanges()};
}

/// Bytes of a code: of its element type.
static int64_t codeBytesOf(Type type) {
  return cast<ShapedType>(type).getElementTypeBitWidth() / 8;
}

/// Output positions of a convolution, or vectors (of each group) of a product.
static int64_t windowsOf(Type input, Type output, bool isConvolution) {
  ArrayRef<int64_t> shape = cast<ShapedType>(output).getShape();
  if (isConvolution)
    return saturatingProduct({shape[0], shape[2], shape[3]});
  ArrayRef<int64_t> inputs = cast<ShapedType>(input).getShape();
  return inputs.size() == 3 ? inputs[1] : inputs[0];
}

/// Fills the rest of a task whose grid is known.
static MVMTask read(MVMTask task, Type input, Type output,
                    std::optional<crossbar::WindowAttr> window,
                    int64_t weightZeroPoint) {
  const TaskGrid &grid = task.grid;
  const bool isConvolution = window.has_value();
  if (isConvolution) {
    task.kernelHeight = window->getKernel()[0];
    task.kernelWidth = window->getKernel()[1];
  }
  task.windows = windowsOf(input, output, isConvolution);
  // Every window is fetched whole: rows inputs for each group.
  task.bytesIn = saturatingProduct({task.windows, grid.type.getGroups(),
                                    grid.type.getRows(), codeBytesOf(input)});
  task.bytesOut = bytesOf(output);
  task.weightZeroPoint = weightZeroPoint;
  return task;
}

/// The work of a layer on processors, or of the instruction that runs it.
template <typename OpTy>
static APRunTask runTask(OpTy op, TaskPlacement placement, Type output) {
  Type input = op.getInput().getType();
  APRunTask task;
  task.placement = placement;
  task.program = op.getProgram();
  task.windows = windowsOf(input, output, op.getWindow().has_value());
  task.codeBytes = codeBytesOf(input);
  task.bytesOut = bytesOf(output);
  return task;
}

/// Where an operand is if processors hold it.
static APSourceTask source(const APRunTask &maker, Value operand) {
  return {maker.placement, maker.program, maker.windows,
          cast<ShapedType>(operand.getType()).getDimSize(1)};
}

static APLookupTask lookup(TaskPlacement placement, ap::LookupMethod method,
                           Type queries, ElementsAttr table) {
  auto rows = cast<ShapedType>(table.getType());
  return {placement, ap::stringifyLookupMethod(method),
          cast<ShapedType>(queries).getDimSize(0), rows.getDimSize(0),
          rows.getDimSize(1)};
}

static TaskCamMapping read(ap::CamMappingAttr mapping) {
  return {mapping.getPartBits(), mapping.getParts(), mapping.getRowBlocks(),
          mapping.getStacked(), mapping.getSerial()};
}

static CamSearchTask search(TaskPlacement placement, ap::SearchKind kind,
                            int64_t limit, ap::CamMappingAttr mapping,
                            ElementsAttr table, Type queries, Type distances,
                            Type indices) {
  CamSearchTask task;
  task.placement = placement;
  switch (kind) {
  case ap::SearchKind::distances:
    task.kind = TaskSearch::distances;
    break;
  case ap::SearchKind::within:
    task.kind = TaskSearch::within;
    break;
  case ap::SearchKind::best:
    task.kind = TaskSearch::best;
    break;
  }
  auto words = cast<ShapedType>(table.getType());
  task.queries = cast<ShapedType>(queries).getDimSize(0);
  task.rows = words.getDimSize(0);
  task.bits = words.getDimSize(1);
  task.limit = limit;
  if (indices)
    task.count = cast<ShapedType>(distances).getDimSize(1);
  task.mapping = read(mapping);
  task.bytesIn = bytesOf(queries);
  task.bytesOut = bytesOf(distances) + (indices ? bytesOf(indices) : 0);
  return task;
}

template <typename ProgramOp>
static TaskGrid gridOf(ProgramOp program) {
  TaskGrid grid;
  grid.type = program.getGrid().getType();
  grid.tiling = program.getTiling();
  grid.array = program.getArray();
  grid.adcRange = program.getAdcRange();
  grid.placement = placementOf(program, program.getPlacementAttr());
  grid.part = program.getPartAttr();
  grid.tiles = program.getTiles();
  if (auto method =
          program->template getAttrOfType<StringAttr>(pum::reencodingAttrName))
    grid.reencoding = method.getValue();
  return grid;
}

/// The weights that a program writes, of one copy.
static int64_t countOfWeights(const TaskGrid &grid, ShapedType weights) {
  if (!grid.part && !grid.tiles)
    return weights.getNumElements();
  const GridSpec spec = specOf(grid);
  return spec.tiles
             ? model::weightsOfTiles(toSpec(grid.array), spec.matrix,
                                     spec.tiling, *spec.tiles)
             : spec.matrix.groups * spec.matrix.rows * spec.matrix.columns;
}

/// Sets the bytes of the weights that a program writes, of one copy. Parts of a
/// compressed constant have their share of its bytes.
static void setBytes(ProgramTask &task, Operation *program, Type weights) {
  auto shaped = cast<ShapedType>(weights);
  const int64_t elements = shaped.getNumElements();
  if (!elements)
    return;
  const int64_t count = countOfWeights(task.grid, shaped);
  auto compressed =
      program->getAttrOfType<IntegerAttr>(pum::compressedBytesAttrName);
  if (!compressed) {
    task.bytes = count * (bytesOf(weights) / elements);
    return;
  }
  task.decoded = count;
  task.bytes = static_cast<int64_t>(std::ceil(
      double(compressed.getInt()) * double(count) / double(elements)));
}

/// The grid of programs whose tiles are read together, and where they are.
template <typename ProgramOp>
static bool join(MutableArrayRef<ProgramOp> programs, MVMTask &task) {
  if (llvm::any_of(programs, [](ProgramOp program) { return !program; }))
    return false;
  task.grid = gridOf(programs.front());
  task.grid.tiles = std::nullopt;
  if (programs.size() > 1 || programs.front().getTiles())
    for (ProgramOp program : programs)
      if (program.getPlacementAttr())
        task.joined.push_back({placementOf(program, program.getPlacementAttr()),
                               program.getTiles()});
  return true;
}

/// Scalar operations beside the arrays that one element of `function` takes:
/// comparisons with the ends of the domain and the number of its input; for
/// each hidden unit, scale, bias, and tanh; scale and bias of the result.
static DigitalOps peripheryOf(Operation *function) {
  using Kind = DigitalOpKind;
  DigitalOps ops;
  ops[Kind::compare] = 2;
  ops[Kind::add] = ops[Kind::multiply] = 2;
  ops[Kind::convert] = 1;
  bool isReduced = false;
  if (auto net = dyn_cast<crossbar::NeonNetOp>(function)) {
    const int64_t hidden = net.getHiddenSize();
    ops[Kind::add] += hidden;
    ops[Kind::multiply] += hidden;
    ops[Kind::special] = hidden;
    isReduced = net.getReduction().has_value();
  } else {
    isReduced = cast<crossbar::TableOp>(function).getReduction().has_value();
  }
  // The position of the leading one, and two shifts.
  if (isReduced)
    ops[Kind::add] += 3;
  return ops;
}

FailureOr<ApplyTask> pumice::applyTask(Operation *function, Type input,
                                       ArrayRef<TaskGrid> grids) {
  SmallVector<Type, 2> types;
  for (const TaskGrid &grid : grids)
    types.push_back(grid.type);
  FailureOr<int64_t> copies = crossbar::copiesOf(
      [&] { return function->emitOpError(); }, function, types);
  if (failed(copies))
    return failure();
  ApplyTask task;
  task.grids.assign(grids.begin(), grids.end());
  task.isTable = isa<crossbar::TableOp>(function);
  task.elements = cast<ShapedType>(input).getNumElements();
  task.copies = *copies;
  task.bytesIn = task.bytesOut = bytesOf(input);
  task.periphery = peripheryOf(function);
  return task;
}

/// The work of applying the function that `apply` names on `grids`.
template <typename ApplyOp>
static FailureOr<TaskWork> applyWork(ApplyOp apply, ArrayRef<TaskGrid> grids) {
  Operation *function =
      SymbolTable::lookupNearestSymbolFrom(apply, apply.getFunctionAttr());
  if (!function || grids.empty())
    return failure();
  FailureOr<ApplyTask> work =
      applyTask(function, apply.getInput().getType(), grids);
  if (failed(work))
    return failure();
  return TaskWork(std::move(*work));
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// The layer that a compute task holds, if it is one; grids may be joined in
/// front of it.
static Operation *layerOf(pum::ComputeOp task) {
  Operation *layer = &task.getBody().front().front();
  if (isa<crossbar::JoinOp>(layer))
    layer = layer->getNextNode();
  pum::YieldOp yield = task.getYield();
  if (layer == yield.getOperation() ||
      std::next(layer->getIterator()) != yield->getIterator() ||
      yield.getValues() != layer->getResults())
    return nullptr;
  return layer;
}

namespace {

struct LoadModel : TaskOpInterface::ExternalModel<LoadModel, pum::LoadOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    return TaskWork(
        TransferTask{bytesOf(cast<pum::LoadOp>(op).getInput().getType()),
                     TaskMemory::dram, TaskMemory::buffer});
  }
};

struct StoreModel : TaskOpInterface::ExternalModel<StoreModel, pum::StoreOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    return TaskWork(
        TransferTask{bytesOf(cast<pum::StoreOp>(op).getInput().getType()),
                     TaskMemory::buffer, TaskMemory::dram});
  }
};

struct ProgramModel
    : TaskOpInterface::ExternalModel<ProgramModel, pum::ProgramOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto program = cast<pum::ProgramOp>(op);
    ProgramTask task;
    task.grid = gridOf(program);
    setBytes(task, op, program.getWeights().getType());
    task.from = TaskMemory::buffer;
    if (auto constant =
            program.getWeights().getDefiningOp<arith::ConstantOp>()) {
      task.from = TaskMemory::dram;
      task.constant = cast<ElementsAttr>(constant.getValue());
    }
    return TaskWork(task);
  }
};

struct ComputeModel
    : TaskOpInterface::ExternalModel<ComputeModel, pum::ComputeOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto task = cast<pum::ComputeOp>(op);
    Operation *layer = layerOf(task);
    if (auto conv = dyn_cast_if_present<crossbar::Conv2DOp>(layer))
      return onGrid(task, conv, conv.getWindow());
    if (auto mvm = dyn_cast_if_present<crossbar::MVMOp>(layer))
      return onGrid(task, mvm, std::nullopt);
    if (auto apply = dyn_cast_if_present<crossbar::ApplyOp>(layer))
      return onGrids(task, apply);
    if (auto run = dyn_cast_if_present<ap::RunOp>(layer))
      return TaskWork(onProcessors(task, run));
    if (auto search = dyn_cast_if_present<ap::LookupOp>(layer))
      return TaskWork(lookup(placementOf(task, task.getPlacementAttr()),
                             search.getMethod(), search.getQueries().getType(),
                             search.getTable()));
    if (auto cams = dyn_cast_if_present<ap::CamSearchOp>(layer)) {
      if (!cams.getMapping())
        return failure();
      return TaskWork(
          ::search(placementOf(task, task.getPlacementAttr()), cams.getKind(),
                   cams.getLimit(), *cams.getMapping(), cams.getTable(),
                   cams.getQueries().getType(), cams.getDistances().getType(),
                   cams.getIndices() ? cams.getIndices().getType() : Type()));
    }
    return failure();
  }

  static APRunTask onProcessors(pum::ComputeOp task, ap::RunOp run) {
    auto alone = [](pum::ComputeOp task, ap::RunOp run) {
      return runTask(run, placementOf(task, task.getPlacementAttr()),
                     run.getType());
    };
    APRunTask work = alone(task, run);
    work.keeps = pum::isKept(task);
    for (auto [operand, from] : llvm::zip(run->getOperands(), work.sources)) {
      auto argument = dyn_cast<BlockArgument>(operand);
      if (!argument || argument.getOwner() != &task.getBody().front())
        continue;
      auto maker = task.getInputs()[argument.getArgNumber()]
                       .getDefiningOp<pum::ComputeOp>();
      if (!pum::isKept(maker))
        continue;
      if (auto made = dyn_cast_if_present<ap::RunOp>(layerOf(maker)))
        from = source(alone(maker, made), operand);
    }
    return work;
  }

  static FailureOr<TaskWork> onGrids(pum::ComputeOp task,
                                     crossbar::ApplyOp apply) {
    SmallVector<TaskGrid, 2> grids;
    for (Value grid : apply.getGrids()) {
      auto argument = dyn_cast<BlockArgument>(grid);
      if (!argument || argument.getOwner() != &task.getBody().front())
        return failure();
      auto program = task.getInputs()[argument.getArgNumber()]
                         .getDefiningOp<pum::ProgramOp>();
      if (!program)
        return failure();
      grids.push_back(gridOf(program));
    }
    return applyWork(apply, grids);
  }

  template <typename LayerOp>
  static FailureOr<TaskWork>
  onGrid(pum::ComputeOp task, LayerOp layer,
         std::optional<crossbar::WindowAttr> window) {
    SmallVector<Value> grids{layer.getWeights()};
    if (auto joined =
            layer.getWeights().template getDefiningOp<crossbar::JoinOp>())
      grids = joined.getGrids();
    SmallVector<pum::ProgramOp> programs;
    for (Value grid : grids) {
      auto argument = dyn_cast<BlockArgument>(grid);
      if (!argument || argument.getOwner() != &task.getBody().front())
        return failure();
      programs.push_back(task.getInputs()[argument.getArgNumber()]
                             .template getDefiningOp<pum::ProgramOp>());
    }
    MVMTask work;
    if (!join<pum::ProgramOp>(programs, work))
      return failure();
    return TaskWork(read(std::move(work), layer.getInput().getType(),
                         layer.getType(), window, layer.getWeightZeroPoint()));
  }
};

struct DigitalModel
    : TaskOpInterface::ExternalModel<DigitalModel, pum::DigitalOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    return TaskWork(DigitalTask{&cast<pum::DigitalOp>(op).getBody(),
                                pum::targetGroupOf(op)});
  }
};

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

TaskMemory memoryOf(Value buffer) {
  return simulator::memoryOf(cast<MemRefType>(buffer.getType())) ==
                 simulator::Memory::buffer
             ? TaskMemory::buffer
             : TaskMemory::dram; // the host sits behind the same channel
}

struct TransferInstruction
    : TaskOpInterface::ExternalModel<TransferInstruction,
                                     simulator::TransferOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto transfer = cast<simulator::TransferOp>(op);
    return TaskWork(TransferTask{bytesOf(transfer.getSource().getType()),
                                 memoryOf(transfer.getSource()),
                                 memoryOf(transfer.getDestination())});
  }
};

struct ProgramInstruction
    : TaskOpInterface::ExternalModel<ProgramInstruction, simulator::ProgramOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto program = cast<simulator::ProgramOp>(op);
    ProgramTask task;
    task.grid = gridOf(program);
    setBytes(task, op, program.getWeights().getType());
    task.from = memoryOf(program.getWeights());
    if (auto constant =
            program.getWeights().getDefiningOp<simulator::ConstantOp>())
      task.constant = constant.getValue();
    return TaskWork(task);
  }
};

struct MVMInstruction
    : TaskOpInterface::ExternalModel<MVMInstruction, simulator::MVMOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto mvm = cast<simulator::MVMOp>(op);
    SmallVector<simulator::ProgramOp> programs{
        mvm.getGrid().getDefiningOp<simulator::ProgramOp>()};
    for (Value grid : mvm.getJoining())
      programs.push_back(grid.getDefiningOp<simulator::ProgramOp>());
    MVMTask work;
    if (!join<simulator::ProgramOp>(programs, work))
      return failure();
    return TaskWork(read(std::move(work), mvm.getInput().getType(),
                         mvm.getOutput().getType(), mvm.getWindow(),
                         mvm.getWeightZeroPoint()));
  }
};

struct APExecInstruction
    : TaskOpInterface::ExternalModel<APExecInstruction, simulator::APExecOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto exec = cast<simulator::APExecOp>(op);
    APRunTask work = alone(exec);
    work.keeps = simulator::isInProcessors(exec.getOutput());
    SmallVector<Value, 2> operands{exec.getInput()};
    if (Value other = exec.getOther())
      operands.push_back(other);
    for (auto [operand, from] : llvm::zip(operands, work.sources))
      if (simulator::APExecOp maker = simulator::keeperOf(operand))
        from = source(alone(maker), operand);
    return TaskWork(work);
  }

  static APRunTask alone(simulator::APExecOp exec) {
    return runTask(exec, placementOf(exec, exec.getPlacementAttr()),
                   exec.getOutput().getType());
  }
};

struct APLookupInstruction
    : TaskOpInterface::ExternalModel<APLookupInstruction,
                                     simulator::APLookupOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto search = cast<simulator::APLookupOp>(op);
    return TaskWork(lookup(placementOf(op, search.getPlacementAttr()),
                           search.getMethod(), search.getQueries().getType(),
                           search.getTable()));
  }
};

struct CamSearchInstruction
    : TaskOpInterface::ExternalModel<CamSearchInstruction,
                                     simulator::CamSearchOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto cams = cast<simulator::CamSearchOp>(op);
    return TaskWork(
        search(placementOf(op, cams.getPlacementAttr()), cams.getKind(),
               cams.getLimit(), cams.getMapping(), cams.getTable(),
               cams.getQueries().getType(), cams.getOutput().getType(),
               cams.getIndices() ? cams.getIndices().getType() : Type()));
  }
};

struct CamWriteInstruction
    : TaskOpInterface::ExternalModel<CamWriteInstruction,
                                     simulator::CamWriteOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto write = cast<simulator::CamWriteOp>(op);
    auto words = cast<ShapedType>(write.getTable().getType());
    return TaskWork(CamWriteTask{placementOf(op, write.getPlacementAttr()),
                                 words.getDimSize(0), words.getDimSize(1),
                                 read(write.getMapping())});
  }
};

struct ApplyInstruction
    : TaskOpInterface::ExternalModel<ApplyInstruction, simulator::ApplyOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto apply = cast<simulator::ApplyOp>(op);
    SmallVector<TaskGrid, 2> grids;
    for (Value grid : apply.getGrids()) {
      auto program = grid.getDefiningOp<simulator::ProgramOp>();
      if (!program)
        return failure();
      grids.push_back(gridOf(program));
    }
    return applyWork(apply, grids);
  }
};

struct DigitalInstruction
    : TaskOpInterface::ExternalModel<DigitalInstruction, simulator::DigitalOp> {
  FailureOr<TaskWork> getTaskWork(Operation *op) const {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        op, cast<simulator::DigitalOp>(op).getCalleeAttr());
    if (!callee)
      return failure();
    return TaskWork(DigitalTask{&callee.getBody(), pum::targetGroupOf(op)});
  }
};

} // namespace

void pumice::registerTaskModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, pum::PUMDialect *) {
    pum::LoadOp::attachInterface<LoadModel>(*context);
    pum::StoreOp::attachInterface<StoreModel>(*context);
    pum::ProgramOp::attachInterface<ProgramModel>(*context);
    pum::ComputeOp::attachInterface<ComputeModel>(*context);
    pum::DigitalOp::attachInterface<DigitalModel>(*context);
  });
  registry.addExtension(
      +[](MLIRContext *context, simulator::SimulatorDialect *) {
        simulator::TransferOp::attachInterface<TransferInstruction>(*context);
        simulator::ProgramOp::attachInterface<ProgramInstruction>(*context);
        simulator::MVMOp::attachInterface<MVMInstruction>(*context);
        simulator::APExecOp::attachInterface<APExecInstruction>(*context);
        simulator::APLookupOp::attachInterface<APLookupInstruction>(*context);
        simulator::CamSearchOp::attachInterface<CamSearchInstruction>(*context);
        simulator::CamWriteOp::attachInterface<CamWriteInstruction>(*context);
        simulator::ApplyOp::attachInterface<ApplyInstruction>(*context);
        simulator::DigitalOp::attachInterface<DigitalInstruction>(*context);
      });
}
