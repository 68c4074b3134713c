// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK-LABEL: func private @circuits
// CHECK-SAME: test.circuits = #pum.circuits<mapping = kernel, ones = 0.5, pipelined = true, tiles = <kernel_positions = 9, kernel_arrays = 4, dense_arrays = 8, kernel_um = 1453, dense_um = 885>,
// CHECK-SAME: leakage = <array_uw = 0.1, array_uw_per_bit = 0, slices_uw = 0>>
func.func private @circuits() attributes {
  test.circuits = #pum.circuits<mapping = kernel, ones = 0.5, pipelined = true,
    tiles = <kernel_positions = 9, kernel_arrays = 4, dense_arrays = 8, kernel_um = 1453, dense_um = 885>,
    periphery = <narrow_cell_read_pj = 1, array_read_pj = 1, row_pj = 1, multiplexer_pj = 1, encoder_pj = 1, result_pj = 1>,
    accumulation = <slices_pj = 1, slices_pj_per_slice = 1, bits_pj = 1, bits_pj_per_slice = 1, bits_pj_per_bit = 1,
      tree_pj = 1, tree_pj_per_array = 1, dense_tree_pj = 1>,
    interconnect = <array_in_pj = 1, array_out_pj = 1, kernel_tile_pj = 1, dense_tile_pj = 1, chip_pj_per_um = 0.0001>,
    buffers = <array_in_pj = 1, tile_in_pj = 1, array_out_pj = 1, tile_out_pj = 1, chip_out_pj = 1>,
    timing = <window_ns = 1, bit_ns = 1, result_ns = 1, input_ns = 1>,
    leakage = <array_uw = 0.1, array_uw_per_bit = 0, slices_uw = 0>>}

// CHECK-LABEL: func private @parts_of_circuits
// CHECK-SAME: a = #pum.circuit_tiles<kernel_positions = 9, kernel_arrays = 4, dense_arrays = 8, kernel_um = 1453, dense_um = 885>
// CHECK-SAME: b = #pum.circuit_periphery<narrow_cell_read_pj = 1, array_read_pj = 2, row_pj = 3, multiplexer_pj = 4, encoder_pj = 5, result_pj = 6>
// CHECK-SAME: c = #pum.circuit_accumulation<slices_pj = 1, slices_pj_per_slice = 2, bits_pj = 3, bits_pj_per_slice = 4, bits_pj_per_bit = 5, tree_pj = 6, tree_pj_per_array = 7, dense_tree_pj = 8>
// CHECK-SAME: d = #pum.circuit_interconnect<array_in_pj = 1, array_out_pj = 2, kernel_tile_pj = 3, dense_tile_pj = 4, chip_pj_per_um = 0.5>
// CHECK-SAME: e = #pum.circuit_buffers<array_in_pj = 1, tile_in_pj = 2, array_out_pj = 3, tile_out_pj = 4, chip_out_pj = 5>
// CHECK-SAME: f = #pum.circuit_timing<window_ns = 1, bit_ns = 2, result_ns = 3, input_ns = 4>
// CHECK-SAME: g = #pum.circuit_leakage<array_uw = 1, array_uw_per_bit = 2, slices_uw = 3>
func.func private @parts_of_circuits() attributes {
  a = #pum.circuit_tiles<kernel_positions = 9, kernel_arrays = 4, dense_arrays = 8, kernel_um = 1453, dense_um = 885>,
  b = #pum.circuit_periphery<narrow_cell_read_pj = 1, array_read_pj = 2, row_pj = 3, multiplexer_pj = 4,
    encoder_pj = 5, result_pj = 6>,
  c = #pum.circuit_accumulation<slices_pj = 1, slices_pj_per_slice = 2, bits_pj = 3, bits_pj_per_slice = 4,
    bits_pj_per_bit = 5, tree_pj = 6, tree_pj_per_array = 7, dense_tree_pj = 8>,
  d = #pum.circuit_interconnect<array_in_pj = 1, array_out_pj = 2, kernel_tile_pj = 3, dense_tile_pj = 4,
    chip_pj_per_um = 0.5>,
  e = #pum.circuit_buffers<array_in_pj = 1, tile_in_pj = 2, array_out_pj = 3, tile_out_pj = 4, chip_out_pj = 5>,
  f = #pum.circuit_timing<window_ns = 1, bit_ns = 2, result_ns = 3, input_ns = 4>,
  g = #pum.circuit_leakage<array_uw = 1, array_uw_per_bit = 2, slices_uw = 3>}
