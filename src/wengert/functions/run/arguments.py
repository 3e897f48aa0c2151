"""The arguments of a call, and which of them a transform is about. It knows no derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from wengert.core.ir.types import ArrayType
from wengert.errors import TraceError
from wengert.functions.namespaces import standing
from wengert.functions.tracing.foreign import taken
from wengert.functions.tracing.record import Leaf, Recorded, leaf_of, new_inputs, record
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.tracer import Traced
from wengert.functions.tracing.trees import argument_names, flatten, name_of, unflatten

Argnums = int | Sequence[int]


class Arguments:
    """The arguments of one call: the leaves of those that a transform is about; the others stay what they are."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], places: Argnums) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.places = _places(f, args, places)
        chosen = tuple(args[k] for k in self.places)
        leaves, self.spec = flatten(chosen)
        self.values = [taken(x) for x in leaves]

    @cached_property
    def names(self) -> list[str]:
        """What the leaves are called in a message."""
        labels = argument_names(self.f, self.args, {})
        counts = [len(flatten(arg)[0]) for arg in self.args]
        starts = [sum(counts[:k]) for k in range(len(self.args))]
        return [name for k in self.places for name in labels[starts[k] : starts[k] + counts[k]]]

    def record(self, leaves: Sequence[Leaf], known: bool = True) -> Recorded:
        """The function written down, the leaves of the chosen arguments as its inputs; `known` says that they stand for their values."""

        def call(values: list[Traced]) -> Any:
            args = list(self.args)
            for k, arg in zip(self.places, unflatten(self.spec, values), strict=True):
                args[k] = arg
            return standing(self.f)(*args, **self.kwargs)

        return record(new_inputs(self.names, leaves), leaves, call, self.values if known else ())

    @cached_property
    def real_leaves(self) -> list[Leaf]:
        """The leaves as real numbers: a whole number of Python is one, an array of whole numbers is not.

        Raises TraceError.
        """
        return [self._as_real(k, value) for k, value in enumerate(self.values)]

    def _as_real(self, k: int, value: Any) -> Leaf:
        leaf = leaf_of(value)
        if leaf.weak:
            return Leaf(ArrayType((), "complex128" if leaf.type.is_complex else "float64"), True)
        if not leaf.type.is_float:
            name = self.names[k]
            raise TraceError(
                f"There is no derivative by '{name}', which does not hold real numbers.",
                f"{user_line()}\n  {name} is {leaf.type}",
                f"Convert it:  {name}.astype(float)",
            )
        return leaf


def _places(f: Callable[..., Any], args: tuple[Any, ...], places: Argnums) -> list[int]:
    given = [places] if isinstance(places, int) else list(places)
    for k in given:
        if not isinstance(k, int):
            raise TraceError(
                f"An argument to derive by is given by its place, and {k!r} is none.",
                user_line(),
                "Count from 0; for names write:  argnames='x'",
            )
        if not -len(args) <= k < len(args):
            raise TraceError(
                f"'{name_of(f)}' is called with {len(args)} positional arguments, so there is no argument {k}.",
                f"{user_line()}\n  argnums={places}",
                "Give the argument by its place, or another 'argnums'.",
            )
    found = [k % len(args) for k in given]
    if len(set(found)) < len(found):
        raise TraceError(
            f"An argument of '{name_of(f)}' to derive by is named twice.",
            f"{user_line()}\n  the places are {', '.join(map(str, found))}",
            "Name each argument once; what is wanted twice can be used twice.",
        )
    return found
