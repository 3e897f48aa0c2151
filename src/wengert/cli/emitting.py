"""The command that writes a forward and a backward pass as source to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from wengert.cli.arguments import File, Loss, Which, Wrt, names_in, plain_output, read_system, warn
from wengert.errors import EquationError

Target = Literal["numpy", "torch", "jax", "c", "triton", "latex"]


def emit(
    file: File,
    target: Annotated[Target, typer.Option("--target", help="the language of the module")] = "numpy",
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="the file to write; default: standard output")] = None,
    double: Annotated[
        bool, typer.Option("--double", help="torch: a backward pass that can be derived again, from inputs alone")
    ] = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="leave the module's own test out")] = False,
) -> None:
    """Write the forward and the backward pass of a system as a module of its own, which needs nothing of this package."""
    from wengert.atomic import write_atomically
    from wengert.emission import emit as source_of

    system = read_system(file, which)
    source = source_of(system, target=target, loss=loss or None, wrt=names_in(wrt), test=not no_test, double=double)
    warn(system)
    if out is not None:
        write_atomically(out, source.encode(), "module", EquationError)
        return
    with plain_output() as say:
        say(source.rstrip("\n"))
