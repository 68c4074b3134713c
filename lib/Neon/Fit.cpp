// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Fit.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace pumice::neon;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using llvm::Twine;

namespace {

/// c_0 + sum_j c_j tanh(a_j u + b_j), of u in [-1, 1].
struct RealNet {
  VectorXd a, b;
  VectorXd c; ///< the constant last
  double mse = std::numeric_limits<double>::infinity();

  Eigen::Index units() const { return a.size(); }
};

/// The training points: u, targets, and square roots of weights.
struct Samples {
  VectorXd u, y, w;
};

/// Bounds of slopes, so that a unit's argument stays within what the tanh
/// unit's input resolves.
constexpr double largestSlope = 64;

double toUnit(const Format &format, double x) {
  return 2 * (x - format.low) / (format.high - format.low) - 1;
}

//===----------------------------------------------------------------------===//
// Real-valued fit
//===----------------------------------------------------------------------===//

class Fitter {
public:
  Fitter(const Target &target, const Options &options)
      : target(target), options(options) {
    sample();
    // Rounding of hidden values is noise of a twelfth of a squared step: the
    // ridge that is optimal for it.
    const double step =
        1.0 / double((int64_t(1) << (options.hiddenBits - 1)) - 1);
    ridge = double(samples.u.size()) * step * step / 12;
  }

  int64_t iterations = 0;

  /// The best net of `units` units, or `previous` with a unit more at its worst
  /// point, whichever is better.
  RealNet fit(Eigen::Index units, const RealNet *previous) {
    std::vector<RealNet> starts;
    for (double density : {0.0, 1.0})
      for (double slope : {0.3, 0.6, 1.0, 2.5})
        starts.push_back(start(units, density, slope));
    RealNet best;
    for (RealNet &net : starts) {
      improve(net, 12);
      if (net.mse < best.mse)
        best = net;
    }
    if (previous && previous->units() < units) {
      RealNet grown = *previous;
      while (grown.units() < units)
        addUnit(grown);
      improve(grown, 12);
      if (grown.mse < best.mse)
        best = grown;
    }
    improve(best, 60);
    if (options.minimax)
      reweight(best);
    // A wider net never is worse: units that do nothing fill it up.
    if (previous && previous->mse < best.mse) {
      best = *previous;
      while (best.units() < units)
        padUnit(best);
    }
    return best;
  }

  const Samples &getSamples() const { return samples; }

private:
  /// Half of the points evenly, half where a tanh net needs them: close at the
  /// ends; values of the input that count more weigh more.
  void sample() {
    const int64_t count = target.input.count();
    const int64_t points = std::min<int64_t>(count, 801);
    std::vector<int64_t> codes;
    const int64_t even = (points + 1) / 2;
    for (int64_t i = 0; i < even; ++i)
      codes.push_back(std::llround(double(i) * double(count - 1) /
                                   double(std::max<int64_t>(even - 1, 1))));
    for (int64_t i = 0; i < points - even; ++i) {
      const double x = 0.5 - 0.5 * std::cos(M_PI * (double(i) + 0.5) /
                                            double(points - even));
      codes.push_back(std::llround(x * double(count - 1)));
    }
    llvm::sort(codes);
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    const Eigen::Index n = codes.size();
    samples.u.resize(n);
    samples.y.resize(n);
    samples.w.resize(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const int64_t code = codes[i];
      samples.u[i] = toUnit(target.input, target.input.value(code));
      samples.y[i] = target.values[code];
      // The weight of the values that the point stands for.
      double weight = 1;
      if (!target.weights.empty()) {
        const int64_t from = i == 0 ? 0 : (codes[i - 1] + code) / 2 + 1;
        const int64_t to = i + 1 == n ? count - 1 : (code + codes[i + 1]) / 2;
        weight = 0;
        for (int64_t q = std::min(from, code); q <= std::max(to, code); ++q)
          weight += weightOf(q);
      }
      samples.w[i] = weight;
    }
    samples.w *= double(n) / samples.w.sum();
    samples.w = samples.w.cwiseSqrt();
  }

