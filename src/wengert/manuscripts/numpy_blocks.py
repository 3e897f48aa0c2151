"""Python blocks that hold a forward and a backward pass as assignments: a system, and lines about it, as equations would give them.

A block is read where it consists of assignments and assigns an error signal (w_bar, dw, grad_w) of a name that it computes or
reads; other code is code. How many axes a name has follows from what is done with it, at the least surprise.
"""

from __future__ import annotations

import ast
import heapq
import itertools
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from wengert.elaboration.elaborate import elaborate
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.ir.system import System
from wengert.manuscripts.numpy_arrays import Array, Letter, NotRead, entrywise, quantity, spread
from wengert.manuscripts.numpy_code import Unknown, Values, called, is_module, is_whole
from wengert.notation import names
from wengert.notation.expr import (
    Declaration,
    Expr,
    Index,
    Inverse,
    Line,
    Num,
    Product,
    Quotient,
    Ref,
    Span,
    Sum,
    Transpose,
)
from wengert.notation.reader import Reading
from wengert.notation.symbols import Symbols

FENCE = re.compile(
    r"^( {0,3})(`{3,}|~{3,})[ \t]*(?:python|py|python3|numpy)\b[^\n]*\n(.*?)(?:^ {0,3}\2[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
SIGNAL = re.compile(r"(?:dL_d|dLd|dJ_d|grad_|d_|d)(?P<after>\w+)|(?P<before>\w+?)(?:_bar|_grad|_adj|bar)")
UNKNOWN_SIGNAL = re.compile(r"d[A-Z]\w*|grad_\w+|\w+_bar")
IGNORED = (ast.Import, ast.ImportFrom, ast.Assert, ast.Return, ast.Pass, ast.Global)
PASS = re.compile(r"forward|backward|backprop|loss|grad", re.IGNORECASE)
MAX_STATEMENTS = 80
MAX_TRIALS = 600
MAX_DEPTH = 60
ONE_ENTRY = 2.5
"""What it costs more than a vector that a name is one column or one row, as a bias that keepdims makes."""
UNREAD = 10.0
"""And when one cannot be read."""
MISFIT = 3.5
"""What it costs when a line about an error signal makes no sense with the axes of its quantity."""


@dataclass(frozen=True)
class Step:
    """One assignment: the name, what is assigned, how (=, +, -, *, /, or "add.at"), the places of x[s] = …, and where it stands."""

    name: str
    value: ast.expr
    how: str
    at: ast.expr | None
    span: Span


@dataclass
class Code:
    """A block that was read: its system, the lines about it, and what of it is not read with the reason and the repair."""

    system: System
    claims: list[Line]
    unread: list[tuple[Span, str, str]]


def code_blocks(text: str) -> Iterator[Code]:
    """The Python blocks of a document that hold a backward pass."""
    before: list[Step] = []  # a forward pass whose backward pass may stand in the next block
    for fence in FENCE.finditer(text):
        steps = steps_of(fence.group(3), fence.start(3))
        if not steps or len(steps) > MAX_STATEMENTS:
            continue
        both = [*before, *steps]
        before = steps
        for block in (Block(steps), Block(both)):
            if block.is_derivation() and len(block.steps) <= MAX_STATEMENTS and (found := block.code(text)) is not None:
                yield found
                break


# statements


def steps_of(text: str, start: int) -> list[Step] | None:
    """The assignments of a block, and of functions in it that are called forward, backward and the like; None where it holds anything
    else that computes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of backslashes in texts, which are the author's affair
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = [0, *itertools.accumulate(len(line.encode()) for line in text.splitlines(keepends=True))]
    encoded = text.encode()

    def place(node: ast.stmt) -> Span:
        first, last = (
            lines[node.lineno - 1] + node.col_offset,
            lines[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0),
        )
        return Span(start + len(encoded[:first].decode()), start + len(encoded[:last].decode()))

    found: list[Step] = []
    for node in statements(body):
        steps = assignments(node, place(node)) if not is_deep(node) else None
        if steps is None:
            return None
        found += steps
    return found


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block, those of its passes in their place; other functions are tools."""
    for node in body:
        if not isinstance(node, ast.FunctionDef):
            yield node
        elif PASS.search(node.name):
            yield from node.body


def is_deep(node: ast.AST) -> bool:
    """Whether a statement nests deeper than can be read."""
    level: list[ast.AST] = [node]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in ast.iter_child_nodes(each)]
        if not level:
            return False
    return True


