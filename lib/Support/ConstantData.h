// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConstantData.h - The elements of a constant tensor -------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_CONSTANTDATA_H
#define PUMICE_LIB_SUPPORT_CONSTANTDATA_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/Value.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <memory>
#include <optional>
#include <vector>

namespace pumice {

/// The elements of a constant, row-major: iN (N = 8, 16, 32, 64) and floats as
/// in memory, i1 as one byte 0 or 1, index as eight bytes. Reads `dense` and
/// `dense_resource`, and the one number of a scalar constant. The data are
/// borrowed from the MLIR context where they have this form already.
class ConstantData {
public:
  /// Fails without data (an elided resource, or one of another size) and on
  /// element types without such a form.
  static llvm::Expected<ConstantData> read(mlir::Attribute attr);
  /// The same, and nullopt for any failure and for values that are not
  /// constant.
  static std::optional<ConstantData> find(mlir::Value value);

  /// Bytes of an element of `type`; 0 if it has no such form.
  static int64_t widthOf(mlir::Type type);

  mlir::Type elementType() const { return type; }
  int64_t size() const { return count; }      ///< elements of the tensor
  int64_t width() const { return bytesEach; } ///< bytes of an element
  /// Whether one stored element stands for all `size()`.
  bool isSplat() const { return splat; }

  /// The stored bytes: of one element for a splat.
  llvm::ArrayRef<char> bytes() const {
    return {data, size_t(bytesEach * (splat ? 1 : count))};
  }
  /// The stored elements; T has the width of an element.
  template <typename T>
  llvm::ArrayRef<T> stored() const {
    assert(int64_t(sizeof(T)) == bytesEach && "of another width");
    return {reinterpret_cast<const T *>(data), size_t(splat ? 1 : count)};
  }
  /// All elements; T has the width of an element.
  template <typename T>
  std::vector<T> elements() const {
    llvm::ArrayRef<T> all = stored<T>();
    return splat ? std::vector<T>(count, all.front()) : std::vector<T>(all);
  }
  /// A stored element that is an integer, sign-extended (i1: 0 or 1).
  int64_t integer(size_t index) const;
  /// The integer that all elements are; none if they differ.
  std::optional<int64_t> uniformInteger() const;

  /// The same constant with every element stored.
  ConstantData expanded() const;

private:
  /// Storage of its own for `bytes` bytes.
  char *allocate(int64_t bytes);

  mlir::Type type;
  int64_t count = 0, bytesEach = 0;
  bool splat = false;
  const char *data = nullptr;
  std::shared_ptr<void> owned; ///< if they are not borrowed
};

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_CONSTANTDATA_H
