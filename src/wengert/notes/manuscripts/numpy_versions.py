"""Assignments cut in a forward pass and lines about error signals, with a name for every value that a name of the code has in turn.

h = relu(h) after h = x @ W makes two quantities, h⁽¹⁾ and h. Where dh is restated after that, as in dh = dh * (h > 0), it has gone back
from h to h⁽¹⁾; what is added to dh belongs to the same signal. h = relu(x @ W + b) is cut in two where dh goes back through it so.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wengert.notes.manuscripts.numpy_statements import AssignedStep
from wengert.notes.manuscripts.numpy_syntax import (
    ADD,
    ADD_AT,
    SET,
    SIGNAL,
    called,
    is_constant,
    is_made,
    is_size,
    made_axes,
    names_in,
)
from wengert.notes.notation import names
from wengert.regex import regex

SPELLED = regex(r"(?:dL_d|dLd|dJ_d|grad_|d_|d)(?P<after>\w+)|(?P<before>\w+?)(?:_bar|_grad|_adj|bar)")
UNKNOWN_SIGNAL = regex(r"d[A-Z]\w*|grad_\w+|\w+_bar")
"""What the signals of quantities without a name are called."""
ENTRYWISE = frozenset({"maximum", "minimum", "tanh", "sigmoid", "relu", "exp", "softplus", "expit", "silu", "clip"})
MAX_NODES = 2000
"""An expression that grows beyond, by what is put into it, is not read."""


@dataclass(frozen=True)
class Restating:
    """How restated signals are read.

    stays   the names whose signal stays what it is where it is multiplied or masked
    first   the names whose last statement is about the first of their values
    """

    stays: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()


@dataclass
class Passes:
    """A forward pass and lines about it.

    sizes     names of numbers and sizes
    told      the axes of arrays that are made of nothing, for each whether it has one entry only
    drawn     names that stand for such arrays within expressions
    spelled   the author's names of quantities and signals
    """

    forward: list[AssignedStep] = field(default_factory=list[AssignedStep])
    claims: list[AssignedStep] = field(default_factory=list[AssignedStep])
    sizes: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    told: dict[str, tuple[bool, ...]] = field(default_factory=dict[str, tuple[bool, ...]])
    drawn: list[str] = field(default_factory=list[str])
    spelled: dict[str, str] = field(default_factory=dict[str, str])


def cut(steps: Sequence[AssignedStep]) -> tuple[list[AssignedStep], list[AssignedStep]]:
    """The statements before the first that states an error signal, and the others."""
    seen: set[str] = set()
    for k, step in enumerate(steps):
        if k and (signal_of(step.name, seen) or UNKNOWN_SIGNAL.fullmatch(step.name)) and not is_distance(step):
            return list(steps[:k]), list(steps[k:])
        seen |= {step.name} | names_in(step.value)
    return list(steps), []


def names_of(steps: Sequence[AssignedStep]) -> frozenset[str]:
    """The names that statements assign or read."""
    return frozenset({step.name for step in steps}.union(*(names_in(step.value) for step in steps)))


def is_distance(step: AssignedStep) -> bool:
    """Whether a line such as dt = 0.1 gives a number a name that looks like a signal."""
    value = step.value
    return (
        is_constant(value) and not (isinstance(value, ast.Constant) and value.value in (0, 1)) and step.name[0] == "d"
    )


def signal_of(name: str, known: frozenset[str] | set[str]) -> str | None:
    """The name whose error signal w_bar, dw, grad_w is; None where it is none."""
    if name in known:
        return None
    found = SPELLED.fullmatch(name)
    of = found and (found.group("after") or found.group("before"))
    if of in known:
        return of
    if name.endswith(("_bar", "_grad")) and name.rpartition("_")[0] in known:
        return name.rpartition("_")[0]
    return None


class Versions:
    """Gives every value a name of its own."""

    def __init__(self, forward: Sequence[AssignedStep], claims: Sequence[AssignedStep], rule: Restating) -> None:
        self.rule = rule
        self.made = Passes()
        self.quantities = names_of(forward)
        self.claimed = list(claims)
        self.turns = self.signals_in_turn()
        self.given = [part for step in forward for part in self.parts(step, forward)]
        self.values = self.values_in_turn()
        self.now: dict[str, str] = {}
        """What a name of the code stands for."""
        self.partial: dict[str, ast.expr] = {}
        """What has been stated of signals that are not complete."""
        self.is_backward = False

    def passes(self) -> Passes:
        """The statements with a name for each value."""
        left = {name: list(found) for name, found in self.values.items()}
        for name, found in left.items():
            self.made.spelled |= dict.fromkeys(found, name)
            if found[0] == version(name, 0):
                self.now[name] = found.pop(0)
        for step in self.given:
            value = self.renamed(step.value)
            name = self.now[step.name] = left[step.name].pop(0)
            if is_made(value):
                self.give(name, value)
                continue
            value = GivenArrays(self).visit(value)
            if is_constant(value) and step.name in self.turns:
                self.made.told[name] = ()  # the value at the start of what is learned
            elif not step.problem and (is_constant(value) or is_size(value)):
                self.made.sizes[name] = value
            else:
                self.made.forward.append(replace(step, name=name, value=value))
        self.is_backward = True
        places = self.places()
        for k, step in enumerate(self.claimed):
            self.take_claim(k, step, places)
        return self.made

    # the forward pass

    def give(self, name: str, value: ast.expr) -> None:
        """Take a name as given, with the axes that random numbers or zeros for it have."""
        assert isinstance(value, ast.Call)
        ones = made_axes(value)
        self.made.told |= {} if ones is None else {name: ones}

    def values_in_turn(self) -> dict[str, list[str]]:
        """The names of the values that a name has in turn, first the one that it has before it is assigned; the last has its own."""
        begins: dict[str, list[str]] = {}
        counts: dict[str, int] = {}
        read: set[str] = set()
        for step in self.given:
            read |= names_in(step.value)
            begins.setdefault(step.name, [version(step.name, 0)] if step.name in read else [])
            counts[step.name] = counts.get(step.name, 0) + 1
        return {
            name: [*begins[name], *(version(name, k) for k in range(1, count)), name] for name, count in counts.items()
        }

    def parts(self, step: AssignedStep, forward: Sequence[AssignedStep]) -> Iterator[AssignedStep]:
        """h = f(E) as h = E and h = f(h), where the signal of h is restated more often than h is."""
        inner = inside(step.value)
        values = sum(each.name == step.name for each in forward)
        turns = len(self.turns.get(step.name, ())) - 1
        needed = step.name in self.rule.first or (turns >= values and step.name not in self.rule.stays)
        last = [each for each in forward if each.name == step.name][-1]
        if inner is None or not needed or step is not last:
            yield step
            return
        yield replace(step, value=inner)
        whole = copy.copy(step.value)
        assert isinstance(whole, ast.Call)
        whole.args = [ast.Name(step.name, ast.Load()) if each is inner else each for each in whole.args]
        yield replace(step, value=whole)

    # lines about error signals

    def signals_in_turn(self) -> dict[str, list[list[int]]]:
        """By name, the statements about its signal, those together that belong to one value of the name."""
        turns: dict[str, list[list[int]]] = {}
        for k, step in enumerate(self.claimed):
            of = signal_of(step.name, self.quantities)
            if of is None:
                continue
            same = turns.get(of) and (
                adds_to_itself(step) or (of in self.rule.stays and step.name in names_in(step.value))
            )
            if same:
                turns[of][-1].append(k)
            else:
                turns.setdefault(of, []).append([k])
        return turns

    def places(self) -> dict[int, tuple[str, bool]]:
        """For each statement about a signal which value of the name it is about, and whether a later one goes on with it."""
        found: dict[int, tuple[str, bool]] = {}
        for of, turns in self.turns.items():
            values = self.values.get(of, [of])
            last = len(values) - 1
            start = min(last, len(turns) - 1) if of in self.rule.first else last
            names = [values[max(start - k, 0)] for k in range(len(turns))]
            order = [(k, name) for name, turn in zip(names, turns, strict=True) for k in turn]
            for (k, name), later in zip(order, [*order[1:], (None, "")], strict=True):
                goes_on = later[0] is not None and later[1] == name and self.is_restated(self.claimed[later[0]])
                found[k] = (name, goes_on)
        return found

    def is_restated(self, step: AssignedStep) -> bool:
        """Whether a statement makes the new value of a signal of its old one."""
        return step.name in names_in(step.value)

    def take_claim(self, number: int, step: AssignedStep, places: Mapping[int, tuple[str, bool]]) -> None:
        value = self.renamed(step.value)
        if sum(1 for _ in ast.walk(value)) > MAX_NODES:
            step = replace(step, problem="It is too long.")
        if number in places:
            name, goes_on = places[number]
            self.made.spelled[SIGNAL + name] = step.name
            if goes_on and not step.problem:
                self.partial[step.name] = value
                return
            self.partial.pop(step.name, None)
            self.now[step.name] = SIGNAL + name
            if not (called(value) in ("zeros_like", "zeros") and self.is_stated_again(number, step)):
                self.made.claims.append(replace(step, name=name, value=value, barred=True))
            return
        if step.name in self.quantities and self.is_computed_again(value, self.now.get(step.name, step.name)):
            return
        name = self.own_name(step)
        problem = step.problem
        if step.name in self.quantities and self.is_restated(step):
            problem = "This gives a quantity a new value; it is no equation."
        if not problem and (is_constant(value) or is_size(value)):
            self.made.sizes[name] = value
        else:
            self.made.claims.append(replace(step, name=name, value=value, problem=problem))
        self.made.spelled[name] = step.name
        self.now[step.name] = name

    def is_stated_again(self, number: int, step: AssignedStep) -> bool:
        return any(later.name == step.name for later in self.claimed[number + 1 :])

    def own_name(self, step: AssignedStep) -> str:
        """The name of a value that a line beside the signals makes; one that is made anew has another."""
        earlier = sum(name == step.name for name in self.made.spelled.values()) + (step.name in self.quantities)
        return step.name if not earlier else version(step.name, earlier + 1)

    def is_computed_again(self, value: ast.expr, name: str) -> bool:
        """Whether a backward pass computes a value of the forward pass anew."""
        return any(each.name == name and ast.dump(each.value) == ast.dump(value) for each in self.made.forward)

    # names in expressions

    def renamed(self, value: ast.expr) -> ast.expr:
        """An expression with the names of values and signals, and with what has been stated of signals that are not complete."""
        found = Renaming(self).visit(copy.deepcopy(value))
        assert isinstance(found, ast.expr)
        return found


def inside(value: ast.expr) -> ast.expr | None:
    """The argument of a function of entries that is more than a name; None where there is none or the function is another."""
    if not isinstance(value, ast.Call) or called(value) not in ENTRYWISE or value.keywords:
        return None
    found = [each for each in value.args if not is_constant(each)]
    return found[0] if len(found) == 1 and not isinstance(found[0], ast.Name) else None


def adds_to_itself(step: AssignedStep) -> bool:
    """dx = dx + y, dx -= y, dx[s] += y"""
    value: ast.expr = step.value
    if called(value) in (ADD, ADD_AT, SET):
        return True
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        if is_name(value.left, step.name) or (isinstance(value.op, ast.Add) and is_name(value.right, step.name)):
            return True
        value = value.left
    return False


def is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def version(name: str, count: int) -> str:
    """The name of an earlier value of a name: h⁽¹⁾."""
    parts = names.split(name)
    return names.join(parts.base, str(count), parts.subscript, parts.primes)


class Renaming(ast.NodeTransformer):
    """Puts what the names of the code stand for into an expression."""

    def __init__(self, versions: Versions) -> None:
        self.versions = versions

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = self.versions
        if node.id in known.partial:
            return copy.deepcopy(known.partial[node.id])
        if node.id in known.now:
            return ast.Name(known.now[node.id], node.ctx)
        of = signal_of(node.id, known.quantities) if known.is_backward else None
        if of is not None:
            known.made.spelled.setdefault(SIGNAL + of, node.id)
        return node if of is None else ast.Name(SIGNAL + of, node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Attribute):
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        for word in node.keywords:
            word.value = self.visit(word.value)
        return node


class GivenArrays(ast.NodeTransformer):
    """Puts a name for every array that a forward expression makes of nothing, as of the random numbers in a mask."""

    def __init__(self, versions: Versions) -> None:
        self.versions = versions

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not is_made(node):
            self.generic_visit(node)
            return node
        name = f"{called(node)}{len(self.versions.made.drawn) + 1}"
        self.versions.made.drawn.append(name)
        self.versions.give(name, node)
        return ast.Name(name, ast.Load())
