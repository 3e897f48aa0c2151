"""Primitives: functions of Python with derivatives that their authors give, by one mode or both.

A primitive is called with arrays and containers of them, and with anything else beside, which is passed on. What it does is not
traced, unless it is said to be transparent; its rules are, so that they have derivatives again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from itertools import count
from typing import Any, cast

import numpy as np

from wengert.core.ir.types import ArrayType, sizes_of
from wengert.errors import TraceError
from wengert.functions.tracing.narrow import Width
from wengert.functions.tracing.record import leaf_of
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.tracer import closed
from wengert.functions.tracing.trees import Spec, flatten, name_of, unflatten

Rule = Callable[..., Any]
Types = tuple[ArrayType, ...]


class Same:
    """A value that is equal to itself alone: an argument that cannot be hashed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(frozen=True)
class Site:
    """A call of a primitive without its arrays: the container of its arguments, and those that are no arrays."""

    primitive: Primitive
    spec: Spec
    """The container (args, kwargs)."""
    moving: tuple[int, ...]
    """The places of the arrays among the leaves."""
    fixed: tuple[tuple[int, Any], ...]
    widths: tuple[Width, ...]
    """The dtypes that arrays of whole numbers have in NumPy, where a graph has int64."""

    def __repr__(self) -> str:
        return self.primitive.name

    def arguments(self, arrays: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with these arrays."""
        leaves: list[Any] = [None] * self.spec.num_leaves
        for k, value in self.fixed:
            leaves[k] = value.value if isinstance(value, Same) else value
        for k, array, width in zip(self.moving, arrays, self.widths, strict=True):
            leaves[k] = array if width is None or array.dtype == width else array.astype(width)
        return unflatten(self.spec, leaves)

    def positional(self) -> list[tuple[Spec, list[int | None]]]:
        """Of each positional argument its container, and for each leaf of that its place among the arrays; None for others."""
        place = {leaf: k for k, leaf in enumerate(self.moving)}
        found: list[tuple[Spec, list[int | None]]] = []
        start = 0
        for spec in self.spec.child(0).children():
            found.append((spec, [place.get(leaf) for leaf in range(start, start + spec.num_leaves)]))
            start += spec.num_leaves
        return found


class Primitive:
    """A function with derivatives of its own."""

    def __init__(self, function: Callable[..., Any], like: Any, opaque: bool, check: bool) -> None:
        self.function = function
        self.like = like
        self.opaque = opaque
        self.check = check
        self.name = name_of(function)
        self.vjps: dict[int, Rule | None] = {}
        self.jvps: dict[int, Rule | str | None] = {}
        self.vjp_of_all: Rule | None = None
        self.jvp_of_all: Rule | None = None
        self.known: dict[tuple[Site, Types], tuple[Spec, Types]] = {}
        """What it returned for arrays of these types."""
        self.points: dict[tuple[Site, Types], list[Any]] = {}
        """Arrays on which it was called, until its rules have been checked there."""
        self.checked: set[tuple[Any, str]] = set()
        """(call, rule) that has been checked, or waits for it."""
        self.waiting: dict[Any, list[str]] = {}
        """Calls whose rules were used before there were numbers to check them on."""
        update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else partial(self, instance)

    # rules

    def defvjp(self, *makers: Rule | None, argnums: Iterable[int] | None = None) -> Primitive:
        """Give x̄ = ȳ ∂y/∂x for the positional arguments in turn: maker(y, *args) is the function ȳ ↦ x̄; None is zero.

        `argnums` are the arguments that the makers are for. Keyword arguments are passed to the makers.
        """
        self.vjps.update(zip(count() if argnums is None else argnums, makers, strict=False))
        return self

    def defjvp(self, *rules: Rule | str | None, argnums: Iterable[int] | None = None) -> Primitive:
        """Give ẏ = ∂y/∂x ẋ for the positional arguments in turn: rule(ẋ, y, *args); None is zero, "same" the function itself.

        `argnums` are the arguments that the rules are for. Keyword arguments are passed to the rules.
        """
        self.jvps.update(zip(count() if argnums is None else argnums, rules, strict=False))
        return self

    # calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, spec = flatten((args, kwargs))
        if not any(isinstance(leaf, StandIn) for leaf in leaves):
            return self.function(*args, **kwargs)
        moving = tuple(
            k for k, leaf in enumerate(leaves) if isinstance(leaf, StandIn | np.ndarray | np.generic | float)
        )
        fixed = tuple((k, _hashable(leaf)) for k, leaf in enumerate(leaves) if k not in set(moving))
        arrays = [leaves[k] for k in moving]
        site = Site(self, spec, moving, fixed, tuple(leaf_of(array).width for array in arrays))
        _refuse_keywords(site, leaves)
        first = next(leaf for leaf in arrays if isinstance(leaf, StandIn))
        types = types_of(arrays)
        found: Any = first.call(invoke, (site, *arrays), {})
        result, _ = self.known[site, types]
        return unflatten(result, list(cast(tuple[Any, ...], found)) if isinstance(found, tuple) else [found])


def types_of(arrays: Sequence[Any]) -> Types:
    """What arrays are to a graph."""
    return tuple(leaf_of(array).type for array in arrays)


def trial_values(types: Types) -> list[Any]:
    """Arrays of these types to call a function on before there are others."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.25, 0.75, sizes_of(type)).astype(type.dtype)[()] for type in types]


def invoke(site: Site, *arrays: Any) -> Any:
    """The result of a call: an array, or a tuple where it is a container of them."""
    args, kwargs = site.arguments(arrays)
    with closed():
        leaves, spec = flatten(site.primitive.function(*args, **kwargs))
    found = [np.asarray(leaf)[()] for leaf in leaves]
    key = site, types_of(arrays)
    site.primitive.known.setdefault(key, (spec, types_of(found)))
    if site.primitive.check and key not in site.primitive.points and sum(map(np.size, arrays)) <= POINTS:
        points = site.primitive.points
        points[key] = [np.array(array) for array in arrays]
        if len(points) > MOST_POINTS:
            points.pop(next(iter(points)), None)
    return found[0] if spec.is_leaf() else tuple(found)


POINTS = 100_000
"""Calls with more entries are not kept to check the rules there."""
MOST_POINTS = 32
"""So many calls of a primitive are kept, the newest."""


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return Same(value)
    return value


def _refuse_keywords(site: Site, leaves: Sequence[Any]) -> None:
    """Keyword arguments have no rules.

    Raises TraceError where one of them is traced.
    """
    count = site.spec.child(0).num_leaves
    if any(isinstance(leaf, StandIn) for leaf in leaves[count:]):
        raise TraceError(
            f"'{site.primitive.name}' is called with a traced value as a keyword argument, which has no rule.",
            user_line(),
            "Give it by its place; rules are for positional arguments.",
        )
