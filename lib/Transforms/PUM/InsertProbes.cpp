// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "pum-insert-probes"

namespace pumice {
#define GEN_PASS_DEF_PUMINSERTPROBES
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

bool isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

struct PUMInsertProbesPass
    : pumice::impl::PUMInsertProbesBase<PUMInsertProbesPass> {
  using PUMInsertProbesBase::PUMInsertProbesBase;

  void runOnOperation() override {
    llvm::StringSet<> wantedKinds;
    for (const std::string &kind : kinds) {
      if (!pum::symbolizeNonlinearKind(kind)) {
        getOperation().emitError(
            "expected a kind of nonlinear function to probe, got '")
            << kind << "'";
        return signalPassFailure();
      }
      wantedKinds.insert(kind);
    }
    // Several ops may be of one node: its value is what the last one makes.
    llvm::MapVector<StringRef, Operation *> lastOf;
    for (const std::string &node : nodes)
      lastOf[node] = nullptr;
    SmallVector<pum::NonlinearOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isPublic())
        continue;
      for (Operation &op : function.getOps()) {
        if (auto nonlinear = dyn_cast<pum::NonlinearOp>(op);
            nonlinear && wantedKinds.contains(
                             pum::stringifyNonlinearKind(nonlinear.getKind())))
          functions.push_back(nonlinear);
        if (llvm::none_of(op.getResultTypes(), isStaticTensor))
          continue;
        auto found = lastOf.find(namesOf(op.getLoc()).node);
        if (found != lastOf.end())
          found->second = &op;
      }
    }
    for (pum::NonlinearOp op : functions) {
      const std::string name = namesOf(op.getLoc()).node;
      for (auto [i, input] : llvm::enumerate(op.getInputs()))
        probe(op, input, name + ".input" + (i ? llvm::utostr(i) : ""));
      probeResults(op, name);
    }
    for (auto [node, op] : lastOf) {
      if (!op) {
        getOperation().emitError("expected a node of the network to probe, got "
                                 "'")
            << node << "'";
        return signalPassFailure();
      }
      probeResults(op, node);
    }
  }

private:
  void probeResults(Operation *op, StringRef name) {
    for (auto [i, result] : llvm::enumerate(op->getResults()))
      probe(op, result, (name + (i ? "." + llvm::utostr(i) : "")).str());
  }

  /// Shows `value` as `name`, before or after `op`; once.
  void probe(Operation *op, Value value, const std::string &name) {
    if (!isStaticTensor(value.getType()) ||
        llvm::any_of(value.getUsers(), [&](Operation *user) {
          auto other = dyn_cast<pum::ProbeOp>(user);
          return other && other.getName() == name;
        }))
      return;
    OpBuilder builder(op);
    if (value.getDefiningOp() == op)
      builder.setInsertionPointAfter(op);
    pum::ProbeOp::create(builder, op->getLoc(), value,
                         builder.getStringAttr(name));
    LDBG() << "probe of " << value.getType() << " as '" << name << "'";
    ++numProbes;
  }
};

} // namespace
