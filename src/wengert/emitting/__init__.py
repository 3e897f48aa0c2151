"""Code to keep: the forward and the backward pass of a system as a module of its own, in the user's names.

    derivation ──▶ module: assignments, what is kept ──▶ body, arrays, contraction: over whole arrays ──▶ python
                                                     └─▶ entries: entry by entry ──▶ c · triton: by rows

In go a `derive.Backward` and a target, out comes source that needs nothing of this package. The source of an op is its value, run on
pieces of source (`code`) with a table of spellings for each language (`spellings`). Read first `module.py`, then `arrays.py`.
"""

from __future__ import annotations

from wengert.emitting import c, triton
from wengert.emitting.code import NotWritten
from wengert.emitting.latex import latex_source
from wengert.emitting.module import module_of
from wengert.emitting.python import RESERVED, python_source
from wengert.emitting.samples import samples_of
from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward

TARGETS = ("numpy", "torch", "jax", "c", "triton", "latex")


def emitted(derivation: Backward, target: str = "numpy", *, test: bool = True, double: bool = False) -> str:
    """The source of a derivation's forward and backward pass in a target's language.

    Raises EquationError where there is no such target, or a part of the system has no source in it.
    """
    if target not in TARGETS:
        raise EquationError(
            f"There is no target '{target}'.", f"  the targets are {', '.join(TARGETS)}", "Write one of these."
        )
    if target == "latex":
        return latex_source(derivation)
    if double and derivation.system.recurrences:
        names = [name for loop in derivation.system.recurrences for name in loop.names]
        raise EquationError(
            "The backward pass of a recurrence writes into arrays, which PyTorch cannot derive again.",
            f"  {', '.join(names)} are read by their next steps",
            "Emit it without --double, or give each step lines of its own.",
        )
    reserved = {**RESERVED, "c": c.RESERVED, "triton": triton.RESERVED}[target]
    module = module_of(derivation, reserved, only_inputs=double)
    samples = samples_of(derivation.system) if test else None
    try:
        if target == "triton":
            return triton.triton_source(module, samples)
        if target == "c":
            return c.c_source(module, samples)
        return python_source(module, target, samples, double=double)
    except NotWritten as missing:
        raise EquationError(
            f"A part of the system has no source in {target}: {missing}.",
            f"  the lines are those of {', '.join(each.name for each in module.forward)}",
            "Emit it for another target, or write that part out in other functions.",
        ) from None
