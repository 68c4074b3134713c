// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/Rematerializable.h"
#include "lib/Conversion/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/DebugLog.h"
#include <queue>

#define DEBUG_TYPE "convert-crossbar-to-pum"

namespace pumice {
#define GEN_PASS_DEF_CONVERTCROSSBARTOPUM
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// Ops that are tasks of their own on arrays or processors.
bool isLayer(Operation *op) {
  return isa<LayerOpInterface, crossbar::ApplyOp>(op);
}

/// Ops that each task that reads them repeats.
bool isRepeated(Operation *op) {
  return pumice::isRepeated(op, RepeatedConstants::all);
}

/// Layers, products and poolings: work that a report should show on its own.
bool isHeavy(Operation *op) {
  return isa<linalg::LinalgOp>(op) &&
         isa<linalg::ConvolutionOpInterface, linalg::ContractionOpInterface,
             linalg::QuantizedMatmulOp, linalg::QuantizedBatchMatmulOp>(op);
}

/// The only user of `op` if `op` widens integers for a heavy op, or null. The
/// heavy op's task widens them itself, so that the narrow integers are passed
/// to it.
Operation *widensFor(Operation *op) {
  if (!isa<arith::ExtUIOp, arith::ExtSIOp>(op) || op->use_empty() ||
      !llvm::all_equal(op->getUsers()))
    return nullptr;
  Operation *user = *op->user_begin();
  return isHeavy(user) && user->getBlock() == op->getBlock() ? user : nullptr;
}

/// What becomes one task: a program op, a layer, or a set of digital ops.
struct Node {
  SmallVector<Operation *> ops; ///< in program order
  unsigned waiting = 0;         ///< producers that are not emitted yet
  SetVector<unsigned> users;
};

/// Groups the ops of a block into tasks. A digital op belongs to the level of
/// the deepest layer that it depends on; connected ops of one level are one
/// task. Levels never decrease along a dependency, so that no two tasks can
/// wait for each other.
class TaskGraph {
public:
  explicit TaskGraph(Block &block) {
    llvm::DenseMap<Operation *, int64_t> level, outLevel;
    llvm::EquivalenceClasses<Operation *> groups;
    auto levelOf = [&](Operation &op) {
      int64_t result = 0;
      op.walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (Operation *def = operand.getDefiningOp())
            if (auto it = outLevel.find(def); it != outLevel.end())
              result = std::max(result, it->second);
      });
      return result;
    };
    SmallVector<Operation *> tasks;
    for (Operation &op : block.without_terminator()) {
      if (isRepeated(&op) || isa<pum::ProbeOp>(op))
        continue;
      tasks.push_back(&op);
      groups.insert(&op);
      int64_t in = levelOf(op);
      bool alone = isLayer(&op) || isHeavy(&op);
      level[&op] = alone ? in + 1 : in;
      outLevel[&op] = alone ? in + 2 : in;
    }
    for (Operation *op : tasks) {
      if (isLayer(op) || isHeavy(op) || isa<crossbar::ProgramOp>(op))
        continue;
      if (Operation *user = widensFor(op)) {
        groups.unionSets(op, user);
        continue;
      }
      forEachProducer(op, [&](Operation *def) {
        if (groups.contains(def) && !isLayer(def) && !isHeavy(def) &&
            !isa<crossbar::ProgramOp>(def) && level[def] == level[op])
          groups.unionSets(def, op);
      });
    }
    llvm::DenseMap<Operation *, unsigned> nodeOfLeader;
    for (Operation *op : tasks) {
      Operation *leader = groups.getLeaderValue(op);
      auto [it, isNew] = nodeOfLeader.try_emplace(leader, nodes.size());
      if (isNew)
        nodes.emplace_back();
      nodes[it->second].ops.push_back(op);
      nodeOf[op] = it->second;
    }
    for (Operation *op : tasks)
      forEachProducer(op, [&](Operation *def) {
        auto it = nodeOf.find(def);
        if (it != nodeOf.end() && it->second != nodeOf[op] &&
            nodes[it->second].users.insert(nodeOf[op]))
          ++nodes[nodeOf[op]].waiting;
      });
  }

  /// Calls `emit` for every node, producers first, otherwise in the order of
  /// the nodes' first ops.
  LogicalResult emit(function_ref<LogicalResult(ArrayRef<Operation *>)> emit) {
    std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> ready;
    for (unsigned i = 0; i < nodes.size(); ++i)
      if (!nodes[i].waiting)
        ready.push(i);
    while (!ready.empty()) {
      unsigned i = ready.top();
      ready.pop();
      if (failed(emit(nodes[i].ops)))
        return failure();
      for (unsigned user : nodes[i].users)
        if (!--nodes[user].waiting)
          ready.push(user);
    }
    return success();
  }

