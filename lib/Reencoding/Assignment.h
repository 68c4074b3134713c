// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Assignment.h - Rows to columns at the least cost ---------*- C++ -*-===//
#ifndef PUMICE_LIB_REENCODING_ASSIGNMENT_H
#define PUMICE_LIB_REENCODING_ASSIGNMENT_H

#include <cstdint>
#include <vector>

namespace pumice::reencoding {

/// Solves linear assignment problems with the algorithm of Jonker and Volgenant
/// (Computing 38, 1987). Memory is used again from problem to problem.
class Assignment {
public:
  /// `cost` has `size` x `size` entries, row by row, each below 2^24. Returns
  /// the column of each row, such that no two rows have the same one and the
  /// sum of their entries is the least. Deterministic.
  const std::vector<int32_t> &solve(const std::vector<int32_t> &cost, int size);

private:
  void reduceColumns();
  void transfer();
  void reduceRows();
  void augment(int row);

  const int32_t *cost = nullptr;
  int size = 0;
  std::vector<int32_t> columnOf, rowOf, price, free, matches, from, distance,
      columns;
};

} // namespace pumice::reencoding

#endif // PUMICE_LIB_REENCODING_ASSIGNMENT_H
