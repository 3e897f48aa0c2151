"""The backward pass of a system, one line a named quantity: v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v.

For each child u the line of u alone is differentiated, so that every bar is a module that others share; the result is
simplified into the user's names. What is printed here is what runs: `Backward.graph` builds the same terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, Node, constant, input_node
from wengert.core.ir.names import bar, is_bar, unbar, unmoment
from wengert.core.ops.build import TermBuilder
from wengert.core.ops.gathering import gather
from wengert.core.ops.normal_form import total
from wengert.core.ops.terms import Apply, NamedLeaf, Term, is_zero, number, subterms
from wengert.errors import EquationError
from wengert.notes.derive.cost import cost
from wengert.notes.derive.factoring import factor, turn_sign
from wengert.notes.derive.folding import NamedQuantity, NamedTerms, fold, spread_alike
from wengert.notes.derive.further import FurtherForms
from wengert.notes.derive.recognise import laid_out, open_term_primes, open_written_out, recognise
from wengert.notes.derive.recurrences import Steps, backward_loop, placed, ways
from wengert.notes.derive.row_sums import RowSum, free_name, row_sum, with_name, with_other_names
from wengert.notes.derive.simplify import map_sums, simplify, substitute_leaves
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Call, Span, walk
from wengert.notes.notation.function_names import function_op
from wengert.notes.notation.tokens import Source

MAX_PUT_IN = 4
"""So often the lines of other bars are put into a line."""


@dataclass(frozen=True, eq=False)
class Contribution:
    """ū ∂u/∂v for one child u of v, as the chain rule gives it."""

    child: str
    term: Term


@dataclass(frozen=True, eq=False)
class BackwardLine:
    """v̄: its contributions, their sum in the user's names, and a cheaper further form where there is one.

    `assumed` says that the further form uses the system's assumptions; `sums` are the sums in it that have a name in print.
    """

    name: str
    contributions: tuple[Contribution, ...]
    value: Term
    further: Term | None = None
    assumed: bool = False
    sums: tuple[RowSum, ...] = ()

    @property
    def forms(self) -> list[Term]:
        """All that v̄ is equal to, in print."""
        return [self.value] if self.further is None else [self.value, self.further]

    @property
    def named(self) -> list[Term]:
        """The same with named sums under their names."""
        terms = self.forms
        for each in self.sums:
            terms = [with_name(term, each.value, each.leaf) for term in terms]
        return terms

    @property
    def substituted(self) -> Term:
        """The contributions added up, before simplification."""
        return total([c.term for c in self.contributions], self.value.shape)

    @property
    def run(self) -> Term:
        """The form that is executed: the cheapest."""
        return self.value if self.further is None else self.further


@dataclass(frozen=True, eq=False)
class Backward:
    """The backward pass from v̄_N = 1 (or a given error signal) back to `wrt`, in the order in which it is printed."""

    system: SystemData
    loss: str
    wrt: tuple[str, ...]
    lines: tuple[BackwardLine, ...]
    values: Mapping[str, Term] = field(default_factory=dict[str, Term])
    """The recognised term of every forward line."""
    letters: frozenset[str] = frozenset()
    """The functions that the user wrote as letters: their primes stay in print."""

    @property
    def seeded(self) -> bool:
        """Whether the loss is a scalar, so that its bar is 1; otherwise it is given from outside."""
        return self.system.quantities[self.loss].type.rank == 0

    def line(self, name: str) -> BackwardLine:
        """The line of v̄."""
        return next(line for line in self.lines if line.name == name)

    def graph(self, outputs: Sequence[str] = (), *, seed_one: bool = False, form: str = "run") -> Graph:
        """One graph from the inputs (and the loss's bar, where it is given) to the bars of `outputs` (default: wrt).

        Forward lines are as the user wrote them, so that what is not a number stays none. A name with "bar " in front is an error signal, any other a forward quantity or a named sum. `form` is "run", the cheapest
        form of each line, or "printed", its first form.
        """
        names = tuple(outputs) or tuple(bar(name) for name in self.wrt)
        system = self.system
        env: dict[str, Node] = Steps(system, system.values())
        inputs = [system.leaves[name] for name in system.inputs]
        type = system.quantities[self.loss].type
        if seed_one and self.seeded:
            env[bar(self.loss)] = constant(1, type)
        else:
            env[bar(self.loss)] = input_node(bar(self.loss), type)
            inputs.append(env[bar(self.loss)])
        builder = TermBuilder(env, weighed=True)
        terms = {line.name: line.run if form == "run" else line.value for line in self.lines}
        loops = {name: loop for loop in system.recurrences for name in loop.names}
        for line in self.lines:
            if line.name in loops and bar(line.name) not in env:
                env.update(backward_loop(system, loops[line.name], terms, env))
            if line.name != self.loss and bar(line.name) not in env:
                env[bar(line.name)] = builder.build(terms[line.name])
            for each in line.sums:
                env[each.name] = builder.build(each.forms[-1] if form == "run" else each.value)
        return Graph(tuple(inputs), tuple(env[name] for name in names), names)


def derive(system: SystemData, loss: str | None = None, wrt: Iterable[str] = ()) -> Backward:
    """The backward pass of a system with respect to `wrt`: default the declared parameters, else every real input.

    Raises EquationError where a name is unknown or does not influence the loss.
    """
    return _prepared(system, loss, wrt).run()


class SingleLines:
    """The lines of a backward pass by every real quantity one at a time, each without a further form.

    Raises EquationError where the system has no backward pass.
    """

    def __init__(self, system: SystemData) -> None:
        real = [n for n in influence(system, system.loss) if system.quantities[n].type.is_float and n != system.loss]
        self.derivation = _prepared(system, None, real)
        self.found: dict[str, BackwardLine] = {}

    def line(self, name: str) -> BackwardLine | None:
        """v̄ as the chain rule gives it from the bars of the children of v; None where v does not influence the loss.

        Raises EquationError where it has no form by steps.
        """
        derivation = self.derivation
        if name in derivation.planned and name not in self.found:
            self.found[name] = derivation.seed(name) if name == derivation.loss else derivation.by_chain(name)
        return self.found.get(name)

    def through(self, line: BackwardLine, held: Callable[[str], bool]) -> BackwardLine:
        """The line with the lines of other bars put in, as far as these are not `held`."""
        raw = line.value
        for _ in range(MAX_PUT_IN):
            bars = {leaf.name for leaf in leaves_of(raw) if is_bar(leaf.name) and not held(unbar(leaf.name))}
            known = {name: found.value for name in bars if (found := self.line(unbar(name))) is not None}
            if not known:
                break
            raw = substitute_leaves(raw, known)
        return line if raw is line.value else replace(line, value=self.derivation.shortest(raw), further=None)


def _prepared(system: SystemData, loss: str | None, wrt: Iterable[str]) -> _Derivation:
    target = loss or system.loss
    if target not in system.quantities:
        raise EquationError(
            f"There is no quantity '{target}'.",
            f"  the quantities are {', '.join(system.quantities)}",
            "Write one of these names.",
        )
    if not system.defines(target):
        raise EquationError(
            f"'{target}' is an input, so there is nothing to derive.",
            f"  the lines are those of {', '.join(line.name for line in system.lines)}",
            "Name a quantity that a line computes.",
        )
    for loop in system.recurrences:
        if target in loop.names:
            raise EquationError(
                f"'{target}' is read by the next step, so its error signal comes from there and from outside.",
                Source(system.source).where(Span(*system.line(target).span)),
                "Write a last line for what is passed on:  y_t = h_t",
            )
    chosen = _choose(system, target, tuple(wrt))
    values = {line.name: laid_out(recognise(gather(line.node))) for line in system.lines}
    return _Derivation(system, target, chosen, values)


def _choose(system: SystemData, loss: str, wrt: tuple[str, ...]) -> tuple[str, ...]:
    for name in wrt:
        if name not in system.quantities:
            raise EquationError(
                f"There is no quantity '{name}' to differentiate by.",
                f"  the quantities are {', '.join(system.quantities)}",
                "Write one of these names.",
            )
        if not system.quantities[name].type.is_float:
            raise EquationError(
                f"'{name}' holds integers, so there is no derivative by it.",
                f"  {name} is {system.quantities[name].type}",
                "Leave it out.",
            )
    reached = influence(system, loss)
    for name in wrt or system.params:
        if name not in reached and name != loss:
            raise EquationError(
                f"'{loss}' does not depend on '{name}'.",
                f"  it depends on {', '.join(n for n in system.quantities if n in reached and n != loss) or 'nothing'}",
                "Leave it out, or correct the equations.",
            )
    default = system.params or tuple(
        name for name in system.inputs if system.quantities[name].type.is_float and name in reached
    )
    return wrt or default


def influence(system: SystemData, loss: str) -> set[str]:
    """The quantities on which the loss depends, itself included."""
    reached: set[str] = set()
    pending = [loss]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(system.parents(name))
    return reached


@dataclass
class _Derivation:
    system: SystemData
    loss: str
    wrt: tuple[str, ...]
    values: dict[str, Term]

    def __post_init__(self) -> None:
        self.letters = letter_functions(self.system)
        named = [NamedQuantity(NamedLeaf(self.system.quantities[n].type.shape, n), v) for n, v in self.values.items()]
        self.names = NamedTerms(named)
        self.calls = [entry for entry in named if isinstance(entry.value, Apply)]
        self.call_names = NamedTerms(self.calls)
        self.ordered = self.order()
        self.planned = frozenset(self.ordered)
        assumed = [spread_alike(recognise(gather(a)), recognise(gather(b))) for a, b in self.system.assumptions]
        self.forms = FurtherForms(self.system, self.needed, self.names, assumed)
        self.taken: set[str] = set()

    def run(self) -> Backward:
        lines: list[BackwardLine] = []
        for name in self.ordered:
            lines.append(self.seed(name) if name == self.loss else self.one_line(name))
            if name != self.loss:
                self.forms.lines.add(name, lines[-1].run)
        return Backward(self.system, self.loss, self.wrt, tuple(lines), self.values, frozenset(self.letters))

    def order(self) -> list[str]:
        """Intermediates in reverse order of lines; an input directly after the bar of its earliest child."""
        system = self.system
        below = influence(system, self.loss)
        needed: set[str] = set(self.wrt)
        before = -1
        while len(needed) > before:  # once, unless lines read earlier steps of later lines
            before = len(needed)
            for line in system.lines:
                if line.name in below and needed & set(system.parents(line.name)):
                    needed.add(line.name)
        self.needed = frozenset(needed)
        order: list[str] = []
        for line in reversed(system.lines):
            if (line.name not in needed and line.name != self.loss) or line.name not in below:
                continue
            order.append(line.name)
            for name in system.quantities:
                if name in self.wrt and not system.defines(name) and self.earliest_child(name, below) == line.name:
                    order.append(name)
        return order

    def earliest_child(self, name: str, below: set[str]) -> str | None:
        return next((child for child in self.system.children(name) if child in below), None)

    def seed(self, name: str) -> BackwardLine:
        leaf = NamedLeaf(self.system.quantities[name].type.shape, bar(name))
        return BackwardLine(name, (), number(1) if not leaf.shape else leaf)

    def one_line(self, name: str) -> BackwardLine:
        line = self.by_chain(name)
        further, assumed = self.forms.further(name, line.value)
        line = replace(line, further=further, assumed=assumed)
        return replace(line, sums=self.row_sums(line.run))

    def by_chain(self, name: str) -> BackwardLine:
        type = self.system.quantities[name].type
        contributions: list[Contribution] = []
        for child in self.system.children(name):
            if child in self.planned:
                term = self.contribution(name, child)
                if term is not None:
                    contributions.append(Contribution(child, term))
        # What comes from the same step stands before what comes from the next.
        contributions.sort(key=lambda c: reads_later(c.term))
        value = self.shortest(total([c.term for c in contributions], type.shape))
        # What one child sends back may be shorter by itself than multiplied out with the rest.
        apart = total([self.shortest(c.term) for c in contributions], type.shape)
        shorter = (cost(apart), len(leaves_of(apart))) < (cost(value), len(leaves_of(value)))
        return BackwardLine(name, tuple(contributions), apart if shorter else value)

    def row_sums(self, term: Term) -> tuple[RowSum, ...]:
        """The sum in a line's last form that is to have a name."""
        found = None if self.system.time else row_sum(term)
        name = free_name(self.system, self.taken) if found is not None else None
        if found is None or name is None:
            return ()
        self.taken.add(name)
        bars = {bar(n): term for n, term in self.forms.lines.terms.items()}
        return (RowSum(name, found, with_other_names(found, bars, self.names)),)

    def shortest(self, raw: Term) -> Term:
        """The sum of the contributions simplified, or only folded and factored where more of that stands in the lines before it."""
        simple, plain = simplify(raw, self.names), turn_sign(map_sums(fold(raw, self.names), factor))
        known = self.forms.lines.known()
        return plain if cost(plain, known=known) < cost(simple, known=known) else simple

    def contribution(self, name: str, child: str) -> Term | None:
        """ū ∂u/∂v with letter functions kept as primes."""
        system = self.system
        env = {**system.leaves, **{n: each.leaf for n, each in system.moments.items()}}
        node = TermBuilder(env).build(self.values[child])
        signal = input_node(bar(child), node.type)
        parts: list[Term] = []
        for leaf, way in ways(system, name, system.line(child).node):
            (result,) = vjp([node], [leaf], [signal])
            term = None if result is None else open_term_primes(gather(result), self.letters)
            if term is not None and not is_zero(term):
                kept = name if way == name else ""
                term = open_written_out(term, self.names.whole)
                parts.append(placed(system, recognise(self.fold_calls(term, kept)), name, way, child))
        return total(parts, system.quantities[name].type.shape) if parts else None

    def fold_calls(self, term: Term, name: str) -> Term:
        """Values of functions that have a name, such as y for σ(z), but not the name whose bar this is; products stay as the chain rule gave them."""
        others = [entry for entry in self.calls if entry.leaf != NamedLeaf(entry.leaf.shape, name)]
        return fold(term, self.call_names if len(others) == len(self.calls) else NamedTerms(others))


def leaves_of(term: Term) -> list[NamedLeaf]:
    """The quantities that a term reads, as often as it does."""
    return [part for part in subterms(term) if isinstance(part, NamedLeaf)]


def reads_later(term: Term) -> bool:
    """Whether a term reads an error signal of a later step."""
    return any(isinstance(t, NamedLeaf) and unmoment(t.name)[1] > 0 for t in subterms(term))


def letter_functions(system: SystemData) -> set[str]:
    """The ops whose names the user wrote as letters (σ): their primes stay in print."""
    letters: set[str] = set()
    for line in system.lines:
        for right in line.written.rights:
            for tree in walk(right):
                op = function_op(tree.function) if isinstance(tree, Call) and len(tree.function) == 1 else None
                if op is not None:
                    letters.add(op)
    return letters
