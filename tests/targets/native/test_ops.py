"""Every op's samples, native code against the interpreter; and entry by entry, with special values, what is elementwise."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from tests.thorough import part
from wengert.core.ir.graph import Graph, Node, apply, input_node
from wengert.core.ir.op import OPS, Op
from wengert.core.ir.types import COMPLEXES, DTYPES, FLOATS, ArrayType, TupleType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes.precision import in_dtype
from wengert.errors import GraphError
from wengert.targets import compiled
from wengert.targets.native.accuracy import ULP_BOUNDS
from wengert.targets.native.loops.nest import Compute, Constant
from wengert.targets.native.loops.values import Entry, EntryVocabulary
from wengert.targets.native.support import is_native

SAMPLED = [op for op in OPS.values() if op.samples(np.random.default_rng(0))]
ELEMENTWISE = [op for op in SAMPLED if op.kind == "elementwise"]
TRIED = part(itertools.product(OPS, DTYPES), 1, lambda case: (case[0], case[1] in FLOATS))
"""Every day an op has one of the floats and one other dtype."""
WIDTHS = (1, 2, 3, 17, 70)
EXTREMES = (0, 1, -1, 2, 7, -(2**63), 2**63 - 1, 2**62, 3037000500)
SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 2.5, -3.0, np.inf, -np.inf, np.nan),
    *(5e-324, -1e-310, 1e-45, -1e-40, 1e-300, 1e300, -1e300, 3e38, -3e38, 710.0, -745.0, 88.0, -104.0, 1e5),
)
FREE_SIGN = {"maximum", "minimum", "relu", "elu", "erfinv"}
"""Ops of which NumPy or SciPy leave open which zero they give."""
TAILS = {"logistic", "softplus", "silu", "gelu", "erfc", "erfinv", "exp2"}
"""Ops whose subnormal values SciPy or NumPy round to 0 or otherwise."""

Inputs = Sequence[tuple[Sequence[Any], dict[str, Any]]]


def dtypes(op: Op) -> list[str]:
    """Those in which an op is tried."""
    return [dtype for name, dtype in TRIED if name == op.name]


def graph_of(op: Op, cases: Inputs) -> tuple[Graph, dict[str, Any]]:
    """One graph with every case of the op, and the values of its inputs."""
    inputs: list[Node] = []
    outputs: list[Node] = []
    values: dict[str, Any] = {}
    for arrays, params in cases:
        own = [_input(f"x{len(inputs) + k}", np.asarray(a)) for k, a in enumerate(arrays)]
        values.update({str(x.params["name"]): np.asarray(a) for x, a in zip(own, arrays, strict=True)})
        inputs += own
        node = apply(op, *own, **params)
        if isinstance(node.type, TupleType):
            arrays_only = [y for y in results(node) if y.type.dtype != "tape"]
            outputs += arrays_only
        else:
            outputs.append(node)
    return Graph(tuple(inputs), tuple(outputs)), values


def _input(name: str, array: Any) -> Node:
    return input_node(name, ArrayType(array.shape, str(array.dtype)))


def both(graph: Graph, values: dict[str, Any]) -> Iterable[tuple[Node, Any, Any]]:
    """For each output its node, its native value and the interpreter's."""
    found = compiled.compile(graph, cache=False)(**values)
    for node, got, wanted in zip(graph.outputs, found, evaluate(graph, values), strict=True):
        a, b = np.asarray(got), np.asarray(wanted)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert isinstance(got, np.ndarray) is isinstance(wanted, np.ndarray)
        yield node, a, b


def converted(array: Any, dtype: str) -> Any:
    """A sample's array in another dtype; whole numbers and truths of it where that is asked for."""
    array = np.asarray(array)
    if array.dtype != "float64":
        return array
    if dtype == "bool":
        return array > 0
    return np.floor(array * 7).astype(dtype) if dtype == "int64" else array.astype(dtype)


