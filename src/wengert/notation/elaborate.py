"""From surface trees to a System: names get ranks, axes get sizes, lines become nodes.

It must not know derivatives. What does not fit is an EquationError with the place in the user's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wengert.errors import EquationError, caret
from wengert.ir.graph import Node, input_node
from wengert.ir.system import Definition, Quantity, System, bar
from wengert.ir.types import ArrayType, Dim, Size
from wengert.notation.expr import (
    BigOp,
    Compare,
    Declaration,
    Expr,
    Index,
    Line,
    Num,
    Product,
    Quotient,
    Ref,
    Span,
    walk,
)
from wengert.notation.meaning import LineMeaning
from wengert.notation.names import identifiers
from wengert.notation.ranks import Mismatch, Tie, infer_kinds
from wengert.notation.values import SizeClasses, Val
from wengert.ops.terms import spread

if TYPE_CHECKING:
    from wengert.notation.parser import Reading

KIND_OF_RANK = {0: "s", 1: "c", 2: "m"}
DEFAULT_LETTERS = "ijklmnpqrs"


def elaborate(reading: Reading) -> System:
    """The system of a text.

    Raises EquationError where a name, an index or a shape does not fit.
    """
    return _Elaboration(reading).system()


def place(source: str, span: Span) -> str:
    """The line of the source in which a span begins, with a caret under the span."""
    start = min(max(span.start, 0), len(source))
    begin = source.rfind("\n", 0, start) + 1
    end = source.find("\n", start)
    end = len(source) if end < 0 else end
    stop = min(max(span.end, start + 1), end) if span.end >= 0 else end
    return caret(source[begin:end], start - begin, stop - begin, number=source.count("\n", 0, begin) + 1)


@dataclass
class Context:
    """What the lines share: kinds and axes of names, size classes, names that stand for sizes, and inputs made so far."""

    reading: Reading
    classes: SizeClasses = field(default_factory=SizeClasses)
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    axes: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    dtypes: dict[str, str] = field(default_factory=dict[str, str])
    size_names: dict[str, int] = field(default_factory=dict[str, int])
    leaves: dict[str, Node] = field(default_factory=dict[str, Node])
    warnings: list[str] = field(default_factory=list[str])
    spellings: dict[str, str] = field(default_factory=dict[str, str])
    """Other spellings of a name: the matrix name W of w_ij."""
    euler: bool = True
    """Whether e is Euler's number, because no line and no declaration says otherwise."""

    def resolve(self, name: str) -> str:
        """The quantity that a spelling means."""
        return self.spellings.get(name, name)

    def target(self, tree: Ref) -> str:
        """The name of the leaf that a reference reads or a left side defines."""
        name = self.resolve(tree.name)
        return bar(name) if tree.barred else name

    def hidden_names(self) -> set[str]:
        """Names that are no quantities: those of sizes, and e."""
        return set(self.size_names) | ({"e"} if self.euler else set())

    def names_in(self, trees: Sequence[Expr]) -> list[tuple[str, Ref]]:
        """The quantities that trees read, each with its first place."""
        found: dict[str, Ref] = {}
        for tree in trees:
            for part in walk(tree):
                if isinstance(part, Ref) and not (part.indices is None and part.name in self.hidden_names()):
                    found.setdefault(self.target(part), part)
        return list(found.items())

    def axes_of(self, name: str, rank: int) -> tuple[int, ...]:
        """The size ids of a quantity's axes, made at first sight."""
        if name not in self.axes:
            self.axes[name] = tuple(self.classes.fresh() for _ in range(rank))
        return self.axes[name]

    def leaf(self, name: str) -> Node:
        """The input node of a quantity; sizes must be final."""
        if name not in self.leaves:
            shape = tuple(self.classes.size(a) for a in self.axes.get(name, ()))
            self.leaves[name] = input_node(name, ArrayType(shape, self.dtypes.get(name, "float64")))
        return self.leaves[name]

    def warn(self, tree: Expr, what: str, repair: str) -> None:
        """Say what was guessed."""
        self.warnings.append("\n".join((what, place(self.reading.source, tree.span), repair)))