def assignments(node: ast.stmt, span: Span) -> list[Step] | None:
    """The assignments that a statement is; None where it is another that computes."""
    if isinstance(node, IGNORED):
        return []
    if isinstance(node, ast.Expr):
        call = node.value
        if isinstance(call, ast.Constant):
            return []  # a docstring
        if (
            isinstance(call, ast.Call)
            and called(call) == "at"
            and len(call.args) == 3
            and isinstance(call.args[0], ast.Name)
        ):
            return [Step(call.args[0].id, call.args[2], "add.at", call.args[1], span)]
        return [] if isinstance(call, ast.Call) and called(call) == "print" else None
    if isinstance(node, ast.AugAssign):
        how = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(node.op))
        return None if how is None else one_target(node.target, node.value, how, span)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return one_target(node.target, node.value, "=", span)
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    (target,) = node.targets
    if not isinstance(target, ast.Tuple):
        packed = isinstance(node.value, ast.Tuple | ast.List | ast.Dict)
        return [] if packed else one_target(target, node.value, "=", span)
    if isinstance(node.value, ast.Name):
        return []  # W, x = cache
    values = parts_of(node.value, len(target.elts))
    if values is None:
        return None
    found = [one_target(each, value, "=", span) for each, value in zip(target.elts, values, strict=True)]
    return None if None in found else [step for steps in found if steps is not None for step in steps]


def parts_of(value: ast.expr, count: int) -> list[ast.expr] | None:
    """The values of a, b = x, y and of n, d = X.shape."""
    if isinstance(value, ast.Tuple) and len(value.elts) == count:
        return value.elts
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        return [ast.Subscript(value, ast.Constant(axis), ast.Load()) for axis in range(count)]
    return None


def one_target(target: ast.expr, value: ast.expr, how: str, span: Span) -> list[Step] | None:
    if isinstance(target, ast.Name):
        return [Step(target.id, value, how, None, span)]
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        at = None if is_whole(target.slice) else target.slice
        return [Step(target.value.id, value, how, at, span)]
    return None


# axes


@dataclass
class Known:
    """What is known after some statements: the axes of names, what stands for others, and the values that are being assigned."""

    axes: dict[str, tuple[bool, ...]] = field(default_factory=dict[str, tuple[bool, ...]])
    meant: dict[str, Array] = field(default_factory=dict[str, Array])
    values: dict[str, Array] = field(default_factory=dict[str, Array])

    def copy(self) -> Known:
        return Known(dict(self.axes), dict(self.meant), dict(self.values))


