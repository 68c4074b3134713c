// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
//
// RUN: not pumice-sim %t.mlir --input %t.nowhere.npy 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: pumice-sim: error: '{{.*}}nowhere.npy': {{[Nn]}}o such file or directory
// RUN: not pumice-sim %t.mlir --input %s 2>&1 | FileCheck %s --check-prefix=FOREIGN
// FOREIGN: pumice-sim: error: '{{.*}}npy-errors.mlir': expected a NumPy array file
// RUN: %python -c "open(r'%t.empty.npy', 'wb')"
// RUN: not pumice-sim %t.mlir --input %t.empty.npy 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: pumice-sim: error: '{{.*}}empty.npy': expected a NumPy array file
//
// Files cut or changed in one place each.
// RUN: %npy write %t.npy "np.ones((4, 8), np.int8)"
// RUN: %python %s.py %t.npy
// RUN: not pumice-sim %t.mlir --input %t.npy.header 2>&1 | FileCheck %s --check-prefix=HEADER
// HEADER: the header is not one of NumPy's formats 1 to 3
// RUN: not pumice-sim %t.mlir --input %t.npy.version 2>&1 | FileCheck %s --check-prefix=VERSION
// VERSION: the header is not one of NumPy's formats 1 to 3
// RUN: not pumice-sim %t.mlir --input %t.npy.descr 2>&1 | FileCheck %s --check-prefix=DESCR
// DESCR: the header does not name an element type
// RUN: not pumice-sim %t.mlir --input %t.npy.shape 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: the header does not name a shape
// RUN: not pumice-sim %t.mlir --input %t.npy.extent 2>&1 | FileCheck %s --check-prefix=EXTENT
// EXTENT: expected non-negative extents in the shape, got '99999999999999999999'
// RUN: not pumice-sim %t.mlir --input %t.npy.huge 2>&1 | FileCheck %s --check-prefix=HUGE
// HUGE: pumice-sim: error: '{{.*}}': expected a tensor of fewer than 2^63 bytes, got more at axis 1 of extent 4
// RUN: not pumice-sim %t.mlir --input %t.npy.large 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: pumice-sim: error: '{{.*}}': expected 1125899906842624 bytes of data, got
// RUN: not pumice-sim %t.mlir --input %t.npy.data 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: expected 32 bytes of data, got 31
// RUN: %npy write %t.fortran.npy "np.asfortranarray(np.ones((4, 8), np.int8))"
// RUN: not pumice-sim %t.mlir --input %t.fortran.npy 2>&1 | FileCheck %s --check-prefix=FORTRAN
// FORTRAN: expected C order, got Fortran order
// RUN: %npy write %t.complex.npy "np.ones((4, 8), np.complex64)"
// RUN: not pumice-sim %t.mlir --input %t.complex.npy 2>&1 | FileCheck %s --check-prefix=COMPLEX
// COMPLEX: cannot read elements of type '<c8'
// RUN: %npy write %t.big.npy "np.ones((4, 8), '>i4')"
// RUN: not pumice-sim %t.mlir --input %t.big.npy 2>&1 | FileCheck %s --check-prefix=BIG
// BIG: cannot read elements of type '>i4'

func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x8xi8, #simulator.memory<host>> {
  %y = simulator.buffer : memref<4x8xi8, #simulator.memory<host>>
  %t = simulator.transfer %x to %y
      : memref<4x8xi8, #simulator.memory<host>> to memref<4x8xi8, #simulator.memory<host>>
  return %y : memref<4x8xi8, #simulator.memory<host>>
}
