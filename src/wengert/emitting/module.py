"""Module: a system and its backward pass as assignments in an order, with identifiers, and what is kept between the passes.

In go a `derive.Backward` and how a language names things; what comes out knows no language.
"""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from wengert.core.ir.names import bar, is_bar, sequence_name, unbar, unmoment
from wengert.core.ir.types import Dim
from wengert.core.ops.terms import Add, Apply, NamedLeaf, ProductTerm, Term, subterms
from wengert.emitting.code import NotWritten
from wengert.emitting.moves import kept_axes, with_deltas
from wengert.emitting.stable import stable
from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward, BackwardLine, influence
from wengert.notes.derive.folding import NamedQuantity, NamedTerms, fold
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.derive.recognise import open_term_primes
from wengert.notes.derive.report import show_line
from wengert.notes.elaboration.system import SystemData

SOURCE = "source:"
"""What stands before a line of a program in the notes of the surface line that it has in a system."""
CHEAP = frozenset(("abs", "sign", "relu", "negative_part", "maximum", "minimum", "where", "cast", "pi", "size_of"))
"""What costs no more than reading an array, beside sums, products and comparisons."""


@dataclass(frozen=True)
class Assignment:
    """name = term, with the equation above it in a comment; `lines` are the numbers of the forward lines it comes through."""

    name: str
    term: Term
    comment: str


@dataclass(frozen=True, eq=False)
class EmittedModule:
    """A forward and a backward pass, ready to be written."""

    derivation: Backward
    inputs: tuple[str, ...]
    forward: tuple[Assignment, ...]
    backward: tuple[Assignment, ...]
    kept: tuple[str, ...]
    """Quantities that the backward pass is given."""
    again: tuple[str, ...]
    """Quantities that it computes again from those, in order."""
    identifiers: dict[str, str] = field(default_factory=dict[str, str])
    """Of quantities, error signals, named sums and sizes."""

    @property
    def system(self) -> SystemData:
        """The system of the forward pass."""
        return self.derivation.system

    @property
    def loss(self) -> str:
        """What the forward pass returns."""
        return self.derivation.loss

    @property
    def wrt(self) -> tuple[str, ...]:
        """What the backward pass returns the derivatives by."""
        return self.derivation.wrt

    @cached_property
    def sizes(self) -> dict[str, tuple[str, int]]:
        """For every named size the input and its axis that have it."""
        found: dict[str, tuple[str, int]] = {}
        for name in self.inputs:
            for axis, size in enumerate(self.system.quantities[name].type.shape):
                if isinstance(size, Dim):
                    found.setdefault(size.name, (name, axis))
        return found

    def with_size(self, size: str) -> EmittedModule:
        """The same with an input kept that has a size.

        Raises NotWritten where no input has it.
        """
        found = self.sizes.get(size)
        if found is None or found[0] in self.kept:
            raise NotWritten(f"the size '{size}', which no input has")
        return replace(
            self, kept=tuple(dict.fromkeys(n for n in (*self.inputs, *self.kept) if n in (*self.kept, found[0])))
        )

    def dtype(self, name: str) -> str:
        """The dtype of a quantity or signal."""
        base = unbar(sequence_name(name))
        return self.system.quantities[base].type.dtype if base in self.system.quantities else "float64"

    def value(self, name: str) -> Term:
        """The term of a forward line."""
        return next(each.term for each in self.forward if each.name == name)


def module_of(derivation: Backward, reserved: Collection[str] = (), *, only_inputs: bool = False) -> EmittedModule:
    """The module of a derivation; with `only_inputs` nothing but inputs is kept.

    Raises EquationError where a function has no formula.
    """
    system = derivation.system
    backward = _needed(_backward(derivation), derivation.wrt)
    reached = influence(system, derivation.loss)
    for name in {n for line in backward for n in reads(line.term) if n in system.quantities}:
        reached |= influence(system, name)  # a line beside the loss whose value a shorter form reads
    inputs = tuple(name for name in system.inputs if name in reached)
    forward = tuple(
        Assignment(line.name, prepared(derivation.values[line.name]), _numbered(system, k))
        for k, line in enumerate(system.lines)
        if line.name in reached
    )
    refuse_letters(system, forward)
    kept, again = _kept(derivation, inputs, forward, backward, only_inputs)
    return EmittedModule(
        derivation, inputs, forward, backward, kept, again, identifiers(derivation, backward, reserved)
    )


