// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_DIALECTS_PUM_PUMATTRS_TD
#define PUMICE_DIALECTS_PUM_PUMATTRS_TD

include "dialects/PUM/PUMDialect.td"
include "dialects/PUM/PUMEnums.td"
include "dialects/PUM/PUMInterfaces.td"
include "dialects/Interfaces/LayerTarget.td"

// The device: one attribute per part, every number with its unit in its name.
// The same text is the format of a device file (lib/Device/presets).

class PUM_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<PUM_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

class PUM_Number<string unit> : AttrParameter<"::pumice::Number", unit>;

def PUM_TimingAttr : PUM_Attr<"Timing", "timing"> {
  let summary = "times of a crossbar array, in ns";
  let description = [{
    - `read_ns`: one read: drive the wordlines, settle, sample;
    - `adc_ns`: one conversion; the columns of a converter are converted one
      after the other;
    - `row_write_ns`: programming the cells of one wordline; with
      `write_verify` of the array, one pulse of it;
    - `verify_ns` (0 by default): the verifying read after such a pulse.

    All are at least 0.
  }];
  let parameters = (ins PUM_Number<"ns">:$read_ns, PUM_Number<"ns">:$adc_ns,
    PUM_Number<"ns">:$row_write_ns,
    DefaultValuedParameter<"::pumice::Number", "::pumice::Number{0}", "ns">:$verify_ns);
}

def PUM_LevelStepsAttr : PUM_Attr<"LevelSteps", "level_steps"> {
  let summary = "energies of programming pulses per level, in pJ";
  let description = [{
    The energy per level by which a pulse raises (`set_pj`) or lowers
    (`reset_pj`) a cell. Both are at least 0.
  }];
  let parameters = (ins PUM_Number<"pJ">:$set_pj, PUM_Number<"pJ">:$reset_pj);
}

def PUM_EnergyAttr : PUM_Attr<"Energy", "energy"> {
  let summary = "energies of a crossbar array per event, in pJ";
  let description = [{
    Per cell read (`cell_read_pj`), wordline driven (`dac_pj`), column sampled
    (`sample_hold_pj`), conversion (`adc_pj`), conversion added to an
    accumulator (`shift_add_pj`) and cell programmed (`cell_write_pj`). All are
    at least 0. With `level_steps`, a pulse whose old and new level are known
    takes the energy of its step; other pulses take `cell_write_pj`.

    With `write_verify` of the array, a cell takes `cell_write_pj` for each pulse
    after the first one, and `verify_pj` (0 by default) for each verifying read.
  }];
  let parameters = (ins PUM_Number<"pJ">:$cell_read_pj, PUM_Number<"pJ">:$dac_pj,
    PUM_Number<"pJ">:$sample_hold_pj, PUM_Number<"pJ">:$adc_pj,
    PUM_Number<"pJ">:$shift_add_pj, PUM_Number<"pJ">:$cell_write_pj,
    OptionalParameter<"::pumice::pum::LevelStepsAttr">:$level_steps,
    DefaultValuedParameter<"::pumice::Number", "::pumice::Number{0}", "pJ">:$verify_pj);
}

//===----------------------------------------------------------------------===//
// Circuits around arrays
//===----------------------------------------------------------------------===//

def PUM_CircuitTilesAttr : PUM_Attr<"CircuitTiles", "circuit_tiles"> {
  let summary = "the tiles of a chip of crossbar arrays";
  let description = [{
    A tile for convolutions has `kernel_arrays` x `kernel_arrays` arrays for each
    of `kernel_positions` positions of a kernel and sides of `kernel_um`; a tile
    for other layers has `dense_arrays` x `dense_arrays` arrays and sides of
    `dense_um`. Counts are at least 1, lengths at least 0.
  }];
  let parameters = (ins "int64_t":$kernel_positions, "int64_t":$kernel_arrays,
    "int64_t":$dense_arrays, PUM_Number<"um">:$kernel_um,
    PUM_Number<"um">:$dense_um);
}

