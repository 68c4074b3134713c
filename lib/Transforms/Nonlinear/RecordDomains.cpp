// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Support/Json.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Nonlinear/Domains.h"
#include "lib/Transforms/Nonlinear/Passes.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

#define DEBUG_TYPE "pum-record-domains"

namespace pumice {
#define GEN_PASS_DEF_PUMRECORDDOMAINS
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct PUMRecordDomainsPass
    : pumice::impl::PUMRecordDomainsBase<PUMRecordDomainsPass> {
  using PUMRecordDomainsBase::PUMRecordDomainsBase;

  void runOnOperation() override {
    llvm::json::Object observed;
    if (!file.empty() && failed(read(observed)))
      return signalPassFailure();
    llvm::StringMap<unsigned> uses;
    SmallVector<pum::NonlinearOp> regions;
    getOperation().walk([&](pum::NonlinearOp op) { regions.push_back(op); });
    for (pum::NonlinearOp op : regions) {
      if (op.getMethod() == pum::NonlinearMethod::digital)
        continue;
      const bool isOpen = !op.getDomain() && !mayReduceRange(op.getKind());
      if (isOpen) {
        const std::string name = nameOf(op, uses);
        if (file.empty())
          probe(op, name);
        else if (failed(setDomain(op, name, observed)))
          return signalPassFailure();
      }
      if (file.empty())
        op.setMethod(pum::NonlinearMethod::digital);
    }
  }

private:
  /// The node of the graph, or the kind; with a number if it is not the first
  /// of that name. The same in both uses of the pass.
  static std::string nameOf(pum::NonlinearOp op,
                            llvm::StringMap<unsigned> &uses) {
    std::string name = namesOf(op->getLoc()).node;
    if (name.empty())
      name = pum::stringifyNonlinearKind(op.getKind()).str();
    const unsigned number = ++uses[name];
    name = "domain:" + name;
    return number == 1 ? name : name + "#" + std::to_string(number);
  }

  void probe(pum::NonlinearOp op, const std::string &name) {
    OpBuilder builder(op);
    LDBG() << "probe of " << op.getInputs()[0].getType() << " as '" << name
           << "'";
    pum::ProbeOp::create(builder, op.getLoc(), op.getInputs()[0],
                         builder.getStringAttr(name));
    ++numProbes;
  }

  LogicalResult read(llvm::json::Object &observed) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer)
      return getOperation().emitError("cannot read observations '")
             << file << "': " << buffer.getError().message();
    llvm::Expected<llvm::json::Value> json =
        pumice::parseJson((*buffer)->getBuffer());
    if (!json)
      return getOperation().emitError("cannot read observations '")
             << file << "': " << llvm::toString(json.takeError());
    if (!json->getAsObject())
      return getOperation().emitError("cannot read observations '")
             << file << "': expected an object by names of probes";
    observed = std::move(*json->getAsObject());
    return success();
  }

  LogicalResult setDomain(pum::NonlinearOp op, const std::string &name,
                          const llvm::json::Object &observed) {
    auto kind = [&] { return pum::stringifyNonlinearKind(op.getKind()); };
    const llvm::json::Object *found = observed.getObject(name);
    const std::optional<int64_t> count =
        found ? found->getInteger("count") : std::nullopt;
    if (!count)
      return op.emitOpError("has no domain: the calibration shows nothing as '")
             << name << "'";
    const int64_t others = found->getInteger("non_finite").value_or(0);
    if (others)
      return op.emitOpError("has no domain: expected finite numbers in the "
                            "calibration, got ")
             << others << " that are NaN or infinite of " << *count + others
             << " for " << kind() << " at '" << name << "'";
    const std::optional<double> low = found->getNumber("min");
    const std::optional<double> high = found->getNumber("max");
    if (*count == 0 || !low || !high)
      return op.emitOpError("has no domain: the calibration is empty for ")
             << kind() << " at '" << name << "'";
    if (!(*low < *high))
      return op.emitOpError("has no domain: the calibration is constant for ")
             << kind() << " at '" << name << "': " << *low;
    op.setDomain(ArrayRef<double>{*low, *high});
    LDBG() << name << " from " << *low << " to " << *high;
    ++numDomains;
    return success();
  }
};

} // namespace
