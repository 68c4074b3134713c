// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/DigitalCompiler.h"

#include "lib/Digital/Registration.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <chrono>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace pumice::digital {

static double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

template <typename T>
static std::string text(T value) {
  std::string result;
  llvm::raw_string_ostream(result) << value;
  return result;
}

static Error errorAt(Operation *op, const Twine &message) {
  return createStringError(text(op->getLoc()) + ": " + message);
}

//===----------------------------------------------------------------------===//
// What may be compiled
//===----------------------------------------------------------------------===//

static int64_t scalarBytes(Type type) {
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

Expected<int64_t> getBufferBytes(Type type) {
  int64_t elements = 1;
  Type scalar = type;
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding())
      return createStringError(
          "expected a ranked tensor of static shape without encoding, got " +
          text(type));
    elements = tensor.getNumElements();
    scalar = tensor.getElementType();
  }
  int64_t bytes = scalarBytes(scalar);
  if (bytes == 0 || (isa<IntegerType>(scalar) && !scalar.isSignlessInteger()))
    return createStringError("expected elements of i1, i8, i16, i32, i64, "
                             "index, f16, bf16, f32 or f64, got " +
                             text(type));
  return elements * bytes;
}

static Error checkOps(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return errorAt(function, "digital region '" + function.getName() +
                                 "': expected a body of one block");
  Operation *unknown = nullptr;
  function.getBody().walk([&](Operation *op) {
    Dialect *dialect = op->getDialect();
    if (op->isRegistered() && dialect &&
        !isa<tensor::GatherOp, tensor::ScatterOp>(op) &&
        (isa<affine::AffineDialect, arith::ArithDialect, index::IndexDialect,
             linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
             tensor::TensorDialect>(dialect) ||
         isa<cf::AssertOp, func::ReturnOp>(op)))
      return WalkResult::advance();
    unknown = op;
    return WalkResult::interrupt();
  });
  if (!unknown)
    return Error::success();
  return errorAt(unknown, "'" + unknown->getName().getStringRef() +
                              "' is not an op of a digital region (arith, "
                              "math, linalg, tensor, affine, scf, index, "
                              "cf.assert)");
}

static bool isStaticTensorOrScalar(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return !isa<ShapedType>(type) ||
         (tensor && tensor.hasStaticShape() && !tensor.getEncoding());
}

/// The first op with a type that cannot be lowered, and that type.
static std::pair<Operation *, Type> findBadType(func::FuncOp function) {
  std::pair<Operation *, Type> found = {nullptr, Type()};
  function.getBody().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (!isStaticTensorOrScalar(type)) {
        found = {op, type};
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return found;
}

/// Front ends leave dynamic types between casts of static ones; folding the
/// casts into their users removes them.
static void removeDynamicTypes(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  for (StringRef name : {"arith", "linalg", "tensor"})
    context->getLoadedDialect(name)->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (isa<arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect>(
            op.getDialect()))
      op.getCanonicalizationPatterns(patterns, context);
  function.walk([](tensor::ConcatOp op) {
    for (OpOperand &operand : op->getOpOperands())
      if (auto cast = operand.get().getDefiningOp<tensor::CastOp>())
        if (isStaticTensorOrScalar(cast.getSource().getType()))
          operand.set(cast.getSource());
  });
  (void)applyPatternsGreedily(function, std::move(patterns));
}

static Error checkTypes(func::FuncOp function) {
  if (!findBadType(function).first)
    return Error::success();
  removeDynamicTypes(function);
  auto [op, type] = findBadType(function);
  if (!op)
    return Error::success();
  return errorAt(op, "'" + op->getName().getStringRef() +
                         "' in a digital region: expected ranked tensors of "
                         "static shape without encoding, got " +
                         text(type));
}

//===----------------------------------------------------------------------===//
// The normal form: one function per distinct computation
//===----------------------------------------------------------------------===//

namespace {
struct Normalized {
  OwningOpRef<func::FuncOp> function;
  SmallVector<ElementsAttr> constants; ///< its trailing arguments
};
} // namespace

/// Row-major bytes of `constant` in the buffer convention.
static Expected<const void *>
constantData(ElementsAttr constant,
             std::vector<std::unique_ptr<char[]>> &unpacked) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    Expected<int64_t> bytes = getBufferBytes(resource.getType());
    if (!bytes)
      return bytes.takeError();
    if (!blob || int64_t(blob->getData().size()) != *bytes)
      return createStringError(
          "constant dense_resource<" + resource.getRawHandle().getKey() +
          ">: expected " + Twine(*bytes) + " bytes of data, got " +
          Twine(blob ? blob->getData().size() : 0));
    return blob->getData().data();
  }
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  if (!dense)
    return createStringError("expected a dense or dense_resource constant");
  if (!dense.getElementType().isInteger(1) &&
      (!dense.isSplat() || dense.getNumElements() == 1))
    return dense.getRawData().data();
  // i1 is bit-packed in the attribute.
  auto &bytes = unpacked.emplace_back(new char[dense.getNumElements()]);
  for (auto [i, value] : llvm::enumerate(dense.getValues<bool>()))
    bytes[i] = value;
  return bytes.get();
}

