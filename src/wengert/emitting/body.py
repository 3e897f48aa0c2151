"""Bodies of functions over arrays: assignments as statements, sizes, values at other steps, loops over time, additions at places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wengert.core.ir.names import bar, entry_place, is_bar, sequence_name, unbar, unmoment
from wengert.core.ir.types import Dim, Size
from wengert.core.ops.stepping import STEP, NotByStep, at_step, sequence_axes
from wengert.core.ops.terms import Apply, NamedLeaf, Term, subterms
from wengert.emitting.arrays import Arrays
from wengert.emitting.code import NoSize, NotWritten, SourceCode
from wengert.emitting.dialects import Dialect
from wengert.emitting.layout import comment, statement
from wengert.emitting.lookups import Scatter, lifted
from wengert.emitting.module import Assignment, EmittedModule
from wengert.emitting.moves import counted_from_the_front
from wengert.notes.elaboration.system import Recurrence

STEP_MARK = "own "
"""What stands before the name of a sequence at the step of a loop."""


class Identifiers(Mapping[str, str]):
    """Identifiers of leaves; of those at another step by what `other` makes of them."""

    def __init__(self, known: Mapping[str, str], other: Callable[[str], str]) -> None:
        self.known, self.other = known, other

    def __getitem__(self, name: str) -> str:
        return self.known[name] if name in self.known else self.other(name)

    def __iter__(self):
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


@dataclass
class FunctionBody:
    """Statements of one function."""

    module: EmittedModule
    dialect: Dialect
    like: str
    lines: list[str] = field(default_factory=list[str])
    indent: int = 4

    def __post_init__(self) -> None:
        self.identifiers = dict(self.module.identifiers)
        self.arrays = Arrays(self.dialect, Identifiers(self.identifiers, self.elsewhere), self.like, self.local)
        self.places = 0
        self.locals: dict[str, str] = {}

    @property
    def axis_of(self) -> Callable[[str], int | None]:
        """The axis of time of a sequence."""
        return sequence_axes(self.module.system.time)

    def say(self, text: str) -> None:
        """One statement."""
        self.lines.append(" " * self.indent + text)

    def local(self, code: SourceCode, wish: str) -> SourceCode:
        """A name for an expression that would make the line hard to read; the same one for the same expression."""
        if code.text.isidentifier():
            return code
        if code.text not in self.locals:
            number = 1 + sum(name.startswith(wish) for name in self.locals.values())
            word = f"{wish}_{number}"
            while word in self.identifiers.values():
                word += "_"
            self.locals[code.text] = word
            self.lines += statement(word, code.text, self.indent)
        return SourceCode(self.locals[code.text])

    def sizes(self, given: Sequence[str]) -> None:
        """The sizes that the statements after it name, from the arrays that are there."""
        used = [name for name in self.module.identifiers if name.startswith("size ") and self.uses(name)]
        rows: list[str] = []
        pending = list(used)
        while pending:
            name = pending.pop(0)
            found = self.size_from(name.removeprefix("size "), given)
            for needed in found[1]:
                if f"size {needed}" not in used:
                    used.append(f"size {needed}")
                    pending.append(f"size {needed}")
            rows.insert(0, f"{' ' * self.indent}{self.identifiers[name]} = {found[0]}")
        self.lines[:0] = rows

    def uses(self, size: str) -> bool:
        """Whether a statement names a size."""
        word = re.compile(rf"\b{re.escape(self.identifiers[size])}\b")
        return any(word.search(line.partition("#")[0]) for line in self.lines)

    def size_from(self, size: str, given: Sequence[str]) -> tuple[str, list[str]]:
        """Where a size comes from: the shape of an array that is there, or other sizes, which are named."""
        system = self.module.system
        dims = [d for q in system.quantities.values() for d in q.type.shape if isinstance(d, Dim) and d.name == size]
        for name in given:
            shape = system.quantities[unbar(name)].type.shape
            if dims and dims[0] in shape:
                return f"{self.identifiers[name]}.shape[{shape.index(dims[0])}]", []
        if dims and dims[0].rule:
            text, needed = rule_text(dims[0], lambda s: self.arrays.size(s))
            return text, needed
        raise NoSize(size)

    # ---- assignments

    def assign(self, each: Assignment) -> None:
        """name = term, its comment above it."""
        self.lines += comment(each.comment, self.indent)
        term = self.without_scatters(each)
        if isinstance(term, NamedLeaf) and self.identifiers.get(term.name) == self.identifiers[each.name]:
            return
        self.lines += statement(self.identifiers[each.name], self.arrays.whole(term).text, self.indent)

    def without_scatters(self, each: Assignment) -> Term:
        """The term with what is added at places under names of its own, their statements written."""
        found: list[tuple[NamedLeaf, Scatter]] = []
        term = lifted(each.term, found, f"places in {each.name}")
        for leaf, scatter in found:
            alone = term is leaf
            self.places += not alone
            name = self.identifiers[each.name] if alone else f"added_{self.places}"
            self.identifiers[leaf.name] = name
            self.scatter(name, scatter)
        return term

    def scatter(self, name: str, scatter: Scatter) -> None:
        """Zeros, to which the values are added at their places."""
        arrays, sizes = self.arrays, scatter.term.sizes
        taken = [d.label for d in scatter.deltas]
        shape = [arrays.size(sizes[q]) for q in (*taken, *scatter.rest)]
        self.say(f"{name} = {self.dialect.new('0.0', shape, self.like).text}")
        index: list[str] = []
        for delta in scatter.deltas:
            place = arrays.part(counted_from_the_front(delta.place))
            place = place._replace(labels=tuple(delta.labels[k] for k in place.labels), kept=None)
            index.append(arrays.local(arrays.aligned(place, scatter.places), "at").text)
        value = arrays.whole(scatter.value)
        self.say(self.dialect.added_at(name, index, value))
        order = [[*taken, *scatter.rest].index(q) for q in scatter.term.out]
        if order != sorted(order):
            self.say(f"{name} = {self.dialect.turned(SourceCode(name), order).text}")

    # ---- other steps

    def elsewhere(self, name: str) -> str:
        """The source of a sequence at another step, as a whole array, or of one entry; at a step of a loop its entry."""
        system = self.module.system
        place = entry_place(name)
        base = sequence_name(name)
        if place is not None:
            return f"{self.identifiers[base]}[{self.index(base, str(place))}]"
        base, offset = unmoment(name)
        if base not in self.identifiers or not offset:
            raise NotWritten(f"'{name}'")
        word = f"{self.identifiers[base]}_{'before' if offset < 0 else 'after'}{abs(offset) if abs(offset) > 1 else ''}"
        self.shift(word, base, offset, system.starts.get(base))
        self.identifiers[name] = word
        return word

    def index(self, base: str, text: str) -> str:
        """An index at the axis of time."""
        return ", ".join([":"] * (self.axis_of(base) or 0) + [text])

    def shift(self, word: str, base: str, offset: int, start: str | None) -> None:
        """word = the sequence some steps on: its start value, 0 or, ahead, the last entry where there is no such step."""
        axis, whole, dialect = self.axis_of(base) or 0, self.identifiers[base], self.dialect
        if offset < 0:
            first = f"{whole}[{self.index(base, f':{-offset}')}]"
            edge = f"{dialect.prefix}.zeros_like({first})"
            if start is not None and offset == -1:
                at = ", ".join([":"] * axis + ["None"])
                edge = f"{self.identifiers[start]}[{at}]"
            parts = [SourceCode(edge), SourceCode(f"{whole}[{self.index(base, f':{offset}')}]")]
        else:
            last = f"{whole}[{self.index(base, f'-{offset}:')}]"
            edge = f"{dialect.prefix}.zeros_like({last})" if is_bar(base) else last
            parts = [SourceCode(f"{whole}[{self.index(base, f'{offset}:')}]"), SourceCode(edge)]
        self.say(f"{word} = {dialect.joined(parts, axis).text}")

    # ---- loops over time

    def loop(self, lines: Sequence[Assignment], *, backwards: bool) -> None:
        """Lines that read each other's steps, step by step."""
        first = lines[0]
        length = self.arrays.size(first.term.shape[self.axis_of(first.name) or 0])
        for each in lines:
            shape = [self.arrays.size(size) for size in each.term.shape]
            self.say(f"{self.identifiers[each.name]} = {self.dialect.new('0.0', shape, self.like).text}")
        step = "t" if "t" not in self.identifiers.values() else "step"
        self.say(f"for {step} in {f'reversed(range({length}))' if backwards else f'range({length})'}:")
        self.indent += 4
        for each in lines:
            self.at_step(each, [other.name for other in lines], step, length, backwards)
        self.indent -= 4

    def at_step(self, each: Assignment, together: Sequence[str], step: str, length: str, backwards: bool) -> None:
        """One line of a loop."""
        axis = self.axis_of(each.name) or 0
        self.lines += comment(each.comment, self.indent)
        try:
            term = at_step(each.term, axis, self.axis_of, lambda name: f"{STEP_MARK}{name}")
        except NotByStep as reason:
            raise NotWritten(str(reason)) from None
        inner = replace_names(self, term, step, length)
        code = inner.whole(term)
        self.say(self.dialect.put(self.identifiers[each.name], self.index(each.name, step), code))


