// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attribute reads what it prints, and errors name the line and the field.
// RUN: sed 's/^  laws = /  interconnect = <topology = mesh, level = "tile", rows = 12, columns = 14, bandwidth_bytes_per_ns = 4, router_ns = 1, wire_ns_per_mm = 0.1, router_pj_per_bit = 0.16, wire_pj_per_bit_mm = 0.1, memory_node = 7>, laws = /' %presets/isaac.mlir > %t.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.mlir | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=%t.mlir | pumice-opt | FileCheck %s
// CHECK: interconnect = <topology = mesh, level = "tile", rows = 12, columns = 14, bandwidth_bytes_per_ns = 4, router_ns = 1, wire_ns_per_mm = 0.1, router_pj_per_bit = 0.16, wire_pj_per_bit_mm = 0.1, memory_node = 7>
// RUN: sed 's/rows = 12, columns = 14/rows = 12, columns = 13/' %t.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=FIT
// FIT: interconnect has a mesh of 12 x 13 nodes, expected room for the 168 tiles of the device
// RUN: sed 's/bandwidth_bytes_per_ns = 4, router/bandwidth_bytes_per_ns = 0, router/' %t.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=BANDWIDTH
// BANDWIDTH: line {{[0-9]+}}, column {{[0-9]+}}: bandwidth_bytes_per_ns must be above 0, got 0
// RUN: sed 's/topology = mesh, level = "tile", rows = 12, columns = 14/topology = htree, level = "tile", branching = 1/;s/, memory_node = 7//' %t.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=BRANCHING
// BRANCHING: line {{[0-9]+}}, column {{[0-9]+}}: branching must be at least 2, got 1
// RUN: sed 's/"chip", holds = 168/"chip"/' %t.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: interconnect joins level "tile", expected a limit to its number, got level "chip" of group "arrays" without one
// RUN: sed 's/"chip", holds = 168/"chip", holds = 300000/' %t.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=MOST
// MOST: interconnect must join at most 262144 tiles, got 300000
// RUN: sed 's/^  dram = /  interconnect = <topology = htree, level = "pe", branching = 2, bandwidth_bytes_per_ns = 4, router_ns = 1, wire_ns_per_mm = 0.1, router_pj_per_bit = 0.16, wire_pj_per_bit_mm = 0.1>, dram = /;s/"chip">/"chip", holds = 4>/' %presets/neurosim-rram.mlir > %t2.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t2.mlir 2>&1 | FileCheck %s --check-prefix=CIRCUITS
// CIRCUITS: interconnect and the circuits of group "arrays" both count the interconnect, expected one of them
module {}
