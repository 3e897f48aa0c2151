"""Nested containers of arrays: tuples, lists, dicts, named tuples and dataclasses are taken apart and put together. It knows no graph.

Of a dataclass the fields that hold arrays or containers are taken out; the others (names, functions, truth values) are part of
its shape.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Spec = Any
"""The shape of a container; equal for equal containers."""


_SPACE = "wengert"
"""Where dataclasses are entered, so that other users of optree do not see them."""
_ENTERED: set[type] = set()
_LOCK = threading.Lock()
_FIXED = (str, bytes, bool, type(None), type)
"""What a field of a dataclass may hold beside arrays."""


def flatten(tree: Any) -> tuple[list[Any], Spec]:
    """The leaves of a container in order, and its shape. None is an empty container."""
    import optree

    leaves, spec = optree.tree_flatten(tree, namespace=_SPACE)  # pyright: ignore[reportArgumentType]
    new = {type(leaf) for leaf in leaves if hasattr(type(leaf), "__dataclass_fields__")}
    if not new:
        return leaves, spec
    for kind in new:
        _enter(kind)
    return flatten(tree)


def _enter(kind: type) -> None:
    """Make a dataclass a container, if no other thread was first."""
    import optree

    with _LOCK:
        if kind not in _ENTERED:
            optree.register_pytree_node(  # pyright: ignore[reportUnknownMemberType]
                kind,  # pyright: ignore[reportArgumentType]
                *_ways(kind),
                path_entry_type=optree.GetAttrEntry,
                namespace=_SPACE,
            )
            _ENTERED.add(kind)


def _ways(kind: type) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How a dataclass is taken apart and put together."""
    names = [field.name for field in dataclasses.fields(kind)]

    def take_apart(value: Any) -> tuple[list[Any], Any, list[str]]:
        held = {name: getattr(value, name) for name in names if hasattr(value, name)}
        fixed = {name: x for name, x in held.items() if isinstance(x, _FIXED) or callable(x)}
        moving = [name for name in held if name not in fixed]
        return [held[name] for name in moving], (tuple(moving), tuple(fixed.items())), moving

    def put_together(shape: Any, parts: Any) -> Any:
        # The class's own __init__ may check or change what it is given, and leaves need not be arrays.
        value = object.__new__(kind)
        for name, x in (*zip(shape[0], parts, strict=True), *shape[1]):
            object.__setattr__(value, name, x)
        return value

    return take_apart, put_together


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

    optree.tree_flatten(tree, is_leaf=note, namespace=_SPACE)  # pyright: ignore[reportArgumentType]
    return tuple(found)


def is_common(tree: Any) -> bool:
    """Whether a container is made of tuples, lists, dicts, named tuples and None alone."""
    import optree

    others = 0

    def note(x: Any) -> bool:
        nonlocal others
        others += x is not None and type(x) not in (tuple, list, dict) and not optree.is_namedtuple(x)
        return False

    leaves, _ = optree.tree_flatten(tree, is_leaf=note, namespace=_SPACE)  # pyright: ignore[reportArgumentType]
    return others == len(leaves)


def paths(tree: Any, stem: str) -> list[str]:
    """How each leaf is reached: params['w'][0], or params.w of a dataclass; the stem alone where the tree is a leaf."""
    import optree

    return [accessor.codify(stem) for accessor in optree.tree_accessors(tree, namespace=_SPACE)]


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