class Block:
    """The statements of a block, cut in forward lines and lines about error signals."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        seen: set[str] = set()
        self.forward: list[Step] = []
        self.claims: list[Step] = []
        for step in steps:
            if self.claims or (self.forward and signal_of(step.name, seen)):
                self.claims.append(step)
                continue
            self.forward.append(step)
            seen |= {step.name} | {n.id for n in ast.walk(step.value) if isinstance(n, ast.Name)}
        self.quantities = frozenset(seen)
        self.taken = frozenset(n.id for s in steps for n in ast.walk(s.value) if isinstance(n, ast.Name)) | {
            s.name for s in steps
        }
        self.times = {name: sum(step.name == name for step in self.forward) for name in {s.name for s in self.forward}}
        self.integers: set[str] = set()
        self.divisors = only_divide([step.value for step in steps])
        self.letter = Letter(self.taken)

    def is_derivation(self) -> bool:
        """Whether lines about error signals follow forward ones; a single dx alone may be a distance."""
        named = {s.name for s in self.claims} | {
            n.id for s in self.claims for n in ast.walk(s.value) if isinstance(n, ast.Name)
        }
        signals = {name for name in named if self.signal(name)}
        if any(UNKNOWN_SIGNAL.fullmatch(step.name) for step in self.forward):
            return False  # of something in lines that are not here
        return len(signals) > 1 or any(not name.startswith("d") for name in signals)

    def values(self, known: Known) -> Values:
        return Values(known.axes, self.signal, known.meant, self.letter, self.integers)

    def signal(self, name: str) -> str | None:
        return None if name in self.quantities else signal_of(name, self.quantities)

    def subject(self, step: Step) -> tuple[str, bool]:
        """What a line is about: a quantity, and whether its error signal."""
        of = self.signal(step.name)
        return (step.name, False) if of is None else (of, True)

    # one statement

    def take(self, number: int, known: Known) -> tuple[float, Array | None]:
        """What a statement costs, and its array where it makes a line; `known` is changed.

        Raises NotRead, Unknown.
        """
        step = self.steps[number]
        values = self.values(known)
        if number < len(self.forward):
            return self.take_forward(number, step, values, known), None
        name, barred = self.subject(step)
        if not barred and step.how == "=" and (is_constant(step.value) or is_size(step.value)):
            known.meant[step.name] = self.assigned(step, values, known, None)
            return values.cost, None
        if barred and name not in known.axes:
            raise Unknown(name)
        like = quantity(name, known.axes[name]) if name in known.axes else None
        array = self.assigned(step, values, known, like)
        known.values[step.name] = array
        if not barred and name not in self.quantities:
            known.axes[name] = array.ones
        elif like is not None and array.ones != like.ones:
            return values.cost + MISFIT, array
        return values.cost, array

    def take_forward(self, number: int, step: Step, values: Values, known: Known) -> float:
        if step.at is not None:
            raise NotRead("An assignment to entries is not read here.")
        array = self.assigned(step, values, known, None)
        same = [other for other in self.forward if other.name == step.name]
        if all(other.how == "=" and (is_constant(other.value) or is_size(other.value)) for other in same):
            known.meant[step.name] = array
            return values.cost
        name = self.version(number)
        known.axes[name] = array.ones
        if name != step.name:
            known.meant[step.name] = quantity(name, array.ones)
        else:
            known.meant.pop(step.name, None)
        return values.cost

    def version(self, number: int) -> str:
        """The name of what a forward statement assigns: an earlier value of a name that is assigned again has a label."""
        name = self.steps[number].name
        count = sum(step.name == name for step in self.forward[: number + 1])
        return name if count == self.times[name] else names.join(name, str(count))

    def assigned(self, step: Step, values: Values, known: Known, like: Array | None) -> Array:
        """The array that a name has after a statement."""
        if step.how == "=" and step.at is None:
            return self.right_side(step.value, values)
        before = known.values.get(step.name)
        if before is None:
            before = values.read(ast.Name(step.name, ast.Load()))
        if step.at is None:
            return combined(step.how, before, values.read(step.value))
        places = step.at.elts if isinstance(step.at, ast.Tuple) else [step.at]
        at = values.places(before, places)
        added = spread(values.read(step.value), at, before, values.letter, last_only=step.how != "add.at")
        if step.how == "=" and not is_zero(before):
            raise NotRead("An assignment to entries of what is not zero is not read.")
        if step.how not in ("=", "+", "-", "add.at"):
            raise NotRead("This assignment to entries is not read.")
        return combined("-" if step.how == "-" else "+", before, added)

    def right_side(self, node: ast.expr, values: Values) -> Array:
        if isinstance(node, ast.Call) and called(node) in ("zeros_like", "zeros"):
            argument = node.args[0] if node.args else None
            if isinstance(argument, ast.Attribute) and argument.attr == "shape":
                argument = argument.value
            if argument is None or isinstance(argument, ast.Tuple | ast.Constant):
                raise NotRead("The shape of these zeros is not read.", "Write:  np.zeros_like(x)")
            ones = values.read(argument).ones
            return Array(ones, lambda letters: Num(Fraction(0)))
        if solver_of(node) is not None:
            return values.read(solved_vector(node))
        return values.read(node)

    # ranks

    def known_axes(self) -> Known | None:
        """The axes of all names, those in which all statements make sense at the least cost; None where there are none."""
        ticks = itertools.count()
        heap: list[tuple[float, int, int, Known]] = [(0.0, next(ticks), 0, Known())]
        for _ in range(MAX_TRIALS):
            if not heap:
                return None
            cost, _tick, number, known = heapq.heappop(heap)
            if number == len(self.steps):
                return known
            trial = known.copy()
            try:
                more, _array = self.take(number, trial)
            except Unknown as unknown:
                for axes, extra in axes_costs(unknown.name, unknown.name in self.divisors):
                    branch = known.copy()
                    branch.axes[unknown.name] = axes
                    heapq.heappush(heap, (cost + extra, next(ticks), number, branch))
                continue
            except NotRead:
                if number < len(self.forward):
                    continue
                more, trial = UNREAD, known
            heapq.heappush(heap, (cost + more, next(ticks), number + 1, trial))
        return None

    # lines

    def code(self, source: str) -> Code | None:
        """The block as a system with claims; None where its forward lines are not read."""
        try:
            found = self.known_axes()
        except RecursionError:
            return None
        if found is None:
            return None
        known = Known({name: ones for name, ones in found.axes.items() if name in self.inputs()})
        lines: list[Line] = []
        try:
            for number in range(len(self.forward)):
                line = self.forward_line(number, known)
                lines += [] if line is None else [line]
            system = self.system(lines, known, source)
        except (NotRead, Unknown, EquationError, GraphError, ShapeError, RecursionError):
            return None  # code that is more than these lines, which nobody said is a derivation
        claims, unread = self.claim_lines(known, system)
        return Code(system, claims, unread)

    def inputs(self) -> set[str]:
        """Names that are read before anything is assigned to them."""
        assigned: set[str] = set()
        found: set[str] = set()
        for step in self.forward:
            found |= {n.id for n in ast.walk(step.value) if isinstance(n, ast.Name)} - assigned
            if step.how != "=":
                found |= {step.name} - assigned
            assigned.add(step.name)
        return found

    def forward_line(self, number: int, known: Known) -> Line | None:
        step = self.steps[number]
        values = self.values(known)
        before = known.copy()
        self.take_forward(number, step, values, known)
        name = self.version(number)
        if name not in known.axes or (step.name in known.meant and name == step.name):
            return None
        reader = self.values(before)
        left, letters = self.left(name, known.axes[name], reader.letter, barred=False)
        if (tree := whole_solution(step.value, reader)) is not None:
            return Line(replace(left, indices=None), (tree,), step.span)
        return Line(left, (self.assigned(step, reader, before, None).build(letters),), step.span)

    def left(self, name: str, ones: Sequence[bool], letter: Letter, *, barred: bool) -> tuple[Ref, tuple[str, ...]]:
        """A left side, and the letters of all its axes."""
        letter.begin()
        letters = tuple("" if one else letter.new() for one in ones)
        indices = tuple(Index(q) for q in letters if q)
        return Ref(name, indices or None, barred), letters

    def system(self, lines: Sequence[Line], known: Known, source: str) -> System:
        """The system of the forward lines.

        Raises EquationError, GraphError, ShapeError.
        """
        ranks = {name: sum(not one for one in ones) for name, ones in known.axes.items()}
        lefts = tuple(line.left.name for line in lines if isinstance(line.left, Ref))
        symbols = Symbols(assigned=lefts, names=frozenset(ranks), functions=frozenset({"σ"}))
        reading = Reading(tuple(lines), tuple[Declaration, ...](), (), symbols, "text", source)
        return elaborate(reading, ranks)

    def claim_lines(self, known: Known, system: System) -> tuple[list[Line], list[tuple[Span, str, str]]]:
        """The lines about the system; a value that several statements make is one line, where the last of them stands."""
        claims: list[Line] = []
        unread: list[tuple[Span, str, str]] = []
        lost: set[str] = set()
        for number in range(len(self.forward), len(self.steps)):
            step = self.steps[number]
            name, barred = self.subject(step)
            before = known.copy()
            try:
                _, array = self.take(number, known)
                if self.goes_on(number) or array is None:
                    continue
                line = self.claim(step, name, barred, array, before, known)
            except (NotRead, Unknown) as reason:
                lost.add(step.name)
                unread.append((step.span, *why(reason, step.name)))
                continue
            claims.append(line)
        return claims, unread

    def goes_on(self, number: int) -> bool:
        """Whether a later statement changes what this one assigns, before it is assigned anew."""
        later = [step for step in self.steps[number + 1 :] if step.name == self.steps[number].name]
        return bool(later) and (later[0].how != "=" or later[0].at is not None)

    def claim(self, step: Step, name: str, barred: bool, array: Array, before: Known, known: Known) -> Line:
        reader = self.values(before)
        ones = known.axes[name]
        left, letters = self.left(name, ones, reader.letter, barred=barred)
        if step.how == "=" and (tree := whole_solution(step.value, reader)) is not None:
            return Line(replace(left, indices=None), (tree,), step.span)
        if array.rank != len(ones):
            return Line(left, (loose(array, reader.letter),), step.span)
        return Line(left, (self.assigned(step, reader, before, quantity(name, ones)).build(letters),), step.span)


def loose(array: Array, letter: Letter) -> Expr:
    """The tree of an array of another shape than the left side, in letters of its own."""
    return array.build(tuple("" if one else letter.new() for one in array.ones))


def why(reason: NotRead | Unknown, name: str) -> tuple[str, str]:
    """Why a statement is not read, and what to write instead."""
    if isinstance(reason, Unknown):
        return f"'{reason.name}' is not defined.", f"Compute '{reason.name}' in the lines before."
    return reason.what, reason.repair


def signal_of(name: str, known: frozenset[str] | set[str]) -> str | None:
    """The name whose error signal w_bar, dw, grad_w is; None where it is none."""
    for found in (SIGNAL.fullmatch(name),):
        if found is not None:
            of = found.group("after") or found.group("before")
            if of in known:
                return of
    if name.endswith(("_bar", "_grad")) and name.rpartition("_")[0] in known:
        return name.rpartition("_")[0]
    return None


def only_divide(trees: Sequence[ast.expr]) -> set[str]:
    """The names that stand below a / wherever they stand."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    below = [id(node.right) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    found = [node for node in nodes if isinstance(node, ast.Name)]
    return {node.id for node in found} - {node.id for node in found if id(node) not in below}


