// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cost/ConstantValue.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Support/DebugStringHelper.h"

#include <cstring>

using namespace mlir;
using namespace pumice;

std::optional<model::ElementType> pumice::elementTypeOf(Type type) {
  if (type.isF32())
    return model::ElementType::f32;
  if (type.isF64())
    return model::ElementType::f64;
  if (type.isF16())
    return model::ElementType::f16;
  if (type.isBF16())
    return model::ElementType::bf16;
  if (!type.isSignlessInteger())
    return std::nullopt;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return model::ElementType::i1;
  case 8:
    return model::ElementType::i8;
  case 16:
    return model::ElementType::i16;
  case 32:
    return model::ElementType::i32;
  case 64:
    return model::ElementType::i64;
  default:
    return std::nullopt;
  }
}

llvm::Expected<model::Value> pumice::constantValue(ElementsAttr attr) {
  auto type = cast<ShapedType>(attr.getType());
  std::optional<model::ElementType> element =
      elementTypeOf(type.getElementType());
  if (!element)
    return llvm::createStringError("cannot hold constants of type %s",
                                   debugString(type).c_str());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    size_t bytes = type.getNumElements() * model::byteWidth(*element);
    if (!blob || blob->getData().size() != bytes)
      return llvm::createStringError(
          "constant '%s' has no data: its resource was elided",
          resource.getRawHandle().getKey().str().c_str());
    return model::Value::borrow(*element, type.getShape(),
                                blob->getData().data(), nullptr);
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense || *element == model::ElementType::i1)
    return llvm::createStringError("cannot read a constant of type %s",
                                   debugString(type).c_str());
  if (!dense.isSplat())
    return model::Value::borrow(*element, type.getShape(),
                                dense.getRawData().data(), nullptr);
  llvm::Expected<model::Value> value =
      model::Value::allocate(*element, type.getShape());
  if (!value)
    return value.takeError();
  int64_t width = model::byteWidth(*element);
  char *out = static_cast<char *>(value->mutableData());
  for (int64_t i = 0; i < value->numElements(); ++i)
    std::memcpy(out + i * width, dense.getRawData().data(), width);
  return value;
}
