// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-simulator-program -split-input-file -verify-diagnostics | FileCheck %s

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
// Waiting for the last of a chain is enough.
// CHECK-LABEL: func @complete
func.func @complete(%x: !host) -> !host {
  %a = simulator.buffer : !data
  %t0 = simulator.transfer %x to %a : !host to !data
  %b = simulator.buffer : !data
  %t1 = simulator.digital @tanh (%a) to (%b) after (%t0) : (!data) -> !data
  %c = simulator.buffer : !data
  %t2 = simulator.digital @tanh (%b) to (%c) after (%t1) : (!data) -> !data
  %d = simulator.buffer : !host
  %t3 = simulator.transfer %a to %d after (%t2) : !data to !host
  return %d : !host
}
func.func private @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
// expected-error @below {{expected a function of one block}}
func.func @two_blocks(%x: !host) -> !host {
  cf.br ^bb1
^bb1:
  return %x : !host
}

// -----

// expected-error @below {{expected arguments in a memory, got 'memref<4xf32>'}}
func.func @argument_without_memory(%x: memref<4xf32>) {
  return
}

// -----

func.func @not_an_instruction(%x: memref<4xf32, #simulator.memory<host>>) {
  // expected-error @below {{expected instructions, got 'arith.constant'}}
  %c = arith.constant 1 : i32
  return
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @returns_unwritten() -> !host {
  %a = simulator.buffer : !host
  // expected-error @below {{returns a buffer that nothing writes}}
  return %a : !host
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @reads_unwritten() {
  %a = simulator.buffer : !data
  %b = simulator.buffer : !host
  // expected-error @below {{'simulator.transfer' op reads a buffer that nothing has written}}
  %t = simulator.transfer %a to %b : !data to !host
  return
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @reads_without_waiting(%x: !host) {
  %a = simulator.buffer : !data
  // expected-note @below {{for this one}}
  %t0 = simulator.transfer %x to %a : !host to !data
  %b = simulator.buffer : !host
  // expected-error @below {{'simulator.transfer' op reads a buffer without waiting for another instruction}}
  %t1 = simulator.transfer %a to %b : !data to !host
  return
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @writes_argument(%x: !host, %y: !host) {
  // expected-error @below {{'simulator.transfer' op writes to a value that is not a simulator.buffer}}
  %t = simulator.transfer %x to %y : !host to !host
  return
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @writes_twice(%x: !host) {
  %a = simulator.buffer : !data
  // expected-note @below {{it is written here}}
  %t0 = simulator.transfer %x to %a : !host to !data
  // expected-error @below {{'simulator.transfer' op writes a buffer that is already written}}
  %t1 = simulator.transfer %x to %a after (%t0) : !host to !data
  return
}

// -----

!data = memref<4xf32, #simulator.memory<buffer>>
!host = memref<4xf32, #simulator.memory<host>>
func.func @probes_too_early(%x: !host) {
  simulator.probe %x as "an argument is there" : !host
  %a = simulator.buffer : !data
  // expected-error @below {{'simulator.probe' op reads a buffer that nothing has written}}
  simulator.probe %a as "too early" : !data
  %t0 = simulator.transfer %x to %a : !host to !data
  return
}