  double weightOf(int64_t code) const {
    if (target.weights.empty())
      return 1;
    if (totalWeight == 0)
      totalWeight =
          std::accumulate(target.weights.begin(), target.weights.end(), 0.0);
    return 0.9 * target.weights[code] / totalWeight +
           0.1 / double(target.input.count());
  }

  /// Centres at equal quantiles of a density: even, or where the target bends.
  RealNet start(Eigen::Index units, double bend, double slope) const {
    const Eigen::Index n = samples.u.size();
    std::vector<double> density(n, 1.0);
    double mean = 0;
    std::vector<double> bends(n, 0.0);
    for (Eigen::Index i = 1; i + 1 < n; ++i) {
      const double left = samples.u[i] - samples.u[i - 1];
      const double right = samples.u[i + 1] - samples.u[i];
      const double second = ((samples.y[i + 1] - samples.y[i]) / right -
                             (samples.y[i] - samples.y[i - 1]) / left) /
                            (0.5 * (left + right));
      bends[i] = std::cbrt(std::abs(second));
      mean += bends[i] / double(n);
    }
    if (bend > 0 && mean > 0)
      for (Eigen::Index i = 0; i < n; ++i)
        density[i] = 0.15 + bends[i] / mean;
    std::vector<double> cumulated(n, 0.0);
    for (Eigen::Index i = 1; i < n; ++i)
      cumulated[i] = cumulated[i - 1] + 0.5 * (density[i] + density[i - 1]) *
                                            (samples.u[i] - samples.u[i - 1]);
    auto quantile = [&](double part) {
      const double wanted = part * cumulated.back();
      const auto at =
          std::lower_bound(cumulated.begin(), cumulated.end(), wanted);
      const Eigen::Index i =
          std::clamp<Eigen::Index>(at - cumulated.begin(), 1, n - 1);
      const double span = cumulated[i] - cumulated[i - 1];
      const double t = span > 0 ? (wanted - cumulated[i - 1]) / span : 0;
      return samples.u[i - 1] + t * (samples.u[i] - samples.u[i - 1]);
    };
    RealNet net;
    net.a.resize(units);
    net.b.resize(units);
    for (Eigen::Index j = 0; j < units; ++j) {
      const double centre = quantile((double(j) + 0.5) / double(units));
      const double spacing = quantile(double(j + 1) / double(units)) -
                             quantile(double(j) / double(units));
      net.a[j] = slope * 2 / std::max(spacing, 2.0 / largestSlope);
      net.b[j] = -net.a[j] * centre;
      if (j % 2) { // what a unit adds does not depend on its sign
        net.a[j] = -net.a[j];
        net.b[j] = -net.b[j];
      }
    }
    return net;
  }

  /// Values of the units (the constant last), weighted.
  MatrixXd features(const VectorXd &a, const VectorXd &b) const {
    const Eigen::Index n = samples.u.size(), h = a.size();
    MatrixXd phi(n, h + 1);
    for (Eigen::Index j = 0; j < h; ++j)
      for (Eigen::Index i = 0; i < n; ++i)
        phi(i, j) = samples.w[i] * std::tanh(a[j] * samples.u[i] + b[j]);
    phi.col(h) = samples.w;
    return phi;
  }

  /// With rows for the ridge below.
  MatrixXd withRidge(const MatrixXd &phi) const {
    const Eigen::Index n = phi.rows(), h = phi.cols() - 1;
    MatrixXd extended = MatrixXd::Zero(n + h, h + 1);
    extended.topRows(n) = phi;
    extended.block(n, 0, h, h).diagonal().setConstant(std::sqrt(ridge));
    return extended;
  }

  /// Solves for c; returns the penalised sum of squares.
  double solve(RealNet &net, Eigen::HouseholderQR<MatrixXd> &qr,
               VectorXd &residual) const {
    const MatrixXd phi = features(net.a, net.b);
    const Eigen::Index n = phi.rows(), h = net.units();
    const MatrixXd extended = withRidge(phi);
    VectorXd y = VectorXd::Zero(n + h);
    y.head(n) = samples.w.cwiseProduct(samples.y);
    qr.compute(extended);
    net.c = qr.solve(y);
    residual = y - extended * net.c;
    net.mse = residual.head(n).squaredNorm() / double(n);
    return residual.squaredNorm();
  }

