"""Op: one record per op, and OPS, the table of all of them. It holds rules; it knows none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from wengert.core.ir.notation import Notation
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError

if TYPE_CHECKING:
    from wengert.core.ir.graph import Node

Params = Mapping[str, Any]
Growth = Literal["bounded", "unbounded", "singular", "mask"]
Commutes = Literal["exactly", "to rounding"]
Leaf = Literal["input", "constant", "position", "size"]
Moves = Literal["permutation", "selection", "repetition", "look-up"]
Infer = Callable[[tuple[ArrayType, ...], Params], ArrayType]
Value = Callable[..., Any]
Jvp = Callable[["Node", Sequence[Any]], Any]
Vjp = Callable[["Node", Any], "Sequence[Node | None]"]
Batch = Callable[["Node", Sequence["Node"], Sequence[bool]], Any]
Slopes = Callable[..., "Sequence[Node | int | float | Fraction | None]"]
"""One derivative an input; None stands for zero. Run on arrays in place of nodes it gives arrays."""
Signals = Callable[..., "Sequence[Node | None]"]
Choice = (
    Callable[["Node"], "Sequence[Node | None]"]
    | Callable[["Node", "Node"], "Sequence[Node | None]"]
    | Callable[["Node", "Node", "Node"], "Sequence[Node | None]"]
)
"""chosen(*x), written with as many arguments as the op has."""
OfFractions = (
    Callable[[Fraction], Fraction | None]
    | Callable[[Fraction, Fraction], Fraction | None]
    | Callable[[Fraction, int], Fraction | None]
)
Samples = Callable[[Any], list["tuple[list[Any], dict[str, Any]]"]]


class AxisPlace(Protocol):
    """A place along an axis: a sum of axes times numbers."""

    def __add__(self, other: Any, /) -> AxisPlace: ...
    def __mul__(self, factor: int, /) -> AxisPlace: ...


EntryPlace = tuple[tuple[AxisPlace, ...], tuple[tuple[AxisPlace, int, int], ...]]
IndexMap = Callable[["Node", tuple[AxisPlace, ...], AxisPlace], EntryPlace | None]


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """A primitive: what it computes, how its type follows from its inputs', and its linear maps forward and backward.

    value(xp, *arrays, **params): the arrays of the inputs to the array of the result; by then named sizes in params are
    numbers, and sub-graphs are programs (`ops.evaluate.GraphProgram`).
    jvp(node, tangents): the tangent of the result; None stands for zero.
    vjp(node, cotangent): a cotangent for each input; None stands for zero.
    batch(node, inputs, batched): the node over a leading batch axis; inputs[i] has the axis where batched[i].
    samples(rng): pairs (arrays, params) drawn from the domain, for the generic tests.
    errors: pairs (types, params, words of the message) that `infer` must refuse.

    Of an op with several results (its type is a `TupleType`) the rules speak of each result: jvp gives their tangents, vjp
    takes `ops.control.Cotangents`, batch gives (result nodes, which of them have the axis).
    """

    name: str
    summary: str
    kind: str
    arity: int | None
    infer: Infer
    value: Value
    jvp: Jvp
    vjp: Vjp
    batch: Batch
    notation: Notation
    samples: Samples
    errors: tuple[tuple[tuple[ArrayType, ...], Params, str], ...] = ()
    partials: Slopes | None = None
    """∂y/∂x_k of an elementwise op as it runs, sound to the last digits in both tails."""
    textbook: Slopes | None = None
    """The partials as they are printed and simplified, y(1 − y) for the logistic function; those that run where there is none."""
    through: Signals | None = None
    """through(signals, y, *x): each signal times the partial by that input, where the order of the factors keeps it in range."""
    weights: Callable[[Node], Node] | None = None
    """weights(node): ∂y/∂x_i of a reduction of one input over `axes`, of the shape of that."""
    smooth: bool = True
    """Whether the op has derivatives of every order on its samples (a step has not)."""
    growth: Growth = "bounded"
    """How its partials behave: bounded; unbounded (finite at every finite point); singular (infinite at some point of the
    domain, as that of log at 0); mask (exactly 0 on whole regions, as that of where)."""

    growth_at: Callable[[Node], Growth] | None = None
    """How the partials of one node behave, where its parameters or its inputs say more than the op."""
    chosen: Choice | None = None
    """chosen(*x): for each input of an elementwise op the truths of the entries that it takes, None where it takes all."""
    flat: Literal["left", "both"] | None = None
    """Where its slope is 0 whatever two factors bring: left of −4096, or beyond ±4096."""
    undoes_flat: bool = False
    """Whether it is the inverse of a flat function: beside its slope what is flat is not nothing, exp(log x) at 0 has the slope 1."""
    fades: bool = False
    """Whether the slope by its first input falls as 1/x or slower: at an input that has overflowed it is unknown, not 0."""
    limited: bool = False
    """Whether its values lie in an interval, whatever its inputs are."""
    exact: str | None = None
    """Its value as an expression of mpmath's functions in x, or in x and y: what the tests of its digits compare with."""
    slope_power: tuple[float, float] | None = None
    """(c, e) where f'(x) = c xᵉ."""
    leaf: Leaf | None = None
    """Which leaf it is: a value from outside, a number or an array, the position along an axis, the size of one."""
    moves: Moves | None = None
    """Where each entry of the result is one of the first input's: all of them in another place, some of them, all of them and some
    more than once, or those that the second input names."""
    index_map: IndexMap | None = None
    """index_map(node, index, origin): where the entry at an index of the result stands in the input, and the ranges outside of which it is
    0; see `ops/index_maps.py`. None where it is not affine."""
    joins: bool = False
    """Whether its entries are those of all its inputs, one behind the other."""
    commutes: Commutes | None = None
    """Whether its two inputs may change places: without changing a bit of the result (maximum(−0, 0) may not), or to rounding."""
    signs: tuple[int, ...] | None = None
    """(s, …) where y = Σ_k s_k x_k."""
    exponents: tuple[int, ...] | None = None
    """(e, …) where y = Π_k x_k^(e_k)."""
    fraction: OfFractions | None = None
    """fraction(*x, *params): its value on fractions, without rounding; None where that is no fraction."""
    loops: bool = False
    """Whether it runs a body again and again."""
    logarithmic: bool = False
    """Whether it is a logarithm, of its input or of a sum of exponentials."""
    regular: bool = False
    """Whether its first input is a matrix whose inverse is asked for."""
    continued: bool = True
    """Whether NumPy's value at complex numbers is the analytic continuation, so that a complex step goes through it."""
    law: str = ""
    """What a text-book calls the rule by which it is derived, where that is not its derivative."""

    @property
    def rearranges(self) -> bool:
        """Whether it moves entries of its one input and looks nothing up."""
        return self.moves not in (None, "look-up")

    @property
    def is_product(self) -> bool:
        """Whether it is linear in its first input, times or through the others: x y, x / y, and sums of products."""
        return self.kind == "product" or (self.exponents is not None and self.exponents[0] == 1)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class OpFacts(TypedDict, total=False):
    """What an op may say of itself; see `Op`."""

    through: Signals
    smooth: bool
    growth: Growth
    chosen: Choice
    flat: Literal["left", "both"]
    undoes_flat: bool
    fades: bool
    limited: bool
    exact: str
    slope_power: tuple[float, float]
    growth_at: Callable[[Node], Growth]
    leaf: Leaf
    moves: Moves
    index_map: IndexMap
    joins: bool
    commutes: Commutes
    signs: tuple[int, ...]
    exponents: tuple[int, ...]
    fraction: OfFractions
    loops: bool
    logarithmic: bool
    regular: bool
    continued: bool
    law: str


OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Put an op into the table.

    Raises GraphError where the name is taken.
    """
    if op.name in OPS:
        raise GraphError(
            f"An op named '{op.name}' exists already.", f"  {OPS[op.name].summary}", "Choose another name."
        )
    OPS[op.name] = op
    return op
