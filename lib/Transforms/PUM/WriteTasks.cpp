// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WriteTasks.cpp - From a schedule to tasks ----------------*- C++ -*-===//
//
// Tasks are put in the order in which the schedule starts them. The timeline of
// a run issues them in that order, so that each starts when the schedule says
// or, where the schedule is careful, earlier. Schedules without overlap need
// tokens beyond those of arrays: between layers, and between the writes of a
// segment and its layers.
//
//===----------------------------------------------------------------------===//
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/TaskProblem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <map>
#include <queue>

using namespace mlir;
using namespace pumice;
using scheduling::Picoseconds;
using scheduling::Schedule;

namespace {

/// The part of a matrix that the tiles of a part of a schedule are.
struct SubMatrix {
  int64_t firstGroup = 0, groups = 0;
  int64_t firstRow = 0, rows = 0;
  int64_t firstColumn = 0, columns = 0;
  bool isWhole = false;
};

SubMatrix subMatrixOf(const UnitOfWork &work, const scheduling::Unit &unit,
                      const model::ArraySpec &array,
                      const scheduling::Part &part) {
  const model::MatrixSpec &matrix = work.matrix;
  SubMatrix sub{0, matrix.groups, 0, matrix.rows, 0, matrix.columns, false};
  sub.isWhole = part.tiles == unit.tiles();
  if (sub.isWhole)
    return sub;
  const int64_t first = part.firstTile / unit.rowTiles;
  const int64_t last = (part.firstTile + part.tiles - 1) / unit.rowTiles;
  if (matrix.groups > 1) {
    const int64_t perBlock = work.tiling.groupsPerArray;
    sub.firstGroup = first * perBlock;
    sub.groups =
        std::min((last + 1) * perBlock, matrix.groups) - sub.firstGroup;
    return sub;
  }
  const int64_t perTile = work.tiling.weightsPerRow;
  sub.firstColumn = first * perTile;
  sub.columns =
      std::min((last + 1) * perTile, matrix.columns) - sub.firstColumn;
  if (part.tiles < unit.rowTiles) {
    sub.firstRow = part.firstTile % unit.rowTiles * array.rows;
    sub.rows = std::min(sub.firstRow + part.tiles * array.rows, matrix.rows) -
               sub.firstRow;
  }
  return sub;
}

/// Ranges of arrays, ascending, from arrays in any order.
SmallVector<int64_t> rangesFrom(std::vector<std::pair<int64_t, int64_t>> runs) {
  llvm::sort(runs);
  SmallVector<int64_t> ranges;
  for (auto [first, count] : runs)
    if (!ranges.empty() && ranges.back() == first)
      ranges.back() += count;
    else
      ranges.append({first, first + count});
  return ranges;
}

class Writer {
public:
  Writer(func::FuncOp function, TaskProblem &tasks, const Schedule &schedule)
      : function(function), block(function.getBody().front()), tasks(tasks),
        schedule(schedule), builder(function.getContext()),
        tokenType(pum::TokenType::get(function.getContext())),
        isSerial(schedule.algorithm == "naive" ||
                 schedule.algorithm == "strong") {}

  LogicalResult run() {
    readParts();
    makeNodes();
    findReplaced();
    if (failed(order()))
      return failure();
    emit();
    return success();
  }

private:
  struct Node {
    enum Kind { Program, Compute, Other, Join } kind;
    int index; ///< transfer, part, or unit
    Picoseconds start;
    int waiting = 0;
    SmallVector<int> users;
  };

  /// What is known of a part.
  struct PartState {
    SmallVector<int> transfers;
    int node = -1;
    SubMatrix sub;
    crossbar::GridType gridType;
    crossbar::TilingAttr tiling;
    crossbar::PartAttr attr;
    SmallVector<Value> grids; ///< in emission
    pum::ComputeOp compute;
  };

  void edge(int from, int to) {
    nodes[from].users.push_back(to);
    ++nodes[to].waiting;
  }

