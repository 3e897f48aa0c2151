"""The seam: what a target is, beside the `Vocabulary` that the values of ops are written in. It knows graphs and no machine.

Who runs graphs asks a `Target` by its name and imports none; what all targets need, the cut of a graph into parts and the choice
of code by sizes, stands above them, in `partition` and `compiled`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from wengert.errors import GraphError
from wengert.ir.graph import Graph, Node
from wengert.ir.vocabulary import Vocabulary

if TYPE_CHECKING:
    from wengert.targets.parameters import Parameter, Tree

__all__ = [
    "HOST",
    "NAMES",
    "OWN",
    "Array",
    "CodeTarget",
    "Estimate",
    "Executable",
    "Support",
    "Target",
    "Vocabulary",
    "by_host",
    "default",
    "target",
]

NAMES = ("native", "interpreter")
"""The targets that run a graph here, the default first."""
Array = Any


@dataclass(frozen=True, slots=True)
class Support:
    """Who computes a node: the target itself, the host with NumPy between the target's parts, or nobody, for a reason."""

    by: Literal["target", "host", "nobody"]
    reason: str = ""


OWN, HOST = Support("target"), Support("host")


def by_host(node: Node) -> Support:
    """HOST, where the op has a value in NumPy's functions."""
    if node.op.name == "opaque":
        return Support("nobody", "it stands for a derivative that has no formula")
    return HOST


class Estimate(Protocol):
    """What a graph costs, in seconds, guessed from its nodes: for those who choose. None is not known: try, and keep what is measured."""

    @property
    def to_make(self) -> float:
        """All passes and code generation. Found in about a microsecond a node."""
        ...

    @property
    def a_call(self) -> float | None:
        """One call, from arrays to arrays. Finding it may take as long as lowering the graph."""
        ...


class Executable(Protocol):
    """A graph whose sizes are numbers, ready to run: arrays of its inputs' types, in order, to its outputs."""

    graph: Graph
    donated: Mapping[int, int]
    """Output -> the input whose memory it takes."""

    @property
    def bytes(self) -> int:
        """The bytes of its code."""
        ...

    def run(self, arrays: Sequence[Array], fallback: Callable[..., Any]) -> tuple[Any, ...]:
        """The outputs for arrays without gaps; without axes, NumPy scalars. `fallback` takes the arrays where the code gives up."""
        ...

    def entry(
        self,
        parameters: Sequence[Parameter] | None,
        result: Tree,
        slow: Callable[..., Any],
        fail: Callable[..., Any],
        *,
        strict: bool = False,
        weak: Sequence[bool] = (),
    ) -> Callable[..., Any] | None:
        """A function that takes `parameters` (none given: one an input, of its name) and gives the tree `result` of outputs.

        What is not just as it should be goes to `slow`; `fail` is called where the code gives up. None where the target has no such
        entry: then `run` is called from Python. `weak` says which inputs were traced from Python scalars, `strict` that NumPy's
        rules of promotion tell these from arrays.
        """
        ...


class Target(Protocol):
    """Where graphs run."""

    name: str
    makes_code: bool
    """Whether it makes code, for each binding of sizes anew; else it takes graphs as they are."""

    def supports(self, node: Node) -> Support:
        """Who computes a node, whose sizes are numbers."""
        ...

    def lower(
        self, graph: Graph, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False
    ) -> Executable | None:
        """A graph whose sizes are numbers, ready to run; None where a node of it is not the target's own: see `partition.lower`.

        The memory of donated inputs is that of outputs: output -> input. With `cache`, code is kept on disk; with `quick`, it is there
        soon rather than as good as can be.
        """
        ...

    def estimate(self, graph: Graph) -> Estimate:
        """What the graph, whose sizes are numbers, costs here."""
        ...


class CodeTarget(Target, Protocol):
    """A target that makes code, which can be looked at and kept."""

    stages: tuple[str, ...]
    """The forms of a graph on its way to code that `text` writes."""

    def text(self, graph: Graph, stage: str, seconds: MutableMapping[str, float]) -> str:
        """One stage of a graph that is its own; `seconds` gets how long each step took."""
        ...

    def keep_code(self, enabled: bool) -> None:
        """Whether code is looked for on disk and kept there, from now on."""
        ...

    def keep_subnormals(self, kept: bool) -> None:
        """Whether code that loops keeps subnormal numbers, from now on, or takes them as 0."""
        ...

    def set_threads(self, count: int) -> None:
        """Let code use so many threads, the caller among them. Raises GraphError where there cannot be so many."""
        ...


def target(name: str) -> Target:
    """The target of that name.

    Raises GraphError where there is none.
    """
    if name == "interpreter":
        from wengert.targets import interpreter

        return interpreter
    if name == "native":
        return default()
    raise GraphError(
        f"There is no back end '{name}'.", f"  known: {', '.join(NAMES)}", "Write backend='native' or leave it out."
    )


def default() -> CodeTarget:
    """The target that runs what is not asked for elsewhere: code of this processor."""
    from wengert.targets import native

    return native
