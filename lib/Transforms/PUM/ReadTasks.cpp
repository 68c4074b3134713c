// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ReadTasks.cpp - From tasks to a scheduling problem -------*- C++ -*-===//
#include "lib/Cost/ConstantValue.h"
#include "lib/Device/Device.h"
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Machine/WriteVerify.h"
#include "lib/Scheduling/Bounds.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/PUM/TaskProblem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace pumice;
using scheduling::Kind;
using scheduling::Picoseconds;
using scheduling::Unit;

namespace {

/// A bandwidth that does not limit, in bytes per microsecond.
constexpr int64_t unlimitedBytesPerUs = 1'000'000'000;

bool isConstant(pum::ProgramOp op) {
  return op.getWeights().getDefiningOp<arith::ConstantOp>() != nullptr;
}

/// Whether the weights are of a net or a table.
bool isApplied(pum::ProgramOp op) {
  return llvm::any_of(op.getGrid().getUsers(), [](Operation *user) {
    auto task = dyn_cast<pum::ComputeOp>(user);
    return task && isa<crossbar::ApplyOp>(task.getBody().front().front());
  });
}

/// The program of constant weights whose grid a task reads; null: none.
pum::ProgramOp programOf(Operation *task) {
  auto compute = dyn_cast<pum::ComputeOp>(task);
  if (!compute)
    return {};
  for (Value input : compute.getInputs())
    if (auto program = input.getDefiningOp<pum::ProgramOp>())
      return isScheduled(program) ? program : pum::ProgramOp();
  return {};
}

Split splitOf(const model::ArraySpec &array, const model::MatrixSpec &matrix) {
  // Errors of cells belong to the arrays of a whole matrix, and calibration to
  // all of its sums.
  if (model::hasRealCells(array) || model::readNoise(array) != 0 ||
      array.adcMode == model::AdcMode::calibrated)
    return Split::none;
  // Codes that stand for more than a level are rescaled after the last sum.
  const model::Converter converter = model::converterOf(array, matrix);
  if (matrix.groups > 1 || converter.numerator != converter.denominator)
    return Split::columns;
  return Split::tiles;
}

class Reader {
public:
  Reader(func::FuncOp function, CostModel &costs)
      : function(function), costs(costs), device(costs.device()) {}

  FailureOr<TaskProblem> read() {
    result.problem.name = function.getSymName().str();
    readMachine();
    for (Operation &op : function.getBody().front())
      if (isa<pum::LoadOp, pum::StoreOp, pum::ComputeOp, pum::DigitalOp>(op))
        if (failed(readTask(&op)))
          return failure();
    addBuffer();
    return std::move(result);
  }

private:
  void readMachine() {
    scheduling::Machine &machine = result.problem.machine;
    machine.dramChannels = std::max<int64_t>(device.dram.ports, 1);
    machine.dramBytesPerUs =
        device.dram.bandwidthBytesPerNs > 0
            ? std::max<int64_t>(
                  1, std::llround(device.dram.bandwidthBytesPerNs * 1000))
            : unlimitedBytesPerUs;
    machine.dramPjPerByte = device.dram.readPjPerByte;
    if (const model::UnitGroup *digital = device.firstDigital())
      machine.digitalUnits = std::max<int64_t>(digital->digital()->units, 1);
    reserveArrays();
    for (const model::UnitGroup &group : device.groups) {
      const model::CrossbarSpec *crossbar = group.crossbar();
      if (!crossbar || !group.count())
        continue;
      scheduling::Group own;
      own.name = group.name;
      own.arraysPerElement = 1;
      if (crossbar->writeDrivers) {
        own.arraysPerElement =
            group.unitsPer(crossbar->writeDrivers->level).value_or(1);
        // As many drivers as arrays do not limit anything.
        if (crossbar->writeDrivers->count < own.arraysPerElement)
          own.writersPerElement = crossbar->writeDrivers->count;
      } else if (!group.levels.empty()) {
        own.arraysPerElement =
            group.unitsPer(group.levels.front().name).value_or(1);
      }
      const int64_t left = *group.count() - applied.lookup(group.name) -
                           temporary.lookup(group.name);
      own.elements = left / own.arraysPerElement;
      if (own.elements < 1)
        continue;
      own.rows = crossbar->array.rows;
      own.rowWritePs = std::ceil(model::rowWriteNs(*crossbar) * 1000);
      if (crossbar->weightDecoder && crossbar->weightDecoder->weightsPerNs > 0)
        own.decoderWeightsPerUs = std::max<int64_t>(
            1, std::llround(crossbar->weightDecoder->weightsPerNs * 1000));
      machine.groups.push_back(own);
      result.groups.push_back(group.name);
    }
  }