  const scheduling::Unit &unitOfPart(int part) const {
    return tasks.problem.units[schedule.parts[part].unit];
  }
  UnitOfWork &workOfPart(int part) {
    return tasks.units[schedule.parts[part].unit];
  }

  void readParts() {
    parts.resize(schedule.parts.size());
    partsOfUnit.resize(tasks.units.size());
    for (size_t p = 0; p < parts.size(); ++p) {
      partsOfUnit[schedule.parts[p].unit].push_back(static_cast<int>(p));
      UnitOfWork &work = workOfPart(static_cast<int>(p));
      PartState &state = parts[p];
      const model::ArraySpec array = toSpec(work.program.getArray());
      state.sub = subMatrixOf(work, unitOfPart(static_cast<int>(p)), array,
                              schedule.parts[p]);
      state.gridType = work.program.getGrid().getType();
      state.tiling = work.program.getTiling();
      if (state.sub.isWhole)
        continue;
      model::MatrixSpec matrix = work.matrix;
      matrix.groups = state.sub.groups;
      matrix.rows = state.sub.rows;
      matrix.columns = state.sub.columns;
      const model::Tiling tiling =
          llvm::cantFail(model::tile(array, matrix)); // a part of what fits
      state.gridType = crossbar::GridType::get(
          function.getContext(), matrix.groups, matrix.rows, matrix.columns,
          state.gridType.getElementType(), state.gridType.getInputType());
      state.tiling = crossbar::TilingAttr::get(
          function.getContext(), tiling.rowTiles, tiling.columnTiles,
          tiling.slices, tiling.groupsPerArray, tiling.arrays);
      state.attr = crossbar::PartAttr::get(
          function.getContext(), work.matrix.groups, work.matrix.rows,
          work.matrix.columns, state.sub.firstGroup, state.sub.firstRow,
          state.sub.firstColumn);
    }
  }

  void makeNodes() {
    for (auto [i, transfer] : llvm::enumerate(schedule.transfers)) {
      parts[transfer.part].transfers.push_back(static_cast<int>(i));
      nodes.push_back({Node::Program, static_cast<int>(i), transfer.start});
    }
    finalNode.assign(tasks.units.size(), -1);
    std::vector<Picoseconds> end(tasks.units.size());
    for (const scheduling::Compute &compute : schedule.computes) {
      const int unit = schedule.parts[compute.part].unit;
      parts[compute.part].node = static_cast<int>(nodes.size());
      finalNode[unit] = static_cast<int>(nodes.size());
      end[unit] = std::max(end[unit], compute.end);
      nodes.push_back({Node::Compute, compute.part, compute.start});
    }
    for (const scheduling::Digital &digital : schedule.digitals) {
      finalNode[digital.unit] = static_cast<int>(nodes.size());
      nodes.push_back({Node::Other, digital.unit, digital.start});
    }
    for (size_t u = 0; u < tasks.units.size(); ++u)
      if (partsOfUnit[u].size() > 1) {
        finalNode[u] = static_cast<int>(nodes.size());
        nodes.push_back({Node::Join, static_cast<int>(u), end[u]});
      }
    for (size_t u = 0; u < tasks.units.size(); ++u) {
      SmallVector<int> starts;
      for (int part : partsOfUnit[u])
        starts.push_back(parts[part].node);
      if (starts.empty())
        starts.push_back(finalNode[u]);
      else if (starts.size() > 1)
        for (int start : starts)
          edge(start, finalNode[u]);
      for (int dependency : tasks.problem.units[u].dependencies)
        for (int start : starts)
          edge(finalNode[dependency], start);
    }
    for (const PartState &part : parts)
      for (int transfer : part.transfers)
        edge(transfer, part.node); // nodes of transfers come first
  }

