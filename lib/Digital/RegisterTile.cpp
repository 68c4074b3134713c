// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/RegisterTile.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace {

/// A run of equal tiles along one loop, at start, start + step, ... below end.
/// Each covers elements [0, step) with pieces of the given widths.
struct Chunk {
  int64_t start, end, step;
  SmallVector<int64_t> widths;
};

/// Covers [0, size) with tiles of `count` pieces of `width`, then one smaller
/// tile with the rest.
SmallVector<Chunk> cover(int64_t size, int64_t count, int64_t width) {
  SmallVector<Chunk> chunks;
  int64_t step = count * width, main = step ? size / step * step : 0;
  if (main > 0)
    chunks.push_back({0, main, step, SmallVector<int64_t>(count, width)});
  if (int64_t rest = size - main) {
    SmallVector<int64_t> widths(rest / width, width);
    if (rest % width)
      widths.push_back(rest % width);
    chunks.push_back({main, size, rest, widths});
  }
  return chunks;
}

class Tiler {
public:
  Tiler(IRRewriter &rewriter, linalg::GenericOp op, unsigned vectorBytes)
      : rewriter(rewriter), op(op), loc(op.getLoc()), vectorBytes(vectorBytes) {
  }

  bool run() {
    if (!isCandidate() || !chooseLoops())
      return false;
    rewriter.setInsertionPoint(op);
    ivs.assign(op.getNumLoops(), index(0));
    SmallVector<unsigned> outer;
    for (unsigned loop : parallel)
      if (loop != lane && loop != row)
        outer.push_back(loop);
    emitOuter(outer);
    rewriter.eraseOp(op);
    return true;
  }

private:
  static constexpr unsigned kNone = ~0u;

  bool isCandidate() {
    if (!op.hasPureBufferSemantics() || op.getNumDpsInits() != 1 ||
        op.getNumReductionLoops() == 0 || op.hasIndexSemantics())
      return false;
    ranges = op.getStaticLoopRanges();
    if (llvm::any_of(ranges, [](int64_t r) { return r <= 0; }))
      return false;
    output = op.getDpsInitOperand(0);
    if (!op.getMatchingIndexingMap(output).isProjectedPermutation(
            /*allowZeroInResults=*/true))
      return false;
    for (auto [i, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      (kind == utils::IteratorType::parallel ? parallel : reduction)
          .push_back(i);
    return llvm::all_of(op.getBody()->without_terminator(), [](Operation &o) {
      return isPure(&o) && o.getNumRegions() == 0 && o.getNumResults() == 1;
    });
  }

  bool dependsOn(OpOperand *operand, unsigned loop) {
    return op.getMatchingIndexingMap(operand).isFunctionOfDim(loop);
  }

  /// The number of elements by which a step of `loop` advances in `operand`, if
  /// it advances along the last dimension by 1 or 2; else 0.
  int64_t stepOf(OpOperand *operand, unsigned loop) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    auto type = cast<MemRefType>(operand->get().getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (map.getNumResults() == 0 ||
        failed(type.getStridesAndOffset(strides, offset)) ||
        strides.back() != 1)
      return 0;
    AffineExpr dim = getAffineDimExpr(loop, op.getContext());
    auto results = map.getResults();
    for (AffineExpr result : results.drop_back())
      if (result.isFunctionOfDim(loop))
        return 0;
    // The last index must be step * dim plus terms without dim.
    for (int64_t step : {1, 2})
      if (!simplifyAffineExpr(results.back() - dim * step, map.getNumDims(), 0)
               .isFunctionOfDim(loop))
        return step;
    return 0;
  }

  /// Lanes along the contiguous loop of the output, for elementwise payloads.
  bool chooseLane() {
    AffineMap map = op.getMatchingIndexingMap(output);
    if (map.getNumResults() == 0)
      return false;
    auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
    if (!last || ranges[last.getPosition()] < 4 ||
        stepOf(output, last.getPosition()) != 1 ||
        !llvm::all_of(
            op.getBody()->without_terminator(),
            [](Operation &o) {
              return OpTrait::hasElementwiseMappableTraits(&o) ||
                     isa<arith::ConstantOp>(o);
            }))
      return false;
    lane = last.getPosition();
    // A row loop lets one vector serve several accumulators.
    for (unsigned loop : parallel)
      if (loop != lane && ranges[loop] > 1 &&
          llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
            return dependsOn(input, lane) && !dependsOn(input, loop);
          }))
        row = loop;
    // Vectors of strided elements are slow to fill, which only pays off if rows
    // reuse them.
    for (OpOperand *input : op.getDpsInputOperands())
      if (dependsOn(input, lane) && stepOf(input, lane) == 0 &&
          (row == kNone || dependsOn(input, row))) {
        lane = row = kNone;
        return false;
      }
    return true;
  }