def forms(op: Op) -> Inputs:
    """One sample for each combination of shapes and parameters."""
    seen: dict[str, Any] = {}
    for arrays, params in op.samples(np.random.default_rng(1)):
        key = f"{[np.shape(a) for a in arrays]}{[np.asarray(a).dtype for a in arrays]}{sorted(params.items(), key=str)}"
        seen.setdefault(key, (arrays, params))
    return list(seen.values())


def taken(op: Op, dtype: str, cases: Inputs) -> Inputs:
    """The cases in a dtype, those that the op takes."""
    kept: list[Any] = []
    for arrays, params in cases:
        arrays = [converted(a, dtype) for a in arrays]
        types = tuple(ArrayType(a.shape, str(a.dtype)) for a in arrays)
        try:
            op.infer(types, params)
        except GraphError:
            continue
        if dtype != "int64" or params.get("exponent", 0) >= 0:
            kept.append((arrays, params))
    return kept


# samples


@pytest.mark.parametrize("op", SAMPLED, ids=lambda op: op.name)
def test_samples_are_those_of_the_interpreter(op: Op) -> None:
    for dtype in dtypes(op):
        graph, values = graph_of(op, forms(op) if op.kind == "control" else taken(op, dtype, forms(op)))
        if op.kind == "control":
            if dtype not in FLOATS:
                continue
            graph = in_dtype(graph, dtype)
            values = {name: converted(x, dtype) for name, x in values.items()}
        for node, found, wanted in both(graph, values) if graph.outputs else ():
            assert_near(found, wanted, node)


def assert_near(found: Any, wanted: Any, node: Node) -> None:
    """Equal, or for floats and complex numbers within some units of the last place of the largest entry."""
    if wanted.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, wanted, err_msg=repr(node))
        return
    scale = np.max(np.abs(wanted), initial=0, where=np.isfinite(wanted))
    atol = 20 * np.finfo(wanted.dtype).eps * max(scale, np.finfo(wanted.dtype).tiny)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=atol, err_msg=repr(node))


def test_no_op_is_left_out() -> None:
    assert {name for name in OPS if OPS[name] not in SAMPLED} == {"input", "item", "opaque", "undetermined"}


# entry by entry


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_every_width_has_the_same_values(op: Op) -> None:
    """Vectors, their ragged ends and single entries, to the bounds of the functions."""
    samples = [case for case in op.samples(np.random.default_rng(2)) if np.size(case[0][0])]
    longest: dict[str, Any] = {}
    for arrays, params in samples:
        longest[str(params)] = max(
            longest.get(str(params), (arrays, params)), (arrays, params), key=lambda c: np.size(c[0][0])
        )
    cases = [([np.resize(a, n) for a in arrays], params) for arrays, params in longest.values() for n in WIDTHS]
    for dtype in dtypes(op):
        kept = taken(op, dtype, cases)
        if kept:
            assert_exact(*graph_of(op, kept))


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_special_values_are_those_of_the_interpreter(op: Op) -> None:
    for dtype in dtypes(op):
        cases = [(special_arrays(op, dtype), params) for params in parameters(op)]
        kept = [case for case in taken(op, dtype, cases) if case[0]]
        if kept:
            assert_exact(*graph_of(op, kept))


MOST_CASES = 1 << 20
"""So many combinations are tried at most."""


def parameters(op: Op) -> list[dict[str, Any]]:
    """The different parameters of the samples."""
    return list({str(params): params for _, params in op.samples(np.random.default_rng(0))}.values())


def special_arrays(op: Op, dtype: str) -> list[Any]:
    """Every combination of special values, of a part of them where there are many inputs; a condition comes first."""
    with np.errstate(all="ignore"):
        values = np.array([True, False] if dtype == "bool" else EXTREMES if dtype == "int64" else SPECIAL).astype(dtype)
    arity = op.arity or 0
    while values.size**arity > MOST_CASES:
        values = values[::2]
    axes = [values] * arity
    if op.name == "where":
        axes[0] = np.array([True, False])
    return [side.ravel() for side in np.meshgrid(*axes)]


