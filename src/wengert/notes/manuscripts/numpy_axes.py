"""How many axes the names in NumPy code have: the readings in which all statements make sense, the least surprising first.

Code does not say it. What is done with a name tells some of it: .T, an axis, einsum, a shape; for the rest a reading costs more the
less usual it is, as where a bias is added that has as many axes as a batch.
"""

from __future__ import annotations

import ast
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wengert.notes.manuscripts.numpy_arrays import Letter, LetteredArray, NotRead
from wengert.notes.manuscripts.numpy_calls import REDUCED
from wengert.notes.manuscripts.numpy_code import UnknownAxes, Values
from wengert.notes.manuscripts.numpy_solving import solved_vector, solver_of
from wengert.notes.manuscripts.numpy_statements import AssignedStep
from wengert.notes.manuscripts.numpy_syntax import (
    ADD,
    ADD_AT,
    SET,
    SIGNAL,
    SIZE,
    called,
    is_condition,
    is_module,
    is_new_axis,
    is_whole,
    names_in,
    whole_number,
)
from wengert.notes.manuscripts.numpy_versions import Passes

Ones = tuple[bool, ...]
"""For each axis whether it has one entry only."""

LOWER = (0.0, 1.0, 2.5, 6.0, 9.0)
AMONG_ARRAYS = (1.5, 1.0, 2.5, 6.0, 9.0)
UPPER = (4.0, 4.5, 0.0, 6.0, 8.0)
NUMBER = (0.0, 5.0, 7.0, 10.0, 12.0)
DIVIDES = (0.0, 8.0, 8.0, 12.0, 12.0)
"""What it costs that a name has so many axes: one that begins with a small letter, such a one in code with axes and matrices, one that
begins with a capital, one of NUMBERS, one that only divides."""
NUMBERS = frozenset(
    {"lam", "lambda_", "lmbda", "alpha", "eta", "lr", "tau", "eps", "epsilon", "rho", "reg", "keep", "decay"}
)
LOSS = frozenset({"L", "J", "loss", "cost", "objective"})
NO_NUMBER = 5.0
"""And that a loss has axes."""
ONE_ENTRY = 3.0
"""And more than a vector that it is one column or one row, as a bias that keepdims makes."""
AGAINST = 12.0
"""And that it has other axes than what is done with it tells."""
UNREAD = 10.0
"""And that a line about an error signal cannot be read."""
LOST = 30.0
"""And a forward line; what it assigns is then given from outside."""
MISFIT = 3.5
"""And that it has other axes than its quantity."""
WIDTH = 30
"""So many readings are carried on from each statement to the next."""
MARGIN = 1.0
"""Readings that cost so much more than the best are left out."""
MAX_SWEEPS = 6
"""So many times the axes of one given name are changed for the better."""
MOST = 8
"""So many readings are kept in the end."""
MAX_TRIALS = 400
"""So many times one statement is read."""


@dataclass
class AxisFacts:
    """What is done with a name tells of its axes: how many it has at least, and how many if that is sure."""

    least: int = 0
    exactly: Ones | None = None

    def agrees(self, ones: Ones) -> bool:
        """Whether a name may have these axes."""
        return len(ones) >= self.least and (
            self.exactly is None or ones == self.exactly or (len(ones) == len(self.exactly) and not any(self.exactly))
        )


@dataclass
class State:
    """The axes of names after some statements, and what they have cost."""

    cost: float = 0.0
    axes: dict[str, Ones] = field(default_factory=dict[str, Ones])