def PUM_CircuitPeripheryAttr : PUM_Attr<"CircuitPeriphery", "circuit_periphery"> {
  let summary = "energies of switches, encoders and result registers, in pJ";
  let description = [{
    - `narrow_cell_read_pj`: a cell on a row that is on, for weights that one
      cell holds (`cell_read_pj` of the group is for wider ones);
    - `array_read_pj`: the row switches of an array, per read;
    - `row_pj`: a row that is on, besides `dac_pj`;
    - `multiplexer_pj`: the column multiplexers of an array, per read of all
      input bits;
    - `encoder_pj`: the encoders of an array, per read;
    - `result_pj`: a bit of a result.

    All are at least 0.
  }];
  let parameters = (ins PUM_Number<"pJ">:$narrow_cell_read_pj,
    PUM_Number<"pJ">:$array_read_pj, PUM_Number<"pJ">:$row_pj,
    PUM_Number<"pJ">:$multiplexer_pj, PUM_Number<"pJ">:$encoder_pj,
    PUM_Number<"pJ">:$result_pj);
}

def PUM_CircuitAccumulationAttr : PUM_Attr<"CircuitAccumulation", "circuit_accumulation"> {
  let summary = "energies of shift-and-adds and adder trees, in pJ";
  let description = [{
    For weights of `s` cells and inputs of `a` bits:

    - over the cells of a weight, per column and read, if `s > 1`:
      `slices_pj + s slices_pj_per_slice`;
    - over the bits of the inputs, per weight of a row of an array and read:
      `bits_pj + s bits_pj_per_slice + a bits_pj_per_bit`;
    - adder trees, per window, result of the tile and bit of it:
      `tree_pj + r tree_pj_per_array` in tiles for convolutions, whose channels
      take `r` arrays, and `dense_tree_pj` in others.

    All are at least 0.
  }];
  let parameters = (ins PUM_Number<"pJ">:$slices_pj,
    PUM_Number<"pJ">:$slices_pj_per_slice, PUM_Number<"pJ">:$bits_pj,
    PUM_Number<"pJ">:$bits_pj_per_slice, PUM_Number<"pJ">:$bits_pj_per_bit,
    PUM_Number<"pJ">:$tree_pj, PUM_Number<"pJ">:$tree_pj_per_array,
    PUM_Number<"pJ">:$dense_tree_pj);
}

def PUM_CircuitInterconnectAttr : PUM_Attr<"CircuitInterconnect", "circuit_interconnect"> {
  let summary = "energies of buses and trees per bit, in pJ";
  let description = [{
    Per bit into (`array_in_pj`) and out of (`array_out_pj`) the arrays of a
    position, through the tree of a tile (`kernel_tile_pj`, `dense_tile_pj`), and
    per um of the tree of the chip (`chip_pj_per_um`), whose length follows from
    the number and the sides of the tiles. All are at least 0.
  }];
  let parameters = (ins PUM_Number<"pJ">:$array_in_pj,
    PUM_Number<"pJ">:$array_out_pj, PUM_Number<"pJ">:$kernel_tile_pj,
    PUM_Number<"pJ">:$dense_tile_pj, PUM_Number<"pJ per um">:$chip_pj_per_um);
}

def PUM_CircuitBuffersAttr : PUM_Attr<"CircuitBuffers", "circuit_buffers"> {
  let summary = "energies of the buffers of a chip per bit, in pJ";
  let description = [{
    Per bit that the buffers of positions take in (`array_in_pj`) and give
    (`array_out_pj`), those of tiles (`tile_in_pj`, `tile_out_pj`), and that the
    buffer of the chip takes back (`chip_out_pj`). All are at least 0.
  }];
  let parameters = (ins PUM_Number<"pJ">:$array_in_pj,
    PUM_Number<"pJ">:$tile_in_pj, PUM_Number<"pJ">:$array_out_pj,
    PUM_Number<"pJ">:$tile_out_pj, PUM_Number<"pJ">:$chip_out_pj);
}

