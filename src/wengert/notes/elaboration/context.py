"""What the lines of a system share while they are elaborated: kinds, axes and sizes of names, places in the text, warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wengert.core.ir.graph import Node, input_node
from wengert.core.ir.names import bar
from wengert.core.ir.types import ArrayType, Size
from wengert.core.ops.build import spread
from wengert.notes.elaboration.kinds import Mismatch, wrong_indices
from wengert.notes.elaboration.values import SizeClasses, Val
from wengert.notes.notation.expr import Expr, Index, Line, Ref, walk
from wengert.notes.notation.reader import Page
from wengert.notes.notation.tokens import Source

if TYPE_CHECKING:
    from wengert.notes.elaboration.fitting import FitIds
    from wengert.notes.elaboration.shifts import Window

Derivative = Callable[[Any, Any], Val]
"""(the meaning of the line, the tree of the derivative) -> its value."""
KIND_OF_RANK = {0: "s", 1: "c", 2: "m"}


@dataclass
class Context:
    """What the lines share: kinds and axes of names, size classes, names that stand for sizes, and inputs made so far."""

    reading: Page
    classes: SizeClasses = field(default_factory=SizeClasses)
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    axes: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    dtypes: dict[str, str] = field(default_factory=dict[str, str])
    size_names: dict[str, int] = field(default_factory=dict[str, int])
    leaves: dict[str, Node] = field(default_factory=dict[str, Node])
    warnings: list[str] = field(default_factory=list[str])
    spellings: dict[str, str] = field(default_factory=dict[str, str])
    """Other spellings of a name: the matrix name W of w_ij."""
    rows: set[str] = field(default_factory=set[str])
    """Matrices of which a row stands with one index, as in u_iᵀ v."""
    constants: frozenset[str] = frozenset({"e", "π"})
    """Names that are numbers, because no line and no declaration says otherwise."""

    identities: set[str] = field(default_factory=set[str])
    """Names that are the identity matrix in lines about a system: I, where it is added to matrices and is nothing else."""

    windows: list[Window] = field(default_factory=list["Window"])
    """Shifted indices: what the axes of forward lines must hold."""
    fits: dict[int, list[FitIds]] = field(default_factory=dict[int, "list[FitIds]"])
    """By class: the windows from which its size follows."""
    letter_sizes: dict[str, str] = field(default_factory=dict[str, str])
    """The declared name of the size of an index letter: N for n."""
    known_letters: Mapping[str, Size] | None = None
    """The sizes of letters in the system to which the lines belong; None while a system is read."""
    derivative: Derivative | None = None
    """What ∂u/∂v and ∂/∂v (…) mean; None where they cannot stand."""

    def resolve(self, name: str) -> str:
        """The quantity that a spelling means."""
        return self.spellings.get(name, name)

    def target(self, tree: Ref) -> str:
        """The name of the leaf that a reference reads or a left side defines."""
        name = self.resolve(tree.name)
        return bar(name) if tree.barred else name

    def hidden_names(self) -> set[str]:
        """Names that are no quantities: those of sizes, e and π, I."""
        return set(self.size_names) | self.constants | self.identities

    def names_in(self, trees: Sequence[Expr]) -> list[tuple[str, Ref]]:
        """The quantities that trees read, each with its first place."""
        found: dict[str, Ref] = {}
        hidden = self.hidden_names()
        for tree in trees:
            for part in walk(tree):
                if isinstance(part, Ref) and (part.barred or part.indices or part.name not in hidden):
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
        self.warnings.append(Source(self.reading.source).warning(what, tree.span, repair))


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
        order = []
    if len(order) > len(axes):
        raise wrong_indices(left, len(axes), len(order), "Leave the extra index out, or declare the shape.")
    order += [f"w{k}" for k in range(len(axes) - len(order))]
    if not set(val.labels) <= set(order):
        raise Mismatch(
            line.rights[-1],
            f"The right side has axes that '{left.name}' has not.",
            "Sum over them, or write an index for every axis.",
        )
    return spread(node, tuple(order.index(q) for q in val.labels), tuple(range(len(order))), shape)


def capital(name: str) -> str:
    """W⁽¹⁾ of w⁽¹⁾: the name of the whole array."""
    return name[0].upper() + name[1:] if name[0].isascii() else name


def lower(name: str) -> str:
    """w⁽¹⁾ of W⁽¹⁾: the name that carries indices."""
    return name[0].lower() + name[1:] if name[0].isascii() else name
