"""The commands that show how graphs run: stages, what equations become on their way to machine code; targets, who takes which op."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from wengert.cli.arguments import File, Loss, Size, Which, Wrt, names_in, plain_output, read_system, sizes_in, warn
from wengert.errors import GraphError


def stages(
    file: File,
    size: Size,
    stop: Annotated[
        Literal["fused", "loops", "llvm", "asm"],
        typer.Option("--stop", help="kernels in words, loop nests, LLVM, or the instructions of this processor"),
    ] = "loops",
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    times: Annotated[bool, typer.Option("--times", help="then the time of every pass and step")] = False,
) -> None:
    """What the loss and its derivatives become on their way to machine code."""
    system = read_system(file, which)
    stage = system.backward(loss or None, names_in(wrt)).stages(stop, sizes_in(size))
    warn(system)
    with plain_output() as out:
        out(str(stage).rstrip("\n"))
        if times:
            out("")
            out(stage.times())


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