def axes_costs(name: str, divides: bool) -> Iterator[tuple[tuple[bool, ...], float]]:
    """The axes that a name may have, whether each has one entry only, and what each reading costs; what only divides is a number."""
    costs = (
        (0.0, 8.0, 8.0, 12.0, 12.0)
        if divides
        else (4.0, 4.5, 0.0, 6.0, 8.0)
        if name[0].isupper()
        else (0.0, 1.0, 5.0, 9.0, 12.0)
    )
    yield from (((False,) * rank, cost) for rank, cost in enumerate(costs))
    one_entry = costs[1] + ONE_ENTRY
    yield from (((False, True), one_entry), ((True, False), one_entry))


def is_constant(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(node))


def is_size(node: ast.expr) -> bool:
    """X.shape[0], len(x)"""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    return isinstance(node, ast.Call) and called(node) == "len"


def is_zero(array: Array) -> bool:
    return array.build(("?",) * array.rank) == Num(Fraction(0))


def combined(how: str, before: Array, value: Array) -> Array:
    """x + y, …; what was zero is left out."""
    if how in "+-" and is_zero(before) and value.rank == before.rank:
        return value if how == "+" else entrywise(lambda tree: Sum(((-1, tree),)), [value])
    if how in "+-":
        return entrywise(lambda a, b: Sum(((1, a), (1 if how == "+" else -1, b))), [before, value])
    if how == "*":
        return entrywise(lambda a, b: Product((a, b)), [before, value])
    return entrywise(Quotient, [before, value])


