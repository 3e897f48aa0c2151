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


def paths(tree: Any, stem: str) -> list[str]:
    """How each leaf is reached: params['w'][0]; the stem alone where the tree is a leaf."""
    import optree

    return [stem + "".join(f"[{step!r}]" for step in path) for path in optree.tree_paths(tree)]


def argument_names(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """A name for every leaf of the arguments: that of its parameter, with the path inside a container behind it."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [plain[k] if k < len(plain) else f"argument {k}" for k in range(len(args))]
    found = [path for name, arg in zip(names, args, strict=True) for path in paths(arg, name)]
    return found + [path for name in sorted(kwargs) for path in paths(kwargs[name], name)]


def name_of(f: Callable[..., Any]) -> str:
    """The name of a function, for messages."""
    return str(getattr(f, "__name__", type(f).__name__))
