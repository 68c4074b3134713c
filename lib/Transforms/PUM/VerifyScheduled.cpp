// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"
#include "dialects/PUM/Kept.h"
#include "lib/Analysis/TaskDependences.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"
#include <map>

#define DEBUG_TYPE "verify-pum-scheduled"

namespace pumice {
#define GEN_PASS_DEF_VERIFYPUMSCHEDULED
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// What the arrays hold, in the order of the tasks: for each range of arrays
/// that are written together, the program that wrote them last.
class Holders {
public:
  /// `program` writes [begin, end). Calls `before` with each program whose grid
  /// was there.
  void write(int64_t begin, int64_t end, pum::ProgramOp program,
             function_ref<void(pum::ProgramOp)> before) {
    auto it = ranges.upper_bound(begin);
    if (it != ranges.begin() && std::prev(it)->second.end > begin)
      --it;
    while (it != ranges.end() && it->first < end) {
      auto [first, held] = *it;
      before(held.program);
      it = ranges.erase(it);
      if (first < begin)
        ranges[first] = {begin, held.program};
      if (end < held.end)
        it = ranges.try_emplace(end, Held{held.end, held.program}).first;
    }
    ranges[begin] = {end, program};
  }

private:
  struct Held {
    int64_t end = 0;
    pum::ProgramOp program;
  };
  std::map<int64_t, Held> ranges; ///< by their first array
};

/// Checks that programs on common arrays are ordered. It is enough to look at
/// each program and the one before it on each array: `replacing` chains the
/// others, and carries their order.
class Replacements {
public:
  explicit Replacements(Block &block)
      : replaced(block,
                 [](Value value) {
                   return isa<crossbar::GridType>(value.getType());
                 }),
        waits(block, [](Value) { return true; }) {}

  void visit(pum::ProgramOp later) {
    llvm::SetVector<Operation *> before;
    ArrayRef<int64_t> ranges = later.getPlacementAttr().getRanges();
    for (size_t i = 0; i < ranges.size(); i += 2)
      holders[later.getPlacementAttr().getGroup()].write(
          ranges[i], ranges[i + 1], later,
          [&](pum::ProgramOp held) { before.insert(held); });
    for (Operation *earlier : before) {
      replaced.ask(later, earlier);
      replacements.push_back({later, earlier});
      for (Operation *reader :
           cast<pum::ProgramOp>(earlier).getGrid().getUsers())
        if (isa<pum::ComputeOp>(reader)) {
          waits.ask(later, reader);
          orders.push_back({later, reader});
        }
    }
  }

  LogicalResult verify() {
    if (std::optional<size_t> i = replaced.firstNo()) {
      auto [later, earlier] = replacements[*i];
      InFlightDiagnostic diag =
          later.emitOpError("writes arrays that hold another grid, which it "
                            "does not name as replaced");
      diag.attachNote(earlier->getLoc()) << "they are programmed here";
      return diag;
    }
    if (std::optional<size_t> i = waits.firstNo()) {
      auto [later, reader] = orders[*i];
      InFlightDiagnostic diag = later.emitOpError(
          "replaces a grid without waiting for a task that reads it");
      diag.attachNote(reader->getLoc()) << "it is read here";
      return diag;
    }
    return success();
  }

private:
  llvm::StringMap<Holders> holders; ///< by group
  TaskDependences replaced;         ///< by grids: what a program replaces
  TaskDependences waits;
  std::vector<std::pair<pum::ProgramOp, Operation *>> replacements, orders;
};

} // namespace

/// The placement is within its group.
static LogicalResult verifyPlacement(Operation *op,
                                     pum::PlacementAttr placement,
                                     const model::DeviceSpec &device) {
  const std::string name = placement.getGroup().str();
  const model::UnitGroup *group = device.find(name);
  if (!group)
    return op->emitOpError("is placed on '")
           << name << "', but device '" << device.name << "' has no such group";
  std::optional<int64_t> available = group->count();
  if (available && placement.getRanges().back() > *available)
    return op->emitOpError("is placed on array ")
           << placement.getRanges().back() - 1 << ", but device '"
           << device.name << "' has " << *available;
  return success();
}

