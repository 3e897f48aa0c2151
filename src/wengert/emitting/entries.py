"""Terms entry by entry, for languages with loops: an entry is an expression of index variables, a sum a loop before it.

A sum stands in the outermost loop in which the variables that it reads are there, once for all lines that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from wengert.core.ir.names import entry_place, is_bar, sequence_name, unbar, unmoment
from wengert.core.ir.types import Size
from wengert.core.ops.calls import REDUCTIONS
from wengert.core.ops.normal_form import product, scale, split_coef
from wengert.core.ops.terms import (
    ONE,
    Add,
    Apply,
    Factor,
    NamedLeaf,
    ProductTerm,
    Term,
    components,
    is_indicator,
    is_number,
    subterms,
)
from wengert.emitting.code import ATOM, PRODUCT, SIGN, NotWritten, SourceCode, SourceVocabulary, written_number
from wengert.emitting.lookups import read_at, stays_inside
from wengert.emitting.moves import MOVES, entry_of
from wengert.emitting.spellings import C
from wengert.emitting.stable import LOGSUMEXP, SOFTMAX

STARTS = {"sum": "0.0", "max": "-INFINITY", "min": "INFINITY", "prod": "1.0"}
STEPS = {"sum": "{0} += {1};", "max": "{0} = fmax({0}, {1});", "min": "{0} = fmin({0}, {1});", "prod": "{0} *= {1};"}


@dataclass
class LoopScope:
    """The body of a loop: its variable, its statements, the values that it has computed already."""

    variable: str = ""
    lines: list[str] = field(default_factory=list[str])
    known: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class EntryWriter:
    """Writes entries; `names` are the identifiers of arrays and sizes, `scalars` those that are values without an address."""

    names: Mapping[str, str]
    time: Mapping[str, int]
    starts: Mapping[str, str]
    helpers: Mapping[str, str]
    whole: Callable[[Apply], str]
    """Writes what needs whole matrices before all loops, and gives the name of its result."""
    shapes: Mapping[str, tuple[Size, ...]] = field(default_factory=dict[str, tuple[Size, ...]])
    scopes: list[LoopScope] = field(default_factory=lambda: [LoopScope()])
    constants: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict[str, tuple[str, np.ndarray]])
    numbers: int = 0

    def __post_init__(self) -> None:
        self.functions = SourceVocabulary(C, self.helpers)

    # ---- loops

    def size(self, size: Size) -> str:
        """The source of a size."""
        return str(size) if isinstance(size, int) else self.names[f"size {size.name}"]

    def variable(self, size: Size) -> str:
        """An index variable that no open loop and no array has: the letter of the size, where that is free."""
        taken = {scope.variable for scope in self.scopes} | set(self.names.values())
        own = [size.name] if not isinstance(size, int) and len(size.name) == 1 and "a" <= size.name <= "z" else []
        letters = [*own, *"ijklmnpqr", *(f"i{k}" for k in range(50))]
        return next(letter for letter in letters if letter not in taken)

    def open(self, size: Size, variable: str = "") -> str:
        """A loop over an axis; its variable."""
        name = variable or self.variable(size)
        self.scopes.append(LoopScope(name))
        self.scopes[-1].known["size"] = self.size(size)
        return name

    def close(self, *, backwards: bool = False) -> None:
        """The end of the innermost loop."""
        inner = self.scopes.pop()
        v, n = inner.variable, inner.known["size"]
        head = (
            f"for (int {v} = {n} - 1; {v} >= 0; {v}--) {{" if backwards else f"for (int {v} = 0; {v} < {n}; {v}++) {{"
        )
        self.scopes[-1].lines += [head, *(f"    {line}" for line in inner.lines), "}"]

    def say(self, line: str) -> None:
        """A statement in the innermost loop."""
        self.scopes[-1].lines.append(line)

    def depth(self, read: set[str]) -> int:
        """The outermost scope in which all these variables are there."""
        return max((k for k, scope in enumerate(self.scopes) if scope.variable in read), default=0)

    def reduced(
        self, op: str, key: str, read: set[str], sizes: Sequence[Size], body: Callable[[Sequence[str]], SourceCode]
    ) -> SourceCode:
        """A sum, product, maximum or minimum over new loops, in the scope that `read` allows."""
        depth = self.depth(read)
        known = self.scopes[depth].known.get(key)
        if known is not None:
            return SourceCode(known)
        inside, self.scopes[depth + 1 :] = self.scopes[depth + 1 :], []
        self.numbers += 1
        name = f"{op}_{self.numbers}"
        self.say(f"double {name} = {STARTS[op]};")
        variables = [self.open(size) for size in sizes]
        code = body(variables)
        self.say(STEPS[op].format(name, code.text))
        for _ in sizes:
            self.close()
        self.scopes[depth].known[key] = name
        self.scopes += inside
        return SourceCode(name)

    # ---- entries

    def entry(self, term: Term, index: Sequence[str]) -> SourceCode:
        """The entry of a term at index variables, one an axis.

        Raises NotWritten where a part has no source.
        """
        if isinstance(term, NamedLeaf):
            return self.leaf(term, index)
        if isinstance(term, Add):
            return self.added(term, index)
        if isinstance(term, ProductTerm):
            return self.product(term, index)
        assert isinstance(term, Apply)
        return self.applied(term, index)

    def number(self, value: Fraction, whole: bool = False) -> SourceCode:
        """A number; one of real numbers has a point."""
        code = written_number(value)
        if whole or value.denominator != 1 or "." in code.text or "e" in code.text:
            return code
        return SourceCode(f"{code.text}.0", code.level)

    def leaf(self, term: NamedLeaf, index: Sequence[str]) -> SourceCode:
        """An entry of an array, or of a sequence at another step."""
        place, base = entry_place(term.name), sequence_name(term.name)
        if place is not None:
            axis = self.time[unbar(base)]
            at = str(place) if place >= 0 else f"({self.size(self.shape(base, term)[axis])} - {-place})"
            return self.at(base, self.shape(base, term), [*index[:axis], at, *index[axis:]])
        base, offset = unmoment(term.name)
        if not offset:
            return self.at(term.name, term.shape, index)
        axis = self.time[unbar(base)]
        step, n = index[axis], self.size(term.shape[axis])
        inside = f"{step} >= {-offset}" if offset < 0 else f"{step} + {offset} < {n}"
        other = f"({step} {'-' if offset < 0 else '+'} {abs(offset)})"
        value = self.at(base, term.shape, [*index[:axis], other, *index[axis + 1 :]])
        rest = [*index[:axis], *index[axis + 1 :]]
        edge = SourceCode("0.0")
        if base in self.starts and offset == -1:
            edge = self.at(self.starts[base], (*term.shape[:axis], *term.shape[axis + 1 :]), rest)
        elif offset > 0 and not is_bar(base):
            edge = self.at(base, term.shape, [*index[:axis], f"({n} - 1)", *index[axis + 1 :]])
        return SourceCode(f"({inside} ? {value.text} : {edge.text})")

    def shape(self, base: str, term: NamedLeaf) -> tuple[Size, ...]:
        return self.shapes.get(base, term.shape)

    def at(self, name: str, shape: Sequence[Size], index: Sequence[str]) -> SourceCode:
        """name[…] in row-major order."""
        word = self.names[name]
        if not shape:
            return SourceCode(word, SIGN if word.startswith("*") else ATOM)
        return self.at_word(word, shape, index)

    def at_word(self, word: str, shape: Sequence[Size], index: Sequence[str]) -> SourceCode:
        """word[…] in row-major order."""
        place = SourceCode(index[0])
        for size, variable in zip(shape[1:], index[1:], strict=True):
            place = place * SourceCode(self.size(size)) + SourceCode(variable)
        return SourceCode(f"{word}[{place.text}]")

    def added(self, term: Add, index: Sequence[str]) -> SourceCode:
        """A sum, what is positive first."""
        whole = is_whole(term)
        terms = sorted(term.terms, key=lambda t: split_coef(t)[0] < 0)
        code: SourceCode | None = None
        for k, each in enumerate(terms):
            negative = k > 0 and split_coef(each)[0] < 0
            piece = self.in_sum(scale(-1, each) if negative else each, index, whole)
            code = piece if code is None else code - piece if negative else code + piece
        assert code is not None
        return code

    def in_sum(self, term: Term, index: Sequence[str], whole: bool) -> SourceCode:
        if is_number(term) and isinstance(term, ProductTerm):
            return self.number(term.coef, whole)
        return self.entry(term, index)

    def applied(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """Any other op."""
        if term.op == "pi":
            return SourceCode("3.14159265358979323846")
        if term.op == "size_of":
            return SourceCode(f"(double){self.size(term.param('size'))}", SIGN)
        if term.op == "position":
            return SourceCode(index[0]) if term.dtype == "int64" else SourceCode(f"(double){index[0]}", SIGN)
        if term.op in REDUCTIONS:
            return self.over_axes(term.op, term.args[0], tuple(term.param("axes")), index)
        if term.op == "prod_others":
            return self.product_of_others(term, index)
        if term.op in (SOFTMAX, LOGSUMEXP):
            return self.exponentials(term, index)
        if term.op in MOVES:
            return self.moved(term, index)
        if term.op == "constant":
            return self.constant(term, index)
        if term.op in ("inv", "det"):
            name = self.whole(term)
            return (
                SourceCode(name)
                if term.op == "det"
                else SourceCode(f"{name}[{index[0]} * {self.size(term.shape[1])} + {index[1]}]")
            )
        pieces = [self.in_sum(arg, index, all(is_whole(a) for a in term.args)) for arg in term.args]
        if term.op == "negative_part":
            return SourceCode(f"fmin({pieces[0].text}, 0.0)")
        if is_indicator(term):
            return SourceCode(f"({pieces[0].at(2)} ? 1.0 : 0.0)")
        return self.functions.source(term.op, pieces, dict(term.params))

    def moved(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """An entry of an array that another one is moved from."""
        if term.op == "concatenate":
            return self.concatenated(term, index)
        places, conditions = entry_of(term, index)
        code = self.entry(term.args[0], places)
        return SourceCode(f"({' && '.join(conditions)} ? {code.at(2)} : 0.0)") if conditions else code

    def concatenated(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """The entry of the array in which a place lies."""
        axis: int = term.param("axis")
        begin = 0
        pieces: list[tuple[str, SourceCode]] = []
        for arg in term.args:
            size = arg.shape[axis]
            if not isinstance(size, int):
                raise NotWritten("concatenate of arrays whose sizes are open")
            place = index[axis] if begin == 0 else f"({index[axis]} - {begin})"
            begin += size
            there = [place if k == axis else variable for k, variable in enumerate(index)]
            pieces.append((f"{index[axis]} < {begin}", self.entry(arg, there)))
        code = pieces[-1][1]
        for condition, piece in reversed(pieces[:-1]):
            code = SourceCode(f"({condition} ? {piece.at(2)} : {code.at(2)})")
        return code

    def constant(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """An entry of an array of numbers that the function brought along."""
        values = np.asarray(term.param("value"))
        if not values.shape:
            return SourceCode(repr(values.item()))
        word = self.constants.setdefault(term.key, (f"constant_{len(self.constants) + 1}", values))[0]
        return self.at_word(word, term.shape, index)

    def over_axes(self, op: str, body: Term, axes: Sequence[int], index: Sequence[str]) -> SourceCode:
        """A reduction over axes of a term."""
        rest = iter(index)
        outer: dict[int, str] = {k: next(rest) for k in range(body.rank) if k not in axes}

        def inside(variables: Sequence[str]) -> SourceCode:
            inner: dict[int, str] = dict(zip(axes, variables, strict=True))
            return self.entry(body, [{**outer, **inner}[k] for k in range(body.rank)])

        key = f"{op} {tuple(axes)} {body.key} {tuple(index)}"
        return self.reduced(op, key, variables_of(index), [body.shape[k] for k in axes], inside)

    def product_of_others(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """Π_{j ≠ i} x_j."""
        (x,) = term.args
        if x.rank != 1:
            raise NotWritten("prod_others of more than one axis")

        def inside(variables: Sequence[str]) -> SourceCode:
            value = self.entry(x, variables)
            return SourceCode(f"{variables[0]} == {index[0]} ? 1.0 : {value.at(2)}", 1)

        return self.reduced("prod", f"others {x.key} {tuple(index)}", variables_of(index), x.shape, inside)

    def exponentials(self, term: Apply, index: Sequence[str]) -> SourceCode:
        """softmax or logsumexp along an axis: the maximum is taken off first."""
        (x,) = term.args
        axis = only_axis(term)
        outer = [v for k, v in enumerate(index) if k != axis] if term.op == SOFTMAX else list(index)
        largest = self.over_axes("max", x, (axis,), outer)

        def inside(variables: Sequence[str]) -> SourceCode:
            whole = [*outer[:axis], variables[0], *outer[axis:]]
            return SourceCode(f"exp({(self.entry(x, whole) - largest).text})")

        key = f"exponentials {axis} {x.key} {tuple(outer)}"
        sum = self.reduced("sum", key, variables_of(outer), [x.shape[axis]], inside)
        if term.op == LOGSUMEXP:
            return SourceCode(f"{largest.text} + log({sum.text})", 5)
        return SourceCode(f"exp({(self.entry(x, index) - largest).text}) / {sum.text}", PRODUCT)

    # ---- products

    def product(self, term: ProductTerm, index: Sequence[str]) -> SourceCode:
        """coef · Π factor, sums as loops before it."""
        if not term.factors:
            return self.number(term.coef)
        at = dict(zip(term.out, index, strict=True))
        above: list[SourceCode] = []
        below: list[SourceCode] = []
        masks: list[SourceCode] = []
        for group in components(term.factors, term.out):
            if any(q not in term.out for f in group for q in f.labels):
                above.append(self.summed(group, term, at))
                continue
            for factor in group:
                if is_indicator(factor.term) and factor.exponent > 0 and isinstance(factor.term, Apply):
                    masks.append(self.entry(factor.term.args[0], [at[q] for q in factor.labels]))
                else:
                    (above if factor.exponent > 0 else below).append(self.raised(factor, at))
        return assembled(self, term.coef, above, below, masks, whole=is_whole(term))

    def raised(self, factor: Factor, at: Mapping[int, str]) -> SourceCode:
        """|exponent| of a factor's entry."""
        code, size = self.entry(factor.term, [at[q] for q in factor.labels]), abs(factor.exponent)
        if size == 1:
            return code
        if size == Fraction(1, 2):
            return SourceCode(f"sqrt({code.text})")
        if size.denominator == 1:
            return self.functions.integer_power(code, exponent=int(size))
        return SourceCode(f"pow({code.text}, {self.number(size).text})")

    def summed(self, group: Sequence[Factor], term: ProductTerm, at: Mapping[int, str]) -> SourceCode:
        """A sum over labels; look-ups are read at their places."""
        left, places = list(group), dict[int, tuple[Term, tuple[int, ...]]]()
        while (found := read_at(left, term.out)) is not None:
            delta, _ = found
            places[delta.label] = (delta.place, delta.labels)
            left = [f for f in left if f is not delta.factor]
        labels = dict.fromkeys(q for f in group for q in f.labels if q not in term.out and q not in places)
        out = [q for q in term.out if any(q in f.labels for f in group)]

        def inside(variables: Sequence[str]) -> SourceCode:
            where = {**at, **dict(zip(labels, variables, strict=True))}
            return self.at_places(left, places, where, term)

        if not labels:
            return self.at_places(left, places, at, term)
        key = f"sum {product(ONE, group, out, term.sizes).key} {tuple(at[q] for q in out)}"
        return self.reduced("sum", key, variables_of([at[q] for q in out]), [term.sizes[q] for q in labels], inside)

    def at_places(
        self,
        factors: Sequence[Factor],
        places: Mapping[int, tuple[Term, tuple[int, ...]]],
        at: Mapping[int, str],
        term: ProductTerm,
    ) -> SourceCode:
        """The product of factors where some labels are places that are computed."""
        where, conditions = dict(at), list[str]()
        pending = dict(places)
        while pending:
            label = next(q for q, (_, needed) in pending.items() if all(n in where for n in needed))
            place, needed = pending.pop(label)
            code = self.entry(place, [where[q] for q in needed])
            where[label] = code.text if code.level == ATOM else f"({code.text})"
            if not stays_inside(place, term.sizes[label]):
                conditions += [f"{where[label]} >= 0", f"{where[label]} < {self.size(term.sizes[label])}"]
        above = [self.raised(f, where) for f in factors if f.exponent > 0]
        below = [self.raised(f, where) for f in factors if f.exponent < 0]
        code = assembled(self, ONE, above, below, [])
        return SourceCode(f"({' && '.join(conditions)} ? {code.at(2)} : 0.0)") if conditions else code


