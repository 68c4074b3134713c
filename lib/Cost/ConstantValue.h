// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConstantValue.h - Constants for the hardware model -------*- C++ -*-===//
#ifndef PUMICE_LIB_COST_CONSTANTVALUE_H
#define PUMICE_LIB_COST_CONSTANTVALUE_H

#include "lib/Model/Core/Value.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace pumice {

/// The element type of the hardware model; none for types that it does not
/// have.
std::optional<model::ElementType> elementTypeOf(mlir::Type type);

/// The data of a constant as a value; splats are expanded.
llvm::Expected<model::Value> constantValue(mlir::ElementsAttr attr);

} // namespace pumice

#endif // PUMICE_LIB_COST_CONSTANTVALUE_H
