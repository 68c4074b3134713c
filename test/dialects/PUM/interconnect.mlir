// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// Errors are in test/Device/interconnect.mlir and test/python/model/test_interconnect.py.
// CHECK-LABEL: func private @interconnects
// CHECK-SAME: test.mesh = #pum.interconnect<topology = mesh, level = "tile", rows = 3, columns = 4, tile_pitch_mm = 0.6, bandwidth_bytes_per_ns = 4, router_ns = 1, wire_ns_per_mm = 0.1, router_pj_per_bit = 0.16, wire_pj_per_bit_mm = 0, memory_node = 11, spread_buffer = true>
// CHECK-SAME: test.tree = #pum.interconnect<topology = htree, level = "bank", branching = 4, bandwidth_bytes_per_ns = 0.5, router_ns = 0, wire_ns_per_mm = 0, router_pj_per_bit = 0, wire_pj_per_bit_mm = 0.1>
func.func private @interconnects() attributes {
  test.mesh = #pum.interconnect<topology = mesh, level = "tile", rows = 3, columns = 4, tile_pitch_mm = 0.6,
    bandwidth_bytes_per_ns = 4, router_ns = 1, wire_ns_per_mm = 0.1, router_pj_per_bit = 0.16,
    wire_pj_per_bit_mm = 0, memory_node = 11, spread_buffer = true>,
  test.tree = #pum.interconnect<topology = htree, level = "bank", branching = 4,
    bandwidth_bytes_per_ns = 0.5, router_ns = 0, wire_ns_per_mm = 0, router_pj_per_bit = 0,
    wire_pj_per_bit_mm = 0.1, spread_buffer = false>}
