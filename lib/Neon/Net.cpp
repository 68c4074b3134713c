// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Net.h"

#include "lib/Neon/Numbers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"

#include <algorithm>
#include <cmath>

using namespace pumice::neon;
using llvm::Twine;

int64_t Format::quantize(double x) const {
  const double code = std::nearbyint((x - low) / step());
  return static_cast<int64_t>(std::clamp(code, 0.0, double(count() - 1)));
}

std::vector<int32_t> Net::tanhTable() const {
  const int64_t half = int64_t(1) << (hiddenBits - 1);
  std::vector<int32_t> table(2 * half);
  for (int64_t z = 0; z <= half; ++z) {
    const auto value = static_cast<int32_t>(
        std::nearbyint(std::tanh(double(z) * zStep()) * double(hiddenPeak())));
    if (z < half)
      table[half + z] = value;
    table[half - z] = -value;
  }
  return table;
}

std::vector<int32_t> Net::table() const { return table(tanhTable()); }

std::vector<int32_t> Net::table(llvm::ArrayRef<int32_t> tanh) const {
  const int64_t half = int64_t(1) << (hiddenBits - 1);
  const double step = zStep();
  std::vector<int32_t> result(input.count());
  for (int64_t q = 0; q < input.count(); ++q) {
    int64_t sum = 0;
    for (const Unit &unit : units) {
      const float scaled =
          static_cast<float>(int64_t(unit.inputWeight) * q) * unit.inputScale;
      const float z = scaled + unit.bias;
      const double code = std::clamp(std::nearbyint(double(z) / step),
                                     double(-half), double(half - 1));
      sum += int64_t(unit.outputWeight) * tanh[int64_t(code) + half];
    }
    const float scaled = static_cast<float>(sum) * outputScale;
    const float y = scaled + outputBias;
    result[q] = static_cast<int32_t>(output.quantize(double(y)));
  }
  return result;
}

double Net::evaluate(double x, llvm::ArrayRef<int32_t> table) const {
  if (x < input.low && below.isLinear)
    return below.slope * x + below.offset;
  if (x > input.high && above.isLinear)
    return above.slope * x + above.offset;
  return output.value(table[input.quantize(x)]);
}

static llvm::Error verifyFormat(const Format &format, llvm::StringRef name) {
  if (format.bits < 2 || format.bits > 16)
    return llvm::createStringError(
        "expected " + name + " of 2 to 16 bits, got " + Twine(format.bits));
  if (!std::isfinite(format.low) || !std::isfinite(format.high) ||
      !(format.low < format.high))
    return llvm::createStringError(
        "expected " + name + " from a finite number to a greater one, got " +
        "[" + toText(format.low) + ", " + toText(format.high) + "]");
  return llvm::Error::success();
}