  bool chooseLoops() {
    if (chooseLane())
      return true;
    // For sums along contiguous memory, several rows at once hide the latency
    // of their chains of additions.
    AffineExpr inner = getAffineDimExpr(reduction.back(), op.getContext());
    if (!llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
          AffineMap map = op.getMatchingIndexingMap(input);
          return op.payloadUsesValueFromOperand(input) &&
                 map.getNumResults() > 0 && map.getResults().back() == inner;
        }))
      return false;
    for (unsigned loop : parallel)
      if (ranges[loop] > 1)
        row = loop;
    return row != kNone;
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  }

  void emitOuter(ArrayRef<unsigned> outer) {
    if (outer.empty())
      return emitTiles();
    auto loop = scf::ForOp::create(rewriter, loc, index(0),
                                   index(ranges[outer.front()]), index(1));
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loop.getBody());
    ivs[outer.front()] = loop.getInductionVar();
    emitOuter(outer.drop_front());
  }

  void emitTiles() {
    int64_t widest = 1;
    for (OpOperand &operand : op->getOpOperands()) {
      Type type = getElementTypeOrSelf(operand.get().getType());
      widest = std::max<int64_t>(
          widest, type.isIndex() ? 8 : type.getIntOrFloatBitWidth() / 8);
    }
    int64_t lanes = lane == kNone ? 1 : vectorBytes / widest;
    int64_t vectors =
        lane == kNone ? 1 : std::min<int64_t>(4, ranges[lane] / lanes);
    int64_t rows =
        row == kNone
            ? 1
            : std::clamp<int64_t>(16 / std::max<int64_t>(vectors, 2), 4, 8);
    SmallVector<Chunk> laneChunks = lane == kNone
                                        ? SmallVector<Chunk>{{0, 1, 1, {1}}}
                                        : cover(ranges[lane], vectors, lanes);
    SmallVector<Chunk> rowChunks = row == kNone
                                       ? SmallVector<Chunk>{{0, 1, 1, {1}}}
                                       : cover(ranges[row], rows, 1);
    for (const Chunk &r : rowChunks)
      inChunk(r, row, [&] {
        for (const Chunk &l : laneChunks)
          inChunk(l, lane, [&] { emitTile(r.widths.size(), l.widths); });
      });
  }

  void inChunk(const Chunk &chunk, unsigned loop,
               llvm::function_ref<void()> body) {
    if (loop == kNone)
      return body();
    OpBuilder::InsertionGuard guard(rewriter);
    if (chunk.end - chunk.start == chunk.step) {
      ivs[loop] = index(chunk.start);
      return body();
    }
    auto forOp = scf::ForOp::create(rewriter, loc, index(chunk.start),
                                    index(chunk.end), index(chunk.step));
    rewriter.setInsertionPointToStart(forOp.getBody());
    ivs[loop] = forOp.getInductionVar();
    body();
  }

  /// The indices of `operand` at element (r, l) of the tile.
  SmallVector<Value> indices(OpOperand *operand, int64_t r, int64_t l) {
    MLIRContext *context = op.getContext();
    AffineMap map = op.getMatchingIndexingMap(operand);
    SmallVector<AffineExpr> dims;
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      dims.push_back(getAffineDimExpr(loop, context) + (loop == row    ? r
                                                        : loop == lane ? l
                                                                       : 0));
    AffineMap shifted =
        map.replaceDimsAndSymbols(dims, {}, op.getNumLoops(), 0);
    SmallVector<Value> result;
    for (AffineExpr expr : shifted.getResults())
      result.push_back(affine::makeComposedAffineApply(
          rewriter, loc, AffineMap::get(op.getNumLoops(), 0, expr),
          getAsOpFoldResult(ivs)));
    return result;
  }

  Type widen(Type type, int64_t width) {
    return lane == kNone ? type : VectorType::get({width}, type);
  }

  /// Consecutive lanes of `operand`. With step 2, they come from two vectors
  /// that overlap in one element, so that reads stay in bounds.
  Value loadLanes(OpOperand *operand, int64_t r, int64_t l, VectorType type) {
    SmallVector<Value> at = indices(operand, r, l);
    int64_t width = type.getNumElements(), step = stepOf(operand, lane);
    if (step == 0) {
      SmallVector<Value> elements;
      for (int64_t i = 0; i < width; ++i)
        elements.push_back(memref::LoadOp::create(rewriter, loc, operand->get(),
                                                  indices(operand, r, l + i)));
      return vector::FromElementsOp::create(rewriter, loc, type, elements);
    }
    Value first =
        vector::LoadOp::create(rewriter, loc, type, operand->get(), at);
    if (step == 1 || width == 1)
      return first;
    at.back() =
        arith::AddIOp::create(rewriter, loc, at.back(), index(width - 1));
    Value second =
        vector::LoadOp::create(rewriter, loc, type, operand->get(), at);
    SmallVector<int64_t> picked;
    for (int64_t i = 0; i < width; ++i)
      picked.push_back(2 * i < width ? 2 * i : width + 2 * i - (width - 1));
    return vector::ShuffleOp::create(rewriter, loc, first, second, picked);
  }

  Value load(OpOperand *operand, int64_t r, int64_t l, int64_t width) {
    bool isBuffer = isa<MemRefType>(operand->get().getType());
    Type element = getElementTypeOrSelf(operand->get().getType());
    if (lane != kNone && dependsOn(operand, lane))
      return loadLanes(operand, r, l, VectorType::get({width}, element));
    Value scalar = isBuffer
                       ? memref::LoadOp::create(rewriter, loc, operand->get(),
                                                indices(operand, r, l))
                             .getResult()
                       : operand->get();
    if (lane == kNone)
      return scalar;
    return vector::BroadcastOp::create(
        rewriter, loc, VectorType::get({width}, element), scalar);
  }

  /// One application of the payload.
  Value payload(ValueRange operands, int64_t width) {
    IRMapping mapping;
    mapping.map(op.getBody()->getArguments(), operands);
    auto lookup = [&](Value value) -> Value {
      if (Value mapped = mapping.lookupOrNull(value))
        return mapped;
      if (lane == kNone)
        return value;
      // A scalar from outside the body.
      return vector::BroadcastOp::create(rewriter, loc,
                                         widen(value.getType(), width), value);
    };
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (isa<arith::ConstantOp>(inner)) {
        Value constant = rewriter.clone(inner)->getResult(0);
        mapping.map(
            inner.getResult(0),
            lane == kNone
                ? constant
                : vector::BroadcastOp::create(
                      rewriter, loc, widen(constant.getType(), width), constant)
                      .getResult());
        continue;
      }
      SmallVector<Value> arguments;
      for (Value operand : inner.getOperands())
        arguments.push_back(lookup(operand));
      OperationState state(loc, inner.getName(), arguments,
                           widen(inner.getResult(0).getType(), width),
                           inner.getAttrs());
      mapping.map(inner.getResult(0), rewriter.create(state)->getResult(0));
    }
    return lookup(op.getBody()->getTerminator()->getOperand(0));
  }

  void emitTile(int64_t rows, ArrayRef<int64_t> widths) {
    struct Element {
      int64_t row, lane, width;
    };
    SmallVector<Element> elements;
    for (int64_t r = 0; r < rows; ++r) {
      int64_t l = 0;
      for (int64_t width : widths) {
        elements.push_back({r, l, width});
        l += width;
      }
    }
    SmallVector<Value> sums;
    for (const Element &e : elements)
      sums.push_back(load(output, e.row, e.lane, e.width));

    SmallVector<Value> lower, upper, step;
    for (unsigned loop : reduction) {
      lower.push_back(index(0));
      upper.push_back(index(ranges[loop]));
      step.push_back(index(1));
    }
    auto nest = scf::buildLoopNest(
        rewriter, loc, lower, upper, step, sums,
        [&](OpBuilder &builder, Location, ValueRange inner,
            ValueRange partial) -> scf::ValueVector {
          OpBuilder::InsertionGuard guard(rewriter);
          rewriter.restoreInsertionPoint(builder.saveInsertionPoint());
          for (auto [loop, iv] : llvm::zip_equal(reduction, inner))
            ivs[loop] = iv;
          // Load each operand once per row or lane that it depends on.
          llvm::DenseMap<std::pair<OpOperand *, std::pair<int64_t, int64_t>>,
                         Value>
              loaded;
          scf::ValueVector next;
          for (auto [e, sum] : llvm::zip_equal(elements, partial)) {
            SmallVector<Value> operands;
            for (OpOperand *input : op.getDpsInputOperands()) {
              int64_t r = row != kNone && dependsOn(input, row) ? e.row : 0;
              // Broadcasts depend on the width, so the key includes the lane.
              Value &value = loaded[{input, {r, e.lane}}];
              if (!value)
                value = load(input, r, e.lane, e.width);
              operands.push_back(value);
            }
            operands.push_back(sum);
            next.push_back(payload(operands, e.width));
          }
          builder.restoreInsertionPoint(rewriter.saveInsertionPoint());
          return next;
        });
    for (auto [e, sum] : llvm::zip_equal(elements, nest.results)) {
      SmallVector<Value> at = indices(output, e.row, e.lane);
      if (lane == kNone)
        memref::StoreOp::create(rewriter, loc, sum, output->get(), at);
      else
        vector::StoreOp::create(rewriter, loc, sum, output->get(), at);
    }
  }

  IRRewriter &rewriter;
  linalg::GenericOp op;
  Location loc;
  unsigned vectorBytes;
  OpOperand *output = nullptr;
  SmallVector<int64_t> ranges;
  SmallVector<unsigned> parallel, reduction;
  unsigned lane = kNone; ///< parallel loop in the lanes of a vector
  unsigned row = kNone;  ///< parallel loop across accumulators
  SmallVector<Value> ivs;
};