def replace_names(body: FunctionBody, term: Term, step: str, length: str) -> Arrays:
    """The writer of terms at one step, the statements that fetch other steps written."""
    names = dict(body.identifiers)
    for leaf in subterms(term):
        if not isinstance(leaf, NamedLeaf) or not leaf.name.startswith(STEP_MARK):
            continue
        name = leaf.name.removeprefix(STEP_MARK)
        if name == STEP:
            names[leaf.name] = step
            continue
        base, offset = unmoment(name)
        whole = body.identifiers[base]
        if not offset:
            names[leaf.name] = f"{whole}[{body.index(base, step)}]"
            continue
        word = f"{whole}_{'before' if offset < 0 else 'after'}{abs(offset) if abs(offset) > 1 else ''}"
        other = f"{step} - {-offset}" if offset < 0 else f"{step} + {offset}"
        inside = f"{step} >= {-offset}" if offset < 0 else f"{other} < {length}"
        start = body.module.system.starts.get(base)
        edge = f"{body.dialect.prefix}.zeros_like({whole}[{body.index(base, '0')}])"
        if start is not None and offset == -1:
            edge = body.identifiers[start]
        elif offset > 0 and not is_bar(base):
            edge = f"{whole}[{body.index(base, '-1')}]"
        body.say(f"{word} = {whole}[{body.index(base, other)}] if {inside} else {edge}")
        names[leaf.name] = word
    return replace(body.arrays, names=Identifiers(names, body.elsewhere))