  /// Arrays of a transfer, each as (first, count).
  std::vector<std::vector<std::pair<int64_t, int64_t>>> arraysOfTransfers() {
    std::vector<std::vector<std::pair<int64_t, int64_t>>> arrays(
        schedule.transfers.size());
    for (const scheduling::Write &write : schedule.writes)
      arrays[write.transfer].push_back({write.firstArray, write.tiles});
    return arrays;
  }

  /// What each transfer replaces, and edges to it from what read that.
  void findReplaced() {
    arrays = arraysOfTransfers();
    replaced.resize(schedule.transfers.size());
    std::vector<int> byStart(schedule.transfers.size());
    for (size_t i = 0; i < byStart.size(); ++i)
      byStart[i] = static_cast<int>(i);
    std::stable_sort(byStart.begin(), byStart.end(), [&](int a, int b) {
      return schedule.transfers[a].start < schedule.transfers[b].start;
    });
    std::vector<int> holder;
    for (const scheduling::Group &group : tasks.problem.machine.groups)
      holder.resize(holder.size() + group.arrays(), -1);
    for (int transfer : byStart)
      for (auto [first, count] : arrays[transfer])
        for (int64_t array = first; array < first + count; ++array)
          if (const int before = std::exchange(holder[array], transfer);
              before >= 0)
            replaced[transfer].insert(before);
    for (size_t t = 0; t < replaced.size(); ++t)
      for (int before : replaced[t]) {
        edge(before, static_cast<int>(t));
        edge(parts[schedule.transfers[before].part].node, static_cast<int>(t));
      }
  }

  /// Fails if tasks wait for one another, which a schedule that keeps all rules
  /// does not allow: an array takes time to be written.
  LogicalResult order() {
    using Entry = std::pair<Picoseconds, int>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (size_t n = 0; n < nodes.size(); ++n)
      if (!nodes[n].waiting)
        ready.push({nodes[n].start, static_cast<int>(n)});
    while (!ready.empty()) {
      const int n = ready.top().second;
      ready.pop();
      sequence.push_back(n);
      for (int user : nodes[n].users)
        if (!--nodes[user].waiting)
          ready.push({nodes[user].start, user});
    }
    if (sequence.size() == nodes.size())
      return success();
    InFlightDiagnostic error =
        function.emitError("cannot be scheduled: tasks wait for one another");
    for (const Node &node : nodes)
      if (node.waiting)
        error.attachNote(taskOf(node)->getLoc()) << "this one waits";
    return error;
  }

  Operation *taskOf(const Node &node) const {
    int unit = node.index;
    if (node.kind == Node::Program)
      unit = schedule.parts[schedule.transfers[node.index].part].unit;
    else if (node.kind == Node::Compute)
      unit = schedule.parts[node.index].unit;
    return tasks.units[unit].task;
  }

  //===--------------------------------------------------------------------===//
  // Emission
  //===--------------------------------------------------------------------===//

  void emit() {
    Operation *terminator = block.getTerminator();
    // Constants first; probes follow what they show.
    SmallVector<arith::ConstantOp> constants(block.getOps<arith::ConstantOp>());
    for (arith::ConstantOp constant : llvm::reverse(constants))
      constant->moveBefore(&block, block.begin());
    gridOfTransfer.resize(schedule.transfers.size());
    builder.setInsertionPoint(terminator);
    placeApplied();
    emitResidents();
    for (int n : sequence) {
      builder.setInsertionPoint(terminator);
      switch (nodes[n].kind) {
      case Node::Program:
        emitProgram(nodes[n].index);
        break;
      case Node::Compute:
        emitCompute(nodes[n].index);
        break;
      case Node::Other:
        moveWithPrograms(tasks.units[nodes[n].index].task, terminator);
        serialize(tasks.units[nodes[n].index].task);
        break;
      case Node::Join:
        emitJoin(nodes[n].index);
        break;
      }
    }
    for (UnitOfWork &work : tasks.units)
      if (work.program)
        work.program.erase();
    SmallVector<pum::ProbeOp> probes(block.getOps<pum::ProbeOp>());
    for (pum::ProbeOp probe : probes)
      if (Operation *maker = probe.getInput().getDefiningOp())
        probe->moveAfter(maker);
  }