@dataclass
class Reader:
    """Reads the statements of two passes where the axes of names are known."""

    passes: Passes

    def __post_init__(self) -> None:
        steps = [*self.passes.forward, *self.passes.claims]
        self.inputs = frozenset({n for s in steps for n in names_in(s.value)} - {s.name for s in self.passes.forward})
        self.steps = steps
        self.computed = {step.name for step in steps if not step.barred}
        self.conditions = frozenset(found_conditions(steps))
        self.facts = told(self.passes)
        self.divisors = only_divide([step.value for step in steps])
        self.prior = AMONG_ARRAYS if any(fact.least > 1 for fact in self.facts.values()) else LOWER
        taken = self.inputs | {s.name for s in steps} | set(self.passes.spelled.values())
        self.letter = Letter(frozenset(taken))

    def values(self, axes: dict[str, Ones]) -> Values:
        """What reads expressions with these axes."""
        return Values(
            names=axes,
            sizes=self.passes.sizes,
            inputs=self.inputs,
            letter=self.letter,
            conditions=self.conditions,
        )

    def take(self, step: AssignedStep, axes: dict[str, Ones]) -> tuple[float, LetteredArray]:
        """What a statement costs, and its array; the axes of what it assigns are put into `axes`.

        Raises NotRead, Unknown.
        """
        values = self.values(axes)
        if step.problem:
            raise NotRead(step.problem)
        if step.barred and step.name not in axes:
            raise UnknownAxes(step.name)
        array = values.read(step.value if solver_of(step.value) is None else solved_vector(step.value))
        if step.barred or step.name in axes:
            return values.cost + (MISFIT if array.ones != axes[step.name] else 0.0), array
        axes[step.name] = array.ones
        return values.cost + (NO_NUMBER if step.name in LOSS and array.rank else 0.0), array

    def costs(self, name: str) -> Iterator[tuple[Ones, float]]:
        """The axes that a name may have, and what each reading costs."""
        fact = self.facts.get(name, AxisFacts())
        prior = NUMBER if name in NUMBERS else UPPER if name[:1].isupper() else self.prior
        prior = DIVIDES if name in self.divisors else prior
        found = [((False,) * rank, cost) for rank, cost in enumerate(prior)]
        one_entry = prior[1] + ONE_ENTRY * (2 if fact.least > 1 else 1)  # what is transposed is a matrix
        found += [((False, True), one_entry), ((True, False), one_entry)]
        if fact.exactly is not None and fact.exactly not in (ones for ones, _ in found):
            found.append((fact.exactly, prior[-1]))
        for ones, cost in found:
            yield ones, cost if fact.agrees(ones) else cost + AGAINST


def found_conditions(steps: Sequence[AssignedStep]) -> set[str]:
    """The names of arrays that are true or false."""
    found: set[str] = set()
    for step in steps:
        if is_condition(step.value, found):
            found.add(step.name)
    return found


def readings(reader: Reader) -> list[dict[str, Ones]]:
    """The axes of all names in the readings that surprise least, the best first; none where the forward statements have none."""
    states = [State()]
    for number, step in enumerate(reader.steps):
        after = taken(reader, step, number >= len(reader.passes.forward), states)
        states = sorted(after, key=lambda state: state.cost)[:WIDTH]
        if not states:
            return []
    best, around = states[0], list[State]()
    for _ in range(MAX_SWEEPS):
        around = sorted(neighbours(reader, best), key=lambda state: state.cost)
        if not around or around[0].cost >= best.cost:
            break
        best = around[0]
    near = sorted([*around, *states], key=lambda state: state.cost)
    found = [best.axes]
    for state in near:
        if state.cost <= best.cost + MARGIN and state.axes not in found:
            found.append(state.axes)
    return found[:MOST]


def neighbours(reader: Reader, state: State) -> Iterator[State]:
    """The readings in which one given name has other axes."""
    given = {name: ones for name, ones in state.axes.items() if name not in reader.computed}
    prior = {name: dict(reader.costs(name)) for name in given}
    for name in given:
        for ones in prior[name]:
            if ones != given[name]:
                axes = given | {name: ones}
                cost = sum(prior[each][axes[each]] for each in axes) + total(reader, axes)
                if cost < state.cost + MARGIN:
                    yield State(cost, axes)


def total(reader: Reader, axes: dict[str, Ones]) -> float:
    """What all statements cost with these axes of given names; the axes of the others are put into `axes`."""
    cost = 0.0
    for number, step in enumerate(reader.steps):
        before = dict(axes)
        try:
            cost += reader.take(step, axes)[0]
        except UnknownAxes:
            return float("inf")
        except NotRead:
            cost += UNREAD if number >= len(reader.passes.forward) else LOST
            axes.clear()
            axes.update(before)
    return cost


