// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac -o %t.mlir
// RUN: pumice-sim %t.mlir --estimate --report %t.json
// RUN: %python -c "import json; print(*(round(a['area_mm2'], 5) for a in json.load(open(r'%t.json'))['levels']))" | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=neon -o %t.mlir
// RUN: pumice-sim %t.mlir --estimate --report %t.json
// RUN: %python -c "import json; r = json.load(open(r'%t.json')); print(*(round(a[u], 9) for u in ('area_mm2', 'power_mw') for a in r['levels'][:2]))" | FileCheck %s --check-prefix=NEON
//
// The published area and power of a subarray and a bank of NEON.
// NEON: 0.01312 0.48494 24.08 360.79
//
// The published areas of ISAAC: 0.01312 mm2 an IMA, 0.372 a tile, 85.4 a chip.
// CHECK: 0.01312 0.37229 85.42472
func.func @f() {
  return
}