# linear equations


def solver_of(node: ast.expr) -> str | None:
    """solve or inv, of np.linalg"""
    if (
        isinstance(node, ast.Call)
        and called(node) in ("solve", "inv")
        and isinstance(node.func, ast.Attribute)
        and is_module(node.func.value)
    ):
        return called(node)
    return None


def solved_vector(node: ast.expr) -> ast.expr:
    """What has the axes of the result."""
    assert isinstance(node, ast.Call)
    return node.args[-1]


def whole_solution(node: ast.expr, values: Values) -> Expr | None:
    """A⁻¹ b or A⁻¹ as whole arrays; None where the statement is another.

    Raises NotRead.
    """
    kind = solver_of(node)
    if kind is None:
        return None
    assert isinstance(node, ast.Call)
    parts = [whole(argument, values) for argument in node.args]
    if len(parts) != (2 if kind == "solve" else 1):
        raise NotRead("This call is not read.", "Write, for example:  np.linalg.solve(A, b)")
    inverse = Inverse(parts[0])
    return inverse if kind == "inv" else Product((inverse, parts[1]))


def whole(node: ast.expr, values: Values) -> Expr:
    """A name, or the transpose of one, without indices."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return Transpose(whole(node.value, values))
    array = values.read(node)
    if not isinstance(node, ast.Name) or any(array.ones):
        raise NotRead(
            "This is solved for arrays with names only.", "Give the matrix and the right side lines of their own."
        )
    tree = array.build(("?",) * array.rank)
    assert isinstance(tree, Ref)
    return replace(tree, indices=None)