/// True for scales, zero points and the like: numbers that differ from layer to
/// layer and gain nothing from being known to the code generator. Powers of two
/// do gain when they multiply; bounds and initial values shape the code.
static bool isParameter(OpOperand &operand) {
  auto constant = operand.get().getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return false;
  Operation *user = operand.getOwner();
  Type type = constant.getType();
  if (auto number = dyn_cast<FloatAttr>(constant.getValue())) {
    const APFloat &value = number.getValue();
    if (!(type.isF32() || type.isF64()) || !value.isFiniteNonZero())
      return false;
    return isa<arith::AddFOp, arith::SubFOp>(user) ||
           (isa<arith::MulFOp, arith::DivFOp>(user) &&
            value.getExactLog2Abs() == INT_MIN);
  }
  auto integer = dyn_cast<IntegerAttr>(constant.getValue());
  return integer && !type.isIndex() && scalarBytes(type) > 1 &&
         !integer.getValue().isZero() &&
         isa<arith::AddIOp, arith::SubIOp>(user);
}

/// Constants and parameters become trailing arguments (so that functions that
/// differ only in them share code and big ones never pass through LLVM), splats
/// become fills, scalars of the signature 0-d tensors, and reshapes of results
/// disappear (same bytes).
static Normalized normalize(func::FuncOp source) {
  MLIRContext *context = source.getContext();
  OpBuilder builder(context);
  func::FuncOp function = source.clone();
  for (StringAttr name : llvm::map_to_vector(
           function->getDiscardableAttrs(),
           [](NamedAttribute attribute) { return attribute.getName(); }))
    function->removeDiscardableAttr(name);
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
  function.setPublic();
  function.setName("f");
  function.walk([](Operation *op) {
    if (!isa<func::FuncOp>(op))
      op->setDiscardableAttrs(ArrayRef<NamedAttribute>());
  });
  Normalized result;
  Block &body = function.getBody().front();
  builder.setInsertionPointToStart(&body);
  Location loc = function.getLoc();

  for (BlockArgument argument : body.getArguments()) {
    Type type = argument.getType();
    if (isa<RankedTensorType>(type))
      continue;
    argument.setType(RankedTensorType::get({}, type));
    auto extract =
        tensor::ExtractOp::create(builder, loc, type, argument, ValueRange());
    argument.replaceAllUsesExcept(extract, extract);
  }

  llvm::MapVector<Attribute, BlockArgument> hoisted;
  SmallVector<arith::ConstantOp> constants;
  function.walk([&](arith::ConstantOp op) {
    if (isa<RankedTensorType>(op.getType()))
      constants.push_back(op);
  });
  for (arith::ConstantOp op : constants) {
    auto type = cast<RankedTensorType>(op.getType());
    auto value = cast<ElementsAttr>(op.getValue());
    Value replacement;
    auto dense = dyn_cast<DenseElementsAttr>(value);
    if (dense && dense.isSplat()) {
      builder.setInsertionPoint(op);
      Value element = arith::ConstantOp::create(
          builder, op.getLoc(), dense.getSplatValue<TypedAttr>());
      Value empty = tensor::EmptyOp::create(
          builder, op.getLoc(), type.getShape(), type.getElementType());
      replacement = linalg::FillOp::create(builder, op.getLoc(), element, empty)
                        .getResult(0);
    } else {
      BlockArgument &argument = hoisted[value];
      if (!argument) {
        argument = body.addArgument(type, op.getLoc());
        result.constants.push_back(value);
      }
      replacement = argument;
    }
    op.replaceAllUsesWith(replacement);
    op.erase();
  }

  // One argument per use, also of equal numbers: in another function they may
  // differ.
  SmallVector<OpOperand *> parameters;
  function.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (isParameter(operand))
        parameters.push_back(&operand);
  });
  for (OpOperand *operand : parameters) {
    auto constant = operand->get().getDefiningOp<arith::ConstantOp>();
    auto type = RankedTensorType::get({}, constant.getType());
    result.constants.push_back(
        DenseElementsAttr::get(type, ArrayRef<Attribute>(constant.getValue())));
    builder.setInsertionPointToStart(&body);
    operand->set(tensor::ExtractOp::create(
        builder, loc, constant.getType(),
        body.addArgument(type, constant.getLoc()), ValueRange()));
    if (constant->use_empty())
      constant.erase();
  }

  Operation *terminator = body.getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      operand.set(tensor::FromElementsOp::create(
          builder, loc, RankedTensorType::get({}, operand.get().getType()),
          operand.get()));
    while (Operation *op = operand.get().getDefiningOp()) {
      if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
        break;
      operand.set(op->getOperand(0));
      if (op->use_empty())
        op->erase();
    }
  }
  function.setFunctionType(builder.getFunctionType(
      body.getArgumentTypes(), terminator->getOperandTypes()));
  result.function = function;
  return result;
}