  /// Without overlap, a task starts when the one before is done and all that is
  /// written since then.
  void serialize(Operation *task) {
    if (!isSerial)
      return;
    llvm::TypeSwitch<Operation *>(task)
        .Case<pum::LoadOp, pum::StoreOp, pum::ComputeOp, pum::DigitalOp>(
            [&](auto op) {
              if (lastTask)
                op.getAfterMutable().append(lastTask);
              op.getAfterMutable().append(written);
            });
    written.clear();
    lastTask = task->getResults().back();
  }

  static bool isConstant(pum::ProgramOp op) {
    return op.getWeights().getDefiningOp<arith::ConstantOp>() != nullptr;
  }

  /// Puts programs of nets and tables, which stay, in front of all tasks.
  void placeApplied() {
    llvm::SmallPtrSet<Operation *, 16> scheduled;
    for (const UnitOfWork &work : tasks.units)
      if (work.program)
        scheduled.insert(work.program);
    SmallVector<pum::ProgramOp> programs(block.getOps<pum::ProgramOp>());
    for (pum::ProgramOp program : programs)
      if (isConstant(program) && !scheduled.contains(program))
        program->moveBefore(block.getTerminator());
  }

  /// Moves a task, and in front of it programs of temporary weights that it
  /// reads.
  void moveWithPrograms(Operation *task, Operation *before) {
    for (Value operand : task->getOperands())
      if (auto program = operand.getDefiningOp<pum::ProgramOp>();
          program && !isConstant(program))
        program->moveBefore(before);
    task->moveBefore(before);
  }

  /// The group of a range of arrays, and its first array.
  std::pair<StringRef, int64_t> groupOf(int64_t array) const {
    int64_t first = 0;
    for (auto [g, group] : llvm::enumerate(tasks.problem.machine.groups)) {
      if (array < first + group.arrays())
        return {tasks.groups[g], first};
      first += group.arrays();
    }
    return {"", 0};
  }

  pum::PlacementAttr
  placementOf(std::vector<std::pair<int64_t, int64_t>> runs) {
    auto [group, first] = groupOf(runs.front().first);
    for (auto &run : runs)
      run.first -= first;
    return pum::PlacementAttr::get(function.getContext(), group,
                                   rangesFrom(std::move(runs)));
  }

  pum::ProgramOp makeProgram(int part, DenseI64ArrayAttr tiles,
                             std::vector<std::pair<int64_t, int64_t>> runs,
                             ValueRange replacing, ValueRange after,
                             UnitAttr setup) {
    pum::ProgramOp original = workOfPart(part).program;
    PartState &state = parts[part];
    auto program = pum::ProgramOp::create(
        builder, original.getLoc(), state.gridType, tokenType,
        original.getWeights(), replacing, after, placementOf(std::move(runs)),
        setup, state.tiling, original.getArray(), original.getAdcRangeAttr(),
        state.attr, tiles, original.getMatrixAttr());
    // What is written once finds nothing that it could keep.
    if (Attribute method = original->getAttr(pum::reencodingAttrName);
        method && !setup)
      program->setAttr(pum::reencodingAttrName, method);
    if (Attribute bytes = original->getAttr(pum::compressedBytesAttrName))
      program->setAttr(pum::compressedBytesAttrName, bytes);
    state.grids.push_back(program.getGrid());
    return program;
  }

  /// What stays between inferences is written once.
  void emitResidents() {
    std::map<int, std::vector<std::pair<int64_t, int64_t>>> runs;
    for (const scheduling::Resident &resident : schedule.residents)
      runs[resident.part].push_back({resident.firstArray, resident.tiles});
    for (auto &[part, own] : runs)
      makeProgram(part, {}, std::move(own), {}, {}, builder.getUnitAttr());
  }