private:
  /// Ops of the same block whose results `op`, or an op inside it, reads.
  static void forEachProducer(Operation *op,
                              function_ref<void(Operation *)> callback) {
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (Operation *def = operand.getDefiningOp())
          if (def->getBlock() == op->getBlock())
            callback(def);
    });
  }

  std::vector<Node> nodes;
  llvm::DenseMap<Operation *, unsigned> nodeOf;
};

/// Rewrites the entry function's body as tasks.
class Converter {
public:
  explicit Converter(func::FuncOp function)
      : function(function), builder(function.getContext()),
        tokenType(pum::TokenType::get(function.getContext())) {}

  LogicalResult run() {
    Block *old = &function.getBody().front();
    Block *block = new Block();
    function.getBody().push_back(block);
    for (BlockArgument arg : old->getArguments())
      block->addArgument(arg.getType(), arg.getLoc());
    builder.setInsertionPointToEnd(block);
    for (auto [from, to] :
         llvm::zip(old->getArguments(), block->getArguments())) {
      if (!isa<RankedTensorType>(from.getType()))
        return function.emitError("expected arguments to be tensors, got ")
               << from.getType();
      if (from.use_empty())
        continue;
      values.map(from, pum::LoadOp::create(builder, from.getLoc(), to.getType(),
                                           tokenType, to, ValueRange())
                           .getResult());
      emitProbes(from);
    }
    TaskGraph graph(*old);
    if (failed(
            graph.emit([&](ArrayRef<Operation *> ops) { return emit(ops); })))
      return failure();
    for (auto probe : old->getOps<pum::ProbeOp>())
      if (failed(emitRepeated(probe.getInput())))
        return failure();
    SmallVector<Value> results;
    auto ret = cast<func::ReturnOp>(old->getTerminator());
    for (Value value : ret.getOperands()) {
      if (!isa<RankedTensorType>(value.getType()))
        return ret.emitError("expected results to be tensors, got ")
               << value.getType();
      if (failed(emitRepeated(value)))
        return failure();
      results.push_back(pum::StoreOp::create(builder, value.getLoc(),
                                             value.getType(), tokenType,
                                             values.lookup(value), ValueRange())
                            .getResult());
    }
    func::ReturnOp::create(builder, ret.getLoc(), results);
    old->dropAllReferences();
    old->erase();
    return success();
  }

private:
  LogicalResult emit(ArrayRef<Operation *> ops) {
    if (auto program = dyn_cast<crossbar::ProgramOp>(ops.front()))
      return emitProgram(program);
    if (isLayer(ops.front()))
      return emitLayer(ops.front());
    SmallVector<Value> results;
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !llvm::is_contained(
                  ops, function.getBody().front().findAncestorOpInBlock(*user));
            }))
          results.push_back(result);
    return emitDigital(ops, results);
  }

  /// Digital tasks repeat constants and the like; a layer, or the caller, needs
  /// a task that computes them.
  LogicalResult emitRepeated(Value value) {
    return values.contains(value) ? success()
                                  : emitDigital({}, ArrayRef<Value>(value));
  }

  LogicalResult emitProgram(crossbar::ProgramOp op) {
    // Constants are written once, computed weights in every run.
    auto constant = op.getWeights().getDefiningOp<arith::ConstantOp>();
    if (!constant && isConstantData(op.getWeights()))
      return op.emitOpError("expects its weights to be one constant "
                            "(fold-constants)");
    if (!constant && failed(emitRepeated(op.getWeights())))
      return failure();
    Value weights = constant ? builder.clone(*constant)->getResult(0)
                             : values.lookup(op.getWeights());
    auto task = pum::ProgramOp::create(
        builder, op.getLoc(), op.getGrid().getType(), tokenType, weights,
        ValueRange(), ValueRange(), pum::PlacementAttr(),
        constant ? builder.getUnitAttr() : UnitAttr(), op.getTiling(),
        op.getArray(), op.getAdcRangeAttr());
    pum::copyTargetGroup(op, task);
    values.map(op.getGrid(), task.getGrid());
    return success();
  }

  LogicalResult emitLayer(Operation *op) {
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands()) {
      if (failed(emitRepeated(operand)))
        return failure();
      inputs.push_back(values.lookup(operand));
    }
    LDBG() << "compute task of " << op->getName() << " at " << op->getLoc();
    auto task = pum::ComputeOp::create(builder, op->getLoc(),
                                       op->getResultTypes(), tokenType, inputs,
                                       ValueRange(), pum::PlacementAttr());
    fillBody(task.getBody(), inputs, op->getOperands(), ArrayRef(op),
             op->getResults(), op->getLoc());
    if (auto layer = dyn_cast<LayerOpInterface>(op);
        layer && !layer.getGridType())
      pum::copyTargetGroup(op, task); // a grid is placed on its own
    task.getBody().walk(
        [](Operation *layer) { layer->removeAttr(pum::targetAttrName); });
    mapResults(op->getResults(), task.getResults());
    return success();
  }

  LogicalResult emitDigital(ArrayRef<Operation *> ops,
                            ArrayRef<Value> results) {
    SetVector<Value> external;
    SmallVector<Location> locs;
    for (Operation *op : ops) {
      locs.push_back(op->getLoc());
      op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands()) {
          Block *block = operand.getParentBlock();
          if (block != &function.getBody().front())
            continue; // an argument or a value of a body
          Operation *def = operand.getDefiningOp();
          if (!def || (!isRepeated(def) && !llvm::is_contained(ops, def)))
            external.insert(operand);
        }
      });
    }
    SmallVector<Value> inputs;
    for (Value value : external) {
      if (!isa<RankedTensorType>(value.getType()))
        return ops.front()->emitError("reads ")
               << value.getType() << " from another task, expected a tensor";
      inputs.push_back(values.lookup(value));
    }
    for (Value value : results)
      if (!isa<RankedTensorType>(value.getType()))
        return ops.front()->emitError("passes ")
               << value.getType() << " to another task, expected a tensor";
    Location loc = locs.empty() ? results.front().getLoc()
                                : FusedLoc::get(function.getContext(), locs);
    LDBG() << "digital task of " << ops.size() << " ops at " << loc;
    auto task = pum::DigitalOp::create(builder, loc, TypeRange(results),
                                       tokenType, inputs, ValueRange());
    fillBody(task.getBody(), inputs, external.getArrayRef(), ops, results, loc);
    // A heavy op is alone in its task, so that there is one reason at most.
    task.getBody().walk([&](Operation *op) {
      if (Attribute reason = op->removeAttr(pum::reasonAttrName))
        task->setAttr(pum::reasonAttrName, reason);
      pum::copyTargetGroup(op, task);
      op->removeAttr(pum::targetAttrName);
    });
    mapResults(results, task.getResults());
    return success();
  }

  /// Clones `ops` into `region`, whose arguments stand for `external`.
  void fillBody(Region &region, ValueRange inputs, ValueRange external,
                ArrayRef<Operation *> ops, ValueRange results, Location loc) {
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Location> locs(inputs.size(), loc);
    Block *body = builder.createBlock(&region, {}, inputs.getTypes(), locs);
    IRMapping mapping;
    mapping.map(external, body->getArguments());
    for (Operation *op : ops) {
      op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          repeat(operand, mapping);
      });
      builder.clone(*op, mapping);
    }
    SmallVector<Value> yielded;
    for (Value result : results) {
      repeat(result, mapping);
      yielded.push_back(mapping.lookup(result));
    }
    pum::YieldOp::create(builder, loc, yielded);
  }

  /// Clones the constants, empty tensors and fills that `value` needs.
  void repeat(Value value, IRMapping &mapping) {
    Operation *def = value.getDefiningOp();
    if (!def || mapping.contains(value) ||
        def->getBlock() != &function.getBody().front() || !isRepeated(def))
      return;
    for (Value operand : def->getOperands())
      repeat(operand, mapping);
    builder.clone(*def, mapping);
  }

  void mapResults(ValueRange from, ValueRange to) {
    for (auto [a, b] : llvm::zip(from, to)) {
      values.map(a, b);
      emitProbes(a);
    }
  }

  /// The probes of `value`, right behind the task that makes it.
  void emitProbes(Value value) {
    for (Operation *user : value.getUsers())
      if (auto probe = dyn_cast<pum::ProbeOp>(user))
        pum::ProbeOp::create(builder, probe.getLoc(), values.lookup(value),
                             probe.getNameAttr());
  }

  func::FuncOp function;
  OpBuilder builder;
  pum::TokenType tokenType;
  IRMapping values;
};

bool holdsTasks(func::FuncOp function) {
  return llvm::any_of(function.getOps(), [](Operation &op) {
    return isa<pum::PUMDialect>(op.getDialect()) && !isa<pum::ProbeOp>(op);
  });
}

struct ConvertCrossbarToPUMPass
    : pumice::impl::ConvertCrossbarToPUMBase<ConvertCrossbarToPUMPass> {
  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      // Idempotent: a function of tasks has nothing left to convert.
      if (!function.isPublic() || holdsTasks(function))
        continue;
      if (!function.getBody().hasOneBlock()) {
        function.emitError("expected a function of one block");
        return signalPassFailure();
      }
      if (failed(Converter(function).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
