// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/RealFit.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace pumice::neon;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Bounds of slopes, so that a unit's argument stays within what the tanh
/// unit's input resolves.
static constexpr double largestSlope = 64;

static double toUnit(const Format &format, double x) {
  return 2 * (x - format.low) / (format.high - format.low) - 1;
}

std::vector<double> pumice::neon::normalisedWeights(const Target &target) {
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

RealFitter::RealFitter(const Target &target, const Options &options)
    : target(target), options(options) {
  sample();
  // Rounding of hidden values is noise of a twelfth of a squared step: the
  // ridge that is optimal for it.
  const double step =
      1.0 / double((int64_t(1) << (options.hiddenBits - 1)) - 1);
  ridge = double(samples.u.size()) * step * step / 12;
}

//===----------------------------------------------------------------------===//
// Points and starts
//===----------------------------------------------------------------------===//

/// Half of the points evenly, half where a tanh net needs them: close at the
/// ends; values of the input that count more weigh more.
void RealFitter::sample() {
  const int64_t count = target.input.count();
  const std::vector<double> weights = normalisedWeights(target);
  const int64_t points = std::min<int64_t>(count, 801);
  std::vector<int64_t> codes;
  const int64_t even = (points + 1) / 2;
  for (int64_t i = 0; i < even; ++i)
    codes.push_back(std::llround(double(i) * double(count - 1) /
                                 double(std::max<int64_t>(even - 1, 1))));
  for (int64_t i = 0; i < points - even; ++i) {
    const double x =
        0.5 - 0.5 * std::cos(M_PI * (double(i) + 0.5) / double(points - even));
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
        weight += weights[q];
    }
    samples.w[i] = weight;
  }
  samples.w *= double(n) / samples.w.sum();
  samples.w = samples.w.cwiseSqrt();
}

