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
    - `row_write_ns`: programming the cells of one wordline.

    All are at least 0.
  }];
  let parameters = (ins PUM_Number<"ns">:$read_ns, PUM_Number<"ns">:$adc_ns,
                        PUM_Number<"ns">:$row_write_ns);
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
  }];
  let parameters = (ins PUM_Number<"pJ">:$cell_read_pj, PUM_Number<"pJ">:$dac_pj,
    PUM_Number<"pJ">:$sample_hold_pj, PUM_Number<"pJ">:$adc_pj,
    PUM_Number<"pJ">:$shift_add_pj, PUM_Number<"pJ">:$cell_write_pj,
    OptionalParameter<"::pumice::pum::LevelStepsAttr">:$level_steps);
}

def PUM_APAttr : PUM_Attr<"AP", "ap"> {
  let summary = "associative processors: shape, times and energies";
  let description = [{
    A content-addressable memory of `rows` x `columns` racetracks of `domains`
    bits with one access port each (docs/ap.md):

    - `search_ns`, `search_pj_per_bit`: a search; one column of one active row;
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
    DefaultValuedParameter<"int64_t", "0">:$elementwise_bits);
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
  }];
  let parameters = (ins StringRefParameter<>:$name,
    "::pumice::crossbar::CrossbarArrayAttr":$array,
    "::pumice::pum::TimingAttr":$timing, "::pumice::pum::EnergyAttr":$energy,
    "::mlir::ArrayAttr":$levels,
    OptionalParameter<"::std::optional<int64_t>", "writes">:$endurance_writes,
    PUM_DynamicMatmulParameter:$dynamic_matmul,
    DefaultValuedParameter<"bool", "true">:$pulse_unchanged_cells,
    OptionalParameter<"::pumice::pum::SharedUnitsAttr">:$write_drivers,
    OptionalParameter<"::pumice::pum::SharedUnitsAttr">:$converters);
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

def PUM_DigitalGroupAttr : PUM_Group<"DigitalGroup", "digital_group"> {
  let summary = "a group of digital vector units";
  let description = [{
    `units` independent units of `lanes` scalar lanes at `clock_ghz`; `ops`
    lists a `#pum.digital_op` for each kind of operation, each kind once.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$units,
    "int64_t":$lanes, PUM_Number<"GHz">:$clock_ghz, "::mlir::ArrayAttr":$ops);
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

def PUM_DeviceAttr : PUM_Attr<"Device", "device"> {
  let summary = "a device: the only place that holds hardware numbers";
  let description = [{
    The text of a device file. `groups` lists groups of units, each with a name
    of its own: `#pum.crossbar_group`, `#pum.systolic_group`,
    `#pum.associative_group` and `#pum.digital_group`, any number of each, and at least one digital group.
    The first group of a kind runs the layers and regions that are not assigned
    to another one (`#pum.target`). `buffer` holds activations on the chip, `dram` weights and inputs
    off it.

    Passes and the simulator read a device through lib/Device only.
  }];
  let parameters = (ins StringRefParameter<>:$name, "::mlir::ArrayAttr":$groups,
    "::pumice::pum::MemoryAttr":$buffer, "::pumice::pum::MemoryAttr":$dram,
    OptionalParameter<"::mlir::ArrayAttr">:$components);
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

#endif // PUMICE_DIALECTS_PUM_PUMATTRS_TD