  void project(RealNet &net) const {
    for (Eigen::Index j = 0; j < net.units(); ++j) {
      net.a[j] = std::clamp(net.a[j], -largestSlope, largestSlope);
      const double most = std::abs(net.a[j]) + 4;
      net.b[j] = std::clamp(net.b[j], -most, most);
    }
  }

  /// At most `steps` steps; leaves `net` as good as before or better.
  void improve(RealNet &net, int steps) {
    if (!net.units())
      return;
    project(net);
    Eigen::HouseholderQR<MatrixXd> qr;
    VectorXd residual;
    double cost = solve(net, qr, residual);
    double damping = 1e-3;
    int small = 0;
    for (int step = 0; step < steps; ++step) {
      ++iterations;
      const Eigen::Index n = samples.u.size(), h = net.units();
      MatrixXd slopes = MatrixXd::Zero(n + h, 2 * h);
      for (Eigen::Index j = 0; j < h; ++j)
        for (Eigen::Index i = 0; i < n; ++i) {
          const double t = std::tanh(net.a[j] * samples.u[i] + net.b[j]);
          const double slope = samples.w[i] * (1 - t * t) * net.c[j];
          slopes(i, j) = slope * samples.u[i];
          slopes(i, h + j) = slope;
        }
      // Kaufman: the residual's derivative is minus the part of the slopes
      // that no choice of c can make.
      const MatrixXd thin =
          qr.householderQ() * MatrixXd::Identity(n + h, h + 1);
      const MatrixXd jacobian = slopes - thin * (thin.transpose() * slopes);
      const MatrixXd normal = jacobian.transpose() * jacobian;
      const VectorXd gradient = jacobian.transpose() * residual;
      bool isBetter = false;
      for (int attempt = 0; attempt < 8 && !isBetter; ++attempt) {
        MatrixXd damped = normal;
        damped.diagonal() +=
            damping * (normal.diagonal().array() +
                       1e-12 * normal.diagonal().maxCoeff() + 1e-300)
                          .matrix();
        const VectorXd delta = damped.ldlt().solve(gradient);
        if (!delta.allFinite()) {
          damping *= 4;
          continue;
        }
        RealNet trial = net;
        trial.a += delta.head(h);
        trial.b += delta.tail(h);
        project(trial);
        Eigen::HouseholderQR<MatrixXd> trialQr;
        VectorXd trialResidual;
        const double trialCost = solve(trial, trialQr, trialResidual);
        if (std::isfinite(trialCost) && trialCost < cost) {
          small = cost - trialCost < 1e-3 / 8 * cost ? small + 1 : 0;
          net = std::move(trial);
          qr = std::move(trialQr);
          residual = std::move(trialResidual);
          cost = trialCost;
          damping = std::max(damping / 5, 1e-15);
          isBetter = true;
        } else {
          damping *= 4;
        }
      }
      if (!isBetter || small >= 8)
        return;
    }
  }

  /// Another unit where the error is largest.
  void addUnit(RealNet &net) {
    Eigen::HouseholderQR<MatrixXd> qr;
    VectorXd residual;
    solve(net, qr, residual);
    Eigen::Index worst = 0;
    residual.head(samples.u.size()).cwiseAbs().maxCoeff(&worst);
    const double slope = double(net.units() + 1);
    append(net, slope, -slope * samples.u[worst], 0);
  }

  static void padUnit(RealNet &net) { append(net, 1, 0, 0); }

  static void append(RealNet &net, double a, double b, double c) {
    const Eigen::Index h = net.units();
    net.a.conservativeResize(h + 1);
    net.b.conservativeResize(h + 1);
    net.a[h] = a;
    net.b[h] = b;
    if (net.c.size() == h + 1) {
      net.c.conservativeResize(h + 2);
      net.c[h + 1] = net.c[h];
      net.c[h] = c;
    }
  }

