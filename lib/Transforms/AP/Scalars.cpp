// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/AP/Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace pumice;

static bool isSupported(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return type.isF32() || (integer && integer.getWidth() <= 64);
}

bool pumice::isComputable(Operation *op) {
  if (op->getNumResults() != 1 || !isSupported(op->getResultTypes()[0]) ||
      !llvm::all_of(op->getOperandTypes(), isSupported))
    return false;
  return isa<arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp,
             arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp, arith::CmpFOp,
             arith::CmpIOp, arith::SelectOp, arith::AddIOp, arith::SubIOp,
             arith::MulIOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp,
             arith::MinUIOp, arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp,
             math::RoundEvenOp, math::FloorOp, math::CeilOp, math::AbsFOp>(op);
}

namespace {

int64_t wrap(int64_t number, unsigned width) {
  return width == 1 ? number & 1 : llvm::SignExtend64(number, width);
}

uint64_t asUnsigned(int64_t number, unsigned width) {
  return uint64_t(number) & llvm::maskTrailingOnes<uint64_t>(width);
}

/// Towards zero; codes are clamped before, so that others do not matter.
int64_t truncated(float number) {
  constexpr float most = 4611686018427387904.0f;
  return number != number ? 0
                          : int64_t(std::min(std::max(number, -most), most));
}

/// IEEE 754-2019 maximum.
float maximum(float a, float b) {
  if (a != a || b != b)
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

template <typename T>
bool holds(arith::CmpFPredicate predicate, T a, T b) {
  const bool unordered = a != a || b != b;
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return false;
  case arith::CmpFPredicate::OEQ:
    return a == b;
  case arith::CmpFPredicate::OGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
    return a >= b;
  case arith::CmpFPredicate::OLT:
    return a < b;
  case arith::CmpFPredicate::OLE:
    return a <= b;
  case arith::CmpFPredicate::ONE:
    return !unordered && a != b;
  case arith::CmpFPredicate::ORD:
    return !unordered;
  case arith::CmpFPredicate::UEQ:
    return unordered || a == b;
  case arith::CmpFPredicate::UGT:
    return unordered || a > b;
  case arith::CmpFPredicate::UGE:
    return unordered || a >= b;
  case arith::CmpFPredicate::ULT:
    return unordered || a < b;
  case arith::CmpFPredicate::ULE:
    return unordered || a <= b;
  case arith::CmpFPredicate::UNE:
    return a != b;
  case arith::CmpFPredicate::UNO:
    return unordered;
  case arith::CmpFPredicate::AlwaysTrue:
    return true;
  }
  return false;
}

class Computer {
public:
  Computer(Operation *op, ArrayRef<const Numbers *> operands, size_t count)
      : op(op), count(count) {
    if (op->getNumOperands() > 0)
      in = op->getOperand(0).getType().getIntOrFloatBitWidth();
    out = op->getResultTypes()[0].getIntOrFloatBitWidth();
    for (auto [i, numbers] : llvm::enumerate(operands)) {
      reals[i] = numbers->floats.data();
      ints[i] = numbers->integers.data();
      strides[i] = numbers->size() == 1 ? 0 : 1;
    }
  }

