// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Locations.h - Names of ops, kept in locations ------------*- C++ -*-===//
//
// The front end writes locations as `"module
// path"("node"("file":line:column))`. The functions here are the only readers
// and writers of that form in C++.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_LOCATIONS_H
#define PUMICE_LIB_SUPPORT_LOCATIONS_H

#include "mlir/IR/Location.h"
#include <string>

namespace pumice {

/// Names of the layer and of the graph node that an op came from. A fused
/// location takes the names of its first named part.
struct OpNames {
  std::string layer;    ///< outer name; else "file:line"; else empty
  std::string node;     ///< inner name; else as `layer`
  bool isNamed = false; ///< whether `layer` is a name rather than a place
};
OpNames namesOf(mlir::Location loc);

/// A location with the layer's name of `layer` and the node of `node`; `node`
/// if either of them has no name.
mlir::Location withLayerOf(mlir::Location layer, mlir::Location node);

/// `loc` with `suffix` appended to the name of its node, for values that are
/// not those of the node; `loc` if it names no node.
mlir::Location withNodeSuffix(mlir::Location loc, llvm::StringRef suffix);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_LOCATIONS_H
