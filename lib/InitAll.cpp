// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"

#include "dialects/Crossbar/Crossbar.h"
#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void pumice::registerAllDialects(DialectRegistry &registry) {
  registry.insert<crossbar::CrossbarDialect, pum::PUMDialect,
                  simulator::SimulatorDialect, arith::ArithDialect,
                  func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  tensor::TensorDialect>();
}

void pumice::registerAllPasses() { registerTransformsPasses(); }