def assembled(
    entries: EntryWriter,
    coef: Fraction,
    above: Sequence[SourceCode],
    below: Sequence[SourceCode],
    masks: Sequence[SourceCode],
    whole: bool = False,
) -> SourceCode:
    """coef · Π above / Π below where the masks hold, else 0."""
    top, bottom = abs(coef).numerator, abs(coef).denominator
    short = Fraction(repr(float(abs(coef)))) == abs(coef) and len(repr(float(abs(coef)))) <= 6
    code: SourceCode | None = None
    if bottom != 1 and (short or bottom > 10**6):
        code, bottom = written_number(abs(coef) if short else float(abs(coef))), 1
    elif top != 1 or not above:
        code = entries.number(Fraction(top), whole)
    for piece in above:
        code = piece if code is None else code * piece
    assert code is not None
    divisors = [*below, *([entries.number(Fraction(bottom))] if bottom != 1 else [])]
    if divisors:
        under = divisors[0]
        for piece in divisors[1:]:
            under = under * piece
        code = code / under
    if coef < 0:
        code = (
            SourceCode(f"-{code.text}", PRODUCT)
            if code.level >= PRODUCT and code.text[0] != "-"
            else SourceCode(f"-({code.text})", SIGN)
        )
    if masks:
        condition = " && ".join(mask.at(4) for mask in masks)
        code = SourceCode(f"({condition} ? {code.at(2)} : 0.0)")
    return code


def only_axis(term: Apply) -> int:
    """The one axis of an op that takes some.

    Raises NotWritten where it has more.
    """
    axes: tuple[int, ...] = term.param("axes")
    if len(axes) != 1:
        raise NotWritten(f"{term.op} over more than one axis")
    return axes[0]


def is_whole(term: Term) -> bool:
    """Whether a term is a whole number."""
    for part in subterms(term):
        if isinstance(part, NamedLeaf | Apply) and part.dtype != "int64":
            return False
        if isinstance(part, ProductTerm) and (part.coef.denominator != 1 or any(f.exponent < 0 for f in part.factors)):
            return False
    return True


def variables_of(index: Sequence[str]) -> set[str]:
    """The index variables in expressions."""
    found: set[str] = set()
    for text in index:
        found |= set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())
    return found
