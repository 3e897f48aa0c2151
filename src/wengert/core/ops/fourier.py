"""Discrete Fourier transforms, without factors: those that a norm asks for are products beside them.

Each is linear over the complex numbers or over the real ones, and the matrix of a transform is symmetric, so that adjoints are
transforms again.

Source: the sums are NumPy's, numpy.fft; Cooley and Tukey 1965.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node, apply, constant
from wengert.core.ir.notation import unwritten
from wengert.core.ir.op import Params
from wengert.core.ir.types import FLOATS, ArrayType
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.complex_numbers import PART, WHOLE, complex_samples, conjugate
from wengert.core.ops.kinds import general
from wengert.core.ops.structural import check_axes, shifted
from wengert.errors import GraphError

SHAPES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((4,), 0),
    ((5,), 0),
    ((1,), 0),
    ((2,), 0),
    ((3, 2), 0),
    ((3, 2), 1),
    ((0, 3), 1),
    ((2, 5, 2), 1),
)
"""Shapes with an axis to transform along."""


def _check_entries(name: str, type: ArrayType, axes: Sequence[int]) -> None:
    check_axes(name, tuple(axes), type.rank)
    for axis in axes:
        if not isinstance(type.shape[axis], int) or type.shape[axis] < 1:  # pyright: ignore[reportOperatorIssue]
            raise GraphError(
                f"'{name}' transforms along axes of a known number of entries, one at least.",
                f"  its input is {type}, the axis {axis}",
                "Give an axis that has entries.",
            )


# ---------------------------------------------------------------- complex to complex


def _infer_fft(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,) = types
    if not x.is_complex:
        raise GraphError(
            f"'fft' takes complex numbers, not {x.dtype}.",
            f"  its input is {x}",
            "Cast the input first:  cast(x, dtype='complex128')",
        )
    _check_entries("fft", x, params["axes"])
    return x


def _value_fft(xp: Vocabulary, x: Any, axes: tuple[int, ...], inverse: bool) -> Any:
    return xp.fft.ifftn(x, axes=axes, norm="forward") if inverse else xp.fft.fftn(x, axes=axes)


def _again(node: Node, signal: Node | None) -> Node | None:
    return None if signal is None else apply("fft", signal, **node.params)


fft = general(
    "fft",
    "y_k = Σ_j x_j e^(∓2πi jk/n) along each of `axes`, with + where `inverse`.",
    infer=_infer_fft,
    value=_value_fft,
    jvp=lambda node, tangents: _again(node, tangents[0]),
    vjp=lambda node, cotangent: (_again(node, cotangent),),
    batch=lambda node, inputs, batched: apply(
        "fft", inputs[0], axes=shifted(node.params["axes"]), inverse=node.params["inverse"]
    ),
    notation=unwritten("fft"),
    samples=lambda rng: [
        ([complex_samples(rng, shape)], {"axes": axes, "inverse": inverse})
        for shape, axes in (*((shape, (axis,)) for shape, axis in SHAPES), ((3, 2), (0, 1)), ((2, 4, 3), (2, 0)))
        for inverse in (False, True)
        for _ in range(2)
    ],
    errors=(
        ((ArrayType((3,)),), {"axes": (0,), "inverse": False}, "takes complex numbers"),
        ((ArrayType((3,), "complex128"),), {"axes": (1,), "inverse": False}, "distinct axes"),
        ((ArrayType((0,), "complex128"),), {"axes": (0,), "inverse": False}, "one at least"),
    ),
)


# ---------------------------------------------------------------- real to half of a spectrum, and back


def _infer_rfft(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (x,) = types
    axis: int = params["axis"]
    if x.dtype not in FLOATS:
        raise GraphError(
            f"'rfft' takes real numbers, not {x.dtype}.",
            f"  its input is {x}",
            "Cast the input first:  cast(x, dtype='float64')",
        )
    _check_entries("rfft", x, (axis,))
    size = x.shape[axis]
    assert isinstance(size, int)
    return ArrayType((*x.shape[:axis], size // 2 + 1, *x.shape[axis + 1 :]), WHOLE[x.dtype])


def _infer_irfft(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
    (y,), axis, size = types, params["axis"], params["size"]
    if not y.is_complex:
        raise GraphError(
            f"'irfft' takes complex numbers, not {y.dtype}.",
            f"  its input is {y}",
            "Cast the input first:  cast(x, dtype='complex128')",
        )
    _check_entries("irfft", y, (axis,))
    if size < 1 or y.shape[axis] != size // 2 + 1:
        raise GraphError(
            f"The half of a spectrum of {size} entries has {size // 2 + 1}.",
            f"  the input of 'irfft' is {y}, the axis {axis}",
            "Slice or pad the input along the axis.",
        )
    return ArrayType((*y.shape[:axis], size, *y.shape[axis + 1 :]), PART[y.dtype])


def _weights(like: Node, axis: int, size: int, inverse: bool) -> Node:
    """How often each entry of the half stands in the whole spectrum of `size`: 2, but 1 at its ends where these are real."""
    half = size // 2 + 1
    counts = np.full(half, 2.0)
    counts[0] = 1
    if size % 2 == 0:
        counts[-1] = 1
    real = constant(1 / counts if inverse else counts, ArrayType((half,), PART[like.type.dtype]))
    row = apply("cast", real, dtype=like.type.dtype)
    return row if like.type.rank == 1 else apply("broadcast", row, shape=like.shape, axes=(axis,))


def _adjoint_rfft(node: Node, cotangent: Node) -> Node:
    """Re Σ_k ȳ_k e^(−2πi jk/n) over the half: the real signal of the spectrum whose half is ȳ*, each entry shared with its mirror."""
    axis = node.params["axis"]
    size: Any = node.inputs[0].shape[axis]
    return apply("irfft", conjugate(cotangent) * _weights(cotangent, axis, size, inverse=True), axis=axis, size=size)


def _adjoint_irfft(node: Node, cotangent: Node) -> Node:
    """w_k (Σ_j x̄_j e^(−2πi jk/n))*, where entry k of the half stands w_k times in the spectrum."""
    axis, size = node.params["axis"], node.params["size"]
    spectrum = conjugate(apply("rfft", cotangent, axis=axis))
    return spectrum * _weights(spectrum, axis, size, inverse=False)


rfft = general(
    "rfft",
    "y_k = Σ_j x_j e^(−2πi jk/n) of real x along `axis`, for k up to n/2: the others are conjugates.",
    infer=_infer_rfft,
    value=lambda xp, x, axis: xp.fft.rfft(x, axis=axis),
    jvp=lambda node, tangents: None if tangents[0] is None else apply("rfft", tangents[0], **node.params),
    vjp=lambda node, cotangent: (_adjoint_rfft(node, cotangent),),
    batch=lambda node, inputs, batched: apply("rfft", inputs[0], axis=node.params["axis"] + 1),
    notation=unwritten("rfft"),
    samples=lambda rng: [([rng.normal(size=shape)], {"axis": axis}) for shape, axis in SHAPES for _ in range(4)],
    errors=(
        ((ArrayType((3,), "complex128"),), {"axis": 0}, "takes real numbers"),
        ((ArrayType((3,)),), {"axis": 1}, "distinct axes"),
        ((ArrayType((0,)),), {"axis": 0}, "one at least"),
    ),
)


def _half(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] // 2 + 1, *shape[axis + 1 :])


irfft = general(
    "irfft",
    "x_j = Σ_k y_k e^(2πi jk/n) over the `size` entries of the spectrum whose half is y; imaginary parts at its ends do not count.",
    infer=_infer_irfft,
    value=lambda xp, y, axis, size: xp.fft.irfft(y, n=size, axis=axis, norm="forward"),
    jvp=lambda node, tangents: None if tangents[0] is None else apply("irfft", tangents[0], **node.params),
    vjp=lambda node, cotangent: (_adjoint_irfft(node, cotangent),),
    batch=lambda node, inputs, batched: apply(
        "irfft", inputs[0], axis=node.params["axis"] + 1, size=node.params["size"]
    ),
    notation=unwritten("irfft"),
    samples=lambda rng: [
        ([complex_samples(rng, _half(shape, axis))], {"axis": axis, "size": shape[axis]})
        for shape, axis in SHAPES
        for _ in range(4)
    ],
    errors=(
        ((ArrayType((3,)),), {"axis": 0, "size": 4}, "takes complex numbers"),
        ((ArrayType((3,), "complex128"),), {"axis": 1, "size": 4}, "distinct axes"),
        ((ArrayType((3,), "complex128"),), {"axis": 0, "size": 3}, "of 3 entries has 2"),
    ),
)
