"""Which nodes have a native form. It knows no machine code."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.op import Op
from wengert.core.ir.walk import topological
from wengert.core.ops.primes import opened
from wengert.targets.native import lapack, pocketfft
from wengert.targets.native.builder import Builder
from wengert.targets.native.loops.decompositions import RESULTS as DECOMPOSED
from wengert.targets.native.loops.expand import EXPANSIONS
from wengert.targets.native.loops.forms import ASSEMBLIES, CONTROL, LEAVES, REDUCTIONS, ROUTINES, TRANSFORMS
from wengert.targets.native.loops.nest import Compute, Constant, Instruction
from wengert.targets.native.loops.routines import MATRICES
from wengert.targets.native.loops.values import Entry, EntryVocabulary

STRUCTURE = frozenset({*EXPANSIONS, *ASSEMBLIES, *CONTROL, *LEAVES, *REDUCTIONS, *MATRICES, "gather", "item"})
"""The ops that are lowered by name, beside those that have an index map; all others by the functions that their value is written in."""

EXTREMES = frozenset({"max", "min", "logsumexp", "softmax"})
"""The ops that look for the largest or smallest entry over axes."""


@lru_cache(maxsize=1024)
def is_function_of_entries(op: Op, dtypes: tuple[str, ...], params: tuple[tuple[str, Any], ...]) -> bool:
    """Whether an op is elementwise, with a value in functions that native code has."""
    if op.kind not in ("elementwise", "product") or op.arity is None:
        return False
    made: list[Instruction] = []
    entries = [Entry(Constant(1, dtype), made) for dtype in dtypes]
    try:
        result = op.value(EntryVocabulary(made), *entries, **dict(params))
    except (
        TypeError,
        AttributeError,
        ValueError,
    ):  # the value asks for more than entries: it is written for whole arrays
        return False
    functions = {each.function for each in made if isinstance(each, Compute)}
    return isinstance(result, Entry) and all(hasattr(Builder, function) for function in functions)


def is_native(node: Node) -> bool:
    """Whether the node has a native form; a loop has one if all nodes of its graphs have. Complex numbers have none."""
    if node.type.is_complex or any(x.type.is_complex for x in node.inputs):
        return False
    if node.op.name in CONTROL:
        graphs = [value for value in node.params.values() if isinstance(value, Graph)]
        return all(is_native(inner) for graph in graphs for inner in topological(graph.outputs))
    if is_refused(node):
        return False
    if node.op.name in TRANSFORMS:
        return pocketfft.is_there()
    if node.op.name in ROUTINES | MATRICES:
        return _can_decompose(node) if node.op.name in DECOMPOSED else lapack.can_run(int(node.inputs[0].shape[-1]))
    if node.op.name == "prime":
        _, formula = opened(node.params["function"], node.params["order"], node.type)
        return all(is_native(inner) for inner in topological([formula]))
    if node.op.index_map is not None or node.op.name in STRUCTURE:
        return True
    dtypes = tuple(x.type.dtype for x in node.inputs)
    return is_function_of_entries(node.op, dtypes, tuple(sorted(node.params.items())))


def _can_decompose(node: Node) -> bool:
    """QR, eigenvalues and singular values are LAPACK's at every size, as NumPy calls it; what has no entries is NumPy's."""
    same = node.op.name != "eigh" or node.params["library"] == "numpy"
    return same and 0 not in node.inputs[0].shape and lapack.can_run(lapack.SMALL + 1)


def is_refused(node: Node) -> bool:
    """Whether NumPy raises for every value of the input's type: for the extremes of nothing and 1/n of whole numbers."""
    if node.op.name in EXTREMES:
        return any(node.inputs[0].shape[axis] == 0 for axis in node.params["axes"])
    return node.op.name == "integer_power" and node.type.dtype == "int64" and node.params["exponent"] < 0
