// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt --version | FileCheck %s
// RUN: pumice-sim --version | FileCheck %s
// RUN: pumice-lsp-server --version | FileCheck %s
// CHECK: {{^}}pumice {{[0-9]+\.[0-9]+\.[0-9]+}} (LLVM {{[0-9.]+}}
