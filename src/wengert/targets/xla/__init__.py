"""XLA, by JAX: a graph as one program for the CPU, a GPU or a TPU, alone or on a mesh of devices.

    graph ── trace ──▶ JAX's trace ──▶ StableHLO ──▶ executable
      │      (vocabulary, lowerings, control)
      └── findings: what NumPy would raise leaves the program as a number

In goes a graph whose sizes are numbers; its derivative is in it already, JAX derives nothing. Functions import what they need when
they are called: JAX is an extra. Nobody outside of `targets` imports this package, and nobody else imports JAX. Read first `trace.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from wengert.core.ir.graph import Graph, Node
from wengert.errors import GraphError
from wengert.targets.base import Support

if TYPE_CHECKING:
    from wengert.targets.mesh import Mesh, MeshLayout
    from wengert.targets.xla.executable import XlaExecutable
    from wengert.targets.xla.over_mesh import Spread
    from wengert.targets.xla.storage import FolderStore

name = "xla"
makes_code = True
stages: tuple[str, ...] = ("hlo", "optimised")


class _Unknown:
    """What a graph costs here is not guessed."""

    to_make = 0.0
    a_call: float | None = None


def supports(node: Node) -> Support:
    """Who computes a node; JAX need not be there to say it."""
    from wengert.targets.xla.support import supports

    return supports(node)


def prepared(graph: Graph) -> Graph:
    """The graph."""
    return graph


def lower(graph: Graph, donated: Mapping[int, int], *, cache: bool = True, quick: bool = False) -> XlaExecutable | None:
    """A graph as a program of XLA; None where NumPy has to run a node of it. Whether code is kept on disk is JAX's setting.

    Raises GraphError where a node cannot be run here, MissingPackageError where JAX is not installed.
    """
    from wengert.targets.xla.support import is_whole

    if not is_whole(graph):
        return None
    from wengert.targets.xla.executable import compile

    return compile(graph, donated)


def estimate(graph: Graph) -> _Unknown:
    """What is not known."""
    return _Unknown()


def written(graph: Graph) -> Graph:
    """The graph itself: its arrays are XLA's, complex ones too."""
    return graph


def text(graph: Graph, stage: str, seconds: MutableMapping[str, float]) -> str:
    """One stage of a graph: "hlo", the program that XLA is given, or "optimised", what it makes of it."""
    from wengert.targets.xla.executable import text

    return text(graph, stage, seconds)


def keep_code(enabled: bool) -> None:
    """Whether JAX looks for programs on disk and keeps them there, in this process; a folder that JAX was given stays."""
    from platformdirs import user_cache_path

    from wengert.targets.xla.library import jax

    jax.config.update("jax_enable_compilation_cache", enabled)
    if enabled and jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(user_cache_path("wengert", appauthor=False) / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def factors_in(dtype: str | None) -> None:
    """Of which dtype the factors of sums of products in float32 are, in programs that are made from now on; None for float32.

    Raises GraphError where it is not "bfloat16".
    """
    if dtype not in (None, "bfloat16"):
        raise GraphError(
            f"Factors are not rounded to '{dtype}'.",
            f"  products in {dtype}",
            "Write:  bfloat16, or nothing for float32",
        )
    from wengert.targets.xla.lowerings import products

    products.factors_in(dtype)


def set_threads(count: int) -> None:
    """Raises GraphError: XLA's threads are its own."""
    raise GraphError(
        "The threads of XLA are not counted here.",
        f"  {count} were asked for",
        "Limit the processors that the process may use, or compile with backend='native'.",
    )


# meshes of devices


def devices() -> tuple[tuple[str, str, int], ...]:
    """(platform, kind, number of its process) of each device that there is, over all processes."""
    from wengert.targets.xla.over_mesh import devices

    return devices()


def part_of(mesh: Mesh, axis: str | None) -> tuple[int, int]:
    """(which, of how many): the part of an array along a mesh axis that this process has.

    Raises GraphError where the parts of two processes overlap.
    """
    from wengert.targets.xla.over_mesh import part_of

    return part_of(mesh, axis)


def spread(graph: Graph, layout: MeshLayout, donated: Mapping[int, int]) -> Spread:
    """A graph whose sizes are numbers as one program over a mesh.

    Raises GraphError where the mesh has more devices than there are, or a node cannot be run here.
    """
    from wengert.targets.xla.over_mesh import Spread

    return Spread(graph, layout, donated)


# several processes


def join(coordinator: str | None, count: int | None, rank: int | None, seconds: int) -> None:
    """Join the other processes.

    Raises GraphError where they do not come.
    """
    from wengert.targets.xla import hosts

    hosts.join(coordinator, count, rank, seconds)


def leave() -> None:
    """Leave the other processes."""
    from wengert.targets.xla import hosts

    hosts.leave()


def rank() -> int:
    """The number of this process, counted from 0."""
    from wengert.targets.xla import hosts

    return hosts.rank()


def processes() -> int:
    """How many processes share the mesh."""
    from wengert.targets.xla import hosts

    return hosts.processes()


def agree(text: str) -> bool:
    """Whether all processes give the same text."""
    from wengert.targets.xla import hosts

    return hosts.agree(text)


def store(folder: str | Path, say: Callable[[str], None]) -> FolderStore:
    """The checkpoints of a folder.

    Raises MissingPackageError where Orbax is not installed.
    """
    from wengert.targets.xla.storage import FolderStore

    return FolderStore(folder, say)
