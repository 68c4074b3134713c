// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Simulator/Simulator.h"
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Model/AP/Machine.h"
#include "lib/Support/Locations.h"
#include "lib/Transforms/AP/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "ap-disassemble"

namespace pumice {
#define GEN_PASS_DEF_APDISASSEMBLE
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct APDisassemblePass : pumice::impl::APDisassembleBase<APDisassemblePass> {
  using APDisassembleBase::APDisassembleBase;

  void runOnOperation() override {
    SmallVector<std::pair<Operation *, ElementsAttr>> found;
    getOperation().walk([&](Operation *op) {
      if (auto run = dyn_cast<ap::RunOp>(op))
        found.push_back({op, run.getProgram()});
      else if (auto exec = dyn_cast<simulator::APExecOp>(op))
        found.push_back({op, exec.getProgram()});
    });
    for (auto [op, attr] : found) {
      std::optional<std::vector<int8_t>> bytes = codesOf(attr);
      if (!bytes) {
        op->emitOpError("has a microprogram without data");
        return signalPassFailure();
      }
      llvm::Expected<model::APMicroprogram> program = model::decode(
          {reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size()});
      if (!program) {
        op->emitOpError(llvm::toString(program.takeError()));
        return signalPassFailure();
      }
      LDBG() << program->operations() << " operations: " << op->getLoc();
      write(*program, op->getLoc());
    }
  }

private:
  /// Creates an op with a region and continues building inside the region.
  template <typename OpTy, typename... Args>
  OpTy open(OpBuilder &builder, Location loc, Args... args) {
    auto op = OpTy::create(builder, loc, args...);
    builder.setInsertionPointToStart(&op.getBody().emplaceBlock());
    return op;
  }

  void number(Operation *op, StringRef name, int64_t value) {
    op->setAttr(name, Builder(op).getI64IntegerAttr(value));
  }

  void write(const model::APMicroprogram &program, Location loc) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(getOperation().getBody());
    Place place = placeOf(loc);
    StringRef name = place.layer.empty() ? place.node : place.layer;
    auto top = open<ap::ProgramOp>(builder, loc, name);
    number(top, "columns", program.columns);
    number(top, "domains", program.domains);
    number(top, "kernel_positions", program.kernelPositions);
    number(top, "input_bits", program.inputBits);
    if (program.inputSigned)
      top->setAttr("input_signed", builder.getUnitAttr());
    if (program.isAcross)
      top->setAttr("across", builder.getUnitAttr());
    number(top, "lanes", program.lanes);
    number(top, "spread", program.spread);
    if (program.codeBits)
      number(top, "code_bits", program.codeBits);
    if (program.codeSigned)
      top->setAttr("code_signed", builder.getUnitAttr());
    for (const model::APOutputBlock &block : program.outputBlocks) {
      OpBuilder::InsertionGuard guard(builder);
      auto op = open<ap::OutputBlockOp>(builder, loc);
      SmallVector<int64_t> widths, initial;
      for (const model::APAccumulator &accumulator : block.outputs) {
        widths.push_back(accumulator.width);
        initial.push_back(accumulator.initial);
      }
      number(op, "first_output", block.firstOutput);
      number(op, "column", block.column);
      number(op, "columns", block.columns);
      number(op, "slot", block.slot);
      op->setAttr("widths", builder.getDenseI64ArrayAttr(widths));
      op->setAttr("initial", builder.getDenseI64ArrayAttr(initial));
      for (const model::APChannelBlock &channelBlock : block.channelBlocks) {
        OpBuilder::InsertionGuard guard(builder);
        auto op = open<ap::ChannelBlockOp>(builder, loc);
        number(op, "first_channel", channelBlock.firstChannel);
        number(op, "channels", channelBlock.channels);
        write(builder, loc, program, channelBlock.bundles);
      }
      if (program.codeBits) {
        open<ap::EpilogueOp>(builder, loc);
        write(builder, loc, program, block.epilogue);
      }
    }
  }

  void write(OpBuilder &builder, Location loc,
             const model::APMicroprogram &program,
             ArrayRef<model::APBundle> bundles) {
    model::APPorts ports(program.columns);
    for (const model::APBundle &bundle : bundles) {
      OpBuilder::InsertionGuard guard(builder);
      open<ap::BundleOp>(builder, loc);
      for (const model::APOperation &operation : bundle)
        write(builder, loc, operation);
      if (passes)
        writePasses(builder, loc, bundle, ports);
    }
  }

  void write(OpBuilder &builder, Location loc, const model::APOperation &op) {
    const model::APFields fields = model::fieldsOf(op.code);
    auto value = [&](bool has, const model::APValue &value) {
      return has ? ap::ValueAttr::get(&getContext(), value.column, value.domain,
                                      value.width, value.isSigned, value.isCell,
                                      value.isAcross)
                 : ap::ValueAttr();
    };
    ap::SerialOp::create(
        builder, loc,
        ap::OpcodeAttr::get(&getContext(),
                            *ap::symbolizeOpcode(model::name(op.code))),
        value(fields.d, op.d), value(fields.b, op.b), value(fields.a, op.a),
        fields.constant ? builder.getI64IntegerAttr(op.constant)
                        : IntegerAttr(),
        fields.carry ? builder.getI64IntegerAttr(op.carry) : IntegerAttr(),
        builder.getI64IntegerAttr(op.steps),
        op.isBiased ? builder.getUnitAttr() : UnitAttr());
  }

  /// Writes the cycles of a bundle in order of execution.
  void writePasses(OpBuilder &builder, Location loc,
                   const model::APBundle &bundle, model::APPorts &ports) {
    std::vector<int64_t> before(ports.columns());
    for (size_t column = 0; column < before.size(); ++column)
      before[column] = ports.at(column);
    // All shifts of a step happen before its first pass.
    auto moves = [&] {
      for (size_t column = 0; column < before.size(); ++column)
        if (int64_t distance = ports.at(column) - before[column]) {
          ap::MoveOp::create(builder, loc, ArrayRef<int64_t>(column), distance);
          before[column] = ports.at(column);
        }
    };
    model::walk(bundle, ports,
                [&](const model::APOperation &op,
                    llvm::ArrayRef<model::APPass> passes, int64_t step) {
                  moves();
                  for (const model::APPass &pass : passes) {
                    cycle<ap::SearchOp>(builder, loc, op, step, pass.searched,
                                        pass.key);
                    cycle<ap::WriteOp>(builder, loc, op, step, pass.written,
                                       pass.bits);
                  }
                });
  }

  template <typename OpTy>
  void cycle(OpBuilder &builder, Location loc, const model::APOperation &op,
             int64_t step, uint8_t roles, uint8_t bits) {
    SmallVector<int64_t> columns;
    SmallVector<bool> key;
    for (auto [role, column] :
         {std::pair<unsigned, int64_t>(model::roleC, op.carry),
          {model::roleD, model::columnAt(op.d, step)},
          {model::roleB, model::columnAt(op.b, step)},
          {model::roleA, model::columnOfA(op, step)}})
      if (roles & role) {
        columns.push_back(column);
        key.push_back(bits & role);
      }
    OpTy::create(builder, loc, columns, key);
  }
};

} // namespace