  Numbers run() {
    TypeSwitch<Operation *>(op)
        .Case([&](arith::SIToFPOp) {
          floats([&](size_t i) { return float(integer(0, i)); });
        })
        .Case([&](arith::UIToFPOp) {
          floats(
              [&](size_t i) { return float(asUnsigned(integer(0, i), in)); });
        })
        .Case<arith::FPToSIOp, arith::FPToUIOp>([&](auto) {
          integers([&](size_t i) { return truncated(real(0, i)); });
        })
        .Case([&](arith::AddFOp) {
          floats([&](size_t i) { return real(0, i) + real(1, i); });
        })
        .Case([&](arith::SubFOp) {
          floats([&](size_t i) { return real(0, i) - real(1, i); });
        })
        .Case([&](arith::MulFOp) {
          floats([&](size_t i) { return real(0, i) * real(1, i); });
        })
        .Case([&](arith::DivFOp) {
          floats([&](size_t i) { return real(0, i) / real(1, i); });
        })
        .Case([&](arith::NegFOp) {
          floats([&](size_t i) { return -real(0, i); });
        })
        .Case([&](arith::MaximumFOp) {
          floats([&](size_t i) { return maximum(real(0, i), real(1, i)); });
        })
        .Case([&](arith::MinimumFOp) {
          floats([&](size_t i) { return -maximum(-real(0, i), -real(1, i)); });
        })
        .Case([&](math::RoundEvenOp) {
          floats([&](size_t i) { return std::nearbyint(real(0, i)); });
        })
        .Case([&](math::FloorOp) {
          floats([&](size_t i) { return std::floor(real(0, i)); });
        })
        .Case([&](math::CeilOp) {
          floats([&](size_t i) { return std::ceil(real(0, i)); });
        })
        .Case([&](math::AbsFOp) {
          floats([&](size_t i) { return std::fabs(real(0, i)); });
        })
        .Case([&](arith::CmpFOp cmp) {
          integers([&](size_t i) {
            return int64_t(holds(cmp.getPredicate(), real(0, i), real(1, i)));
          });
        })
        .Case([&](arith::CmpIOp cmp) {
          integers([&](size_t i) {
            return int64_t(arith::applyCmpPredicate(
                cmp.getPredicate(), APInt(in, asUnsigned(integer(0, i), in)),
                APInt(in, asUnsigned(integer(1, i), in))));
          });
        })
        .Case([&](arith::SelectOp) {
          auto which = [&](size_t i) { return integer(0, i) & 1 ? 1 : 2; };
          if (op->getResultTypes()[0].isF32())
            floats([&](size_t i) { return real(which(i), i); });
          else
            integers([&](size_t i) { return integer(which(i), i); });
        })
        .Case([&](arith::AddIOp) { unsignedly(std::plus<uint64_t>()); })
        .Case([&](arith::SubIOp) { unsignedly(std::minus<uint64_t>()); })
        .Case([&](arith::MulIOp) { unsignedly(std::multiplies<uint64_t>()); })
        .Case([&](arith::MaxSIOp) {
          integers(
              [&](size_t i) { return std::max(integer(0, i), integer(1, i)); });
        })
        .Case([&](arith::MinSIOp) {
          integers(
              [&](size_t i) { return std::min(integer(0, i), integer(1, i)); });
        })
        .Case([&](arith::MaxUIOp) {
          unsignedly([](uint64_t a, uint64_t b) { return std::max(a, b); });
        })
        .Case([&](arith::MinUIOp) {
          unsignedly([](uint64_t a, uint64_t b) { return std::min(a, b); });
        })
        .Case<arith::ExtSIOp>([&](auto) {
          integers([&](size_t i) {
            return in == 1 ? -integer(0, i) : integer(0, i);
          });
        })
        .Case<arith::ExtUIOp, arith::TruncIOp>([&](auto) {
          integers(
              [&](size_t i) { return int64_t(asUnsigned(integer(0, i), in)); });
        });
    return std::move(result);
  }

private:
  float real(size_t operand, size_t i) const {
    return reals[operand][i * strides[operand]];
  }
  int64_t integer(size_t operand, size_t i) const {
    return ints[operand][i * strides[operand]];
  }
  template <typename Fn>
  void floats(Fn fn) {
    result.floats.resize(count);
    float *all = result.floats.data();
    for (size_t i = 0; i < count; ++i)
      all[i] = fn(i);
  }
  template <typename Fn>
  void integers(Fn fn) {
    result.integers.resize(count);
    int64_t *all = result.integers.data();
    for (size_t i = 0; i < count; ++i)
      all[i] = wrap(fn(i), out);
  }
  template <typename Fn>
  void unsignedly(Fn fn) {
    integers([&](size_t i) {
      return int64_t(
          fn(asUnsigned(integer(0, i), in), asUnsigned(integer(1, i), in)));
    });
  }

  Operation *op;
  const float *reals[3];
  const int64_t *ints[3];
  size_t strides[3];
  size_t count;
  unsigned in = 0, out = 0;
  Numbers result;
};

} // namespace

Numbers pumice::compute(Operation *op, ArrayRef<const Numbers *> operands,
                        size_t count) {
  return Computer(op, operands, count).run();
}