def assert_exact(graph: Graph, values: dict[str, Any]) -> None:
    """Each entry equal, or to the bounds of the functions that the op's value is written in."""
    for node, found, wanted in both(graph, values):
        if (
            wanted.dtype.kind == "c"
        ):  # parts are computed one by one: together they have the digits that the modulus has
            np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(wanted.dtype).eps, err_msg=repr(node))
            continue
        if wanted.dtype.kind != "f":
            np.testing.assert_array_equal(found, wanted, err_msg=repr(node))
            continue
        arrays = [values[str(x.params["name"])] for x in node.inputs]
        ordinary = np.isfinite(wanted) & (wanted != 0)
        if node.op.name in TAILS:
            tiny = np.finfo(wanted.dtype).tiny * 4
            tail = (np.abs(wanted) < tiny) & (np.abs(found) < tiny)
            ordinary, found, wanted = ordinary & ~tail, np.where(tail, 0, found), np.where(tail, 0, wanted)
        np.testing.assert_array_equal(found[~ordinary], wanted[~ordinary], err_msg=f"{node!r} of {arrays}")
        signs = ~np.isnan(wanted) if node.op.name not in FREE_SIGN else ordinary
        np.testing.assert_array_equal(np.signbit(found)[signs], np.signbit(wanted)[signs], err_msg=repr(node))
        with np.errstate(over="ignore"):  # beyond the largest number there is none
            unit = np.spacing(np.abs(wanted[ordinary]))
        if node.op.name == "logaddexp":
            largest = np.max(np.where(np.isfinite(arrays), np.abs(arrays), 0), axis=0)
            unit = np.maximum(unit, np.spacing(largest[ordinary]))
        off = np.abs(found[ordinary] - wanted[ordinary]) / unit
        worst = int(np.argmax(off)) if off.size else 0
        assert not off.size or off[worst] <= bound(node), (
            f"{node!r}: {off[worst]} units, at {[a[ordinary].flat[worst] for a in arrays]}: "
            f"{found[ordinary].flat[worst]!r} instead of {wanted[ordinary].flat[worst]!r}"
        )


def bound(node: Node) -> float:
    """How many units of the last place native code and NumPy may be apart: none where only arithmetic is done."""
    if not is_native(node):
        return 0  # the host runs it, by the same function as the interpreter
    made: list[Any] = []
    entries = [Entry(Constant(1, x.type.dtype), made) for x in node.inputs]
    node.op.value(EntryVocabulary(made), *entries, **node.params)
    functions = [each for each in made if isinstance(each, Compute)]
    k = FLOATS.index(node.type.dtype)
    own = sum(ULP_BOUNDS[each.function][k] for each in functions if each.function in ULP_BOUNDS)
    powers = sum(abs(each.exponent or 0) / 2 + 1.5 for each in functions if each.exponent not in (None, 0, 1, 2))
    far = 60 if node.op.name == "gelu" else 0  # SciPy's erfc is off by so much in its tail
    return (2 * own + 0.5 * len(functions) + 4 if own else 0) + powers + far


@pytest.mark.parametrize("source", DTYPES)
def test_casts_are_those_of_numpy(source: str) -> None:
    x = input_node("x", ArrayType((len(SPECIAL) + len(EXTREMES),), source))
    with np.errstate(all="ignore"):
        values = np.concatenate([np.array(SPECIAL), np.array(EXTREMES, np.float64)]).astype(source)
    targets = [dtype for dtype in DTYPES if dtype in COMPLEXES or source not in COMPLEXES]  # no other loses a part
    graph = Graph((x,), tuple(apply("cast", x, dtype=dtype) for dtype in targets))
    found = compiled.compile(graph, cache=False)(x=values)
    for dtype, array in zip(targets, found, strict=True):
        with np.errstate(all="ignore"):
            wanted = values.astype(dtype)
            if dtype == "int64" and source in FLOATS:  # what C leaves open is the smallest number
                inside = (values >= -(2.0**63)) & (values < 2.0**63)
                wanted = np.where(inside, values.astype(dtype), np.int64(-(2**63)))
        np.testing.assert_array_equal(array, wanted)
