// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s "--pum-insert-probes=nodes=first,last kinds=gelu" | FileCheck %s
// RUN: pumice-opt %s "--pum-insert-probes=nodes=first,last kinds=gelu" "--pum-insert-probes=nodes=first,last kinds=gelu" | FileCheck %s
// RUN: not pumice-opt %s "--pum-insert-probes=nodes=first,second" 2>&1 | FileCheck %s --check-prefix=NODE
// RUN: not pumice-opt %s "--pum-insert-probes=kinds=gelo" 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: pumice-opt %s "--quantized-to-crossbar=device=ideal probe-nodes=last probe-kinds=gelu" --crossbar-to-pum --pum-to-simulator | FileCheck %s --check-prefix=PROGRAM
// NODE: error: expected a node of the network to probe, got 'second'
// KIND: error: expected a kind of nonlinear function to probe, got 'gelo'

// PROGRAM: simulator.probe %{{.*}} as "activation.input" : memref<4xf32
// PROGRAM: simulator.probe %{{.*}} as "activation" : memref<4xf32
// PROGRAM: simulator.probe %{{.*}} as "last" : memref<4xf32

// The last op of a node makes its value.
// CHECK-LABEL: func @network
// CHECK: arith.negf
// CHECK-NEXT: %[[A:.*]] = math.absf
// CHECK-NEXT: pum.probe %[[A]] as "first" : tensor<4xf32>
// CHECK-NEXT: pum.probe %[[A]] as "activation.input" : tensor<4xf32>
// CHECK-NEXT: %[[B:.*]] = pum.nonlinear gelu(%[[A]])
// CHECK: }
// CHECK-NEXT: pum.probe %[[B]] as "activation" : tensor<4xf32>
// CHECK-NEXT: %[[C:.*]] = arith.negf %[[B]]
// CHECK-NEXT: pum.probe %[[C]] as "last" : tensor<4xf32>
// CHECK-NEXT: return
func.func @network(%x: tensor<4xf32>) -> tensor<4xf32> {
  %n = arith.negf %x : tensor<4xf32> loc(#first)
  %a = math.absf %n : tensor<4xf32> loc(#first)
  %b = pum.nonlinear gelu(%a) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%in: tensor<4xf32>):
    %0 = math.tanh %in : tensor<4xf32> loc(#last)
    pum.yield %0 : tensor<4xf32>
  } loc(#activation)
  %c = arith.negf %b : tensor<4xf32> loc(#last)
  return %c : tensor<4xf32>
}
#first = loc("layer"("first"("net.py":1:1)))
#activation = loc("layer"("activation"("net.py":2:1)))
#last = loc("layer"("last"("net.py":3:1)))