bool Expression::collect(Block &body, Value value, ArrayRef<Value> variables) {
  llvm::SetVector<Operation *> needed;
  SmallVector<Value> open = {value};
  while (!open.empty()) {
    Value next = open.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (llvm::is_contained(variables, next) || constants.contains(next))
      continue;
    Attribute attr;
    if (op && matchPattern(next, m_Constant(&attr))) {
      if (!isa<FloatAttr, IntegerAttr>(attr))
        return false;
      std::optional<Numbers> number = numbersOf(DenseElementsAttr::get(
          RankedTensorType::get({}, next.getType()), attr));
      if (!number)
        return false;
      constants[next] = std::move(*number);
      continue;
    }
    // A number that was written in more bits.
    FloatAttr wide;
    if (auto truncated = dyn_cast_if_present<arith::TruncFOp>(op);
        truncated && truncated.getType().isF32() &&
        matchPattern(truncated.getIn(), m_Constant(&wide)) &&
        wide.getType().isF64()) {
      constants[next].floats = {float(wide.getValueAsDouble())};
      continue;
    }
    if (!op || op->getBlock() != &body || !isComputable(op))
      return false;
    if (needed.insert(op))
      llvm::append_range(open, op->getOperands());
  }
  ops.clear();
  for (Operation &op : body)
    if (needed.contains(&op))
      ops.insert(&op);
  result = value;
  return true;
}

Numbers Expression::evaluate(int64_t channel,
                             ArrayRef<std::pair<Value, Numbers>> variables,
                             size_t count) const {
  llvm::DenseMap<Value, Numbers> values;
  for (const auto &[value, numbers] : constants) {
    Numbers &one = values[value];
    const size_t at = numbers.size() == 1 ? 0 : channel;
    if (numbers.floats.empty())
      one.integers = {numbers.integers[at]};
    else
      one.floats = {numbers.floats[at]};
  }
  for (const auto &[value, numbers] : variables)
    values[value] = numbers;
  for (Operation *op : ops) {
    SmallVector<const Numbers *, 3> operands;
    for (Value operand : op->getOperands())
      operands.push_back(&values.find(operand)->second);
    Numbers computed = compute(op, operands, count);
    values[op->getResult(0)] = std::move(computed);
  }
  return std::move(values[result]);
}

std::optional<Numbers> pumice::numbersPerChannel(Value operand, AffineMap map,
                                                 int64_t channels) {
  ElementsAttr attr;
  if (!matchPattern(operand, m_Constant(&attr)))
    return std::nullopt;
  for (AffineExpr expr : map.getResults()) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (expr != getAffineDimExpr(1, map.getContext()) &&
        !(constant && constant.getValue() == 0))
      return std::nullopt;
  }
  std::optional<Numbers> numbers = numbersOf(attr);
  if (numbers && numbers->size() != 1 && int64_t(numbers->size()) != channels)
    return std::nullopt;
  return numbers;
}

std::optional<Numbers> pumice::numbersOf(ElementsAttr attr) {
  Type type = attr.getElementType();
  if (!isSupported(type))
    return std::nullopt;
  Numbers numbers;
  const unsigned width = type.getIntOrFloatBitWidth();
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    const int64_t count = dense.isSplat() ? 1 : dense.getNumElements();
    if (type.isF32())
      for (float number : llvm::make_range(dense.value_begin<float>(),
                                           dense.value_begin<float>() + count))
        numbers.floats.push_back(number);
    else
      for (APInt number : llvm::make_range(dense.value_begin<APInt>(),
                                           dense.value_begin<APInt>() + count))
        numbers.integers.push_back(wrap(number.getZExtValue(), width));
    return numbers;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || width % 8)
    return std::nullopt;
  ArrayRef<char> data = blob->getData();
  auto read = [&](auto zero, auto &all) {
    for (size_t i = 0; i + sizeof(zero) <= data.size(); i += sizeof(zero)) {
      std::memcpy(&zero, data.data() + i, sizeof(zero));
      all.push_back(zero);
    }
  };
  if (type.isF32())
    read(float(), numbers.floats);
  else if (width == 8)
    read(int8_t(), numbers.integers);
  else if (width == 16)
    read(int16_t(), numbers.integers);
  else if (width == 32)
    read(int32_t(), numbers.integers);
  else if (width == 64)
    read(int64_t(), numbers.integers);
  return numbers;
}
