"""Names in claims that look like quantities of a system and are none: w beside w⁽¹⁾ and w⁽²⁾, b beside b_h, dy where d is a quantity.

None is taken silently for one of them. A plain letter of which only one quantity is a form is read as that, with a note; a claim with
any other such name is not read, and the reason says what the name could be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wengert.notes.claims.outside import GIVEN
from wengert.notes.claims.unnamed import Meant
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection, Unread
from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Line, Ref, mapped_line, refs_of
from wengert.notes.notation.symbols import LOSSES
from wengert.notes.notation.unicode import show


def without_lookalikes(section: SystemSection) -> tuple[SystemSection, tuple[Meant, ...], tuple[Unread, ...]]:
    """The section without the claims whose names could be several quantities, what single ones were read as, and why others are not."""
    system = section.system
    unknown = dict.fromkeys(_unknown_names(section))
    single = {
        name: found[0] for name in unknown if (found := _same_letter(name, system)) and _is_short_for(name, found)
    }
    meant = tuple(Meant(new, f"{name} read as {_shown(new, system)}") for name, new in single.items())
    kept: list[Line] = []
    unread: list[Unread] = []
    for claim in section.claims:
        why = _differential(claim, section) or next(
            (
                why
                for tree in refs_of([claim])
                if tree.name in unknown and tree.name not in single and (why := _reason(tree, system))
            ),
            None,
        )
        if why is not None:
            unread.append(Unread(claim.span, *why, claim.span))
        else:
            kept.append(_renamed(claim, single))
    return replace(section, claims=tuple(kept)), meant, tuple(unread)


def _unknown_names(section: SystemSection) -> Iterator[str]:
    """The names in claims that are neither in the system nor defined by a claim."""
    system = section.system
    context = ContextReader(system, system.reading).context
    defined = {claim.left.name for claim in section.claims if isinstance(claim.left, Ref) and not claim.left.barred}
    hidden = context.hidden_names() | defined | LOSSES
    sequences = {names.split(name).base for name in (system.clock.axes if system.clock is not None else ())}
    for claim in section.claims:
        for name in (tree.name for tree in refs_of([claim])):
            parts = names.split(name)
            if name in hidden or parts.primes or name.startswith((GIVEN, "δ")) or parts.base in sequences:
                continue
            if context.resolve(name) not in system.quantities:
                yield name


def _same_letter(name: str, system: SystemData) -> list[str]:
    """The quantities with the letter of a name, under another label or subscript."""
    base = names.split(name).base
    return [known for known in system.quantities if names.split(known).base == base]


def _is_short_for(name: str, found: Sequence[str]) -> bool:
    """Whether a name is a plain letter, and one quantity alone has that letter."""
    return len(found) == 1 and name == names.split(name).base


def _shown(name: str, system: SystemData) -> str:
    return show(Ref(name), symbols=system.reading.symbols)


def _reason(tree: Ref, system: SystemData) -> tuple[str, str] | None:
    """Why a name is not read that looks like quantities, and what to write instead; None where it looks like none.

    An error signal looks like that of the letter in the other case; I and N beside i and n are an identity and a size.
    """
    name = tree.name
    known = _same_letter(name, system)
    if not known and tree.barred:
        known = [each for each in system.quantities if names.split(each).base == names.split(name).base.swapcase()]
    if not known:
        return None
    listed = [f"'{_shown(each, system)}'" for each in known]
    others = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    word = "is" if len(listed) == 1 else "are"
    write = " or ".join(f"'{show(Ref(each, None, True), symbols=system.reading.symbols)}'" for each in known[:3])
    return (
        f"There is no quantity '{_shown(name, system)}' in the system; there {word} {others}.",
        f"Write {write} for the signal that is meant.",
    )


def _differential(claim: Line, section: SystemSection) -> tuple[str, str] | None:
    """Why dy = … is not read where d is a quantity too; None for any other line."""
    system, left = section.system, claim.left
    if not isinstance(left, Ref) or left.barred or "d" not in system.quantities or not left.name.startswith("d"):
        return None
    rest = left.name[1:]
    known = next((q for q, each in system.quantities.items() if rest in (q, each.whole, each.indexed)), None)
    if not rest or known is None or left.name in system.quantities:
        return None
    signal = show(Ref(known, left.indices, True), symbols=system.reading.symbols)
    what = f"'{left.name}' can be the error signal of '{rest}', or 'd' times '{rest}', because 'd' is a quantity here."
    return what, f"Write the signal with a bar:  {signal} = …"


def _renamed(claim: Line, single: dict[str, str]) -> Line:
    """The claim with the quantities that plain letters stand for."""

    def change(tree: Expr) -> Expr:
        return replace(tree, name=single[tree.name]) if isinstance(tree, Ref) and tree.name in single else tree

    if not any(tree.name in single for tree in refs_of([claim])):
        return claim
    return mapped_line(claim, change)
