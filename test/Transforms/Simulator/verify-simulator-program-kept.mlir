// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --verify-simulator-program -split-input-file -verify-diagnostics

func.func @good(%x: memref<2x3xi8, #simulator.memory<host>>) -> memref<2x1xi32, #simulator.memory<buffer>> {
  %c = simulator.buffer : memref<2x3xi8, #simulator.memory<processors>>
  %y = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  %0 = simulator.ap_exec %x, %c on <"processors", 0, 2> program dense<[80, 65]> : tensor<2xi8>
     : memref<2x3xi8, #simulator.memory<host>>, memref<2x3xi8, #simulator.memory<processors>>
  %1 = simulator.ap_exec %c, %y on <"processors", 2, 3> program dense<[80, 65]> : tensor<2xi8> after(%0)
     : memref<2x3xi8, #simulator.memory<processors>>, memref<2x1xi32, #simulator.memory<buffer>>
  %z = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  %2 = simulator.ap_exec %c with %x, %z on <"processors", 2, 3> program dense<[80, 65]> : tensor<2xi8> after(%0)
     : memref<2x3xi8, #simulator.memory<processors>> with memref<2x3xi8, #simulator.memory<host>>, memref<2x1xi32, #simulator.memory<buffer>>
  return %y : memref<2x1xi32, #simulator.memory<buffer>>
}

// -----

func.func @overlap(%x: memref<2x3xi8, #simulator.memory<host>>) {
  %c = simulator.buffer : memref<2x3xi8, #simulator.memory<processors>>
  %y = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  // expected-note @below {{they are left here}}
  %0 = simulator.ap_exec %x, %c on <"processors", 0, 2> program dense<[80, 65]> : tensor<2xi8>
     : memref<2x3xi8, #simulator.memory<host>>, memref<2x3xi8, #simulator.memory<processors>>
  // expected-error @below {{runs on processor 1, which holds values that are read later}}
  %1 = simulator.ap_exec %c, %y on <"processors", 1, 3> program dense<[80, 65]> : tensor<2xi8> after(%0)
     : memref<2x3xi8, #simulator.memory<processors>>, memref<2x1xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @transfer(%x: memref<2x3xi8, #simulator.memory<host>>) {
  %c = simulator.buffer : memref<2x3xi8, #simulator.memory<processors>>
  // expected-error @below {{writes to processors, expected a simulator.ap_exec}}
  %0 = simulator.transfer %x to %c : memref<2x3xi8, #simulator.memory<host>> to memref<2x3xi8, #simulator.memory<processors>>
  return
}

// -----

func.func @nothing() {
  %c = simulator.buffer : memref<2x3xi8, #simulator.memory<processors>>
  %y = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{reads processors, expected a simulator.ap_exec behind the one that leaves values there}}
  %1 = simulator.ap_exec %c, %y on <"processors", 1, 3> program dense<[80, 65]> : tensor<2xi8>
     : memref<2x3xi8, #simulator.memory<processors>>, memref<2x1xi32, #simulator.memory<buffer>>
  return
}

// -----

func.func @digital(%x: memref<2x3xi8, #simulator.memory<host>>) {
  %c = simulator.buffer : memref<2x3xi8, #simulator.memory<processors>>
  %y = simulator.buffer : memref<2x3xi8, #simulator.memory<buffer>>
  %0 = simulator.ap_exec %x, %c on <"processors", 0, 2> program dense<[80, 65]> : tensor<2xi8>
     : memref<2x3xi8, #simulator.memory<host>>, memref<2x3xi8, #simulator.memory<processors>>
  // expected-error @below {{reads processors, expected a simulator.ap_exec behind}}
  %1 = simulator.transfer %c to %y after(%0) : memref<2x3xi8, #simulator.memory<processors>> to memref<2x3xi8, #simulator.memory<buffer>>
  return
}

// -----

// expected-error @below {{expected arguments in a memory, got 'memref<2x3xi8, #simulator.memory<processors>>'}}
func.func @argument(%x: memref<2x3xi8, #simulator.memory<processors>>) {
  return
}