def prepared(term: Term) -> Term:
    """The term in the forms that every language has."""
    return stable(with_deltas(term))


def refuse_letters(system: SystemData, forward: Sequence[Assignment]) -> None:
    """Refuse a function that is only a letter.

    Raises EquationError.
    """
    for each in forward:
        for term in subterms(each.term):
            if isinstance(term, Apply) and term.op == "opaque":
                raise EquationError(
                    "A function without a formula cannot be emitted.",
                    f"  {each.comment}",
                    "Give it one, for example:  f(x) = tanh(x)",
                )


def _numbered(system: SystemData, k: int) -> str:
    """Line k of the system as it was written, with its number in front; of a function its line of code."""
    notes = system.lines[k].written.notes
    if notes and notes[0].startswith(SOURCE):
        return notes[0].removeprefix(SOURCE)
    return f"line {k + 1}: {show_line(system.lines[k].written, system)}"


def _backward(derivation: Backward) -> list[Assignment]:
    """The bars in order, named sums before the line that reads them, every prime opened."""
    system = derivation.system
    printer = LinePrinter(system, default_form(system))
    calls = [
        NamedQuantity(NamedLeaf(system.quantities[n].type.shape, n), v)
        for n, v in derivation.values.items()
        if isinstance(v, Apply)
    ]
    calls += _squeezed(derivation)
    numbers = {line.name: _number(system, k) for k, line in enumerate(system.lines)}

    def opened(term: Term, name: str = "") -> Term:
        return prepared(fold(open_term_primes(term), NamedTerms(c for c in calls if reads(c.leaf) != [name])))

    found: list[Assignment] = []
    for line in derivation.lines:
        if line.name == derivation.loss:
            continue
        for each in line.sums:
            text = show_line(printer.sum_line(each), system) if system.text is not None else "read twice below"
            found.append(Assignment(each.name, opened(each.forms[-1]), text))
        through = list(dict.fromkeys(numbers[c.child] for c in line.contributions))
        text = _equation(system, printer, line)
        if through:
            text += f"    through line{'s' * (len(through) > 1)} {' and '.join(through)}"
        found.append(Assignment(bar(line.name), opened(line.named[-1], line.name), text))
    return found


def _squeezed(derivation: Backward) -> list[NamedQuantity]:
    """What lines lay out with axes of size 1: Σ_j x_ij is m without its last axis for m = x.sum(axis=1, keepdims=True)."""
    found: list[NamedQuantity] = []
    for name, value in derivation.values.items():
        if isinstance(value, Apply) and value.op == "reshape":
            (inner,) = value.args
            leaf = NamedLeaf(value.shape, name)
            if kept_axes(leaf.shape, inner.shape) is not None and not isinstance(inner, NamedLeaf):
                found.append(NamedQuantity(Apply(inner.shape, "reshape", (leaf,), (("shape", inner.shape),)), inner))
    return found


def _number(system: SystemData, k: int) -> str:
    """The number by which comments call line k."""
    return _numbered(system, k).partition(":")[0].removeprefix("line ")


def _equation(system: SystemData, printer: LinePrinter, line: BackwardLine) -> str:
    """The line of an error signal in the notation of the system; in words for a function, which has none."""
    if system.text is None:
        return f"derivative by {line.name}"
    return show_line(printer.backward_line(line, named=True), system)


def _needed(lines: Sequence[Assignment], wrt: Iterable[str]) -> tuple[Assignment, ...]:
    """The lines that the results need."""
    wanted = {bar(name) for name in wrt}
    read = dict.fromkeys(wanted)
    before = -1
    while len(read) > before:
        before = len(read)
        for line in lines:
            if line.name in read:
                read.update(dict.fromkeys(reads(line.term)))
    return tuple(line for line in lines if line.name in read)


