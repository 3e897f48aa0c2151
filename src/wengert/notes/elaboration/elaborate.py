"""From surface trees to a System: names get ranks, axes get sizes, lines become nodes.

It must not know derivatives. What does not fit is an EquationError with the place in the user's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import TypeVar

from wengert.core.ir.graph import Node
from wengert.core.ops.stepping import NotByStep
from wengert.notes.elaboration.biases import with_spread_biases
from wengert.notes.elaboration.clock import Clock
from wengert.notes.elaboration.context import KIND_OF_RANK, Context, arrange, capital, lower
from wengert.notes.elaboration.counting import Counting, find_counting
from wengert.notes.elaboration.declared import declare, find_constants, find_integers, guess_sizes
from wengert.notes.elaboration.entries_of_capitals import with_entries_of_capitals
from wengert.notes.elaboration.fitting import fit_windows
from wengert.notes.elaboration.home_letters import Homes, home_letters, letter_sizes, name_sizes
from wengert.notes.elaboration.identity_matrices import find_given_identities
from wengert.notes.elaboration.kinds import WORDS, Mismatch, axes_in_words
from wengert.notes.elaboration.left_out_steps import warn_of_left_out_steps, with_left_out_steps
from wengert.notes.elaboration.meaning import LineMeaning
from wengert.notes.elaboration.ordering import check_left_sides, error_at, order_lines
from wengert.notes.elaboration.ranks import Tie, infer_kinds
from wengert.notes.elaboration.recurrences import find_clock
from wengert.notes.elaboration.reread import read_sides
from wengert.notes.elaboration.sequences import (
    as_sequences,
    find_moments,
    kinds_within_step,
    loops_of,
    name_last_step,
    settle_sequences,
    timeless,
    warn_of_time,
    with_starts,
    within_step,
)
from wengert.notes.elaboration.start_values import without_zero_starts
from wengert.notes.elaboration.system import Definition, Quantity, SystemData
from wengert.notes.elaboration.values import Val
from wengert.notes.elaboration.vector_entries import infer_with_rows
from wengert.notes.notation.expr import Compare, Declaration, Expr, Line, Product, Ref, Transpose, refs_of, trees_of
from wengert.notes.notation.names import identifiers
from wengert.notes.notation.reader import Page

T = TypeVar("T")
SHAPE_REPAIR = "Check the shapes, or declare them:  W ∈ ℝ^(m×n)"


def elaborate(
    reading: Page, ranks: Mapping[str, int] = MappingProxyType({}), claims: Sequence[Line] = ()
) -> SystemData:
    """The system of a text; `ranks` are numbers of axes that are known from elsewhere, `claims` lines that should fit them.

    Raises EquationError where a name, an index or a shape does not fit.
    """
    if not reading.lines:
        raise error_at(
            reading.source,
            reading.declarations[0],
            "There is no equation in this text.",
            "Write, for example:  y = w x + b",
        )
    text = in_order(reading)
    context = text.context
    lines = find_shapes(text, ranks, claims)
    values = [at_line(context, line, lambda line=line: read_line(context, line)) for line in lines]
    at_line(context, lines[0], lambda: fit_windows(context, lines))
    homes = home_letters(context, text.order)
    if text.time is not None:
        homes = with_starts(homes, text.time)
    letters = name_sizes(context, homes.order)
    nodes = [
        at_line(context, line, lambda v=v, line=line: arrange(v, line, context))
        for v, line in zip(values, lines, strict=True)
    ]
    quantities = describe(context, homes)
    warn_of_whole_result(context, lines, homes, text.last)
    warn_of_names_like_entries(context, lines, quantities)
    declared_names(context, "shape", quantities)
    definitions = tuple(
        Definition(context.target(line.left), node, text.given[k], line.span)
        for k, line, node in zip(text.places, lines, nodes, strict=True)
        if isinstance(line.left, Ref)
    )
    system = SystemData(
        quantities,
        definitions,
        {name: context.leaf(name) for name in homes.order},
        text.last,
        declared_names(context, "params", quantities),
        declared_names(context, "data", quantities),
        (),
        letters,
        reading.source,
        (*reading.warnings, *context.warnings),
        context.reading,
        letter_sizes(context),
        {name: context.classes.size(item) for name, item in context.size_names.items()},
        clock=text.clock,
        counting=text.counting,
    )
    if text.time is not None:
        system = in_time(system, context, text.time, lines)
    return replace(system, assumptions=tuple(assumption(d, system) for d in reading.declarations if d.kind == "assume"))


@dataclass(frozen=True, eq=False)
class Ordered:
    """The lines of a text, each after those that it reads.

    given     the lines as they are written, in the order of the text
    lines     the same with sequences at one step and indices from 0, in the order of computation
    places    where each of them stands in the text
    order     lines whose left sides name whole sequences, for home letters
    last      the quantity of the text's last line
    """

    context: Context
    given: Sequence[Line]
    lines: Sequence[Line]
    places: Sequence[int]
    order: Sequence[Line]
    last: str
    clock: Clock | None
    counting: Counting | None

    @property
    def time(self) -> Clock | None:
        """The clock where the lines are about many steps, and not about a single one."""
        return self.clock if self.clock is not None and not self.clock.once else None


def in_order(reading: Page) -> Ordered:
    """The lines of a text without start values that are 0, names for numbers, and other things that compute nothing.

    Raises EquationError where they define each other in a circle, or one defines no quantity.
    """
    written, (reading, clock) = reading.lines, with_time(reading)
    given = without_zero_starts(reading.lines, clock)
    steps = [timeless(line, clock, reading.source) for line in given]
    named = with_entries_of_capitals(steps, reading.symbols.declared)
    kept, counting = find_counting(named, clock, reading.symbols.declared, reading.source)
    given = [
        counting.with_numbers(line) for line, other in zip(given, named, strict=True) if any(other is k for k in kept)
    ]
    named = [counting.read(line) for line in kept]
    check_left_sides(named, reading.source)
    context = Context(reading)
    check_applied_words(context, named)
    unify_spellings(context, named)
    sequences = [as_sequences(line) for line in named]
    order = order_lines(sequences, reading.source, clock.groups if clock is not None and not clock.once else ())
    places = [next(k for k, line in enumerate(sequences) if line is each) for each in order]
    if clock is not None:
        warn_of_left_out_steps(context, written, reading.lines)
        warn_of_time(context, clock, given)
    last = named[-1].left
    assert isinstance(last, Ref)
    return Ordered(
        context, given, [named[k] for k in places], places, order, context.resolve(last.name), clock, counting
    )


def with_time(reading: Page) -> tuple[Page, Clock | None]:
    """The time of a text, and its lines with the index of time where their author leaves it out."""
    clock = find_clock(reading.lines, reading.source)
    if clock is None or clock.once:
        return reading, clock
    lines = with_left_out_steps(reading.lines, clock.letter)
    if lines == reading.lines:
        return reading, clock
    return replace(reading, lines=lines), find_clock(lines, reading.source)


def find_shapes(text: Ordered, ranks: Mapping[str, int], claims: Sequence[Line]) -> list[Line]:
    """Find the number of axes of every name, from what is declared and what the lines tell; the lines with what is spread written out.

    Raises EquationError where no reading makes sense.
    """
    context, lines, time = text.context, text.lines, text.time
    declare(context, lines)
    find_integers(context, lines)
    find_constants(context, lines)
    if time is not None:
        name_last_step(context, time, lines)
    guess_sizes(context, lines)
    for name, rank in ranks.items():
        context.kinds.setdefault(context.resolve(name), KIND_OF_RANK.get(rank, "any"))
    find_kinds(context, lines, time, claims)
    find_given_identities(lines, context)
    return at_line(context, lines[0], lambda: with_spread_biases(lines, context))


def in_time(system: SystemData, context: Context, clock: Clock, lines: Sequence[Line]) -> SystemData:
    """The system with what is known of its sequences, its recurrences as loops.

    Raises EquationError where a line needs more than earlier steps.
    """
    moments = find_moments(context, clock, lines)
    leaves = dict(system.leaves) | {name: each.leaf for name, each in moments.items()}
    try:
        loops = loops_of(clock, {line.name: line.node for line in system.lines}, leaves)
    except NotByStep as reason:
        line = system.line(clock.groups[0][0])
        what = f"This recurrence cannot be computed step by step: {reason}."
        raise error_at(
            system.source, line.written, what, "Let a step read only its own entries and those of earlier steps."
        ) from None
    starts = {name: start for name, start in clock.starts.items() if start}
    return replace(system, time=clock.axes, starts=starts, moments=moments, recurrences=loops)


def at_line(context: Context, line: Line, action: Callable[[], T]) -> T:
    """The action's result; a mismatch in it becomes an error at its place.

    Raises EquationError.
    """
    try:
        return action()
    except Mismatch as mismatch:
        tree = mismatch.tree if mismatch.tree.span.start >= 0 else line
        raise error_at(context.reading.source, tree, mismatch.what, mismatch.repair or SHAPE_REPAIR) from None


def unify_spellings(context: Context, lines: Sequence[Line]) -> None:
    """`w_ij` and a bare `W` that is nowhere defined are one quantity."""
    indexed = {t.name for t in refs_of(lines) if t.indices}
    bare = {t.name for t in refs_of(lines) if t.indices is None}
    defined = {line.left.name for line in lines if isinstance(line.left, Ref)}
    for name in indexed - bare:
        other = capital(name)
        if other != name and other in bare - indexed - defined and name not in defined:
            context.spellings[other] = name


def find_kinds(
    context: Context, lines: Sequence[Line], clock: Clock | None = None, claims: Sequence[Line] = ()
) -> None:
    """A kind (scalar, vector, matrix) for every name: from its indices, its declaration, or the cheapest reading.

    Raises EquationError where no reading makes sense or two are equally good.
    """
    kinds, source = context.kinds, context.reading.source
    kinds_from_indices(context, lines)
    for other, name in context.spellings.items():
        if name in kinds:
            kinds[other] = kinds[name]
    whole = lines
    if clock is not None:
        lines = [within_step(line, clock) for line in lines]
        kinds_within_step(context, clock)
    bold = {t.name for t in refs_of(lines) if t.bold}
    try:
        found = infer_kinds(lines, kinds, bold.__contains__, frozenset(context.hidden_names()), claims)
        found = (None if clock is not None else infer_with_rows(context, lines, claims, found)) or found
    except Mismatch as mismatch:
        again = None if clock is not None else infer_with_rows(context, lines, claims, None)
        if again is not None:
            kinds.update(again)
            return
        tree = mismatch.tree if mismatch.tree.span.start >= 0 else lines[0]
        raise error_at(source, tree, mismatch.what, mismatch.repair or SHAPE_REPAIR) from None
    except Tie as tie:
        words = {**WORDS, "s": "a scalar", "c": "a vector"}
        tree = next(t for t in refs_of(lines) if t.name == tie.name)
        what = f"'{tie.name}' could be {words[tie.kinds[0]]} or {words[tie.kinds[1]]}."
        raise error_at(
            source, tree, what, f"Declare it:  {tie.name} ∈ ℝ,  {tie.name} ∈ ℝ^n  or  {tie.name} ∈ ℝ^(m×n)"
        ) from None
    own = {t.name for t in refs_of(lines)}
    kinds.update((name, kind) for name, kind in found.items() if name in own)
    if clock is not None:
        at_line(context, lines[0], lambda: settle_sequences(context, clock, whole))


def kinds_from_indices(context: Context, lines: Sequence[Line]) -> None:
    """A name has as many axes as it is ever given indices.

    Raises EquationError where that is more than it is declared with.
    """
    kinds = context.kinds
    vectors = {id(tree) for part in trees_of(lines) for tree in rows_in(part)}
    for tree in trees_of(lines):
        if not (isinstance(tree, Ref) and tree.indices):
            continue
        name = context.resolve(tree.name)
        known = {"s": 0, "c": 1, "m": 2}.get(kinds.get(name, ""), -1)
        row = id(tree) in vectors and known < 0
        rank = len(tree.indices) + row
        context.rows |= {name} if row else set()
        if rank <= known or kinds.get(name) == "any":
            continue
        if name in context.axes:
            what = f"'{name}' is declared with {axes_in_words(known)} but has {len(tree.indices)} indices here."
            raise error_at(context.reading.source, tree, what, "Correct the declaration or the indices.")
        kinds[name] = KIND_OF_RANK.get(rank, "any")


def rows_in(tree: Expr) -> Iterator[Expr]:
    """The u_i and v_j of u_iᵀ v_j, and the x_i of θᵀ x_i, which are rows of matrices rather than numbers."""
    if isinstance(tree, Transpose):
        yield tree.operand
    if isinstance(tree, Product):
        for factor, behind in pairwise(tree.factors):
            if isinstance(factor, Transpose) and isinstance(factor.operand, Ref):
                yield behind


def read_line(context: Context, line: Line) -> Val:
    """The value of one line."""
    if len(line.rights) > 1:
        context.warn(
            line.rights[1],
            "Only the first right side of this chain defines the quantity.",
            "Write one equation a line.",
        )
    return LineMeaning(context, context.letter_sizes).assign(line)


def describe(context: Context, homes: Homes) -> dict[str, Quantity]:
    """Every quantity with its type, letters and names."""
    python, quantities = identifiers(homes.order), dict[str, Quantity]()
    written = {t.name for t in refs_of(context.reading.lines) if t.indices}
    for name in homes.order:
        type, by_index = context.leaf(name).type, name in homes.by_index
        whole = next((other for other, target in context.spellings.items() if target == name), None)
        if whole is None:
            entries = by_index or name in context.rows
            whole = capital(name) if type.rank >= 2 and entries and capital(name) not in homes.order else name
        small = lower(name)
        entries_small = not by_index or small in written
        indexed = small if type.rank >= 2 and entries_small and small not in homes.order else name
        quantities[name] = Quantity(name, type, homes.letters.get(name, ()), indexed, whole, python[name], by_index)
    return quantities


def check_applied_words(context: Context, lines: Sequence[Line]) -> None:
    """A word directly before a bracket that is nowhere else: an unknown function, not a factor.

    Raises EquationError.
    """
    source = context.reading.source
    refs = [t for t in refs_of(lines) if t.indices is None and t.span.end > 0]
    known = {name for d in context.reading.declarations for name in d.names}
    known |= {line.left.name for line in lines if isinstance(line.left, Ref)}
    for tree in refs:
        applied = source[tree.span.end : tree.span.end + 1] == "("
        if not applied or tree.name in known or sum(t.name == tree.name for t in refs) > 1:
            continue
        if len(tree.name) > 1 and tree.name.isalpha() and tree.name.isascii():
            what = f"'{tree.name}' is not a function that is known."
            declared = f"{tree.name}: function"
            repair = f"Declare it, or set a sign if a product is meant:  {declared}"
            raise error_at(source, tree, what, repair, declared)
        inside = source[tree.span.end + 1 :].split(")")[0]
        if inside.strip().isalpha():
            context.warn(
                tree, f"'{tree.name}({inside})' is read as a product.", f"Declare a function:  {tree.name}: function"
            )


def warn_of_names_like_entries(context: Context, lines: Sequence[Line], quantities: dict[str, Quantity]) -> None:
    """p_y beside an array p is a name of its own; an entry of p was perhaps meant."""
    declared = context.reading.symbols.declared
    for tree in (t for t in refs_of(lines) if t.name not in declared):
        base, sign, index = tree.name.rpartition("_")
        if not sign or base not in quantities or not quantities[base].type.rank or not index.isalpha():
            continue
        if not any(warning.startswith(f"'{base}_{index}'") for warning in context.warnings):
            what = f"'{base}_{index}' is read as a name of its own, not as an entry of '{base}'."
            context.warn(tree, what, f"For its entry at an integer '{index}' write:  Σ_k ⟦k = {index}⟧ {base}_k")


def warn_of_whole_result(context: Context, lines: Sequence[Line], homes: Homes, loss: str) -> None:
    """A last line that comes out as an array beside quantities with indices: an index may have been forgotten."""
    rank = context.leaf(loss).type.rank
    if not rank or loss in homes.by_index or loss in context.rows or not homes.by_index:
        return
    line = next(line for line in lines if isinstance(line.left, Ref) and context.resolve(line.left.name) == loss)
    kind = "a vector" if rank == 1 else "a matrix"
    indexed = ", ".join(f"'{name}'" for name in homes.order if name in homes.by_index)
    context.warn(
        line.left,
        f"'{loss}' is read as {kind}: {indexed} has an index in one place and stands whole in others.",
        "Write the indices everywhere if a number was meant.",
    )


def declared_names(context: Context, kind: str, quantities: dict[str, Quantity]) -> tuple[str, ...]:
    """The quantities of `params`, `data` or shape declarations.

    Raises EquationError where no line uses one.
    """
    found: list[str] = []
    for declaration in context.reading.declarations:
        if declaration.kind != kind:
            continue
        for name in map(context.resolve, declaration.names):
            if name not in quantities:
                what = f"'{name}' is declared{'' if kind == 'shape' else f' as {kind}'} but no line uses it."
                raise error_at(
                    context.reading.source, declaration, what, f"Write one of the quantities:  {', '.join(quantities)}"
                )
            found.append(name)
    return tuple(found)


def assumption(declaration: Declaration, system: SystemData) -> tuple[Node, Node]:
    """Both sides of a declared equation, as nodes over the system's leaves.

    Raises EquationError where it is no equation.
    """
    condition = declaration.condition
    if not isinstance(condition, Compare) or condition.op != "=":
        raise error_at(
            system.source,
            declaration,
            "An assumption must be an equation.",
            "Write, for example:  assume Σ_k t_k = 1",
        )
    left, right = read_sides(system, system.reading, [condition.left, condition.right])
    return left, right
