// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/Nonlinear/Domains.h"
#include "lib/Transforms/Nonlinear/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/GlobPattern.h"

#define DEBUG_TYPE "choose-nonlinear-methods"

namespace pumice {
#define GEN_PASS_DEF_CHOOSENONLINEARMETHODS
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using pum::NonlinearKind;
using pum::NonlinearMethod;

namespace {

/// The user's choice for some regions.
struct Choice {
  std::string text; ///< as it was given
  std::optional<NonlinearKind> kind;
  llvm::GlobPattern layers; ///< of module paths, without a kind
  bool isForAll = false;    ///< "*"
  bool isExact = false;     ///< names one layer
  NonlinearMethod method;
  bool isUsed = false;
};

struct ChooseNonlinearMethodsPass
    : pumice::impl::ChooseNonlinearMethodsBase<ChooseNonlinearMethodsPass> {
  using ChooseNonlinearMethodsBase::ChooseNonlinearMethodsBase;

  void runOnOperation() override {
    FailureOr<SmallVector<Choice>> choices = readChoices();
    if (failed(choices))
      return signalPassFailure();
    getOperation().walk([&](pum::NonlinearOp op) { choose(op, *choices); });
    for (const Choice &choice : *choices)
      if (choice.isExact && !choice.isUsed) {
        getOperation().emitError("methods: '")
            << choice.text << "' names neither a kind of nonlinear function "
            << "nor a layer that has one";
        return signalPassFailure();
      }
  }

private:
  FailureOr<SmallVector<Choice>> readChoices() {
    SmallVector<Choice> choices, forAll;
    for (const std::string &text : methods) {
      auto [key, name] = StringRef(text).rsplit('=');
      std::optional<NonlinearMethod> method =
          pum::symbolizeNonlinearMethod(name);
      if (key.empty() || !method)
        return getOperation().emitError(
                   "methods: expected KEY=digital, KEY=lut, KEY=neon or "
                   "KEY=auto, got '")
               << text << "'";
      llvm::Expected<llvm::GlobPattern> pattern =
          llvm::GlobPattern::create(key);
      if (!pattern)
        return getOperation().emitError("methods: '")
               << text << "': " << llvm::toString(pattern.takeError());
      std::optional<NonlinearKind> kind = pum::symbolizeNonlinearKind(key);
      const bool isForAll = key == "*";
      (isForAll ? forAll : choices)
          .push_back({text, kind, std::move(*pattern), isForAll,
                      !kind && key.find_first_of("*?[\\{") == StringRef::npos,
                      *method});
    }
    llvm::append_range(choices, std::move(forAll));
    return choices;
  }

  void choose(pum::NonlinearOp op, MutableArrayRef<Choice> choices) {
    const std::string layer = namesOf(op->getLoc()).layer;
    for (Choice &choice : choices) {
      if (choice.kind ? *choice.kind != op.getKind()
                      : !choice.layers.match(layer))
        continue;
      choice.isUsed = true;
      NonlinearMethod method = choice.method;
      // What the digital unit computes exactly, with little, stays there unless
      // its kind is named.
      StringRef why;
      if (isOverOneElement(op))
        why = ": over one element, its result is the same for all inputs";
      else if (!choice.kind && !isApproximated(op))
        why = ": exact and cheap there";
      if (!why.empty())
        method = NonlinearMethod::digital;
      LDBG() << pum::stringifyNonlinearKind(op.getKind()) << " of '" << layer
             << "' -> " << pum::stringifyNonlinearMethod(method) << why;
      op.setMethod(method);
      ++(method == NonlinearMethod::digital ? numDigital : numOthers);
      return;
    }
  }

  /// Whether the region is a softmax or a norm with a mean of single elements,
  /// whose result is 1, 0 or its parameters.
  static bool isOverOneElement(pum::NonlinearOp op) {
    if (!llvm::is_contained({NonlinearKind::softmax, NonlinearKind::log_softmax,
                             NonlinearKind::layer_norm,
                             NonlinearKind::group_norm},
                            op.getKind()))
      return false;
    auto type = cast<RankedTensorType>(op.getInputs()[0].getType());
    const ArrayRef<int64_t> dimensions = *op.getDimensions();
    int64_t count = 1;
    for (int64_t dimension : dimensions)
      count *= type.getDimSize(dimension);
    int64_t groups = 1;
    if (DictionaryAttr parameters = op.getParametersAttr())
      if (auto given = parameters.getAs<IntegerAttr>("groups"))
        groups = given.getInt();
    return count == groups;
  }

  /// Whether the region has operations that arrays and comparators lack.
  static bool isApproximated(pum::NonlinearOp op) {
    if (op.getKind() == NonlinearKind::tanh)
      return false; // the native function of the arrays' periphery
    return op.getBody()
        .walk([](Operation *nested) {
          if (isa<arith::DivFOp>(nested))
            return isConstantElement(nested->getOperand(1))
                       ? WalkResult::advance()
                       : WalkResult::interrupt();
          if (isa<linalg::DivOp, linalg::ExpOp, linalg::LogOp, linalg::SqrtOp,
                  linalg::RsqrtOp, linalg::ErfOp, linalg::PowFOp,
                  linalg::ReciprocalOp, linalg::SoftmaxOp>(nested))
            return WalkResult::interrupt();
          return isa<math::MathDialect>(nested->getDialect()) &&
                         !isa<math::TanhOp, math::AbsFOp, math::FmaOp,
                              math::CopySignOp, math::FloorOp, math::CeilOp,
                              math::RoundOp, math::RoundEvenOp, math::TruncOp>(
                             nested)
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }
};

} // namespace
