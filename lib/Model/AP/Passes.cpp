// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Passes.h"

#include "llvm/ADT/SmallVector.h"

#include <array>
#include <optional>

using namespace pumice::model;

/// Operations that write D without reading it.
static bool isNew(APOpcode code) {
  return code == APOpcode::addNew || code == APOpcode::subNew;
}

APStep pumice::model::stepOf(const APOperation &op, int64_t i) {
  const APFields fields = fieldsOf(op.code);
  APStep step;
  step.code = op.code;
  step.isFirst = i == 0;
  if (fields.a) {
    step.aIsZero = domainOfA(op, i) < 0;
    step.aInverted = op.isBiased && i + 1 == op.a.width;
  }
  if (fields.b)
    step.bIsZero = domainAt(op.b, i) < 0;
  if (op.code == APOpcode::compare)
    step.isTop = op.a.isSigned && i + 1 == op.steps;
  if (op.code == APOpcode::less) {
    step.isTop = op.a.isSigned && i + 1 == op.steps;
    step.bit = op.constant >> i & 1;
    step.carryIsZero = (op.constant & ((int64_t(1) << i) - 1)) == 0;
  }
  return step;
}

APBits pumice::model::evaluate(const APStep &step, bool carry, bool x, bool a) {
  a = !step.aIsZero && (a != step.aInverted);
  x = x && !(step.bIsZero && isNew(step.code));
  switch (step.code) {
  case APOpcode::add:
  case APOpcode::addNew: {
    const int sum = carry + x + a;
    return {sum > 1, (sum & 1) != 0};
  }
  case APOpcode::sub:
  case APOpcode::subNew: {
    const int difference = x - a - carry;
    return {difference < 0, (difference & 1) != 0};
  }
  case APOpcode::copy:
    return {carry, a};
  case APOpcode::clear:
    return {carry, false};
  case APOpcode::compare:
    // The sign bit counts negative.
    return {x == a ? carry : a != step.isTop, x};
  case APOpcode::select:
    return {carry, carry ? a : x};
  case APOpcode::mask:
    return {carry, x && !carry};
  case APOpcode::top:
    return {a, x};
  case APOpcode::less:
    return {a == step.bit ? carry : step.bit != step.isTop, x};
  case APOpcode::set:
    return {carry, x || carry};
  case APOpcode::between:
    return {carry, x || (carry && !a)};
  }
  return {carry, x};
}

namespace {
/// The passes of one step.
class Builder {
public:
  explicit Builder(const APStep &step) : step(step) {
    const APFields fields = fieldsOf(step.code);
    x = isNew(step.code) ? roleB : roleD;
    if (fields.a && !step.aIsZero)
      searched |= roleA;
    if (isNew(step.code) ? !step.bIsZero : fields.d)
      searched |= x;
  }

  llvm::SmallVector<APPass, 8> build() {
    const bool clearsFirst = clearsCarry(step.code) && step.isFirst;
    const bool startsAtZero = clearsFirst || step.carryIsZero;
    llvm::SmallVector<APPass, 8> passes;
    if (clearsFirst)
      passes.push_back({roleC, roleC, roleC, 0});
    if (isNew(step.code))
      passes.push_back({roleD, roleD, roleD, 0});
    // A carry that is known need not be searched, unless rows that were
    // matched could not be told from others.
    std::optional<llvm::SmallVector<APPass, 8>> rest;
    if (!startsAtZero || !(rest = order(transitions(startsAtZero)))) {
      if (fieldsOf(step.code).carry)
        searched |= roleC;
      rest = order(transitions(startsAtZero));
    }
    passes.append(rest->begin(), rest->end());
    return passes;
  }

private:
  /// States in which something changes, ascending, as passes.
  llvm::SmallVector<APPass, 8> transitions(bool startsAtZero) const {
    llvm::SmallVector<APPass, 8> passes;
    for (unsigned state = 0; state < 8; ++state) {
      const bool c = state & 4, b = state & 2, a = state & 1;
      if ((c && (startsAtZero || !(searched & roleC))) ||
          (b && !(searched & x)) || (a && !(searched & roleA)))
        continue;
      const APBits bits = evaluate(step, c, b, a);
      APPass pass;
      pass.searched = searched;
      pass.key = (c ? roleC : 0) | (b ? x : 0) | (a ? roleA : 0);
      if (bits.carry != c)
        pass.written |= roleC;
      if (bits.result != (isNew(step.code) ? false : b))
        pass.written |= roleD;
      pass.bits =
          pass.written & ((bits.carry ? roleC : 0) | (bits.result ? roleD : 0));
      if (pass.written)
        passes.push_back(pass);
    }
    return passes;
  }

  /// Orders `passes` such that no row matches twice; nullopt if there is no
  /// such order.
  std::optional<llvm::SmallVector<APPass, 8>>
  order(llvm::SmallVector<APPass, 8> passes) const {
    llvm::SmallVector<APPass, 8> ordered;
    while (!passes.empty()) {
      APPass *next = passes.begin();
      auto waits = [&](const APPass &pass) {
        const uint8_t after =
            ((pass.key & ~pass.written) | pass.bits) & pass.searched;
        for (const APPass &other : passes)
          if (other.key == after && &other != &pass)
            return true;
        return false;
      };
      while (next != passes.end() && waits(*next))
        ++next;
      if (next == passes.end())
        return std::nullopt;
      ordered.push_back(*next);
      passes.erase(next);
    }
    return ordered;
  }

  const APStep &step;
  uint8_t x;
  uint8_t searched = 0;
};

struct Tables {
  static size_t index(const APStep &step) {
    return static_cast<size_t>(step.code) * 128 + step.bit * 64 +
           step.carryIsZero * 32 + step.isFirst * 16 + step.isTop * 8 +
           step.aIsZero * 4 + step.bIsZero * 2 + step.aInverted;
  }
  Tables() {
    for (size_t i = 0; i < passes.size(); ++i) {
      APStep step;
      step.code = static_cast<APOpcode>(i / 128);
      step.bit = i & 64;
      step.carryIsZero = i & 32;
      step.isFirst = i & 16;
      step.isTop = i & 8;
      step.aIsZero = i & 4;
      step.bIsZero = i & 2;
      step.aInverted = i & 1;
      passes[i] = Builder(step).build();
    }
  }
  std::array<llvm::SmallVector<APPass, 8>, numAPOpcodes * 128> passes;
};
} // namespace

llvm::ArrayRef<APPass> pumice::model::passesOf(const APStep &step) {
  static const Tables tables;
  return tables.passes[Tables::index(step)];
}