def PUM_CircuitTimingAttr : PUM_Attr<"CircuitTiming", "circuit_timing"> {
  let summary = "times of a window on a chip, in ns";
  let description = [{
    A window takes `window_ns`, `bit_ns` for each read, `result_ns` for each
    result and `input_ns` for each bit of its inputs. All are at least 0.
  }];
  let parameters = (ins PUM_Number<"ns">:$window_ns, PUM_Number<"ns">:$bit_ns,
    PUM_Number<"ns">:$result_ns, PUM_Number<"ns">:$input_ns);
}

def PUM_CircuitLeakageAttr : PUM_Attr<"CircuitLeakage", "circuit_leakage"> {
  let summary = "leakage of an array with all that belongs to it, in uW";
  let description = [{
    For weights of `s` cells and inputs of `a` bits:
    `array_uw + a array_uw_per_bit + (1 - 1 / s) slices_uw`. All are at least 0.
  }];
  let parameters = (ins PUM_Number<"uW">:$array_uw,
    PUM_Number<"uW">:$array_uw_per_bit, PUM_Number<"uW">:$slices_uw);
}

def PUM_CircuitMappingParameter : EnumParameter<PUM_CircuitMapping>;

def PUM_CircuitsAttr : PUM_Attr<"Circuits", "circuits"> {
  let summary = "the circuits of a chip around its crossbar arrays";
  let description = [{
    Costs of a layer as DNN+NeuroSim counts them (docs/devices.md, "Circuits
    around arrays"): the chip consists of tiles that belong to one layer each.

    - `mapping`: with `kernel`, a convolution whose kernel has as many positions
      as a tile, and whose channels fill at least half of an array's rows, has
      its own arrays for each position; with `dense`, rows of all positions share
      arrays, as other layers do.
    - `ones`: the density of 1 bits in inputs, 0 to 1. `cell_read_pj` and
      `dac_pj` of the group are then energies of rows that are on.
    - `pipelined`: layers work at the same time on consecutive inputs; leakage
      counts while a layer waits for the slowest one, instead of while others
      work.
  }];
  let parameters = (ins PUM_CircuitMappingParameter:$mapping,
    PUM_Number<"">:$ones, DefaultValuedParameter<"bool", "false">:$pipelined,
    "::pumice::pum::CircuitTilesAttr":$tiles,
    "::pumice::pum::CircuitPeripheryAttr":$periphery,
    "::pumice::pum::CircuitAccumulationAttr":$accumulation,
    "::pumice::pum::CircuitInterconnectAttr":$interconnect,
    "::pumice::pum::CircuitBuffersAttr":$buffers,
    "::pumice::pum::CircuitTimingAttr":$timing,
    "::pumice::pum::CircuitLeakageAttr":$leakage);
}

def PUM_APAttr : PUM_Attr<"AP", "ap"> {
  let summary = "associative processors: shape, times and energies";
  let description = [{
    A content-addressable memory of `rows` x `columns` racetracks of `domains`
    bits with one access port each (docs/ap.md):

    - `search_ns`, `search_pj_per_bit`: a search; the search line of one column
      in one active row;
    - `search_pj_per_row` (0 by default): the match line and the amplifier of an
      active row, whatever the number of columns in the key;
    - `write_ns`, `write_pj_per_bit`: a write of tagged rows; one bit;
    - `read_ns`, `read_pj_per_bit`: reading the bits under the ports of one row;
      one bit;
    - `shift_ns`, `shift_pj_per_bit`: shifting racetracks by a domain; one
      racetrack;
    - `link_pj_per_bit`: sending accumulators to another processor;
    - `fetch_pj_per_byte`: reading microprograms.

    The processors also run the elementwise ops after a layer if their results
    are quantized values of at most `elementwise_bits` bits: 0 (the default,
    which disables this) to 6.

    Sizes are 1 to 65535; the rest is at least 0.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$domains,
    PUM_Number<"ns">:$search_ns, PUM_Number<"pJ">:$search_pj_per_bit,
    PUM_Number<"ns">:$write_ns, PUM_Number<"pJ">:$write_pj_per_bit,
    PUM_Number<"ns">:$read_ns, PUM_Number<"pJ">:$read_pj_per_bit,
    PUM_Number<"ns">:$shift_ns, PUM_Number<"pJ">:$shift_pj_per_bit,
    PUM_Number<"pJ">:$link_pj_per_bit, PUM_Number<"pJ">:$fetch_pj_per_byte,
    DefaultValuedParameter<"int64_t", "0">:$elementwise_bits,
    DefaultValuedParameter<"::pumice::Number", "::pumice::Number{0}", "pJ">:$search_pj_per_row);
}

def PUM_CamAttr : PUM_Attr<"Cam", "cam"> {
  let summary = "content-addressable memories: shape, sensing, times and energies";
  let description = [{
    An array of `rows` words of `columns` cells, which compares a key with all of
    its words at once (docs/cam.md). A cell holds 0, 1 or, if `ternary`, "don't
    care".

    - `max_distance`: the largest number of differing cells of a row that its
      sense amplifier tells from the next smaller one; larger ones look alike.
    - `merge_parts`: into how many parts, in arrays of their own, a word may be
      cut; the periphery adds the distances of the parts. 1: none.
    - `best_matches`: how many of the nearest words the periphery ranks at most;
      0: it cannot rank.
    - `search_ns`: one search of an array.
    - `match_line_pj`: precharging the match line of one searched row, whatever
      the number of cells that are compared; `cell_pj`: one cell of it;
      `sense_pj`: its sense amplifier; `search_line_pj`: driving one bit of the key
      through one array.
    - `write_ns`: writing one row; `write_pj_per_bit`: one cell.
    - `merge_ns`, `merge_pj`: adding the distances of two parts; `rank_ns`,
      `rank_pj`: comparing two distances to find the smaller one.
    - `distance_noise`: the standard deviation of sensed distances, in cells; 0
      (the default) is exact. `seed` selects the random numbers.

    Sizes are 1 to 65535, `best_matches` is 0 to 65535; the rest is at least 0.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns,
    DefaultValuedParameter<"bool", "true">:$ternary,
    "int64_t":$max_distance, "int64_t":$merge_parts, "int64_t":$best_matches,
    PUM_Number<"ns">:$search_ns, PUM_Number<"pJ">:$match_line_pj,
    PUM_Number<"pJ">:$cell_pj, PUM_Number<"pJ">:$sense_pj,
    PUM_Number<"pJ">:$search_line_pj, PUM_Number<"ns">:$write_ns,
    PUM_Number<"pJ">:$write_pj_per_bit, PUM_Number<"ns">:$merge_ns,
    PUM_Number<"pJ">:$merge_pj, PUM_Number<"ns">:$rank_ns,
    PUM_Number<"pJ">:$rank_pj,
    DefaultValuedParameter<"::pumice::Number", "::pumice::Number{}", "cells">:$distance_noise,
    DefaultValuedParameter<"int64_t", "0">:$seed);
}

def PUM_MemoryAttr : PUM_Attr<"Memory", "memory"> {
  let summary = "a memory and its ports";
  let description = [{
    `ports` accesses run at once, each at `bandwidth_bytes_per_ns` after
    `latency_ns`. Without `capacity_bytes` the memory is unlimited.
  }];
  let parameters = (ins
    OptionalParameter<"::std::optional<int64_t>", "bytes">:$capacity_bytes,
    "int64_t":$ports, PUM_Number<"bytes per ns">:$bandwidth_bytes_per_ns,
    PUM_Number<"ns">:$latency_ns, PUM_Number<"pJ per byte">:$read_pj_per_byte,
    PUM_Number<"pJ per byte">:$write_pj_per_byte);
}

def PUM_DigitalOpAttr : PUM_Attr<"DigitalOp", "digital_op"> {
  let summary = "cost of one kind of scalar operation on the digital unit";
  let description = [{
    `kind` is add, multiply, divide, compare, convert, special or move;
    an operation takes `energy_pj` and `cycles` cycles of one lane.
  }];
  let parameters = (ins StringRefParameter<>:$kind, PUM_Number<"pJ">:$energy_pj,
                        PUM_Number<"lane cycles">:$cycles);
}

//===----------------------------------------------------------------------===//
// Groups of units
//===----------------------------------------------------------------------===//

def PUM_WeightDecoderAttr : PUM_Attr<"WeightDecoder", "weight_decoder"> {
  let summary = "a decoder of compressed weights, between DRAM and arrays";
  let description = [{
    Decoding a weight takes `pj_per_weight`. `weights_per_ns` are decoded at a
    time (0: as fast as they come); a transfer takes as long as DRAM or the
    decoder, whichever is slower. Both are at least 0.
  }];
  let parameters = (ins PUM_Number<"weights per ns">:$weights_per_ns,
                        PUM_Number<"pJ">:$pj_per_weight);
}

def PUM_LevelAttr : PUM_Attr<"Level", "level"> {
  let summary = "a level of the hierarchy of a group of units";
  let description = [{
    One instance of the level `name` holds `holds` (at least 1) instances of the
    level before it in the list, or units of the group if it is the first. The
    last level of a group may leave `holds` out: it is as large as a program
    needs.
  }];
  let parameters = (ins StringRefParameter<>:$name,
    OptionalParameter<"::std::optional<int64_t>">:$holds);
}

def PUM_SharedUnitsAttr : PUM_Attr<"SharedUnits", "shared_units"> {
  let summary = "units that the arrays of an instance of a level share";
  let description = [{
    Each instance of `level` has `count` of them, at least 1.
  }];
  let parameters = (ins StringRefParameter<>:$level, "int64_t":$count);
}

class PUM_Group<string name, string attrMnemonic>
    : PUM_Attr<name, attrMnemonic, [PUM_UnitGroup]>;

def PUM_DynamicMatmulParameter : EnumParameter<PUM_DynamicMatmul> {
  let defaultValue = "::pumice::pum::DynamicMatmul::digital";
}

def PUM_CrossbarGroupAttr : PUM_Group<"CrossbarGroup", "crossbar_group"> {
  let summary = "a group of crossbar arrays";
  let description = [{
    `levels` lists `#pum.level`s from the lowest (what holds arrays) to the
    highest. A cell endures `endurance_writes` programming pulses, at least 1;
    without it, lifetimes are not known.

    - `dynamic_matmul` says where integer products of two activations go:
      `digital` (the default) to the digital unit, `crossbar` to these arrays,
      into which the second operand is written in every run.
    - `pulse_unchanged_cells` (the default): programming a constant pulses every
      cell that holds a part of it. Without it, cells that have their level
      already cost and wear nothing, as is always so for temporary weights.
    - `write_drivers`: how many arrays of an instance of a level can be written
      at once; without it, all of them.
    - `converters`: how many converters the arrays of an instance of a level
      share; without it, each array has its own.
    - `circuits`: the circuits of the chip around the arrays; without it, layers
      cost what `timing`, `energy` and the buffer of the device say.
    - `weight_decoder`: decodes weights that are compressed in DRAM; without it,
      weights of these arrays cannot be compressed.
  }];
  let parameters = (ins StringRefParameter<>:$name,
    "::pumice::crossbar::CrossbarArrayAttr":$array,
    "::pumice::pum::TimingAttr":$timing, "::pumice::pum::EnergyAttr":$energy,
    "::mlir::ArrayAttr":$levels,
    OptionalParameter<"::std::optional<int64_t>", "writes">:$endurance_writes,
    PUM_DynamicMatmulParameter:$dynamic_matmul,
    DefaultValuedParameter<"bool", "true">:$pulse_unchanged_cells,
    OptionalParameter<"::pumice::pum::SharedUnitsAttr">:$write_drivers,
    OptionalParameter<"::pumice::pum::SharedUnitsAttr">:$converters,
    OptionalParameter<"::pumice::pum::CircuitsAttr">:$circuits,
    OptionalParameter<"::pumice::pum::WeightDecoderAttr">:$weight_decoder);
}

def PUM_AssociativeGroupAttr
    : PUM_Group<"AssociativeGroup", "associative_group"> {
  let summary = "a group of associative processors";
  let description = [{
    `levels` and `endurance_writes` as in `#pum.crossbar_group`.
  }];
  let parameters = (ins StringRefParameter<>:$name,
    "::pumice::pum::APAttr":$ap, "::mlir::ArrayAttr":$levels,
    OptionalParameter<"::std::optional<int64_t>", "writes">:$endurance_writes);
}

def PUM_SystolicGroupAttr : PUM_Group<"SystolicGroup", "systolic_group"> {
  let summary = "a group of weight-stationary systolic arrays";
  let description = [{
    `units` independent arrays of `rows` x `columns` multipliers, at least 1
    each, at `clock_ghz` (0: no time). A multiplier keeps one weight of up to
    `weight_bits` bits; inputs have up to `input_bits` bits (both 2 to 8). A
    product takes `mac_pj`; partial sums of 4 bytes are written and read in
    accumulators at `accumulator_pj_per_byte`.

    Weights stay in DRAM. A layer brings them tile by tile while it computes, so
    that it takes the time of its cycles or that of the transfer, whichever is
    longer (docs/devices.md, "Costs").
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$units,
    "int64_t":$rows, "int64_t":$columns, "int64_t":$weight_bits,
    "int64_t":$input_bits, PUM_Number<"GHz">:$clock_ghz,
    PUM_Number<"pJ">:$mac_pj, PUM_Number<"pJ per byte">:$accumulator_pj_per_byte);
  let extraClassDeclaration = [{
    /// The array that layers are cut for: one weight in a cell, all bits of an
    /// input at once, exact sums.
    ::pumice::crossbar::CrossbarArrayAttr getArray() const;
  }];
}

def PUM_CamGroupAttr : PUM_Group<"CamGroup", "cam_group"> {
  let summary = "a group of content-addressable memories";
  let description = [{
    `levels` and `endurance_writes` as in `#pum.crossbar_group`.
  }];
  let parameters = (ins StringRefParameter<>:$name,
    "::pumice::pum::CamAttr":$cam, "::mlir::ArrayAttr":$levels,
    OptionalParameter<"::std::optional<int64_t>", "writes">:$endurance_writes);
}

def PUM_DigitalGroupAttr : PUM_Group<"DigitalGroup", "digital_group"> {
  let summary = "a group of digital vector units";
  let description = [{
    `units` independent units of `lanes` scalar lanes at `clock_ghz`; `ops`
    lists a `#pum.digital_op` for each kind of operation, each kind once. `bits`
    is the width of a lane, at least 1: costs follow it where laws say so
    (`#pum.law`).
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$units,
    "int64_t":$lanes, PUM_Number<"GHz">:$clock_ghz, "::mlir::ArrayAttr":$ops,
    OptionalParameter<"::std::optional<int64_t>", "bits">:$bits);
}

def PUM_ComponentAttr : PUM_Attr<"Component", "component"> {
  let summary = "a physical part, for the roll-up of area and power";
  let description = [{
    One instance of `level` of `group` holds `count` of this part, which
    together take `power_mw` and `area_um2`. Without group and level, the part
    belongs to the device as a whole. A part that `shared_by` instances share
    contributes its share to each. With `always_on`, its power is drawn for the
    whole run.
  }];
  let parameters = (ins StringRefParameter<>:$name,
    StringRefParameter<"", [{""}]>:$group,
    StringRefParameter<"", [{""}]>:$level,
    DefaultValuedParameter<"int64_t", "1">:$count,
    DefaultValuedParameter<"int64_t", "1">:$shared_by,
    PUM_Number<"mW">:$power_mw, PUM_Number<"um2">:$area_um2,
    DefaultValuedParameter<"bool", "false">:$always_on);
}

def PUM_InterconnectAttr : PUM_Attr<"Interconnect", "interconnect"> {
  let summary = "the links between the tiles of a device and its memories";
  let description = [{
    Tiles are the instances of `level`, in every group that has it, numbered from
    0 through the groups in their order. What moves between them and the
    memories takes the links of a route (docs/interconnect.md).

    - `topology`: `mesh`, with `rows` x `columns` nodes, of which tile `i` has the
      node `i` in row-major order; or `htree`, with `branching` parts below each
      node, tiles at the leaves and memories at the root.
    - `tile_pitch_mm`: the side of a tile; without it, the root of its area, of
      the components of `level` and below.
    - `bandwidth_bytes_per_ns` of each link in each direction, above 0.
    - `router_ns`, `router_pj_per_bit` of a hop, and `wire_ns_per_mm`,
      `wire_pj_per_bit_mm` of its wire. At least 0.
    - `memory_node`: the node of a mesh where the memories are; 0 by default.
    - `spread_buffer`: the buffer is not there, but in equal parts in all tiles,
      1024 at most.
  }];
  let parameters = (ins EnumParameter<PUM_Topology>:$topology,
    StringRefParameter<>:$level,
    OptionalParameter<"::std::optional<int64_t>">:$rows,
    OptionalParameter<"::std::optional<int64_t>">:$columns,
    OptionalParameter<"::std::optional<int64_t>">:$branching,
    OptionalParameter<"::std::optional<::pumice::Number>", "mm">:$tile_pitch_mm,
    PUM_Number<"bytes per ns">:$bandwidth_bytes_per_ns,
    PUM_Number<"ns">:$router_ns, PUM_Number<"ns per mm">:$wire_ns_per_mm,
    PUM_Number<"pJ per bit">:$router_pj_per_bit,
    PUM_Number<"pJ per bit and mm">:$wire_pj_per_bit_mm,
    OptionalParameter<"::std::optional<int64_t>">:$memory_node,
    DefaultValuedParameter<"bool", "false">:$spread_buffer);
}

def PUM_LawAttr : PUM_Attr<"Law", "law"> {
  let summary = "how a figure of a device follows its other fields";
  let description = [{
    The device states the figure `of` for the point `at`: a dictionary of the
    variables of the law `kind` (docs/laws.md lists laws, variables, sources
    and ranges). At this point the figure is exactly what the device states;
    elsewhere it is scaled by the law. `of` is the path of a time or energy of a
    group of arrays (`arrays.energy.adc_pj`), of the units or the energy of an
    operation of a digital group (`digital.units`,
    `digital.ops.add.energy_pj`), of a memory (`buffer.capacity_bytes`) or of a
    component (`components.adc.area_um2`).

    `group` and `level` say where variables that count instances or their
    contents are read; by default, where the component is. Without a group, the
    first group of arrays.
  }];
  let parameters = (ins StringRefParameter<>:$of, StringRefParameter<>:$kind,
    "::mlir::DictionaryAttr":$at, StringRefParameter<"", [{""}]>:$group,
    StringRefParameter<"", [{""}]>:$level);
}

def PUM_DeviceAttr : PUM_Attr<"Device", "device"> {
  let summary = "a device: the only place that holds hardware numbers";
  let description = [{
    The text of a device file. `groups` lists groups of units, each with a name
    of its own: `#pum.crossbar_group`, `#pum.systolic_group`,
    `#pum.associative_group`, `#pum.cam_group` and `#pum.digital_group`, any
    number of each, and at least one digital group.
    The first group of a kind runs the layers and regions that are not assigned
    to another one (`#pum.target`). `buffer` holds activations on the chip, `dram` weights and inputs
    off it.
    `laws` lists a `#pum.law` for figures that follow other fields, each figure
    once. `interconnect` describes the links between tiles and memories; without it,
    what moves takes ports of the memories only.

    Passes and the simulator read a device through lib/Device only.
  }];
  let parameters = (ins StringRefParameter<>:$name, "::mlir::ArrayAttr":$groups,
    "::pumice::pum::MemoryAttr":$buffer, "::pumice::pum::MemoryAttr":$dram,
    OptionalParameter<"::mlir::ArrayAttr">:$components,
    OptionalParameter<"::mlir::ArrayAttr">:$laws,
    OptionalParameter<"::pumice::pum::InterconnectAttr">:$interconnect);
}

def PUM_PlacementAttr : AttrDef<PUM_Dialect, "Placement"> {
  let mnemonic = "placement";
  let summary = "the units that a task occupies";
  let description = [{
    The group, and half-open ranges `[begin, end)` of numbers of its arrays or
    processors, ascending and disjoint, as a flat list.

    ```mlir
    #pum.placement<"arrays", 0, 4, 12, 16>   // arrays 0 to 3 and 12 to 15
    ```
  }];
  let parameters = (ins StringRefParameter<>:$group,
                        ArrayRefParameter<"int64_t">:$ranges);
  let assemblyFormat = "`<` $group `,` $ranges `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Number of units in all ranges.
    int64_t size() const;
  }];
}

def PUM_TargetAttr : AttrDef<PUM_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "the units that a layer is assigned to";
  let description = [{
    The kind of unit and, optionally, the name of a group of the device; without
    a name, the first group of the kind.

    Used as the discardable attribute `pum.target` of a linalg op: assign-targets
    sets it, and the conversion to the dialect of that kind of unit takes the op.
    If it names a group, the converted op keeps it until it is placed
    (pum-allocate-arrays); digital tasks and instructions keep it for good.

    ```mlir
    #pum.target<crossbar in "small">
    ```
  }];
  let parameters = (ins EnumParameter<Pumice_LayerTarget>:$value,
                        StringRefParameter<"", [{""}]>:$group);
  let assemblyFormat = "`<` $value (`in` $group^)? `>`";
}

def PUM_NonlinearKindAttr : EnumAttr<PUM_Dialect, PUM_NonlinearKind, "nonlinear_kind"> {
  let summary = "the function that a nonlinear region computes";
  let description = [{
    The kind of a `pum.nonlinear`. As metadata of a fused location, it records the
    kind of region from which an op was expanded.
  }];
}

def PUM_NonlinearMethodAttr : EnumAttr<PUM_Dialect, PUM_NonlinearMethod, "nonlinear_method"> {
  let summary = "how a nonlinear region is computed";
}

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

def PUM_CalibrationAttr : PUM_Attr<"Calibration", "calibration"> {
  let summary = "how often calibration took the least and the greatest quantized value";
  let description = [{
    `pum.calibration` on a module is an array of these, one per quantization,
    which `scale` (above 0) and `zero_point` identify. `low` and `high` are the
    fractions of the calibration values that became the least and the greatest
    quantized value, 0 to 1. A run warns where its fractions are far larger.

    ```mlir
    #pum.calibration<scale = 0.25, zero_point = 0, low = 0.5, high = 0.01>
    ```
  }];
  let parameters = (ins PUM_Number<"real per step">:$scale, "int64_t":$zero_point,
                        PUM_Number<"fraction">:$low, PUM_Number<"fraction">:$high);
}

def PUM_StateAttr : PUM_Attr<"State", "state"> {
  let summary = "an argument that a program keeps between runs";
  let description = [{
    `pum.state` on an argument of the network's function: not an input, but what
    the previous run left. It is `initial` in the first run and after a reset.
    After each run it becomes the function's result number `result`, which is
    not an output. `current` is the value that a saved program starts with, if
    that is not `initial`. `name` is the buffer's name in the model.

    - C1: `initial`, `current`, the argument and the result have one shape and
      element type.

    ```mlir
    #pum.state<name = "count", initial = dense<0> : tensor<i64>, result = 1>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$name, "::mlir::ElementsAttr":$initial,
    "int64_t":$result, OptionalParameter<"::mlir::ElementsAttr">:$current);
}

#endif // PUMICE_DIALECTS_PUM_PUMATTRS_TD
