"""What a graph becomes on its way to code, as text, with the time of each step. It runs nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from wengert.core.ir.graph import Graph
from wengert.core.passes.pipeline import PIPELINE, Pass, run
from wengert.errors import GraphError
from wengert.targets.base import CodeTarget, default
from wengert.targets.partition import partition
from wengert.targets.ready import with_sizes


@dataclass(frozen=True)
class Stage:
    """One stage as text, and the seconds of each pass and step on the way there."""

    text: str
    seconds: Mapping[str, float]

    def __str__(self) -> str:
        return self.text

    def times(self) -> str:
        """The seconds as a table in milliseconds."""
        wide = max(map(len, self.seconds))
        rows = [f"{name:<{wide}}  {1e3 * value:9.3f} ms" for name, value in self.seconds.items()]
        return "\n".join([*rows, f"{'total':<{wide}}  {1e3 * sum(self.seconds.values()):9.3f} ms"])


def stage(
    graph: Graph, stop: str = "loops", sizes: Mapping[str, int] | None = None, target: CodeTarget | None = None
) -> Stage:
    """The stage `stop` of a graph before its passes, of those that the target has: "fused" kernels in words, "loops", "llvm" or "asm".

    Raises GraphError where there is no such stage, ShapeError where a named size has no number.
    """
    target = target or default()
    if stop not in target.stages:
        raise GraphError(
            f"There is no stage '{stop}'.", f"  the stages are {', '.join(target.stages)}", "Name one of these."
        )
    seconds: dict[str, float] = {}
    ready = with_sizes(run(graph, [_timed(each, seconds) for each in PIPELINE]), sizes or {})
    return Stage(_text(ready, stop, target, seconds), seconds)


def _timed(each: Pass, seconds: dict[str, float]) -> Pass:
    def timed(graph: Graph) -> Graph:
        start = time.perf_counter()
        result = each(graph)
        seconds[each.__name__] = seconds.get(each.__name__, 0.0) + time.perf_counter() - start
        return result

    return timed


def _text(graph: Graph, stop: str, target: CodeTarget, seconds: dict[str, float]) -> str:
    """The text of a graph; of one with ops that the host runs, part by part."""
    graph = target.written(target.prepared(graph))
    found = partition(graph, target)
    if found is None:
        return target.text(graph, stop, seconds)
    parts: list[str] = []
    for number, part in enumerate(found.parts, 1):
        if part.node is not None:
            parts.append(f"part {number}: {part.node.op.name}, by NumPy\n")
        elif part.graph is not None:
            parts.append(f"part {number}: {target.name}\n{target.text(part.graph, stop, seconds)}")
    return "\n".join(parts)
