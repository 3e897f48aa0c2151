"""The numbers that an object or a returned value holds, each under the path that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.programs.arrays import is_real, is_tensor, is_traced, numbers
from wengert.programs.names import quantity


def flattened(name: str, value: Any) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(value, list | tuple):
        for k, each in enumerate(value):
            yield from flattened(f"{name}[{k}]", each)
    elif isinstance(value, dict):
        for k, each in value.items():
            yield from flattened(f"grads[{k!r}]", each)
    elif is_real(value) or ((isinstance(value, np.ndarray) or is_tensor(value)) and quantity(name)):
        yield name, numbers(value).astype(float)


def take(holder: Any, key: Any) -> Any:
    return holder[key] if isinstance(holder, dict | list) else vars(holder)[key]


def put(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict | list):
        holder[key] = value
    else:
        setattr(holder, key, value)


def state_of(this: Any, names: dict[str, Any], path: str = "self", depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """(path, holder, key) of the real numbers that an object holds: attributes, entries of lists and dictionaries, parts."""
    held = vars(this) if hasattr(this, "__dict__") else {}
    pairs: list[tuple[Any, Any, str]] = []
    if isinstance(this, dict):
        pairs = [(k, v, f"{path}[{k!r}]") for k, v in this.items()]
    elif isinstance(this, list):
        pairs = [(k, v, f"{path}[{k}]") for k, v in enumerate(this)]
    else:
        pairs = [(k, v, f"{path}.{k}") for k, v in held.items()]
    for key, value, where in pairs:
        if is_real(value) or is_traced(value):
            yield where, this, key
        elif depth < 4 and (isinstance(value, dict | list) or names.get(type(value).__name__) is type(value)):
            yield from state_of(value, names, where, depth + 1)


def entries_of(this: Any, names: dict[str, Any]) -> dict[str, Any]:
    return {path: take(holder, key) for path, holder, key in state_of(this, names)}
