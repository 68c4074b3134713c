// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/RegionEvaluator.h"

#include "lib/Digital/Registration.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace pumice::digital {

RegionEvaluator::RegionEvaluator(MLIRContext *context, Options options)
    : options(std::move(options)) {
  loadDigitalDialects(*context);
  module = ModuleOp::create(UnknownLoc::get(context));
}

RegionEvaluator::~RegionEvaluator() = default;

static bool isOfScalars(func::FuncOp function) {
  auto isScalar = [](Type type) { return !isa<ShapedType>(type); };
  return llvm::all_of(function.getArgumentTypes(), isScalar) &&
         llvm::all_of(function.getResultTypes(), isScalar) &&
         !function
              .walk([](Operation *op) {
                return isa<tensor::TensorDialect, linalg::LinalgDialect>(
                           op->getDialect())
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

/// A function that applies `scalars` to tensors of `batch` elements, as one
/// elementwise op.
func::FuncOp RegionEvaluator::vectorise(func::FuncOp scalars,
                                        unsigned numVariables) {
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  MLIRContext *context = builder.getContext();
  Location loc = scalars.getLoc();
  SmallVector<Type> arguments, results;
  SmallVector<AffineMap> maps;
  AffineMap each = AffineMap::getMultiDimIdentityMap(1, context);
  for (auto [i, type] : llvm::enumerate(scalars.getArgumentTypes())) {
    const bool varies = i < numVariables;
    arguments.push_back(varies ? RankedTensorType::get({batch}, type)
                               : RankedTensorType::get({}, type));
    maps.push_back(varies ? each : AffineMap::get(1, 0, context));
  }
  for (Type type : scalars.getResultTypes()) {
    results.push_back(RankedTensorType::get({batch}, type));
    maps.push_back(each);
  }
  auto function =
      func::FuncOp::create(builder, loc, scalars.getName(),
                           builder.getFunctionType(arguments, results));
  builder.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> inits;
  for (Type type : scalars.getResultTypes())
    inits.push_back(
        tensor::EmptyOp::create(builder, loc, ArrayRef{batch}, type));
  auto loop = linalg::GenericOp::create(
      builder, loc, results, function.getArguments(), inits, maps,
      utils::IteratorType::parallel,
      [&](OpBuilder &inner, Location, ValueRange values) {
        IRMapping mapping;
        Block &body = scalars.getBody().front();
        for (auto [argument, value] : llvm::zip(body.getArguments(), values))
          mapping.map(argument, value);
        for (Operation &op : body.without_terminator())
          inner.clone(op, mapping);
        linalg::YieldOp::create(
            inner, loc,
            llvm::map_to_vector(
                body.getTerminator()->getOperands(),
                [&](Value value) { return mapping.lookup(value); }));
      });
  func::ReturnOp::create(builder, loc, loop.getResults());
  return function;
}

size_t RegionEvaluator::add(func::FuncOp function, unsigned numVariables) {
  Function &added = functions.emplace_back();
  added.numVariables = numVariables;
  auto bytesOf = [](Type type) -> int64_t {
    llvm::Expected<int64_t> bytes = getBufferBytes(type);
    if (bytes)
      return *bytes;
    llvm::consumeError(bytes.takeError()); // `compile` reports it
    return 0;
  };
  for (Type type : function.getArgumentTypes())
    added.argumentBytes.push_back(bytesOf(type));
  for (Type type : function.getResultTypes())
    added.resultBytes.push_back(bytesOf(type));
  added.isBatched = numVariables > 0 && isOfScalars(function);
  if (added.isBatched) {
    added.source = vectorise(function, numVariables);
  } else {
    added.source = function.clone();
    module->push_back(added.source);
  }
  added.source.setName(("f" + Twine(functions.size() - 1)).str());
  return functions.size() - 1;
}

size_t RegionEvaluator::add(Region &region) {
  llvm::SetVector<Value> outside;
  getUsedValuesDefinedAbove(region, outside);
  SmallVector<Value> parameters;
  SmallVector<Operation *> constants;
  for (Value value : outside)
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      constants.push_back(constant);
    else
      parameters.push_back(value);

  Block &body = region.front();
  SmallVector<Type> types(body.getArgumentTypes());
  llvm::append_range(types, ValueRange(parameters).getTypes());
  ValueRange results = body.getTerminator()->getOperands();
  OpBuilder builder(module->getContext());
  Location loc = region.getLoc();
  OwningOpRef<func::FuncOp> function = func::FuncOp::create(
      loc, "region", builder.getFunctionType(types, results.getTypes()));
  builder.setInsertionPointToStart(function->addEntryBlock());
  IRMapping mapping;
  ValueRange arguments = function->getArguments();
  mapping.map(body.getArguments(),
              arguments.take_front(body.getNumArguments()));
  mapping.map(parameters, arguments.drop_front(body.getNumArguments()));
  for (Operation *constant : constants)
    builder.clone(*constant, mapping);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  func::ReturnOp::create(builder, loc,
                         llvm::map_to_vector(results, [&](Value value) {
                           return mapping.lookup(value);
                         }));
  const size_t index = add(*function, body.getNumArguments());
  functions[index].captured = std::move(parameters);
  return index;
}

Error RegionEvaluator::compile() {
  SmallVector<func::FuncOp> sources;
  SmallVector<Function *> added;
  for (Function &function : functions)
    if (!function.code) {
      sources.push_back(function.source);
      added.push_back(&function);
    }
  if (sources.empty())
    return Error::success();
  auto regions = digital::compile(*module, sources, options);
  if (!regions)
    return regions.takeError();
  for (auto [i, function] : llvm::enumerate(added))
    function->code = &(**regions)[i];
  compiled.push_back(std::move(*regions));
  return Error::success();
}

Error RegionEvaluator::evaluate(size_t index, ArrayRef<const void *> variables,
                                ArrayRef<const void *> parameters,
                                ArrayRef<void *> results, int64_t count) const {
  const Function &function = functions[index];
  assert(function.code && "evaluated before it is compiled");
  assert(variables.size() == function.numVariables &&
         "another number of variables");
  const int64_t step = function.isBatched ? batch : 1;
  auto invoke = [&](ArrayRef<const void *> inputs, ArrayRef<void *> outputs) {
    SmallVector<void *> all;
    for (const void *input : inputs)
      all.push_back(const_cast<void *>(input));
    for (const void *parameter : parameters)
      all.push_back(const_cast<void *>(parameter));
    return function.code->invoke(all, outputs);
  };
  const size_t numInputs = variables.size(), numOutputs = results.size();
  auto sizeIn = [&](size_t i) { return function.argumentBytes[i]; };
  auto sizeOut = [&](size_t i) { return function.resultBytes[i]; };

  SmallVector<const void *> inputs(numInputs);
  SmallVector<void *> outputs(numOutputs);
  int64_t at = 0;
  for (; at + step <= count; at += step) {
    for (size_t i = 0; i < numInputs; ++i)
      inputs[i] = static_cast<const char *>(variables[i]) + at * sizeIn(i);
    for (size_t i = 0; i < numOutputs; ++i)
      outputs[i] = static_cast<char *>(results[i]) + at * sizeOut(i);
    if (Error error = invoke(inputs, outputs))
      return error;
  }
  const int64_t rest = count - at;
  if (rest == 0)
    return Error::success();
  // Pad the last batch with copies of the last point.
  std::vector<std::vector<char>> in(numInputs), out(numOutputs);
  for (size_t i = 0; i < numInputs; ++i) {
    in[i].resize(step * sizeIn(i));
    const char *from = static_cast<const char *>(variables[i]) + at * sizeIn(i);
    for (int64_t k = 0; k < step; ++k)
      std::memcpy(in[i].data() + k * sizeIn(i),
                  from + std::min(k, rest - 1) * sizeIn(i), sizeIn(i));
    inputs[i] = in[i].data();
  }
  for (size_t i = 0; i < numOutputs; ++i) {
    out[i].resize(step * sizeOut(i));
    outputs[i] = out[i].data();
  }
  if (Error error = invoke(inputs, outputs))
    return error;
  for (size_t i = 0; i < numOutputs; ++i)
    std::memcpy(static_cast<char *>(results[i]) + at * sizeOut(i),
                out[i].data(), rest * sizeOut(i));
  return Error::success();
}

} // namespace pumice::digital
