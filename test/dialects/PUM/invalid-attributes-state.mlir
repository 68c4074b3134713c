// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{pum.calibration must be an array of #pum.calibration on a module}}
module attributes {pum.calibration = [1]} {}

// -----

// expected-error @below {{high must be a fraction of at most 1, got 1.5}}
#calibration = #pum.calibration<scale = 0.25, zero_point = 3, low = 0.5, high = 1.5>

// -----

// expected-error @below {{scale must be above 0, got 0}}
#calibration = #pum.calibration<scale = 0.0, zero_point = 3, low = 0.5, high = 0.5>

// -----

// expected-error @below {{result must be at least 0, got -1}}
#state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = -1>

// -----

// expected-error @below {{pum.state must be a #pum.state on an argument of a function}}
func.func private @not_a_state(tensor<2xi64> {pum.state = 1})

// -----

// expected-error @below {{unknown attribute "pum.unknown"}}
func.func private @unknown(tensor<2xi64> {pum.unknown})

// -----

// expected-error @below {{state 'n' is updated by result 1, but there are 1}}
func.func private @no_result(tensor<2xi64> {pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = 1>}) -> tensor<2xi64>

// -----

// expected-error @below {{state 'n' is 'tensor<2xi64>', but a value of it is 'tensor<3xi64>'}}
func.func private @initial(tensor<2xi64> {pum.state = #pum.state<name = "n", initial = dense<0> : tensor<3xi64>, result = 0>}) -> tensor<2xi64>

// -----

// expected-error @below {{state 'n' is 'tensor<2xi64>', but a value of it is 'tensor<2xi32>'}}
func.func private @result(tensor<2xi64> {pum.state = #pum.state<name = "n", initial = dense<0> : tensor<2xi64>, result = 0>}) -> tensor<2xi32>