def rule_text(size: Dim, text: Callable[[Size], str], division: str = "//") -> tuple[str, list[str]]:
    """How a size follows from others, and the names of those."""
    forms: list[str] = []
    for fit in size.rule:
        inside = [text(fit.size), *(f"{f'{c} * ' if c != 1 else ''}({text(n)} - 1)" for c, n in fit.others)]
        total = " - ".join(inside) + (f" - {fit.offset}" if fit.offset else "")
        forms.append(f"({total} - 1) {division} {fit.stride} + 1" if fit.stride != 1 else total)
    needed = [n.name for fit in size.rule for n in fit.sizes if isinstance(n, Dim)]
    least = forms[0]
    for form in forms[1:]:
        least = f"({least} < {form} ? {least} : {form})" if division == "/" else f"min({least}, {form})"
    return least, needed


def write(
    body: FunctionBody, lines: Sequence[Assignment], recurrences: Sequence[Recurrence], *, backwards: bool
) -> None:
    """All lines in order; those of a recurrence as one loop at the place of the first."""
    groups = {bar(n) if backwards else n: loop.names for loop in recurrences for n in loop.names}
    terms = {each.name: each for each in lines}
    done: set[str] = set()
    for each in lines:
        if each.name in done:
            continue
        names = groups.get(each.name, ())
        group = [
            terms[bar(n) if backwards else n]
            for n in (reversed(names) if backwards else names)
            if (bar(n) if backwards else n) in terms
        ]
        if group and reads_other_steps(group):
            body.loop(group, backwards=backwards)
            done |= {other.name for other in group}
        else:
            body.assign(each)
            done.add(each.name)


def reads_other_steps(group: Sequence[Assignment]) -> bool:
    """Whether lines read other steps of each other."""
    names = {each.name for each in group}
    read = {unmoment(t.name) for each in group for t in subterms(each.term) if isinstance(t, NamedLeaf)}
    return any(base in names and offset for base, offset in read)


def uses_pi(lines: Sequence[Assignment]) -> bool:
    """Whether π stands in a line."""
    return any(isinstance(t, Apply) and t.op == "pi" for each in lines for t in subterms(each.term))
