// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/TaskDependences.h"

#include "llvm/ADT/STLExtras.h"

#include <array>

using namespace mlir;
using namespace pumice;

TaskDependences::TaskDependences(Block &block,
                                 function_ref<bool(Value)> orders) {
  for (Operation &op : block) {
    index.try_emplace(&op, index.size());
    begins.push_back(producers.size());
    for (Value operand : op.getOperands())
      if (orders(operand))
        if (Operation *def = operand.getDefiningOp())
          if (auto it = index.find(def); it != index.end())
            producers.push_back(it->second);
  }
  begins.push_back(producers.size());
}

size_t TaskDependences::ask(Operation *later, Operation *earlier) {
  questions.push_back({index.lookup(later), index.lookup(earlier)});
  return questions.size() - 1;
}

bool TaskDependences::isDirect(Question question) const {
  auto begin = producers.begin() + begins[question.later];
  auto end = producers.begin() + begins[question.later + 1];
  return std::find(begin, end, question.earlier) != end;
}

std::optional<size_t> TaskDependences::firstNo() const {
  // Most tasks name what they wait for.
  std::vector<size_t> open;
  for (size_t i = 0; i < questions.size(); ++i)
    if (!isDirect(questions[i]))
      open.push_back(i);
  llvm::stable_sort(open, [&](size_t a, size_t b) {
    return questions[a].earlier < questions[b].earlier;
  });

  constexpr size_t words = 8, bits = 64 * words;
  using Set = std::array<uint64_t, words>;
  std::vector<Set> reached; ///< of each op, the tasks that it waits for
  std::optional<size_t> no;
  for (size_t first = 0; first < open.size();) {
    // As many questions as ask about `bits` different tasks.
    std::vector<unsigned> asked;
    size_t end = first;
    unsigned last = 0;
    for (; end < open.size(); ++end) {
      const Question &question = questions[open[end]];
      if (asked.empty() || asked.back() != question.earlier) {
        if (asked.size() == bits)
          break;
        asked.push_back(question.earlier);
      }
      last = std::max(last, question.later);
    }
    const unsigned base = asked.front();
    reached.assign(last >= base ? last - base + 1 : 0, Set{});
    for (size_t op = base, next = 0; op <= last; ++op) {
      Set &set = reached[op - base];
      for (size_t i = begins[op]; i < begins[op + 1]; ++i)
        if (producers[i] >= base)
          for (size_t w = 0; w < words; ++w)
            set[w] |= reached[producers[i] - base][w];
      // From here on, the bit of an op that is asked about stands for it.
      if (next < asked.size() && asked[next] == op) {
        set[next / 64] |= uint64_t(1) << next % 64;
        ++next;
      }
    }
    for (size_t i = first; i < end; ++i) {
      const Question &question = questions[open[i]];
      size_t bit = llvm::lower_bound(asked, question.earlier) - asked.begin();
      bool waits = question.later > question.earlier &&
                   (reached[question.later - base][bit / 64] >> bit % 64 & 1);
      if (!waits && (!no || open[i] < *no))
        no = open[i];
    }
    first = end;
  }
  return no;
}
