"""The seam: what a target is, beside the `Vocabulary` that the values of ops are written in. It knows graphs and no machine.

Who runs graphs asks a `Target` by its name and imports none; what all targets need, the cut of a graph into parts and the choice
of code by sizes, stands above them, in `partition` and `compiled`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from wengert.core.ir.graph import Graph, Node
from wengert.core.ir.vocabulary import Vocabulary
from wengert.errors import GraphError

if TYPE_CHECKING:
    from pathlib import Path

    from wengert.targets.mesh import Mesh, MeshLayout
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

NAMES = ("native", "interpreter", "xla")
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
        into: str | None = None,
    ) -> Callable[..., Any] | None:
        """A function that takes `parameters` (none given: one an input, of its name) and gives the tree `result` of outputs.

        What is not just as it should be goes to `slow`; `fail` is called where the code gives up. None where the target has no such
        entry: then `run` is called from Python. `weak` says which inputs were traced from Python scalars, `strict` that NumPy's
        rules of promotion tell these from arrays. `into` names a further keyword: the same tree of arrays, which take the outputs and
        are what comes back; then nothing may be donated.
        """
        ...

    def bound(
        self,
        arrays: Sequence[Array],
        outputs: Sequence[Array],
        result: Any,
        fail: Callable[[], Any],
        busy: Callable[[], Any],
    ) -> Callable[[], Any] | None:
        """A function without arguments that runs the code on these arrays of the inputs' and outputs' types, which lie without gaps
        and share nothing, and gives `result`. `fail` is called where the code gives up, `busy` where it runs already. None where
        the target has no such function.
        """
        ...


class CalledFromPython:
    """What an executable inherits that has no functions of its own for calls: `run` is called from Python."""

    def entry(
        self,
        parameters: Sequence[Parameter] | None,
        result: Tree,
        slow: Callable[..., Any],
        fail: Callable[..., Any],
        *,
        strict: bool = False,
        weak: Sequence[bool] = (),
        into: str | None = None,
    ) -> None:
        """None: it is called from Python."""

    def bound(
        self,
        arrays: Sequence[Array],
        outputs: Sequence[Array],
        result: Any,
        fail: Callable[[], Any],
        busy: Callable[[], Any],
    ) -> None:
        """None: the same."""


class Target(Protocol):
    """Where graphs run."""

    name: str
    makes_code: bool
    """Whether it makes code, for each binding of sizes anew; else it takes graphs as they are."""

    def supports(self, node: Node) -> Support:
        """Who computes a node, whose sizes are numbers."""
        ...

    def prepared(self, graph: Graph) -> Graph:
        """The graph, whose sizes are numbers, with what this target takes in other ops only written in those."""
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

    def written(self, graph: Graph) -> Graph:
        """The graph that the code of a prepared graph is of, which may see its arrays otherwise; itself where that is the same."""
        ...

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


class SpreadGraph(Protocol):
    """A graph over a mesh of devices. Its arrays are the target's."""

    graph: Graph

    def place(self, k: int, array: Array) -> Array:
        """The k-th input on the devices."""
        ...

    def place_own(self, k: int, array: Array) -> Array:
        """The k-th input on the devices, of which each process gives its own part."""
        ...

    def __call__(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs, on the devices; waits for them. Raises GraphError where NumPy would raise on the way."""
        ...

    def fetch(self, array: Array) -> Any:
        """The whole array on this host."""
        ...

    def text(self) -> str:
        """The program of one device, with its collectives."""
        ...


class MeshTarget(CodeTarget, Protocol):
    """A target that runs a graph on many devices."""

    def devices(self) -> tuple[tuple[str, str, int], ...]:
        """(platform, kind, number of its process) of each device."""
        ...

    def factors_in(self, dtype: str | None) -> None:
        """Of which dtype the factors of sums of products in float32 are, from now on; the sums stay float32."""
        ...

    def spread(self, graph: Graph, layout: MeshLayout, donated: Mapping[int, int]) -> SpreadGraph:
        """A graph whose sizes are numbers as one program over a mesh."""
        ...

    def part_of(self, mesh: Mesh, axis: str | None) -> tuple[int, int]:
        """(which, of how many): the part of an array along a mesh axis that this process has."""
        ...

    def join(self, coordinator: str | None, count: int | None, rank: int | None, seconds: int) -> None:
        """Join the other processes at an address, or as the scheduler says. Raises GraphError where they do not come."""
        ...

    def leave(self) -> None:
        """Leave the other processes."""
        ...

    def rank(self) -> int:
        """The number of this process, counted from 0."""
        ...

    def processes(self) -> int:
        """How many processes share the mesh."""
        ...

    def agree(self, text: str) -> bool:
        """Whether all processes give the same text."""
        ...

    def store(self, folder: str | Path, say: Callable[[str], None]) -> CheckpointStore:
        """The checkpoints of a folder."""
        ...


class CheckpointStore(Protocol):
    """Checkpoints of a training, which all processes use together."""

    def save(self, step: int, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
        """Write one in the background; where it cannot be written, that is said, and the one before stays."""
        ...

    def latest(
        self, types: Mapping[str, Array], require: Callable[[Mapping[str, Any]], None]
    ) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """(arrays, facts) of the newest that is whole; `require` refuses the facts of another training before anything is touched."""
        ...

    def wait(self) -> None:
        """Until all is written."""
        ...


def mesh_target(name: str = "xla") -> MeshTarget:
    """The target of that name that runs on meshes.

    Raises GraphError where it does not.
    """
    found: Any = target(name)
    if not hasattr(found, "spread"):
        raise GraphError(
            f"The back end '{name}' runs on one device.", "  a mesh of devices is asked for", "Write backend='xla'."
        )
    return found


def devices() -> tuple[tuple[str, str, int], ...]:
    """(platform, kind, number of its process) of each device that XLA has: ("gpu", "NVIDIA H100 80GB HBM3", 0)."""
    return mesh_target().devices()


def target(name: str) -> Target:
    """The target of that name.

    Raises GraphError where there is none.
    """
    if name == "interpreter":
        from wengert.targets import interpreter

        return interpreter
    if name == "native":
        return default()
    if name == "xla":
        from wengert.targets import xla

        return xla
    raise GraphError(
        f"There is no back end '{name}'.", f"  known: {', '.join(NAMES)}", "Write backend='native' or leave it out."
    )


def default() -> CodeTarget:
    """The target that runs what is not asked for elsewhere: code of this processor."""
    from wengert.targets import native

    return native
