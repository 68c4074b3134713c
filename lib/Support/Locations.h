// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Locations.h - Names in locations -------------------------*- C++ -*-===//
//
// The importer writes locations as `"module path"("node"("file":line:column))`.
// The functions here are the only readers and writers of that form in C++.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_LOCATIONS_H
#define PUMICE_LIB_SUPPORT_LOCATIONS_H

#include "mlir/IR/Location.h"
#include <string>

namespace pumice {

/// Names of the layer and of the graph node from which an op originates. A
/// fused location has the names of its first named part.
struct OpNames {
  std::string layer; ///< outer name; else "file:line"; else empty
  std::string node;  ///< inner name; else as `layer`
};
OpNames namesOf(mlir::Location loc);

/// Where a location points. Texts live as long as the context.
struct Place {
  llvm::StringRef layer, node; ///< outer and inner name; one name is a node's
  llvm::StringRef file;        ///< of the source; empty if unknown
  unsigned line = 0, column = 0;
};
/// The first named part of a location with its source position, else the first
/// source position; all fields are empty if there is neither.
Place placeOf(mlir::Location loc);

/// A location with the layer's name of `layer` and the node of `node`; `node`
/// if either of them has no name.
mlir::Location withLayerOf(mlir::Location layer, mlir::Location node);

/// `loc` with `suffix` appended to the name of its node, for values that are
/// not those of the node; `loc` if it names no node.
mlir::Location withNodeSuffix(mlir::Location loc, llvm::StringRef suffix);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_LOCATIONS_H