  /// Lawson: points count more the larger their error is. Kept if the largest
  /// error falls.
  void reweight(RealNet &net) {
    const VectorXd weights = samples.w;
    auto largest = [&](const RealNet &net) {
      const VectorXd saved = samples.w;
      samples.w = VectorXd::Ones(saved.size());
      const MatrixXd phi = features(net.a, net.b);
      samples.w = saved;
      return VectorXd((phi * net.c - samples.y).cwiseAbs());
    };
    RealNet best = net;
    double least = largest(best).maxCoeff();
    RealNet trial = net;
    for (int round = 0; round < 5; ++round) {
      const VectorXd errors = largest(trial);
      const double peak = errors.maxCoeff();
      if (!(peak > 0))
        break;
      samples.w = samples.w.cwiseProduct(
          (errors.array() / peak + 0.2).sqrt().sqrt().matrix());
      samples.w *= std::sqrt(double(samples.w.size())) / samples.w.norm();
      improve(trial, 12);
      const double found = largest(trial).maxCoeff();
      if (found < least) {
        least = found;
        best = trial;
      }
    }
    samples.w = weights;
    // Its mean error, with the target's own weights.
    const MatrixXd phi = features(best.a, best.b);
    best.mse =
        (phi * best.c - samples.w.cwiseProduct(samples.y)).squaredNorm() /
        double(samples.u.size());
    net = best;
  }