  /// Finds the arrays that are not scheduled: those of nets and tables, which
  /// stay, and of two programs of temporary weights, so that one is written
  /// while the other is read.
  void reserveArrays() {
    function.walk([&](pum::ProgramOp op) {
      const bool isTemporary = !isConstant(op);
      if (op.getPlacement() || (!isTemporary && !isApplied(op)))
        return;
      const int64_t arrays = op.getTiling().getArrays();
      for (const model::UnitGroup &group : device.groups) {
        if (!group.crossbar() || !arrayIs(group, op))
          continue;
        if (isTemporary)
          temporary[group.name] = std::max(temporary[group.name], 2 * arrays);
        else
          applied[group.name] += arrays;
        break;
      }
    });
  }

  bool arrayIs(const model::UnitGroup &group, pum::ProgramOp op) {
    return arrayOf(deviceOf(function), group.name) == op.getArray();
  }

  LogicalResult readTask(Operation *op) {
    llvm::Expected<model::Cost> cost = costs.costOf(op);
    if (!cost)
      return op->emitOpError(llvm::toString(cost.takeError()));
    Unit unit;
    unit.name = nameFor(op);
    UnitOfWork work;
    work.task = op;
    for (Value operand : op->getOperands())
      if (auto it = unitOf.find(operand.getDefiningOp()); it != unitOf.end())
        if (!llvm::is_contained(unit.dependencies, it->second))
          unit.dependencies.push_back(it->second);
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        unit.outputBytes += bytesOf(tensor);
    if (pum::ProgramOp program = programOf(op)) {
      work.program = program;
      if (failed(readLayer(op, program, *cost, unit, work)))
        return failure();
    } else {
      unit.kind = Kind::Digital;
      unit.digitalPs = cost->latencyPs;
      unit.digitalPj = model::total(cost->energyPj);
      if (!isa<pum::LoadOp, pum::StoreOp>(op))
        work.digitalPs = cost->latencyPs;
      // Temporary weights are written before the task that reads them.
      for (Value operand : op->getOperands())
        if (auto program = operand.getDefiningOp<pum::ProgramOp>();
            program && !isConstant(program)) {
          llvm::Expected<model::Cost> write =
              costs.costOf(program.getOperation());
          if (!write)
            return program.emitOpError(llvm::toString(write.takeError()));
          unit.digitalPs += write->latencyPs;
          if (auto it = unitOf.find(program.getWeights().getDefiningOp());
              it != unitOf.end() &&
              !llvm::is_contained(unit.dependencies, it->second))
            unit.dependencies.push_back(it->second);
        }
    }
    unitOf[op] = static_cast<int>(result.units.size());
    result.problem.units.push_back(std::move(unit));
    result.units.push_back(std::move(work));
    return success();
  }

  LogicalResult readLayer(Operation *op, pum::ProgramOp program,
                          const model::Cost &cost, Unit &unit,
                          UnitOfWork &work) {
    auto task = cast<TaskOpInterface>(op);
    const TaskWork layer = *task.getTaskWork();
    const auto &mvm = std::get<MVMTask>(layer);
    const GridSpec grid = specOf(mvm.grid);
    work.matrix = grid.matrix;
    work.tiling = grid.tiling;
    const model::ArraySpec array = toSpec(program.getArray());
    work.split = splitOf(array, grid.matrix);
    // A column is what is not cut unless it is larger than the machine.
    unit.rowTiles = grid.matrix.groups > 1
                        ? grid.tiling.rowTiles * grid.tiling.columnTiles
                        : grid.tiling.rowTiles;
    if (work.split == Split::none)
      unit.rowTiles = grid.tiling.arrays;
    unit.columnTiles = grid.tiling.arrays / unit.rowTiles;
    unit.windows = std::max<int64_t>(mvm.windows, 1);

    Picoseconds reading = 0, moving = 0;
    for (const model::ResourceUse &use : cost.resources) {
      const model::ResourceClass &resource = device.resources[use.resource];
      if (resource.isUnit && resource.isLocated) {
        reading = std::max(reading, use.durationPs);
      } else if (use.resource == device.buffer.portResource) {
        moving = std::max(moving, use.durationPs);
      }
    }
    // Copies share the windows, but not what moves through a port.
    unit.mvmPs = llvm::divideCeil(std::max(reading, moving), unit.windows);
    unit.maxCopies = unit.windows;
    if (moving > 0)
      unit.maxCopies = std::clamp<int64_t>(unit.windows * unit.mvmPs / moving,
                                           1, unit.windows);
    unit.windowBytes =
        llvm::divideCeil(mvm.bytesIn + mvm.bytesOut, unit.windows);
    unit.partialBytes = mvm.bytesOut;
    unit.computePj = model::total(cost.energyPj);

    llvm::Expected<model::Cost> write = costs.costOf(program.getOperation());
    if (!write)
      return program.emitOpError(llvm::toString(write.takeError()));
    unit.bytes = write->counters.dramBytesRead;
    const bool isCompressed = program->hasAttr(pum::compressedBytesAttrName);
    if (isCompressed)
      unit.decodedWeights =
          cast<ShapedType>(program.getWeights().getType()).getNumElements();
    unit.writePj =
        write->energyPj[static_cast<size_t>(model::Component::cellWrite)];

    int64_t most = 0;
    for (auto [g, name] : llvm::enumerate(result.groups)) {
      const model::UnitGroup &group = *device.find(name);
      if (!arrayIs(group, program) ||
          (isCompressed && !group.crossbar()->weightDecoder))
        continue;
      unit.groups.push_back(static_cast<int>(g));
      most = std::max(most, result.problem.machine.groups[g].arrays());
    }
    if (unit.groups.empty())
      return program.emitOpError("needs ")
             << grid.tiling.arrays << " arrays, but device '" << device.name
             << "' has none that are left for constant weights: nets and "
                "tables take "
             << sum(applied) << ", temporary weights " << sum(temporary);
    if (work.split != Split::tiles && unit.rowTiles > most)
      return program.emitOpError("needs ")
             << unit.rowTiles << " arrays at once for its smallest split, "
             << (work.split == Split::none
                     ? "as its conversions depend on all of its arrays"
                     : "as its sums are not exact in parts")
             << ", but device '" << device.name << "' has " << most;
    return success();
  }

