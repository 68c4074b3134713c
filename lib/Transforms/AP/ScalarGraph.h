// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ScalarGraph.h - One element of a chain of ops ------------*- C++ -*-===//
//
// The scalar expression that gives one term of a sum over pairs of a query and
// a stored word, seen through elementwise ops, broadcasts and reshapes.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SCALARGRAPH_H
#define PUMICE_LIB_TRANSFORMS_AP_SCALARGRAPH_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace pumice {

/// What a dimension of a tensor runs over.
struct Role {
  enum Kind { none, query, word, cell } kind = none;
  unsigned number = 0; ///< of a query dimension

  bool operator==(const Role &other) const {
    return kind == other.kind && number == other.number;
  }
};

/// A node of the expression.
struct ScalarNode {
  enum Kind {
    constant, ///< `value`
    query,    ///< an element of `tensor`, which depends on the query
    entry,    ///< an element of the constant `tensor`
    operation ///< `op` on `operands`
  } kind = constant;
  mlir::Attribute value;
  mlir::Value tensor;
  llvm::SmallVector<Role> roles; ///< of the dimensions of `tensor`
  mlir::Operation *op = nullptr;
  unsigned result = 0;
  llvm::SmallVector<ScalarNode *> operands;
  bool usesQuery = false, usesEntry = false;
};

/// Expressions, and the memory of their nodes.
class ScalarGraph {
public:
  /// An element of `tensor`. Tensors without a word dimension that depend on
  /// anything but constants become nodes of the kind query. Null, with a
  /// reason, if some op is not elementwise.
  ScalarNode *elementOf(mlir::Value tensor, llvm::ArrayRef<Role> roles,
                        std::string &why);

  /// `value` of the body of `op`, whose loops run over `roles`.
  ScalarNode *valueOf(mlir::linalg::LinalgOp op, mlir::Value value,
                      llvm::ArrayRef<Role> roles, std::string &why);

  /// A result of `op` on other operands than its own.
  ScalarNode *operation(mlir::Operation *op, unsigned result,
                        llvm::ArrayRef<ScalarNode *> operands);
  ScalarNode *constantOf(mlir::Attribute value);

  /// Whether there are more nodes than a search has, a few dozen: values that
  /// are read several times are nodes several times. `why` says so.
  bool hasTooMany(std::string &why) const;

private:
  static constexpr size_t kMostNodes = 4096;
  std::deque<ScalarNode> nodes;
};

/// Whether all loops of `op` are parallel and its results have them in order.
bool isElementwiseMap(mlir::linalg::GenericOp op);

/// The result of `op` on constants; null if it does not fold.
mlir::Attribute foldOp(mlir::Operation *op, unsigned result,
                       llvm::ArrayRef<mlir::Attribute> operands);

/// The value of a node, given that of query and entry nodes; null if some op
/// does not fold.
mlir::Attribute
evaluate(const ScalarNode &node,
         llvm::function_ref<mlir::Attribute(const ScalarNode &)> leaf);

/// The values that the elements of `tensor` may take, at most `most` of them,
/// in ascending order; nullopt if that is not known.
std::optional<llvm::SmallVector<mlir::Attribute>> valuesOf(mlir::Value tensor,
                                                           size_t most);
/// The same of a node that depends on the query alone.
std::optional<llvm::SmallVector<mlir::Attribute>>
valuesOf(const ScalarNode &node, size_t most);

/// The number that an attribute is: of a float, or of an integer (i1: 0 or 1).
double numberOf(mlir::Attribute value);
/// The attribute of element `index` of a constant.
mlir::Attribute elementOf(mlir::Value constant, int64_t index);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SCALARGRAPH_H
