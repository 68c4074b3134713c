// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One wrong line in a good device file each: the error names the file, the line and the field.
// RUN: sed 's/timing = </speed = 1, timing = </' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: device file '{{.*}}.mlir': line {{[0-9]+}}, column {{[0-9]+}}: duplicate or unknown struct parameter name: speed
// RUN: sed 's/rows = 128/rows = 0/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: device file '{{.*}}.mlir': line {{[0-9]+}}, column {{[0-9]+}}: rows must be between 1 and 65536, got 0
// RUN: sed 's/cell_bits = 2/cell_bits = 3/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=CELLS
// CELLS: cell_bits must divide weight_bits, got 3 and 16
// RUN: sed 's/bits = 8, mode/bits = 0, mode/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=ADC
// ADC: adc bits must be between 1 and 32, got 0
// RUN: sed 's/name = "isaac"/name = ""/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: name must not be empty
// RUN: sed 's/holds = 168/holds = 0/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=HOLDS
// HOLDS: holds must be at least 1, got 0
// RUN: sed 's/"tile", holds = 12/"tile"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=LAST
// LAST: holds of level "tile" may be left out of the last level only
// RUN: sed 's/"tile", holds = 12/"ima", holds = 12/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=SAMELEVEL
// SAMELEVEL: levels lists "ima" twice
// RUN: sed 's/#pum.level<name = "tile", holds = 12>/"tile"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=LEVEL
// LEVEL: levels must hold #pum.level, got "tile"
// RUN: sed '/#pum.level</d;s/levels = \[/levels = [],/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=NOLEVEL
// NOLEVEL: levels must not be empty
// RUN: sed 's/endurance_writes = 1000000/write_drivers = <level = "board", count = 1>/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=DRIVERS
// DRIVERS: write_drivers names level "board", expected a level with a limit
// RUN: sed 's/name = "digital"/name = "arrays"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=SAMEGROUP
// SAMEGROUP: groups has two groups "arrays"
// RUN: sed 's/groups = \[/groups = ["more",/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=GROUPS
// GROUPS: groups must hold groups of units (#pum.crossbar_group, #pum.systolic_group, #pum.associative_group, #pum.cam_group, #pum.digital_group), got "more"
// RUN: sed '/#pum.digital_group</,/>\]>\],/d;s/endurance_writes = 1000000>,/endurance_writes = 1000000>],/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=NODIGITAL
// NODIGITAL: groups must hold a #pum.digital_group
// RUN: sed 's/name = "bus", group = "arrays"/name = "bus", group = "others"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=PARTGROUP
// PARTGROUP: component "bus" names no group of the device: "others"
// RUN: sed 's/name = "bus", group = "arrays", level = "tile"/name = "bus", group = "arrays", level = "board"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=PARTLEVEL
// PARTLEVEL: component "bus" names no level of group "arrays": "board"
// RUN: sed 's/endurance_writes = 1000000/endurance_writes = 0/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=ENDURANCE
// ENDURANCE: endurance_writes must be at least 1, got 0
// RUN: sed 's/kind = "special"/kind = "sqrt"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: kind must be one of add, multiply, divide, compare, convert, special, move, got "sqrt"
// RUN: sed 's/kind = "special"/kind = "add"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: ops lists "add" twice
// RUN: sed '/kind = "special"/d' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=UNLISTED
// UNLISTED: ops does not list "special"
// RUN: sed 's/#pum.digital_op<kind = "special", energy_pj = 13.68, cycles = 8>/"special"/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=OPS
// OPS: ops must hold #pum.digital_op, got "special"
// RUN: sed 's/#pum.component<name = "bus".*>,/"bus",/' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=COMPONENTS
// COMPONENTS: components must hold #pum.component, got "bus"
// RUN: sed '/dram = </,/>,/d' %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=NODRAM
// NODRAM: struct is missing required parameter: dram
//
// Files that are no device files:
// RUN: echo '#pum.placement<"arrays", 0, 1>' > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: device file '{{.*}}.mlir': expected a #pum.device, got #pum.placement<"arrays", 0, 1>
// RUN: head -c 700 %presets/isaac.mlir > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=CUT
// CUT: error: device file '{{.*}}.mlir': line
// RUN: echo > %t.mlir
// RUN: not pumice-opt %s --pum-attach-device=device=%t.mlir 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: device file '{{.*}}.mlir': {{.+}}
//
// Names without a file:
// RUN: not pumice-opt %s --pum-attach-device=device=isac 2>&1 | FileCheck %s --check-prefix=PRESET
// PRESET: error: no device 'isac', expected one of {{.*}}ideal, isaac{{.*}} or the path of a device file
// RUN: not pumice-opt %s --pum-attach-device=device=%t.nowhere.mlir 2>&1 | FileCheck %s --check-prefix=PATH
// PATH: error: cannot read device file '{{.*}}nowhere.mlir': {{[Nn]}}o such file or directory
// RUN: env PUMICE_PRESETS=%t.nowhere not pumice-opt %s --pum-attach-device=device=isaac 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: no device 'isaac', expected one of{{.*}}or the path of a device file
func.func @f() {
  return
}
