// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SearchPatterns.h - Sums over pairs, and what reads them --*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SEARCHPATTERNS_H
#define PUMICE_LIB_TRANSFORMS_AP_SEARCHPATTERNS_H

#include "lib/Transforms/AP/ScalarGraph.h"
#include "lib/Transforms/AP/SearchCode.h"

namespace pumice {

/// `result[q..., r] = sum_k term(query[q..., k], word[r, k])`, where words are
/// constant. `r` may be another dimension than the last. Of conditions, whether
/// all or any of the terms hold.
struct PairSum {
  enum class Kind { sum, all, any };
  mlir::linalg::LinalgOp op;
  Kind kind = Kind::sum;
  int64_t wordDim = 0; ///< of the result
  llvm::SmallVector<int64_t> querySizes;
  int64_t queries = 1, rows = 0, cells = 0;
  const ScalarNode *term = nullptr;
  bool isProduct = false; ///< a matrix product, not a sum of a body of its own

  mlir::RankedTensorType type() const;
};
/// Matches `op`; sets `why` if it is a sum over pairs of another form.
std::optional<PairSum> matchPairSum(mlir::linalg::LinalgOp op,
                                    ScalarGraph &graph, std::string &why);

/// The part of the term that depends on the query alone, the values that it may
/// take, and the term for all symbols of words.
struct PairTerms {
  const ScalarNode *query = nullptr;
  llvm::SmallVector<mlir::Attribute> queryValues;
  std::vector<double> wordValues; ///< if a word symbol is one number
  std::vector<uint8_t> symbols;   ///< of the words, [rows, cells]
  SearchTerms terms;
};
std::optional<PairTerms> readTerms(const PairSum &sum, std::string &why);

/// An elementwise function of one tensor, step by step. Reshapes and transposes
/// between the steps keep the order of queries.
struct ValueChain {
  struct Step {
    mlir::linalg::GenericOp op;
    unsigned argument = 0;
    /// Of the other arguments; null for `argument`.
    llvm::SmallVector<mlir::Attribute> constants;
  };
  llvm::SmallVector<Step> steps;
  mlir::Value end;     ///< the result of the last step, or the start
  int64_t wordDim = 0; ///< of `end`

  /// The function of one number; null if it does not fold.
  mlir::Attribute apply(mlir::Attribute value) const;
  /// Emits the function of one number.
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value value) const;
};
/// As long a chain as possible.
ValueChain chainFrom(mlir::Value start, int64_t wordDim);

/// The constant that all elements of a tensor, or a scalar, are.
mlir::Attribute uniformConstant(mlir::Value value);
/// The results of a body on constants; arguments without a value are null.
bool runBody(
    mlir::Block &body, llvm::ArrayRef<mlir::Attribute> arguments,
    llvm::SmallVectorImpl<mlir::Attribute> &results,
    llvm::function_ref<mlir::Attribute(mlir::linalg::IndexOp)> index = nullptr);
/// Whether `tensor` is filled with 0.
bool isFilledWithZero(mlir::Value tensor);

/// What finds the smallest, or largest, elements of the dimension of words.
struct Ranking {
  bool largest = false;
  int64_t count = 1;
  mlir::Value values, indices;               ///< results, null if there is none
  llvm::SmallVector<mlir::Attribute> limits; ///< that no element may reach
};
/// An arg-reduction of `value` over a dimension: of equal elements, the first
/// one wins.
std::optional<Ranking> matchArgReduction(mlir::Value value, int64_t wordDim);
/// The stable ranking of the last dimension of `value` by comparing all pairs
/// of elements, and the selection of the first ones: what becomes of topk and
/// sort. Many elements are ranked in blocks, and then the first ones of all
/// blocks.
std::optional<Ranking> matchTopK(mlir::Value value, int64_t wordDim);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SEARCHPATTERNS_H
