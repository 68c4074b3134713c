// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Reencoding/Assignment.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

using namespace pumice::reencoding;

static constexpr int32_t infinite = std::numeric_limits<int32_t>::max();

const std::vector<int32_t> &
Assignment::solve(const std::vector<int32_t> &newCost, int newSize) {
  cost = newCost.data();
  size = newSize;
  columnOf.assign(size, -1);
  rowOf.assign(size, -1);
  price.assign(size, 0);
  matches.assign(size, 0);
  free.clear();
  if (!size)
    return columnOf;
  reduceColumns();
  transfer();
  reduceRows();
  for (int32_t row : std::vector<int32_t>(free))
    augment(row);
  return columnOf;
}

/// Gives each column to the row where it costs least.
void Assignment::reduceColumns() {
  std::copy(cost, cost + size, price.begin());
  from.assign(size, 0);
  for (int i = 1; i < size; ++i)
    for (int j = 0; j < size; ++j) {
      const int32_t own = cost[i * size + j];
      from[j] = own < price[j] ? i : from[j];
      price[j] = std::min(price[j], own);
    }
  for (int j = size - 1; j >= 0; --j) {
    const int best = from[j];
    if (++matches[best] == 1) {
      columnOf[best] = j;
      rowOf[j] = best;
    } else if (price[j] < price[columnOf[best]]) {
      rowOf[columnOf[best]] = -1;
      columnOf[best] = j;
      rowOf[j] = best;
    }
  }
}

/// Lowers the prices of columns whose row could take no other as cheaply.
void Assignment::transfer() {
  for (int i = 0; i < size; ++i) {
    if (!matches[i]) {
      free.push_back(i);
    } else if (matches[i] == 1 && size > 1) {
      int32_t least = infinite;
      for (int j = 0; j < size; ++j)
        if (j != columnOf[i])
          least = std::min(least, cost[i * size + j] - price[j]);
      price[columnOf[i]] -= least;
    }
  }
}

/// Free rows take their best column; rows that lose it look for another.
void Assignment::reduceRows() {
  for (int round = 0; round < 2; ++round) {
    const size_t before = free.size();
    size_t at = 0, kept = 0;
    while (at < before) {
      const int32_t row = free[at++];
      const int32_t *own = cost + row * size;
      int first = 0, second = -1;
      int32_t least = own[0] - price[0], next = infinite;
      for (int j = 1; j < size; ++j) {
        const int32_t reduced = own[j] - price[j];
        if (reduced >= next)
          continue;
        if (reduced >= least) {
          next = reduced;
          second = j;
        } else {
          next = least;
          second = first;
          least = reduced;
          first = j;
        }
      }
      int32_t loser = rowOf[first];
      const bool isLower = second >= 0 && least < next;
      if (isLower) {
        price[first] -= next - least;
      } else if (loser >= 0 && second >= 0) {
        first = second;
        loser = rowOf[second];
      }
      columnOf[row] = first;
      rowOf[first] = row;
      if (loser < 0)
        continue;
      columnOf[loser] = -1;
      if (isLower)
        free[--at] = loser;
      else
        free[kept++] = loser;
    }
    free.resize(kept);
  }
}

/// Finds the shortest alternating path from a free row to a free column.
void Assignment::augment(int row) {
  columns.resize(size);
  std::iota(columns.begin(), columns.end(), 0);
  distance.resize(size);
  from.assign(size, row);
  for (int j = 0; j < size; ++j)
    distance[j] = cost[row * size + j] - price[j];
  // Columns [0, scanned) have been looked at, [scanned, found) have the least
  // distance, the rest are farther away.
  int scanned = 0, found = 0, last = -1, settled = 0;
  int32_t least = 0;
  while (last < 0) {
    if (scanned == found) {
      settled = scanned;
      least = distance[columns[found++]];
      for (int k = found; k < size; ++k) {
        const int j = columns[k];
        if (distance[j] > least)
          continue;
        if (distance[j] < least) {
          found = scanned;
          least = distance[j];
        }
        std::swap(columns[k], columns[found++]);
      }
      for (int k = scanned; k < found && last < 0; ++k)
        if (rowOf[columns[k]] < 0)
          last = columns[k];
      if (last >= 0)
        break;
    }
    const int column = columns[scanned++];
    const int32_t *own = cost + rowOf[column] * size;
    const int32_t base = own[column] - price[column] - least;
    for (int k = found; k < size && last < 0; ++k) {
      const int j = columns[k];
      const int32_t length = own[j] - price[j] - base;
      if (length >= distance[j])
        continue;
      distance[j] = length;
      from[j] = rowOf[column];
      if (length != least)
        continue;
      if (rowOf[j] < 0)
        last = j;
      std::swap(columns[k], columns[found++]);
    }
  }
  for (int k = 0; k < settled; ++k)
    price[columns[k]] += distance[columns[k]] - least;
  for (int column = last, own = -1; own != row;) {
    own = from[column];
    rowOf[column] = own;
    std::swap(columnOf[own], column);
  }
}
