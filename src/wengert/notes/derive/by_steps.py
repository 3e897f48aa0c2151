"""The backward pass of a recurrence that is written out: a line for every step of every sequence."""

from __future__ import annotations

from collections.abc import Mapping

from wengert.core.ir.types import Dim
from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward, derive
from wengert.notes.elaboration.system import SystemData
from wengert.notes.elaboration.unrolling import entry_names, unrolled


def by_steps(backward: Backward, steps: int) -> Backward:
    """The same derivation for a number of steps that is known, by the entries of what it was by.

    Raises EquationError where the loss has an entry a step.
    """
    system = backward.system
    if backward.loss in system.time:
        raise EquationError(
            f"'{backward.loss}' has an entry for each step, so there is no single loss to be written out.",
            f"  its error signal is given for steps {system.steps.first} …",
            "Name a scalar with --loss.",
        )
    names = [entry for name in backward.wrt for entry in entry_names(system, name, steps)]
    written_out = unrolled(system, steps)
    return derive(written_out, backward.loss, [name for name in names if name in written_out.quantities])


def sizes_by_steps(system: SystemData, written_out: SystemData, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes that are stated of a recurrence, under the names that they have where it is written out."""
    found: dict[str, int] = {}
    for name, quantity in system.quantities.items():
        axis = system.time.get(name)
        shape = [size for k, size in enumerate(quantity.type.shape) if k != axis]
        entry = name if axis is None else entry_names(system, name, 1)[0]
        other = written_out.quantities[entry].type.shape if entry in written_out.quantities else ()
        for old, new in zip(shape, other, strict=False):
            if isinstance(old, Dim) and isinstance(new, Dim) and old.name in sizes:
                found[new.name] = sizes[old.name]
    return found
