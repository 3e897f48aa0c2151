"""The commands that show how graphs run: stages, what equations become on their way to machine code; targets, who takes which op."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from wengert.cli.arguments import (
    File,
    Loss,
    MeshText,
    ShardText,
    Size,
    Which,
    Wrt,
    names_in,
    plain_output,
    read_system,
    sharding_in,
    sizes_in,
    warn,
)
from wengert.errors import GraphError


def stages(
    file: File,
    size: Size,
    stop: Annotated[
        Literal["fused", "loops", "llvm", "asm", "shards"],
        typer.Option(
            "--stop",
            help="kernels in words, loop nests, LLVM, the instructions of this processor, or how quantities lie on a mesh",
        ),
    ] = "loops",
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    times: Annotated[bool, typer.Option("--times", help="then the time of every pass and step")] = False,
    mesh: MeshText = None,
    shard: ShardText = None,
    batch: Annotated[str, typer.Option("--batch", help="what has many examples: x,t; with --stop shards")] = "",
) -> None:
    """What the loss and its derivatives become on their way to machine code."""
    system = read_system(file, which)
    if stop == "shards":
        _shards(system.batch(names_in(batch)) if batch else system, loss, wrt, size, sharding_in(mesh, shard))
        return
    stage = system.backward(loss or None, names_in(wrt)).stages(stop, sizes_in(size))
    warn(system)
    with plain_output() as out:
        out(str(stage).rstrip("\n"))
        if times:
            out("")
            out(stage.times())


def _shards(system: Any, loss: str, wrt: str, size: list[str], sharding: Any) -> None:
    from wengert.train.shards import shards

    if sharding is None:
        raise GraphError(
            "It is not said on which mesh the quantities lie.",
            "  --stop shards",
            "Write, for example:  --mesh data=4,model=2 --shard n=data,h=model",
        )
    found = shards(system.backward(loss or None, names_in(wrt)), sharding, sizes_in(size))
    warn(system)
    with plain_output() as out:
        out(str(found))


def targets(
    names: Annotated[list[str] | None, typer.Argument(help="ops by name; default: all", show_default=False)] = None,
) -> None:
    """Which ops each target takes: itself, by NumPy between its parts, or not at all."""
    from wengert.targets.table import OPS, table

    unknown = [name for name in names or () if name not in OPS]
    if unknown:
        raise GraphError(
            f"There is no op '{unknown[0]}'.",
            f"  wengert targets {' '.join(names or ())}",
            "See the names of all:  wengert targets",
        )
    with plain_output() as out:
        out(table([OPS[name] for name in names] if names else None))
