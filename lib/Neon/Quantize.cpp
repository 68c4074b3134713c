// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Quantize.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

using namespace pumice::neon;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Quantizer::Quantizer(const Target &target, const Options &options,
                     const Samples &samples, Format output)
    : target(target), options(options), samples(samples), output(output),
      weights(normalisedWeights(target)) {}

Errors Quantizer::errorsOf(const Net &net) const {
  return errorsOf(net, net.table());
}

Errors Quantizer::errorsOf(const Net &net,
                           llvm::ArrayRef<int32_t> table) const {
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
    if (peak > 0 && std::abs(expected) >= options.relativeFloor * peak)
      errors.maxRelative =
          std::max(errors.maxRelative, error / std::abs(expected));
  }
  errors.nmse = variance > 0 ? errors.mse / variance : errors.mse > 0 ? 1 : 0;
  errors.maxLsb = errors.maxAbs / net.output.step();
  return errors;
}

Net Quantizer::round(const RealNet &real, double range, double shrink,
                     llvm::ArrayRef<int32_t> tanh) const {
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
    unit.inputWeight = real.a[j] < 0 ? -1 : 1;
    unit.inputScale = static_cast<float>(2 * std::abs(real.a[j]) / span);
    unit.bias = static_cast<float>(real.b[j] - real.a[j]);
    net.units.push_back(unit);
  }

  // Hidden values at the training points, as the machine computes them.
  const Eigen::Index n = samples.u.size(), h = real.units();
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

std::pair<Net, Errors> Quantizer::quantize(const RealNet &real) const {
  std::optional<std::pair<Net, Errors>> best;
  for (double range : {4.0, 8.0}) {
    Net unit;
    unit.hiddenBits = options.hiddenBits;
    unit.tanhRange = range;
    const std::vector<int32_t> tanh = unit.tanhTable();
    for (double shrink : {1.0, 0.93, 0.86, 0.79}) {
      Net net = round(real, range, shrink, tanh);
      Errors errors = errorsOf(net, net.table(tanh));
      const bool isBetter =
          !best || (options.minimax ? errors.maxAbs < best->second.maxAbs
                                    : errors.mse < best->second.mse);
      if (isBetter)
        best.emplace(std::move(net), errors);
    }
  }
  return *best;
}
