// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ConstantData.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Support/DebugStringHelper.h"
#include <cstring>

using namespace mlir;
using namespace pumice;
using llvm::createStringError;

int64_t ConstantData::widthOf(Type type) {
  if (type.isIndex())
    return 8;
  if (type.isInteger(1))
    return 1;
  if (type.isInteger(8) || type.isInteger(16) || type.isInteger(32) ||
      type.isInteger(64) || isa<Float16Type, BFloat16Type>(type) ||
      type.isF32() || type.isF64())
    return type.getIntOrFloatBitWidth() / 8;
  return 0;
}

char *ConstantData::allocate(int64_t bytes) {
  auto storage = std::make_shared<std::vector<int64_t>>((bytes + 7) / 8);
  char *start = reinterpret_cast<char *>(storage->data());
  data = start;
  owned = std::move(storage);
  return start;
}

llvm::Expected<ConstantData> ConstantData::read(Attribute attr) {
  if (isa<IntegerAttr, FloatAttr>(attr))
    attr = DenseElementsAttr::get(
        RankedTensorType::get({}, cast<TypedAttr>(attr).getType()), attr);
  auto elements = dyn_cast<ElementsAttr>(attr);
  if (!elements || !isa<DenseElementsAttr, DenseResourceElementsAttr>(attr))
    return createStringError("expected a dense or dense_resource constant");
  ConstantData result;
  auto shaped = cast<ShapedType>(elements.getType());
  result.type = shaped.getElementType();
  result.bytesEach = widthOf(result.type);
  if (!result.bytesEach)
    return createStringError("cannot read a constant of type " +
                             debugString(shaped));
  result.count = shaped.getNumElements();

  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    ArrayRef<char> stored = blob ? blob->getData() : ArrayRef<char>();
    if (!blob || int64_t(stored.size()) % result.bytesEach ||
        int64_t(stored.size()) / result.bytesEach != result.count)
      return createStringError(
          "constant dense_resource<" + resource.getRawHandle().getKey() +
          ">: expected " + Twine(result.count * result.bytesEach) +
          " bytes of data, got " + Twine(stored.size()));
    result.data = stored.data();
    // A file may put the data anywhere.
    if (reinterpret_cast<uintptr_t>(stored.data()) % result.bytesEach)
      std::memcpy(result.allocate(stored.size()), stored.data(), stored.size());
    return result;
  }

  auto dense = cast<DenseElementsAttr>(attr);
  result.splat = dense.isSplat();
  if (!result.type.isInteger(1)) {
    result.data = dense.getRawData().data();
    return result;
  }
  // Bits are packed in the attribute.
  if (result.splat) {
    *result.allocate(1) = dense.getSplatValue<bool>();
    return result;
  }
  char *out = result.allocate(result.count);
  for (bool value : dense.getValues<bool>())
    *out++ = value;
  return result;
}

std::optional<ConstantData> ConstantData::find(Value value) {
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  llvm::Expected<ConstantData> found = read(attr);
  if (found)
    return std::move(*found);
  llvm::consumeError(found.takeError());
  return std::nullopt;
}

int64_t ConstantData::integer(size_t index) const {
  assert(type.isIntOrIndex() && "no integers");
  switch (bytesEach) {
  case 1:
    return stored<int8_t>()[index];
  case 2:
    return stored<int16_t>()[index];
  case 4:
    return stored<int32_t>()[index];
  default:
    return stored<int64_t>()[index];
  }
}

std::optional<int64_t> ConstantData::uniformInteger() const {
  if (!type.isIntOrIndex() || count == 0)
    return std::nullopt;
  ArrayRef<char> all = bytes();
  if (all.drop_front(bytesEach) != all.drop_back(bytesEach))
    return std::nullopt;
  return integer(0);
}

ConstantData ConstantData::expanded() const {
  if (!splat)
    return *this;
  ConstantData result = *this;
  result.splat = false;
  char *out = result.allocate(count * bytesEach);
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(out + i * bytesEach, data, bytesEach);
  return result;
}
