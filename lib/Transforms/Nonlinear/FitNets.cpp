// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "lib/Analysis/Functions.h"
#include "lib/Analysis/ScalarFunction.h"
#include "lib/Cost/CostModel.h"
#include "lib/Cost/Objective.h"
#include "lib/Device/Device.h"
#include "lib/Digital/CodeCache.h"
#include "lib/Digital/RegionEvaluator.h"
#include "lib/Digital/Registration.h"
#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Neon/Cache.h"
#include "lib/Support/Parallel.h"
#include "lib/Transforms/Crossbar/FunctionGrids.h"
#include "lib/Transforms/Nonlinear/Domains.h"
#include "lib/Transforms/Nonlinear/FitTargets.h"
#include "lib/Transforms/Nonlinear/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <cmath>

#define DEBUG_TYPE "pum-fit-nets"

namespace pumice {
#define GEN_PASS_DEF_PUMFITNETS
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using pum::NonlinearMethod;

namespace {

/// One region, and what stands for it.
struct Site {
  pum::NonlinearOp op;
  size_t function = 0; ///< of the evaluator
  FitTarget target;
  double bound = 0; ///< on the largest error; 0: none
  std::string key;  ///< of its net
};

/// A net or a table that may stand for a region.
struct Candidate {
  Operation *op = nullptr;
  double error = 0;
};

std::string shortNumber(double x) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.3g", x);
  return text;
}

struct PUMFitNetsPass : pumice::impl::PUMFitNetsBase<PUMFitNetsPass> {
  using PUMFitNetsBase::PUMFitNetsBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    digital::registerDigitalDialects(registry);
    registry.insert<crossbar::CrossbarDialect>();
  }

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult readOptions();
  LogicalResult prepare(Site &site, digital::RegionEvaluator &evaluator);
  void fitAll(ArrayRef<Site> sites);
  FailureOr<Candidate> netOf(const Site &site, bool isRequired);
  FailureOr<Candidate> tableOf(const Site &site, bool isRequired);
  FailureOr<Operation *> choose(Site &site);
  LogicalResult keepDigital(ArrayRef<pum::NonlinearOp> regions);
  std::optional<double> scoreOf(const Site &site, Operation *function);

  /// The op with the same content that is there already, or `op`.
  Operation *unique(Operation *op, StringRef prefix, StringRef content);
  DictionaryAttr errorsAttr(const neon::Errors &errors, double largest);

  neon::Options fitOptions;
  crossbar::CrossbarArrayAttr array; ///< null without a device
  std::string inexact;               ///< why its arrays compute no function
  pum::DeviceAttr device;
  std::shared_ptr<CostModel> costs;           ///< passes are copied
  std::map<std::string, neon::Fitted> fitted; ///< by key
  std::optional<SymbolTable> symbols;
};

} // namespace

