"""What NumPy refuses is refused on traced values too, by an error of the same class; what has no form names a way out."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.errors import TraceError
from wengert.functions.tracing.record import traced_program

RNG = np.random.default_rng(0)
X, V, B = RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=(2, 3, 4))

CALLS = {
    "reshape": lambda x: np.reshape(x, (5, 2)),
    "reshape, two unknown": lambda x: np.reshape(x, (-1, -1)),
    "transpose": lambda x: np.transpose(x, (0, 0)),
    "transpose, too few": lambda x: np.transpose(x, (0,)),
    "transpose, no such axis": lambda x: np.transpose(x, (0, 2)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 2),
    "moveaxis": lambda x: np.moveaxis(x, 2, 0),
    "moveaxis, repeated": lambda x: np.moveaxis(x, (0, 0), (0, 1)),
    "rollaxis": lambda x: np.rollaxis(x, 3),
    "expand_dims": lambda x: np.expand_dims(x, 4),
    "expand_dims, repeated": lambda x: np.expand_dims(x, (0, 0)),
    "squeeze": lambda x: np.squeeze(x, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 3)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, V[:3]),
    "matrix_transpose": lambda x: np.matrix_transpose(x[0]),
    "flip": lambda x: np.flip(x, 2),
    "flipud": lambda x: np.flipud(x[0, 0]),
    "fliplr": lambda x: np.fliplr(x[0]),
    "rot90": lambda x: np.rot90(x, 1, (0, 0)),
    "rot90, no such axis": lambda x: np.rot90(x, 1, (0, 2)),
    "rot90, of a line": lambda x: np.rot90(x[0]),
    "roll": lambda x: np.roll(x, 1, 2),
    "roll, shapes": lambda x: np.roll(x, (1, 2, 3), (0, 1)),
    "repeat": lambda x: np.repeat(x, [1, 2], axis=0),
    "repeat, negative": lambda x: np.repeat(x, -1),
    "repeat, no such axis": lambda x: np.repeat(x, 2, axis=2),
    "resize": lambda x: np.resize(x, (-1, 2)),
    "delete": lambda x: np.delete(x, 12),
    "delete along an axis": lambda x: np.delete(x, [0, 3], axis=0),
    "insert": lambda x: np.insert(x, 20, 1.0),
    "insert, shapes": lambda x: np.insert(x, 1, np.ones(3), axis=0),
    "split": lambda x: np.split(x, 2),
    "split, none": lambda x: np.array_split(x, 0),
    "hsplit": lambda x: np.hsplit(x[0, 0], 1),
    "vsplit": lambda x: np.vsplit(x[0], 1),
    "dsplit": lambda x: np.dsplit(x, 1),
    "unstack": lambda x: np.unstack(x[0, 0]),
    "pad, widths": lambda x: np.pad(x, ((1, 2), (3, 4), (5, 6))),
    "pad, negative": lambda x: np.pad(x, -1),
    "pad, fractions": lambda x: np.pad(x, 1.5),
    "pad, no such mode": lambda x: np.pad(x, 1, "nearest"),
    "pad, a keyword of another mode": lambda x: np.pad(x, 1, "edge", constant_values=1),
    "pad, edge of nothing": lambda x: np.pad(x[:0], 1, "edge"),
    "pad, statistics of nothing": lambda x: np.pad(x, 1, "maximum", stat_length=0),
    "concatenate": lambda x: np.concatenate([x, V]),
    "concatenate, sizes": lambda x: np.concatenate([x, x[:, :1]]),
    "concatenate, numbers": lambda x: np.concatenate([x[0, 0], x[0, 1]]),
    "concatenate, no such axis": lambda x: np.concatenate([x, x], 2),
    "concatenate, casting": lambda x: np.concatenate([x, x], dtype=int),
    "stack": lambda x: np.stack([x, x[0]]),
    "stack, no such axis": lambda x: np.stack([x, x], 3),
    "vstack": lambda x: np.vstack([x, x[:, :1]]),
    "dstack": lambda x: np.dstack([x, x[0]]),
    "column_stack": lambda x: np.column_stack([x, V]),
    "append": lambda x: np.append(x, V, 0),
    "block": lambda x: np.block([x, [x]]),
    "block, sizes": lambda x: np.block([[x], [x[:, :1]]]),
    "where": lambda x: np.where(x > 0, x, V[:3]),
    "take": lambda x: np.take(x, 12),
    "take, no such axis": lambda x: np.take(x, 0, axis=2),
    "take, no such mode": lambda x: np.take(x, 0, mode="nearest"),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([0, 1]), 0),
    "take_along_axis, outside": lambda x: np.take_along_axis(x, np.array([[3]]), 0),
    "take_along_axis, fractions": lambda x: np.take_along_axis(x, np.array([[0.5]]), 0),
    "select": lambda x: np.select([x > 0], [x, x]),
    "select, nothing": lambda x: np.select([], [x][:0], x),
    "select, numbers": lambda x: np.select([x], [x]),
    "choose": lambda x: np.choose([0, 2, 1, 0], [x, x]),
    "compress": lambda x: np.compress([[True]], x),
    "compress, outside": lambda x: np.compress([True] * 5, x, axis=0),
    "diagonal": lambda x: np.diagonal(x[0]),
    "diagonal, one axis": lambda x: np.diagonal(x, 0, 1, 1),
    "trace": lambda x: np.trace(x[0]),
    "diag": lambda x: np.diag(x[None]),
    "linspace": lambda x: np.linspace(x, 1.0, -1),
    "meshgrid": lambda x: np.meshgrid(x, V, indexing="ji"),
    "astype": lambda x: x.astype(int, casting="safe"),
    "full_like": lambda x: np.full_like(x, V[:3]),
    "matmul": lambda x: x @ x,
    "matmul with a number": lambda x: x @ x[0, 0],
    "vecdot": lambda x: np.vecdot(x, V[:3]),
    "matvec": lambda x: np.matvec(x, V[:3]),
    "vecmat": lambda x: np.vecmat(x, x),
    "dot": lambda x: np.dot(x, x),
    "inner": lambda x: np.inner(x, V[:3]),
    "vdot": lambda x: np.vdot(x, V),
    "tensordot": lambda x: np.tensordot(x, x, 1),
    "tensordot, too many": lambda x: np.tensordot(x, x, 3),
    "tensordot, axes": lambda x: np.tensordot(x, x, ([0, 1], [0])),
    "einsum": lambda x: np.einsum("ijk->i", x),
    "einsum, operands": lambda x: np.einsum("ij,jk", x),
    "einsum, sizes": lambda x: np.einsum("ij,jk", x, x),
    "einsum, output": lambda x: np.einsum("ij->ik", x),
    "einsum, output twice": lambda x: np.einsum("ij->ii", x),
    "einsum, signs": lambda x: np.einsum("i+->i", x),
    "cross": lambda x: np.cross(x, x),
    "cross of numbers": lambda x: np.cross(x[0, 0], V[:3]),
    "convolve": lambda x: np.convolve(x, V),
    "convolve with nothing": lambda x: np.convolve(x[0], V[:0]),
    "convolve, no such mode": lambda x: np.convolve(x[0], V, "middle"),
    "correlate": lambda x: np.correlate(x, V),
    "poly": lambda x: np.poly(x),
    "polyder": lambda x: np.polyder(x[0], -1),
    "polyint": lambda x: np.polyint(x[0], -1),
    "polyint, constants": lambda x: np.polyint(x[0], 3, [1.0, 2.0]),
    "vander": lambda x: np.vander(x),
    "isclose": lambda x: np.isclose(x, V[:3]),
    "bincount": lambda x: np.bincount([0, 1], x[0]),
    "bincount, negative": lambda x: np.bincount([0, -1, 0, 0], x[0]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_wrong_argument_is_refused_as_by_numpy(call):
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever NumPy raises
        call(X)
    with pytest.raises(theirs.type):
        traced_program(call, (X,), {})


REPAIRED = {
    "np.roots": (lambda x: np.roots(x), "companion matrix"),
    "np.frompyfunc": (lambda x: np.frompyfunc(lambda y: y * y, 1, 1)(x), "wg.vmap"),
    "np.histogram": (lambda x: np.histogram(x), "np.bincount"),
    "np.polymul": (lambda x: np.polymul(x, x), "np.convolve"),
    "np.busday_count": (lambda x: np.busday_count("2020-01-01", "2020-02-01", holidays=x), "numbers inside"),
    "another": (lambda x: np.min_scalar_type(x), "@wg.primitive"),
}


@pytest.mark.parametrize(("f", "words"), REPAIRED.values(), ids=REPAIRED.keys())
def test_what_has_no_form_names_a_way_out(f, words):
    with pytest.raises(TraceError) as caught:
        traced_program(f, (V,), {})
    assert words in caught.value.repair
    assert "lambda x:" in caught.value.where
