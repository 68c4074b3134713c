// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s --load-pass-plugin=%t.missing.so 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not pumice-opt %s --load-pass-plugin %s 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not pumice-opt %s -load-dialect-plugin=%s 2>&1 | FileCheck %s --check-prefix=TEXT
//
// A plugin that does not load is an error, not an abort. What one can do is shown by
// examples/cpp_pass, which test/python/docs/test_examples.py builds and runs.
// MISSING: pumice-opt: error: cannot load plugin '{{.*}}.missing.so': {{.*}}No such file
// MISSING-NOT: Stack dump
// TEXT: pumice-opt: error: cannot load plugin '{{.*}}pumice-opt.mlir': {{.*}}
// TEXT-NOT: Stack dump
module {
}
