"""The native back end: graphs become machine code of this processor, by LLVM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wengert.ir.graph import Graph

if TYPE_CHECKING:
    from wengert.targets.native.compiled import Native

name = "native"


def compile(
    graph: Graph,
    sizes: Mapping[str, int] | None = None,
    *,
    donate: Sequence[str] = (),
    cache: bool = True,
    quick: bool = False,
) -> Native:
    """The graph as a callable over arrays; `sizes` gives the named sizes that no input has.

    The memory of the inputs in `donate` is that of results of the same types. With `cache`, object code is kept on disk. With
    `quick`, code is made in a fraction of the time where all arrays are small; it is hardly slower.

    Raises GraphError where a donated name has no result of its type.
    """
    from wengert.targets.native.compiled import Native

    return Native(graph, sizes, donate, cache, quick)