def reads(term: Term) -> list[str]:
    """The quantities and signals that a term reads, whole or at another step."""
    names = (leaf.name for leaf in subterms(term) if isinstance(leaf, NamedLeaf))
    return list(dict.fromkeys(sequence_name(name) for name in names))


def _kept(
    derivation: Backward,
    inputs: Sequence[str],
    forward: Sequence[Assignment],
    backward: Sequence[Assignment],
    only_inputs: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the backward pass reads, and which of that it computes again: what is cheap entry by entry from what is kept anyway."""
    system, values = derivation.system, {each.name: each.term for each in forward}
    wanted = dict.fromkeys(n for line in backward for n in with_starts(system, reads(line.term)) if not is_bar(n))
    wanted = dict.fromkeys(n for n in wanted if n in system.quantities)
    again: set[str] = set()
    if only_inputs:
        again = _behind(system, values, wanted)
        wanted = dict.fromkeys([*wanted, *(p for n in again for p in with_starts(system, reads(values[n])))])
    else:
        for name in wanted:
            parts = reads(values[name]) if name in values else []
            held = all(p in wanted and p not in again for p in parts)
            if name in values and name not in system.time and held and is_cheap(values[name]):
                again.add(name)
    order = [*inputs, *(each.name for each in forward)]
    kept = tuple(n for n in order if n in wanted and n not in again)
    return kept, tuple(n for n in order if n in again)


def _behind(system: SystemData, values: dict[str, Term], wanted: Iterable[str]) -> set[str]:
    """The lines behind the quantities that are wanted, all lines of a recurrence with each of them."""
    loops = {name: loop.names for loop in system.recurrences for name in loop.names}
    pending, found = [n for n in wanted if n in values], set[str]()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [n for n in (*reads(values[name]), *loops.get(name, ())) if n in values]
    return found


def with_starts(system: SystemData, names: Iterable[str]) -> list[str]:
    """The names, and the start values of the sequences among them."""
    return [each for name in names for each in (name, *([system.starts[name]] if name in system.starts else []))]


def is_cheap(term: Term) -> bool:
    """Whether a term is entry by entry, without a sum and without an expensive function."""
    for part in subterms(term):
        if isinstance(part, ProductTerm) and (part.summed or any(f.exponent.denominator != 1 for f in part.factors)):
            return False
        if isinstance(part, Apply) and part.op not in CHEAP and part.dtype != "bool":
            return False
    return isinstance(term, Add | ProductTerm | Apply)


def identifiers(derivation: Backward, backward: Sequence[Assignment], reserved: Collection[str]) -> dict[str, str]:
    """An identifier for every quantity, signal, named sum and size, none of them reserved or taken twice."""
    system = derivation.system
    taken: set[str] = set(reserved)
    found: dict[str, str] = {}

    def take(name: str, wish: str) -> None:
        wish = "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"u{ord(c):x}" for c in wish)
        while wish in taken or keyword.iskeyword(wish) or not wish.isidentifier():
            wish = f"{wish}_" if wish[:1].isalpha() else f"v{wish}"
        taken.add(wish)
        found[name] = wish

    for name, quantity in system.quantities.items():
        take(name, quantity.identifier)
    for name in system.quantities:
        take(bar(name), f"d{found[name]}")
    for each in backward:
        if each.name not in found:
            take(each.name, unmoment(each.name)[0])
    for letter, size in system.size_names.items():
        if isinstance(size, Dim) and f"size {size.name}" not in found:
            take(f"size {size.name}", letter)
    for quantity in system.quantities.values():
        for size in quantity.type.shape:
            if isinstance(size, Dim) and f"size {size.name}" not in found:
                take(
                    f"size {size.name}", f"n_{size.name}" if len(size.name) == 1 and size.name.islower() else size.name
                )
    return found
