// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/InstructionSet.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <optional>

using namespace pumice::model;

InstructionSet pumice::model::allowedInstructionSet() {
  static const InstructionSet allowed = [] {
    const char *value = std::getenv("PUMICE_ISA");
    if (!value || !*value)
      return InstructionSet::Avx512Vnni;
    const auto set = llvm::StringSwitch<std::optional<InstructionSet>>(value)
                         .Case("portable", InstructionSet::Portable)
                         .Case("avx2", InstructionSet::Avx2)
                         .Case("avx512", InstructionSet::Avx512)
                         .Case("avx512vnni", InstructionSet::Avx512Vnni)
                         .Default(std::nullopt);
    if (!set)
      llvm::errs() << "warning: expected PUMICE_ISA to be portable, avx2, "
                      "avx512 or avx512vnni, got '"
                   << value << "'\n";
    return set.value_or(InstructionSet::Avx512Vnni);
  }();
  return allowed;
}

bool pumice::model::mayUse(InstructionSet set) {
  if (set > allowedInstructionSet())
    return false;
#if defined(__x86_64__)
  switch (set) {
  case InstructionSet::Portable:
    return true;
  case InstructionSet::Avx2:
    return __builtin_cpu_supports("avx2");
  case InstructionSet::Avx512:
    return __builtin_cpu_supports("avx512bw");
  case InstructionSet::Avx512Vnni:
    return __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vnni");
  }
#endif
  return set == InstructionSet::Portable;
}