//===----------------------------------------------------------------------===//
// compile
//===----------------------------------------------------------------------===//

/// Runs the passes on the modules in `module`; diagnostics become the error.
static Error lower(ModuleOp module, bool expandMath) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          diagnostics += (diagnostics.empty() ? "" : "; ") +
                         text(diagnostic.getLocation()) + ": " +
                         diagnostic.str();
        return success();
      });
  PassManager passes(module.getContext());
  passes.enableVerifier(false);
  buildLoweringPipeline(passes.nest<ModuleOp>(), expandMath);
  if (succeeded(passes.run(module)))
    return Error::success();
  return createStringError("cannot lower a digital region: " + diagnostics);
}

/// Functions are named by their key, which makes symbols unique.
static std::string nameOf(StringRef key) { return ("r" + key).str(); }
static StringRef keyOf(StringRef name) { return name.drop_front(); }

/// Machine code of `functions`, in their order.
static Expected<std::vector<Code>>
generate(MutableArrayRef<OwningOpRef<func::FuncOp>> functions,
         const Options &options, const JitOptions &jit, CompileStats &stats) {
  double start = now();
  std::vector<Code> result(functions.size());
  if (functions.empty())
    return result;
  // A module per thread: most passes of the lowering are on modules.
  size_t count = std::min<size_t>(std::max(options.threads, 1u), result.size());
  Location loc = (*functions.front()).getLoc();
  OwningOpRef<ModuleOp> whole = ModuleOp::create(loc);
  SmallVector<ModuleOp> parts;
  for (size_t i = 0; i < count; ++i) {
    parts.push_back(ModuleOp::create(loc));
    whole->push_back(parts.back());
  }
  SmallVector<std::string> names;
  for (auto [i, function] : llvm::enumerate(functions)) {
    names.push_back(function->getName().str());
    parts[i % count].push_back(function.release());
  }
  if (Error error = lower(*whole, options.expandMath))
    return std::move(error);
  SmallVector<LLVM::LLVMFuncOp> lowered;
  for (auto [i, name] : llvm::enumerate(names)) {
    ModuleOp part = parts[i % count];
    result[i].facts = factsOf(part, name);
    lowered.push_back(part.lookupSymbol<LLVM::LLVMFuncOp>(name));
  }
  stats.lowerMs = now() - start;
  start = now();
  auto objects = generateObjects(lowered, jit);
  if (!objects)
    return objects.takeError();
  for (auto [code, object] : llvm::zip_equal(result, *objects))
    code.object = std::move(object);
  stats.codegenMs = now() - start;
  return result;
}