LogicalResult PUMFitNetsPass::readOptions() {
  ModuleOp module = getOperation();
  for (auto [name, bits] :
       {std::pair<StringRef, int64_t>{"input-bits", inputBits},
        {"output-bits", outputBits},
        {"hidden-bits", hiddenBits},
        {"weight-bits", weightBits}})
    if (bits < 2 || bits > 16)
      return module.emitError("expected ")
             << name << " of 2 to 16, got " << bits;
  if (copies < 1 || copies > 65536)
    return module.emitError("expected copies of 1 to 65536, got ")
           << copies.getValue();
  if (!(maxError >= 0) || maxError >= 1)
    return module.emitError("expected a max-error of at least 0 and less than "
                            "1, got ")
           << maxError.getValue();
  if (maxHidden < 2 || maxHidden > 256)
    return module.emitError("expected max-hidden of 2 to 256, got ")
           << maxHidden.getValue();
  if (!isObjective(objective))
    return module.emitError("expected an objective of energy, latency or "
                            "energy-delay, got '")
           << objective.getValue() << "'";
  fitOptions = neon::Options();
  fitOptions.weightBits = weightBits;
  fitOptions.hiddenBits = hiddenBits;
  fitOptions.outputBits = outputBits;
  fitOptions.maxHidden = maxHidden;
  device = deviceOf(module);
  array = device ? arrayOf(device) : crossbar::CrossbarArrayAttr();
  costs.reset();
  inexact.clear();
  if (!array)
    return success();
  // What the arrays take.
  costs = std::make_shared<CostModel>(toSpec(device));
  const model::ArraySpec spec = toSpec(array);
  fitOptions.weightBits = std::min(fitOptions.weightBits, spec.weightBits);
  fitOptions.outputBits = std::min(fitOptions.outputBits, int64_t(16));
  fitOptions.hiddenBits = std::min(fitOptions.hiddenBits, spec.inputBits);
  inputBits = std::min<int64_t>(inputBits, spec.inputBits);
  inexact = llvm::toString(model::verifyExactSums(spec, fitOptions.minHidden));
  fitOptions.maxHidden = std::min(fitOptions.maxHidden,
                                  std::min(model::exactRows(spec), spec.rows));
  return success();
}

LogicalResult PUMFitNetsPass::prepare(Site &site,
                                      digital::RegionEvaluator &evaluator) {
  auto function = [&](ArrayRef<float> x, MutableArrayRef<float> y) {
    return evaluator.evaluate(site.function, {x.data()}, {}, {y.data()},
                              x.size());
  };
  pum::NonlinearOp op = site.op;
  auto refuse = [&](llvm::Error error) {
    return op.emitOpError("cannot be approximated: ")
           << llvm::toString(std::move(error));
  };
  std::optional<model::FunctionTable::Reduction> reduction;
  if (op.getKind() == pum::NonlinearKind::power ||
      (!op.getDomain() && mayReduceRange(op.getKind())))
    if (llvm::Error error = findReduction(function).moveInto(reduction))
      return refuse(std::move(error));
  if (!reduction && !op.getDomain())
    return op.emitOpError(
        "has no domain: run pum-record-domains, or state one");
  llvm::Expected<FitTarget> target =
      reduction
          ? makeTarget(function, *reduction, inputBits)
          : makeTarget(function, (*op.getDomain())[0], (*op.getDomain())[1],
                       inputBits, fitOptions.outputBits);
  if (!target)
    return refuse(target.takeError());
  site.target = std::move(*target);
  site.bound = maxError * site.target.range;
  return success();
}

void PUMFitNetsPass::fitAll(ArrayRef<Site> sites) {
  std::vector<std::pair<std::string, const Site *>> jobs;
  llvm::StringSet<> keys;
  for (const Site &site : sites)
    if (pum::NonlinearOp(site.op).getMethod() != NonlinearMethod::lut &&
        keys.insert(site.key).second)
      jobs.push_back({site.key, &site});
  std::string directory = cache;
  if (directory == "default") {
    directory = digital::CodeCache::defaultDirectory();
    if (!directory.empty())
      directory = (directory + llvm::sys::path::get_separator() + "nets").str();
  } else if (directory == "none") {
    directory.clear();
  }
  const neon::FitCache store(directory);
  std::vector<neon::Fitted> found(jobs.size());
  std::vector<char> isKnown(jobs.size());
  model::parallelFor(model::threadCount(threads), jobs.size(), [&](int64_t i) {
    const auto &[key, site] = jobs[i];
    if (std::optional<neon::Fitted> known = store.load(key)) {
      found[i] = std::move(*known);
      isKnown[i] = true;
      return;
    }
    // Targets and options are checked before.
    found[i] = llvm::cantFail(
        neon::fit(site->target.target,
                  optionsFor(site->target, site->bound, fitOptions)));
    store.store(key, found[i]);
  });
  for (size_t i = 0; i < jobs.size(); ++i) {
    ++(isKnown[i] ? numCached : numFitted);
    LDBG() << jobs[i].first << ": " << found[i].net.units.size()
           << " hidden units, " << (isKnown[i] ? "cached" : "fitted");
    fitted[jobs[i].first] = std::move(found[i]);
  }
}

