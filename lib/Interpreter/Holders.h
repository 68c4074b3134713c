// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Holders.h - Who wrote arrays last ------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_INTERPRETER_HOLDERS_H
#define PUMICE_LIB_INTERPRETER_HOLDERS_H

#include "lib/Model/Machine/Costs.h"

#include "mlir/IR/Operation.h"

#include <map>
#include <optional>

namespace pumice {

/// The instruction that wrote each array of a group last.
class Holders {
public:
  void set(const model::ArrayRange &range, mlir::Operation *holder) {
    const int64_t end = range.first + range.count;
    mlir::Operation *after = std::prev(from.upper_bound(end))->second;
    from.erase(from.lower_bound(range.first), from.upper_bound(end));
    from[range.first] = holder;
    from[end] = after;
  }

  /// The first array of a range that `holder` did not write last.
  std::optional<int64_t> firstOther(const model::ArrayRange &range,
                                    const mlir::Operation *holder) const {
    for (auto it = std::prev(from.upper_bound(range.first));
         it != from.end() && it->first < range.first + range.count; ++it)
      if (it->second != holder)
        return std::max(it->first, range.first);
    return std::nullopt;
  }

private:
  /// The writer of the arrays from each key up to the next one.
  std::map<int64_t, mlir::Operation *> from = {{0, nullptr}};
};

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_HOLDERS_H
