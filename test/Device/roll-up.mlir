// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac -o %t.mlir
// RUN: pumice-sim %t.mlir --estimate --report %t.json
// RUN: %python -c "import json; a = json.load(open(r'%t.json'))['area_mm2']; print(*(round(a[k], 5) for k in ('ima', 'tile', 'chip')))" | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=neon -o %t.mlir
// RUN: pumice-sim %t.mlir --estimate --report %t.json
// RUN: %python -c "import json; r = json.load(open(r'%t.json')); print(*(round(r[u][k], 9) for u in ('area_mm2', 'power_mw') for k in ('ima', 'tile')))" | FileCheck %s --check-prefix=NEON
//
// The published area and power of a subarray and a bank of NEON.
// NEON: 0.01312 0.48494 24.08 360.79
//
// The published areas of ISAAC: 0.01312 mm2 an IMA, 0.372 a tile, 85.4 a chip.
// CHECK: 0.01312 0.37229 85.42472
func.func @f() {
  return
}
