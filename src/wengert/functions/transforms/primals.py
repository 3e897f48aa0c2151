"""The arguments of a linear map at a point: all real ones are derived by, and whole numbers beside them stay what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from wengert.core.ir.types import ArrayType
from wengert.errors import TraceError
from wengert.functions.run.runs import FunctionRun, seen
from wengert.functions.tracing.foreign import all_taken
from wengert.functions.tracing.record import leaf_of
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import Spec, argument_names, flatten, unflatten
from wengert.functions.transforms.chosen import signed


class Primals:
    """A point: its leaves, and which of them are derived by.

    Whole numbers and truth values are not, and their tangents and cotangents are None. Where there is nothing else, whole
    numbers of Python are taken as real ones.
    """

    def __init__(self, f: Callable[..., Any], primals: Sequence[Any]) -> None:
        self.leaves, self.spec = flatten(all_taken(tuple(primals)))
        primals = unflatten(self.spec, self.leaves)
        self.names = argument_names(f, primals, {})
        leaves = [leaf_of(x) for x in self.leaves]
        self.real = [leaf.type.is_float for leaf in leaves]
        if not any(self.real):  # what is left that is not real is refused by name
            self.real = [True] * len(leaves)
        self.run: FunctionRun = (
            seen(f, tuple(primals), {}, range(len(primals))) if all(self.real) else self._beside_whole(f)
        )
        inputs = iter([leaf.type for leaf in self.run.arguments.real_leaves])
        self.types: list[ArrayType] = [
            next(inputs) if real else leaf.type for leaf, real in zip(leaves, self.real, strict=True)
        ]

    def _beside_whole(self, f: Callable[..., Any]) -> FunctionRun:
        """f seen as a function of its real leaves."""

        def of_real(*given: Any) -> Any:
            return f(*unflatten(self.spec, list(self._filled(given, self.leaves))))

        values, names = self._chosen(self.leaves), self._chosen(self.names)
        return seen(signed(wraps(f)(of_real), names), tuple(values), {}, range(len(values)))

    def _chosen(self, values: Sequence[Any]) -> list[Any]:
        return [x for x, real in zip(values, self.real, strict=True) if real]

    def _filled(self, values: Sequence[Any], others: Sequence[Any]) -> Iterator[Any]:
        given = iter(values)
        return (next(given) if real else other for real, other in zip(self.real, others, strict=True))

    @property
    def real_types(self) -> list[ArrayType]:
        """The types of the leaves that are derived by."""
        return self._chosen(self.types)

    def tangents(self, given: Sequence[Any]) -> list[Any]:
        """The tangents of the leaves that are derived by.

        Raises TraceError where they have not the form of the point, or a whole number would move.
        """
        found = like(tuple(given), self.spec, self.types, "tangents", "primals")
        for x, name, real, type in zip(found, self.names, self.real, self.types, strict=True):
            if not real and x is not None and (isinstance(x, StandIn) or np.any(x)):
                raise TraceError(
                    f"'{name}' holds whole numbers, which do not move.",
                    f"{user_line()}\n  {name} is {type}",
                    f"Give None as its tangent, or make it real:  {name} * 1.0",
                )
        return self._chosen(found)

    def cotangents(self, found: Sequence[Any]) -> tuple[Any, ...]:
        """What was found for the leaves that are derived by, as a tuple like the point; None for all others."""
        return unflatten(self.spec, list(self._filled(found, [None] * len(self.real))))


def like(tree: Any, spec: Spec, types: Sequence[ArrayType], what: str, whose: str) -> list[Any]:
    """The leaves of a container that has the form of another, with arrays of the same shapes; for whole numbers also None.

    Raises TraceError.
    """
    values, shapes = _leaves_like(tree, spec)
    fits = shapes is not None and all(
        shape == type.shape or (shape is None and not type.is_float) for shape, type in zip(shapes, types, strict=True)
    )
    if not fits:
        there = flatten(tree)[0] if shapes is None else values
        raise TraceError(
            f"The {what} do not have the form of the {whose}.",
            f"{user_line()}\n  the {whose}: {', '.join(map(str, types))}; the {what}: {', '.join(map(_shape, there))}",
            f"Give {what} in the same containers, with arrays of the same shapes.",
        )
    for value, type in zip(values, types, strict=True):
        if value is not None and leaf_of(value).type.is_complex and not type.is_complex:
            raise TraceError(
                f"The {what} are complex where the {whose} are real.",
                f"{user_line()}\n  the {whose}: {', '.join(map(str, types))}",
                f"Give real {what}:  np.real(v)",
            )
    return [
        value if value is None or not type.is_float else _as(type, value)
        for value, type in zip(values, types, strict=True)
    ]


def _as(type: ArrayType, value: Any) -> Any:
    """An array of the dtype of a type."""
    if isinstance(value, StandIn):
        return value if value.dtype == type.dtype else value.astype(type.dtype)
    return np.asarray(value, type.dtype)


def _leaves_like(tree: Any, spec: Spec) -> tuple[list[Any], list[tuple[Any, ...] | None] | None]:
    """What stands at the leaves of a container of this form, and the shapes; None where it has another form."""
    try:
        values = spec.flatten_up_to(tree)
    except ValueError:
        return [], None
    if any(x is not None and flatten(x)[0] != [x] for x in values if not isinstance(x, StandIn | np.ndarray)):
        return [], None
    return values, [None if x is None else leaf_of(x).type.shape for x in values]


def _shape(value: Any) -> str:
    return "None" if value is None else str(leaf_of(value).type.shape)
