// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed 's/latency_ns = 0,/latency_ns = 1.0e50,/' %presets/isaac.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir -o %t.mlir
// RUN: not pumice-sim %t.mlir --estimate 2>&1 | FileCheck %s
//
// Times add up in picoseconds, up to 46 days.
// CHECK: pumice-sim: error: {{.*}}expected a program of less than 4000000 s, got more at instruction 0 (at '{{.*}}')
!host = memref<4xf32, #simulator.memory<host>>
func.func @main(%x: !host) {
  %a = simulator.buffer : !host
  %t0 = simulator.transfer %x to %a : !host to !host
  %b = simulator.buffer : !host
  %t1 = simulator.transfer %a to %b after (%t0) : !host to !host
  %c = simulator.buffer : !host
  %t2 = simulator.transfer %b to %c after (%t1) : !host to !host
  return
}