Expected<std::unique_ptr<CompiledRegions>>
compile(ModuleOp module, ArrayRef<func::FuncOp> functions,
        const Options &options) {
  loadDigitalDialects(*module.getContext());
  double start = now();
  auto result = std::make_unique<CompiledRegions>();
  CompileStats &stats = result->stats;
  stats.functions = functions.size();

  JitOptions jit;
  jit.optLevel = options.optLevel;
  jit.threads = options.threads;
  jit.dumpDirectory = options.dumpDirectory;
  auto target = describeTarget(jit);
  if (!target)
    return target.takeError();
  CodeCache cache(options.dumpDirectory.empty() ? options.cacheDirectory : "");

  llvm::StringMap<size_t> distinct; // by key
  std::vector<OwningOpRef<func::FuncOp>> bodies;
  std::vector<size_t> bodyOf;
  for (func::FuncOp function : functions) {
    if (Error error = checkOps(function))
      return std::move(error);
    CompiledRegion &region = result->regions.emplace_back();
    region.name = function.getName().str();
    result->indexOf[region.name] = result->regions.size() - 1;
    for (Type type : function.getArgumentTypes()) {
      Expected<int64_t> bytes = getBufferBytes(type);
      if (!bytes)
        return errorAt(function, toString(bytes.takeError()));
      region.inputBytes.push_back(*bytes);
    }
    for (Type type : function.getResultTypes()) {
      Expected<int64_t> bytes = getBufferBytes(type);
      if (!bytes)
        return errorAt(function, toString(bytes.takeError()));
      region.outputBytes.push_back(*bytes);
    }
    Normalized normalized = normalize(function);
    if (Error error = checkTypes(*normalized.function))
      return std::move(error);
    for (ElementsAttr constant : normalized.constants) {
      Expected<const void *> data =
          constantData(constant, result->unpackedConstants);
      if (!data)
        return errorAt(function, toString(data.takeError()));
      region.constants.push_back(*data);
    }
    std::string content;
    llvm::raw_string_ostream stream(content);
    stream << *target << (options.expandMath ? " expand\n" : "\n");
    normalized.function->print(stream, OpPrintingFlags().useLocalScope());
    std::string key = CodeCache::keyOf(content);
    auto [entry, isNew] = distinct.try_emplace(key, bodies.size());
    if (isNew) {
      normalized.function->setName(nameOf(key));
      bodies.push_back(std::move(normalized.function));
    }
    bodyOf.push_back(entry->second);
  }

  stats.distinct = bodies.size();
  std::vector<Code> code(bodies.size());
  std::vector<OwningOpRef<func::FuncOp>> missing;
  SmallVector<size_t> missingAt;
  SmallVector<std::string> names;
  for (auto [i, body] : llvm::enumerate(bodies)) {
    names.push_back(body->getName().str());
    if (std::optional<Code> found = cache.load(keyOf(names.back()))) {
      code[i] = std::move(*found);
      ++stats.cached;
      continue;
    }
    missing.push_back(std::move(body));
    missingAt.push_back(i);
  }
  auto generated = generate(missing, options, jit, stats);
  if (!generated)
    return generated.takeError();
  for (auto [i, made] : llvm::zip_equal(missingAt, *generated)) {
    cache.store(keyOf(names[i]), made);
    code[i] = std::move(made);
  }
  if (!missing.empty())
    cache.prune();

  double linking = now();
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  for (Code &part : code) {
    objects.push_back(std::move(part.object));
    result->facts.push_back(std::move(part.facts));
  }
  auto image = JitImage::create(std::move(objects));
  if (!image)
    return image.takeError();
  result->image = std::move(*image);
  for (auto [region, body] : llvm::zip_equal(result->regions, bodyOf)) {
    auto entry = result->image->lookup(names[body]);
    if (!entry)
      return entry.takeError();
    region.entry = *entry;
    region.facts = &result->facts[body];
  }
  stats.linkMs = now() - linking;
  stats.totalMs = now() - start;
  return result;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

CompiledRegions::CompiledRegions() = default;
CompiledRegions::~CompiledRegions() = default;

const CompiledRegion *CompiledRegions::lookup(StringRef name) const {
  auto found = indexOf.find(name);
  return found == indexOf.end() ? nullptr : &regions[found->second];
}

Error CompiledRegion::invoke(ArrayRef<void *> inputs,
                             ArrayRef<void *> outputs) const {
  if (inputs.size() != inputBytes.size() ||
      outputs.size() != outputBytes.size())
    return createStringError(
        "digital region '" + name + "': expected " + Twine(inputBytes.size()) +
        " inputs and " + Twine(outputBytes.size()) + " outputs, got " +
        Twine(inputs.size()) + " and " + Twine(outputs.size()));
  SmallVector<void *, 16> arguments(inputs);
  for (const void *constant : constants)
    arguments.push_back(const_cast<void *>(constant));
  llvm::append_range(arguments, outputs);

  // Grows to the largest region that this thread has run.
  static thread_local llvm::SmallVector<char, 0> memory;
  constexpr int64_t alignment = 64;
  int64_t total = 0;
  for (int64_t bytes : facts->scratch)
    total += llvm::alignTo(bytes, alignment);
  if (int64_t(memory.size()) < total + alignment)
    memory.resize_for_overwrite(total + alignment);
  auto next = llvm::alignTo(reinterpret_cast<uintptr_t>(memory.data()),
                            llvm::Align(alignment));
  for (int64_t bytes : facts->scratch) {
    arguments.push_back(reinterpret_cast<void *>(next));
    next += llvm::alignTo(bytes, alignment);
  }

  takeAssertFailure();
  entry(arguments.data());
  int64_t failed = takeAssertFailure();
  if (failed >= 0)
    return createStringError(
        "digital region '" + name +
        "': assertion failed: " + facts->assertMessages[failed]);
  return Error::success();
}

} // namespace pumice::digital