  void emitProgram(int index) {
    const scheduling::Transfer &transfer = schedule.transfers[index];
    const scheduling::Part &part = schedule.parts[transfer.part];
    SmallVector<Value> replacing, after;
    llvm::SmallSetVector<Value, 4> tokens;
    for (int before : replaced[index]) {
      replacing.push_back(gridOfTransfer[before]);
      tokens.insert(parts[schedule.transfers[before].part].compute.getToken());
    }
    if (lastTask)
      tokens.insert(lastTask);
    DenseI64ArrayAttr tiles;
    if (transfer.tiles != part.tiles)
      tiles = builder.getDenseI64ArrayAttr(
          {transfer.firstTile - part.firstTile, transfer.tiles});
    pum::ProgramOp program =
        makeProgram(transfer.part, tiles, arrays[index], replacing,
                    tokens.getArrayRef(), UnitAttr());
    gridOfTransfer[index] = program.getGrid();
    written.push_back(program.getToken());
  }

  void emitCompute(int p) {
    PartState &part = parts[p];
    UnitOfWork &work = workOfPart(p);
    auto task = cast<pum::ComputeOp>(work.task);
    Operation *layer = &task.getBody().front().front();
    const Value grid = work.program.getGrid();
    // Other inputs first, then all grids.
    SmallVector<Value> inputs;
    SmallVector<BlockArgument> old;
    BlockArgument oldGrid;
    for (auto [input, argument] :
         llvm::zip(task.getInputs(), task.getBody().getArguments())) {
      if (input == grid) {
        oldGrid = argument;
        continue;
      }
      inputs.push_back(input);
      old.push_back(argument);
    }
    llvm::append_range(inputs, part.grids);
    Type type = resultOf(p, layer);
    auto compute = pum::ComputeOp::create(
        builder, task.getLoc(), TypeRange(type), tokenType, inputs,
        task.getAfter(), pum::PlacementAttr());
    compute->setDiscardableAttrs(task->getDiscardableAttrDictionary());
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Location> locs(inputs.size(), task.getLoc());
    Block *body = builder.createBlock(&compute.getBody(), {},
                                      ValueRange(inputs).getTypes(), locs);
    IRMapping mapping;
    for (size_t i = 0; i < old.size(); ++i)
      mapping.map(old[i], body->getArgument(i));
    SmallVector<Value> grids;
    for (BlockArgument argument : body->getArguments().drop_front(old.size()))
      grids.push_back(argument);
    Value joined = grids.front();
    if (grids.size() > 1)
      joined = crossbar::JoinOp::create(builder, task.getLoc(), part.gridType,
                                        grids);
    mapping.map(oldGrid, joined);
    Operation *copy = builder.clone(*layer, mapping);
    copy->getResult(0).setType(type);
    if (part.attr) {
      copy->setAttr("part", part.attr);
      if (auto conv = dyn_cast<crossbar::Conv2DOp>(copy))
        conv.setGroups(part.sub.groups);
    }
    pum::YieldOp::create(builder, task.getLoc(), copy->getResults());
    part.compute = compute;
    serialize(compute);
    if (partsOfUnit[schedule.parts[p].unit].size() == 1)
      replace(task, compute.getResults(), compute.getToken());
  }

  /// The type of what a part computes.
  RankedTensorType resultOf(int p, Operation *layer) {
    auto whole = cast<RankedTensorType>(layer->getResult(0).getType());
    const PartState &part = parts[p];
    if (part.sub.isWhole)
      return whole;
    SmallVector<int64_t> shape(whole.getShape());
    if (isa<crossbar::Conv2DOp>(layer)) {
      shape[1] = part.sub.groups * part.sub.columns;
    } else {
      shape.back() = part.sub.columns;
      if (shape.size() == 3)
        shape[0] = part.sub.groups;
    }
    return RankedTensorType::get(shape, whole.getElementType());
  }

