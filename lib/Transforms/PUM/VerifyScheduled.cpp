// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseSet.h"

namespace pumice {
#define GEN_PASS_DEF_VERIFYPUMSCHEDULED
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// True when `task` waits, by data or tokens, for `other`.
static bool comesAfter(Operation *task, Operation *other) {
  llvm::DenseSet<Operation *> seen;
  SmallVector<Operation *> worklist{task};
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    for (Value operand : op->getOperands())
      if (Operation *def = operand.getDefiningOp())
        if (seen.insert(def).second) {
          if (def == other)
            return true;
          worklist.push_back(def);
        }
  }
  return false;
}

static bool overlap(pum::PlacementAttr a, pum::PlacementAttr b) {
  if (a.getGroup() != b.getGroup())
    return false;
  ArrayRef<int64_t> x = a.getRanges(), y = b.getRanges();
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i] < y[j + 1] && y[j] < x[i + 1])
      return true;
    if (x[i + 1] < y[j + 1])
      i += 2;
    else
      j += 2;
  }
  return false;
}

/// True when `task` names the grid of `earlier` as replaced, itself or through
/// a grid that it replaces.
static bool replaces(pum::ProgramOp task, pum::ProgramOp earlier) {
  llvm::DenseSet<Operation *> seen;
  SmallVector<pum::ProgramOp> worklist{task};
  while (!worklist.empty())
    for (Value grid : worklist.pop_back_val().getReplacing())
      if (auto program = grid.getDefiningOp<pum::ProgramOp>()) {
        if (program == earlier)
          return true;
        if (seen.insert(program).second)
          worklist.push_back(program);
      }
  return false;
}

/// `later` writes arrays that hold, or held, the grid of `earlier`.
static LogicalResult verifyReplacement(pum::ProgramOp earlier,
                                       pum::ProgramOp later) {
  if (!replaces(later, earlier)) {
    InFlightDiagnostic diag =
        later.emitOpError("writes arrays that hold another grid, which it "
                          "does not name as replaced");
    diag.attachNote(earlier.getLoc()) << "they are programmed here";
    return diag;
  }
  for (Operation *reader : earlier.getGrid().getUsers())
    if (isa<pum::ComputeOp>(reader) && !comesAfter(later, reader)) {
      InFlightDiagnostic diag = later.emitOpError(
          "replaces a grid without waiting for a task that reads it");
      diag.attachNote(reader->getLoc()) << "it is read here";
      return diag;
    }
  return success();
}

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
  if (!processorsOf(device, placement.getGroup()))
    return task.emitOpError("is placed on '")
           << placement.getGroup()
           << "', which is no group of associative processors of device '"
           << device.getName() << "'";
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
      if (failed(verifyProcessors(compute, device, spec)))
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
             << "', which is no group of crossbar arrays of device '"
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
  for (size_t j = 0; j < programs.size(); ++j)
    for (size_t i = 0; i < j; ++i)
      if (overlap(programs[i].getPlacementAttr(),
                  programs[j].getPlacementAttr()) &&
          failed(verifyReplacement(programs[i], programs[j])))
        return failure();
  return success();
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