Operation *PUMFitNetsPass::unique(Operation *op, StringRef prefix,
                                  StringRef content) {
  const std::string hash = llvm::toHex(
      llvm::SHA256::hash(llvm::arrayRefFromStringRef(content)), true);
  const std::string name =
      (prefix + "_" + StringRef(hash).take_front(12)).str();
  if (Operation *known = symbols->lookup(name)) {
    op->erase();
    return known;
  }
  SymbolTable::setSymbolName(op, name);
  symbols->insert(op, getOperation().getBody()->begin());
  return op;
}

DictionaryAttr PUMFitNetsPass::errorsAttr(const neon::Errors &errors,
                                          double largest) {
  Builder builder(&getContext());
  auto number = [&](StringRef name, double value) {
    return builder.getNamedAttr(
        name, builder.getF64FloatAttr(std::isfinite(value) ? value : 0));
  };
  return builder.getDictionaryAttr(
      {number("mse", errors.mse), number("nmse", errors.nmse),
       number("max_abs", errors.maxAbs), number("max_lsb", errors.maxLsb),
       number("max_rounded", largest),
       builder.getNamedAttr("points",
                            builder.getI64IntegerAttr(errors.points))});
}

static crossbar::ReductionAttr
toAttr(MLIRContext *context,
       const std::optional<model::FunctionTable::Reduction> &reduction) {
  if (!reduction)
    return {};
  return crossbar::ReductionAttr::get(
      context, reduction->base, reduction->shift, Number{reduction->offset},
      reduction->odd, Number{reduction->zero});
}

FailureOr<Candidate> PUMFitNetsPass::netOf(const Site &site, bool isRequired) {
  const neon::Fitted &found = fitted.at(site.key);
  const neon::Net &net = found.net;
  const double largest = largestError(site.target, net.output, net.table());
  pum::NonlinearOp op = site.op;
  const bool isWithin = site.bound > 0
                            ? largest <= site.bound
                            : found.meetsGoal || found.errors.nmse <= 1e-4;
  if (!isWithin) {
    if (isRequired)
      op.emitOpError("cannot be computed by a net: expected an error of at "
                     "most ")
          << (site.bound > 0 ? shortNumber(maxError) + " of the range"
                             : std::string("8 output steps"))
          << " with at most " << fitOptions.maxHidden << " hidden units, got "
          << shortNumber(largest / site.target.range) << " of the range with "
          << net.units.size();
    return failure();
  }
  OpBuilder builder(&getContext());
  Builder attrs(&getContext());
  auto reduction = toAttr(&getContext(), site.target.reduction);
  auto fit = attrs.getDictionaryAttr(
      {attrs.getNamedAttr(
           "kind",
           attrs.getStringAttr(pum::stringifyNonlinearKind(op.getKind()))),
       attrs.getNamedAttr("iterations",
                          attrs.getI64IntegerAttr(found.iterations)),
       attrs.getNamedAttr("real_mse", attrs.getF64FloatAttr(found.realMse))});
  std::string content;
  llvm::raw_string_ostream(content)
      << llvm::formatv("{0}", neon::toJson(net)) << reduction;
  Operation *created =
      createNet(builder, UnknownLoc::get(&getContext()), "net", net, reduction,
                errorsAttr(found.errors, largest), fit);
  return Candidate{unique(created, "neon", content), largest};
}