/// Tiles copies that read along one loop and write along another into squares
/// that fit into the cache.
void tileTranspose(IRRewriter &rewriter, linalg::GenericOp op) {
  constexpr int64_t kEdge = 16;
  auto lastLoop = [&](OpOperand *operand) -> std::optional<unsigned> {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (map.getNumResults() == 0)
      return std::nullopt;
    auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
    return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
  };
  if (op.getNumDpsInits() != 1 || op.hasIndexSemantics())
    return;
  std::optional<unsigned> write = lastLoop(op.getDpsInitOperand(0));
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<int64_t> sizes(ranges.size(), 0);
  if (!write)
    return;
  for (OpOperand *input : op.getDpsInputOperands()) {
    std::optional<unsigned> read = lastLoop(input);
    if (read && *read != *write &&
        op.getMatchingIndexingMap(input).isFunctionOfDim(*write) &&
        ranges[*read] > kEdge && ranges[*write] > kEdge)
      sizes[*read] = sizes[*write] = kEdge;
  }
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
    return;
  linalg::LinalgTilingOptions options;
  options.setTileSizes(sizes);
  FailureOr<linalg::TiledLinalgOp> tiled =
      linalg::tileLinalgOp(rewriter, op, options);
  if (succeeded(tiled))
    rewriter.eraseOp(op);
}

struct RegisterTile : PassWrapper<RegisterTile, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RegisterTile)
  unsigned vectorBytes;
  RegisterTile(unsigned vectorBytes) : vectorBytes(vectorBytes) {}

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, arith::ArithDialect,
                    memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        if (op.getNumReductionLoops() == 0)
          continue;
        FailureOr<linalg::GenericOp> made =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(made))
          continue;
        generic = *made;
      }
      if (generic.getNumReductionLoops() > 0)
        Tiler(rewriter, generic, vectorBytes).run();
      else
        tileTranspose(rewriter, generic);
    }
  }
};

} // namespace

std::unique_ptr<Pass>
pumice::digital::createRegisterTilePass(unsigned vectorBytes) {
  return std::make_unique<RegisterTile>(vectorBytes);
}
