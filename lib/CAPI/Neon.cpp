// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Neon.h"

#include "lib/Neon/Fit.h"
#include "lib/Support/Json.h"
#include "mlir/CAPI/Support.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace pumice::neon;
using llvm::json::Object;
using llvm::json::Value;

static bool report(llvm::Error error, MlirStringCallback callback, void *user) {
  const std::string text = llvm::toString(std::move(error));
  callback(mlirStringRefCreate(text.data(), text.size()), user);
  return false;
}

namespace {

/// Reads the fields of an object and refuses what is left.
class Reader {
public:
  explicit Reader(const Object &object) : object(object) {}

  template <typename T>
  void read(llvm::StringRef key, T &field) {
    known.push_back(key);
    const Value *value = object.get(key);
    llvm::json::Path::Root root;
    if (value && !fromJSON(*value, field, root) && problem.empty())
      problem = ("expected a value of another type at '" + key + "', got " +
                 llvm::formatv("{0}", *value).str())
                    .str();
  }

  llvm::Error finish() const {
    if (!problem.empty())
      return llvm::createStringError(problem);
    for (const auto &entry : object)
      if (!llvm::is_contained(known, llvm::StringRef(entry.first)))
        return llvm::createStringError("expected an option of " +
                                       llvm::join(known, ", ") + ", got '" +
                                       llvm::StringRef(entry.first) + "'");
    return llvm::Error::success();
  }

private:
  template <typename T>
  static bool fromJSON(const Value &value, T &field,
                       llvm::json::Path::Root &root) {
    return llvm::json::fromJSON(value, field, llvm::json::Path(root));
  }
  const Object &object;
  llvm::SmallVector<llvm::StringRef> known;
  std::string problem;
};

} // namespace

static llvm::Error readOptions(llvm::StringRef text, Target &target,
                               Options &options) {
  llvm::Expected<Value> json = pumice::parseJson(text);
  if (!json)
    return json.takeError();
  const Object *object = json->getAsObject();
  if (!object)
    return llvm::createStringError("expected an object of options");
  std::optional<double> belowSlope, belowOffset, aboveSlope, aboveOffset;
  Reader reader(*object);
  reader.read("low", target.input.low);
  reader.read("high", target.input.high);
  reader.read("input_bits", target.input.bits);
  reader.read("below_slope", belowSlope);
  reader.read("below_offset", belowOffset);
  reader.read("above_slope", aboveSlope);
  reader.read("above_offset", aboveOffset);
  reader.read("weight_bits", options.weightBits);
  reader.read("hidden_bits", options.hiddenBits);
  reader.read("output_bits", options.outputBits);
  reader.read("min_hidden", options.minHidden);
  reader.read("max_hidden", options.maxHidden);
  reader.read("minimax", options.minimax);
  reader.read("relative_floor", options.relativeFloor);
  reader.read("mse", options.goal.mse);
  reader.read("nmse", options.goal.nmse);
  reader.read("max_abs", options.goal.maxAbs);
  reader.read("max_relative", options.goal.maxRelative);
  reader.read("max_lsb", options.goal.maxLsb);
  if (belowSlope)
    target.below = {true, *belowSlope, belowOffset.value_or(0)};
  if (aboveSlope)
    target.above = {true, *aboveSlope, aboveOffset.value_or(0)};
  return reader.finish();
}

bool pumiceNeonFit(const double *values, const double *weights, intptr_t count,
                   MlirStringRef options, MlirStringCallback result,
                   void *resultUser, MlirStringCallback error,
                   void *errorUser) {
  Target target;
  Options read;
  if (llvm::Error problem = readOptions(unwrap(options), target, read))
    return report(std::move(problem), error, errorUser);
  target.values.assign(values, values + count);
  if (weights)
    target.weights.assign(weights, weights + count);
  llvm::Expected<Fitted> fitted = fit(target, read);
  if (!fitted)
    return report(fitted.takeError(), error, errorUser);
  const std::string text = llvm::formatv("{0}", Value(toJson(*fitted))).str();
  result(mlirStringRefCreate(text.data(), text.size()), resultUser);
  return true;
}

bool pumiceNeonTable(MlirStringRef net,
                     void (*table)(const int32_t *values, intptr_t count,
                                   void *user),
                     void *tableUser, MlirStringCallback error,
                     void *errorUser) {
  llvm::Expected<Value> json = pumice::parseJson(unwrap(net));
  if (!json)
    return report(json.takeError(), error, errorUser);
  llvm::Expected<Net> read = netFromJson(*json);
  if (!read)
    return report(read.takeError(), error, errorUser);
  const std::vector<int32_t> values = read->table();
  table(values.data(), intptr_t(values.size()), tableUser);
  return true;
}

int64_t pumiceNeonLosslessRows(int64_t adcBits, int64_t cellBits,
                               int64_t dacBits) {
  return losslessRows(adcBits, cellBits, dacBits);
}
