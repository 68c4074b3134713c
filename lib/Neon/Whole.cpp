// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Whole.h"

#include "lib/Neon/Numbers.h"
#include "llvm/ADT/Twine.h"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace pumice::neon;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;
using llvm::Twine;

namespace {

using Rows = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic,
                                            Eigen::Dynamic, Eigen::RowMajor>>;

/// The best net may explain all but this part of the variance.
constexpr double largestNmse = 0.01;

/// Uniform in [-1, 1), the same on every machine.
MatrixXd uniform(Eigen::Index rows, Eigen::Index columns,
                 std::mt19937_64 &engine) {
  MatrixXd found(rows, columns);
  for (Eigen::Index j = 0; j < columns; ++j)
    for (Eigen::Index i = 0; i < rows; ++i)
      found(i, j) = double(engine() >> 11) * 0x1p-52 - 1;
  return found;
}

/// Rounded to `bits` bits, each column with a scale of its own.
MatrixXd rounded(MatrixXd weights, int64_t bits) {
  const double most = double((int64_t(1) << (bits - 1)) - 1);
  for (Eigen::Index j = 0; j < weights.cols(); ++j) {
    const double step = weights.col(j).cwiseAbs().maxCoeff() / most;
    if (step > 0)
      weights.col(j) = (weights.col(j) / step).array().rint() * step;
  }
  return weights;
}

MatrixXd hiddenValues(const MatrixXd &x, const MatrixXd &weights,
                      const RowVectorXd &bias, int64_t bits) {
  const double peak = double((int64_t(1) << (bits - 1)) - 1);
  MatrixXd z = x * weights;
  z.rowwise() += bias;
  return (z.array().tanh() * peak).rint() / peak;
}

/// Part of the variance of rows that `components` principal ones leave.
double remainder(const MatrixXd &centred, Eigen::Index components) {
  // Of the smaller Gram matrix.
  const MatrixXd gram = centred.rows() < centred.cols()
                            ? MatrixXd(centred * centred.transpose())
                            : MatrixXd(centred.transpose() * centred);
  const VectorXd values =
      Eigen::SelfAdjointEigenSolver<MatrixXd>(gram, Eigen::EigenvaluesOnly)
          .eigenvalues();
  const Eigen::Index left =
      std::max<Eigen::Index>(values.size() - components, 0);
  const double all = values.sum();
  return all > 0 ? std::max(values.head(left).sum(), 0.0) / all : 0;
}

} // namespace

llvm::Expected<WholeFit> pumice::neon::fitWhole(llvm::ArrayRef<double> x,
                                                llvm::ArrayRef<double> y,
                                                int64_t rows,
                                                const WholeOptions &options) {
  if (rows < 10 || x.empty() || y.empty() || int64_t(x.size()) % rows ||
      int64_t(y.size()) % rows)
    return llvm::createStringError("expected at least 10 whole rows, got " +
                                   Twine(rows));
  if (options.hidden.empty())
    return llvm::createStringError("expected a hidden layer, got none");
  for (int64_t width : options.hidden)
    if (width < 1 || width > 4096)
      return llvm::createStringError(
          "expected hidden layers of 1 to 4096 units, got " + Twine(width));
  if (options.bits < 2 || options.bits > 16)
    return llvm::createStringError("expected widths of 2 to 16 bits, got " +
                                   Twine(options.bits));
  for (double value : x)
    if (!std::isfinite(value))
      return llvm::createStringError("expected finite input values, got " +
                                     toText(value));
  for (double value : y)
    if (!std::isfinite(value))
      return llvm::createStringError("expected finite target values, got " +
                                     toText(value));
  const Eigen::Index test = rows / 5, train = rows - test;
  const MatrixXd inputs = Rows(x.data(), rows, Eigen::Index(x.size()) / rows);
  const MatrixXd outputs = Rows(y.data(), rows, Eigen::Index(y.size()) / rows);

  const RowVectorXd mean = inputs.topRows(train).colwise().mean();
  MatrixXd centredInputs = inputs.rowwise() - mean;
  const double spread =
      std::sqrt(centredInputs.topRows(train).squaredNorm() /
                double(std::max<Eigen::Index>(train * inputs.cols(), 1)));
  const RowVectorXd outputMean = outputs.topRows(train).colwise().mean();
  const MatrixXd target = outputs.topRows(train).rowwise() - outputMean;
  const MatrixXd held = outputs.bottomRows(test);
  const MatrixXd heldCentred = held.rowwise() - held.colwise().mean();

  WholeFit best;
  best.mse = std::numeric_limits<double>::infinity();
  best.constantMse =
      (held.rowwise() - outputMean).squaredNorm() / double(held.size());
  const double variance = heldCentred.squaredNorm() / double(held.size());
  best.bound = remainder(heldCentred, options.hidden.back());
  for (double scale : {0.3, 1.0, 2.0}) {
    std::mt19937_64 engine(options.seed);
    MatrixXd values = centredInputs;
    double size = spread > 0 ? spread : 1;
    for (int64_t width : options.hidden) {
      // Sums of n products of variance 1/3 each, to a deviation of `scale`.
      const double factor =
          scale * std::sqrt(3.0 / double(values.cols())) / size;
      const MatrixXd weights =
          rounded(factor * uniform(values.cols(), width, engine), options.bits);
      const RowVectorXd bias = scale * uniform(1, width, engine);
      values = hiddenValues(values, weights, bias, options.bits);
      size = std::sqrt(values.topRows(train).squaredNorm() /
                       double(train * width));
    }
    const MatrixXd features = values.topRows(train);
    const RowVectorXd featureMean = features.colwise().mean();
    const MatrixXd centred = features.rowwise() - featureMean;
    MatrixXd gram = centred.transpose() * centred;
    gram.diagonal().array() += 1e-8 * gram.trace() / double(gram.rows());
    const MatrixXd weights =
        rounded(gram.ldlt().solve(centred.transpose() * target), options.bits);
    MatrixXd found =
        (values.bottomRows(test).rowwise() - featureMean) * weights;
    found.rowwise() += outputMean;
    const double mse = (found - held).squaredNorm() / double(held.size());
    if (!(mse < best.mse))
      continue;
    best.mse = mse;
    Eigen::Index kept = 0;
    for (Eigen::Index i = 0; i < test; ++i) {
      Eigen::Index a, b;
      found.row(i).maxCoeff(&a);
      held.row(i).maxCoeff(&b);
      kept += a == b;
    }
    best.argmaxKept = double(kept) / double(test);
  }
  best.nmse = variance > 0 ? best.mse / variance : best.mse > 0 ? 1 : 0;
  if (best.nmse > largestNmse && !options.isForced)
    return llvm::createStringError(
        "expected a net that explains 99 % of its target's variance, got " +
        toText(100 * (1 - best.nmse)) + " % (no net with " +
        Twine(options.hidden.back()) + " hidden units explains more than " +
        toText(100 * (1 - best.bound)) + " %)");
  return best;
}
