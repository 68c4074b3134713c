// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/TaskDependences.h"
#include "lib/Device/Device.h"
#include "lib/Model/Cam/Search.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Transforms/Simulator/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "verify-simulator-program"

namespace pumice {
#define GEN_PASS_DEF_VERIFYSIMULATORPROGRAM
#include "lib/Transforms/Simulator/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// Checks one straight line of instructions in one walk.
class Checker {
public:
  Checker(func::FuncOp function, pum::DeviceAttr device)
      : function(function), device(device) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a function of one block");
    for (BlockArgument arg : function.getArguments())
      if (!isBuffer(arg.getType()))
        return function.emitError("expected arguments in a memory, got ")
               << arg.getType();
    dependences.emplace(function.getBody().front(), [](Value value) {
      return isa<simulator::TokenType>(value.getType());
    });
    for (Operation &op : function.getBody().front())
      if (failed(visit(&op)))
        return failure();
    LDBG() << required.size() << " waits in @" << function.getSymName();
    std::optional<size_t> no = dependences->firstNo();
    if (!no)
      return success();
    auto [op, other, what] = required[*no];
    InFlightDiagnostic diag = op->emitOpError(what)
                              << " without waiting for another instruction";
    diag.attachNote(other->getLoc()) << "for this one";
    return diag;
  }

private:
  static bool isBuffer(Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    return memref && simulator::memoryOf(memref) &&
           simulator::memoryOf(memref) != simulator::Memory::processors;
  }