class _Elaboration:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.context = Context(reading)
        self.lines = list(reading.lines)

    def error(self, tree: Expr | Line, what: str, repair: str) -> EquationError:
        return EquationError(what, place(self.reading.source, tree.span), repair)

    def system(self) -> System:
        if not self.lines:
            raise EquationError("there is no equation in this text", repair="write a line such as  y = w x + b")
        self.check_left_sides()
        self.unify_spellings()
        self.order_lines()
        self.declare()
        self.find_euler()
        self.guess_sizes()
        self.find_kinds()
        meanings = [self.guarded(line, lambda line=line: self.read_line(line)) for line in self.lines]
        self.name_sizes()
        return self.finish(meanings)

    def guarded(self, line: Line, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Mismatch as mismatch:
            tree = mismatch.tree if mismatch.tree.span.start >= 0 else line
            raise self.error(
                tree, mismatch.what, mismatch.repair or "check the shapes, or declare them:  W ∈ ℝ^(m×n)"
            ) from None

    # -- names

    def check_left_sides(self) -> None:
        seen: dict[str, Line] = {}
        for line in self.lines:
            left = line.left
            if not isinstance(left, Ref) or left.barred:
                raise self.error(
                    line.left, "the left side of a forward equation must be a quantity", "write  name = expression"
                )
            if left.name in seen:
                first = place(self.reading.source, seen[left.name].left.span).split("\n")[0].strip()
                raise self.error(
                    left,
                    f"'{left.name}' is defined twice in one system (first at {first})",
                    "give one of the two another name",
                )
            seen[left.name] = line
            letters = [index.letter for index in left.indices or () if isinstance(index, Index)]
            if len(letters) != len(left.indices or ()) or len(set(letters)) != len(letters):
                raise self.error(
                    left, "the indices on a left side must be different letters", "write for example  y_ij = …"
                )

    def unify_spellings(self) -> None:
        """`w_ij` and a bare `W` that is nowhere defined are one quantity."""
        indexed = {t.name for t in self.trees() if isinstance(t, Ref) and t.indices}
        bare = {t.name for t in self.trees() if isinstance(t, Ref) and t.indices is None}
        defined = {line.left.name for line in self.lines if isinstance(line.left, Ref)}
        for name in indexed - bare:
            other = capital(name)
            if other != name and other in bare - indexed - defined and name not in defined:
                self.context.spellings[other] = name

    def trees(self) -> list[Expr]:
        return [t for line in self.lines for side in (line.left, *line.rights) for t in walk(side)]

    def order_lines(self) -> None:
        """Lines in an order in which each reads only earlier ones; the order of the text where it already is."""
        defined = {line.left.name: line for line in self.lines if isinstance(line.left, Ref)}
        self.loss = self.lines[-1].left.name if isinstance(self.lines[-1].left, Ref) else ""
        ordered: list[Line] = []
        state: dict[str, int] = {}
        for start in list(defined):
            stack: list[tuple[str, bool]] = [(start, False)]
            path: list[str] = []
            while stack:
                name, leaving = stack.pop()
                if leaving:
                    state[name] = 2
                    path.pop()
                    ordered.append(defined[name])
                elif state.get(name) == 1:
                    raise self.cycle(defined, path, name)
                elif name not in state:
                    state[name] = 1
                    path.append(name)
                    stack.append((name, True))
                    reads = [t.name for right in defined[name].rights for t in walk(right) if isinstance(t, Ref)]
                    stack.extend(
                        (read, False)
                        for read in reversed(dict.fromkeys(reads))
                        if read in defined and state.get(read) != 2
                    )
        self.lines = ordered

    def cycle(self, defined: Mapping[str, Line], path: Sequence[str], name: str) -> EquationError:
        loop = [*path[path.index(name) :], name]
        return self.error(
            defined[name].left,
            f"these lines define each other in a circle: {' → '.join(loop)}",
            "a quantity may only use earlier ones; give the new value a new name",
        )

    # -- declarations and sizes

    def declare(self) -> None:
        classes, named = self.context.classes, {}
        self.letter_sizes: dict[str, str] = {}
        for declaration in self.reading.declarations:
            if declaration.kind == "shape":
                for name in declaration.names:
                    name = self.context.resolve(name)
                    ids: list[int] = []
                    for size in declaration.sizes:
                        number: Size = int(size) if size.isdigit() else Dim(size)
                        ids.append(named.setdefault(size, classes.fresh(number)))
                        if isinstance(number, Dim):
                            self.context.size_names.setdefault(size, named[size])
                    self.context.axes[name] = tuple(ids)
                    self.context.kinds[name] = KIND_OF_RANK.get(len(ids), "any")
            elif declaration.kind == "size":
                self.letter_sizes[declaration.letter] = declaration.names[0]
                self.context.size_names[declaration.names[0]] = classes.fresh(Dim(declaration.names[0]))
        for line in self.lines:
            if isinstance(line.left, Ref):
                self.context.size_names.pop(line.left.name, None)
        self.find_integers()

    def find_euler(self) -> None:
        declared = {name for declaration in self.reading.declarations for name in declaration.names}
        defined = {line.left.name for line in self.lines if isinstance(line.left, Ref)}
        self.context.euler = "e" not in declared | defined

    def find_integers(self) -> None:
        """Names used as an index or compared with an index letter are integers."""
        for tree in self.trees():
            if isinstance(tree, Ref):
                names = [index.name for index in tree.indices or () if isinstance(index, Ref)]
            elif isinstance(tree, Compare) and tree.op in "=≠" and Index in (type(tree.left), type(tree.right)):
                names = [side.name for side in (tree.left, tree.right) if isinstance(side, Ref)]
            else:
                continue
            self.context.dtypes.update(dict.fromkeys(map(self.context.resolve, names), "int64"))

    def guess_sizes(self) -> None:
        """`1/N Σ_n` makes an unknown N the size of n, with a warning; so does an upper limit N of a Σ."""
        defined = {line.left.name for line in self.lines if isinstance(line.left, Ref)}
        declared = {
            name for d in self.reading.declarations if d.kind in ("params", "data", "shape") for name in d.names
        }
        counts: dict[str, int] = {}
        for tree in self.trees():
            if isinstance(tree, Ref) and tree.indices is None:
                counts[tree.name] = counts.get(tree.name, 0) + 1
        for line in self.lines:
            for right in line.rights:
                for name, letter, tree in size_guesses(right):
                    if name in defined | declared | self.context.size_names.keys() or len(name) > 1:
                        continue
                    self.letter_sizes[letter] = name
                    self.context.size_names[name] = self.context.classes.fresh(Dim(name))
                    self.context.warn(
                        tree,
                        f"'{name}' is read as the size of the index {letter}",
                        f"declare it:  {name} = size of {letter}",
                    )

    # -- ranks

    def find_kinds(self) -> None:
        kinds = self.context.kinds
        for tree in self.trees():
            if isinstance(tree, Ref) and tree.indices:
                name = self.context.resolve(tree.name)
                rank = max(len(tree.indices), len(self.context.axes.get(name, ())))
                known = {"s": 0, "c": 1, "m": 2}.get(kinds.get(name, ""), -1)
                if rank > known and kinds.get(name) != "any":
                    if name in self.context.axes:
                        raise self.error(
                            tree,
                            f"'{name}' is declared with {known} axes but has {len(tree.indices)} indices here",
                            "correct the declaration or the indices",
                        )
                    kinds[name] = KIND_OF_RANK.get(rank, "any")
        for other, name in self.context.spellings.items():
            if name in kinds:
                kinds[other] = kinds[name]
        bold = {t.name for t in self.trees() if isinstance(t, Ref) and t.bold}
        try:
            found = infer_kinds(self.lines, kinds, bold.__contains__, frozenset(self.context.hidden_names()))
        except Mismatch as mismatch:
            tree = mismatch.tree if mismatch.tree.span.start >= 0 else self.lines[0]
            raise self.error(
                tree, mismatch.what, mismatch.repair or "make the shapes agree, or declare them:  W ∈ ℝ^(m×n)"
            ) from None
        except Tie as tie:
            words = {"s": "a scalar", "c": "a vector", "m": "a matrix", "r": "a row"}
            tree = next(t for t in self.trees() if isinstance(t, Ref) and t.name == tie.name)
            what = f"'{tie.name}' could be {words[tie.kinds[0]]} or {words[tie.kinds[1]]}"
            raise self.error(
                tree, what, f"declare it:  {tie.name} ∈ ℝ,  {tie.name} ∈ ℝ^n  or  {tie.name} ∈ ℝ^(m×n)"
            ) from None
        kinds.update(found)

    # -- lines

    def read_line(self, line: Line) -> Val:
        if len(line.rights) > 1:
            self.context.warn(
                line.rights[1],
                "only the first right side of this chain defines the quantity",
                "write one equation a line",
            )
        meaning = LineMeaning(self.context, self.letter_sizes)
        return meaning.assign(line)

    def name_sizes(self) -> None:
        """Every size class gets a name: its number, its declared name, or the first letter that stands for it."""
        classes = self.context.classes
        self.assign_letters()
        taken: set[str] = set()
        self.class_letters: dict[Dim, tuple[str, ...]] = {}
        roots = dict.fromkeys(classes.find(a) for name in self.order for a in self.context.axes.get(name, ()))
        for root in (*roots, *(r for r in map(classes.find, range(len(classes.parent))) if r not in roots)):
            if root in classes.final:
                continue
            letters = classes.letters.get(root, [])
            size = classes.known.get(root)
            if size is None:
                base = letters[0] if letters else "n"
                name = next(n for n in (base, *(f"{base}{k}" for k in range(2, 10_000))) if n not in taken)
                size = Dim(name)
            if isinstance(size, Dim):
                taken.add(size.name)
                self.class_letters[size] = tuple(letters)
            classes.final[root] = size

    def assign_letters(self) -> None:
        """Home letters for the axes of every quantity: the left side's, else those of its first use, else i, j, k … by size class."""
        classes, context = self.context.classes, self.context
        self.order = self.first_appearance()
        self.home: dict[str, tuple[str, ...]] = {}
        for tree in (t for line in self.lines for side in (line.left, *line.rights) for t in walk(side)):
            if isinstance(tree, Ref) and tree.indices and all(isinstance(index, Index) for index in tree.indices):
                letters = tuple(index.letter for index in tree.indices if isinstance(index, Index))
                name = context.resolve(tree.name)
                if len(letters) == len(context.axes.get(name, ())) and len(set(letters)) == len(letters):
                    self.home.setdefault(name, letters)
        self.by_index = set(self.home)
        used = {letter for letters in classes.letters.values() for letter in letters} | set(self.order)
        for name in self.order:
            if name in self.home:
                continue
            letters: list[str] = []
            for axis in context.axes.get(name, ()):
                have = classes.letters.get(classes.find(axis), [])
                letter = next((q for q in have if q not in letters), None)
                if letter is None:
                    letter = next(q for q in (*DEFAULT_LETTERS, *(f"i{n}" for n in range(1, 1000))) if q not in used)
                    used.add(letter)
                    classes.add_letter(axis, letter)
                letters.append(letter)
            self.home[name] = tuple(letters)

    def first_appearance(self) -> list[str]:
        """Every quantity in the order in which the lines mention it, the left side first."""
        names: dict[str, None] = {}
        for line in self.lines:
            for side in (line.left, *line.rights):
                for tree in walk(side):
                    if isinstance(tree, Ref) and self.context.resolve(tree.name) in self.context.axes:
                        names[self.context.resolve(tree.name)] = None
        return list(names)

    # -- the system

    def finish(self, meanings: Sequence[Val]) -> System:
        context = self.context
        names = [self.context.resolve(line.left.name) for line in self.lines if isinstance(line.left, Ref)]
        definitions: list[Definition] = []
        for name, line, val in zip(names, self.lines, meanings, strict=True):
            node = self.guarded(line, lambda val=val, line=line: arrange(val, line, context))
            definitions.append(Definition(name, node, line, tuple(line.span)))
        python = identifiers(self.order)
        spelled = dict.fromkeys(self.order)
        quantities: dict[str, Quantity] = {}
        for name in self.order:
            node = context.leaf(name)
            whole = next((other for other, target in context.spellings.items() if target == name), None)
            if whole is None:
                whole = (
                    capital(name)
                    if node.type.rank >= 2 and name in self.by_index and capital(name) not in spelled
                    else name
                )
            small = lower(name)
            indexed = small if node.type.rank >= 2 and name not in self.by_index and small not in spelled else name
            quantities[name] = Quantity(
                name, node.type, self.home.get(name, ()), indexed, whole, python[name], name in self.by_index
            )
        kinds = {
            kind: tuple(n for d in self.reading.declarations if d.kind == kind for n in map(context.resolve, d.names))
            for kind in ("params", "data")
        }
        for kind, declared in kinds.items():
            for name in declared:
                if name not in quantities:
                    declaration = next(
                        d for d in self.reading.declarations if d.kind == kind and name in map(context.resolve, d.names)
                    )
                    raise EquationError(
                        f"'{name}' is declared as {kind} but no line uses it",
                        place(self.reading.source, declaration.span),
                        f"the quantities are {', '.join(quantities)}",
                    )
        system = System(
            quantities,
            tuple(definitions),
            {n: context.leaf(n) for n in self.order},
            self.loss,
            kinds["params"],
            kinds["data"],
            (),
            self.class_letters,
            self.reading.source,
            (*self.reading.warnings, *context.warnings),
            self.reading,
            {name: context.classes.size(item) for name, item in context.size_names.items()},
        )
        return replace(
            system,
            assumptions=tuple(self.assumption(d, system) for d in self.reading.declarations if d.kind == "assume"),
        )

    def assumption(self, declaration: Declaration, system: System) -> tuple[Node, Node]:
        """Both sides of a declared equation, as nodes over the system's leaves."""
        condition = declaration.condition
        if not isinstance(condition, Compare) or condition.op != "=":
            raise EquationError(
                "an assumption must be an equation",
                place(self.reading.source, declaration.span),
                "write for example  assume Σ_k t_k = 1",
            )
        from wengert.notation.reread import read_sides

        left, right = read_sides(system, self.reading, [condition.left, condition.right])
        return left, right


def size_guesses(tree: Expr) -> list[tuple[str, str, Expr]]:
    """(name, letter, place) wherever `1/N Σ_n …` or `Σ_{n=1}^N` stands."""
    found: list[tuple[str, str, Expr]] = []
    for part in walk(tree):
        if (
            isinstance(part, BigOp)
            and isinstance(part.upper, Ref)
            and part.upper.indices is None
            and len(part.letters) == 1
        ):
            found.append((part.upper.name, part.letters[0], part.upper))
        parts = flat_factors(part)
        for k, factor in enumerate(parts):
            if isinstance(factor, Quotient) and isinstance(factor.numerator, Num):
                for below in flat_factors(factor.denominator):
                    sums = [f for f in parts[k + 1 :] if isinstance(f, BigOp) and f.op == "sum"]
                    if (
                        isinstance(below, Ref)
                        and below.indices is None
                        and len(sums) == 1
                        and len(sums[0].letters) == 1
                    ):
                        found.append((below.name, sums[0].letters[0], below))
            if isinstance(factor, Quotient) and isinstance(factor.denominator, Ref):
                tops = [f for f in flat_factors(factor.numerator) if isinstance(f, BigOp) and f.op == "sum"]
                if len(tops) == 1 and len(tops[0].letters) == 1 and factor.denominator.indices is None:
                    found.append((factor.denominator.name, tops[0].letters[0], factor.denominator))
    return found


def flat_factors(tree: Expr) -> list[Expr]:
    """The factors of a product side by side, nested ones opened."""
    if isinstance(tree, Product):
        return [f for factor in tree.factors for f in flat_factors(factor)]
    return [tree]


def arrange(val: Val, line: Line, context: Context) -> Node:
    """The node of a line with the axes of its left side."""
    left = line.left
    assert isinstance(left, Ref)
    axes = context.axes[context.target(left)]
    shape = tuple(context.classes.size(a) for a in axes)
    node = val.make()
    if left.indices:
        order = [index.letter for index in left.indices if isinstance(index, Index)]
    else:
        order = [f"w{k}" for k in range(len(axes))]
    return spread(node, tuple(order.index(q) for q in val.labels), tuple(range(len(order))), shape)


def capital(name: str) -> str:
    """W⁽¹⁾ of w⁽¹⁾: the name of the whole array."""
    return name[0].upper() + name[1:] if name[0].isascii() else name


def lower(name: str) -> str:
    """w⁽¹⁾ of W⁽¹⁾: the name that carries indices."""
    return name[0].lower() + name[1:] if name[0].isascii() else name