/// Centres at equal quantiles of a density: even, or where the target bends.
RealNet RealFitter::start(Eigen::Index units, double bend, double slope) const {
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

//===----------------------------------------------------------------------===//
// Least squares
//===----------------------------------------------------------------------===//

/// Values of the units.
MatrixXd RealFitter::hiddenValues(const RealNet &net) const {
  const Eigen::Index n = samples.u.size(), h = net.units();
  MatrixXd values(n, h);
  for (Eigen::Index j = 0; j < h; ++j)
    for (Eigen::Index i = 0; i < n; ++i)
      values(i, j) = std::tanh(net.a[j] * samples.u[i] + net.b[j]);
  return values;
}

/// The values of units and a constant, weighted.
static MatrixXd weighted(const MatrixXd &values, const VectorXd &weights) {
  const Eigen::Index h = values.cols();
  MatrixXd phi(values.rows(), h + 1);
  for (Eigen::Index j = 0; j < h; ++j)
    phi.col(j) = weights.cwiseProduct(values.col(j));
  phi.col(h) = weights;
  return phi;
}

/// With rows for the ridge below.
static MatrixXd withRidge(const MatrixXd &phi, double ridge) {
  const Eigen::Index n = phi.rows(), h = phi.cols() - 1;
  MatrixXd extended = MatrixXd::Zero(n + h, h + 1);
  extended.topRows(n) = phi;
  extended.block(n, 0, h, h).diagonal().setConstant(std::sqrt(ridge));
  return extended;
}

/// Solves for c.
RealFitter::Solution RealFitter::solve(RealNet &net) const {
  Solution found;
  found.values = hiddenValues(net);
  const Eigen::Index n = samples.u.size(), h = net.units();
  const MatrixXd extended = withRidge(weighted(found.values, samples.w), ridge);
  VectorXd y = VectorXd::Zero(n + h);
  y.head(n) = samples.w.cwiseProduct(samples.y);
  found.qr.compute(extended);
  net.c = found.qr.solve(y);
  found.residual = y - extended * net.c;
  found.cost = found.residual.squaredNorm();
  net.mse = found.residual.head(n).squaredNorm() / double(n);
  return found;
}

/// The first columns of Q: an orthonormal basis of what was decomposed. Earlier
/// columns of the identity have nothing for a reflection to change.
static MatrixXd thinQ(const Eigen::HouseholderQR<MatrixXd> &qr) {
  const MatrixXd &packed = qr.matrixQR();
  const Eigen::Index rows = packed.rows(), columns = packed.cols();
  MatrixXd thin = MatrixXd::Identity(rows, columns);
  VectorXd workspace(columns);
  for (Eigen::Index k = columns - 1; k >= 0; --k)
    thin.bottomRightCorner(rows - k, columns - k)
        .applyHouseholderOnTheLeft(packed.col(k).tail(rows - k - 1),
                                   qr.hCoeffs()[k], workspace.data());
  return thin;
}

static void project(RealNet &net) {
  for (Eigen::Index j = 0; j < net.units(); ++j) {
    net.a[j] = std::clamp(net.a[j], -largestSlope, largestSlope);
    const double most = std::abs(net.a[j]) + 4;
    net.b[j] = std::clamp(net.b[j], -most, most);
  }
}

/// At most `steps` steps; leaves `net` as good as before or better.
void RealFitter::improve(RealNet &net, int steps) {
  if (!net.units())
    return;
  project(net);
  Solution at = solve(net);
  double damping = 1e-3;
  int small = 0;
  for (int step = 0; step < steps; ++step) {
    ++iterations;
    const Eigen::Index n = samples.u.size(), h = net.units();
    MatrixXd slopes = MatrixXd::Zero(n + h, 2 * h);
    for (Eigen::Index j = 0; j < h; ++j)
      for (Eigen::Index i = 0; i < n; ++i) {
        const double t = at.values(i, j);
        const double slope = samples.w[i] * (1 - t * t) * net.c[j];
        slopes(i, j) = slope * samples.u[i];
        slopes(i, h + j) = slope;
      }
    // Kaufman: the residual's derivative is minus the part of the slopes
    // that no choice of c can make.
    const MatrixXd thin = thinQ(at.qr);
    const MatrixXd jacobian = slopes - thin * (thin.transpose() * slopes);
    // The lower triangle, all that is read below.
    MatrixXd normal = MatrixXd::Zero(2 * h, 2 * h);
    normal.selfadjointView<Eigen::Lower>().rankUpdate(jacobian.transpose());
    const VectorXd gradient = jacobian.transpose() * at.residual;
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
      Solution next = solve(trial);
      if (std::isfinite(next.cost) && next.cost < at.cost) {
        small = at.cost - next.cost < 1e-3 / 8 * at.cost ? small + 1 : 0;
        net = std::move(trial);
        at = std::move(next);
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

//===----------------------------------------------------------------------===//
// Growth
//===----------------------------------------------------------------------===//

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

/// Another unit where the error is largest.
void RealFitter::addUnit(RealNet &net) const {
  const Solution found = solve(net);
  Eigen::Index worst = 0;
  found.residual.head(samples.u.size()).cwiseAbs().maxCoeff(&worst);
  const double slope = double(net.units() + 1);
  append(net, slope, -slope * samples.u[worst], 0);
}

/// Lawson: points count more the larger their error is. Kept if the largest
/// error falls.
void RealFitter::reweight(RealNet &net) {
  const VectorXd weights = samples.w;
  auto largest = [&](const RealNet &net) {
    const MatrixXd phi =
        weighted(hiddenValues(net), VectorXd::Ones(samples.u.size()));
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
  const MatrixXd phi = weighted(hiddenValues(best), samples.w);
  best.mse = (phi * best.c - samples.w.cwiseProduct(samples.y)).squaredNorm() /
             double(samples.u.size());
  net = best;
}

RealNet RealFitter::fit(Eigen::Index units, const RealNet *previous) {
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
      append(best, 1, 0, 0);
  }
  return best;
}
