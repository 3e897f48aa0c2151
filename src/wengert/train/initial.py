"""Initial parameters by a stated rule and a seed.

    glorot       rank ≥ 2: uniform on ±√(6 / (fan_in + fan_out));  rank 0 and 1: zero          (the default)
    he           rank ≥ 2: normal with σ = √(2 / fan_in);          rank 0 and 1: zero
    normal(σ)    every parameter: normal with that σ
    zeros        every parameter: zero

The first axis counts outputs and the second inputs, as in z_i = Σ_j w_ij x_j; each entry of further axes is one more
connection (a convolution's kernel). A zero start of a vector is right for a bias and for weights on data (z = Σ_j w_j
x_j). It is not right where it leaves a vector's entries equal for ever; `break_symmetry` finds those by their first
gradient and draws them.

Each parameter has its own stream, made from (seed, name): neither the order of the parameters nor an added one
changes the others.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from wengert.errors import ModelError
from wengert.train.table import Array

_RULE = re.compile(r"(glorot|he|zeros)|normal\(\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*\)")


def initial_parameters(
    shapes: Mapping[str, tuple[int, ...]], seed: int, rule: str = "glorot", dtype: DTypeLike = np.float64
) -> dict[str, Array]:
    """The parameters by name, drawn by the rule.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010),
    equation 16; He, Zhang, Ren & Sun, "Delving Deep into Rectifiers" (2015), equation 10.

    Raises:
        ModelError: a rule that is none of the four.
    """
    read = _RULE.fullmatch(rule.strip())
    if read is None or (read[2] and not _finite(read[2])):
        raise ModelError(
            f"There is no rule '{rule}' for the initial parameters.",
            "  known: glorot, he, normal(σ), zeros",
            "Write one of these, with a number for σ:  normal(0.1)",
        )
    return {name: _draw(name, shape, seed, rule.strip(), read[2]).astype(dtype) for name, shape in shapes.items()}


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _stream(seed: int, name: str) -> np.random.Generator:
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key])))


def _draw(name: str, shape: tuple[int, ...], seed: int, rule: str, sigma: str | None) -> Array:
    if sigma is not None:
        return np.asarray(_stream(seed, name).normal(0.0, float(sigma), shape))
    if rule == "zeros" or len(shape) < 2 or 0 in shape:
        return np.zeros(shape)
    size = math.prod(shape)
    fan_in, fan_out = size // shape[0], size // shape[1]
    if rule == "he":
        return _stream(seed, name).normal(0.0, math.sqrt(2 / fan_in), shape)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return _stream(seed, name).uniform(-bound, bound, shape)


def break_symmetry(params: Mapping[str, Array], gradients: Mapping[str, Array], seed: int) -> dict[str, Array]:
    """Draws for the zero vectors and scalars that would stay as they start: uniform on ±√(6 / (n + 1)), n their size.

    These are the zero vectors whose first gradient has all entries equal (Σ_i v_i tanh(w_i x) would be one unit,
    however many it has) and the zero scalars whose first gradient is exactly 0. Only the names that were drawn are in
    the result.
    """
    drawn: dict[str, Array] = {}
    for name, value in params.items():
        g = np.asarray(gradients[name])
        if value.ndim > 1 or value.size == 0 or value.any():
            continue
        stays = bool((g == g.flat[0]).all()) if value.size > 1 else not g.any()
        if stays:
            bound = math.sqrt(6 / (value.size + 1))
            drawn[name] = np.asarray(_stream(seed, name).uniform(-bound, bound, value.shape)).astype(value.dtype)
    return drawn
