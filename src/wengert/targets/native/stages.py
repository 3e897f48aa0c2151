"""What a graph becomes on its way to machine code, as text, with the time of each step. It runs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from wengert.errors import GraphError
from wengert.ir.graph import Graph
from wengert.passes.pipeline import PIPELINE, Pass, run
from wengert.targets.native.build import Build
from wengert.targets.native.loops.expand import with_sizes
from wengert.targets.native.loops.show import show
from wengert.targets.native.loops.show_kernels import show_kernels
from wengert.targets.native.segments import split

Stop = Literal["fused", "loops", "llvm", "asm"]
STOPS: tuple[str, ...] = get_args(Stop)


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


def stage(graph: Graph, stop: str = "loops", sizes: Mapping[str, int] | None = None) -> Stage:
    """The stage `stop` of a graph before its passes: "fused" kernels in words, "loops", "llvm" or "asm".

    Raises GraphError where there is no such stage, ShapeError where a named size has no number.
    """
    if stop not in STOPS:
        raise GraphError(f"There is no stage '{stop}'.", f"  the stages are {', '.join(STOPS)}", "Name one of these.")
    seconds: dict[str, float] = {}
    ready = with_sizes(run(graph, [_timed(each, seconds) for each in PIPELINE]), sizes or {})
    return Stage(_text(ready, stop, seconds), seconds)


def _timed(each: Pass, seconds: dict[str, float]) -> Pass:
    def timed(graph: Graph) -> Graph:
        start = time.perf_counter()
        result = each(graph)
        seconds[each.__name__] = seconds.get(each.__name__, 0.0) + time.perf_counter() - start
        return result

    return timed


def _text(graph: Graph, stop: str, seconds: dict[str, float]) -> str:
    """The text of a graph; of one with ops that the host runs, part by part."""
    segments = split(graph)
    if segments is None:
        return _part(graph, stop, seconds)
    parts: list[str] = []
    for number, part in enumerate(segments.parts, 1):
        if part.node is not None:
            parts.append(f"part {number}: {part.node.op.name}, by NumPy\n")
        elif part.graph is not None:
            parts.append(f"part {number}: native\n{_part(part.graph, stop, seconds)}")
    return "\n".join(parts)


def _part(graph: Graph, stop: str, seconds: dict[str, float]) -> str:
    build = Build(graph)
    makers: Mapping[str, Callable[[], str]] = {
        "fused": lambda: show_kernels(graph),
        "loops": lambda: show(build.program),
        "llvm": lambda: build.emitted.text,
        "asm": lambda: build.assembly,
    }
    start = time.perf_counter()
    text = makers[stop]()
    taken = build.seconds or {"fuse": time.perf_counter() - start}
    for name, value in taken.items():
        seconds[name] = seconds.get(name, 0.0) + value
    return text
