// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RegionEvaluator.h - Functions evaluated at many points ---*- C++ -*-===//
//
// Passes that replace a function by something else (a table, thresholds, an
// approximation) need its values. This evaluator compiles functions with the
// compiler of the digital unit and calls them, so that the values are those
// that the digital unit computes, to the bit.
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
/// differ between channels or layers as parameters: functions that are equal
/// but for their parameters, names and numbers share their code, in memory and
/// in the code cache.
///
/// A function of scalars is vectorised: compiled code computes a batch of
/// points per call. A function with tensors among its arguments or results is
/// called for one point after the other.
class RegionEvaluator {
public:
  /// Points that compiled code of scalars computes at once. Other numbers of
  /// points are possible; multiples of it avoid a copy.
  static constexpr int64_t batch = 4096;

  /// The context must have the dialects of registerDigitalDialects loaded, or
  /// be free to load them. It must outlive the evaluator, as must the data of
  /// constants.
  explicit RegionEvaluator(mlir::MLIRContext *context, Options options = {});
  ~RegionEvaluator();

  /// Adds a copy of `function`, one block of ops that `compile` takes. Returns
  /// the number by which `evaluate` knows it.
  size_t add(mlir::func::FuncOp function, unsigned numVariables);
  /// The same of a region of one block whose terminator returns its operands:
  /// the block's arguments are variables, and values from outside of the region
  /// are parameters, in the order of their first use. Constants from outside
  /// are copied into it.
  size_t add(mlir::Region &region);

  size_t size() const { return functions.size(); }
  /// Values from outside that the region given to `add` reads.
  llvm::ArrayRef<mlir::Value> captured(size_t function) const {
    return functions[function].captured;
  }

  /// Compiles what has been added since the last call, all in one go.
  llvm::Error compile();
  bool isCompiled(size_t function) const {
    return functions[function].code != nullptr;
  }
  /// Computes `function` at `count` points. Each variable and result is an
  /// array of `count` values one after the other, each parameter is one value;
  /// values are as in CompiledRegion. Fails when an assertion (a division by
  /// zero, for instance) does not hold at one of the points; results are then
  /// undefined. Thread safe.
  llvm::Error evaluate(size_t function, llvm::ArrayRef<const void *> variables,
                       llvm::ArrayRef<const void *> parameters,
                       llvm::ArrayRef<void *> results, int64_t count) const;

private:
  struct Function {
    mlir::func::FuncOp source; ///< in `module`
    const CompiledRegion *code = nullptr;
    unsigned numVariables = 0;
    bool isBatched = false;
    std::vector<int64_t> argumentBytes, resultBytes; ///< of one value
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
