"""Parts of forward lines that only the claims name: s̄ where f = 1 / (1 + e^(−(w x + b))) stands alone.

A name that the author gives to a part in a line of its own is that part, and a name without a line is read as the part with which
the claims about it hold. The system then has a line for each, as if it had been written so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wengert.errors import EquationError, GraphError, ShapeError
from wengert.notes.claims.assignments import AssignmentSearch, Choice
from wengert.notes.claims.candidates import Candidates, candidates
from wengert.notes.claims.diagnosis import Effort
from wengert.notes.claims.findings import Claim
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.outside import GIVEN, is_naming
from wengert.notes.claims.points import close
from wengert.notes.claims.subexpressions import LinePart, name_of, with_named_parts
from wengert.notes.claims.trials import part_in_derivatives
from wengert.notes.derive.backward import influence
from wengert.notes.elaboration.context import capital
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.sections import SystemSection, Unread
from wengert.notes.notation.expr import Expr, Index, Line, Partial, Ref, Span, mapped_line, refs_of, trees_of, walk
from wengert.notes.notation.names import split
from wengert.notes.notation.symbols import LOSSES
from wengert.notes.notation.unicode import show

MAX_NAMES = 6
"""More names than these are not looked for in one system."""
LITTLE = 200_000
"""So many entries are computed to see whether a reading explains the mistakes."""
MAX_WRONG = 3
"""Of so many lines that do not hold."""
MAX_CHOICES = 4
"""So many readings that are equally good are judged to see which explains the mistakes."""


@dataclass(frozen=True)
class Meant:
    """A name that no equation has, and a sentence on what it was read as."""

    name: str
    text: str


@dataclass(frozen=True, eq=False)
class Understood:
    """A section whose system has lines for the parts that its claims name.

    meant     the names that the reader found a meaning for
    defined   the places of the claims that define such a name
    unread    the claims that cannot be decided, which the section does not have any more
    """

    section: SystemSection
    meant: tuple[Meant, ...] = ()
    defined: frozenset[Span] = frozenset()
    unread: tuple[Unread, ...] = ()


def understood(section: SystemSection) -> Understood:
    """The section with a line for each part of its equations that the claims name."""
    if not section.whole or not section.claims:
        return Understood(section)
    stated = with_stated_parts(with_notes_as_claims(section))
    fitting = with_fitting_parts(stated)
    return with_parts_in_derivatives(fitting)


def with_fitting_parts(before: Understood) -> Understood:
    """The section with lines for unknown names, where the claims hold with parts for them."""
    section = replace(before.section, claims=with_indices_of_names(before.section))
    spellings = unknown_spellings(section)
    among = candidates(section) if 0 < len(set(spellings.values())) <= MAX_NAMES else None
    if among is None:
        return before
    search = AssignmentSearch(
        among, spellings, frozenset(name for name in spellings.values() if is_similar(name, section.system))
    )
    best = search.best()
    chosen = likeliest(section, among, search, best)
    if chosen is None:
        return before
    system, choice = chosen
    disputed = search.disputed(best)
    return replace(
        before,
        section=replace(section, system=system, claims=tuple(c for c in section.claims if c.span not in disputed)),
        meant=tuple(meaning(name, candidate.part, system) for name, candidate in choice.pairs),
        unread=tuple(undecided(claim.span, disputed[claim.span]) for claim in section.claims if claim.span in disputed),
    )


def with_parts_in_derivatives(before: Understood) -> Understood:
    """The section with lines for unknown names in ∂u/∂v, where the claims hold with parts for them."""
    section = before.section
    sides = [
        side
        for claim in section.claims
        for side in (claim.left, *claim.rights)
        if not is_naming(claim.left, side, section.system.loss)
    ]
    inner = (tree for side in sides for each in walk(side) if isinstance(each, Partial) for tree in walk(each))
    unknown = unknown_spellings(section).keys()
    names = dict.fromkeys(tree.name for tree in inner if isinstance(tree, Ref) and tree.name in unknown)
    meant: list[Meant] = []
    for name in list(names)[:MAX_NAMES]:
        found = part_in_derivatives(section, name)
        if found is not None:
            part, section = found
            meant.append(meaning(name, part, section.system))
    return replace(before, section=section, meant=(*before.meant, *meant)) if meant else before


def meaning(name: str, part: LinePart, system: SystemData) -> Meant:
    """What a name was read as, in words."""
    symbols = system.reading.symbols
    return Meant(name, f"{show(part.called(name), symbols=symbols)} read as {show(part.tree, symbols=symbols)}")


def undecided(place: Span, name: str) -> Unread:
    """Why a claim is not judged that holds with one reading of a name and not with another, as good one."""
    reason = f"No equation says what '{name}' is, and the lines that use it do not agree on it."
    return Unread(place, reason, f"Write what it is:  {name} = …", place)


def noted(claims: Sequence[Claim], meant: Sequence[Meant], defined: frozenset[Span] = frozenset()) -> list[Claim]:
    """The claims, each name's meaning as a note of the first that uses it; those at the places `defined` as definitions."""
    found = sorted(claims, key=lambda claim: claim.span)
    found = [replace(c, status="defined") if c.line.span in defined and not c.link else c for c in found]
    for each in meant:
        for k, claim in enumerate(found):
            sides = (claim.line.left, claim.line.rights[claim.link])
            if any(isinstance(tree, Ref) and tree.name == each.name for side in sides for tree in walk(side)):
                found[k] = replace(claim, note="; ".join(filter(None, (claim.note, each.text))))
                break
    return found


