// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RealFit.h - Fitting real-valued tanh nets ----------------*- C++ -*-===//
//
// Variable projection: slopes and biases of the hidden layer are searched, the
// output layer is solved by least squares in every step.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_REALFIT_H
#define PUMICE_LIB_NEON_REALFIT_H

#include "lib/Neon/Fit.h"

#include <Eigen/Dense>

#include <limits>
#include <vector>

namespace pumice::neon {

/// c_0 + sum_j c_j tanh(a_j u + b_j), of u in [-1, 1].
struct RealNet {
  Eigen::VectorXd a, b;
  Eigen::VectorXd c; ///< the constant last
  double mse = std::numeric_limits<double>::infinity();

  Eigen::Index units() const { return a.size(); }
};

/// The training points: u, targets, and square roots of weights.
struct Samples {
  Eigen::VectorXd u, y, w;
};

/// A target's weights, with a sum of 1; a tenth of it spread evenly.
std::vector<double> normalisedWeights(const Target &target);

/// Fits real nets of growing width to one target.
class RealFitter {
public:
  RealFitter(const Target &target, const Options &options);

  /// The best net of `units` units, or `previous` with a unit more at its worst
  /// point, whichever is better. Never worse than `previous`.
  RealNet fit(Eigen::Index units, const RealNet *previous);

  const Samples &getSamples() const { return samples; }
  /// Levenberg-Marquardt steps so far.
  int64_t iterations = 0;

private:
  void sample();
  RealNet start(Eigen::Index units, double bend, double slope) const;
  /// Of the least squares for the output layer.
  struct Solution {
    Eigen::MatrixXd values; ///< of the hidden units at the points
    Eigen::HouseholderQR<Eigen::MatrixXd> qr;
    Eigen::VectorXd residual;
    double cost = 0; ///< the sum of squares with the ridge
  };
  Eigen::MatrixXd hiddenValues(const RealNet &net) const;
  Solution solve(RealNet &net) const;
  void improve(RealNet &net, int steps);
  void addUnit(RealNet &net) const;
  void reweight(RealNet &net);

  const Target &target;
  const Options &options;
  Samples samples;
  double ridge = 0;
};

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_REALFIT_H