  const Target &target;
  const Options &options;
  Samples samples;
  double ridge = 0;
  mutable double totalWeight = 0;
};

//===----------------------------------------------------------------------===//
// Quantization
//===----------------------------------------------------------------------===//

/// A target's weights, with a sum of 1.
std::vector<double> normalised(const Target &target) {
  const double count = double(target.input.count());
  std::vector<double> weights(target.input.count(), 1 / count);
  if (target.weights.empty())
    return weights;
  const double total =
      std::accumulate(target.weights.begin(), target.weights.end(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = 0.9 * target.weights[i] / total + 0.1 / count;
  return weights;
}

Errors errorsOf(const Net &net, const Target &target,
                llvm::ArrayRef<double> weights, double relativeFloor) {
  const std::vector<int32_t> table = net.table();
  Errors errors;
  errors.points = int64_t(table.size());
  double mean = 0, peak = 0;
  for (size_t q = 0; q < table.size(); ++q) {
    mean += weights[q] * target.values[q];
    peak = std::max(peak, std::abs(target.values[q]));
  }
  double variance = 0;
  for (size_t q = 0; q < table.size(); ++q) {
    const double expected = target.values[q];
    const double error = std::abs(net.output.value(table[q]) - expected);
    errors.mse += weights[q] * error * error;
    variance += weights[q] * (expected - mean) * (expected - mean);
    errors.maxAbs = std::max(errors.maxAbs, error);
    if (peak > 0 && std::abs(expected) >= relativeFloor * peak)
      errors.maxRelative =
          std::max(errors.maxRelative, error / std::abs(expected));
  }
  errors.nmse = variance > 0 ? errors.mse / variance : errors.mse > 0 ? 1 : 0;
  errors.maxLsb = errors.maxAbs / net.output.step();
  return errors;
}

/// Rounds a real net: the first layer exactly (each column has a scale of its
/// own), then the second on the hidden values that the first one really gives.
class Quantizer {
public:
  Quantizer(const Target &target, const Options &options,
            const Samples &samples, Format output)
      : target(target), options(options), samples(samples), output(output),
        weights(normalised(target)) {}

  std::pair<Net, Errors> quantize(const RealNet &real) const {
    std::optional<std::pair<Net, Errors>> best;
    for (double range : {4.0, 8.0})
      for (double shrink : {1.0, 0.93, 0.86, 0.79}) {
        Net net = round(real, range, shrink);
        Errors errors = errorsOf(net, target, weights, options.relativeFloor);
        const bool isBetter =
            !best || (options.minimax ? errors.maxAbs < best->second.maxAbs
                                      : errors.mse < best->second.mse);
        if (isBetter)
          best.emplace(std::move(net), errors);
      }
    return *best;
  }

private:
  Net round(const RealNet &real, double range, double shrink) const {
    Net net;
    net.input = target.input;
    net.output = output;
    net.weightBits = options.weightBits;
    net.hiddenBits = options.hiddenBits;
    net.tanhRange = range;
    net.below = target.below;
    net.above = target.above;
    const int32_t most = (1 << (options.weightBits - 1)) - 1;
    const double span = double(target.input.count() - 1);
    for (Eigen::Index j = 0; j < real.units(); ++j) {
      // a u + b with u = 2 q / span - 1.
      Unit unit;
      unit.inputWeight = real.a[j] < 0 ? -most : most;
      unit.inputScale =
          static_cast<float>(2 * std::abs(real.a[j]) / span / double(most));
      unit.bias = static_cast<float>(real.b[j] - real.a[j]);
      net.units.push_back(unit);
    }

    // Hidden values at the training points, as the machine computes them.
    const Eigen::Index n = samples.u.size(), h = real.units();
    const std::vector<int32_t> tanh = net.tanhTable();
    const int64_t half = int64_t(1) << (options.hiddenBits - 1);
    const double peak = double(net.hiddenPeak());
    MatrixXd hidden(n, h + 1);
    for (Eigen::Index i = 0; i < n; ++i) {
      const int64_t q = std::llround((samples.u[i] + 1) / 2 * span);
      for (Eigen::Index j = 0; j < h; ++j) {
        const Unit &unit = net.units[j];
        const float scaled =
            static_cast<float>(int64_t(unit.inputWeight) * q) * unit.inputScale;
        const float z = scaled + unit.bias;
        const double code = std::clamp(std::nearbyint(double(z) / net.zStep()),
                                       double(-half), double(half - 1));
        hidden(i, j) = samples.w[i] * tanh[int64_t(code) + half] / peak;
      }
      hidden(i, h) = samples.w[i];
    }
    const double step = 1 / peak;
    MatrixXd gram = hidden.transpose() * hidden;
    gram.diagonal().head(h).array() += double(n) * step * step / 12;
    const VectorXd moments =
        hidden.transpose() * samples.w.cwiseProduct(samples.y);

    // The largest coefficient takes the largest weight; then coefficient after
    // coefficient is rounded, and the rest is solved for again.
    VectorXd c = gram.ldlt().solve(moments);
    const double largest = h ? c.head(h).cwiseAbs().maxCoeff() : 0;
    const double unit = largest > 0 ? largest / (shrink * double(most)) : 1;
    std::vector<Eigen::Index> open(h + 1);
    std::iota(open.begin(), open.end(), 0);
    VectorXd fixed = VectorXd::Zero(h + 1);
    while (open.size() > 1) {
      // The largest of those that are open, the constant excepted.
      size_t pick = 0;
      for (size_t k = 1; k + 1 < open.size(); ++k)
        if (std::abs(c[open[k]]) > std::abs(c[open[pick]]))
          pick = k;
      const Eigen::Index j = open[pick];
      fixed[j] = unit * std::clamp(std::nearbyint(c[j] / unit), -double(most),
                                   double(most));
      open.erase(open.begin() + pick);
      const Eigen::Index m = open.size();
      MatrixXd small(m, m);
      VectorXd right(m);
      for (Eigen::Index r = 0; r < m; ++r) {
        right[r] = moments[open[r]] - gram.row(open[r]).dot(fixed);
        for (Eigen::Index k = 0; k < m; ++k)
          small(r, k) = gram(open[r], open[k]);
      }
      const VectorXd solved = small.ldlt().solve(right);
      for (Eigen::Index r = 0; r < m; ++r)
        c[open[r]] = solved[r];
    }
    for (Eigen::Index j = 0; j < h; ++j)
      net.units[j].outputWeight =
          static_cast<int32_t>(std::nearbyint(fixed[j] / unit));
    net.outputScale = static_cast<float>(unit / peak);
    net.outputBias = static_cast<float>(c[h]);
    return net;
  }

  const Target &target;
  const Options &options;
  const Samples &samples;
  Format output;
  std::vector<double> weights;
};

/// Fails unless the target can be fitted.
llvm::Error check(const Target &target) {
  auto number = [](double x) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%g", x);
    return text;
  };
  const Format &input = target.input;
  if (input.bits < 2 || input.bits > 16)
    return llvm::createStringError("expected an input of 2 to 16 bits, got " +
                                   Twine(input.bits));
  if (!std::isfinite(input.low) || !std::isfinite(input.high) ||
      !(input.low < input.high))
    return llvm::createStringError(
        "expected a domain from a finite number to a greater one, got [" +
        number(input.low) + ", " + number(input.high) + "]");
  if (int64_t(target.values.size()) != input.count())
    return llvm::createStringError(
        "expected " + Twine(input.count()) + " values, one for each input of " +
        Twine(input.bits) + " bits, got " + Twine(target.values.size()));
  for (size_t q = 0; q < target.values.size(); ++q)
    if (!std::isfinite(target.values[q]))
      return llvm::createStringError("expected finite values, got " +
                                     number(target.values[q]) + " at " +
                                     number(input.value(q)));
  if (!target.weights.empty()) {
    if (target.weights.size() != target.values.size())
      return llvm::createStringError("expected " + Twine(target.values.size()) +
                                     " weights, got " +
                                     Twine(target.weights.size()));
    double total = 0;
    for (double weight : target.weights) {
      if (!(weight >= 0) || !std::isfinite(weight))
        return llvm::createStringError("expected weights of at least 0, got " +
                                       number(weight));
      total += weight;
    }
    if (!(total > 0) || !std::isfinite(total))
      return llvm::createStringError(
          "expected weights with a positive sum, got " + number(total));
  }
  return llvm::Error::success();
}

llvm::Error check(const Options &options) {
  for (auto [bits, name] :
       {std::pair<int64_t, const char *>(options.weightBits, "weights"),
        {options.hiddenBits, "hidden values"},
        {options.outputBits, "an output"}})
    if (bits < 2 || bits > 16)
      return llvm::createStringError(Twine("expected ") + name +
                                     " of 2 to 16 bits, got " + Twine(bits));
  if (options.minHidden < 1 || options.maxHidden < options.minHidden ||
      options.maxHidden > 256)
    return llvm::createStringError(
        "expected 1 <= min_hidden <= max_hidden <= 256, got " +
        Twine(options.minHidden) + " and " + Twine(options.maxHidden));
  return llvm::Error::success();
}

} // namespace

bool pumice::neon::meets(const Errors &errors, const Goal &goal) {
  auto within = [](double found, const std::optional<double> &bound) {
    return !bound || found <= *bound;
  };
  return within(errors.mse, goal.mse) && within(errors.nmse, goal.nmse) &&
         within(errors.maxAbs, goal.maxAbs) &&
         within(errors.maxRelative, goal.maxRelative) &&
         within(errors.maxLsb, goal.maxLsb);
}

int64_t pumice::neon::losslessRows(int64_t adcBits, int64_t cellBits,
                                   int64_t dacBits) {
  const int64_t most = (int64_t(1) << adcBits) - 1;
  const int64_t row =
      ((int64_t(1) << cellBits) - 1) * ((int64_t(1) << dacBits) - 1);
  return row > 0 ? most / row : 0;
}

llvm::Expected<Fitted> pumice::neon::fit(const Target &target,
                                         const Options &options) {
  if (llvm::Error error = check(target))
    return std::move(error);
  if (llvm::Error error = check(options))
    return std::move(error);
  auto [low, high] =
      std::minmax_element(target.values.begin(), target.values.end());
  Format output{options.outputBits, *low, *high};
  if (!(output.low < output.high)) // a constant: any range that holds it
    output.high = output.low + std::max(std::abs(output.low), 1.0);

  Fitter fitter(target, options);
  Quantizer quantizer(target, options, fitter.getSamples(), output);
  std::optional<Fitted> best;
  RealNet previous;
  for (int64_t hidden = options.minHidden;;) {
    RealNet real = fitter.fit(hidden, previous.units() ? &previous : nullptr);
    auto [net, errors] = quantizer.quantize(real);
    const bool isBetter =
        !best || (options.minimax ? errors.maxAbs < best->errors.maxAbs
                                  : errors.mse < best->errors.mse);
    if (isBetter || (!best->meetsGoal && meets(errors, options.goal)))
      best = Fitted{std::move(net), errors, meets(errors, options.goal),
                    real.mse, 0};
    best->iterations = fitter.iterations;
    const bool hasGoal = options.goal.mse || options.goal.nmse ||
                         options.goal.maxAbs || options.goal.maxRelative ||
                         options.goal.maxLsb;
    if ((hasGoal && best->meetsGoal) || hidden == options.maxHidden)
      return *best;
    previous = std::move(real);
    hidden = std::min(2 * hidden, options.maxHidden);
  }
}