llvm::Error pumice::neon::verify(const Net &net) {
  if (llvm::Error error = verifyFormat(net.input, "an input"))
    return error;
  if (llvm::Error error = verifyFormat(net.output, "an output"))
    return error;
  for (auto [bits, name] :
       {std::pair<int64_t, llvm::StringRef>(net.weightBits, "weights"),
        {net.hiddenBits, "hidden values"}})
    if (bits < 2 || bits > 16)
      return llvm::createStringError("expected " + name +
                                     " of 2 to 16 bits, got " + Twine(bits));
  if (!(net.tanhRange > 0) || !std::isfinite(net.tanhRange))
    return llvm::createStringError("expected a tanh range above 0, got " +
                                   toText(net.tanhRange));
  if (net.units.empty() || net.units.size() > 65535)
    return llvm::createStringError("expected 1 to 65535 hidden units, got " +
                                   Twine(net.units.size()));
  const int32_t most = (1 << (net.weightBits - 1)) - 1;
  auto inRange = [&](int32_t weight) {
    return -most - 1 <= weight && weight <= most;
  };
  for (size_t j = 0; j < net.units.size(); ++j) {
    const Unit &unit = net.units[j];
    for (int32_t weight : {unit.inputWeight, unit.outputWeight})
      if (!inRange(weight))
        return llvm::createStringError("expected weights of " +
                                       Twine(net.weightBits) + " bits, got " +
                                       Twine(weight) + " at unit " + Twine(j));
    if (!std::isfinite(unit.inputScale) || !std::isfinite(unit.bias))
      return llvm::createStringError(
          "expected a finite scale and bias at unit " + Twine(j));
  }
  if (!std::isfinite(net.outputScale) || !std::isfinite(net.outputBias))
    return llvm::createStringError("expected a finite output scale and bias");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

static Value toJson(const Format &format) {
  return Object{
      {"bits", format.bits}, {"low", format.low}, {"high", format.high}};
}

static Value toJson(const Tail &tail) {
  if (!tail.isLinear)
    return "saturate";
  return Object{{"slope", tail.slope}, {"offset", tail.offset}};
}

Value pumice::neon::toJson(const Net &net) {
  Array units;
  for (const Unit &unit : net.units)
    units.push_back(Object{{"input_weight", unit.inputWeight},
                           {"input_scale", double(unit.inputScale)},
                           {"bias", double(unit.bias)},
                           {"output_weight", unit.outputWeight}});
  return Object{{"input", ::toJson(net.input)},
                {"output", ::toJson(net.output)},
                {"weight_bits", net.weightBits},
                {"hidden_bits", net.hiddenBits},
                {"tanh_range", net.tanhRange},
                {"units", std::move(units)},
                {"output_scale", double(net.outputScale)},
                {"output_bias", double(net.outputBias)},
                {"below", ::toJson(net.below)},
                {"above", ::toJson(net.above)}};
}

static bool fromJSON(const Value &value, Format &format,
                     llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("bits", format.bits) && map.map("low", format.low) &&
         map.map("high", format.high);
}

static bool fromJSON(const Value &value, Tail &tail, llvm::json::Path path) {
  if (value.getAsString() == "saturate")
    return true;
  tail.isLinear = true;
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("slope", tail.slope) && map.map("offset", tail.offset);
}

static bool fromJSON(const Value &value, Unit &unit, llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  int64_t inputWeight = 0, outputWeight = 0;
  double scale = 0, bias = 0;
  if (!map || !map.map("input_weight", inputWeight) ||
      !map.map("input_scale", scale) || !map.map("bias", bias) ||
      !map.map("output_weight", outputWeight))
    return false;
  unit = {static_cast<int32_t>(inputWeight), static_cast<float>(scale),
          static_cast<float>(bias), static_cast<int32_t>(outputWeight)};
  return true;
}

llvm::Expected<Net> pumice::neon::netFromJson(const Value &json) {
  Net net;
  llvm::json::Path::Root root("net");
  llvm::json::Path path(root);
  const Object *object = json.getAsObject();
  auto read = [&](llvm::StringRef key, auto &field) {
    const Value *value = object->get(key);
    if (!value) {
      path.field(key).report("missing value");
      return false;
    }
    return fromJSON(*value, field, path.field(key));
  };
  using llvm::json::fromJSON;
  if (!object) {
    path.report("expected object");
    return root.getError();
  }
  double outputScale = 0, outputBias = 0;
  std::vector<Value> units;
  const Array *list = object->getArray("units");
  if (!list) {
    path.field("units").report("expected array");
    return root.getError();
  }
  for (size_t i = 0; i < list->size(); ++i) {
    net.units.emplace_back();
    if (!::fromJSON((*list)[i], net.units.back(), path.field("units").index(i)))
      return root.getError();
  }
  if (!read("input", net.input) || !read("output", net.output) ||
      !read("weight_bits", net.weightBits) ||
      !read("hidden_bits", net.hiddenBits) ||
      !read("tanh_range", net.tanhRange) ||
      !read("output_scale", outputScale) || !read("output_bias", outputBias) ||
      !read("below", net.below) || !read("above", net.above))
    return root.getError();
  net.outputScale = static_cast<float>(outputScale);
  net.outputBias = static_cast<float>(outputBias);
  if (llvm::Error error = verify(net))
    return std::move(error);
  return net;
}

std::string pumice::neon::contentHash(const Net &net) {
  const std::string text = llvm::formatv("{0}", toJson(net)).str();
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)),
                     /*LowerCase=*/true);
}