FailureOr<Candidate> PUMFitNetsPass::tableOf(const Site &site,
                                             bool isRequired) {
  pum::NonlinearOp op = site.op;
  const int64_t bits =
      array ? std::min<int64_t>(fitOptions.outputBits, array.getWeightBits())
            : fitOptions.outputBits;
  const FittedTable found = makeTable(site.target, bits, site.bound);
  if (site.bound > 0 && found.largest > site.bound) {
    if (isRequired)
      op.emitOpError("cannot be computed by a table: expected an error of at "
                     "most ")
          << shortNumber(maxError) << " of the range, got "
          << shortNumber(found.largest / site.target.range)
          << " with an input of " << site.target.target.input.bits << " bits";
    return failure();
  }
  MLIRContext *context = &getContext();
  OpBuilder builder(context);
  std::vector<int16_t> values(found.results.begin(), found.results.end());
  auto type =
      RankedTensorType::get({found.input.count()}, builder.getI16Type());
  auto reduction = toAttr(context, site.target.reduction);
  auto below = pumice::toAttr(context, site.target.target.below);
  auto above = pumice::toAttr(context, site.target.target.above);
  auto fit = builder.getDictionaryAttr(builder.getNamedAttr(
      "kind",
      builder.getStringAttr(pum::stringifyNonlinearKind(op.getKind()))));
  auto table = crossbar::TableOp::create(
      builder, UnknownLoc::get(context), "table",
      pumice::toAttr(context, found.input),
      pumice::toAttr(context, found.output),
      cast<ElementsAttr>(
          cast<Attribute>(DenseElementsAttr::get(type, ArrayRef(values)))),
      below, above, reduction, errorsAttr(found.errors, found.largest), fit);
  std::string content;
  llvm::raw_string_ostream text(content);
  text << table.getInput() << table.getOutput() << below << above << reduction;
  content.append(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(int16_t));
  return Candidate{unique(table, "table", content), found.largest};
}

/// The objective of the region on the digital unit, or on the arrays of a
/// function: pJ, ps, or their product.
std::optional<double> PUMFitNetsPass::scoreOf(const Site &site,
                                              Operation *function) {
  pum::NonlinearOp op = site.op;
  auto score = [&](llvm::Expected<model::Cost> cost,
                   bool withBuffer) -> std::optional<double> {
    if (!cost) {
      llvm::consumeError(cost.takeError());
      return std::nullopt;
    }
    double energy = model::total(cost->energyPj);
    if (!withBuffer)
      for (model::Component component :
           {model::Component::bufferRead, model::Component::bufferWrite})
        energy -= cost->energyPj[static_cast<size_t>(component)];
    return pumice::scoreOf(objective, energy,
                           static_cast<double>(cost->latencyPs));
  };
  // On the digital unit, the region becomes one with the ops around it.
  if (!function)
    return score(costs->costOf(DigitalTask{&op.getBody()}),
                 /*withBuffer=*/false);
  auto grids = gridsFor(function, copies, array);
  if (!grids) {
    llvm::consumeError(grids.takeError());
    return std::nullopt;
  }
  SmallVector<TaskGrid, 2> placed;
  for (const FunctionGrid &grid : *grids) {
    TaskGrid &task = placed.emplace_back();
    task.type = grid.type;
    task.tiling = grid.tiling;
    task.array = array;
  }
  FailureOr<ApplyTask> work =
      applyTask(function, op.getInputs()[0].getType(), placed);
  if (failed(work))
    return std::nullopt;
  return score(costs->costOf(*work), /*withBuffer=*/true);
}