  LogicalResult visit(Operation *op) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      for (Value value : ret.getOperands()) {
        if (!isBuffer(value.getType()))
          return ret.emitError("expected results in a memory, got ")
                 << value.getType();
        if (isa_and_nonnull<simulator::BufferOp>(value.getDefiningOp()) &&
            !writer.contains(value))
          return ret.emitError("returns a buffer that nothing writes");
      }
      return success();
    }
    if (!isa<simulator::SimulatorDialect>(op->getDialect()))
      return op->emitError("expected instructions, got '")
             << op->getName() << "'";
    if (auto transfer = dyn_cast<simulator::TransferOp>(op)) {
      if (failed(read(op, transfer.getSource())))
        return failure();
      return write(op, transfer.getDestination());
    }
    if (auto mvm = dyn_cast<simulator::MVMOp>(op)) {
      if (failed(read(op, mvm.getInput())))
        return failure();
      SmallVector<Value> grids{mvm.getGrid()};
      llvm::append_range(grids, mvm.getJoining());
      for (Value grid : grids) {
        requireDone(op, grid.getDefiningOp(), "reads a grid");
        readers[grid].push_back(op);
      }
      if (failed(verifyTiles(mvm, grids)))
        return failure();
      return write(op, mvm.getOutput());
    }
    if (auto apply = dyn_cast<simulator::ApplyOp>(op)) {
      if (failed(read(op, apply.getInput())))
        return failure();
      // A table drives one row at a time.
      for (auto grid : apply.getGrids()) {
        auto program = grid.getDefiningOp<simulator::ProgramOp>();
        requireDone(op, program, "reads a grid");
        readers[grid].push_back(op);
        const auto type = cast<crossbar::GridType>(grid.getType());
        const int64_t rows = apply.getGrids().size() == 1 ? 1 : type.getRows();
        if (llvm::Error error =
                model::verifyExactSums(toSpec(program.getArray()), rows))
          return op->emitOpError("cannot run on its arrays: ")
                 << llvm::toString(std::move(error));
      }
      return write(op, apply.getOutput());
    }
    // In program order, not on the timeline: there is nothing to wait for.
    if (auto probe = dyn_cast<simulator::ProbeOp>(op)) {
      if (isa_and_nonnull<simulator::BufferOp>(
              probe.getBuffer().getDefiningOp()) &&
          !writer.contains(probe.getBuffer()))
        return op->emitOpError("reads a buffer that nothing has written");
      return success();
    }
    if (isa<simulator::APExecOp, simulator::APLookupOp>(op) &&
        !processorsOf(device))
      return op->emitOpError("runs on associative processors, but device '")
             << device.getName() << "' has none";
    if (auto lookup = dyn_cast<simulator::APLookupOp>(op)) {
      if (failed(verifyProcessors(lookup)) ||
          failed(verifyFree(op, lookup.getPlacement())) ||
          failed(read(op, lookup.getQueries())))
        return failure();
      return write(op, lookup.getOutput());
    }
    if (auto exec = dyn_cast<simulator::APExecOp>(op)) {
      if (failed(verifyProcessors(exec)) ||
          failed(verifyFree(op, exec.getPlacement())) ||
          failed(read(op, exec.getInput())) ||
          (exec.getOther() && failed(read(op, exec.getOther()))))
        return failure();
      if (simulator::isInProcessors(exec.getOutput()))
        keepers.push_back(exec);
      return write(op, exec.getOutput());
    }
    if (auto write = dyn_cast<simulator::CamWriteOp>(op))
      return store(write);
    if (auto search = dyn_cast<simulator::CamSearchOp>(op)) {
      if (failed(verifyStored(search)) ||
          failed(read(op, search.getQueries())) ||
          (search.getIndices() && failed(write(op, search.getIndices()))))
        return failure();
      return write(op, search.getOutput());
    }
    if (auto digital = dyn_cast<simulator::DigitalOp>(op)) {
      for (Value input : digital.getInputs())
        if (failed(read(op, input)))
          return failure();
      for (Value output : digital.getOutputs())
        if (failed(write(op, output)))
          return failure();
    }
    if (auto program = dyn_cast<simulator::ProgramOp>(op)) {
      const StringRef group = program.getPlacement().getGroup();
      crossbar::CrossbarArrayAttr array = arrayOf(device, group);
      if (!array)
        return program.emitOpError("is placed on '")
               << group
               << "', which is not a group of crossbar arrays of device '"
               << device.getName() << "'";
      if (program.getArray() != array)
        return program.emitOpError("is made for another array than that of "
                                   "device '")
               << device.getName() << "'";
      if (program.getSetup() &&
          !program.getWeights().getDefiningOp<simulator::ConstantOp>())
        return program.emitOpError(
            "writes weights that are not constant in the "
            "setup phase");
      if (failed(read(op, program.getWeights())))
        return failure();
      for (Value grid : program.getReplacing())
        for (Operation *reader : readers[grid])
          requireDone(op, reader, "replaces a grid");
    }
    return success();
  }

  /// The grids of an mvm hold every tile of one matrix once for each copy.
  static LogicalResult verifyTiles(simulator::MVMOp op, ArrayRef<Value> grids) {
    simulator::ProgramOp first;
    SmallVector<std::pair<int64_t, int64_t>> tiles;
    for (Value grid : grids) {
      auto program = cast<simulator::ProgramOp>(grid.getDefiningOp());
      if (!first)
        first = program;
      if (program.getPartAttr() != op.getPartAttr())
        return op.emitOpError("reads a grid that holds another part");
      if (program.getWeights() != first.getWeights() ||
          program.getTiling() != first.getTiling() ||
          program.getReplicas() != first.getReplicas() ||
          program.getPlacement().getGroup() != first.getPlacement().getGroup())
        return op.emitOpError(
            "joins grids of other weights, tilings, copies or "
            "groups than the first");
      std::optional<ArrayRef<int64_t>> own = program.getTiles();
      tiles.push_back(own ? std::pair((*own)[0], (*own)[1])
                          : std::pair<int64_t, int64_t>(
                                0, program.getTiling().getArrays()));
    }
    llvm::sort(tiles);
    int64_t next = 0;
    for (auto [begin, count] : tiles) {
      if (begin != next)
        return op.emitOpError("reads grids that hold tile ")
               << std::min(begin, next) << (begin < next ? " twice" : " not");
      next += count;
    }
    if (next != first.getTiling().getArrays())
      return op.emitOpError("reads grids that hold tile ") << next << " not";
    return success();
  }

  template <typename OpTy>
  LogicalResult verifyProcessors(OpTy op) {
    const StringRef group = op.getPlacement().getGroup();
    if (processorsOf(device, group))
      return success();
    return op.emitOpError("is placed on '")
           << group << "', which is not a group of associative processors of "
           << "device '" << device.getName() << "'";
  }

  /// No processor of `placement` holds what a later instruction, or `op`,
  /// reads.
  LogicalResult verifyFree(Operation *op, pum::PlacementAttr placement) {
    for (simulator::APExecOp keeper : keepers) {
      if (keeper.getPlacement().getGroup() != placement.getGroup() ||
          llvm::none_of(keeper.getOutput().getUsers(), [&](Operation *user) {
            return user == op || op->isBeforeInBlock(user);
          }))
        continue;
      std::optional<int64_t> shared =
          firstShared(placement, keeper.getPlacement());
      if (!shared)
        continue;
      InFlightDiagnostic diag = op->emitOpError("runs on processor ")
                                << *shared
                                << ", which holds values that are read later";
      diag.attachNote(keeper.getLoc()) << "they are left here";
      return diag;
    }
    return success();
  }

  /// The lowest unit of the first ranges that two placements have in common.
  static std::optional<int64_t> firstShared(pum::PlacementAttr one,
                                            pum::PlacementAttr other) {
    ArrayRef<int64_t> a = one.getRanges(), b = other.getRanges();
    for (size_t i = 0; i < a.size(); i += 2)
      for (size_t j = 0; j < b.size(); j += 2)
        if (a[i] < b[j + 1] && b[j] < a[i + 1])
          return std::max(a[i], b[j]);
    return std::nullopt;
  }

  std::vector<simulator::APExecOp> keepers; ///< leave values in processors

  /// Words have arrays of their own, as many as their mapping says.
  LogicalResult store(simulator::CamWriteOp op) {
    pum::PlacementAttr placement = op.getPlacement();
    std::optional<model::CamSpec> cam = camsOf(device, placement.getGroup());
    if (!cam)
      return op.emitOpError("is placed on '")
             << placement.getGroup()
             << "', which is not a group of content-addressable memories of "
                "device '"
             << device.getName() << "'";
    ap::CamMappingAttr mapping = op.getMapping();
    const int64_t wanted =
        model::SearchMapping{(int64_t)mapping.getPartBits(),
                             (int64_t)mapping.getParts(),
                             (int64_t)mapping.getRowBlocks(),
                             (int64_t)mapping.getStacked(), mapping.getSerial()}
            .arrays();
    if (placement.size() != wanted)
      return op.emitOpError("expects a placement of ")
             << wanted << " arrays, got " << placement.size();
    const model::DeviceSpec spec = toSpec(device);
    const std::optional<int64_t> available =
        spec.find(placement.getGroup().str())->count();
    if (available && placement.getRanges().back() > *available)
      return op.emitOpError("is placed on array ")
             << placement.getRanges().back() - 1 << ", but device '"
             << device.getName() << "' has " << *available;
    for (simulator::CamWriteOp other : stored) {
      if (other.getPlacement().getGroup() != placement.getGroup())
        continue;
      if (std::optional<int64_t> shared =
              firstShared(placement, other.getPlacement())) {
        InFlightDiagnostic diag = op.emitOpError("stores words on array ")
                                  << *shared << ", which holds others";
        diag.attachNote(other.getLoc()) << "they are stored here";
        return diag;
      }
    }
    stored.push_back(op);
    return success();
  }

  /// A search reads words that were stored for it.
  LogicalResult verifyStored(simulator::CamSearchOp op) {
    for (simulator::CamWriteOp write : stored)
      if (write.getTable() == op.getTable() &&
          write.getPlacement() == op.getPlacement() &&
          write.getMapping() == op.getMapping()) {
        requireDone(op, write, "searches words");
        return success();
      }
    return op.emitOpError("searches words that no simulator.cam_write stores "
                          "there");
  }

  std::vector<simulator::CamWriteOp> stored;

  /// `op`, which does `what`, has to wait for `other`: checked at the end.
  void requireDone(Operation *op, Operation *other, StringRef what) {
    dependences->ask(op, other);
    required.push_back({op, other, what});
  }

  LogicalResult read(Operation *op, Value buffer) {
    if (simulator::isInProcessors(buffer) &&
        (!isa<simulator::APExecOp>(op) || !writer.contains(buffer)))
      return op->emitOpError("reads processors, expected a simulator.ap_exec "
                             "behind the one that leaves values there");
    if (!isa_and_nonnull<simulator::BufferOp>(buffer.getDefiningOp()))
      return success(); // arguments and constants are there from the start
    auto it = writer.find(buffer);
    if (it == writer.end())
      return op->emitOpError("reads a buffer that nothing has written");
    requireDone(op, it->second, "reads a buffer");
    return success();
  }

  LogicalResult write(Operation *op, Value buffer) {
    if (simulator::isInProcessors(buffer) && !isa<simulator::APExecOp>(op))
      return op->emitOpError("writes to processors, expected a "
                             "simulator.ap_exec");
    if (!isa_and_nonnull<simulator::BufferOp>(buffer.getDefiningOp()))
      return op->emitOpError(
          "writes to a value that is not a simulator.buffer");
    auto [it, isNew] = writer.try_emplace(buffer, op);
    if (isNew)
      return success();
    InFlightDiagnostic diag =
        op->emitOpError("writes a buffer that is already written");
    diag.attachNote(it->second->getLoc()) << "it is written here";
    return diag;
  }

  func::FuncOp function;
  pum::DeviceAttr device;
  struct Required {
    Operation *op, *other;
    StringRef what;
  };
  std::optional<TaskDependences> dependences; ///< by tokens
  std::vector<Required> required;
  llvm::DenseMap<Value, Operation *> writer;
  llvm::DenseMap<Value, SmallVector<Operation *>> readers;
};

LogicalResult verifyDigital(func::FuncOp function) {
  WalkResult result = function.walk([&](Operation *op) {
    if (op == function || isa<func::ReturnOp, cf::AssertOp>(op) ||
        isa_and_nonnull<linalg::LinalgDialect, tensor::TensorDialect,
                        arith::ArithDialect, math::MathDialect>(
            op->getDialect()))
      return WalkResult::advance();
    op->emitError("the digital unit does not run '") << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

struct VerifySimulatorProgramPass
    : pumice::impl::VerifySimulatorProgramBase<VerifySimulatorProgramPass> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    ModuleOp module = getOperation();
    FailureOr<pum::DeviceAttr> device = getDevice(module);
    if (failed(device))
      return signalPassFailure();
    unsigned entries = 0;
    for (auto function : module.getOps<func::FuncOp>()) {
      entries += function.isPublic();
      if (failed(function.isPublic() ? Checker(function, *device).run()
                                     : verifyDigital(function)))
        return signalPassFailure();
    }
    if (entries != 1) {
      module.emitError("expected one public function, got ") << entries;
      signalPassFailure();
    }
  }
};

} // namespace