# names that a line defines


def with_stated_parts(section: SystemSection) -> Understood:
    """The section whose result depends on the quantities that the author defines beside it, where they are parts of the equations."""
    late = late_definitions(section)
    system = section.system
    if not late and len(results(system)) == 1:
        return Understood(section)
    try:
        if late:
            lines = (*late, *system.reading.lines)
            system = replace(elaborate(replace(system.reading, lines=lines)), loss=system.loss)
        among = candidates(replace(section, system=system))
    except (EquationError, GraphError, ShapeError):
        return Understood(section)
    if among is None:
        return Understood(section)
    names = beside(among)
    pairs = [(name, part) for name in names if (part := part_with_value(among, name)) is not None]
    named = with_named_parts(system, pairs, frozenset(names), among.judge.chain.loss)
    if named is None or not pairs:
        return Understood(section)
    places = frozenset(line.span for line in late)
    return Understood(replace(section, system=named), defined=places)


def with_notes_as_claims(section: SystemSection) -> SystemSection:
    """The section in which lines after the result that read what no equation before it has, g = (y − t) y (1 − y), stand among the
    claims: they are notes on the way to those."""
    system = section.system
    if len(results(system)) == 1:
        return section
    loss = ClaimJudge(section).chain.loss
    below = influence(system, loss) | {loss}
    used = refs_of(section.claims)
    foreign = {name for name in system.inputs if name not in below}
    moved: list[str] = []
    for line in system.lines:
        if line.name not in below and foreign & set(system.parents(line.name)):
            foreign.add(line.name)
            moved.append(line.name)
    context = ContextReader(system, system.reading).context
    names = {context.resolve(tree.name) for tree in used}
    signals = {context.resolve(tree.name) for tree in used if tree.barred}
    if not names & foreign or signals & set(moved):
        return section
    lines = [line for line in system.reading.lines if context.resolve(name_of(line)) in moved]
    kept = tuple(line for line in system.reading.lines if line not in lines)
    try:
        system = replace(elaborate(replace(system.reading, lines=kept)), loss=loss)
    except (EquationError, GraphError, ShapeError):
        return section
    return replace(section, system=system, claims=tuple(sorted((*lines, *section.claims), key=lambda line: line.span)))


def late_definitions(section: SystemSection) -> list[Line]:
    """The lines among the claims that define a new name of which a claim uses the error signal, over what is in the equations."""
    signals = {tree.name for tree in refs_of(section.claims) if tree.barred}
    context = ContextReader(section.system, section.system.reading).context
    known = set(section.system.quantities) | context.hidden_names()
    found: list[Line] = []
    for claim in section.claims:
        left, right, more = claim.left, claim.rights[0], claim.rights[1:]
        if not isinstance(left, Ref) or left.barred or left.name not in signals or more:
            continue
        inside = list(walk(right))
        names = {context.resolve(tree.name) for tree in inside if isinstance(tree, Ref)}
        signal = any(isinstance(tree, Partial) or (isinstance(tree, Ref) and tree.barred) for tree in inside)
        if context.resolve(left.name) not in known and names and names <= known and not signal:
            known.add(left.name)
            found.append(claim)
    return found


def beside(among: Candidates) -> list[str]:
    """The quantities with a line on which the result does not depend, of which a claim uses the error signal."""
    judge = among.judge
    below = influence(judge.system, judge.chain.loss) | {judge.chain.loss, *judge.outside}
    resolve = ContextReader(judge.system, judge.system.reading).context.resolve
    signals = {resolve(tree.name) for tree in refs_of(judge.section.claims) if tree.barred}
    return [line.name for line in judge.system.lines if line.name not in below and line.name in signals]


def part_with_value(among: Candidates, name: str) -> LinePart | None:
    """The part that has the value of a quantity."""
    values = [point.truth[name] for point in among.points]
    return next((each.part for each in among.found if close(each.values, values)), None)


# names that no line defines


