// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpreter/State.h"

#include "lib/Cost/ConstantValue.h"

using namespace mlir;
using namespace pumice;

static pum::StateAttr stateOf(func::FuncOp function, unsigned argument) {
  return function.getArgAttrOfType<pum::StateAttr>(argument,
                                                   pum::stateAttrName);
}

ProgramState::ProgramState(func::FuncOp entry) : entry(entry) {
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
    pum::StateAttr state = stateOf(entry, i);
    if (!state)
      continue;
    auto memref = cast<MemRefType>(type);
    parts.push_back({state.getName().str(),
                     *elementTypeOf(memref.getElementType()),
                     llvm::to_vector(memref.getShape())});
    argumentOf.push_back(i);
    resultOf.push_back(state.getResult());
  }
  values.resize(parts.size());
}

bool ProgramState::holdsArgument(unsigned index) const {
  return llvm::is_contained(argumentOf, index);
}

bool ProgramState::holdsResult(unsigned index) const {
  return llvm::is_contained(resultOf, index);
}

llvm::Expected<model::Value> ProgramState::value(unsigned part) {
  if (values[part].isEmpty()) {
    pum::StateAttr state = stateOf(entry, argumentOf[part]);
    ElementsAttr data = state.getCurrent() && !isReset ? state.getCurrent()
                                                       : state.getInitial();
    auto read = constantValue(data);
    if (!read)
      return llvm::createStringError("state '%s': %s", parts[part].name.c_str(),
                                     llvm::toString(read.takeError()).c_str());
    values[part] = std::move(*read);
  }
  return values[part];
}

llvm::Expected<std::vector<model::Value>>
ProgramState::arguments(ArrayRef<model::Value> inputs) {
  std::vector<model::Value> all;
  for (unsigned i = 0, e = entry.getNumArguments(), part = 0; i < e; ++i) {
    if (!holdsArgument(i)) {
      all.push_back(inputs.front());
      inputs = inputs.drop_front();
      continue;
    }
    auto kept = value(part++);
    if (!kept)
      return kept.takeError();
    all.push_back(std::move(*kept));
  }
  return all;
}

std::vector<model::Value>
ProgramState::update(std::vector<model::Value> results) {
  for (auto [part, result] : llvm::enumerate(resultOf))
    values[part] = results[result];
  std::vector<model::Value> outputs;
  for (auto [i, result] : llvm::enumerate(results))
    if (!holdsResult(i))
      outputs.push_back(std::move(result));
  return outputs;
}

void ProgramState::reset() {
  isReset = true;
  values.assign(parts.size(), model::Value());
}

/// A constant of the same data.
static ElementsAttr attributeOf(const model::Value &value, MemRefType type) {
  auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
  if (value.type() == model::ElementType::i1)
    return DenseElementsAttr::get(
        tensor, ArrayRef<bool>(static_cast<const bool *>(value.data()),
                               static_cast<size_t>(value.numElements())));
  return DenseElementsAttr::getFromRawBuffer(
      tensor, ArrayRef(static_cast<const char *>(value.data()),
                       static_cast<size_t>(value.numBytes())));
}

void ProgramState::store(func::FuncOp function) const {
  for (auto [part, argument] : llvm::enumerate(argumentOf)) {
    pum::StateAttr state = stateOf(function, argument);
    ElementsAttr current = state.getCurrent();
    if (!values[part].isEmpty())
      current =
          attributeOf(values[part],
                      cast<MemRefType>(function.getArgumentTypes()[argument]));
    else if (isReset)
      current = ElementsAttr();
    function.setArgAttr(argument, pum::stateAttrName,
                        pum::StateAttr::get(function.getContext(),
                                            state.getName(), state.getInitial(),
                                            state.getResult(), current));
  }
}

llvm::Error ProgramState::checkSame(const ProgramState &other) const {
  bool isSame = parts.size() == other.parts.size();
  for (size_t i = 0; isSame && i < parts.size(); ++i)
    isSame = parts[i].name == other.parts[i].name &&
             parts[i].type == other.parts[i].type &&
             parts[i].shape == other.parts[i].shape;
  if (isSame)
    return llvm::Error::success();
  return llvm::createStringError(
      "expected programs with the same state to share it");
}