/// The function that stands for the region; null: it stays digital.
FailureOr<Operation *> PUMFitNetsPass::choose(Site &site) {
  pum::NonlinearOp op = site.op;
  if (op.getMethod() == NonlinearMethod::neon) {
    FailureOr<Candidate> net = netOf(site, /*isRequired=*/true);
    return failed(net) ? FailureOr<Operation *>(failure()) : net->op;
  }
  if (op.getMethod() == NonlinearMethod::lut) {
    FailureOr<Candidate> table = tableOf(site, /*isRequired=*/true);
    return failed(table) ? FailureOr<Operation *>(failure()) : table->op;
  }
  if (!array)
    return op.emitOpError("cannot choose a method by cost: the module names no "
                          "device with arrays");
  std::optional<double> best = scoreOf(site, nullptr);
  Operation *chosen = nullptr;
  for (FailureOr<Candidate> candidate : {tableOf(site, /*isRequired=*/false),
                                         netOf(site, /*isRequired=*/false)}) {
    if (failed(candidate))
      continue;
    std::optional<double> score = scoreOf(site, candidate->op);
    LDBG() << SymbolTable::getSymbolName(candidate->op).getValue() << ": "
           << objective.getValue() << " " << score.value_or(-1)
           << ", best so far " << best.value_or(-1);
    if (score && (!best || *score < *best)) {
      best = score;
      chosen = candidate->op;
    }
  }
  return chosen;
}

/// On arrays without exact sums, only `auto` has another method.
LogicalResult PUMFitNetsPass::keepDigital(ArrayRef<pum::NonlinearOp> regions) {
  for (pum::NonlinearOp op : regions) {
    if (op.getMethod() != NonlinearMethod::automatic)
      return getOperation().emitError("nonlinear functions cannot be computed "
                                      "by arrays of device '")
             << device.getName() << "': " << inexact;
    LDBG() << "digital on arrays of '" << device.getName() << "': " << inexact;
    op.setMethod(NonlinearMethod::digital);
  }
  return success();
}

LogicalResult PUMFitNetsPass::run() {
  SmallVector<pum::NonlinearOp> regions;
  getOperation().walk([&](pum::NonlinearOp op) {
    if (op.getMethod() != NonlinearMethod::digital)
      regions.push_back(op);
  });
  if (regions.empty())
    return success();
  if (failed(readOptions()))
    return failure();
  if (!inexact.empty())
    return keepDigital(regions);
  fitted.clear();
  symbols.emplace(getOperation());

  digital::Options options;
  options.threads = model::threadCount(threads);
  digital::RegionEvaluator evaluator(&getContext(), options);
  std::vector<Site> sites;
  for (pum::NonlinearOp op : regions) {
    std::string why;
    OwningOpRef<func::FuncOp> function = scalarFunctionOf(op, why);
    if (!function)
      return op.emitOpError("cannot be approximated as a function of one "
                            "number: ")
             << why;
    Site &site = sites.emplace_back();
    site.op = op;
    site.function = evaluator.add(*function, 1);
  }
  if (llvm::Error error = evaluator.compile())
    return getOperation().emitError(llvm::toString(std::move(error)));
  for (Site &site : sites) {
    if (failed(prepare(site, evaluator)))
      return failure();
    site.key = neon::FitCache::keyOf(
        site.target.target, optionsFor(site.target, site.bound, fitOptions));
  }
  fitAll(sites);
  SmallVector<Operation *> unused;
  for (Site &site : sites) {
    FailureOr<Operation *> function = choose(site);
    if (failed(function))
      return failure();
    pum::NonlinearOp op = site.op;
    if (!*function) {
      op.setMethod(NonlinearMethod::digital);
      continue;
    }
    OpBuilder builder(op);
    Location loc =
        FusedLoc::get({op.getLoc()}, op.getKindAttr(), &getContext());
    auto apply = crossbar::ApplyOp::create(
        builder, loc, op.getResult(0).getType(),
        FlatSymbolRefAttr::get(*function), op.getInputs()[0], ValueRange(),
        builder.getI64IntegerAttr(copies));
    op.getResult(0).replaceAllUsesWith(apply.getResult());
    op.erase();
    ++numApplied;
  }
  // Candidates that were not chosen.
  for (Operation &op : llvm::make_early_inc_range(*getOperation().getBody()))
    if (isa<crossbar::NeonNetOp, crossbar::TableOp>(op) &&
        SymbolTable::symbolKnownUseEmpty(&op, getOperation()))
      op.erase();
  costs.reset();
  symbols.reset();
  return success();
}
