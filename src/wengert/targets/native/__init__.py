"""Code of this processor, by LLVM: a `CodeTarget`, whose functions import what they need when they are called.

    graph ── loops ──▶ nest ──▶ LLVM's text ──▶ code in memory ──▶ entry, called from Python
      │      (fuse, lower)      (emit)          (jit, cache)       (entry)
      └── unrolled: a long graph of small arrays ──▶ straight-line code

In goes a graph whose sizes are numbers and whose nodes all have a native form (`support`); out comes a `variant.Variant`. Read first
`build.py`, which has the stages in order; `signature` says what a program is called with, `pool` how many threads take its chunks.
Nobody outside of `targets` imports this package, and nobody else imports llvmlite.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.walk import order_of
from wengert.targets.base import OWN, Support, by_host

if TYPE_CHECKING:
    from wengert.targets.native.cost import Guess
    from wengert.targets.native.variant import Variant
    from wengert.targets.native.viewed import Viewed

name = "native"
makes_code = True
stages: tuple[str, ...] = ("fused", "loops", "llvm", "asm")


def supports(node: Node) -> Support:
    """OWN where the node has a native form."""
    from wengert.targets.native.support import is_native

    return OWN if is_native(node) else by_host(node)


def prepared(graph: Graph) -> Graph:
    """The graph with complex numbers in parts, where code can take these."""
    if not any(node.type.is_complex for node in order_of(graph)):
        return graph
    from wengert.targets.native import pocketfft
    from wengert.targets.native.loops.complex_parts import in_parts

    return in_parts(graph) if pocketfft.is_there() else graph


def lower(
    graph: Graph, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False
) -> Variant | Viewed | None:
    """The code of a graph; None where a node of it has no native form.

    Raises MemoryLimitError where results or scratch memory do not fit.
    """
    from wengert.targets.native import variant

    if donated or not _is_between_complex(graph):
        return variant.lower(graph, donated, cache=cache, quick=quick)
    from wengert.targets.native import viewed

    return viewed.lower(graph, cache=cache, quick=quick)


def estimate(graph: Graph) -> Guess:
    """What its code costs."""
    from wengert.targets.native.cost import Guess

    return Guess(graph)


def _is_between_complex(graph: Graph) -> bool:
    """Whether a graph takes or gives complex arrays."""
    return any(node.type.is_complex for node in (*graph.inputs, *graph.outputs))


def written(graph: Graph) -> Graph:
    """The graph that the code is of: of complex arrays, their real parts, which are the same memory."""
    if not _is_between_complex(graph):
        return graph
    from wengert.targets.native.viewed import real_form

    return real_form(graph) or graph


def text(graph: Graph, stage: str, seconds: MutableMapping[str, float]) -> str:
    """Kernels in words, loop nests, LLVM's language or the instructions of this processor."""
    from wengert.targets.native.build import text

    return text(graph, stage, seconds)


def keep_code(enabled: bool) -> None:
    """Whether object code is looked for on disk and kept there, from now on."""
    from wengert.targets.native import cache

    cache.configure(enabled=enabled)


def keep_subnormals(kept: bool) -> None:
    """Whether programs that loop keep subnormal numbers, from now on."""
    from wengert.targets.native import subnormals

    subnormals.keep(kept)


def set_threads(count: int) -> None:
    """Let parallel loops use so many threads. Raises GraphError where the count is not between 1 and 256."""
    from wengert.targets.native import pool

    pool.set_threads(count)
