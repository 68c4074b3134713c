# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A convolution or linear layer in training, computed as the arrays of a device compute it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pumice.frontend.fake_quantize import Activations
from pumice.training.chip import Chip, Matrix, linear_sums
from pumice.training.errors import Errors, fitted, is_independent, rounding_deviation
from pumice.training.geometry import Geometry, geometry_of
from pumice.training.options import LayerOptions

__all__ = ["AnalogLayer", "Draws"]

#: Input vectors with which the errors of converters are measured, and chips if these change before
#: errors are measured again.
_VECTORS, _CHIPS = 256, 4


class Draws:
    """Random numbers of a network, the same for the same seed.

    Attributes:
        generator: of PyTorch, on the CPU.
        cells: of the cells, so that they are the same whatever the mode of the layers.
    """

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.cells = torch.Generator().manual_seed(seed + 1)

    def seed(self, generator: torch.Generator | None = None) -> int:
        """A seed for cells."""
        return int(torch.randint(2**31, (1,), generator=generator or self.cells))

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers of the shape of a tensor."""
        return torch.randn(like.shape, generator=self.generator).to(like.device)

    def __getstate__(self) -> tuple[Tensor, Tensor]:
        return self.generator.get_state(), self.cells.get_state()

    def __setstate__(self, state: tuple[Tensor, Tensor]) -> None:
        self.generator, self.cells = torch.Generator(), torch.Generator()
        self.generator.set_state(state[0])
        self.cells.set_state(state[1])


class _Instead(torch.autograd.Function):
    """Forward: `value`. Backward: the gradient goes to `smooth`."""

    @staticmethod
    def forward(ctx: Any, smooth: Tensor, value: Tensor) -> Tensor:
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def instead(smooth: Tensor, value: Tensor) -> Tensor:
    """The numbers of `value` with the gradient of `smooth`."""
    result: Tensor = _Instead.apply(smooth, value)  # type: ignore[no-untyped-call]
    return result


class AnalogLayer(nn.Module):
    """A layer of an exported graph, called with its input, weights and bias.

    Attributes:
        name, node: path of the layer's module, and name of the graph node.
        target, rest: the op, and its arguments after the bias.
        options: see `LayerOptions`.
        matrix: on the arrays of the device; None: the layer runs elsewhere, or it is not known yet.
        mode: overrides `options.mode`, if not None.
    """

    def __init__(
        self,
        name: str,
        node: str,
        target: Any,
        rest: tuple[Any, ...],
        axis: int,
        weight: Tensor,
        activations: Activations | None,
        options: LayerOptions,
        chip: Chip,
        draws: Draws,
    ) -> None:
        super().__init__()
        self.name, self.node = name, node
        self.target, self.rest, self.axis = target, rest, axis
        self.geometry: Geometry = geometry_of(target, weight.shape, rest)
        self._input = [activations]  # a list: not registered twice
        self.options, self.chip, self.draws = options, chip, draws
        self.matrix: Matrix | None = None
        self.mode: str | None = None
        self.outputs = weight.shape[axis] * (
            self.geometry.groups if self.geometry.kind == "transposed" else 1
        )
        self._cells: tuple[int, int] | None = None  # seed, and passes that use it
        self._errors: tuple[Errors, int, int] | None = None  # and passes, seed of cells

    @property
    def activations(self) -> Activations | None:
        """The quantization of the input."""
        return self._input[0]

    def train(self, mode: bool = True) -> AnalogLayer:
        """Sets the mode; errors of converters are measured again."""
        self._errors = None
        super().train(mode)
        return self

    # ---- quantized weights --------------------------------------------------------------------

    def limit(self, weight: Tensor) -> Tensor:
        """The largest magnitude of each output's weights, of shape (outputs, 1, ...)."""
        rows = weight.movedim(self.axis, 0).flatten(1)
        most = rows.abs().amax(1)
        if self.options.weight_clip is not None and rows.shape[1] > 1:
            most = most.minimum(self.options.weight_clip * rows.std(1))
        shape = [1] * weight.dim()
        shape[self.axis] = -1
        return most.reshape(shape)

    def scale(self, weight: Tensor) -> Tensor:
        """The scale of each output's weights, of shape (outputs, 1, ...)."""
        return (self.limit(weight) / self._largest).clamp(min=2.0**-30)

    @property
    def _largest(self) -> int:
        return int(2 ** (self.options.weight_bits - 1)) - 1

    def clipped(self, weight: Tensor) -> Tensor:
        """The weights within their limits."""
        limit = self.limit(weight.detach())
        return weight.detach().minimum(limit).maximum(-limit)

    def quantized(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Quantized values, as floats, and their scales, of shape (outputs, 1, ...)."""
        weight = weight.detach()
        scale = self.scale(weight)
        codes = (weight * (1.0 / scale)).round().clamp(-self._largest, self._largest)
        return codes, scale

    # ---- sums ---------------------------------------------------------------------------------

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The layer's result, with the gradient of the layer whose weights are not quantized."""
        codes, scale = self.quantized(weight)
        mode = self.mode or self.options.mode
        activations = self.activations
        ready = activations is not None and bool(activations.fake_quant_enabled[0] == 1)
        if mode == "quantized" or self.matrix is None or not ready or not x.numel():
            return self._layer(x, instead(weight, codes * scale), bias)
        if mode == "arrays":
            return self._on_arrays(x, weight, bias, codes, scale)
        return self._statistical(x, weight, bias, codes, scale)

    def _layer(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        result: Tensor = self.target(x, weight, bias, *self.rest)
        return result

    def _per_output(self, values: Tensor, like: Tensor) -> Tensor:
        """One value per output in the shape of a result."""
        if self.geometry.kind == "linear":
            return values
        return values.reshape(-1, *[1] * (like.dim() - 2))

    def _scales(self, scale: Tensor) -> tuple[int, Tensor]:
        """The zero point of the input, and the scale of each output's sums."""
        assert self.activations is not None
        of_input = self.activations.scale.reshape(-1)[0]
        zero_point = int(self.activations.zero_point.reshape(-1)[0])
        of_weights = scale.reshape(-1)
        if self.geometry.kind == "transposed":
            of_weights = of_weights.repeat(self.geometry.groups)
        return zero_point, of_input * of_weights

    def _codes(self, x: Tensor) -> Tensor:
        """The quantized values of the input, which is a multiple of its scale."""
        assert self.activations is not None
        scale, zero = self.activations.scale, self.activations.zero_point
        return (x.detach() / scale + zero).round()

    def _seed(self) -> int:
        """The seed of the cells of this pass; below 0, that of the device."""
        if self.options.cells == "device":
            return -1
        if self._cells is None or (self.training and self._cells[1] >= self.options.redraw):
            self._cells = self.draws.seed(), 0
        seed, passes = self._cells
        self._cells = seed, passes + 1
        return seed

    def _on_arrays(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, codes: Tensor, scale: Tensor
    ) -> Tensor:
        assert self.matrix is not None
        zero_point, scales = self._scales(scale)
        image = self.geometry.image(self._codes(x), zero_point)
        sums = self.chip.sums(
            self.matrix,
            _as_bytes(self.geometry.filters(codes)),
            self._seed(),
            image,
            self.geometry.window(image),
            zero_point,
        )
        smooth = self._layer(x, instead(weight, codes * scale), bias)
        if self.geometry.kind == "linear":
            sums = sums.flatten(1)
        value = sums.reshape(smooth.shape) * self._per_output(scales, smooth)
        if bias is not None:
            value = value + self._per_output(bias.detach(), smooth)
        change = (value - smooth.detach()) * self._growth(weight, scale, smooth)
        return instead(smooth + change, value)

    def _growth(self, weight: Tensor, scale: Tensor, like: Tensor) -> Tensor:
        """1 for each output. Its gradient says that errors grow with the scale of the weights.

        Without it, training sees errors of a constant size and enlarges the weights to make them
        small beside the sums, but they grow as the weights do.
        """
        ratio = (self.scale(weight) / scale).reshape(-1)
        if self.geometry.kind == "transposed":
            ratio = ratio.repeat(self.geometry.groups)
        return self._per_output(ratio, like)

    def _statistical(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, codes: Tensor, scale: Tensor
    ) -> Tensor:
        assert self.matrix is not None
        zero_point, scales = self._scales(scale)
        used, shift, errors = self._model(x, codes, zero_point)
        smooth = self._layer(x, instead(weight, used * scale), bias)
        with torch.no_grad():
            value = smooth
            if shift is not None:
                value = value + self._per_output(scales * shift, smooth)
            if errors is not None:
                sums = value if bias is None else value - self._per_output(bias, value)
                noise = self._per_output(errors.deviation * scales, value)
                value = value + sums * self._per_output(errors.gain - 1, value)
                value = value + self._per_output(errors.offset * scales, value)
                value = value + self.options.noise * noise * self.draws.normal(value)
            exact = self._layer(x, codes * scale, bias) if used is not codes else smooth
            change = value - exact
        return instead(smooth + change * self._growth(weight, scale, smooth), value)

    @torch.no_grad()
    def _model(
        self, x: Tensor, codes: Tensor, zero_point: int
    ) -> tuple[Tensor, Tensor | None, Errors | None]:
        """What stands for the arrays.

        Returns:
            The weights that the cells hold; what they add to each output's sums because of the zero
                point of the input; and the errors of conversions.
        """
        assert self.matrix is not None
        array = self.chip.array(self.matrix)
        analog = array.get("analog") or {}
        ideal = not set(analog) - {"seed", "read_noise", "reference_column"}
        lossless = array["adc"]["mode"] == "lossless"
        read_noise = float(analog.get("read_noise", 0))
        # The noise of cells depends on their levels and on the inputs.
        measured = analog.get("cells", {}).get("levels", [])
        noisy_cells = any(level.get("read_noise_siemens") for level in measured)
        if ideal and lossless and not read_noise:
            return codes, None, None
        seed = self._seed()
        filters = self.geometry.filters(codes)
        cells, gain = self._cell_weights(filters, seed)
        if lossless and not noisy_cells and is_independent(read_noise, ideal):
            ones = torch.ones(self.outputs, device=codes.device)
            deviation = gain * rounding_deviation(read_noise, ideal)
            errors = Errors(1, ones, 0 * ones, deviation * ones)
        else:
            errors = self._current(x, filters, cells, seed, zero_point)
        if ideal:
            return codes, None, errors
        errors_of_cells = self.options.noise * errors.share * (cells - filters)
        used = self.geometry.weights(filters + errors_of_cells, codes.shape)
        return used, zero_point * errors_of_cells.sum(1), errors

    def _cell_weights(self, filters: Tensor, seed: int) -> tuple[Tensor, float]:
        assert self.matrix is not None
        found, gain = self.chip.effective(self.matrix, _as_bytes(filters), seed)
        return torch.from_numpy(found).to(filters.device), gain

    def _current(
        self, x: Tensor, filters: Tensor, cells: Tensor, seed: int, zero_point: int
    ) -> Errors:
        """Errors of conversions, measured if it is time to."""
        many = self.options.cells == "fresh" and self.options.redraw < self.options.refresh
        if self._errors is not None:
            errors, passes, of = self._errors
            if not (self.training and passes >= self.options.refresh) and (many or of == seed):
                self._errors = errors, passes + 1, of
                return errors
        chips = {seed: cells}
        if many:  # of no chip in particular
            for _ in range(_CHIPS - 1):
                other = self.draws.seed(self.draws.generator)
                chips[other] = self._cell_weights(filters, other)[0]
        errors = self._measured(x, filters, chips, zero_point)
        self._errors = errors, 1, seed
        return errors

    def _measured(
        self, x: Tensor, filters: Tensor, chips: dict[int, Tensor], zero_point: int
    ) -> Errors:
        """Errors of conversions: sums of the hardware model against those of the cells."""
        assert self.matrix is not None
        image = self.geometry.image(self._codes(x), zero_point)
        patches = self.geometry.patches(image, _VECTORS, self.draws.generator)
        window = [1, 1, 1, 1, 1, 1, 0, 0, 1, 1]
        found = []
        for part, (seed, cells) in zip(patches.chunk(len(chips)), chips.items(), strict=False):
            one = part[:, :, None, None]
            sums = self.chip.sums(self.matrix, _as_bytes(filters), seed, one, window, zero_point)
            exact = linear_sums(self.geometry, filters, part) - zero_point * filters.sum(1)
            of_cells = linear_sums(self.geometry, cells - filters, part)
            found.append((exact, of_cells, sums.flatten(1)))
        exact, of_cells, delivered = (torch.cat(values) for values in zip(*found, strict=True))
        return fitted(exact, of_cells, delivered)


def _as_bytes(filters: Tensor) -> npt.NDArray[np.int8]:
    return np.ascontiguousarray(filters.to(torch.int8).cpu().numpy())
