"""The arguments that a transform is about, by place or by name. It knows no derivative."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

import numpy as np

from wengert.errors import TraceError
from wengert.functions.run.arguments import Argnums as Argnums
from wengert.functions.tracing.foreign import stored_like
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.trees import name_of, parameters_of

Argnames = str | Sequence[str]


@dataclass(frozen=True)
class Chosen:
    """A call whose chosen arguments all have places."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: list[int]
    single: bool
    """Whether one argument was asked for, and not a tuple of them."""

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], list[int]]:
        """What is to be seen."""
        return self.f, self.args, self.kwargs, self.places

    def result(self, found: Any) -> Any:
        """A tuple with an entry for each chosen argument; the entry alone, where one was asked for. It is stored as the arguments are."""
        found = stored_like(found, tuple(self.args[k] for k in self.places))
        return found[0] if self.single else found


def places_of(argnums: Any) -> int | tuple[int, ...] | None:
    """Places of arguments as Python's whole numbers: one, several, or None where nothing is said.

    Raises TraceError where one is no whole number.
    """
    if argnums is None or _is_place(argnums):
        return argnums if argnums is None else int(argnums)
    given: list[Any] = list(argnums) if np.iterable(argnums) and not isinstance(argnums, str) else [argnums]
    for k in given:
        if not _is_place(k):
            raise TraceError(
                f"An argument to derive by is given by its place, and {k!r:.60} is none.",
                user_line(),
                "Count from 0; for names write:  argnames='x'",
            )
    return tuple(int(k) for k in given)


def _is_place(value: Any) -> bool:
    if isinstance(value, int) or getattr(getattr(value, "dtype", None), "kind", "") not in ("i", "u"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, np.integer | np.ndarray) and np.ndim(cast(Any, value)) == 0


def choose(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: Argnums | None,
    argnames: Argnames = (),
) -> Chosen:
    """The call with its chosen arguments: those at `argnums` (the first, where nothing is chosen), then those of `argnames`.

    Raises TraceError where a name is no argument of the call.
    """
    argnums = places_of(argnums)
    names = [argnames] if isinstance(argnames, str) else list(argnames or ())
    if argnums is None:
        argnums = () if names else 0
    if not names:
        places = [argnums] if isinstance(argnums, int) else list(argnums)
        return Chosen(f, args, kwargs, places, isinstance(argnums, int))
    single = isinstance(argnames, str) and argnums == ()
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    keywords = [name for name in names if name in kwargs]
    known = [p.name for p in parameters_of(f)][: len(args)]
    for name in names:
        if name in kwargs:
            places.append(len(args) + keywords.index(name))
        elif name in known:
            places.append(known.index(name))
        else:
            raise TraceError(
                f"'{name_of(f)}' is called without an argument '{name}' to derive by.",
                f"  argnames={argnames!r}; the arguments are {', '.join([*known, *kwargs]) or 'none'}",
                "Give the argument, or another name in 'argnames'.",
            )
    rest = {name: value for name, value in kwargs.items() if name not in keywords}
    given = (*args, *(kwargs[name] for name in keywords))
    return Chosen(_by_place(f, len(args), keywords, known), given, rest, places, single)


def _by_place(f: Callable[..., Any], count: int, names: Sequence[str], known: Sequence[str]) -> Callable[..., Any]:
    """f with the arguments of some names behind the first `count`."""
    if not names:
        return f

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*args[:count], **dict(zip(names, args[count:], strict=True)), **kwargs)

    shown = [*known, *(f"argument {k}" for k in range(len(known), count)), *names]
    return signed(wraps(f)(call), shown)


def signed(f: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """f with parameters of these names, as far as Python takes them for names: messages speak of them."""
    made: Any = f
    kind = inspect.Parameter.POSITIONAL_ONLY
    made.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names if name.isidentifier()])
    return made
