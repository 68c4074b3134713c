// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Neon.h"
#include "lib/Neon/Compose.h"
#include "lib/Neon/Whole.h"
#include "lib/Support/Json.h"
#include "mlir/CAPI/Support.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace pumice::neon;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

static void report(llvm::Error error, MlirStringCallback callback, void *user) {
  const std::string text = llvm::toString(std::move(error));
  callback(mlirStringRefCreate(text.data(), text.size()), user);
}

static void give(Object object, MlirStringCallback callback, void *user) {
  const std::string text = llvm::formatv("{0}", Value(std::move(object))).str();
  callback(mlirStringRefCreate(text.data(), text.size()), user);
}

static llvm::Expected<Object> readObject(MlirStringRef text) {
  llvm::Expected<Value> json = pumice::parseJson(unwrap(text));
  if (!json)
    return json.takeError();
  if (Object *object = json->getAsObject())
    return std::move(*object);
  return llvm::createStringError("expected an object");
}

static llvm::Expected<ScalarNet> readNet(const Object &object) {
  const Value *json = object.get("net");
  const std::optional<llvm::StringRef> reduction =
      object.getString("reduction");
  if (!json || !reduction)
    return llvm::createStringError("expected a net and its reduction");
  llvm::Expected<Net> net = netFromJson(*json);
  if (!net)
    return net.takeError();
  for (Reduction one : {Reduction::none, Reduction::reciprocal,
                        Reduction::squareRoot, Reduction::reciprocalRoot,
                        Reduction::logarithm, Reduction::exponential})
    if (*reduction == name(one))
      return ScalarNet(std::move(*net), one);
  return llvm::createStringError("expected a known reduction, got '" +
                                 *reduction + "'");
}

void pumiceNeonLibrary(MlirStringCallback result, void *user) {
  Array functions, composed;
  for (const Function &function : library())
    functions.push_back(Object{{"name", function.name},
                               {"low", function.low},
                               {"high", function.high},
                               {"reduction", name(function.reduction)},
                               {"max_abs", function.maxAbs}});
  for (const Composition &item : compositions()) {
    Array nets;
    for (const char *net : item.nets)
      nets.push_back(net);
    composed.push_back(Object{{"name", item.name}, {"nets", std::move(nets)}});
  }
  give(Object{{"functions", std::move(functions)},
              {"compositions", std::move(composed)}},
       result, user);
}

bool pumiceNeonFitFunction(MlirStringRef name, int64_t bits, int64_t maxHidden,
                           MlirStringCallback result, void *resultUser,
                           MlirStringCallback error, void *errorUser) {
  llvm::Expected<const Function *> function = findFunction(unwrap(name));
  if (!function) {
    report(function.takeError(), error, errorUser);
    return false;
  }
  llvm::Expected<Fitted> fitted = fitFunction(unwrap(name), bits, maxHidden);
  if (!fitted) {
    report(fitted.takeError(), error, errorUser);
    return false;
  }
  Object object = toJson(*fitted);
  object["reduction"] = pumice::neon::name((*function)->reduction);
  give(std::move(object), result, resultUser);
  return true;
}

int64_t pumiceNeonEvaluate(MlirStringRef net, double *values, intptr_t count,
                           MlirStringCallback error, void *errorUser) {
  llvm::Expected<Object> object = readObject(net);
  if (!object) {
    report(object.takeError(), error, errorUser);
    return -1;
  }
  llvm::Expected<ScalarNet> read = readNet(*object);
  if (!read) {
    report(read.takeError(), error, errorUser);
    return -1;
  }
  for (intptr_t i = 0; i < count; ++i)
    values[i] = (*read)(values[i]);
  return read->clamped;
}

static llvm::Error compose(MlirStringRef text, double *values, intptr_t count,
                           int64_t length, const uint8_t *mask) {
  llvm::Expected<Object> request = readObject(text);
  if (!request)
    return request.takeError();
  Nets nets;
  if (const Object *given = request->getObject("nets"))
    for (const auto &[key, value] : *given) {
      const Object *item = value.getAsObject();
      if (!item)
        return llvm::createStringError("expected a net and its reduction");
      llvm::Expected<ScalarNet> net = readNet(*item);
      if (!net)
        return net.takeError();
      nets.emplace(std::string(llvm::StringRef(key)), std::move(*net));
    }
  ComposeOptions options;
  options.groups = request->getInteger("groups").value_or(1);
  options.epsilon = request->getNumber("epsilon").value_or(0);
  return compose(request->getString("name").value_or(""), nets,
                 {values, size_t(count)}, length,
                 mask ? llvm::ArrayRef<uint8_t>(mask, count)
                      : llvm::ArrayRef<uint8_t>(),
                 options);
}

bool pumiceNeonCompose(MlirStringRef request, double *values, intptr_t count,
                       int64_t length, const uint8_t *mask,
                       MlirStringCallback error, void *errorUser) {
  llvm::Error problem = ::compose(request, values, count, length, mask);
  if (!problem)
    return true;
  report(std::move(problem), error, errorUser);
  return false;
}

bool pumiceNeonFitWhole(const double *x, intptr_t xCount, const double *y,
                        intptr_t yCount, int64_t rows, MlirStringRef text,
                        MlirStringCallback result, void *resultUser,
                        MlirStringCallback error, void *errorUser) {
  llvm::Expected<Object> request = readObject(text);
  if (!request) {
    report(request.takeError(), error, errorUser);
    return false;
  }
  WholeOptions options;
  options.hidden.clear();
  if (const Array *hidden = request->getArray("hidden"))
    for (const Value &width : *hidden)
      options.hidden.push_back(width.getAsInteger().value_or(0));
  options.bits = request->getInteger("bits").value_or(16);
  options.seed = uint64_t(request->getInteger("seed").value_or(0));
  options.isForced = request->getBoolean("force").value_or(false);
  llvm::Expected<WholeFit> fitted =
      fitWhole({x, size_t(xCount)}, {y, size_t(yCount)}, rows, options);
  if (!fitted) {
    report(fitted.takeError(), error, errorUser);
    return false;
  }
  give(Object{{"mse", fitted->mse},
              {"nmse", fitted->nmse},
              {"constant_mse", fitted->constantMse},
              {"argmax_kept", fitted->argmaxKept},
              {"bound", fitted->bound}},
       result, resultUser);
  return true;
}
