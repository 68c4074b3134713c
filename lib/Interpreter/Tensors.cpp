// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpreter/Tensors.h"

#include "dialects/Simulator/Simulator.h"
#include "lib/Analysis/GraphNodes.h"

using namespace mlir;
using namespace pumice;

StringRef pumice::stringifyTensorKind(TensorKind kind) {
  constexpr StringRef names[] = {"sums", "values", "copy"};
  return names[static_cast<size_t>(kind)];
}

namespace {

/// A buffer that an instruction has written.
struct Buffer {
  ComputedTensor tensor;
  SmallVector<Operation *> readers;
  SmallVector<size_t> copies; ///< buffers that hold the same
};

/// Reads the instructions of a program in order.
class Reader {
public:
  void read(Operation *op);
  std::vector<ComputedTensor> take();

private:
  ComputedTensor describe(Operation *writer, simulator::BufferOp memory,
                          unsigned result);
  SmallVector<Place, 1> placesOfResult(simulator::DigitalOp op,
                                       unsigned result);
  /// True if a reader of the buffer computes more of the node.
  bool goesOn(const Buffer &buffer, StringRef node);
  bool computes(simulator::DigitalOp op, StringRef node);

  std::vector<Buffer> buffers; ///< in the order that they are written
  llvm::DenseMap<Value, size_t> written;
  llvm::DenseMap<Value, simulator::BufferOp> fresh; ///< not written yet
  llvm::DenseMap<Operation *, llvm::DenseSet<StringRef>> nodes; ///< by function
};

} // namespace

static func::FuncOp calleeOf(simulator::DigitalOp op) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op,
                                                            op.getCalleeAttr());
}

static void addOnce(SmallVectorImpl<Place> &places, const Place &place) {
  auto same = [&](const Place &other) {
    return std::tie(place.node, place.layer, place.file, place.line) ==
           std::tie(other.node, other.layer, other.file, other.line);
  };
  if (!place.node.empty() && llvm::none_of(places, same))
    places.push_back(place);
}

void Reader::read(Operation *op) {
  if (auto memory = dyn_cast<simulator::BufferOp>(op)) {
    fresh[memory.getMemory()] = memory;
    return;
  }
  if (!isa<simulator::SimulatorDialect>(op->getDialect()))
    return;
  for (Value operand : op->getOperands())
    if (auto it = written.find(operand); it != written.end())
      buffers[it->second].readers.push_back(op);
  unsigned result = 0;
  for (Value operand : op->getOperands()) {
    auto memory = fresh.find(operand);
    if (memory == fresh.end())
      continue;
    Buffer buffer{describe(op, memory->second, result++), {}, {}};
    fresh.erase(memory);
    if (buffer.tensor.kind == TensorKind::copy)
      if (auto it = written.find(op->getOperand(0)); it != written.end())
        buffers[it->second].copies.push_back(buffers.size());
    written[operand] = buffers.size();
    buffers.push_back(std::move(buffer));
  }
}

ComputedTensor Reader::describe(Operation *writer, simulator::BufferOp memory,
                                unsigned result) {
  ComputedTensor tensor;
  tensor.name = namesOf(memory.getLoc()).node;
  tensor.type = memory.getMemory().getType();
  tensor.kind = TensorKind::sums;
  if (isa<simulator::TransferOp>(writer)) {
    tensor.kind = TensorKind::copy;
  } else if (auto digital = dyn_cast<simulator::DigitalOp>(writer)) {
    tensor.kind = TensorKind::values;
    tensor.places = placesOfResult(digital, result);
  } else {
    addOnce(tensor.places, placeOf(memory.getLoc()));
  }
  return tensor;
}

/// Places of what computes a result of a function, the last operation first.
SmallVector<Place, 1> Reader::placesOfResult(simulator::DigitalOp op,
                                             unsigned result) {
  func::FuncOp function = calleeOf(op);
  Value value = function.getBody().front().getTerminator()->getOperand(result);
  SmallVector<Location> around;
  Operation *owner = value.getDefiningOp();
  for (; owner && isReshape(owner); owner = value.getDefiningOp()) {
    around.push_back(owner->getLoc());
    value = owner->getOperand(0);
  }
  SmallVector<Place, 1> places;
  if (owner) {
    addOnce(places, placeOf(owner->getLoc()));
  } else { // the function only reshapes a parameter
    unsigned index = cast<BlockArgument>(value).getArgNumber();
    auto it = written.find(op->getOperand(index));
    if (it != written.end())
      places = buffers[it->second].tensor.places;
  }
  for (Location loc : llvm::reverse(around))
    addOnce(places, placeOf(loc));
  return places;
}

std::vector<ComputedTensor> Reader::take() {
  std::vector<ComputedTensor> tensors;
  for (const Buffer &buffer : buffers) {
    ComputedTensor tensor = buffer.tensor;
    if (tensor.kind == TensorKind::values)
      llvm::erase_if(tensor.places, [&](const Place &place) {
        return goesOn(buffer, place.node);
      });
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

bool Reader::goesOn(const Buffer &buffer, StringRef node) {
  for (Operation *reader : buffer.readers) {
    if (auto digital = dyn_cast<simulator::DigitalOp>(reader)) {
      if (computes(digital, node))
        return true;
    } else if (!isa<simulator::TransferOp>(reader) &&
               placeOf(reader->getLoc()).node == node) {
      return true;
    }
  }
  return llvm::any_of(buffer.copies,
                      [&](size_t copy) { return goesOn(buffers[copy], node); });
}

bool Reader::computes(simulator::DigitalOp op, StringRef node) {
  func::FuncOp function = calleeOf(op);
  auto [it, isNew] = nodes.try_emplace(function);
  if (isNew)
    it->second = nodesIn(function);
  return it->second.contains(node);
}

std::vector<ComputedTensor> pumice::tensorsOf(func::FuncOp entry) {
  Reader reader;
  for (Operation &op : entry.getBody().front())
    reader.read(&op);
  return reader.take();
}
