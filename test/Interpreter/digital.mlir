// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
// RUN: %npy write %t.a.npy "np.array([[1.5, -2.0], [0.25, 8.0]], np.float32)"
// RUN: %npy write %t.b.npy "np.array([3, -4], np.int32)"
// RUN: pumice-sim %t.mlir --input %t.a.npy --input %t.b.npy --output %t.y.npy --output %t.z.npy --output %t.c.npy
// RUN: %npy equal %t.y.npy "np.array([[4.5, 8.0], [0.75, -32.0]], np.float32)"
// RUN: %npy equal %t.z.npy "np.array([True, False])"
// RUN: %npy equal %t.c.npy "np.array(7.0)"
//
// Several inputs and outputs, of several types, among them a scalar; constants in a memory and inside
// the function; a buffer that two instructions read.

!a = memref<2x2xf32, #simulator.memory<buffer>>
!b = memref<2xi32, #simulator.memory<buffer>>
!z = memref<2xi1, #simulator.memory<buffer>>
!c = memref<f64, #simulator.memory<buffer>>
func.func @main(%ha: memref<2x2xf32, #simulator.memory<host>>, %hb: memref<2xi32, #simulator.memory<host>>)
    -> (!a, !z, !c) {
  %a = simulator.buffer : !a
  %t0 = simulator.transfer %ha to %a : memref<2x2xf32, #simulator.memory<host>> to !a
  %b = simulator.buffer : !b
  %t1 = simulator.transfer %hb to %b : memref<2xi32, #simulator.memory<host>> to !b
  %y = simulator.buffer : !a
  %t2 = simulator.digital @multiply (%a, %b) to (%y) after (%t0, %t1) : (!a, !b) -> !a
  %table = simulator.constant dense<[0, 5]> : tensor<2xi32> to !b
  %z = simulator.buffer : !z
  %c = simulator.buffer : !c
  %t3 = simulator.digital @compare (%b, %table) to (%z, %c) after (%t1) : (!b, !b) -> (!z, !c)
  return %y, %z, %c : !a, !z, !c
}
func.func private @multiply(%a: tensor<2x2xf32>, %b: tensor<2xi32>) -> tensor<2x2xf32> {
  %e = tensor.empty() : tensor<2x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<2x2xf32>, tensor<2xi32>) outs(%e : tensor<2x2xf32>) {
  ^bb0(%p: f32, %q: i32, %out: f32):
    %f = arith.sitofp %q : i32 to f32
    %m = arith.mulf %p, %f : f32
    linalg.yield %m : f32
  } -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
func.func private @compare(%b: tensor<2xi32>, %table: tensor<2xi32>) -> (tensor<2xi1>, tensor<f64>) {
  %z = arith.cmpi sgt, %b, %table : tensor<2xi32>
  %seven = arith.constant dense<7.0> : tensor<f64>
  return %z, %seven : tensor<2xi1>, tensor<f64>
}
