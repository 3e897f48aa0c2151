"""Nested containers of arrays: tuples, lists, dicts and named tuples are taken apart and put together. It knows no graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Spec = Any
"""The shape of a container; equal for equal containers."""


def flatten(tree: Any) -> tuple[list[Any], Spec]:
    """The leaves of a container in order, and its shape. None is an empty container."""
    import optree

    leaves, spec = optree.tree_flatten(tree)  # pyright: ignore[reportArgumentType]
    return leaves, spec


def unflatten(spec: Spec, leaves: Sequence[Any]) -> Any:
    """The container of this shape with these leaves."""
    import optree

    return optree.tree_unflatten(spec, leaves)


def orders(tree: Any) -> tuple[tuple[Any, ...], ...]:
    """The keys of every dict in a container, in their order, which equal shapes may have differently."""
    import optree

    found: list[tuple[Any, ...]] = []

    def note(x: Any) -> bool:
        if isinstance(x, dict):
            found.append(tuple(x))  # pyright: ignore[reportUnknownArgumentType]
        return False

    optree.tree_flatten(tree, is_leaf=note)  # pyright: ignore[reportArgumentType]
    return tuple(found)


def is_common(tree: Any) -> bool:
    """Whether a container is made of tuples, lists, dicts, named tuples and None alone."""
    import optree

    others = 0

    def note(x: Any) -> bool:
        nonlocal others
        others += x is not None and type(x) not in (tuple, list, dict) and not optree.is_namedtuple(x)
        return False

    leaves, _ = optree.tree_flatten(tree, is_leaf=note)  # pyright: ignore[reportArgumentType]
    return others == len(leaves)


def paths(tree: Any, stem: str) -> list[str]:
    """How each leaf is reached: params['w'][0]; the stem alone where the tree is a leaf."""
    import optree

    return [stem + "".join(f"[{step!r}]" for step in path) for path in optree.tree_paths(tree)]


def parameters_of(f: Callable[..., Any], *, wrapped: bool = True) -> list[inspect.Parameter]:
    """The parameters of a function; with `wrapped`, of the one that it says it stands for. None where they are not known."""
    try:
        return list(inspect.signature(f, follow_wrapped=wrapped).parameters.values())
    except (TypeError, ValueError):
        return []


def argument_names(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """A name for every leaf of the arguments: that of its parameter, with the path inside a container behind it."""
    plain = [p.name for p in parameters_of(f) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [plain[k] if k < len(plain) else f"argument {k}" for k in range(len(args))]
    found = [path for name, arg in zip(names, args, strict=True) for path in paths(arg, name)]
    return found + [path for name in sorted(kwargs) for path in paths(kwargs[name], name)]


def name_of(f: Callable[..., Any]) -> str:
    """The name of a function, for messages."""
    return str(getattr(f, "__name__", type(f).__name__))