  void replace(pum::ComputeOp task, ValueRange results, Value token) {
    task.getToken().replaceAllUsesWith(token);
    for (auto [from, to] : llvm::zip(task.getResults(), results))
      from.replaceAllUsesWith(to);
    task.erase();
  }

  /// Puts the results of parts side by side, and adds those of parts of a
  /// column.
  void emitJoin(int u) {
    auto task = cast<pum::ComputeOp>(tasks.units[u].task);
    Operation *layer = &task.getBody().front().front();
    const bool isConvolution = isa<crossbar::Conv2DOp>(layer);
    Type wholeType = task.getResult(0).getType();
    auto whole = cast<RankedTensorType>(wholeType);
    SmallVector<Value> inputs;
    for (int part : partsOfUnit[u])
      inputs.push_back(parts[part].compute.getResult(0));
    auto join =
        pum::DigitalOp::create(builder, task.getLoc(), TypeRange(wholeType),
                               tokenType, inputs, ValueRange());
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Location> locs(inputs.size(), task.getLoc());
    Block *body = builder.createBlock(&join.getBody(), {},
                                      ValueRange(inputs).getTypes(), locs);
    const Location loc = task.getLoc();
    Value result;
    for (size_t i = 0; i < inputs.size();) {
      const SubMatrix &sub = parts[partsOfUnit[u][i]].sub;
      Value sum = body->getArgument(i);
      auto type = cast<RankedTensorType>(sum.getType());
      for (++i; i < inputs.size() &&
                parts[partsOfUnit[u][i]].sub.firstRow > sub.firstRow &&
                parts[partsOfUnit[u][i]].sub.firstColumn == sub.firstColumn;
           ++i) {
        Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                              type.getElementType());
        sum = linalg::AddOp::create(builder, loc,
                                    ValueRange{sum, body->getArgument(i)},
                                    ValueRange{empty})
                  .getResult(0);
      }
      if (type == whole) {
        result = sum;
        continue;
      }
      if (!result)
        result = tensor::EmptyOp::create(builder, loc, whole.getShape(),
                                         whole.getElementType());
      SmallVector<OpFoldResult> offsets(whole.getRank(),
                                        builder.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(whole.getRank(),
                                        builder.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes;
      for (int64_t size : type.getShape())
        sizes.push_back(builder.getIndexAttr(size));
      if (isConvolution)
        offsets[1] = builder.getIndexAttr(
            sub.firstGroup * tasks.units[u].matrix.columns + sub.firstColumn);
      else
        offsets.back() = builder.getIndexAttr(sub.firstColumn);
      if (!isConvolution && whole.getRank() == 3)
        offsets[0] = builder.getIndexAttr(sub.firstGroup);
      result = tensor::InsertSliceOp::create(builder, loc, sum, result, offsets,
                                             sizes, strides);
    }
    pum::YieldOp::create(builder, loc, result);
    serialize(join);
    replace(task, join.getResults(), join.getToken());
  }

  func::FuncOp function;
  Block &block;
  TaskProblem &tasks;
  const Schedule &schedule;
  OpBuilder builder;
  pum::TokenType tokenType;
  const bool isSerial;
  Value lastTask; ///< token of the last task but programs, if serial
  SmallVector<Value> written; ///< tokens of programs since then

  std::vector<PartState> parts;
  std::vector<SmallVector<int>> partsOfUnit;
  std::vector<Node> nodes;    ///< those of transfers first
  std::vector<int> finalNode; ///< of a unit
  std::vector<std::vector<std::pair<int64_t, int64_t>>> arrays; ///< by transfer
  std::vector<llvm::SmallSetVector<int, 4>> replaced;           ///< the same
  std::vector<int> sequence;
  std::vector<Value> gridOfTransfer;
};

} // namespace

LogicalResult pumice::writeTasks(func::FuncOp function, TaskProblem &tasks,
                                 const Schedule &schedule) {
  return Writer(function, tasks, schedule).run();
}
