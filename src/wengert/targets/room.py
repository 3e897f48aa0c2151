"""Whether what a graph gives fits in the memory that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wengert.autodiff.memory import bytes_of
from wengert.ir.graph import Graph
from wengert.ir.types import ArrayType, bind_shape
from wengert.ir.walk import order_of
from wengert.memory import require

VIEWS = frozenset({"input", "constant", "broadcast", "transpose", "reshape", "slice", "flip"})
"""Ops whose values take no memory of their own, for NumPy."""


def largest_between(graph: Graph, sizes: Mapping[str, int]) -> int:
    """The bytes of the largest array between inputs and results, where NumPy runs node by node."""
    outputs = set(graph.outputs)
    between = (x for x in order_of(graph) if x not in outputs and x.op.name not in VIEWS)
    return max((bytes_of([x.type.with_shape(bind_shape(x.shape, sizes))]) for x in between if x.shape), default=0)


def check_graph(graph: Graph, sizes: Mapping[str, int], scratch: int = 0) -> None:
    """Refuse a graph whose results, with so many bytes beside them, do not fit.

    Raises MemoryLimitError.
    """
    nodes = dict.fromkeys(y for y in graph.outputs if y.shape)
    check([y.type.with_shape(bind_shape(y.shape, sizes)) for y in nodes], scratch)


def check(types: Sequence[ArrayType], scratch: int = 0) -> None:
    """Refuse arrays of these types that, with so many bytes beside them, do not fit.

    Raises MemoryLimitError.
    """
    largest = max(types, key=lambda type: bytes_of([type]), default=None)
    require(
        bytes_of(types) + scratch,
        "What is computed, with all that is needed on the way," if scratch else "What is computed",
        f"  the largest result is {largest}" if largest else "  it is needed between the results",
        "Work on fewer entries at a time, or sum them before they stand side by side.",
    )