  /// One bank that takes everything: whether activations fit is found out when
  /// the program runs, and nothing is spilled.
  void addBuffer() {
    int64_t bytes = 1;
    for (const Unit &unit : result.problem.units)
      bytes += unit.inputBytes + unit.outputBytes + unit.windowBytes +
               2 * unit.partialBytes;
    result.problem.machine.banks.push_back({bytes, 0});
  }

  static int64_t sum(const llvm::StringMap<int64_t> &byGroup) {
    int64_t all = 0;
    for (const auto &entry : byGroup)
      all += entry.second;
    return all;
  }

  static int64_t bytesOf(RankedTensorType type) {
    const std::optional<model::ElementType> element =
        elementTypeOf(type.getElementType());
    return element ? type.getNumElements() * model::byteWidth(*element) : 0;
  }

  std::string nameFor(Operation *op) {
    const OpNames names = namesOf(op->getLoc());
    std::string name = op->getName().stripDialect().str();
    if (!names.layer.empty())
      name = names.layer + "." + name;
    const int64_t count = ++seen[name];
    return count == 1 ? name : name + " #" + std::to_string(count);
  }

  func::FuncOp function;
  CostModel &costs;
  const model::DeviceSpec &device;
  TaskProblem result;
  llvm::DenseMap<Operation *, int> unitOf;
  llvm::StringMap<int64_t> seen; ///< names
  /// Arrays of nets and tables, and for temporary weights, by group.
  llvm::StringMap<int64_t> applied, temporary;
};

} // namespace

bool pumice::isScheduled(pum::ProgramOp op) {
  return !op.getPlacement() && isConstant(op) && !isApplied(op);
}

FailureOr<TaskProblem> pumice::readTasks(func::FuncOp function,
                                         CostModel &costs) {
  return Reader(function, costs).read();
}

void pumice::separateReaders(func::FuncOp function) {
  SmallVector<pum::ProgramOp> programs(
      function.getBody().front().getOps<pum::ProgramOp>());
  for (pum::ProgramOp program : programs) {
    if (!isScheduled(program))
      continue;
    llvm::SmallSetVector<Operation *, 4> readers;
    for (Operation *user : program.getGrid().getUsers())
      readers.insert(user);
    if (readers.empty()) {
      program.erase();
      continue;
    }
    // Users come in reverse order.
    for (Operation *reader : llvm::drop_end(readers)) {
      OpBuilder builder(program);
      auto copy = cast<pum::ProgramOp>(builder.clone(*program));
      reader->replaceUsesOfWith(program.getGrid(), copy.getGrid());
    }
  }
}

Picoseconds pumice::boundOf(const TaskProblem &tasks,
                            const scheduling::Problem &problem,
                            scheduling::Start start) {
  scheduling::Problem relaxed = problem;
  scheduling::Machine &machine = relaxed.machine;
  machine.dramBytesPerUs = int64_t(1) << 40;
  Picoseconds transfers = 0;
  std::vector<int64_t> rows;
  for (scheduling::Group &group : machine.groups) {
    rows.push_back(group.rows);
    group.decoderWeightsPerUs = 0;
  }
  for (auto [unit, work] : llvm::zip(relaxed.units, tasks.units)) {
    if (!unit.usesArrays()) {
      unit.digitalPs = work.digitalPs;
      continue;
    }
    // A time of all windows was rounded to windows.
    unit.mvmPs = std::max<Picoseconds>(unit.mvmPs - 1, 0);
    // Each part has a share of both, rounded down.
    if (!unit.isPinned || start != scheduling::Start::Steady)
      transfers += std::max<Picoseconds>(
          0, problem.machine.leastArrivalPs(unit, unit.tiles()) - unit.tiles());
    for (int g : unit.groups) {
      const int64_t last = work.matrix.rows % problem.machine.groups[g].rows;
      rows[g] = std::min(rows[g], last ? last : rows[g]);
    }
  }
  for (auto [group, least] : llvm::zip(machine.groups, rows))
    group.rows = least;
  return std::max(transfers / problem.machine.dramChannels,
                  scheduling::lowerBounds(relaxed, start).best());
}
