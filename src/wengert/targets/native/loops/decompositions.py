"""QR, eigenvalues of symmetric matrices, singular values: each is one routine whose results lie behind one another in one array.

Value and derivative share the routine as they share the node. Matrices lie there in columns, as LAPACK makes them, and what it works
in lies behind them. It knows no machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from wengert.core.ir.graph import Node, apply, constant_like
from wengert.core.ir.op import Op, Params
from wengert.core.ir.types import ArrayType
from wengert.core.ops.matrices import transposed, triangle
from wengert.targets.native.loops.factors import routine
from wengert.targets.native.loops.forms import numbers

np: Any = numpy
Array = Any
PANEL = 33
"""Columns that LAPACK works on at once, and one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the parts of a decomposition lie: the entries of each by its name, in order."""

    sizes: Mapping[str, int]

    def start(self, name: str) -> int:
        """The first entry of a part."""
        names = list(self.sizes)
        return sum(self.sizes[each] for each in names[: names.index(name)])

    @property
    def total(self) -> int:
        """The entries of all."""
        return sum(self.sizes.values())

    def node(self, packed: Node, name: str, shape: Sequence[int]) -> Node:
        """A part of a packed array, in a shape."""
        stack = packed.shape[:-2]
        zeros, first = (0,) * len(stack), self.start(name)
        start, stop = (*zeros, 0, first), (*stack, 1, first + self.sizes[name])
        cut = apply("slice", packed, start=start, stop=stop, step=(1,) * packed.type.rank)
        return apply("reshape", cut, shape=(*stack, *shape))


def qr_parts(m: int, n: int, full: bool) -> Parts:
    """Of m rows and n columns: the factors and the columns of Q."""
    k = min(m, n)
    columns = m if full else k
    return Parts({"factors": n * m, "q": columns * m, "tau": k, "work": PANEL * max(n, columns)})


def eigh_parts(n: int) -> Parts:
    """The vectors and the values; LAPACK says how much it works in."""
    return Parts({"vectors": n * n, "values": n, "work": 1 + 6 * n + 2 * n * n, "integers": 3 + 5 * n})


def svd_parts(m: int, n: int, full: bool) -> Parts:
    """A as it is worked on, s, U and Vᵀ."""
    k = min(m, n)
    rows, columns = (m, n) if full else (k, k)
    work = 4 * k * k + 7 * k + PANEL * (m + n)
    return Parts({"a": m * n, "s": k, "u": rows * m, "v": n * columns, "work": work, "integers": 8 * k})


def parts_of(name: str, m: int, n: int, params: Mapping[str, Any]) -> Parts:
    """The parts of a routine's result."""
    return eigh_parts(n) if name == "eigh_parts" else _SIZED[name](m, n, bool(params["full"]))


_SIZED: Mapping[str, Callable[[int, int, bool], Parts]] = {"qr_parts": qr_parts, "svd_parts": svd_parts}


# ---------------------------------------------------------------- routines


def _infer(name: str) -> Callable[[tuple[ArrayType, ...], Params], ArrayType]:
    def infer(types: tuple[ArrayType, ...], params: Params) -> ArrayType:
        *many, m, n = numbers(types[0].shape)
        return types[0].with_shape((*many, 1, parts_of(name, m, n, params).total))

    return infer


def _packed(parts: Parts, like: Array, **found: Array) -> Array:
    """Parts at their places; 0 where LAPACK works."""
    packed = np.zeros((*like.shape[:-2], 1, parts.total), like.dtype)
    for name, array in found.items():
        first = parts.start(name)
        packed[..., 0, first : first + parts.sizes[name]] = array.reshape((*like.shape[:-2], -1))
    return packed


def _qr(a: Array, full: bool) -> Array:
    q, r = np.linalg.qr(a, "complete" if full else "reduced")
    factors = np.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    factors[..., : r.shape[-2]] = r.swapaxes(-1, -2)
    return _packed(qr_parts(a.shape[-2], a.shape[-1], full), a, factors=factors, q=q.swapaxes(-1, -2))


def _eigh(a: Array) -> Array:
    w, v = np.linalg.eigh(a)
    return _packed(eigh_parts(a.shape[-1]), a, vectors=v.swapaxes(-1, -2), values=w)


def _svd(a: Array, full: bool) -> Array:
    u, s, v = np.linalg.svd(a, full_matrices=full)
    return _packed(svd_parts(a.shape[-2], a.shape[-1], full), a, u=u.swapaxes(-1, -2), s=s, v=v.swapaxes(-1, -2))


def _op(name: str, summary: str, value: Callable[..., Array]) -> Op:
    return routine(name, summary, 1, _infer(name), value)


qr = _op("qr_parts", "R with the reflections below it, and Q, in columns.", lambda xp, a, full: _qr(a, full))
eigh = _op("eigh_parts", "The eigenvectors in columns and the eigenvalues.", lambda xp, a, lower: _eigh(a))
svd = _op("svd_parts", "s, U and Vᵀ, in columns.", lambda xp, a, full: _svd(a, full))
OPS = (qr, eigh, svd)
PARTS = frozenset(op.name for op in OPS)
"""The routines whose results have parts."""
WORK: Mapping[str, Callable[[int, int], float]] = {
    "qr_parts": lambda n, total: 4 * n * total,
    "eigh_parts": lambda n, total: 9 * n**3,
    "svd_parts": lambda n, total: 8 * n * total,
}


# ---------------------------------------------------------------- results


def _of_qr(node: Node) -> Node:
    """Q, or R: the factors above the diagonal."""
    several = node.inputs[0]
    (a,), full = several.inputs, several.params["full"]
    m, n = numbers(a.shape)[-2:]
    columns, parts = m if full else min(m, n), qr_parts(m, n, full)
    packed = apply(qr, a, full=full)
    if node.params["index"] == 0:
        return transposed(parts.node(packed, "q", (columns, m)))
    factors = transposed(parts.node(packed, "factors", (n, m)))
    stop = (*a.shape[:-2], columns, n)
    rows = apply("slice", factors, start=(0,) * len(stop), stop=stop, step=(1,) * len(stop))
    return triangle(rows, lower=False)


def _of_eigh(node: Node) -> Node:
    """w or V of (A + Aᵀ)/2."""
    several = node.inputs[0]
    (a,) = several.inputs
    if several.params["library"] != "numpy":
        return node
    n, half = numbers(a.shape)[-1], constant_like(0.5, a)
    packed, parts = apply(eigh, (a + transposed(a)) * half, lower=several.params["lower"]), eigh_parts(n)
    return (
        parts.node(packed, "values", (n,))
        if node.params["index"] == 0
        else transposed(parts.node(packed, "vectors", (n, n)))
    )


def _of_svd(node: Node) -> Node:
    """U, s or Vᵀ."""
    several = node.inputs[0]
    (a,), full = several.inputs, several.params["full"]
    m, n = numbers(a.shape)[-2:]
    k, parts = min(m, n), svd_parts(m, n, full)
    rows, columns = (m, n) if full else (k, k)
    name, shape = (("u", (rows, m)), ("s", (k,)), ("v", (n, columns)))[node.params["index"]]
    found = parts.node(apply(svd, a, full=full), name, shape)
    return found if name == "s" else transposed(found)


RESULTS: Mapping[str, Callable[[Node], Node]] = {"qr": _of_qr, "eigh": _of_eigh, "svd": _of_svd}
"""The rule that takes a result out, by the op that has several."""
