// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/Value.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cstdlib>
#include <limits>

using namespace pumice::model;

int64_t pumice::model::byteWidth(ElementType type) {
  switch (type) {
  case ElementType::i1:
  case ElementType::i8:
    return 1;
  case ElementType::i16:
  case ElementType::f16:
  case ElementType::bf16:
    return 2;
  case ElementType::i32:
  case ElementType::f32:
    return 4;
  case ElementType::i64:
  case ElementType::f64:
    return 8;
  }
  return 0;
}

llvm::StringRef pumice::model::name(ElementType type) {
  switch (type) {
  case ElementType::i1:
    return "i1";
  case ElementType::i8:
    return "i8";
  case ElementType::i16:
    return "i16";
  case ElementType::i32:
    return "i32";
  case ElementType::i64:
    return "i64";
  case ElementType::f32:
    return "f32";
  case ElementType::f64:
    return "f64";
  case ElementType::f16:
    return "f16";
  case ElementType::bf16:
    return "bf16";
  }
  return "";
}

std::optional<ElementType>
pumice::model::parseElementType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ElementType>>(name)
      .Case("i1", ElementType::i1)
      .Case("i8", ElementType::i8)
      .Case("i16", ElementType::i16)
      .Case("i32", ElementType::i32)
      .Case("i64", ElementType::i64)
      .Case("f32", ElementType::f32)
      .Case("f64", ElementType::f64)
      .Case("f16", ElementType::f16)
      .Case("bf16", ElementType::bf16)
      .Default(std::nullopt);
}

/// Number of elements of `shape`, or an error if it or its size in bytes is
/// not a valid int64_t.
static llvm::Expected<int64_t> countElements(ElementType type,
                                             llvm::ArrayRef<int64_t> shape) {
  int64_t bytes = byteWidth(type);
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    if (extent < 0)
      return llvm::createStringError(
          "expected a non-negative extent on axis %zu, got %lld", axis,
          static_cast<long long>(extent));
    if (llvm::MulOverflow(bytes, extent, bytes))
      return llvm::createStringError(
          "expected a tensor of fewer than 2^63 bytes, got more at axis %zu of "
          "extent %lld",
          axis, static_cast<long long>(extent));
  }
  return bytes / byteWidth(type);
}

llvm::Expected<Value> Value::allocate(ElementType type,
                                      llvm::ArrayRef<int64_t> shape) {
  llvm::Expected<int64_t> count = countElements(type, shape);
  if (!count)
    return count.takeError();
  constexpr size_t alignment = 64;
  uint64_t bytes = static_cast<uint64_t>(*count) * byteWidth(type);
  uint64_t padded = llvm::alignTo(bytes ? bytes : 1, alignment);
  void *memory = padded <= std::numeric_limits<size_t>::max()
                     ? std::aligned_alloc(alignment, padded)
                     : nullptr;
  if (!memory)
    return llvm::createStringError(
        "expected %llu bytes of memory for a tensor, "
        "got none",
        static_cast<unsigned long long>(bytes));
  Value value;
  value.elementType = type;
  value.extents.assign(shape.begin(), shape.end());
  value.elements = *count;
  value.buffer = std::shared_ptr<const void>(
      memory, [](const void *p) { std::free(const_cast<void *>(p)); });
  return value;
}

llvm::Expected<Value>
Value::borrow(ElementType type, llvm::ArrayRef<int64_t> shape, const void *data,
              const std::shared_ptr<const void> &keepAlive) {
  llvm::Expected<int64_t> count = countElements(type, shape);
  if (!count)
    return count.takeError();
  // An empty tensor may come without memory; a value that is not empty has one.
  static const char nothing = 0;
  if (!data && *count != 0)
    return llvm::createStringError(
        "expected memory for a borrowed tensor of %lld elements, got null",
        static_cast<long long>(*count));
  Value value;
  value.elementType = type;
  value.extents.assign(shape.begin(), shape.end());
  value.elements = *count;
  const void *pointer = data ? data : &nothing;
  value.buffer =
      keepAlive ? std::shared_ptr<const void>(keepAlive, pointer)
                : std::shared_ptr<const void>(pointer, [](const void *) {});
  return value;
}

llvm::Expected<Value> Value::reshape(llvm::ArrayRef<int64_t> shape) const {
  llvm::Expected<int64_t> count = countElements(elementType, shape);
  if (!count)
    return count.takeError();
  if (*count != elements)
    return llvm::createStringError(
        "expected a shape of %lld elements, got one of %lld",
        static_cast<long long>(elements), static_cast<long long>(*count));
  Value value = *this;
  value.extents.assign(shape.begin(), shape.end());
  return value;
}