/// Tasks without a grid are placed on associative processors.
static LogicalResult verifyProcessors(pum::ComputeOp task,
                                      pum::DeviceAttr device,
                                      const model::DeviceSpec &spec) {
  if (llvm::any_of(task.getInputs().getTypes(),
                   llvm::IsaPred<crossbar::GridType>))
    return success();
  pum::PlacementAttr placement = task.getPlacementAttr();
  if (!placement)
    return task.emitOpError("has no placement (pum-allocate-arrays)");
  if (failed(verifyPlacement(task, placement, spec)))
    return failure();
  if (isa<ap::CamSearchOp>(task.getBody().front().front())) {
    if (!camsOf(device, placement.getGroup()))
      return task.emitOpError("is placed on '")
             << placement.getGroup()
             << "', which is not a group of content-addressable memories of "
                "device '"
             << device.getName() << "'";
    return success();
  }
  if (!processorsOf(device, placement.getGroup()))
    return task.emitOpError("is placed on '")
           << placement.getGroup()
           << "', which is not a group of associative processors of device '"
           << device.getName() << "'";
  return success();
}

/// Only microprograms read results that stay.
static LogicalResult verifyKept(pum::ComputeOp task) {
  if (!pum::isKept(task))
    return success();
  auto holdsRun = [](pum::ComputeOp compute) {
    return compute && isa<ap::RunOp>(compute.getBody().front().front());
  };
  if (!holdsRun(task))
    return task.emitOpError("keeps its results in processors, expected a "
                            "microprogram");
  for (Operation *reader : task.getResults().front().getUsers())
    if (!isa<pum::ProbeOp>(reader) &&
        !holdsRun(dyn_cast<pum::ComputeOp>(reader))) {
      InFlightDiagnostic diag =
          task.emitOpError("keeps its results in processors, but '")
          << reader->getName() << "' reads them";
      diag.attachNote(reader->getLoc()) << "they are read here";
      return diag;
    }
  return success();
}

static LogicalResult verifyFunction(func::FuncOp function,
                                    pum::DeviceAttr device) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a function of one block");
  SmallVector<pum::ProgramOp> programs;
  const model::DeviceSpec spec = toSpec(device);
  for (Operation &op : function.getBody().front()) {
    if (!isa<pum::PUMDialect>(op.getDialect()) &&
        !isa<arith::ConstantOp, func::ReturnOp>(op))
      return op.emitError("expected tasks, got '") << op.getName() << "'";
    if (auto compute = dyn_cast<pum::ComputeOp>(op))
      if (failed(verifyProcessors(compute, device, spec)) ||
          failed(verifyKept(compute)))
        return failure();
    auto program = dyn_cast<pum::ProgramOp>(op);
    if (!program)
      continue;
    pum::PlacementAttr placement = program.getPlacementAttr();
    if (!placement)
      return program.emitOpError("has no placement (pum-allocate-arrays)");
    if (failed(verifyPlacement(program, placement, spec)))
      return failure();
    crossbar::CrossbarArrayAttr array = arrayOf(device, placement.getGroup());
    if (!array)
      return program.emitOpError("is placed on '")
             << placement.getGroup()
             << "', which is not a group of crossbar arrays of device '"
             << device.getName() << "'";
    if (program.getArray() != array)
      return program.emitOpError("is made for another array than that of "
                                 "device '")
             << device.getName() << "'";
    // C4; arguments of the function are on the host.
    Operation *maker = program.getWeights().getDefiningOp();
    if (!maker || (program.getSetup() && !isa<arith::ConstantOp>(maker)))
      return program.emitOpError("programs weights that are not constant");
    programs.push_back(program);
  }
  Replacements replacements(function.getBody().front());
  for (pum::ProgramOp program : programs)
    replacements.visit(program);
  LDBG() << programs.size() << " programs in @" << function.getSymName();
  return replacements.verify();
}

namespace {
struct VerifyPUMScheduledPass
    : pumice::impl::VerifyPUMScheduledBase<VerifyPUMScheduledPass> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(verifyFunction(function, *device)))
        return signalPassFailure();
  }
};
} // namespace
