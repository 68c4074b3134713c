// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DigitalCompiler.h - Tensor functions to native code ------*- C++ -*-===//
//
// Ops that run on the digital unit (quantization, pooling, residual additions,
// float layers, ...) form functions of upstream ops on static tensors. This
// compiler turns such functions into native code.
//
// Arithmetic follows IEEE 754 and the definitions of the ops: no fast-math, no
// contraction of mulf and addf, and sums in the defined order. f32 exp, expm1,
// tanh and erf have an error of at most one unit in the last place
// (MathExpand.h) and are equal on every host; other functions are those of the
// host's libm.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_DIGITALCOMPILER_H
#define PUMICE_LIB_DIGITAL_DIGITALCOMPILER_H

#include "lib/Digital/CodeCache.h"
#include "lib/Digital/Jit.h"
#include "lib/Digital/Lowering.h"
#include "lib/Support/ConstantData.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace pumice::digital {

struct Options {
  unsigned optLevel = 2;     ///< LLVM pipeline, 0 to 3
  unsigned threads = 0;      ///< for code generation; 0: as the MLIR context
  bool expandMath = true;    ///< f32 exp, tanh, erf inline; false: libm
  std::string dumpDirectory; ///< if set: <dir>/region<k>.{ll,s}, and no cache
  std::string cacheDirectory = CodeCache::defaultDirectory(); ///< "": none
};

/// Compiles with or without what defines accesses out of bounds, divisions by
/// zero and the like, from now on and in the whole process. Only for
/// measurements of what the checks cost: code without them may read and write
/// any memory. It is never in the cache.
void setChecks(bool areOn);

/// Wall times in milliseconds.
struct CompileStats {
  double lowerMs = 0;   ///< MLIR passes
  double codegenMs = 0; ///< LLVM: translation, optimization, emission
  double linkMs = 0;
  double totalMs = 0; ///< `compile`, including reads of the cache
  size_t functions = 0;
  size_t distinct = 0; ///< the others share their code
  size_t cached = 0;   ///< of the distinct ones: code was on disk
  std::string warning; ///< why the cache is not used, if it is to be
};

class CompiledRegions;

/// Compiles `functions` of `module`, which does not change. Each must be one
/// block of arith, math, linalg, tensor, affine, scf and index ops and
/// cf.assert on ranked static tensors without encoding. Functions that differ
/// only in their names and in the values of their constants share code. Code in
/// the cache is reused.
llvm::Expected<std::unique_ptr<CompiledRegions>>
compile(mlir::ModuleOp module, llvm::ArrayRef<mlir::func::FuncOp> functions,
        const Options &options = {});

/// One compiled function. Buffers are dense and row-major, in the order of the
/// function's arguments and results: f32, f64, iN (N = 8, 16, 32, 64) as in
/// memory, i1 as one byte 0 or 1, index as eight bytes. A scalar is a buffer of
/// one element.
class CompiledRegion {
public:
  /// Runs the function. Inputs are only read and may coincide; an output must
  /// overlap nothing else. Thread safe. Fails when the number of buffers is
  /// wrong, a `cf.assert` does not hold, an op would access an element out of
  /// bounds or is not defined for its operands (a division by zero, a shift by
  /// its width), or memory is missing. Outputs are then undefined.
  llvm::Error invoke(llvm::ArrayRef<void *> inputs,
                     llvm::ArrayRef<void *> outputs) const;

  llvm::StringRef getName() const { return name; }
  llvm::ArrayRef<int64_t> getInputBytes() const { return inputBytes; }
  llvm::ArrayRef<int64_t> getOutputBytes() const { return outputBytes; }

private:
  friend llvm::Expected<std::unique_ptr<CompiledRegions>>
  compile(mlir::ModuleOp, llvm::ArrayRef<mlir::func::FuncOp>, const Options &);

  std::string name;
  std::vector<int64_t> inputBytes, outputBytes;
  std::vector<OpPlace> places;         ///< of its ops, for errors
  std::vector<const void *> constants; ///< passed after the inputs
  Entry entry = nullptr;
  const FunctionFacts *facts = nullptr; ///< temporaries are passed last
};

/// The result of `compile`. Large constants are not copied, so the MLIR context
/// with its resource blobs must outlive it.
class CompiledRegions {
public:
  CompiledRegions();
  ~CompiledRegions();
  size_t size() const { return regions.size(); }
  /// In the order of the functions given to `compile`.
  const CompiledRegion &operator[](size_t index) const {
    return regions[index];
  }
  /// The function with a name; null if there is none.
  const CompiledRegion *lookup(llvm::StringRef name) const;
  const CompileStats &getStats() const { return stats; }

private:
  friend llvm::Expected<std::unique_ptr<CompiledRegions>>
  compile(mlir::ModuleOp, llvm::ArrayRef<mlir::func::FuncOp>, const Options &);

  std::vector<CompiledRegion> regions;
  llvm::StringMap<size_t> indexOf;
  std::vector<ConstantData> constants;
  std::vector<FunctionFacts> facts; ///< of the distinct functions
  std::unique_ptr<JitImage> image;
  CompileStats stats;
};

/// Size in bytes of a buffer of `type`, as described above; fails for other
/// types.
llvm::Expected<int64_t> getBufferBytes(mlir::Type type);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_DIGITALCOMPILER_H