def taken(reader: Reader, step: AssignedStep, is_claim: bool, states: Sequence[State]) -> list[State]:
    """The readings after one more statement."""
    ticks = itertools.count()
    heap = [(state.cost, next(ticks), state) for state in states]
    heapq.heapify(heap)
    found: list[State] = []
    for _ in range(MAX_TRIALS):
        if not heap or len(found) >= WIDTH:
            break
        _cost, _tick, state = heapq.heappop(heap)
        axes = dict(state.axes)
        try:
            more, _array = reader.take(step, axes)
        except UnknownAxes as unknown:
            for ones, extra in reader.costs(unknown.name):
                branch = State(state.cost + extra, state.axes | {unknown.name: ones})
                heapq.heappush(heap, (branch.cost, next(ticks), branch))
            continue
        except NotRead:
            more, axes = UNREAD if is_claim else LOST, dict(state.axes)
        found.append(State(state.cost + more, axes))
    return found


def told(passes: Passes) -> dict[str, AxisFacts]:
    """What the statements tell of the names in them."""
    found = {name: AxisFacts(len(ones), ones) for name, ones in passes.told.items()}
    values = [step.value for step in (*passes.forward, *passes.claims)] + list(passes.sizes.values())
    for node in (node for value in values for node in ast.walk(value)):
        for part, least, exactly in about(node):
            if isinstance(part, ast.Name):
                fact = found.setdefault(part.id.removeprefix(SIGNAL), AxisFacts())
                fact.least = max(fact.least, least)
                if exactly is not None and fact.exactly is None:
                    fact.exactly = (False,) * exactly
    return found


def about(node: ast.AST) -> Iterator[tuple[ast.expr, int, int | None]]:
    """The parts of an expression of which it tells at least how many axes they have, and how many where it is sure."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value, 2, None
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield from ((side, 1, None) for side in (node.left, node.right))
    elif isinstance(node, ast.Subscript):
        yield from about_places(node)
    elif isinstance(node, ast.Call):
        yield from about_call(node)


def about_places(node: ast.Subscript) -> Iterator[tuple[ast.expr, int, int | None]]:
    """x[:, None] has one axis, x[s, t] at least two, x.shape[1] says that x has two."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        axis = whole_number(parts[0])
        if axis is not None:
            yield node.value.value, axis + 1 if axis >= 0 else -axis, None
        return
    count = sum(not is_new_axis(part) for part in parts)
    sure = all(is_whole(part) or is_new_axis(part) for part in parts) and not any(
        isinstance(part, ast.Constant) and part.value is ... for part in parts
    )
    yield node.value, count, count if sure else None


def about_call(node: ast.Call) -> Iterator[tuple[ast.expr, int, int | None]]:
    name = called(node)
    method = isinstance(node.func, ast.Attribute) and not is_module(node.func.value)
    given = [node.func.value, *node.args] if method and isinstance(node.func, ast.Attribute) else list(node.args)
    if name == SIZE:
        count = whole_number(node.args[2]) or 0
        yield node.args[0], count, count
    elif (
        name == "einsum"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        words = node.args[0].value.replace(" ", "").partition("->")[0].split(",")
        if "." not in node.args[0].value:
            yield from ((part, len(word), len(word)) for word, part in zip(words, node.args[1:], strict=False))
    elif name in ("arange", "range"):
        yield from ((part, 0, 0) for part in node.args)
    elif name in (ADD, ADD_AT, SET):
        yield node.args[0], len(node.args[1].elts) if isinstance(node.args[1], ast.Tuple) else 1, None
    elif name == "transpose" and len(given) > 2:
        yield given[0], len(given) - 1, len(given) - 1
    elif given:
        words = [word.value for word in node.keywords if word.arg in ("axis", "dim")] + given[1:2] * (name in REDUCED)
        axes = [whole_number(each) for word in words for each in (word.elts if isinstance(word, ast.Tuple) else [word])]
        yield given[0], max((axis + 1 if axis >= 0 else -axis for axis in axes if axis is not None), default=0), None


def only_divide(trees: Sequence[ast.expr]) -> set[str]:
    """The names that stand below a / wherever they stand."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    rights = [node.right for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    below = {id(part) for right in rights if is_scale(right) for part in ast.walk(right)}
    found = [node for node in nodes if isinstance(node, ast.Name)]
    return {node.id for node in found} - {node.id for node in found if id(node) not in below}


def is_scale(node: ast.expr) -> bool:
    """n, np.sqrt(d), 2 * n: what a result is divided by as a whole."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mult | ast.Pow) and is_scale(node.left) and is_scale(node.right)
    if isinstance(node, ast.Call):
        return called(node) == "sqrt" and len(node.args) == 1 and is_scale(node.args[0])
    return isinstance(node, ast.Name | ast.Constant)
