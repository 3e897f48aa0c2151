"""How a call from Python is laid out: parameters, and the containers of what is passed and comes back, with numbers for arrays.

Data only; it knows no code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from wengert.errors import GraphError

Tree = Any
"""A leaf's number, or a tuple, list, dict, named tuple or None of trees: the container that Python sees, with numbers for arrays."""


@dataclass(frozen=True, slots=True)
class Static:
    """A place in a tree where one object must stand, or comes back; it is compared by identity, so use it for None, strings, classes."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the Python function, by position, by name or both, with the tree of what is passed."""

    name: str
    tree: Tree
    kind: Literal["positional", "either", "keyword"] = "either"


def children(tree: Tree) -> Sequence[Tree]:
    """The trees directly inside a container; none for a leaf, a static object or None.

    Raises GraphError where the tree has a container of another kind, or one of a subclass that is no named tuple.
    """
    if type(tree) is dict:
        return tuple(cast(dict[Any, Tree], tree).values())
    if type(tree) in (tuple, list) or is_named_tuple(tree):
        return tuple(cast(Sequence[Tree], tree))
    if tree is None or isinstance(tree, int | Static):
        return ()
    raise GraphError(
        f"A container of type {type(tree).__name__} is not understood by compiled calls.",
        "  understood: tuple, list, dict, named tuple, None",
        "Give the arrays in one of these.",
    )


def is_named_tuple(tree: Tree) -> bool:
    """Whether a tree is a named tuple: a tuple's subclass with field names and a constructor of its fields."""
    kind: Any = type(cast(object, tree))
    return kind is not tuple and issubclass(kind, tuple) and hasattr(cast(object, kind), "_fields")


def renumbered(tree: Tree, numbers: Mapping[int, int]) -> Tree:
    """The tree with other numbers for its leaves."""
    if isinstance(tree, int):
        return numbers[tree]
    inside = [renumbered(each, numbers) for each in children(tree)]
    if isinstance(tree, dict):
        return dict(zip(cast(dict[Any, Tree], tree), inside, strict=True))
    kind: Any = type(cast(object, tree))
    if is_named_tuple(tree):
        return kind(*inside)
    return cast(Tree, kind(inside)) if issubclass(kind, tuple | list) else tree


def leaves(tree: Tree) -> Iterator[int]:
    """The numbers of the leaves, from left to right."""
    stack = [tree]
    while stack:
        top = stack.pop()
        if isinstance(top, int):
            yield top
        else:
            stack.extend(reversed(children(top)))
