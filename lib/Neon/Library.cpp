// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Library.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <mutex>

using namespace pumice::neon;

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

static constexpr Tail line = {true, 1, 0}, zero = {true, 0, 0},
                      one = {true, 0, 1}, minusOne = {true, 0, -1};

/// Bounds are above what fits of 16 bits reach with the units that softmax,
/// norms and activations of trained networks need (docs/neon.md, "Accuracy"),
/// so that they hold on any processor.
static const Function functions[] = {
    // After the largest input has been subtracted: exp(-12) is 6e-6.
    {"exp",
     -12,
     0,
     [](double x) { return std::exp(x); },
     {},
     {},
     Reduction::none,
     2e-4},
    {"exp_wide",
     -0.35,
     0.35,
     [](double x) { return std::exp(x); },
     {},
     {},
     Reduction::exponential,
     8e-5},
    {"reciprocal",
     1,
     2,
     [](double x) { return 1 / x; },
     {},
     {},
     Reduction::reciprocal,
     8e-5},
    {"sqrt",
     1,
     4,
     [](double x) { return std::sqrt(x); },
     {},
     {},
     Reduction::squareRoot,
     1.2e-4},
    {"rsqrt",
     1,
     4,
     [](double x) { return 1 / std::sqrt(x); },
     {},
     {},
     Reduction::reciprocalRoot,
     1.2e-4},
    {"log",
     1,
     2,
     [](double x) { return std::log(x); },
     {},
     {},
     Reduction::logarithm,
     8e-5},
    {"erf", -4, 4, [](double x) { return std::erf(x); }, minusOne, one,
     Reduction::none, 1.5e-4},
    {"gelu", -8, 8,
     [](double x) { return 0.5 * x * (1 + std::erf(x * M_SQRT1_2)); }, zero,
     line, Reduction::none, 4e-4},
    {"gelu_tanh", -8, 8,
     [](double x) {
       return 0.5 * x *
              (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     },
     zero, line, Reduction::none, 4e-4},
    {"silu", -12, 12, [](double x) { return x * sigmoid(x); }, zero, line,
     Reduction::none, 4e-4},
    {"mish", -12, 12, [](double x) { return x * std::tanh(softplus(x)); }, zero,
     line, Reduction::none, 4e-4},
    {"softplus", -12, 12, softplus, zero, line, Reduction::none, 6e-4},
    {"elu", -12, 0, [](double x) { return std::expm1(x); }, minusOne, line,
     Reduction::none, 2e-4},
    {"tanh",
     -8,
     8,
     [](double x) { return std::tanh(x); },
     {},
     {},
     Reduction::none,
     2e-4},
    {"sigmoid", -16, 16, sigmoid, {}, {}, Reduction::none, 2e-4},
    // With a kink: a comparator and a shift are exact and smaller. The paper's
    // Table III has nets of the first two, with these domains.
    {"leaky_relu",
     -7.8,
     8.9,
     [](double x) { return x > 0 ? x : 0.1 * x; },
     {true, 0.1, 0},
     line,
     Reduction::none,
     2e-2},
    {"sqrt_clamped",
     -3.2,
     4.5,
     [](double x) { return std::sqrt(std::max(x, 0.0)); },
     {},
     {},
     Reduction::none,
     1e-1},
    {"hard_sigmoid", -6, 6,
     [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }, zero, one,
     Reduction::none, 6e-3},
    {"hard_tanh", -4, 4, [](double x) { return std::clamp(x, -1.0, 1.0); },
     minusOne, one, Reduction::none, 2e-2},
    {"hard_swish", -6, 6,
     [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }, zero, line,
     Reduction::none, 1e-2},
};

llvm::ArrayRef<Function> pumice::neon::library() { return functions; }

llvm::StringRef pumice::neon::name(Reduction reduction) {
  switch (reduction) {
  case Reduction::none:
    return "none";
  case Reduction::reciprocal:
    return "reciprocal";
  case Reduction::squareRoot:
    return "square_root";
  case Reduction::reciprocalRoot:
    return "reciprocal_root";
  case Reduction::logarithm:
    return "logarithm";
  case Reduction::exponential:
    return "exponential";
  }
  llvm_unreachable("all reductions have a name");
}

llvm::Expected<const Function *>
pumice::neon::findFunction(llvm::StringRef name) {
  for (const Function &function : library())
    if (name == function.name)
      return &function;
  std::vector<llvm::StringRef> names;
  for (const Function &function : library())
    names.push_back(function.name);
  return llvm::createStringError("expected a function of " +
                                 llvm::join(names, ", ") + ", got '" + name +
                                 "'");
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Computing a table takes milliseconds, so that those of the last nets are
/// kept.
static std::shared_ptr<const std::vector<int32_t>> tableOf(const Net &net) {
  using Table = std::shared_ptr<const std::vector<int32_t>>;
  static std::mutex mutex;
  static llvm::StringMap<Table> known;
  constexpr unsigned most = 64; // of at most 256 KiB
  const std::string key = contentHash(net);
  const std::lock_guard<std::mutex> lock(mutex);
  if (known.size() == most && !known.count(key))
    known.clear();
  Table &table = known[key];
  if (!table)
    table = std::make_shared<const std::vector<int32_t>>(net.table());
  return table;
}

ScalarNet::ScalarNet(Net given, Reduction reduction)
    : net(std::move(given)), reduction(reduction), table(tableOf(net)) {}

double ScalarNet::lookUp(double x) const {
  const bool hasTail = x < net.input.low
                           ? net.below.isLinear
                           : x > net.input.high && net.above.isLinear;
  if (!hasTail && (x < net.input.low || x > net.input.high))
    ++clamped;
  return net.evaluate(x, *table);
}

int64_t ScalarNet::code(double x) const {
  if (x < net.input.low || x > net.input.high)
    ++clamped;
  return (*table)[net.input.quantize(x)];
}

/// x = m 2^e with m in [1, 2), or with an even e and m in [1, 4).
static std::pair<double, int> split(double x, bool isEven) {
  int exponent;
  double m = 2 * std::frexp(x, &exponent);
  --exponent;
  if (isEven && exponent % 2) {
    m *= 2;
    --exponent;
  }
  return {m, exponent};
}

double ScalarNet::operator()(double x) const {
  if (reduction == Reduction::none)
    return lookUp(x);
  if (reduction == Reduction::exponential) {
    const double k = std::nearbyint(x / M_LN2);
    return std::ldexp(lookUp(x - k * M_LN2),
                      int(std::clamp(k, -1100.0, 1100.0)));
  }
  const bool isRoot = reduction == Reduction::squareRoot ||
                      reduction == Reduction::reciprocalRoot;
  if (reduction == Reduction::squareRoot && !(x > 0))
    return 0;
  if (!(std::abs(x) >= FLT_MIN) ||
      (x < 0 && reduction != Reduction::reciprocal)) {
    ++clamped;
    x = FLT_MIN;
  }
  const auto [m, e] = split(std::abs(x), isRoot);
  const double y = lookUp(m);
  switch (reduction) {
  case Reduction::reciprocal:
    return std::copysign(std::ldexp(y, -e), x);
  case Reduction::squareRoot:
    return std::ldexp(y, e / 2);
  case Reduction::reciprocalRoot:
    return std::ldexp(y, -e / 2);
  default:
    return y + e * M_LN2;
  }
}

//===----------------------------------------------------------------------===//
// Fits
//===----------------------------------------------------------------------===//

Target pumice::neon::targetOf(const Function &function, int64_t bits) {
  Target target;
  target.input = {bits, function.low, function.high};
  for (int64_t q = 0; q < target.input.count(); ++q)
    target.values.push_back(function.value(target.input.value(q)));
  target.below = function.below;
  target.above = function.above;
  return target;
}

Net pumice::neon::nativeTanh(int64_t bits, bool sigmoid) {
  Net net;
  net.tanhRange = 8;
  net.weightBits = net.hiddenBits = bits;
  const double high = sigmoid ? 16 : 8, slope = sigmoid ? 0.5 : 1;
  net.input = {bits, -high, high};
  net.output = {bits, sigmoid ? 0.0 : -1.0, 1};
  Unit unit;
  unit.inputScale = static_cast<float>(net.input.step() * slope);
  unit.bias = static_cast<float>(net.input.low * slope);
  unit.outputWeight = 1;
  net.units = {unit};
  net.outputScale = static_cast<float>(slope / double(net.hiddenPeak()));
  net.outputBias = sigmoid ? 0.5f : 0.0f;
  return net;
}

llvm::Expected<Fitted> pumice::neon::fitFunction(llvm::StringRef name,
                                                 int64_t bits,
                                                 int64_t maxHidden) {
  llvm::Expected<const Function *> function = findFunction(name);
  if (!function)
    return function.takeError();
  if (bits < 2 || bits > 16)
    return llvm::createStringError("expected an input of 2 to 16 bits, got " +
                                   llvm::Twine(bits));
  const Target target = targetOf(**function, bits);
  Options options;
  options.weightBits = options.hiddenBits = options.outputBits = bits;
  options.maxHidden = maxHidden;
  options.minHidden = std::min<int64_t>(2, maxHidden);
  auto [low, high] =
      std::minmax_element(target.values.begin(), target.values.end());
  const double step = (*high - *low) / double(target.input.count() - 1);
  options.minimax = true;
  const bool isNative = name == "tanh" || name == "sigmoid";
  options.goal.maxAbs =
      std::max((*function)->maxAbs, (isNative ? 6 : 2) * step);
  if (isNative)
    return measure(nativeTanh(bits, name == "sigmoid"), target, options);
  return fit(target, options);
}
