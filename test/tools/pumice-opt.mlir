// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --load-pass-plugin=%t.missing.so 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not pumice-opt %s --load-pass-plugin %s 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not pumice-opt %s -load-dialect-plugin=%s 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not pumice-opt %s --linalg-to-simulator 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not pumice-opt %s --linalg-to-simulator --mlir-print-op-on-diagnostic 2>&1 | FileCheck %s --check-prefix=LONG
//
// A plugin that does not load is an error, not an abort. What one can do is shown by
// examples/cpp_pass, which test/python/docs/test_examples.py builds and runs.
// MISSING: pumice-opt: error: cannot load plugin '{{.*}}.missing.so': {{.*}}No such file
// MISSING-NOT: Stack dump
// TEXT: pumice-opt: error: cannot load plugin '{{.*}}pumice-opt.mlir': {{.*}}
// TEXT-NOT: Stack dump
//
// The module of an error is printed only if asked for: it may be long.
// SHORT: error: expected one public function, got 0
// SHORT-NOT: see current operation
// LONG: note: see current operation
module {
}
