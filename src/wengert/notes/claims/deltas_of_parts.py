"""δ of parts over time: δ_t that its own line reads at another step, where no quantity has it for its error signal.

In h_t = tanh(W h_{t−1} + U x_t) the sum before the activation has no name; δ_t is its signal, and a name that is free stands for the sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wengert.notes.claims.deltas import Delta, DeltaReading, with_deltas
from wengert.notes.claims.unnamed import Understood, spellings_of, understood, unknown_spellings
from wengert.notes.elaboration.clock import offset_of
from wengert.notes.manuscripts.sections import SystemSection
from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Index, Line, Ref, Spelling, mapped_line, refs_of, trees_of, walk

LETTERS = "azsuvqrbcdefgnp"
"""Letters for sums before an activation, the usual ones first."""


def understood_with_deltas(section: SystemSection) -> tuple[Understood, tuple[DeltaReading, ...]]:
    """The section with a line for each part that its claims name or whose signal a δ is, and what each δ was read as."""
    own = deltas_of_later_steps(section)
    told: tuple[DeltaReading, ...] = ()
    if own or unknown_spellings(section):
        section, told = with_deltas(section)
        own = deltas_of_later_steps(section)
    chosen = dict(zip(own, free_letters_of(section), strict=False))
    if chosen:
        read = understood(signals_of(section, chosen))
        if all(name in read.section.system.quantities for name in chosen.values()):
            return read, (*told, *(DeltaReading(delta, name) for delta, name in chosen.items()))
    return understood(section), told


def deltas_of_later_steps(section: SystemSection) -> list[Delta]:
    """The δ whose own lines read them at another step of time."""
    clock = section.system.clock
    if clock is None or clock.once:
        return []
    found = dict[Delta, None]()
    for line in section.claims:
        left = line.left
        if not (isinstance(left, Ref) and is_delta(left, section)) or line_steps(left, clock.letter) is None:
            continue
        refs = [tree for right in line.rights for tree in walk(right) if isinstance(tree, Ref)]
        steps = {line_steps(tree, clock.letter) for tree in refs if tree.name == left.name and not tree.barred}
        if steps - {None, line_steps(left, clock.letter)}:
            found[Delta(left.name, (clock.letter,))] = None
    return list(found)


def is_delta(tree: Ref, section: SystemSection) -> bool:
    """Whether a name is a δ that is no quantity, and no error signal yet."""
    return not tree.barred and names.split(tree.name).base == "δ" and tree.name not in section.system.quantities


def line_steps(tree: Ref, letter: str) -> int | None:
    """k of δ_{t+k}, which has no other index."""
    offset = offset_of(tree.indices[0]) if tree.indices is not None and len(tree.indices) == 1 else None
    return offset[1] if offset is not None and offset[0] == letter else None


def free_letters_of(section: SystemSection) -> list[str]:
    """Letters that neither the equations nor the claims use."""
    taken = {names.split(name).base for name in spellings_of(section.system)} | {
        t.name for t in refs_of(section.claims)
    }
    taken |= {tree.letter for tree in trees_of(section.claims) if isinstance(tree, Index)}
    taken |= section.system.letter_sizes.keys() | section.system.size_names.keys()
    return [letter for letter in LETTERS if letter not in taken]


def signals_of(section: SystemSection, chosen: Mapping[Delta, str]) -> SystemSection:
    """The section with the signals of quantities that have no line yet in place of δ."""
    quantity = {delta.name: name for delta, name in chosen.items()}

    def change(tree: Expr) -> Expr:
        if not isinstance(tree, Ref) or tree.barred or tree.name not in quantity:
            return tree
        return replace(tree, name=quantity[tree.name], barred=True, spelling=Spelling("δ", tree.name))

    def changed(line: Line) -> Line:
        return mapped_line(line, change)

    return replace(section, claims=tuple(map(changed, section.claims)))
