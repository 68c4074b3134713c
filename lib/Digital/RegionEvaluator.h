// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RegionEvaluator.h - Functions evaluated at many points ---*- C++ -*-===//
//
// Passes that replace a function by a table, by thresholds or by an
// approximation need its values. This evaluator compiles functions with the
// compiler of the digital unit and calls them, so values equal those of the
// digital unit bit for bit.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_REGIONEVALUATOR_H
#define PUMICE_LIB_DIGITAL_REGIONEVALUATOR_H

#include "lib/Digital/DigitalCompiler.h"

namespace pumice::digital {

/// Compiles functions once and evaluates them at many points.
///
/// The leading arguments of a function are *variables*, which differ from point
/// to point; the others are *parameters*, which hold for all points of one call
/// (scales and zero points of a channel, for instance). Pass constants that
/// differ between channels or layers as parameters: functions that differ only
/// in parameters, names and numbers share native code, in memory and in the
/// cache.
///
/// A function of scalars is vectorized: compiled code computes a batch of
/// points per call. A function with tensors among its arguments or results is
/// called once per point.
class RegionEvaluator {
public:
  /// Number of points per call of a vectorized function. Other numbers of
  /// points are possible; multiples avoid a copy.
  static constexpr int64_t batch = 4096;

  /// The context must have loaded the dialects of registerDigitalDialects, or
  /// be able to load them. The context and the data of constants must outlive
  /// the evaluator.
  explicit RegionEvaluator(mlir::MLIRContext *context, Options options = {});
  ~RegionEvaluator();

  /// Adds a copy of `function`, one block of ops that `compile` supports.
  /// Returns its index for `evaluate`.
  size_t add(mlir::func::FuncOp function, unsigned numVariables);
  /// Adds a region of one block whose terminator returns its operands. The
  /// block arguments are variables. Values from outside of the region are
  /// parameters, in order of first use, except constants, which are copied.
  size_t add(mlir::Region &region);

  size_t size() const { return functions.size(); }
  /// The values from outside that the added region reads.
  llvm::ArrayRef<mlir::Value> captured(size_t function) const {
    return functions[function].captured;
  }

  /// Compiles all functions that were added since the last call.
  llvm::Error compile();
  bool isCompiled(size_t function) const {
    return functions[function].code != nullptr;
  }
  /// Evaluates `function` at `count` points. Variables and results are arrays
  /// of `count` values, parameters are single values, stored as for
  /// CompiledRegion. Fails if an assertion (for instance on a division by zero)
  /// does not hold at a point; results are then undefined. Thread safe.
  llvm::Error evaluate(size_t function, llvm::ArrayRef<const void *> variables,
                       llvm::ArrayRef<const void *> parameters,
                       llvm::ArrayRef<void *> results, int64_t count) const;

private:
  struct Function {
    mlir::func::FuncOp source; ///< in `module`
    const CompiledRegion *code = nullptr;
    unsigned numVariables = 0;
    bool isBatched = false;
    std::vector<int64_t> argumentBytes, resultBytes; ///< size of one value
    llvm::SmallVector<mlir::Value> captured;
  };

  mlir::func::FuncOp vectorise(mlir::func::FuncOp scalars,
                               unsigned numVariables);

  Options options;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Function> functions;
  std::vector<std::unique_ptr<CompiledRegions>> compiled;
};

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_REGIONEVALUATOR_H
