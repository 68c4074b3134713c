// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Arithmetic.h - The arithmetic behind a tensor ------------*- C++ -*-===//
//
// A view of a tensor program that is independent of how the arithmetic is
// written: of the ops that contain it, the order of operands, the spelling of
// broadcasts and unit dimensions, and the precision. Sums and products are
// flattened. x*x, pow(x, 2) and square are the same node, and so are 1/sqrt and
// rsqrt, a division by n and a product with 1/n, a select on a comparison and a
// maximum. Most ways to write a function lead to the same node.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_ARITHMETIC_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_ARITHMETIC_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/FoldingSet.h"
#include "llvm/ADT/MapVector.h"
#include <optional>

namespace pumice::arithmetic {

enum class Fn {
  constant, ///< numbers[0]
  element,  ///< of the tensor `key`, at the variables `dims`
  sum,      ///< numbers[0] + sum of numbers[i + 1] * args[i]
  product,  ///< numbers[0] * product of args[i] ^ numbers[i + 1]
  maximum,
  minimum,
  select,  ///< args[0] ? args[1] : args[2]
  greater, ///< args[0] > args[1], or >=
  equal,
  exp,
  log,
  tanh,
  erf,
  abs,
  reduceSum, ///< of args[0] over the variables `dims`
  reduceMax,
  reduceAll,
  other ///< some function `key` of the arguments
};

/// An expression. Nodes of one view are uniqued: equal nodes are identical.
struct Node : llvm::FoldingSetNode {
  Fn fn = Fn::other;
  unsigned id = 0;
  llvm::SmallVector<const Node *, 4> args;
  llvm::SmallVector<double, 4> numbers;
  llvm::SmallVector<int64_t, 4> dims;
  const void *key = nullptr;

  void Profile(llvm::FoldingSetNodeID &id) const;
  bool is(Fn which) const { return fn == which; }
  bool isConstant(double value) const;
};

/// The position of a node in the program.
struct Place {
  mlir::Value tensor;
  llvm::SmallVector<int64_t, 4> coords; ///< a variable per dimension
};

using Term = std::pair<const Node *, double>;

/// The arithmetic behind one tensor, over its dimensions as variables 0, 1, ...
/// Dimensions of extent 1 have the variable -1. A reduction binds the variables
/// of the dimensions that it removes, so that x and sum(x) use the same
/// variables.
class View {
public:
  /// The view ends at ops for which `isBoundary` is true, and `maxDepth` ops
  /// away from the root. Nonlinear functions are shallower than the default.
  View(mlir::Value root, llvm::function_ref<bool(mlir::Operation *)> isBoundary,
       unsigned maxDepth = 40);

  const Node *getRoot() const { return root; }
  /// True if the view contains the arithmetic of `op`.
  bool holds(mlir::Operation *op) const { return held.contains(op); }
  /// True if the view left out ops because it has as many as it may.
  bool isFull() const { return full; }
  /// The earliest tensor whose elements are `node`, if any.
  const Place *placeOf(const Node *node) const;
  /// The earliest tensor whose elements are a multiple of `node`, if any.
  const Place *placeOfMultiple(const Node *node);
  /// Number of values of a variable; 0 for a position in a window.
  int64_t extentOf(int64_t variable) const { return extents.lookup(variable); }

  const Node *constant(double value);
  const Node *sum(llvm::ArrayRef<Term> terms, double constant = 0);
  const Node *product(double coefficient, llvm::ArrayRef<Term> factors);
  const Node *scaled(double coefficient, const Node *node) {
    return product(coefficient, {{node, 1.0}});
  }
  const Node *call(Fn fn, llvm::ArrayRef<const Node *> args);
  /// `c` such that a = c * b.
  std::optional<double> ratio(const Node *a, const Node *b);

private:
  struct Body;
  const Node *unique(Fn fn, llvm::ArrayRef<const Node *> args,
                     llvm::ArrayRef<double> numbers = {},
                     llvm::ArrayRef<int64_t> dims = {},
                     const void *key = nullptr);
  const Node *extremum(Fn fn, llvm::ArrayRef<const Node *> args);
  const Node *select(const Node *condition, const Node *a, const Node *b);
  const Node *element(mlir::Value tensor, llvm::ArrayRef<int64_t> coords);
  const Node *expand(mlir::OpResult tensor, llvm::ArrayRef<int64_t> coords);
  const Node *expandReshape(mlir::Operation *op,
                            llvm::ArrayRef<int64_t> coords);
  const Node *expandLinalg(mlir::linalg::LinalgOp op, unsigned result,
                           llvm::ArrayRef<int64_t> coords);
  const Node *reduce(Body &body, mlir::Value yielded, mlir::Value accumulator,
                     mlir::Value init, llvm::ArrayRef<int64_t> variables);
  const Node *scalar(Body &body, mlir::Value value);
  const Node *argument(Body &body, mlir::BlockArgument arg);
  const Node *apply(mlir::Operation *op, llvm::ArrayRef<const Node *> args,
                    llvm::ArrayRef<int64_t> coords);

  llvm::function_ref<bool(mlir::Operation *)> isBoundary;
  llvm::FoldingSet<Node> nodes;
  std::vector<std::unique_ptr<Node>> storage;
  llvm::DenseMap<const Node *, const Node *> expansions;
  llvm::MapVector<const Node *, Place> places;
  llvm::DenseMap<int64_t, int64_t> extents;
  llvm::SmallPtrSet<mlir::Operation *, 32> held;
  int64_t nextVariable = 0;
  unsigned maxDepth, depth = 0;
  bool full = false;
  const Node *root = nullptr;
};

/// True if the structure is the same and numbers agree to a relative
/// `tolerance`.
bool approximatelyEqual(const Node *a, const Node *b, double tolerance = 1e-3);

} // namespace pumice::arithmetic

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_ARITHMETIC_H
