// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- InstructionSet.h - Which kernels may run -----------------*- C++ -*-===//
//
// Kernels come in versions for several instruction sets, with the same results.
// The environment variable PUMICE_ISA limits the choice, so that tests can run
// each version on one machine.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CORE_INSTRUCTIONSET_H
#define PUMICE_LIB_MODEL_CORE_INSTRUCTIONSET_H

namespace pumice::model {

/// In ascending order: each includes those before it.
enum class InstructionSet { Portable, Avx2, Avx512, Avx512Vnni };

/// The largest set that PUMICE_ISA allows: "portable", "avx2", "avx512" or
/// "avx512vnni". Without the variable, or with another value (which is reported
/// once on stderr), it is the last one. It is read once per process.
InstructionSet allowedInstructionSet();

/// True if this machine has the instructions and PUMICE_ISA allows them.
bool mayUse(InstructionSet set);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_INSTRUCTIONSET_H
