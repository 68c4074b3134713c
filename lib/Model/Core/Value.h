// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Value.h - Tensors of the hardware model ------------------*- C++ -*-===//
//
// A value is an element type, a static shape and a shared buffer, row-major and
// contiguous. Copying a value shares its buffer.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CORE_VALUE_H
#define PUMICE_LIB_MODEL_CORE_VALUE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

namespace pumice::model {

/// Element types. Integers are signless; `i1` takes one byte, 0 or 1.
enum class ElementType : uint8_t { i1, i8, i16, i32, i64, f32, f64, f16, bf16 };

/// Bytes that one element takes in memory.
int64_t byteWidth(ElementType type);
/// "i1", "i8", ..., "f64".
llvm::StringRef name(ElementType type);
std::optional<ElementType> parseElementType(llvm::StringRef name);

/// True if elements of `type` may be read as the C++ type T. The reader decides
/// whether signless integers are signed or unsigned; f16 and bf16 are read as
/// their bits.
template <typename T>
bool isReadableAs(ElementType type) {
  switch (type) {
  case ElementType::i1:
    return std::is_same_v<T, bool> || std::is_same_v<T, uint8_t> ||
           std::is_same_v<T, int8_t>;
  case ElementType::f32:
    return std::is_same_v<T, float>;
  case ElementType::f64:
    return std::is_same_v<T, double>;
  default:
    return std::is_integral_v<T> && !std::is_same_v<T, bool> &&
           static_cast<int64_t>(sizeof(T)) == byteWidth(type);
  }
}

class Value {
public:
  /// An empty value: no buffer, `isEmpty()`.
  Value() = default;

  /// A new buffer with undefined contents, aligned to 64 bytes. Fails on a
  /// negative extent, a size beyond 2^63-1 bytes, or lack of memory.
  static llvm::Expected<Value> allocate(ElementType type,
                                        llvm::ArrayRef<int64_t> shape);

  /// A view of foreign memory that `keepAlive` owns (null: the caller promises
  /// to outlive the value). Fails on a negative extent or an overflowing size.
  static llvm::Expected<Value>
  borrow(ElementType type, llvm::ArrayRef<int64_t> shape, const void *data,
         const std::shared_ptr<const void> &keepAlive);

  /// The same buffer with another shape of as many elements.
  llvm::Expected<Value> reshape(llvm::ArrayRef<int64_t> shape) const;

  bool isEmpty() const { return !buffer; }
  ElementType type() const { return elementType; }
  llvm::ArrayRef<int64_t> shape() const { return extents; }
  int64_t rank() const { return static_cast<int64_t>(extents.size()); }
  int64_t numElements() const { return elements; }
  int64_t numBytes() const { return elements * byteWidth(elementType); }

  const void *data() const { return buffer.get(); }
  void *mutableData() { return const_cast<void *>(buffer.get()); }

  template <typename T>
  llvm::ArrayRef<T> as() const {
    assert(isReadableAs<T>(elementType) && "wrong element type");
    return {static_cast<const T *>(data()), static_cast<size_t>(elements)};
  }
  template <typename T>
  llvm::MutableArrayRef<T> asMutable() {
    assert(isReadableAs<T>(elementType) && "wrong element type");
    return {static_cast<T *>(mutableData()), static_cast<size_t>(elements)};
  }

private:
  ElementType elementType = ElementType::i8;
  llvm::SmallVector<int64_t, 4> extents;
  int64_t elements = 0;
  std::shared_ptr<const void> buffer;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_VALUE_H
