// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/LayerPatterns.h"

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;
using namespace pumice;

FailureOr<unsigned>
pumice::convertLayers(func::FuncOp function, LayerTarget target,
                      RewritePatternSet patterns,
                      function_ref<std::string(linalg::LinalgOp)> why) {
  auto collect = [&] {
    SmallVector<linalg::LinalgOp> layers;
    function.walk([&](linalg::LinalgOp op) {
      if (pum::targetOf(op) == target)
        layers.push_back(op);
    });
    return layers;
  };
  const unsigned assigned = collect().size();
  walkAndApplyPatterns(function, std::move(patterns));
  SmallVector<linalg::LinalgOp> left = collect();
  if (left.empty())
    return assigned;
  std::string text = why(left.front());
  return left.front()->emitOpError("is assigned to ")
         << stringifyLayerTarget(target) << ", but "
         << (text.empty() ? "is not an integer layer" : text);
}
