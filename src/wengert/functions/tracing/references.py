"""References: what a call on a tape was given, as a key that is compared with that of another run, and read back as arguments.

A place ≥ 0 is the result of an earlier call, ~k is the k-th input of the run (an argument, or a number of Python that may be another
the next time), (k, shape, dtype) an array that is the k-th input. (type, value) is what the record takes for granted (whole numbers, and
the `MARKS` among the others), and (tuple, …), (list, …), (slice, …), (dict, …) are containers of references.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Reference = Any
Read = Callable[[int], Any]

MARKS = frozenset({1.0, -1.0, 2.0, 0.5})
"""Numbers that formulas are known by, 1.0 + eˣ as 1 + eˣ: of Python's real numbers these are taken for granted."""
SUMS = frozenset({np.add, np.subtract})
"""Where they are, however many paths there are: most stable formulas have 1 ± something, and few functions have ±1 there by chance."""
CONTAINERS = (tuple, list, slice, dict)


@dataclass(frozen=True)
class Zero:
    """A zero with its signs: −0 is equal to 0, and functions tell them apart."""

    signs: str
    value: Any = field(compare=False)


def fixed(value: Any) -> Reference:
    """The reference to what is taken for granted; an array by its entries."""
    if isinstance(value, np.ndarray):
        return np.ndarray, (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, float | complex | np.inexact):
        parts = (value.real, value.imag) if np.iscomplexobj(value) else (value,)
        if not all(parts):
            return Zero, Zero(f"{type(value).__name__} {value!r}", value)
    return type(value), value


def read(reference: Reference, values: Sequence[Any], inputs: Sequence[Any]) -> Any:
    """What a reference stands for, given the results so far and the inputs."""
    if type(reference) is int:
        return values[reference] if reference >= 0 else inputs[~reference]
    if len(reference) == 3:
        return inputs[reference[0]]
    kind, content = reference
    if kind is tuple:
        return tuple([read(each, values, inputs) for each in content])
    if kind is list:
        return [read(each, values, inputs) for each in content]
    if kind is dict:
        return {key: read(each, values, inputs) for key, each in content}
    if kind is slice:
        return slice(*[read(each, values, inputs) for each in content])
    if kind is np.ndarray:
        dtype, shape, entries = content
        return np.frombuffer(entries, dtype).reshape(shape)
    return content.value if kind is Zero else content


def places(reference: Reference, found: list[int]) -> list[int]:
    """The results and inputs that a reference reads, ~k for inputs, in order and as often as they stand there."""
    if type(reference) is int:
        found.append(reference)
    elif len(reference) == 3:
        found.append(~reference[0])
    elif reference[0] in CONTAINERS:
        for each in reference[1]:
            places(each[1] if reference[0] is dict else each, found)
    return found


def moved(reference: Reference, number: Sequence[int]) -> Reference:
    """The same reference with other numbers for the results of calls."""
    if type(reference) is int:
        return number[reference] if reference >= 0 else reference
    if len(reference) == 2 and reference[0] is dict:
        return dict, tuple([(name, moved(each, number)) for name, each in reference[1]])
    if len(reference) == 2 and reference[0] in CONTAINERS:
        return reference[0], tuple([moved(each, number) for each in reference[1]])
    return reference


def renumbered(reference: Reference, number: Mapping[int, int]) -> Reference:
    """The same reference with other numbers: all to places."""
    if type(reference) is int:
        return number[reference]
    if len(reference) == 3:
        return number[~reference[0]]
    kind, content = reference
    if kind is dict:
        return dict, tuple([(name, renumbered(each, number)) for name, each in content])
    if kind in CONTAINERS:
        return kind, tuple([renumbered(each, number) for each in content])
    return reference


def arguments(key: Any) -> tuple[Sequence[Reference], Sequence[tuple[str, Reference]]]:
    """The references of a call: those by position and those by name. A ufunc has them in its key, without a tuple around."""
    if isinstance(key[0], np.ufunc):
        return key[1:], ()
    return key[1], key[2]


def read_by(key: Any) -> list[int]:
    """The results and inputs that a call reads, ~k for inputs."""
    found: list[int] = []
    given, named = arguments(key)
    for each in given:
        places(each, found)
    for _, each in named:
        places(each, found)
    return found
