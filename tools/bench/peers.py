# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Other simulators of crossbars, where they are installed: `bench.py --with aihwkit,crosssim`.

Each takes a float module and gives a converted one. What they simulate is not the same work as
Pumice's devices do, see docs/benchmark.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

__all__ = ["SYSTEMS"]


def _aihwkit(module: nn.Module, x: torch.Tensor) -> Callable[[], Any]:
    """IBM's aihwkit: 8 bits in and out, no noise, tiles of 128x128, one analog pass per tile.

    The tile in PyTorch (`TorchInferenceRPUConfig`), which does not depend on the version of torch
    that the wheel was compiled for. Run with aihwkit 1.1.0.
    """
    from aihwkit.nn.conversion import convert_to_analog
    from aihwkit.simulator.configs import TorchInferenceRPUConfig
    from aihwkit.simulator.parameters import IOParameters, MappingParameter

    config = TorchInferenceRPUConfig()
    step = 1 / 254  # 8 bits over -1..1
    config.forward = IOParameters(
        inp_res=step, out_res=step, inp_noise=0.0, out_noise=0.0, w_noise=0.0
    )
    config.mapping = MappingParameter(max_input_size=128, max_output_size=128)
    analog = convert_to_analog(module, config).eval()
    return lambda: analog(x)


def _crosssim(module: nn.Module, x: torch.Tensor) -> Callable[[], Any]:
    """Sandia's CrossSim: what `clip` simulates, as near as it comes.

    Weights of 8 bits in 4 cells of 2, offset code, arrays of 128x128, bit-serial inputs of 8 bits
    and an 8-bit conversion of every column for every input bit. Written against the public
    parameters of version 3; not run where the tables of docs/benchmark.md were made, as CrossSim is
    in no package index.
    """
    from simulator import CrossSimParameters
    from simulator.algorithms.dnn.torch.convert import from_torch

    params = CrossSimParameters()
    core, xbar = params.core, params.xbar
    core.style = "BITSLICED"
    core.bit_sliced.style = "OFFSET"
    core.bit_sliced.num_slices = 4
    core.offset.style = "DIGITAL_OFFSET"
    core.rows_max = core.cols_max = 128
    core.weight_bits = 8
    core.mapping.weights.percentile = 1.0
    core.mapping.inputs.mvm.min = 0.0
    core.mapping.inputs.mvm.max = float(x.max())
    xbar.device.cell_bits = 2
    xbar.device.infinite_on_off_ratio = True
    xbar.dac.mvm.model = "QuantizerDAC"
    xbar.dac.mvm.signed = False
    xbar.dac.mvm.bits = 8
    xbar.dac.mvm.input_bitslicing = True
    xbar.dac.mvm.slice_size = 1
    xbar.adc.mvm.model = "QuantizerADC"
    xbar.adc.mvm.signed = False
    xbar.adc.mvm.bits = 8
    xbar.adc.mvm.adc_per_ibit = True
    xbar.adc.mvm.adc_range_option = "GRANULAR"
    params.simulation.convolution.conv_matmul = True
    analog = from_torch(module, params).eval()
    return lambda: analog(x)


SYSTEMS = {"aihwkit": _aihwkit, "crosssim": _crosssim}
