// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cost/ConstantValue.h"

#include "lib/Support/ConstantData.h"
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
  llvm::Expected<ConstantData> data = ConstantData::read(attr);
  if (!data)
    return data.takeError();
  if (!data->isSplat())
    return model::Value::borrow(*element, type.getShape(), data->bytes().data(),
                                std::make_shared<ConstantData>(*data));
  llvm::Expected<model::Value> value =
      model::Value::allocate(*element, type.getShape());
  if (!value)
    return value.takeError();
  char *out = static_cast<char *>(value->mutableData());
  for (int64_t i = 0; i < value->numElements(); ++i)
    std::memcpy(out + i * data->width(), data->bytes().data(), data->width());
  return value;
}