def with_indices_of_names(section: SystemSection) -> tuple[Line, ...]:
    """The claims in which p_j is an entry of a p that no equation has, where other claims give it an index."""
    known = spellings_of(section.system)
    counts = {(tree.name, len(tree.indices)) for tree in refs_of(section.claims) if tree.indices}

    def changed(tree: Expr) -> Expr:
        if not isinstance(tree, Ref) or tree.indices is not None or tree.name in known:
            return tree
        base, _, letters = tree.name.rpartition("_")
        if base in known or (base, len(letters)) not in counts or not letters.isalpha():
            return tree
        return replace(tree, name=base, indices=tuple(map(Index, letters)))

    return tuple(mapped_line(claim, changed) for claim in section.claims)


def unknown_spellings(section: SystemSection) -> dict[str, str]:
    """The names in claims that are neither in the system nor defined by one of them, each with the one that it spells: Z and z_ij are one.

    Not w_k beside a quantity w, of which it may be an entry, nor one that is only said to have another's signal.
    """
    system, known = section.system, spellings_of(section.system)
    context = ContextReader(system, system.reading).context
    defined = {c.left.name for c in section.claims if isinstance(c.left, Ref) and not c.left.barred}
    barred = {tree.name for tree in refs_of(section.claims) if tree.barred}
    hidden = known | (context.hidden_names() - barred) | defined | losses_of(section) | renamed_only(section)
    whole: dict[str, set[bool]] = {}
    for tree in refs_of(section.claims):
        size = not tree.barred and tree.name.lower() in system.letter_sizes
        if tree.name not in hidden and not size and not tree.name.startswith(("δ", GIVEN)):
            whole.setdefault(tree.name, set()).add(tree.indices is None)
    found = {name: name for name in whole if name.rpartition("_")[0] not in known | whole.keys()}
    for name in list(found):
        if whole[name] == {False} and whole.get(capital(name)) == {True}:
            found[capital(name)] = name
    return found


def renamed_only(section: SystemSection) -> set[str]:
    """Names that stand in one place, on the left of ē = z̄: any summand of z has that signal, so that it tells nothing of e."""
    uses = Counter(tree.name for tree in refs_of(section.claims))
    signals = [c for c in section.claims if all(isinstance(right, Ref) and right.barred for right in c.rights)]
    return {c.left.name for c in signals if isinstance(c.left, Ref) and c.left.barred and uses[c.left.name] == 1}


def is_similar(name: str, system: SystemData) -> bool:
    """Whether a name has the letter of a quantity, so that it may be meant for it."""
    base = split(name).base
    return any(split(known).base in (base, base.swapcase()) for known in system.quantities)


def losses_of(section: SystemSection) -> set[str]:
    """The names of a loss that no equation has: those by which the claims differentiate, and those that have no signal."""
    trees = trees_of(section.claims)
    above = {t.numerator.name for t in trees if isinstance(t, Partial) and isinstance(t.numerator, Ref)}
    return set(LOSSES) - {tree.name for tree in trees if isinstance(tree, Ref) and tree.barred} | (above & LOSSES)


def spellings_of(system: SystemData) -> set[str]:
    """The names of the quantities of a system, whole and with indices."""
    return {name for q in system.quantities.values() for name in (q.name, q.whole, q.indexed)}


def likeliest(
    section: SystemSection, among: Candidates, search: AssignmentSearch, best: Sequence[Choice]
) -> tuple[SystemData, Choice] | None:
    """The first of the best readings; of several with which the same lines hold, the first that explains the mistakes in the others."""
    if not best:
        return None
    most = best[0].holding
    alike = [choice for choice in best if choice.holding == most]
    found: list[tuple[SystemData, Choice]] = []
    for choice in alike[:MAX_CHOICES]:
        pairs = [(spelled(name, each.part, search), each.part) for name, each in choice.pairs]
        system = with_named_parts(section.system, pairs, frozenset(), among.judge.chain.loss)
        if system is not None:
            found.append((system, choice))
    wrong = len(search.constraints) - len(most)
    if len(found) < 2 or not 0 < wrong <= MAX_WRONG:
        return found[0] if found else None
    explained = (each for each in found if explains_all(replace(section, system=each[0])))
    return next(explained, found[0])


def spelled(name: str, part: LinePart, search: AssignmentSearch) -> str:
    """The name under which a part gets a line: of two spellings, that of the whole array where it has no letters."""
    other = next((one for one, meant in search.spellings.items() if meant == name != one), name)
    return name if part.letters else other


def explains_all(section: SystemSection) -> bool:
    """Whether every wrong claim has a likely kind of mistake, found with little effort."""
    claims = ClaimJudge(section, effort=Effort(left=LITTLE)).run()
    return all(c.finding is None or c.finding.diagnosis is not None for c in claims)


def results(system: SystemData) -> list[str]:
    """The quantities with a line that no other line reads."""
    read = {name for line in system.lines for name in system.parents(line.name)}
    return [line.name for line in system.lines if line.name not in read]
