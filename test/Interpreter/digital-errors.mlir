// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: %npy write %t/x.npy "np.array([-1.0, 1.0], np.float32)"
//
// Functions that the digital unit cannot run, and one that fails while it runs.
//
// RUN: cat %t/entry.mlir %t/dynamic.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/dynamic.mlir
// RUN: cat %t/entry.mlir %t/dynamic-inside.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/dynamic-inside.mlir
// RUN: cat %t/entry.mlir %t/element-type.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/element-type.mlir
// RUN: cat %t/entry.mlir %t/unsupported-op.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/unsupported-op.mlir
// RUN: cat %t/entry.mlir %t/declaration.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/declaration.mlir
// RUN: cat %t/entry.mlir %t/elided.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/elided.mlir
// RUN: cat %t/entry.mlir %t/sparse.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/sparse.mlir
// RUN: cat %t/entry.mlir %t/narrow-constant.mlir | pumice-opt --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/narrow-constant.mlir
// RUN: pumice-opt %t/assertion.mlir --pum-attach-device=device=ideal -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/assertion.mlir

//--- entry.mlir
func.func @main(%x: memref<2xf32, #simulator.memory<host>>) {
  return
}
//--- dynamic.mlir
// CHECK: pumice-sim: error: {{.*}}expected a ranked tensor of static shape without encoding, got tensor<?xf16>
func.func private @f(%x: tensor<?xf16>) -> tensor<?xf16> {
  return %x : tensor<?xf16>
}
//--- dynamic-inside.mlir
// CHECK: pumice-sim: error: {{.*}}'tensor.cast' in a digital region: expected ranked tensors of static shape without encoding, got tensor<?xf32>
func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %d = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %e = math.tanh %d : tensor<?xf32>
  %f = tensor.cast %e : tensor<?xf32> to tensor<4xf32>
  return %f : tensor<4xf32>
}
//--- element-type.mlir
// CHECK: pumice-sim: error: {{.*}}expected elements of i1, i8, i16, i32, i64, index, f16, bf16, f32 or f64, got tensor<4xi4>
func.func private @f(%x: tensor<4xi4>) -> tensor<4xi4> {
  return %x : tensor<4xi4>
}
//--- unsupported-op.mlir
// CHECK: pumice-sim: error: {{.*}}'tensor.gather' is not an op of a digital region (arith, math, linalg, tensor, affine, scf, index, cf.assert)
func.func private @f(%x: tensor<4x4xf32>, %i: tensor<2x1xindex>) -> tensor<2x1x4xf32> {
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<4x4xf32>, tensor<2x1xindex>) -> tensor<2x1x4xf32>
  return %y : tensor<2x1x4xf32>
}
//--- declaration.mlir
// CHECK: pumice-sim: error: {{.*}}digital region 'f': expected a body of one block
func.func private @f(tensor<4xf32>) -> tensor<4xf32>
//--- elided.mlir
// CHECK: pumice-sim: error: {{.*}}constant dense_resource<w>: expected 16 bytes of data, got 0
func.func private @f() -> tensor<4xf32> {
  %c = arith.constant dense_resource<w> : tensor<4xf32>
  return %c : tensor<4xf32>
}
//--- sparse.mlir
// CHECK: pumice-sim: error: {{.*}}expected a dense or dense_resource constant
func.func private @f() -> tensor<4xf32> {
  %c = arith.constant sparse<[[0]], [1.0]> : tensor<4xf32>
  return %c : tensor<4xf32>
}
//--- narrow-constant.mlir
// CHECK: pumice-sim: error: {{.*}}cannot read a constant of type tensor<4xi4>
func.func private @f() -> tensor<4xi8> {
  %c = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi4>
  %y = arith.extsi %c : tensor<4xi4> to tensor<4xi8>
  return %y : tensor<4xi8>
}
//--- assertion.mlir
// CHECK: pumice-sim: error: digital region 'root': assertion failed: not negative (at
#id = affine_map<(d) -> (d)>
func.func @main(%x: memref<2xf32, #simulator.memory<host>>) -> memref<2xf32, #simulator.memory<host>> {
  %y = simulator.buffer : memref<2xf32, #simulator.memory<host>>
  %t = simulator.digital @root (%x) to (%y) : (memref<2xf32, #simulator.memory<host>>) -> memref<2xf32, #simulator.memory<host>>
  return %y : memref<2xf32, #simulator.memory<host>>
}
func.func private @root(%x: tensor<2xf32>) -> tensor<2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.cmpf oge, %in, %zero : f32
    cf.assert %c, "not negative"
    %r = math.sqrt %in : f32
    linalg.yield %r : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}
